/**
 * What one key of the store may hold, given what clients were told so far. Each state is one way in which the past may
 * have gone: the value now, which of the writes still under way (or of unknown outcome) have happened, and what each
 * read under way may have seen meanwhile. An answer removes the states it contradicts; if none is left, no order of the
 * operations explains the answers. This is linearizability checked while the run goes on (just-in-time linearization:
 * Lowe 2017), so that a failure stops the run at the answer that is wrong.
 */
import type { Operation } from "../../harness/host/index.js";
import type { HistoryEvent } from "../../harness/record/history.js";

export type Value = string | null;
export type WriteOperation = Extract<Operation, { readonly f: "put" | "append" | "delete" | "cas" }>;

interface State {
  readonly value: Value;
  /** Writes under way that have happened here, with what a compare-and-set saw. */
  readonly done: ReadonlyMap<number, Value>;
  /** For each linearizable read under way: the values the key has had since it was asked. */
  readonly seen: ReadonlyMap<number, ReadonlySet<Value>>;
}

/** An answer that the model cannot explain. */
export class ModelViolation extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ModelViolation";
  }
}

export class KeyModel {
  readonly key: string;
  private states: State[] = [{ value: null, done: new Map(), seen: new Map() }];
  private readonly writes = new Map<number, WriteOperation>();
  /** Every value that the key may ever have had: what a stale read may return. */
  private readonly ever = new Set<Value>([null]);

  constructor(key: string) {
    this.key = key;
  }

  /** Writes that may still happen: under way, or of unknown outcome. */
  get open(): number {
    return this.writes.size;
  }

  /** What a linearizable read asked and answered now may return. In a fixed order. */
  possible(): readonly Value[] {
    const values = new Set<Value>();
    this.explore((state) => void values.add(state.value));
    return [...values];
  }

  askWrite(id: number, operation: WriteOperation): void {
    this.writes.set(id, operation);
  }

  askRead(id: number): void {
    this.states = this.states.map((state) => ({
      ...state,
      seen: new Map(state.seen).set(id, new Set([state.value])),
    }));
  }

  /** The write has ended. Throws ModelViolation if its answer cannot be right. */
  endWrite(id: number, outcome: HistoryEvent): void {
    const operation = this.writes.get(id) as WriteOperation;
    if (outcome.type === "info") return; // It may happen at any later time, or never.
    const swapRefused = outcome.type === "fail" && outcome.error === "cas";
    if (outcome.type === "fail" && !swapRefused) {
      const without = this.states.filter(({ done }) => !done.has(id));
      this.replace(without, () => `${text(operation)} is said not to have happened and it has`);
      this.writes.delete(id);
      return;
    }
    const refusedBy = swapRefused ? (outcome.observed as Value) : undefined;
    const after = this.upTo((state) => isAnswered(state, id, operation, refusedBy));
    this.replace(after, () => {
      const answer = swapRefused ? `is refused because of ${JSON.stringify(refusedBy)}` : "is acknowledged";
      return `${text(operation)} ${answer}, which is not possible here`;
    });
    this.writes.delete(id);
    this.states = merge(this.states.map((state) => ({ ...state, done: without(state.done, id) })));
  }

  /** The linearizable read has ended. Throws ModelViolation if it returned what the key cannot have held. */
  endRead(id: number, outcome: HistoryEvent): void {
    if (outcome.type === "ok") {
      const value = outcome.value as Value;
      const could = this.possible();
      const after = this.upTo((state) => state.seen.get(id)?.has(value) === true);
      this.replace(after, () => {
        const allowed = could.map((one) => JSON.stringify(one)).join(" or ");
        return `a linearizable read of ${this.key} returns ${JSON.stringify(value)}; now it may hold ${allowed}`;
      });
    }
    this.states = merge(this.states.map((state) => ({ ...state, seen: without(state.seen, id) })));
  }

  /** A read that may be stale: still nobody can read what nobody has written. Throws ModelViolation. */
  endStaleRead(outcome: HistoryEvent): void {
    if (outcome.type !== "ok") return;
    this.explore(() => undefined);
    if (this.ever.has(outcome.value as Value)) return;
    const level = outcome.level ?? "";
    throw new ModelViolation(
      `a ${level} read of ${this.key} returns ${JSON.stringify(outcome.value)}, which it never held`,
    );
  }

  private replace(states: State[], problem: () => string): void {
    if (states.length === 0) throw new ModelViolation(problem());
    this.states = states;
  }

  /** The states of now and those that writes under way lead to, in order of the number of writes. */
  private explore(visit: (state: State) => boolean | void): void {
    let front = this.states;
    const known = new Set(front.map(nameOf));
    while (front.length > 0) {
      const next: State[] = [];
      for (const state of front) {
        this.ever.add(state.value);
        if (visit(state) === true) continue;
        for (const [id, operation] of this.writes) {
          if (state.done.has(id)) continue;
          const after = apply(state, id, operation);
          const name = nameOf(after);
          if (known.has(name)) continue;
          known.add(name);
          next.push(after);
        }
      }
      front = next;
    }
  }

  /** The first states on every way on which the condition holds: what else may happen can also happen later. */
  private upTo(holds: (state: State) => boolean): State[] {
    const found: State[] = [];
    this.explore((state) => {
      if (!holds(state)) return false;
      found.push(state);
      return true;
    });
    return found;
  }
}

/** `refusedBy`: what a compare-and-set that did not swap says it saw; undefined: the write says that it happened. */
function isAnswered(state: State, id: number, operation: WriteOperation, refusedBy: Value | undefined): boolean {
  if (!state.done.has(id)) return false;
  if (operation.f !== "cas") return true;
  const saw = state.done.get(id) as Value;
  return refusedBy === undefined ? saw === operation.expected : saw === refusedBy && saw !== operation.expected;
}

function apply(state: State, id: number, operation: WriteOperation): State {
  const value = valueAfter(state.value, operation);
  const seen = new Map<number, ReadonlySet<Value>>();
  for (const [read, values] of state.seen) seen.set(read, values.has(value) ? values : new Set(values).add(value));
  return { value, done: new Map(state.done).set(id, state.value), seen };
}

function valueAfter(value: Value, operation: WriteOperation): Value {
  switch (operation.f) {
    case "put":
      return operation.value;
    case "append":
      return (value ?? "") + operation.value;
    case "delete":
      return null;
    case "cas":
      return value === operation.expected ? operation.value : value;
  }
}

function without<V>(map: ReadonlyMap<number, V>, id: number): ReadonlyMap<number, V> {
  const copy = new Map(map);
  copy.delete(id);
  return copy;
}

function merge(states: readonly State[]): State[] {
  return [...new Map(states.map((state) => [nameOf(state), state])).values()];
}

/** Equal names: equal states. */
function nameOf({ value, done, seen }: State): string {
  const happened = [...done].sort(([a], [b]) => a - b);
  const reads = [...seen].sort(([a], [b]) => a - b).map(([id, values]) => [id, [...values].map(String).sort()]);
  return JSON.stringify([value, happened, reads]);
}

function text(operation: WriteOperation): string {
  const { f, key } = operation;
  if (f === "delete") return `delete ${key}`;
  if (f === "cas") return `cas ${key} ${JSON.stringify(operation.expected)} -> ${JSON.stringify(operation.value)}`;
  return `${f} ${key} ${JSON.stringify(operation.value)}`;
}
