// Reads that were older than real time permits, by level.

import { APPEND, CAS, type History, NEVER, NO_VALUE, READ, WRITE } from "./history.js";

/**
 * Counts the reads whose value had certainly been overwritten when they were called: for every operation that can have
 * written the value, some other write to the key was called after it returned and returned before the read was called.
 * Reads of a text made by appends count by the last piece. A lower bound: it does not infer from other reads.
 */
export function staleReads(h: History): { readonly [level: string]: number } {
  const stale = new Uint32Array(h.levels.length);
  for (const key of groupByKey(h)) countKey(h, key, stale);
  return Object.fromEntries(h.levels.map((level, n) => [level, stale[n] as number]));
}

type KeyRows = { readonly mutations: number[]; readonly reads: number[] };

function groupByKey(h: History): Iterable<KeyRows> {
  const groups = new Map<number, KeyRows>();
  for (let i = 0; i < h.count; i++) {
    const kind = h.kind[i] as number;
    const isRead = kind === READ;
    if (!isRead && kind !== WRITE && kind !== CAS && kind !== APPEND) continue;
    const key = h.key[i] as number;
    let group = groups.get(key);
    if (group === undefined) {
      group = { mutations: [], reads: [] };
      groups.set(key, group);
    }
    if (isRead) group.reads.push(i);
    else group.mutations.push(i);
  }
  return groups.values();
}

function countKey(h: History, group: KeyRows, stale: Uint32Array): void {
  if (group.reads.length === 0) return;
  // Certain mutations by return, with the greatest call so far: the newest certain overwrite at any moment.
  const certain = group.mutations.filter((i) => h.ret[i] !== NEVER);
  certain.sort((x, y) => (h.ret[x] as number) - (h.ret[y] as number));
  const newestCall: number[] = [];
  let newest = -1;
  for (const i of certain) {
    newest = Math.max(newest, h.call[i] as number);
    newestCall.push(newest);
  }
  const lastReturn = producers(h, group);
  for (const read of group.reads) {
    const before = lastBelow(certain, (i) => h.ret[i] as number, h.call[read] as number);
    if (before < 0) continue;
    const written = lastReturn(read);
    if (written !== null && (newestCall[before] as number) > written) {
      const level = h.level[read] as number;
      stale[level] = (stale[level] as number) + 1;
    }
  }
}

/** Gives for a read the latest return of an operation that can have written what it saw; null if there is none. */
function producers(h: History, group: KeyRows): (read: number) => number | null {
  const byValue = new Map<number, number>();
  byValue.set(h.initial, -1);
  const appends: { readonly text: string; readonly ret: number }[] = [];
  for (const i of group.mutations) {
    const value = (h.kind[i] === CAS ? h.b[i] : h.a[i]) as number;
    if (h.kind[i] === APPEND) appends.push({ text: String(h.values.value(value) ?? ""), ret: h.ret[i] as number });
    else byValue.set(value, Math.max(byValue.get(value) ?? -1, h.ret[i] as number));
  }
  return (read) => {
    const value = h.a[read] as number;
    let latest = value === NO_VALUE ? null : (byValue.get(value) ?? null);
    if (appends.length === 0) return latest;
    const text = String(h.values.value(value) ?? "");
    for (const append of appends) {
      if (text.endsWith(append.text) && append.ret > (latest ?? -2)) latest = append.ret;
    }
    return latest;
  };
}

function lastBelow(sorted: readonly number[], at: (i: number) => number, limit: number): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (at(sorted[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
