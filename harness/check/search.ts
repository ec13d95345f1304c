// Tier 1: the search of Wing & Gong ("Testing and verifying concurrent objects", 1993) with Lowe's memo of
// configurations ("Testing for linearizability", 2016), reduced:
// - operations that do not change the state are linearized as soon as they are possible, without a branch;
// - operations of unknown outcome are optional: the search ends when all required ones are linearized;
// - of several enabled operations with the same effect only the first to return is tried;
// - a machine may forbid steps after which no completion can follow (a value still to be read, without a writer left).
// A search is resumable, so that the keys of a history can take turns.

import type { Budget } from "./budget.js";
import { NEVER } from "./history.js";
import { IMPOSSIBLE, type Machine } from "./machine.js";
import { Memo } from "./memo.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

/** `running`: not decided yet. */
export type SearchState = "running" | "ok" | "violated";

const firstCandidates = 256;

/** The search of one part. */
export class Search {
  /** Configurations entered so far. */
  steps = 0;
  private readonly part: Part;
  private readonly machine: Machine;
  private readonly budget: Budget;
  private readonly memo: Memo;
  private readonly bytes: number;
  private readonly next: Int32Array;
  private readonly prev: Int32Array;
  private readonly head: number;
  /** Number among the required (in call order), or -1 - number among the optional. */
  private readonly bitOf: Int32Array;
  /** Required calls before the return of i. */
  private readonly callsBefore: Int32Array;
  private readonly required: Int32Array;
  private readonly optional: Int32Array;
  private readonly classOf: Int32Array;
  private readonly pure: Uint8Array;
  private readonly classStamp: Int32Array;
  private readonly classBest: Int32Array;
  private readonly key: Int32Array;
  private stamp = 0;
  private state: number;
  private remaining = 0;
  private hash = 0;
  // Linearized operations in order, and one frame per branch taken.
  private readonly order: Int32Array;
  private length = 0;
  private readonly frameBase: Int32Array;
  private readonly frameState: Int32Array;
  private readonly frameAt: Int32Array;
  private readonly frameEnd: Int32Array;
  private candidates: Int32Array;
  private readonly optionalWords: number;
  private depth = 0;
  private entered = false;
  // The longest order seen when the search had to turn back.
  private readonly best: Int32Array;
  private bestLength = 0;
  /** Rank of the furthest return that some configuration waited for: no order gets past it. */
  furthest = -1;
  private bestShared = 0;

  /** `loan` is released by the caller, after the last use of the search. */
  constructor(part: Part, machine: Machine, budget: Budget, loan: Loan) {
    const n = part.count;
    this.part = part;
    this.machine = machine;
    this.budget = budget;
    this.bytes = 4 * (2 * (2 * n + 1) + 12 * n + part.rankCount) + 4096;
    budget.take(this.bytes);
    this.memo = new Memo(budget, loan);
    this.next = loan.any(2 * n + 1);
    this.prev = loan.any(2 * n + 1);
    this.head = 2 * n;
    this.bitOf = loan.any(n);
    this.callsBefore = loan.any(n);
    this.classOf = loan.any(n);
    this.pure = loan.anyBytes(n);
    this.order = loan.any(n);
    this.best = loan.any(n);
    this.frameBase = loan.any(n + 1);
    this.frameState = loan.any(n + 1);
    this.frameAt = loan.any(n + 1);
    this.frameEnd = loan.filled(n + 1, 0);
    this.frameAt[0] = 0;
    this.candidates = loan.any(firstCandidates);
    this.state = machine.initial;
    const optionalCount = this.link(loan);
    const requiredWords = (n >> 5) + 1;
    this.optionalWords = (optionalCount + 31) >> 5;
    this.required = loan.filled(requiredWords, 0);
    this.optional = loan.filled(this.optionalWords, 0);
    this.key = loan.any(requiredWords + this.optionalWords + 3);
    let classes = 0;
    for (let i = 0; i < n; i++) {
      if ((i & 0xffff) === 0xffff) budget.checkTime();
      this.pure[i] = machine.isPure(i) ? 1 : 0;
      const c = machine.classOf(i);
      this.classOf[i] = c;
      if (c >= classes) classes = c + 1;
    }
    this.classStamp = loan.filled(classes, 0);
    this.classBest = loan.any(classes);
  }

