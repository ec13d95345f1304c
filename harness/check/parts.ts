// Locality (Herlihy & Wing 1990, §3.3): a history is linearizable iff its part on every key is. So a history is cut by
// key first, and every part gets ranks of its own, dense from 0.

import { CAS, type History, NEVER, NO_VALUE, NOTHING, OTHER, RANGE } from "./history.js";

/** The operations on one key, sorted by call. */
export type Part = {
  readonly key: number;
  readonly count: number;
  /** Row in the history of operation i of this part; null = the same number. */
  readonly row: Int32Array | null;
  readonly kind: Uint8Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly call: Int32Array;
  /** `NEVER` = outcome unknown: the operation is optional. */
  readonly ret: Int32Array;
  /** Ranks are below this number. */
  readonly rankCount: number;
  /** Value ids are below this number. */
  readonly valueCount: number;
  readonly initial: number;
  /** Value id in the history of value v of this part; null = the same number. */
  readonly valueIds: Int32Array | null;
};

export function rowOf(part: Part, i: number): number {
  return part.row === null ? i : (part.row[i] as number);
}

/** Which operations a check looks at: all that constrain something, without the reads of weaker levels. */
export function isChecked(h: History, i: number): boolean {
  return h.kind[i] !== NOTHING && h.level[i] === 0;
}

/** One part per key that has operations, in order of first use. Range reads are left out: see ranges.ts. */
export function splitByKey(h: History): Part[] {
  const one = wholeIfOneKey(h);
  if (one !== null) return [one];
  const keyCount = h.keys.count;
  const size = new Int32Array(keyCount);
  for (let i = 0; i < h.count; i++) {
    if (isChecked(h, i) && h.kind[i] !== RANGE) size[h.key[i] as number] = (size[h.key[i] as number] as number) + 1;
  }
  const start = new Int32Array(keyCount + 1);
  for (let k = 0; k < keyCount; k++) start[k + 1] = (start[k] as number) + (size[k] as number);
  const flat = flatColumns(start[keyCount] as number);
  const ranks = scatter(h, start, flat);
  const local = localValues(h, start, flat);
  const parts: Part[] = [];
  for (let k = 0; k < keyCount; k++) {
    if (size[k] === 0) continue;
    const from = start[k] as number;
    const to = start[k + 1] as number;
    parts.push({
      key: k,
      count: to - from,
      row: flat.row.subarray(from, to),
      kind: flat.kind.subarray(from, to),
      a: flat.a.subarray(from, to),
      b: flat.b.subarray(from, to),
      call: flat.call.subarray(from, to),
      ret: flat.ret.subarray(from, to),
      rankCount: ranks[k] as number,
      valueCount: (local[k] as Int32Array).length,
      initial: 0,
      valueIds: local[k] as Int32Array,
    });
  }
  return parts;
}

function wholeIfOneKey(h: History): Part | null {
  if (h.count === 0) return null;
  const key = h.key[0] as number;
  for (let i = 0; i < h.count; i++) {
    if (h.key[i] !== key || h.level[i] !== 0 || h.kind[i] === RANGE || h.kind[i] === OTHER) return null;
  }
  const { count, kind, a, b, call, ret, initial } = h;
  const valueCount = h.values.count;
  return {
    key,
    count,
    row: null,
    kind,
    a,
    b,
    call,
    ret,
    rankCount: h.eventAt.length,
    valueCount,
    initial,
    valueIds: null,
  };
}

type Flat = {
  readonly row: Int32Array;
  readonly kind: Uint8Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly call: Int32Array;
  readonly ret: Int32Array;
};

function flatColumns(count: number): Flat {
  return {
    row: new Int32Array(count),
    kind: new Uint8Array(count),
    a: new Int32Array(count),
    b: new Int32Array(count),
    call: new Int32Array(count),
    ret: new Int32Array(count).fill(NEVER),
  };
}

/** Copies every operation to its part and numbers the events of each part; gives the number of events per key. */
function scatter(h: History, start: Int32Array, flat: Flat): Int32Array {
  const fill = start.slice();
  const ranks = new Int32Array(h.keys.count);
  const placeOf = new Int32Array(h.count);
  for (let rank = 0; rank < h.eventAt.length; rank++) {
    const code = h.eventAt[rank] as number;
    const i = code >> 1;
    if (h.kind[i] === NOTHING || h.level[i] !== 0 || h.kind[i] === RANGE) continue;
    const key = h.key[i] as number;
    const local = ranks[key] as number;
    ranks[key] = local + 1;
    if ((code & 1) === 1) {
      flat.ret[placeOf[i] as number] = local;
      continue;
    }
    const place = fill[key] as number;
    fill[key] = place + 1;
    placeOf[i] = place;
    flat.row[place] = i;
    flat.call[place] = local;
    flat.kind[place] = h.kind[i] as number;
  }
  return ranks;
}

/** Gives the values of every part small numbers of its own; the initial value is 0. Returns the value ids by key. */
function localValues(h: History, start: Int32Array, flat: Flat): Int32Array[] {
  const stamp = new Int32Array(h.values.count).fill(-1);
  const local = new Int32Array(h.values.count);
  const ids = new Int32Array(2 * flat.row.length + h.keys.count);
  const tables: Int32Array[] = [];
  let used = 0;
  for (let k = 0; k < h.keys.count; k++) {
    const from = used;
    stamp[h.initial] = k;
    local[h.initial] = 0;
    ids[used++] = h.initial;
    for (let place = start[k] as number; place < (start[k + 1] as number); place++) {
      const i = flat.row[place] as number;
      const a = h.a[i] as number;
      const b = h.kind[i] === CAS ? (h.b[i] as number) : NO_VALUE;
      if (a >= 0 && stamp[a] !== k) {
        stamp[a] = k;
        local[a] = used - from;
        ids[used++] = a;
      }
      if (b >= 0 && stamp[b] !== k) {
        stamp[b] = k;
        local[b] = used - from;
        ids[used++] = b;
      }
      flat.a[place] = a < 0 ? a : (local[a] as number);
      flat.b[place] = b < 0 ? b : (local[b] as number);
    }
    tables.push(ids.subarray(from, used));
  }
  return tables;
}
