// Tier 0: a register whose written values are all different is decided in linear time after ranking.
//
// The writer of a value and its reads form a cluster. A successful compare-and-set must directly follow the cluster of
// the value it found, because that value never comes back; so clusters form chains, and each chain is one contiguous
// block of any linearization. With f = least return and s = greatest call of a block, block A must precede block B iff
// f(A) < s(B), and a history is linearizable iff no two blocks must precede each other: the zone test of Gibbons &
// Korach, "Testing shared memories", SIAM J. Comput. 26(4), 1997, on blocks instead of clusters.

import type { Budget } from "./budget.js";
import { type Clusters, clustersOf, VIRTUAL, withObservers } from "./clusters.js";
import * as H from "./history.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

// Constants of this module: see read/fields.ts.
const { CAS, NEVER, WRITE } = H;

const NONE = -1;

/** `notUnique`: the tier cannot decide. `violated`: `suspects` are operations of the part that cannot be ordered. */
export type ZoneResult =
  | { readonly verdict: "notUnique" }
  | { readonly verdict: "violated"; readonly rule: ZoneRule; readonly suspects: readonly number[] }
  | { readonly verdict: "ok"; readonly zones: Zones };

/** Which test failed. */
export type ZoneRule = "thinAir" | "twoCas" | "casCycle" | "blockOrder" | "zonesOverlap";

/** What the test found out; enough to write down a linearization. */
export type Zones = Clusters & {
  /** The first ones are those of the initial values, one a key. */
  readonly blockCount: number;
  /** By block: value at the head of its chain, or `-1 - operation` for a write of a value that nobody saw. */
  readonly head: Int32Array;
  readonly f: Int32Array;
  readonly s: Int32Array;
  /** Rank -> block whose zone starts there, or -1. The blocks of the initial values are not in it. */
  readonly zoneAt: Int32Array;
};

const pollMask = 0xffff;

/** Decides a part whose observed values are written once each. The result lives as long as `loan`. @throws {BudgetExceeded} */
export function checkZones(part: Part, budget: Budget, loan: Loan): ZoneResult {
  budget.take(16 * part.valueCount);
  try {
    const clusters = clustersOf(part, budget, loan);
    return "verdict" in clusters ? clusters : checkClusters(part, clusters, budget, loan);
  } finally {
    budget.give(16 * part.valueCount);
  }
}

/** The same for a part with known clusters. The result lives as long as `loan`. @throws {BudgetExceeded} */
export function checkClusters(part: Part, clusters: Clusters, budget: Budget, loan: Loan): ZoneResult {
  const bytes = 4 * (3 * (clusters.writeCount + clusters.aloneCount + clusters.roots) + part.rankCount);
  budget.take(bytes);
  try {
    const result = new ZoneTest(part, clusters, budget, loan).run();
    if (result.verdict !== "violated") return result;
    return { ...result, suspects: withObservers(part, clusters, result.suspects) };
  } finally {
    budget.give(bytes);
  }
}

class ZoneTest {
  private readonly part: Part;
  private readonly clusters: Clusters;
  private readonly budget: Budget;
  private readonly loan: Loan;
  private readonly writer: Int32Array;
  private readonly next: Int32Array;
  private readonly lastRead: Int32Array;
  private readonly firstRead: Int32Array;
  private blockCount = 0;
  private readonly head: Int32Array;
  private readonly f: Int32Array;
  private readonly s: Int32Array;

  constructor(part: Part, clusters: Clusters, budget: Budget, loan: Loan) {
    this.part = part;
    this.clusters = clusters;
    this.budget = budget;
    this.loan = loan;
    this.writer = clusters.writer;
    this.next = clusters.next;
    this.lastRead = clusters.lastRead;
    this.firstRead = clusters.firstRead;
    const size = clusters.writeCount + clusters.aloneCount + clusters.roots;
    this.head = loan.any(size);
    this.f = loan.any(size);
    this.s = loan.any(size);
  }

  run(): ZoneResult {
    return this.buildBlocks() ?? this.testZones();
  }

  private buildBlocks(): ZoneResult | null {
    const { kind, call, ret, valueCount, initial } = this.part;
    const { writer, next, clusters } = this;
    let casSeen = 0;
    for (let root = 0; root < clusters.roots; root++) {
      const walked = this.walk(initial + root);
      if (typeof walked !== "number") return walked;
      casSeen += walked;
    }
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
    for (let n = 0; n < clusters.aloneCount; n++) {
      const i = clusters.alone[n] as number;
      if (kind[i] !== CAS) this.addBlock(-1 - i, ret[i] as number, call[i] as number);
    }
    return casSeen === clusters.casCount ? null : { verdict: "violated", rule: "casCycle", suspects: this.cycle() };
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
    const { f, s, head, writer, blockCount } = this;
    const { rankCount, keyOf } = this.part;
    const { roots } = this.clusters;
    const zoneAt = this.loan.filled(rankCount, NONE);
    for (let block = roots; block < blockCount; block++) {
      const start = Math.min(f[block] as number, s[block] as number);
      zoneAt[start] = block;
    }
    // By key. The blocks of the initial values are forward zones from -1 on.
    const forward = this.loan.any(roots);
    const forwardEnd = this.loan.any(roots);
    for (let root = 0; root < roots; root++) {
      forward[root] = root;
      forwardEnd[root] = s[root] as number;
    }
    for (let rank = 0; rank < rankCount; rank++) {
      if ((rank & pollMask) === pollMask) this.budget.checkTime();
      const block = zoneAt[rank] as number;
      if (block < 0) continue;
      const first = head[block] as number;
      const key = keyOf === null ? 0 : (keyOf[first < 0 ? -1 - first : (writer[first] as number)] as number);
      if ((f[block] as number) < (forwardEnd[key] as number)) {
        return { verdict: "violated", rule: "zonesOverlap", suspects: this.overlap(forward[key] as number, block) };
      }
      if (f[block] === rank) {
        forward[key] = block;
        forwardEnd[key] = s[block] as number;
      }
    }
    return { verdict: "ok", zones: { ...this.clusters, blockCount, head, f, s, zoneAt } };
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
