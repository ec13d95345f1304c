// Locality (Herlihy & Wing 1990, §3.3): a history is linearizable iff its part on every key is. So a history is cut by
// key first, and every part gets ranks of its own, dense from 0.

import * as H from "./history.js";
import type { History } from "./history.js";
import type { Budget } from "./budget.js";
import type { Loan } from "./pool.js";

// Constants of this module: see read/fields.ts.
const { CAS, NEVER, NOTHING, NOT_EQUAL, NO_VALUE, OTHER, RANGE, READ } = H;

const pollMask = 0xffff;

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
  /** Key by operation, if there are several: only for {@link ./texts.ts}. */
  readonly keyOf: Int32Array | null;
};

/** Row in the history of operation `i` of a part. */
export function rowOf(part: Part, i: number): number {
  return part.row === null ? i : (part.row[i] as number);
}

/** Which operations a check looks at: all that constrain something, without the reads of weaker levels. */
export function isChecked(h: History, i: number): boolean {
  return h.kind[i] !== NOTHING && h.level[i] === 0;
}

/** One part per key that has operations, in order of first use; they live as long as `loan`. Range reads are left out: see ranges.ts. */
export function splitByKey(h: History, loan: Loan, budget: Budget): Part[] {
  const whole = wholeHistory(h);
  if (whole !== null && whole.keyOf === null) return [whole];
  const keyCount = h.keys.count;
  const { kind, level, key } = h;
  const size = loan.filled(keyCount, 0);
  for (let i = 0; i < h.count; i++) {
    const ofKey = key[i] as number;
    if (kind[i] !== NOTHING && level[i] === 0 && kind[i] !== RANGE) size[ofKey] = (size[ofKey] as number) + 1;
  }
  const start = loan.any(keyCount + 1);
  start[0] = 0;
  for (let k = 0; k < keyCount; k++) start[k + 1] = (start[k] as number) + (size[k] as number);
  const count = start[keyCount] as number;
  budget.take(29 * count + 4 * h.count + 8 * h.values.count + 20 * keyCount);
  const flat = flatColumns(count, loan);
  const ranks = scatter(h, start, flat, loan, budget);
  const local = localValues(h, start, flat, loan, budget);
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
      keyOf: null,
    });
  }
  return parts;
}

/** The history as one part, if nothing has to be left out. It has `keyOf` if there are several keys. */
export function wholeHistory(h: History): Part | null {
  const { count, kind, a, b, call, ret, initial, level, key } = h;
  if (count === 0 || kind.includes(RANGE) || kind.includes(OTHER)) return null;
  if (h.levels.length > 1 && level.some((n) => n !== 0)) return null;
  const first = key[0] as number;
  let i = 1;
  while (i < count && key[i] === first) i += 1;
  return {
    key: first,
    count,
    row: null,
    kind,
    a,
    b,
    call,
    ret,
    rankCount: h.eventAt.length,
    valueCount: h.values.count,
    initial,
    valueIds: null,
    keyOf: i === count ? null : key,
  };
}

type Flat = {
  readonly count: number;
  readonly row: Int32Array;
  readonly kind: Uint8Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly call: Int32Array;
  readonly ret: Int32Array;
};

function flatColumns(count: number, loan: Loan): Flat {
  return {
    count,
    row: loan.any(count),
    kind: loan.anyBytes(count),
    a: loan.any(count),
    b: loan.any(count),
    call: loan.any(count),
    ret: loan.filled(count, NEVER),
  };
}

/** Copies every operation to its part and numbers the events of each part; gives the number of events per key. */
function scatter(h: History, start: Int32Array, flat: Flat, loan: Loan, budget: Budget): Int32Array {
  const fill = loan.any(h.keys.count);
  for (let k = 0; k < h.keys.count; k++) fill[k] = start[k] as number;
  const ranks = loan.filled(h.keys.count, 0);
  const placeOf = loan.any(h.count);
  // Each array once: looking into `h` and `flat` at every step takes longer than the step.
  const { kind: kinds, level, key: keys, eventAt } = h;
  const { ret, row, call, kind: flatKind } = flat;
  for (let rank = 0; rank < eventAt.length; rank++) {
    if ((rank & pollMask) === pollMask) budget.checkTime();
    const code = eventAt[rank] as number;
    const i = code >> 1;
    const kind = kinds[i] as number;
    if (kind === NOTHING || level[i] !== 0 || kind === RANGE) continue;
    const key = keys[i] as number;
    const local = ranks[key] as number;
    ranks[key] = local + 1;
    if ((code & 1) === 1) {
      ret[placeOf[i] as number] = local;
      continue;
    }
    const place = fill[key] as number;
    fill[key] = place + 1;
    placeOf[i] = place;
    row[place] = i;
    call[place] = local;
    flatKind[place] = kind;
  }
  return ranks;
}

