// Tier 0: a register whose written values are all different is decided in linear time after ranking.
//
// The writer of a value and its reads form a cluster. A successful compare-and-set must directly follow the cluster of
// the value it found, because that value never comes back; so clusters form chains, and each chain is one contiguous
// block of any linearization. With f = least return and s = greatest call of a block, block A must precede block B iff
// f(A) < s(B), and a history is linearizable iff no two blocks must precede each other: the zone test of Gibbons &
// Korach, "Testing shared memories", SIAM J. Comput. 26(4), 1997, on blocks instead of clusters.

import type { Budget } from "./budget.js";
import * as H from "./history.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

// Constants of this module: see read/fields.ts.
const { CAS, NEVER, NOTHING, READ, WRITE } = H;

/** Writer of the initial value, before everything. */
export const VIRTUAL = -2;
const NONE = -1;

/** `notUnique`: the tier cannot decide. `violated`: `suspects` are operations of the part that cannot be ordered. */
export type ZoneResult =
  | { readonly verdict: "notUnique" }
  | { readonly verdict: "violated"; readonly rule: ZoneRule; readonly suspects: readonly number[] }
  | { readonly verdict: "ok"; readonly zones: Zones };

/** Which test failed. */
export type ZoneRule = "thinAir" | "twoCas" | "casCycle" | "blockOrder" | "zonesOverlap";

/** What the test found out; enough to write down a linearization or to ask which reads were stale. */
export type Zones = {
  /** By value: the operation that wrote it, `VIRTUAL`, or -1. */
  readonly writer: Int32Array;
  /** By value: the compare-and-set that consumed it, or -1. */
  readonly next: Int32Array;
  /** By value: last read to be called, and the first to return; -1 if it was never read. */
  readonly lastRead: Int32Array;
  readonly firstRead: Int32Array;
  readonly blockCount: number;
  /** By block: value at the head of its chain, or `-1 - operation` for a write of a value that nobody saw. */
  readonly head: Int32Array;
  readonly f: Int32Array;
  readonly s: Int32Array;
  /** Rank -> block whose zone starts there, or -1. The block of the initial value is not in it: it is block 0. */
  readonly zoneAt: Int32Array;
};

const pollMask = 0xffff;
const notUnique: ZoneResult = { verdict: "notUnique" };
const none = new Int32Array(0);

/** Decides a part whose observed values are written once each. The result lives as long as `loan`. @throws {BudgetExceeded} */
export function checkZones(part: Part, budget: Budget, loan: Loan): ZoneResult {
  const { valueCount: V, count, rankCount } = part;
  const bytes = 4 * (4 * V + 3 * (count + 1) + rankCount);
  budget.take(bytes);
  try {
    const test = new ZoneTest(part, budget, loan);
    const result = test.run();
    return result.verdict === "violated" ? { ...result, suspects: test.withObservers(result.suspects) } : result;
  } finally {
    budget.give(bytes);
  }
}

class ZoneTest {
  private readonly part: Part;
  private readonly budget: Budget;
  private readonly loan: Loan;
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
  private blockCount = 0;
  private head: Int32Array = none;
  private f: Int32Array = none;
  private s: Int32Array = none;

  constructor(part: Part, budget: Budget, loan: Loan) {
    this.part = part;
    this.budget = budget;
    this.loan = loan;
    this.writer = loan.filled(part.valueCount, NONE);
    this.next = loan.filled(part.valueCount, NONE);
    this.lastRead = loan.filled(part.valueCount, NONE);
    this.firstRead = loan.filled(part.valueCount, NONE);
  }

  run(): ZoneResult {
    this.writer[this.part.initial] = VIRTUAL;
    // Twice: what is kept of the unknown operations observes more, but finding that out takes longer.
    if (!this.gather() || this.isWrittenAgain()) return notUnique;
    if (!this.keepUnknown() || this.isWrittenAgain()) return notUnique;
    const thin = this.thinAir();
    if (thin >= 0) return { verdict: "violated", rule: "thinAir", suspects: [thin] };
    if (this.twoCas !== null) return { verdict: "violated", rule: "twoCas", suspects: this.twoCas };
    return this.buildBlocks() ?? this.testZones();
  }