  /** Goes on for about `stepsMax` configurations. @throws {BudgetExceeded} */
  run(stepsMax: number): SearchState {
    const stepsEnd = this.steps + stepsMax;
    if (!this.entered) {
      this.entered = true;
      if (this.enter()) return "ok";
    }
    while (this.steps < stepsEnd) {
      const at = this.frameAt[this.depth] as number;
      if (at === this.frameEnd[this.depth]) {
        if (this.depth === 0) return "violated";
        this.turnBack();
        continue;
      }
      this.frameAt[this.depth] = at + 1;
      const i = this.candidates[at] as number;
      this.depth += 1;
      this.frameBase[this.depth] = this.length;
      this.frameState[this.depth] = this.state;
      this.state = this.machine.step(this.state, i);
      this.lift(i);
      if (this.enter()) return "ok";
    }
    return "running";
  }

  release(): void {
    this.memo.release();
    this.machine.release();
    this.budget.give(this.bytes);
  }

  /** After "ok": the linearization. */
  linearization(): Int32Array {
    return this.order.slice(0, this.length);
  }

  /** The longest prefix of a linearization that the search has found. */
  longestPrefix(): Int32Array {
    return this.length > this.bestLength ? this.order.slice(0, this.length) : this.best.slice(0, this.bestLength);
  }

  /** Links calls and returns in the order of their ranks; numbers the operations. Returns how many are optional. */
  private link(loan: Loan): number {
    const { count: n, call, ret, rankCount } = this.part;
    const at = loan.filled(rankCount, -1);
    for (let i = 0; i < n; i++) {
      at[call[i] as number] = i;
      if (ret[i] !== NEVER) at[ret[i] as number] = n + i;
    }
    let last = this.head;
    let requiredCount = 0;
    let optionalCount = 0;
    for (let rank = 0; rank < rankCount; rank++) {
      if ((rank & 0xffff) === 0xffff) this.budget.checkTime();
      const node = at[rank] as number;
      if (node < 0) continue;
      this.next[last] = node;
      this.prev[node] = last;
      last = node;
      if (node >= n) this.callsBefore[node - n] = requiredCount;
      else this.bitOf[node] = ret[node] === NEVER ? -1 - optionalCount++ : requiredCount++;
    }
    this.next[last] = this.head;
    this.prev[this.head] = last;
    this.remaining = requiredCount;
    loan.give(at);
    return optionalCount;
  }

  private lift(i: number): void {
    const { next, prev } = this;
    const n = this.part.count;
    const bit = this.bitOf[i] as number;
    this.order[this.length++] = i;
    next[prev[i] as number] = next[i] as number;
    prev[next[i] as number] = prev[i] as number;
    if (bit >= 0) {
      next[prev[n + i] as number] = next[n + i] as number;
      prev[next[n + i] as number] = prev[n + i] as number;
      this.required[bit >> 5] = (this.required[bit >> 5] as number) ^ (1 << (bit & 31));
      this.remaining -= 1;
    } else {
      const o = -1 - bit;
      this.optional[o >> 5] = (this.optional[o >> 5] as number) ^ (1 << (o & 31));
    }
    this.hash ^= mix(bit);
    this.machine.onLift(i);
  }

  private unlift(i: number): void {
    const { next, prev } = this;
    const n = this.part.count;
    const bit = this.bitOf[i] as number;
    if (bit >= 0) {
      next[prev[n + i] as number] = n + i;
      prev[next[n + i] as number] = n + i;
      this.required[bit >> 5] = (this.required[bit >> 5] as number) ^ (1 << (bit & 31));
      this.remaining += 1;
    } else {
      const o = -1 - bit;
      this.optional[o >> 5] = (this.optional[o >> 5] as number) ^ (1 << (o & 31));
    }
    next[prev[i] as number] = i;
    prev[next[i] as number] = i;
    this.hash ^= mix(bit);
    this.machine.onUnlift(i);
  }

