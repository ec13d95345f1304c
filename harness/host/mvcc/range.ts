/** Reads a range as etcd's server does, in its order: limit, bounds, sorting, limit again. */
import { keysOf } from "./keys.js";
import type { Store } from "./store.js";
import type { KeyValue, RangeAnswer, RangeOperation } from "./types.js";

/** `revision`: the current one, for the answer's header. That of the operation must be readable. */
export function range(store: Store, operation: RangeOperation, revision: number): RangeAnswer {
  const { limit, target } = operation;
  const at = operation.revision > 0 ? operation.revision : null;
  const bounded =
    operation.modMin !== 0 || operation.modMax !== 0 || operation.createMin !== 0 || operation.createMax !== 0;
  // Whatever is cut off before the sorting would be missing in it. One more than asked for tells that there is more.
  const wanted = limit > 0 && operation.order === "none" && !bounded ? limit + 1 : Number.POSITIVE_INFINITY;
  let kvs: KeyValue[] = [];
  let count = 0;
  for (const key of keysOf(store, operation.key, operation.end)) {
    const kv = store.at(key, at);
    if (kv === null) continue;
    count += 1;
    if (!operation.countOnly && kvs.length < wanted) kvs.push(kv);
  }
  if (bounded) kvs = kvs.filter((kv) => isWithin(operation, kv));
  if (operation.order === "descend") kvs.sort((a, b) => compare(target, b, a));
  else if (target !== "key") kvs.sort((a, b) => compare(target, a, b));
  const more = limit > 0 && kvs.length > limit;
  if (more) kvs.length = limit;
  return { type: "range", revision, count, more, kvs: kvs.map((kv) => answered(kv, operation.keysOnly)) };
}

function isWithin({ modMin, modMax, createMin, createMax }: RangeOperation, { mod, create }: KeyValue): boolean {
  if (modMax !== 0 && mod > modMax) return false;
  if (modMin !== 0 && mod < modMin) return false;
  if (createMax !== 0 && create > createMax) return false;
  return createMin === 0 || create >= createMin;
}

function compare(target: RangeOperation["target"], a: KeyValue, b: KeyValue): number {
  const [x, y] = [a[target], b[target]];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

/** A copy: the store's own changes. */
function answered({ key, value, create, mod, version }: KeyValue, keysOnly: boolean): KeyValue {
  return { key, value: keysOnly ? "" : value, create, mod, version };
}
