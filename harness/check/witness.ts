// From "there is no order" to a few operations that show it.
//
// Leaving operations out of a history may only be trusted if whoever may have written a value that is still observed
// stays in: then every linearization of the history, cut down to what is left, is one of what is left. Such a set is
// called closed here. A closed set without a linearization is a witness.

import { Budget, BudgetExceeded } from "./budget.js";
import { APPEND, CAS, type History, NO_VALUE, NOT_EQUAL, NOTHING, READ, WRITE } from "./history.js";
import { packedRanks, type Part } from "./parts.js";

/** Decides a small part: true = no order. @throws {BudgetExceeded} */
export type IsViolated = (part: Part, budget: Budget) => boolean;

/**
 * A closed set without a linearization from which nothing can be left out, as far as `deadlineMs` allows. Starts from the
 * closure of `rows`; if that has a linearization, from ever longer beginnings of the part. Null if time runs out first.
 */
export function shrinkWitness(
  h: History,
  part: Part,
  rows: readonly number[],
  isViolated: IsViolated,
  deadlineMs: number,
): number[] | null {
  const budget = new Budget(deadlineMs, 1 << 28);
  const shrinker = inTime(() => new Shrinker(h, part, isViolated, budget));
  if (shrinker === null) return null;
  for (let current = rows; !budget.isLate(); ) {
    const closed = shrinker.close(current);
    if (closed === null) return null;
    if (shrinker.test(closed)) return shrinker.shrink(closed);
    const last = closed[closed.length - 1] ?? 0;
    // The search looks ahead, so it can give up before the operation that makes an order impossible.
    current = meaningful(part).filter((i) => i <= 2 * last + 1);
    if (current.length <= closed.length) return null;
  }
  return null;
}

/** What `work` gives; null: it did not end in time. */
function inTime<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof BudgetExceeded) return null;
    throw error;
  }
}

class Shrinker {
  private readonly h: History;
  private readonly part: Part;
  private readonly isViolated: IsViolated;
  private readonly budget: Budget;
  private readonly hasAppend: boolean;
  /** By value: the last operation that writes it; by operation: the one before it with the same value. -1 = none. */
  private readonly lastWriter: Int32Array;
  private readonly writerBefore: Int32Array;
  /** Everything that changes the key. */
  private readonly mutations: number[] = [];

  constructor(h: History, part: Part, isViolated: IsViolated, budget: Budget) {
    this.h = h;
    this.part = part;
    this.isViolated = isViolated;
    this.budget = budget;
    this.lastWriter = new Int32Array(part.valueCount).fill(-1);
    this.writerBefore = new Int32Array(part.count);
    let hasAppend = false;
    for (let i = 0; i < part.count; i++) {
      const kind = part.kind[i];
      if ((i & 0xfff) === 0xfff) budget.checkTime();
      if (kind === APPEND) hasAppend = true;
      if (kind === APPEND || kind === WRITE || kind === CAS) this.mutations.push(i);
      if (kind !== WRITE && kind !== CAS) continue;
      const value = (kind === CAS ? part.b[i] : part.a[i]) as number;
      this.writerBefore[i] = this.lastWriter[value] as number;
      this.lastWriter[value] = i;
    }
    this.hasAppend = hasAppend;
  }

  /** Adds everybody who may have written what the set observes. Null: no time is left. */
  close(rows: readonly number[]): number[] | null {
    const set = new Set(rows);
    return inTime(() => {
      for (const i of set) for (const writer of this.writersFor(i)) set.add(writer);
      return [...set].sort((x, y) => x - y);
    });
  }

  test(rows: readonly number[]): boolean {
    // Making the part takes about a microsecond an operation, during which nobody looks at the clock.
    const leftMs = this.budget.deadlineMs - this.budget.elapsedMs();
    if (rows.length === 0 || rows.length > 1000 * leftMs) return false;
    return inTime(() => this.isViolated(subPart(this.part, rows), this.budget)) === true;
  }