  private turnBack(): void {
    if (this.length > this.bestLength) {
      for (let i = this.bestShared; i < this.length; i++) this.best[i] = this.order[i] as number;
      this.bestLength = this.length;
      this.bestShared = this.length;
    }
    const base = this.frameBase[this.depth] as number;
    this.budget.spend(4 * (this.length - base));
    while (this.length > base) {
      this.length -= 1;
      this.unlift(this.order[this.length] as number);
    }
    if (base < this.bestShared) this.bestShared = base;
    this.state = this.frameState[this.depth] as number;
    this.depth -= 1;
  }

  /** Enters the configuration just made: closes it under pure operations, then lists its branches. True = all done. */
  private enter(): boolean {
    this.steps += 1;
    const { next, prev, pure, machine, head } = this;
    const n = this.part.count;
    let node = next[head] as number;
    let visited = 16;
    while (node < n) {
      visited += 1;
      if ((visited & 0xfff) === 0) this.budget.checkTime();
      if (pure[node] === 1 && machine.step(this.state, node) !== IMPOSSIBLE) {
        const before = prev[node] as number;
        this.lift(node);
        node = next[before] as number;
      } else node = next[node] as number;
      // The return of a lifted operation is gone from the list, so the first return left is of one that waits.
    }
    this.budget.spend(visited + this.optionalWords);
    if (this.remaining === 0) return true;
    this.state = machine.settle(this.state);
    const waitsFor = this.part.ret[node - n] as number;
    if (waitsFor > this.furthest) this.furthest = waitsFor;
    const at = this.frameEnd[this.depth - 1] ?? 0;
    this.frameAt[this.depth] = at;
    this.frameEnd[this.depth] = at;
    if (this.isNew(node - n)) this.frameEnd[this.depth] = this.listCandidates(at);
    return false;
  }

  private isNew(waiting: number): boolean {
    const { key, required, optional } = this;
    let first = this.next[this.head] as number;
    while ((this.bitOf[first] as number) < 0) first = this.next[first] as number;
    const low = (this.bitOf[first] as number) >> 5;
    let high = (((this.callsBefore[waiting] as number) - 1) >> 5) + 1;
    while (high > low && required[high - 1] === 0) high -= 1;
    let length = 3;
    for (let w = low; w < high; w++) key[length++] = required[w] as number;
    key[0] = this.state;
    key[1] = low;
    key[2] = high;
    let end = this.optionalWords;
    while (end > 0 && optional[end - 1] === 0) end -= 1;
    for (let w = 0; w < end; w++) key[length++] = optional[w] as number;
    return this.memo.add(key, length, mixState(this.hash, this.state));
  }

  /** Branches of this configuration from `at` on in `candidates`; returns their end. */
  private listCandidates(at: number): number {
    const { next, pure, machine, classOf, classStamp, classBest, state } = this;
    const { count: n, ret } = this.part;
    const stamp = ++this.stamp;
    let found = at;
    for (let i = next[this.head] as number; i < n; i = next[i] as number) {
      if (pure[i] === 1) continue;
      const c = classOf[i] as number;
      if (classStamp[c] === stamp) {
        const other = classBest[c] as number;
        if ((ret[i] as number) < (ret[this.candidates[other] as number] as number)) this.candidates[other] = i;
        continue;
      }
      if (found === this.candidates.length) this.growCandidates();
      classStamp[c] = stamp;
      classBest[c] = found;
      this.candidates[found++] = i;
    }
    let end = at;
    this.budget.spend(4 * (found - at));
    for (let c = at; c < found; c++) {
      const i = this.candidates[c] as number;
      const after = machine.step(state, i);
      if (after === IMPOSSIBLE) continue;
      // An optional operation without effect can as well be left out.
      if (after === state ? ret[i] === NEVER : !machine.mayLeave(state, after, i)) continue;
      this.candidates[end++] = i;
    }
    return end;
  }

  private growCandidates(): void {
    const length = this.candidates.length;
    this.budget.take(4 * length);
    const larger = new Int32Array(length * 2);
    larger.set(this.candidates);
    this.candidates = larger;
  }
}

function mix(bit: number): number {
  let h = Math.imul(bit ^ 0x5bd1e995, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return Math.imul(h ^ (h >>> 13), 0xc2b2ae35) ^ (h >>> 16);
}

function mixState(hash: number, state: number): number {
  return hash ^ mix(state + 0x40000000);
}