/** Gives the values of every part small numbers of its own; the initial value is 0. Returns the value ids by key. */
function localValues(h: History, start: Int32Array, flat: Flat, loan: Loan, budget: Budget): Int32Array[] {
  const stamp = loan.filled(h.values.count, -1);
  const local = loan.any(h.values.count);
  const ids = loan.any(2 * flat.count + h.keys.count);
  const tables: Int32Array[] = [];
  const { row, kind, a: flatA, b: flatB } = flat;
  const { a: valueA, b: valueB } = h;
  let used = 0;
  for (let k = 0; k < h.keys.count; k++) {
    const from = used;
    stamp[h.initial] = k;
    local[h.initial] = 0;
    ids[used++] = h.initial;
    for (let place = start[k] as number; place < (start[k + 1] as number); place++) {
      if ((place & pollMask) === pollMask) budget.checkTime();
      const i = row[place] as number;
      const a = valueA[i] as number;
      const b = kind[place] === CAS ? (valueB[i] as number) : NO_VALUE;
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
      flatA[place] = a < 0 ? a : (local[a] as number);
      flatB[place] = b < 0 ? b : (local[b] as number);
    }
    tables.push(ids.subarray(from, used));
  }
  return tables;
}

/** The part without what says nothing, with ranks and values packed together; the part itself if all of it says something. */
export function withoutNothing(part: Part, loan: Loan, budget: Budget): Part {
  const { count: n, rankCount } = part;
  let count = 0;
  for (let i = 0; i < n; i++) if (part.kind[i] !== NOTHING) count += 1;
  if (count === n) return part;
  budget.take(29 * count + 4 * (rankCount + part.valueCount));
  const row = loan.any(count);
  for (let i = 0, place = 0; i < n; i++) if (part.kind[i] !== NOTHING) row[place++] = i;
  budget.checkTime();
  const kind = loan.anyBytes(count);
  const a = loan.any(count);
  const b = loan.any(count);
  const call = loan.any(count);
  const ret = loan.filled(count, NEVER);
  const eventAt = loan.filled(rankCount, -1);
  const local = loan.filled(part.valueCount, -1);
  const ids = loan.any(2 * count + 1);
  let values = 0;
  const pack = (value: number): number => {
    if (value < 0) return value;
    if ((local[value] as number) < 0) {
      ids[values] = part.valueIds === null ? value : (part.valueIds[value] as number);
      local[value] = values++;
    }
    return local[value] as number;
  };
  pack(part.initial);
  for (let place = 0; place < count; place++) {
    if ((place & pollMask) === pollMask) budget.checkTime();
    const i = row[place] as number;
    kind[place] = part.kind[i] as number;
    a[place] = pack(part.a[i] as number);
    b[place] = part.kind[i] === CAS ? pack(part.b[i] as number) : NO_VALUE;
    eventAt[part.call[i] as number] = 2 * place;
    if (part.ret[i] !== NEVER) eventAt[part.ret[i] as number] = 2 * place + 1;
    row[place] = rowOf(part, i);
  }
  let rank = 0;
  for (let from = 0; from < rankCount; from++) {
    if ((from & pollMask) === pollMask) budget.checkTime();
    const code = eventAt[from] as number;
    if (code < 0) continue;
    if ((code & 1) === 0) call[code >> 1] = rank++;
    else ret[code >> 1] = rank++;
  }
  const valueIds = ids.subarray(0, values);
  return {
    key: part.key,
    count,
    row,
    kind,
    a,
    b,
    call,
    ret,
    rankCount: rank,
    valueCount: values,
    initial: 0,
    valueIds,
    keyOf: null,
  };
}

/** The part as it was before event `rank`: what had not returned has an unknown outcome. */
export function partUpTo(part: Part, rank: number): Part {
  const { key, row, a, b, call, valueCount, initial, valueIds } = part;
  let count = 0;
  while (count < part.count && (call[count] as number) < rank) count += 1;
  const kind = part.kind.slice(0, count);
  const ret = part.ret.slice(0, count);
  for (let i = 0; i < count; i++) {
    if ((ret[i] as number) < rank) continue;
    ret[i] = NEVER;
    if (kind[i] === READ || kind[i] === NOT_EQUAL) kind[i] = NOTHING;
  }
  return { key, count, row, kind, a, b, call, ret, rankCount: rank, valueCount, initial, valueIds, keyOf: null };
}

/** Ranks of the operations `rows` (ascending), packed together: dense from 0, in the same order. */
export function packedRanks(
  call: Int32Array,
  ret: Int32Array,
  rows: readonly number[],
): { readonly call: Int32Array; readonly ret: Int32Array; readonly rankCount: number } {
  // Rank, place and end in one number: exact, and sorted without a function to compare with.
  const keys = new Float64Array(2 * rows.length);
  let count = 0;
  const scale = 2 * rows.length;
  for (const [place, i] of rows.entries()) {
    keys[count++] = (call[i] as number) * scale + 2 * place;
    if (ret[i] !== NEVER) keys[count++] = (ret[i] as number) * scale + 2 * place + 1;
  }
  const packed = { call: new Int32Array(rows.length), ret: new Int32Array(rows.length).fill(NEVER), rankCount: count };
  for (const [rank, key] of keys.subarray(0, count).sort().entries()) {
    const code = key % scale;
    (code % 2 === 0 ? packed.call : packed.ret)[code >> 1] = rank;
  }
  return packed;
}
