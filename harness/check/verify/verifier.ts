// Confirms what the checkers claim, by the definitions and with none of their code: it knows the columns of a history
// and nothing else.

import { APPEND, CAS, type History, NEVER, NOT_EQUAL, NOTHING, OTHER, RANGE, READ, WRITE } from "../history.js";

/** `tooLarge`: a witness with more orders than are worth trying. */
export type Confirmation = { readonly confirmed: boolean; readonly problem?: string };

const confirmed: Confirmation = { confirmed: true };
const triesMax = 2_000_000;

function denied(problem: string): Confirmation {
  return { confirmed: false, problem };
}

function isSubject(h: History, i: number): boolean {
  return h.kind[i] !== NOTHING && h.level[i] === 0;
}

/** Text that stands for the state of a key after operation `i`, or null if it is impossible in `state`. */
function after(h: History, state: string, i: number): string | null {
  const a = h.a[i] as number;
  const text = (value: number): string => h.values.text(value);
  switch (h.kind[i]) {
    case READ:
      return state === text(a) ? state : null;
    case NOT_EQUAL:
      return state === text(a) ? null : state;
    case WRITE:
      return text(a);
    case CAS:
      return state === text(a) ? text(h.b[i] as number) : null;
    case APPEND: {
      const now: unknown = JSON.parse(state);
      const more: unknown = JSON.parse(text(a));
      return JSON.stringify((now === null ? "" : String(now)) + String(more));
    }
    default:
      return null;
  }
}

/** Is `order` a linearization: every required operation once, each legal in its turn, none after one that it precedes? */
export function verifyOrder(h: History, order: Int32Array): Confirmation {
  const seen = new Uint8Array(h.count);
  const state = new Map<number, string>();
  const initial = h.values.text(h.initial);
  let latestCall = -1;
  for (const i of order) {
    if (i < 0 || i >= h.count || !isSubject(h, i)) return denied(`operation ${i} does not belong into the order`);
    if (seen[i] === 1) return denied(`operation ${i} stands twice in the order`);
    seen[i] = 1;
    if ((h.ret[i] as number) < latestCall)
      return denied(`operation ${i} stands after one that was called after it returned`);
    latestCall = Math.max(latestCall, h.call[i] as number);
    if (h.kind[i] === RANGE) {
      if (!rangeHolds(h, i, (key) => state.get(key) ?? initial)) return denied(`operation ${i} saw another range`);
      continue;
    }
    const next = after(h, state.get(h.key[i] as number) ?? initial, i);
    if (next === null) return denied(`operation ${i} is impossible at its place`);
    state.set(h.key[i] as number, next);
  }
  for (let i = 0; i < h.count; i++) {
    if (isSubject(h, i) && h.ret[i] !== NEVER && seen[i] === 0) return denied(`operation ${i} is missing`);
  }
  return confirmed;
}

function rangeHolds(h: History, i: number, stateOf: (key: number) => string): boolean {
  const from = String(h.keys.value(h.key[i] as number) ?? "");
  const end = h.values.value(h.a[i] as number);
  const pairs = new Map(
    (h.values.value(h.b[i] as number) as readonly [unknown, unknown][]).map(([k, v]) => [String(k), JSON.stringify(v)]),
  );
  let found = 0;
  for (let key = 0; key < h.keys.count; key++) {
    const name = h.keys.value(key);
    if (name === null || String(name) < from || (end !== null && String(name) >= String(end))) continue;
    const now = stateOf(key);
    const saw = pairs.get(String(name));
    if (saw !== undefined) found += 1;
    if ((saw ?? "null") !== now) return false;
  }
  return found === pairs.size;
}

/**
 * Do the operations `rows` alone prove that the history is not linearizable? Two things: whoever may have written what
 * they saw is among them, so that leaving out the rest cannot make a legal history illegal; and every order of them that
 * keeps real time is illegal (all are tried).
 */
export function verifyWitness(h: History, rows: readonly number[]): Confirmation {
  if (rows.length === 0) return denied("the witness is empty");
  for (const i of rows)
    if (!isSubject(h, i) || h.kind[i] === OTHER || h.kind[i] === RANGE) return denied(`operation ${i} is no evidence`);
  const missing = missingWriter(h, rows);
  if (missing >= 0) return denied(`operation ${missing} may have written what the witness saw, but is not in it`);
  return everyOrderFails(h, rows);
}

function missingWriter(h: History, rows: readonly number[]): number {
  const inside = new Set(rows);
  const appends = rows.some((i) => h.kind[i] === APPEND);
  for (const observer of rows) {
    const kind = h.kind[observer];
    if (kind !== READ && kind !== CAS && kind !== NOT_EQUAL) continue;
    for (let i = 0; i < h.count; i++) {
      if (inside.has(i) || h.key[i] !== h.key[observer] || !isSubject(h, i)) continue;
      if ((h.call[i] as number) > (h.ret[observer] as number)) continue;
      if (h.kind[i] !== WRITE && h.kind[i] !== CAS && h.kind[i] !== APPEND) continue;
      if (kind === NOT_EQUAL) return i; // Any write may have brought the other value that it saw.
      const wrote = (h.kind[i] === CAS ? h.b[i] : h.a[i]) as number;
      const isText = h.kind[i] === APPEND || appends;
      if (isText ? isPart(h, wrote, h.a[observer] as number) : wrote === h.a[observer]) return i;
    }
  }
  return -1;
}

function isPart(h: History, piece: number, whole: number): boolean {
  if (piece === whole) return true;
  const text = h.values.value(whole);
  return text !== null && String(text).includes(String(h.values.value(piece) ?? ""));
}

function everyOrderFails(h: History, rows: readonly number[]): Confirmation {
  let tries = 0;
  const visit = (left: readonly number[], state: ReadonlyMap<number, string>): "legal" | "illegal" | "tooLarge" => {
    if (left.every((i) => h.ret[i] === NEVER)) return "legal";
    for (const i of left) {
      if (left.some((other) => (h.ret[other] as number) < (h.call[i] as number))) continue;
      if (++tries > triesMax) return "tooLarge";
      const key = h.key[i] as number;
      const next = after(h, state.get(key) ?? h.values.text(h.initial), i);
      if (next === null) continue;
      const result = visit(
        left.filter((other) => other !== i),
        new Map(state).set(key, next),
      );
      if (result !== "illegal") return result;
    }
    return "illegal";
  };
  const result = visit(rows, new Map());
  if (result === "illegal") return confirmed;
  return denied(
    result === "legal" ? "an order of the witness is legal" : "the witness has too many orders to try them all",
  );
}