  shrink(rows: readonly number[]): number[] {
    let current = [...rows];
    for (let size = Math.ceil(current.length / 2); size >= 1; ) {
      const before = current.length;
      for (let from = 0; from < current.length && !this.budget.isLate(); ) {
        const cut = new Set(current.slice(from, from + size));
        const kept = current.filter((i) => !cut.has(i));
        const rest = inTime(() => this.withoutOrphans(kept));
        if (rest !== null && rest.length < current.length && this.test(rest)) current = rest;
        else from += size;
      }
      if (this.budget.isLate()) return current;
      if (size > 1) size = Math.floor(size / 2);
      else if (current.length === before) return current;
    }
    return current;
  }

  /** Drops observers whose writers are gone, until the set is closed. */
  private withoutOrphans(rows: readonly number[]): number[] {
    let current = [...rows];
    for (;;) {
      const set = new Set(current);
      const rest = current.filter((i) => this.writersFor(i).every((writer) => set.has(writer)));
      if (rest.length === current.length) return current;
      current = rest;
    }
  }

  /** @throws {BudgetExceeded} */
  private writersFor(i: number): readonly number[] {
    const kind = this.part.kind[i];
    this.budget.spend(this.hasAppend || kind === NOT_EQUAL ? 20 + 10 * this.mutations.length : 20);
    // A failed comparison saw any other value: whoever may have written one counts.
    if (kind === NOT_EQUAL)
      return this.mutations.filter((w) => (this.part.call[w] as number) < (this.part.ret[i] as number));
    if (kind !== READ && kind !== CAS) return [];
    const value = this.part.a[i] as number;
    const inTime = (w: number): boolean => w !== i && (this.part.call[w] as number) < (this.part.ret[i] as number);
    const writers: number[] = [];
    for (let w = this.lastWriter[value] as number; w >= 0; w = this.writerBefore[w] as number) {
      if (inTime(w)) writers.push(w);
    }
    if (!this.hasAppend) return writers;
    const text = this.text(value);
    const piece = (w: number): number => (this.part.kind[w] === CAS ? this.part.b[w] : this.part.a[w]) as number;
    const pieces = this.mutations.filter((w) => inTime(w) && text.includes(this.text(piece(w))));
    return [...writers, ...pieces];
  }

  private text(value: number): string {
    const id = this.part.valueIds === null ? value : (this.part.valueIds[value] as number);
    return id === NO_VALUE ? "" : String(this.h.values.value(id) ?? "");
  }
}

/** The operations `rows` (ascending) as a part of their own, with ranks and values packed together. */
export function subPart(part: Part, rows: readonly number[]): Part {
  const { call, ret, rankCount } = packedRanks(part.call, part.ret, rows);
  const ids: number[] = [part.initial];
  const idOf = new Map<number, number>([[part.initial, 0]]);
  const local = (value: number): number => {
    if (value < 0) return value;
    let id = idOf.get(value);
    if (id === undefined) {
      id = ids.push(value) - 1;
      idOf.set(value, id);
    }
    return id;
  };
  const a = Int32Array.from(rows, (i) => local(part.a[i] as number));
  const b = Int32Array.from(rows, (i) => (part.kind[i] === CAS ? local(part.b[i] as number) : NO_VALUE));
  return {
    key: part.key,
    count: rows.length,
    row: Int32Array.from(rows, (i) => (part.row === null ? i : (part.row[i] as number))),
    kind: Uint8Array.from(rows, (i) => part.kind[i] as number),
    a,
    b,
    call,
    ret,
    rankCount,
    valueCount: ids.length,
    initial: 0,
    valueIds: Int32Array.from(ids, (value) => (part.valueIds === null ? value : (part.valueIds[value] as number))),
    keyOf: null,
  };
}

/** Operations of a part that say something. */
export function meaningful(part: Part): number[] {
  const rows: number[] = [];
  for (let i = 0; i < part.count; i++) if (part.kind[i] !== NOTHING) rows.push(i);
  return rows;
}
