// Reads and the operations they can have read from, per key.

import { APPEND, CAS, type History, NEVER, NOT_EQUAL, NOTHING, OTHER, RANGE, READ } from "../history.js";

/** The operations of one key by what they do. A successful compare-and-set is in both lists. */
export type KeyGroup = {
  readonly key: number;
  /** Everything that can change the key, unknown outcomes too, by call. */
  readonly writes: readonly number[];
  /** Everything that saw a value: reads, and compare-and-sets that certainly succeeded, by call. */
  readonly reads: readonly number[];
};

/** Value an operation writes. */
export function writtenValue(h: History, i: number): number {
  return (h.kind[i] === CAS ? h.b[i] : h.a[i]) as number;
}

/** The operations that say something, by key. */
export function groupByKey(h: History): KeyGroup[] {
  const groups = new Map<number, { key: number; writes: number[]; reads: number[] }>();
  for (let i = 0; i < h.count; i++) {
    const kind = h.kind[i];
    if (kind === NOTHING || kind === OTHER || kind === RANGE || kind === NOT_EQUAL) continue;
    const key = h.key[i] as number;
    let group = groups.get(key);
    if (group === undefined) {
      group = { key, writes: [], reads: [] };
      groups.set(key, group);
    }
    if (kind !== READ) group.writes.push(i);
    if (kind === READ || (kind === CAS && h.ret[i] !== NEVER)) group.reads.push(i);
  }
  return [...groups.values()];
}

/** What stands in the way of the levels below linearizable, in words; null = nothing. */
export function unsupported(h: History): string | null {
  for (let i = 0; i < h.count; i++) {
    const kind = h.kind[i];
    if (kind === APPEND) return "appends: only linearizability is decided for them";
    if (kind === RANGE) return "range reads: only linearizability is decided for them";
    if (kind === OTHER) return `operation "${h.names[h.name[i] as number]}": only linearizability is decided for it`;
  }
  return null;
}

/** Writers of each value of a group, by call. */
export function writersByValue(h: History, group: KeyGroup): Map<number, number[]> {
  const writers = new Map<number, number[]>();
  for (const i of group.writes) {
    const value = writtenValue(h, i);
    const list = writers.get(value);
    if (list === undefined) writers.set(value, [i]);
    else list.push(i);
  }
  return writers;
}

/** Answers which certain writes lie between two moments. */
export class Overwrites {
  /** By return: ranks, and the operation called latest so far. */
  private readonly rets: Int32Array;
  private readonly newest: Int32Array;
  /** By call: ranks, and the operation that returns first from here on. */
  private readonly calls: Int32Array;
  private readonly earliest: Int32Array;

  constructor(h: History, group: KeyGroup) {
    const byCall = group.writes.filter((i) => h.ret[i] !== NEVER);
    const byReturn = [...byCall].sort((x, y) => (h.ret[x] as number) - (h.ret[y] as number));
    this.rets = Int32Array.from(byReturn, (i) => h.ret[i] as number);
    this.newest = Int32Array.from(byReturn);
    for (let n = 1; n < byReturn.length; n++) {
      const before = this.newest[n - 1] as number;
      if ((h.call[before] as number) > (h.call[byReturn[n] as number] as number)) this.newest[n] = before;
    }
    this.calls = Int32Array.from(byCall, (i) => h.call[i] as number);
    this.earliest = Int32Array.from(byCall);
    for (let n = byCall.length - 2; n >= 0; n--) {
      const after = this.earliest[n + 1] as number;
      if ((h.ret[after] as number) < (h.ret[byCall[n] as number] as number)) this.earliest[n] = after;
    }
  }

  /** Of the writes that returned before `rank`, the one called latest; -1 if there is none. */
  newestBefore(rank: number): number {
    const n = countBelow(this.rets, rank);
    return n === 0 ? -1 : (this.newest[n - 1] as number);
  }

  /** Of the writes called after `rank`, the one that returned first; -1 if there is none. */
  earliestAfter(rank: number): number {
    return this.earliest[countBelow(this.calls, rank + 1)] ?? -1;
  }
}

/** How many of the ascending numbers are below `limit`. */
export function countBelow(sorted: Int32Array | readonly number[], limit: number): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
