// The values that reads saw, each once, with the first of its reads to return and the last to be called.

import type { Budget } from "./budget.js";
import * as H from "./history.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

// Constants of this module: see read/fields.ts.
const { READ } = H;

const NONE = -1;
const pollMask = 0xffff;

/** Values are in order of first sight; the initial ones of all keys come first, seen or not, by key. */
export type Seen = {
  readonly count: number;
  /** By place: the read that was the first to return, and the last to be called; -1 for what nobody saw. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** By value: its place or -1, on the key that saw it first. Values that several keys saw have further places. */
  readonly placeOf: Int32Array;
  /**
   * Reads that show a value, another one later and the first one again; or -1, the other one, the initial value again.
   * Null if none was found; not all are looked for.
   */
  readonly again: readonly [first: number, between: number, last: number] | null;
};

/** Looks at all reads of a part. `roots`: number of keys. The result lives as long as `loan`. */
export function seenIn(part: Part, roots: number, budget: Budget, loan: Loan): Seen {
  const { kind, a, call, ret, count: n, keyOf, initial } = part;
  const first = loan.any(n + roots);
  const last = loan.any(n + roots);
  for (let root = 0; root < roots; root++) first[root] = last[root] = NONE;
  const placeOf = loan.filled(part.valueCount, NONE);
  // By key: a read that had returned when `running` was called, and that one.
  const done = loan.filled(roots, NONE);
  const running = loan.filled(roots, NONE);
  let again: Seen["again"] = null;
  let count = roots;
  for (let i = 0; i < n; i++) {
    if ((i & pollMask) === pollMask) budget.checkTime();
    if (kind[i] !== READ) continue;
    const v = a[i] as number;
    const key = keyOf === null ? 0 : (keyOf[i] as number);
    const place = v === initial ? key : (placeOf[v] as number);
    const before = place < 0 ? NONE : (first[place] as number);
    if (place < 0 || (keyOf !== null && before >= 0 && keyOf[before] !== key)) {
      if (place < 0) placeOf[v] = count;
      first[count] = i;
      last[count++] = i;
    } else {
      const between = done[key] as number;
      if (again === null && between >= 0 && a[between] !== v && (before >= 0 || place < roots)) {
        const seenAt = place < roots ? NONE : (ret[before] as number);
        if (seenAt < (call[between] as number)) again = [before, between, i];
      }
      last[place] = i;
      if (before < 0 || (ret[i] as number) < (ret[before] as number)) first[place] = i;
    }
    const other = running[key] as number;
    if (other < 0 || (ret[other] as number) < (call[i] as number)) {
      done[key] = other;
      running[key] = i;
    } else if ((ret[i] as number) < (ret[other] as number)) running[key] = i;
  }
  return { count, first, last, placeOf, again };
}

/** Of a part on one key: gives every read what the first read of the same value has in `ofRead`; 0 for the initial value. */
export function spreadToReads(part: Part, seen: Seen, ofRead: Int32Array): void {
  for (let i = 0; i < part.count; i++) {
    if (part.kind[i] !== READ) continue;
    const v = part.a[i] as number;
    const first = seen.first[seen.placeOf[v] as number] as number;
    ofRead[i] = v === part.initial ? 0 : (ofRead[first] as number);
  }
}
