/** Looks at states, messages and effects as plain data, without knowing the protocol. */

/**
 * Where two values differ, as a path and both sides; null: they are the same data. The order of maps and sets counts
 * (it decides the order of sends), the order of an object's fields does not. Throws on anything that is not plain data
 * (functions, class instances), which a state may not hold.
 */
export function difference(a: unknown, b: unknown, path = ""): string | null {
  if (Object.is(a, b)) {
    if (typeof a === "function" || typeof a === "symbol") throw new TypeError(`${path}: not plain data: ${typeof a}`);
    return null;
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return `${path}: ${String(a)}, ${String(b)}`;
  }
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: of different kinds`;
  if (a instanceof Map) return itemsDiffer([...a], [...(b as Map<unknown, unknown>)], path);
  if (a instanceof Set) return itemsDiffer([...a], [...(b as Set<unknown>)], path);
  if (ArrayBuffer.isView(a)) return itemsDiffer(numbersOf(a), numbersOf(b as ArrayBufferView), path);
  if (Array.isArray(a)) return itemsDiffer(a, b as unknown[], path);
  return fieldsDiffer(a, b, path);
}

function numbersOf(view: ArrayBufferView): readonly number[] {
  return [...(view as Uint8Array)];
}

function itemsDiffer(a: readonly unknown[], b: readonly unknown[], path: string): string | null {
  if (a.length !== b.length) return `${path}: ${a.length} item(s), ${b.length}`;
  for (let i = 0; i < a.length; i += 1) {
    const found = difference(a[i], b[i], `${path}[${i}]`);
    if (found !== null) return found;
  }
  return null;
}

function fieldsDiffer(a: object, b: object, path: string): string | null {
  const prototype: unknown = Object.getPrototypeOf(a);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError(`${path}: a class instance`);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return `${path}: fields ${keys.join()}, ${Object.keys(b).join()}`;
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return `${path}.${key}: only in one`;
    const found = difference(a[key as keyof object], b[key as keyof object], `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

/** Freezes objects and arrays all the way down, so that a later change to what was handed out throws. */
export function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  // Bytes cannot be frozen; maps and sets can be changed even so. Their members are looked at all the same.
  if (ArrayBuffer.isView(value)) return;
  if (value instanceof Map || value instanceof Set) {
    for (const item of value.values()) deepFreeze(item);
    return;
  }
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
}