  /** An operation of unknown outcome is suspect only together with what shows that it happened. */
  withObservers(suspects: readonly number[]): readonly number[] {
    const all = new Set(suspects);
    for (const i of all) {
      if (this.part.ret[i] !== NEVER) continue;
      const v = this.target(i);
      const observer = ((this.firstRead[v] as number) >= 0 ? this.firstRead[v] : this.next[v]) as number;
      if (observer >= 0) all.add(observer);
    }
    return [...all];
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
    if (this.writer[to] === NONE) {
      this.writer[to] = i;
      this.casCount += 1;
    } else this.again.push(i);
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

  private buildBlocks(): ZoneResult | null {
    const { kind, call, ret, valueCount } = this.part;
    const { writer, next } = this;
    const size = this.writeCount + this.again.length + 1;
    this.head = this.loan.any(size);
    this.f = this.loan.any(size);
    this.s = this.loan.any(size);
    let casSeen = this.again.reduce((n, i) => n + (kind[i] === CAS ? 1 : 0), 0);
    const casAll = this.casCount + casSeen;
    casSeen = 0;
    const first = this.walk(this.part.initial);
    if (typeof first !== "number") return first;
    casSeen += first;
    for (let v = 0; v < valueCount; v++) {
      if ((v & pollMask) === pollMask) this.budget.checkTime();
      const w = writer[v] as number;
      if (w < 0 || kind[w] !== WRITE) continue;
      if (this.lastRead[v] === NONE && next[v] === NONE) {
        this.addBlock(v, ret[w] as number, call[w] as number);
        continue;
      }
      const walked = this.walk(v);
      if (typeof walked !== "number") return walked;
      casSeen += walked;
    }
    for (const i of this.again) {
      if (kind[i] === WRITE) this.addBlock(-1 - i, ret[i] as number, call[i] as number);
    }
    return casSeen === casAll ? null : { verdict: "violated", rule: "casCycle", suspects: this.cycle() };
  }

  private addBlock(head: number, f: number, s: number): void {
    const block = this.blockCount++;
    this.head[block] = head;
    this.f[block] = f;
    this.s[block] = s;
  }

  /** Walks the chain of clusters from value `v`; adds its block. The number of compare-and-sets in it, or the violation. */
  private walk(v: number): number | ZoneResult {
    const { call, ret } = this.part;
    let f = NEVER;
    let s = -1;
    let lastCalled = -1;
    let casCount = 0;
    let w = this.writer[v] as number;
    if (w === VIRTUAL) f = -1;
    for (let cluster = v; ; ) {
      if (w >= 0) {
        // Whatever stands before must not have been called after this writer returned.
        if ((ret[w] as number) < s) return this.blockOrder(lastCalled, w);
        if ((ret[w] as number) < f) f = ret[w] as number;
        if ((call[w] as number) > s) {
          s = call[w] as number;
          lastCalled = w;
        }
      }
      const first = cluster < 0 ? NONE : (this.firstRead[cluster] as number);
      if (first >= 0) {
        if ((ret[first] as number) < s) return this.blockOrder(lastCalled, first);
        if ((ret[first] as number) < f) f = ret[first] as number;
        const last = this.lastRead[cluster] as number;
        if ((call[last] as number) > s) {
          s = call[last] as number;
          lastCalled = last;
        }
      }
      const cas = cluster < 0 ? NONE : (this.next[cluster] as number);
      if (cas < 0) break;
      casCount += 1;
      w = cas;
      const to = this.part.b[cas] as number;
      // A value with several writers is nobody's cluster: nothing saw it, the chain ends here.
      cluster = this.writer[to] === cas ? to : NONE;
    }
    this.addBlock(v, f, s);
    return casCount;
  }

  private blockOrder(later: number, earlier: number): ZoneResult {
    return { verdict: "violated", rule: "blockOrder", suspects: [earlier, later] };
  }

  private cycle(): number[] {
    const seen = new Uint8Array(this.part.valueCount);
    const mark = (from: number): void => {
      for (let v = from; v >= 0 && seen[v] === 0; ) {
        seen[v] = 1;
        const cas = this.next[v] as number;
        if (cas < 0) return;
        const to = this.part.b[cas] as number;
        v = this.writer[to] === cas ? to : NONE;
      }
    };
    mark(this.part.initial);
    for (let v = 0; v < seen.length; v++) {
      const w = this.writer[v] as number;
      if (w >= 0 && this.part.kind[w] === WRITE) mark(v);
    }
    for (let v = 0; v < seen.length; v++) {
      const w = this.writer[v] as number;
      if (seen[v] === 1 || w < 0) continue;
      // Unreached, so every chain leads back into a cycle: walk backwards until a value repeats.
      const path: number[] = [];
      const at = new Map<number, number>();
      for (let x = v; !at.has(x); x = this.part.a[this.writer[x] as number] as number) {
        at.set(x, path.length);
        path.push(this.writer[x] as number);
        const before = this.part.a[this.writer[x] as number] as number;
        if (at.has(before)) return path.slice(at.get(before)).reverse();
      }
    }
    throw new Error("a compare-and-set is on no chain and on no cycle");
  }

  private testZones(): ZoneResult {
    const { f, s, blockCount } = this;
    const { rankCount } = this.part;
    const zoneAt = this.loan.filled(rankCount, NONE);
    for (let block = 1; block < blockCount; block++) {
      const start = Math.min(f[block] as number, s[block] as number);
      zoneAt[start] = block;
    }
    // Block 0, the initial value, is a forward zone from -1 on.
    let forward = 0;
    let forwardEnd = s[0] as number;
    for (let rank = 0; rank < rankCount; rank++) {
      const block = zoneAt[rank] as number;
      if (block < 0) continue;
      if ((rank & pollMask) === pollMask) this.budget.checkTime();
      if ((f[block] as number) < forwardEnd) {
        return { verdict: "violated", rule: "zonesOverlap", suspects: this.overlap(forward, block) };
      }
      if (f[block] === rank) {
        forward = block;
        forwardEnd = s[block] as number;
      }
    }
    return { verdict: "ok", zones: { ...this.tables(), blockCount, head: this.head, f, s, zoneAt } };
  }

  private tables(): Pick<Zones, "writer" | "next" | "lastRead" | "firstRead"> {
    return { writer: this.writer, next: this.next, lastRead: this.lastRead, firstRead: this.firstRead };
  }

  private overlap(x: number, y: number): number[] {
    const suspects = new Set<number>();
    for (const block of [x, y]) {
      for (const i of this.blockOperations(block)) {
        if (this.part.ret[i] === this.f[block] || this.part.call[i] === this.s[block]) suspects.add(i);
      }
    }
    return [...suspects];
  }

  private blockOperations(block: number): number[] {
    const head = this.head[block] as number;
    if (head < 0) return [-1 - head];
    const found: number[] = [];
    let w = this.writer[head] as number;
    for (let v = head; ; ) {
      if (w >= 0) found.push(w);
      if (v < 0) return found;
      if ((this.firstRead[v] as number) >= 0) found.push(this.firstRead[v] as number, this.lastRead[v] as number);
      w = this.next[v] as number;
      if (w < 0) return found;
      const to = this.part.b[w] as number;
      v = this.writer[to] === w ? to : NONE;
    }
  }
}
