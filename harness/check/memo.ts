// The set of configurations that a search has already been in.

import type { Budget } from "./budget.js";
import { BudgetExceeded } from "./budget.js";
import type { Loan } from "./pool.js";

const chunkInts = 1 << 18;
const chunkMask = chunkInts - 1;
const chunkShift = 18;
const firstChunkInts = 1 << 10;
const firstTableInts = 1 << 8;
const pollMask = 0x3fff;

/**
 * Open addressing over entries of different length. A slot is place + 1 and hash, an entry is length and words; the
 * words decide, the hash only speeds up. Grows by chunks, so that it never holds two copies of its entries.
 */
export class Memo {
  private readonly budget: Budget;
  private readonly loan: Loan;
  private readonly chunks: Int32Array[];
  private table: Int32Array;
  private used = 0;
  count = 0;

  constructor(budget: Budget, loan: Loan) {
    this.budget = budget;
    this.loan = loan;
    budget.take(4 * (firstChunkInts + firstTableInts));
    this.chunks = [loan.any(firstChunkInts)];
    this.table = loan.filled(firstTableInts, 0);
  }

  /** Adds `words[0, length)`; false if it was there. @throws {BudgetExceeded} */
  add(words: Int32Array, length: number, hash: number): boolean {
    const { table } = this;
    const mask = table.length - 2;
    let slot = (hash << 1) & mask;
    for (;;) {
      const at = (table[slot] as number) - 1;
      if (at < 0) break;
      if (table[slot + 1] === hash && this.isSame(at, words, length)) return false;
      slot = (slot + 2) & mask;
    }
    table[slot] = this.append(words, length) + 1;
    table[slot + 1] = hash;
    this.count += 1;
    if (this.count * 4 > table.length) this.growTable();
    return true;
  }

  /** Returns its memory to the budget. The arrays go with the loan. */
  release(): void {
    let ints = this.table.length;
    for (const chunk of this.chunks) ints += chunk.length;
    this.budget.give(4 * ints);
    this.chunks.length = 0;
  }

  private isSame(at: number, words: Int32Array, length: number): boolean {
    const chunk = this.chunks[at >>> chunkShift] as Int32Array;
    const from = at & chunkMask;
    if (chunk[from] !== length) return false;
    for (let i = 0; i < length; i++) if (chunk[from + 1 + i] !== words[i]) return false;
    return true;
  }

  private append(words: Int32Array, length: number): number {
    const need = length + 1;
    if (need > chunkInts) throw new BudgetExceeded("memory");
    const last = this.chunks.length - 1;
    if ((this.used & chunkMask) + need > chunkInts || this.used >>> chunkShift > last) {
      if (this.used >>> chunkShift === last) this.used = (last + 1) << chunkShift;
      this.budget.take(4 * chunkInts);
      this.chunks.push(new Int32Array(chunkInts));
    } else if ((this.used & chunkMask) + need > (this.chunks[last] as Int32Array).length) {
      this.growFirst(need);
    }
    const at = this.used;
    const chunk = this.chunks[at >>> chunkShift] as Int32Array;
    const from = at & chunkMask;
    chunk[from] = length;
    for (let i = 0; i < length; i++) chunk[from + 1 + i] = words[i] as number;
    this.used += need;
    return at;
  }

  private growFirst(need: number): void {
    const old = this.chunks[0] as Int32Array;
    let size = old.length * 2;
    while (size < this.used + need) size *= 2;
    size = Math.min(size, chunkInts);
    this.budget.take(4 * size);
    const larger = this.loan.any(size);
    larger.set(old);
    this.chunks[0] = larger;
    this.loan.give(old);
    this.budget.give(4 * old.length);
  }

  private growTable(): void {
    const old = this.table;
    const size = old.length * 2;
    this.budget.take(4 * size);
    const table = this.loan.filled(size, 0);
    const mask = size - 2;
    for (let n = 0; n < old.length; n += 2) {
      // Moving millions of entries takes longer than the deadline's tolerance.
      if ((n & pollMask) === 0) this.budget.checkTime();
      if (old[n] === 0) continue;
      const hash = old[n + 1] as number;
      let slot = (hash << 1) & mask;
      while (table[slot] !== 0) slot = (slot + 2) & mask;
      table[slot] = old[n] as number;
      table[slot + 1] = hash;
    }
    this.loan.give(old);
    this.budget.give(4 * old.length);
    this.table = table;
  }
}
