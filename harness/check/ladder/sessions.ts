// Client sessions as a graph: program order and reads-from, for histories whose observed values are written once each.
// Causal order is kept as vector clocks, one entry per session.

import type { Budget } from "../budget.js";
import { CAS, type History, NEVER, READ, WRITE } from "../history.js";
import { writtenValue } from "./writers.js";

/** The read saw the initial value. */
export const FROM_INITIAL = -1;
/** The operation is no read. */
export const NO_READ = -2;

/** Nodes are operations in order of call; an unknown operation is a node only if its value was observed. */
export type Sessions = {
  readonly h: History;
  readonly count: number;
  readonly sessionCount: number;
  /** Row in the history. */
  readonly row: Int32Array;
  readonly key: Int32Array;
  readonly session: Int32Array;
  /** Place in the session, from 1. */
  readonly pos: Int32Array;
  /** The node before it in program order, or -1. */
  readonly prev: Int32Array;
  /** The node whose value it read, or `FROM_INITIAL`, `NO_READ`. */
  readonly from: Int32Array;
  /** Nodes of a session that write a key, in program order. */
  writes(session: number, key: number): readonly number[];
  /** Sessions that write a key. */
  writingSessions(key: number): readonly number[];
};

/** Sessions, or why there are none. */
export type SessionsResult =
  | { readonly kind: "sessions"; readonly sessions: Sessions }
  | { readonly kind: "thinAir"; readonly row: number }
  | { readonly kind: "notUnique"; readonly reason: string };

/** The sessions of a history, for the causal levels and the guarantees; unique values only. */
export function buildSessions(h: History): SessionsResult {
  const writers = collectWriters(h);
  if (writers.kind !== "writers") return writers;
  const rows: number[] = [];
  for (let i = 0; i < h.count; i++) if (isNode(h, i, writers.kept)) rows.push(i);
  const nodeOf = new Map<number, number>();
  for (const [node, row] of rows.entries()) nodeOf.set(row, node);
  const n = rows.length;
  const from = new Int32Array(n).fill(NO_READ);
  for (const [node, i] of rows.entries()) {
    if (h.kind[i] === WRITE) continue;
    const writer = writers.of(h.key[i] as number, h.a[i] as number);
    if (writer !== undefined) from[node] = nodeOf.get(writer) as number;
    else if (h.a[i] === h.initial) from[node] = FROM_INITIAL;
    else return { kind: "thinAir", row: i };
  }
  return { kind: "sessions", sessions: { ...placeInSessions(h, rows), h, count: n, from } };
}

function isNode(h: History, i: number, kept: ReadonlySet<number>): boolean {
  const kind = h.kind[i];
  if (kind === READ) return true;
  return (kind === WRITE || kind === CAS) && (h.ret[i] !== NEVER || kept.has(i));
}

type Writers = {
  readonly kind: "writers";
  readonly kept: ReadonlySet<number>;
  of(key: number, value: number): number | undefined;
};

/** The writer of every observed value. Unknown operations count if their value was observed. */
function collectWriters(h: History): Writers | { readonly kind: "notUnique"; readonly reason: string } {
  const name = (key: number, value: number): number => key * h.values.count + value;
  const all = new Map<number, number[]>();
  const observed: number[] = [];
  for (let i = 0; i < h.count; i++) {
    const kind = h.kind[i];
    if (kind === WRITE || kind === CAS) {
      const id = name(h.key[i] as number, writtenValue(h, i));
      const list = all.get(id);
      if (list === undefined) all.set(id, [i]);
      else list.push(i);
    }
    if (kind === READ || (kind === CAS && h.ret[i] !== NEVER))
      observed.push(name(h.key[i] as number, h.a[i] as number));
  }
  const kept = new Set<number>();
  const seen = new Set<number>();
  const writer = new Map<number, number>();
  for (let id = observed.pop(); id !== undefined; id = observed.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const list = all.get(id);
    if (list === undefined) continue;
    const value = id % h.values.count;
    if (list.length > 1 || value === h.initial) {
      return { kind: "notUnique", reason: `value ${h.values.text(value)} was written more than once and read` };
    }
    const i = list[0] as number;
    writer.set(id, i);
    if (h.ret[i] !== NEVER) continue;
    kept.add(i);
    if (h.kind[i] === CAS) observed.push(name(h.key[i] as number, h.a[i] as number));
  }
  return { kind: "writers", kept, of: (key, value) => writer.get(name(key, value)) };
}

type Placed = Omit<Sessions, "h" | "count" | "from">;

