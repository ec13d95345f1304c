// Sequential consistency (Lamport 1979): one order of all operations on all keys that keeps every client's own order.
// It does not compose over keys, and deciding it is NP-complete; so, in turn:
// 1. what is linearizable is sequential; what is not causal, not even with memory or convergence, is not sequential;
// 2. the order in which the writes and the linearizable reads took effect, if there is one, is tried as the order: if the
//    other reads fit into it, the level holds (it may accept, never refute);
// 3. a search over the clients' next operations, with a memo, until the budget is used up.

import { Budget, BudgetExceeded } from "../budget.js";
import { CAS, type History, NEVER, NOT_EQUAL, NOTHING, READ, viewOperation, WRITE } from "../history.js";
import { checkLinearizable } from "../linearizable.js";
import { Memo } from "../memo.js";
import { Loan } from "../pool.js";
import { checkCausal } from "./causal.js";
import type { LevelResult } from "./levels.js";
import { countBelow, unsupported, writtenValue } from "./writers.js";

const level = "sequential";

/** `h`: with its read levels as recorded; all reads must fit. */
export function checkSequential(h: History, deadlineMs: number, memoryBytesMax: number): LevelResult {
  const obstacle = unsupported(h);
  if (obstacle !== null) return { level, verdict: "unknown", reason: obstacle };
  const budget = new Budget(deadlineMs, memoryBytesMax);
  const left = (): number => Math.max(1, deadlineMs - budget.elapsedMs());
  const causal = checkCausal(h, "causal", left(), memoryBytesMax);
  if (causal.verdict === "violated") return { ...causal, level, from: "causal" };
  const writes = checkLinearizable(h, { deadlineMs: left() / 2, memoryBytesMax, order: true });
  if (writes.order !== undefined && fitsOrder(h, writes.order)) return { level, verdict: "ok" };
  // Faster to refute than by a search, and with a witness that says more.
  for (const weaker of ["causal-convergence", "causal-memory"] as const) {
    const result = checkCausal(h, weaker, Math.min(left() / 4, 2000), memoryBytesMax);
    if (result.verdict === "violated") return { ...result, level, from: weaker };
  }
  const search = new SequentialSearch(h, budget);
  try {
    if (search.run()) return { level, verdict: "ok" };
    const witness = search.stuckAt().map((i) => viewOperation(h, i));
    const reason = "no order of all operations keeps every client's own order: none gets past all of these";
    return { level, verdict: "violated", reason, witness };
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error;
    return { level, verdict: "unknown", reason: `the ${error.reason} limit was reached before the search ended` };
  }
}

/** Does every operation outside `order` fit into it, each client's operations in its own order? Takes the earliest place. */
export function fitsOrder(h: History, order: Int32Array): boolean {
  const place = new Int32Array(h.count).fill(-1);
  const spans = new Map<number, { readonly starts: number[]; readonly ends: number[] }>();
  const current = new Map<number, { readonly value: number; readonly since: number }>();
  const name = (key: number, value: number): number => key * h.values.count + value;
  const close = (key: number, end: number): void => {
    const { value, since } = current.get(key) ?? { value: h.initial, since: 0 };
    let span = spans.get(name(key, value));
    if (span === undefined) {
      span = { starts: [], ends: [] };
      spans.set(name(key, value), span);
    }
    span.starts.push(since);
    span.ends.push(end);
  };
  // Gap g lies before operation g of the order.
  for (const [at, i] of order.entries()) {
    place[i] = at;
    if (h.kind[i] !== WRITE && h.kind[i] !== CAS) continue;
    close(h.key[i] as number, at);
    current.set(h.key[i] as number, { value: writtenValue(h, i), since: at + 1 });
  }
  for (let key = 0; key < h.keys.count; key++) close(key, order.length);
  const reached = new Map<number, number>();
  for (let i = 0; i < h.count; i++) {
    if (h.kind[i] === NOTHING) continue;
    const process = h.process[i] as number;
    const from = reached.get(process) ?? 0;
    const at = place[i] as number;
    if (at >= 0) {
      if (at < from) return false;
      if (h.ret[i] !== NEVER) reached.set(process, at + 1);
      continue;
    }
    if (h.ret[i] === NEVER) continue;
    if (h.kind[i] !== READ) return false;
    const span = spans.get(name(h.key[i] as number, h.a[i] as number));
    if (span === undefined) return false;
    const n = countBelow(span.ends, from);
    if (n === span.ends.length) return false;
    reached.set(process, Math.max(from, span.starts[n] as number));
  }
  return true;
}

/** Depth first over the clients' next operations. */
class SequentialSearch {
  private readonly h: History;
  private readonly budget: Budget;
  private readonly memo: Memo;
  /** Operations of each client in order; an unknown operation is a client of its own. */
  private readonly queues: number[][] = [];
  /** Queue and place that must have been passed before a queue may start; -1 = none. */
  private readonly gate: (readonly [number, number])[] = [];
  private readonly next: Int32Array;
  private readonly state: Int32Array;
  private readonly need = new Map<number, number>();
  private readonly sources = new Map<number, number>();
  private readonly key: Int32Array;
  private remaining = 0;
  private steps = 0;
  private done: number[] = [];
  private best = -1;
  private bestStuck: number[] = [];

