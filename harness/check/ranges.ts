// Range reads see many keys at once, so keys that a range covers are no longer independent: they are checked together,
// as one object whose state is the whole map. Keys that no range covers stay on their own. A range covers the keys of
// the history from its own key (inclusive) to its end (exclusive), and a key that it did not return was absent.

import type { Budget } from "./budget.js";
import type { HistoryValue } from "../record/history.js";
import * as H from "./history.js";
import type { History } from "./history.js";
import { type Model, type ModelOperation, ModelMachine, modelOperation, modelPart } from "./model.js";
import { isChecked, type Part } from "./parts.js";

// Constants of this module: see read/fields.ts.
const { RANGE } = H;

/** Groups of keys tied together by ranges; null if there are no ranges. */
export function rangeGroups(h: History): readonly (readonly number[])[] | null {
  if (!h.kind.includes(RANGE)) return null;
  const group = Int32Array.from({ length: h.keys.count }, (_, key) => key);
  const root = (key: number): number => {
    let at = key;
    while (group[at] !== at) at = group[at] as number;
    return at;
  };
  const covered = new Set<number>();
  let found = false;
  for (let i = 0; i < h.count; i++) {
    if (h.kind[i] !== RANGE || !isChecked(h, i)) continue;
    found = true;
    const keys = coveredKeys(h, i);
    for (const key of keys) {
      covered.add(key);
      group[root(key)] = root(keys[0] as number);
    }
  }
  if (!found) return null;
  const groups = new Map<number, number[]>();
  for (const key of covered) {
    const list = groups.get(root(key));
    if (list === undefined) groups.set(root(key), [key]);
    else list.push(key);
  }
  return [...groups.values()];
}

function coveredKeys(h: History, i: number): number[] {
  const from = String(h.keys.value(h.key[i] as number) ?? "");
  const end = h.values.value(h.a[i] as number);
  const keys: number[] = [h.key[i] as number];
  for (let key = 0; key < h.keys.count; key++) {
    if (key !== h.key[i] && isBetween(h.keys.value(key), from, end)) keys.push(key);
  }
  return keys;
}

function isBetween(key: HistoryValue, from: string, end: HistoryValue): boolean {
  if (key === null) return false;
  return String(key) >= from && (end === null || String(key) < String(end));
}

/** The operations on a group of keys and the map that they act on. */
export function rangePart(
  h: History,
  keys: readonly number[],
  budget: Budget,
): { readonly part: Part; readonly machine: ModelMachine<State> } {
  const inGroup = new Set(keys);
  const rows: number[] = [];
  for (let i = 0; i < h.count; i++) if (inGroup.has(h.key[i] as number) && isChecked(h, i)) rows.push(i);
  const part = modelPart(h, rows, keys[0] as number);
  const model = mapModel(h.values.value(h.initial));
  return {
    part,
    machine: new ModelMachine(
      model,
      rows.map((i) => modelOperation(h, i)),
      budget,
    ),
  };
}

type State = ReadonlyMap<string, HistoryValue>;

/** The key-value machine over all keys at once. */
export function mapModel(initial: HistoryValue): Model<State> {
  const now = (state: State, key: HistoryValue): HistoryValue => state.get(String(key)) ?? initial;
  const with_ = (state: State, key: HistoryValue, value: HistoryValue): State => new Map(state).set(String(key), value);
  return {
    name: "kv",
    perKey: false,
    initial: () => new Map(),
    text: (state) =>
      JSON.stringify([...state].filter(([, value]) => !equal(value, initial)).sort((x, y) => (x[0] < y[0] ? -1 : 1))),
    isRead: (op) => isReading(op),
    step: (state, op) => {
      const value = now(state, op.key);
      if (op.f === "range") return rangeHolds(state, op, initial) ? state : undefined;
      if (isReading(op)) return equal(value, op.output ?? null) ? state : undefined;
      if (op.f === "delete") return with_(state, op.key, null);
      if (op.f === "append") return with_(state, op.key, `${value === null ? "" : String(value)}${String(op.input)}`);
      if (op.f !== "cas") return with_(state, op.key, op.input);
      const [expected, next] = op.input as readonly [HistoryValue, HistoryValue];
      return equal(value, expected) ? with_(state, op.key, next) : undefined;
    },
  };
}

/** Reads, and failed compare-and-sets that say what they saw. */
function isReading(op: ModelOperation): boolean {
  return op.f === "get" || op.f === "read" || op.f === "range" || (op.f === "cas" && op.outcome === "fail");
}

function rangeHolds(state: State, op: ModelOperation, initial: HistoryValue): boolean {
  const pairs = new Map(
    (op.output as readonly (readonly [unknown, HistoryValue])[]).map(([key, value]) => [String(key), value]),
  );
  const from = String(op.key ?? "");
  for (const [key, value] of state) {
    if (!isBetween(key, from, op.input)) continue;
    if (!equal(pairs.get(key) ?? initial, value)) return false;
  }
  for (const [key, value] of pairs) if (!equal(state.get(key) ?? initial, value)) return false;
  return true;
}

function equal(x: HistoryValue, y: HistoryValue): boolean {
  return x === y || JSON.stringify(x) === JSON.stringify(y);
}