/** An unknown operation whose process went on is a session of its own, behind what its process had done before. */
function placeInSessions(h: History, rows: readonly number[]): Placed {
  const n = rows.length;
  const session = new Int32Array(n);
  const pos = new Int32Array(n);
  const prev = new Int32Array(n).fill(-1);
  const key = Int32Array.from(rows, (i) => h.key[i] as number);
  const lastOf = new Map<number, number>();
  const sessionOf = new Map<number, number>();
  const length: number[] = [];
  const writes: Map<number, number[]>[] = [];
  const writing = new Map<number, number[]>();
  const open = (): number => {
    writes.push(new Map());
    return length.push(0) - 1;
  };
  for (const [node, i] of rows.entries()) {
    const process = h.process[i] as number;
    let s = sessionOf.get(process);
    if (s === undefined) {
      s = open();
      sessionOf.set(process, s);
    }
    const before = lastOf.get(process);
    if (before !== undefined) prev[node] = before;
    if (h.ret[i] === NEVER) s = open();
    else lastOf.set(process, node);
    session[node] = s;
    length[s] = (length[s] as number) + 1;
    pos[node] = length[s] as number;
    if (h.kind[i] === READ) continue;
    const map = writes[s] as Map<number, number[]>;
    const list = map.get(key[node] as number);
    if (list !== undefined) {
      list.push(node);
      continue;
    }
    map.set(key[node] as number, [node]);
    const sessions = writing.get(key[node] as number);
    if (sessions === undefined) writing.set(key[node] as number, [s]);
    else sessions.push(s);
  }
  return {
    sessionCount: length.length,
    row: Int32Array.from(rows),
    key,
    session,
    pos,
    prev,
    writes: (s, k) => writes[s]?.get(k) ?? [],
    writingSessions: (k) => writing.get(k) ?? [],
  };
}

/** Latest write of a key in a session at or before place `last`; -1 if there is none. */
export function latestWrite(g: Sessions, session: number, key: number, last: number): number {
  const list = g.writes(session, key);
  let low = 0;
  for (let high = list.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((g.pos[list[middle] as number] as number) <= last) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? -1 : (list[low - 1] as number);
}

/** An edge that was inferred, with the read that is the reason for it. */
export type Edge = { readonly from: number; readonly to: number; readonly because: number };

/**
 * Transitive closure of program order, reads-from and extra edges. `clock[i * sessionCount + s]` is the place of the last
 * node of session s that is at or before node i.
 */
export type Closure =
  | { readonly kind: "order"; readonly clock: Int32Array }
  | { readonly kind: "cycle"; readonly nodes: readonly number[] };

/** @throws {BudgetExceeded} `within`: only nodes for which it is true take part. */
export function closeOrder(
  g: Sessions,
  extra: readonly Edge[],
  budget: Budget,
  within?: (node: number) => boolean,
): Closure {
  const { count: n, sessionCount: k } = g;
  const bytes = 4 * (n * k + 6 * n + extra.length * 2);
  budget.take(bytes);
  try {
    const preds = predecessors(g, extra, within);
    const { start, list } = successors(n, preds);
    const waiting = new Int32Array(n);
    for (const [node, before] of preds.entries()) waiting[node] = before.length;
    const ready: number[] = [];
    for (let i = 0; i < n; i++) if (waiting[i] === 0) ready.push(i);
    const clock = new Int32Array(n * k);
    let done = 0;
    for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
      if ((++done & 0x3ff) === 0) budget.checkTime();
      for (const before of preds[i] as number[]) {
        for (let s = 0; s < k; s++) {
          const seen = clock[before * k + s] as number;
          if (seen > (clock[i * k + s] as number)) clock[i * k + s] = seen;
        }
      }
      clock[i * k + (g.session[i] as number)] = g.pos[i] as number;
      for (let e = start[i] as number; e < (start[i + 1] as number); e++) {
        const after = list[e] as number;
        waiting[after] = (waiting[after] as number) - 1;
        if (waiting[after] === 0) ready.push(after);
      }
    }
    if (done === n) return { kind: "order", clock };
    return { kind: "cycle", nodes: findCycle(preds, waiting) };
  } finally {
    budget.give(bytes);
  }
}

function predecessors(g: Sessions, extra: readonly Edge[], within?: (node: number) => boolean): number[][] {
  const preds: number[][] = [];
  for (let i = 0; i < g.count; i++) {
    const list: number[] = [];
    preds.push(list);
    if (within !== undefined && !within(i)) continue;
    if ((g.prev[i] as number) >= 0) list.push(g.prev[i] as number);
    if ((g.from[i] as number) >= 0) list.push(g.from[i] as number);
  }
  for (const { from, to } of extra) (preds[to] as number[]).push(from);
  return preds;
}

function successors(n: number, preds: readonly (readonly number[])[]): { start: Int32Array; list: Int32Array } {
  const start = new Int32Array(n + 1);
  for (const before of preds) for (const p of before) start[p + 1] = (start[p + 1] as number) + 1;
  for (let i = 0; i < n; i++) start[i + 1] = (start[i + 1] as number) + (start[i] as number);
  const list = new Int32Array(start[n] as number);
  const fill = start.slice();
  for (const [node, before] of preds.entries()) {
    for (const p of before) {
      list[fill[p] as number] = node;
      fill[p] = (fill[p] as number) + 1;
    }
  }
  return { start, list };
}

/** Every node still waiting has a waiting predecessor, so walking backwards comes to a node twice. */
function findCycle(preds: readonly (readonly number[])[], waiting: Int32Array): number[] {
  let node = waiting.findIndex((count) => count > 0);
  const path: number[] = [];
  const at = new Map<number, number>();
  while (!at.has(node)) {
    at.set(node, path.length);
    path.push(node);
    node = (preds[node] as number[]).find((p) => (waiting[p] as number) > 0) as number;
  }
  return path.slice(at.get(node)).reverse();
}