  constructor(h: History, budget: Budget) {
    this.h = h;
    this.budget = budget;
    this.memo = new Memo(budget, new Loan());
    const queueOf = new Map<number, number>();
    for (let i = 0; i < h.count; i++) {
      if (h.kind[i] === NOTHING) continue;
      const process = h.process[i] as number;
      const own = queueOf.get(process);
      if (h.ret[i] === NEVER) {
        this.queues.push([i]);
        this.gate.push(own === undefined ? [-1, 0] : [own, (this.queues[own] as number[]).length]);
        this.count(i, 1);
        continue;
      }
      this.remaining += 1;
      this.count(i, 1);
      if (own !== undefined) (this.queues[own] as number[]).push(i);
      else {
        queueOf.set(process, this.queues.push([i]) - 1);
        this.gate.push([-1, 0]);
      }
    }
    this.next = new Int32Array(this.queues.length);
    this.state = new Int32Array(h.keys.count).fill(h.initial);
    this.key = new Int32Array(this.queues.length + h.keys.count);
  }

  run(): boolean {
    type Frame = { readonly base: number; readonly undo: readonly [number, number] | null; queue: number };
    const frames: Frame[] = [{ base: 0, undo: null, queue: 0 }];
    if (this.enter()) return true;
    while (frames.length > 0) {
      const frame = frames[frames.length - 1] as Frame;
      const queue = this.nextBranch(frame.queue);
      if (queue < 0) {
        this.noteStuck();
        this.takeBack(frame.base);
        if (frame.undo !== null) this.state[frame.undo[0]] = frame.undo[1];
        frames.pop();
        continue;
      }
      frame.queue = queue + 1;
      const i = this.head(queue);
      const key = this.h.key[i] as number;
      const child: Frame = { base: this.done.length, undo: [key, this.state[key] as number], queue: 0 };
      frames.push(child);
      this.state[key] = writtenValue(this.h, i);
      this.take(queue);
      if (this.remaining === 0) return true;
      if (this.enter()) return true;
      if (!this.isNew()) child.queue = this.queues.length;
    }
    return false;
  }

  /** The operations that every client wanted to do next, where the search got furthest. */
  stuckAt(): number[] {
    return [...this.bestStuck].sort((x, y) => x - y);
  }

  private head(queue: number): number {
    return (this.queues[queue] as number[])[this.next[queue] as number] ?? -1;
  }

  private isOpen(queue: number): boolean {
    const [gate, after] = this.gate[queue] as readonly [number, number];
    return gate < 0 || (this.next[gate] as number) >= after;
  }

  private cell(key: number, value: number): number {
    return key * this.h.values.count + value;
  }

  /** Takes every read that is possible now; true when nothing is left to do. */
  private enter(): boolean {
    if ((++this.steps & 0xff) === 0) this.budget.checkTime();
    for (let moved = true; moved; ) {
      moved = false;
      for (let queue = 0; queue < this.queues.length; queue++) {
        for (let i = this.head(queue); i >= 0 && this.isPossibleRead(i); i = this.head(queue)) {
          this.take(queue);
          moved = true;
        }
      }
    }
    return this.remaining === 0;
  }

  private isPossibleRead(i: number): boolean {
    const value = this.state[this.h.key[i] as number];
    if (this.h.kind[i] === READ) return value === this.h.a[i];
    return this.h.kind[i] === NOT_EQUAL && value !== this.h.a[i];
  }

  private nextBranch(from: number): number {
    const { h } = this;
    for (let queue = from; queue < this.queues.length; queue++) {
      const i = this.head(queue);
      if (i < 0 || (h.kind[i] !== WRITE && h.kind[i] !== CAS) || !this.isOpen(queue)) continue;
      const now = this.state[h.key[i] as number] as number;
      if (h.kind[i] === CAS && now !== h.a[i]) continue;
      const after = writtenValue(h, i);
      if (after === now) {
        if (h.ret[i] !== NEVER) return queue;
        continue;
      }
      const cell = this.cell(h.key[i] as number, now);
      const own = h.kind[i] === CAS && h.ret[i] !== NEVER ? 1 : 0;
      if ((this.need.get(cell) ?? 0) > own && (this.sources.get(cell) ?? 0) === 0) continue;
      return queue;
    }
    return -1;
  }

  private take(queue: number): void {
    const i = this.head(queue);
    this.next[queue] = (this.next[queue] as number) + 1;
    if (this.h.ret[i] !== NEVER) this.remaining -= 1;
    this.count(i, -1);
    this.done.push(queue);
  }

  private takeBack(base: number): void {
    while (this.done.length > base) {
      const queue = this.done.pop() as number;
      this.next[queue] = (this.next[queue] as number) - 1;
      const i = this.head(queue);
      if (this.h.ret[i] !== NEVER) this.remaining += 1;
      this.count(i, 1);
    }
  }

  private count(i: number, by: number): void {
    const { h } = this;
    const add = (counts: Map<number, number>, cell: number): void =>
      void counts.set(cell, (counts.get(cell) ?? 0) + by);
    const key = h.key[i] as number;
    if (h.kind[i] === READ || (h.kind[i] === CAS && h.ret[i] !== NEVER))
      add(this.need, this.cell(key, h.a[i] as number));
    if (h.kind[i] === WRITE || h.kind[i] === CAS) add(this.sources, this.cell(key, writtenValue(h, i)));
  }

  private isNew(): boolean {
    let hash = 0x811c9dc5;
    let length = 0;
    for (const word of this.next) this.key[length++] = word;
    for (const word of this.state) this.key[length++] = word;
    for (let w = 0; w < length; w++) hash = Math.imul(hash ^ (this.key[w] as number), 0x01000193) ^ (hash >>> 15);
    return this.memo.add(this.key, length, hash);
  }

  private noteStuck(): void {
    if (this.done.length <= this.best) return;
    this.best = this.done.length;
    this.bestStuck = this.queues.flatMap((_, queue) => (this.head(queue) >= 0 ? [this.head(queue)] : []));
  }
}
