// The clusters of a register whose observed values are written once each: who wrote a value, who replaced it, which
// reads saw it first and last.

import type { Budget } from "./budget.js";
import * as H from "./history.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

// Constants of this module: see read/fields.ts.
const { CAS, NEVER, NOTHING, READ, WRITE } = H;

/** Writer of the initial value, before everything. */
export const VIRTUAL = -2;
const NONE = -1;

const pollMask = 0xffff;

/** By value; everything the zone test needs to know of a part. */
export type Clusters = {
  /** The operation that wrote it, `VIRTUAL`, or -1. */
  readonly writer: Int32Array;
  /** The compare-and-set that consumed it, or -1. */
  readonly next: Int32Array;
  /** Last read to be called, and the first to return; -1 if it was never read. */
  readonly lastRead: Int32Array;
  readonly firstRead: Int32Array;
  /** Values from the initial one on that are there before everything, one a key. */
  readonly roots: number;
  /** Operations that certainly happened and are no value's writer: nobody saw what they wrote. */
  readonly alone: Int32Array;
  readonly aloneCount: number;
  /** Writers that are no compare-and-sets. */
  readonly writeCount: number;
  readonly casCount: number;
};

/** What stands against clusters; see {@link clustersOf}. */
export type NoClusters =
  | { readonly verdict: "notUnique" }
  | { readonly verdict: "violated"; readonly rule: "thinAir" | "twoCas"; readonly suspects: readonly number[] };

/** Finds the clusters. `notUnique`: an observed value has two writers, or a kind is not understood. */
export function clustersOf(part: Part, budget: Budget, loan: Loan): Clusters | NoClusters {
  return new Gathering(part, budget, loan).run();
}

/** An operation of unknown outcome is suspect only together with what shows that it happened. */
export function withObservers(part: Part, clusters: Clusters, suspects: Iterable<number>): readonly number[] {
  const { firstRead, next } = clusters;
  const all = new Set(suspects);
  for (const i of all) {
    if (part.ret[i] !== NEVER) continue;
    const v = (part.kind[i] === CAS ? part.b[i] : part.a[i]) as number;
    const observer = ((firstRead[v] as number) >= 0 ? firstRead[v] : next[v]) as number;
    if (observer >= 0) all.add(observer);
  }
  return [...all];
}

class Gathering {
  private readonly part: Part;
  private readonly budget: Budget;
  private readonly writer: Int32Array;
  private readonly next: Int32Array;
  private readonly lastRead: Int32Array;
  private readonly firstRead: Int32Array;
  /** Required writes and compare-and-sets of a value that has another writer. */
  private readonly again: number[] = [];
  private readonly unknown: number[] = [];
  private twoCas: readonly [number, number] | null = null;
  private casCount = 0;
  private writeCount = 0;

  constructor(part: Part, budget: Budget, loan: Loan) {
    this.part = part;
    this.budget = budget;
    this.writer = loan.filled(part.valueCount, NONE);
    this.next = loan.filled(part.valueCount, NONE);
    this.lastRead = loan.filled(part.valueCount, NONE);
    this.firstRead = loan.filled(part.valueCount, NONE);
  }

  run(): Clusters | NoClusters {
    this.writer[this.part.initial] = VIRTUAL;
    // Twice: what is kept of the unknown operations observes more, but finding that out takes longer.
    if (!this.gather() || this.isWrittenAgain()) return { verdict: "notUnique" };
    if (!this.keepUnknown() || this.isWrittenAgain()) return { verdict: "notUnique" };
    const { writer, next, lastRead, firstRead, writeCount, casCount } = this;
    const alone = Int32Array.from(this.again);
    const aloneCount = alone.length;
    const clusters = { writer, next, lastRead, firstRead, roots: 1, alone, aloneCount, writeCount, casCount };
    const violated = (rule: "thinAir" | "twoCas", suspects: readonly number[]): NoClusters => {
      return { verdict: "violated", rule, suspects: withObservers(this.part, clusters, suspects) };
    };
    const thin = this.thinAir();
    if (thin >= 0) return violated("thinAir", [thin]);
    return this.twoCas === null ? clusters : violated("twoCas", this.twoCas);
  }

  private target(i: number): number {
    return (this.part.kind[i] === CAS ? this.part.b[i] : this.part.a[i]) as number;
  }

  private isWrittenAgain(): boolean {
    for (const i of this.again) if (this.isObserved(this.target(i))) return true;
    return false;
  }

  private isObserved(v: number): boolean {
    return (this.lastRead[v] as number) >= 0 || (this.next[v] as number) >= 0;
  }

  /** One pass over all operations. False: a kind that this tier does not understand. */
  private gather(): boolean {
    const { kind, a, b, ret, count } = this.part;
    const { lastRead, firstRead, writer } = this;
    for (let i = 0; i < count; i++) {
      if ((i & pollMask) === pollMask) this.budget.checkTime();
      const k = kind[i] as number;
      const v = a[i] as number;
      if (k === READ) {
        const first = firstRead[v] as number;
        if (first < 0 || (ret[i] as number) < (ret[first] as number)) firstRead[v] = i;
        lastRead[v] = i;
      } else if (k === WRITE) {
        if (ret[i] === NEVER) this.unknown.push(i);
        else if (writer[v] === NONE) {
          writer[v] = i;
          this.writeCount += 1;
        } else this.again.push(i);
      } else if (k === CAS) {
        if (v === b[i]) return false;
        if (ret[i] === NEVER) this.unknown.push(i);
        else this.gatherCas(i);
      } else if (k !== NOTHING) return false;
    }
    return true;
  }

  private gatherCas(i: number): void {
    const from = this.part.a[i] as number;
    const to = this.part.b[i] as number;
    if ((this.next[from] as number) >= 0) this.twoCas ??= [this.next[from] as number, i];
    else this.next[from] = i;
    this.casCount += 1;
    if (this.writer[to] === NONE) this.writer[to] = i;
    else this.again.push(i);
  }

  /** An operation of unknown outcome happened iff its value was observed, possibly by another kept one. False: two writers. */
  private keepUnknown(): boolean {
    if (this.unknown.length === 0) return true;
    const byValue = new Map<number, number[]>();
    const todo: number[] = [];
    for (const i of this.unknown) {
      const v = this.target(i);
      const list = byValue.get(v);
      if (list === undefined) byValue.set(v, [i]);
      else list.push(i);
      if (list === undefined && this.isObserved(v)) todo.push(v);
    }
    for (let v = todo.pop(); v !== undefined; v = todo.pop()) {
      const writers = byValue.get(v) as number[];
      if (this.writer[v] !== NONE || writers.length > 1) return false;
      const i = writers[0] as number;
      if (this.part.kind[i] === WRITE) {
        this.writer[v] = i;
        this.writeCount += 1;
        continue;
      }
      const from = this.part.a[i] as number;
      const wasObserved = this.isObserved(from);
      this.gatherCas(i);
      if (!wasObserved && byValue.has(from)) todo.push(from);
    }
    return true;
  }

  private thinAir(): number {
    for (let v = 0; v < this.part.valueCount; v++) {
      if (this.writer[v] !== NONE) continue;
      if ((this.firstRead[v] as number) >= 0) return this.firstRead[v] as number;
      if ((this.next[v] as number) >= 0) return this.next[v] as number;
    }
    return -1;
  }
}
