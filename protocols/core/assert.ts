/** A broken invariant is a bug, and a bug stops the replica: going on could lose acknowledged data. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** @throws AssertionError with the message where the condition is false */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** `assert` where a step passes each time: `if (broken) fail(…)` does not build the text of a check that holds. */
export function fail(message: string): never {
  throw new AssertionError(message);
}

/** Ends an exhaustive switch: a new variant of a union becomes a compile error here. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
