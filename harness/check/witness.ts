// From "there is no order" to a few operations that show it.
//
// Leaving operations out of a history may only be trusted if whoever may have written a value that is still observed
// stays in: then every linearization of the history, cut down to what is left, is one of what is left. Such a set is
// called closed here. A closed set without a linearization is a witness.

import { Budget, BudgetExceeded } from "./budget.js";
import { APPEND, CAS, type History, NEVER, NO_VALUE, NOT_EQUAL, NOTHING, READ, WRITE } from "./history.js";
import type { Part } from "./parts.js";

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
  const shrinker = new Shrinker(h, part, isViolated, budget);
  for (let current = rows; !budget.isLate(); ) {
    const closed = shrinker.close(current);
    if (shrinker.test(closed)) return shrinker.shrink(closed);
    const last = closed[closed.length - 1] ?? 0;
    // The search looks ahead, so it can give up before the operation that makes an order impossible.
    current = meaningful(part).filter((i) => i <= 2 * last + 1);
    if (current.length <= closed.length) return null;
  }
  return null;
}

class Shrinker {
  private readonly h: History;
  private readonly part: Part;
  private readonly isViolated: IsViolated;
  private readonly budget: Budget;
  private readonly hasAppend: boolean;
  /** By value: operations that write it. */
  private readonly writers = new Map<number, number[]>();
  /** Everything that changes the key. */
  private readonly mutations: number[] = [];

  constructor(h: History, part: Part, isViolated: IsViolated, budget: Budget) {
    this.h = h;
    this.part = part;
    this.isViolated = isViolated;
    this.budget = budget;
    let hasAppend = false;
    for (let i = 0; i < part.count; i++) {
      const kind = part.kind[i];
      if (kind === APPEND) hasAppend = true;
      if (kind === APPEND || kind === WRITE || kind === CAS) this.mutations.push(i);
      if (kind !== WRITE && kind !== CAS) continue;
      const value = (kind === CAS ? part.b[i] : part.a[i]) as number;
      const list = this.writers.get(value);
      if (list === undefined) this.writers.set(value, [i]);
      else list.push(i);
    }
    this.hasAppend = hasAppend;
  }

  /** Adds everybody who may have written what the set observes. */
  close(rows: readonly number[]): number[] {
    const set = new Set(rows);
    for (const i of set) for (const writer of this.writersFor(i)) set.add(writer);
    return [...set].sort((x, y) => x - y);
  }

  test(rows: readonly number[]): boolean {
    try {
      return rows.length > 0 && this.isViolated(subPart(this.part, rows), this.budget);
    } catch (error) {
      if (error instanceof BudgetExceeded) return false;
      throw error;
    }
  }

  shrink(rows: readonly number[]): number[] {
    let current = [...rows];
    for (let size = Math.ceil(current.length / 2); size >= 1; ) {
      const before = current.length;
      for (let from = 0; from < current.length && !this.budget.isLate(); ) {
        const cut = new Set(current.slice(from, from + size));
        const rest = this.withoutOrphans(current.filter((i) => !cut.has(i)));
        if (rest.length < current.length && this.test(rest)) current = rest;
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

  private writersFor(i: number): readonly number[] {
    const kind = this.part.kind[i];
    // A failed comparison saw any other value: whoever may have written one counts.
    if (kind === NOT_EQUAL)
      return this.mutations.filter((w) => (this.part.call[w] as number) < (this.part.ret[i] as number));
    if (kind !== READ && kind !== CAS) return [];
    const value = this.part.a[i] as number;
    const inTime = (w: number): boolean => w !== i && (this.part.call[w] as number) < (this.part.ret[i] as number);
    const writers = (this.writers.get(value) ?? []).filter(inTime);
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
  const events: { readonly at: number; readonly place: number; readonly isReturn: boolean }[] = [];
  for (const [place, i] of rows.entries()) {
    events.push({ at: part.call[i] as number, place, isReturn: false });
    if (part.ret[i] !== NEVER) events.push({ at: part.ret[i] as number, place, isReturn: true });
  }
  events.sort((x, y) => x.at - y.at);
  const call = new Int32Array(rows.length);
  const ret = new Int32Array(rows.length).fill(NEVER);
  for (const [rank, event] of events.entries()) (event.isReturn ? ret : call)[event.place] = rank;
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
    rankCount: events.length,
    valueCount: ids.length,
    initial: 0,
    valueIds: Int32Array.from(ids, (value) => (part.valueIds === null ? value : (part.valueIds[value] as number))),
  };
}

/** Operations of a part that say something. */
export function meaningful(part: Part): number[] {
  const rows: number[] = [];
  for (let i = 0; i < part.count; i++) if (part.kind[i] !== NOTHING) rows.push(i);
  return rows;
}
