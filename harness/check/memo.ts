// The set of configurations that a search has already been in.

import type { Budget } from "./budget.js";
import { BudgetExceeded } from "./budget.js";

const chunkInts = 1 << 18;
const chunkMask = chunkInts - 1;
const chunkShift = 18;
const firstChunkInts = 1 << 10;
const firstTableSlots = 1 << 8;

/**
 * Open addressing over entries of different length. An entry is hash, length, words; the words decide, the hash only
 * speeds up. Grows by chunks, so that it never holds two copies of its entries.
 */
export class Memo {
  private readonly budget: Budget;
  private readonly chunks: Int32Array[] = [new Int32Array(firstChunkInts)];
  private table = new Int32Array(firstTableSlots);
  private used = 0;
  count = 0;

  constructor(budget: Budget) {
    this.budget = budget;
    budget.take(4 * (firstChunkInts + firstTableSlots));
  }

  /** Adds `words[0, length)`; false if it was there. @throws {BudgetExceeded} */
  add(words: Int32Array, length: number, hash: number): boolean {
    const mask = this.table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const at = (this.table[slot] as number) - 1;
      if (at < 0) break;
      if (this.isSame(at, words, length, hash)) return false;
      slot = (slot + 1) & mask;
    }
    this.table[slot] = this.append(words, length, hash) + 1;
    this.count += 1;
    if (this.count * 2 > this.table.length) this.growTable();
    return true;
  }

  /** Returns its memory to the budget. */
  release(): void {
    let ints = this.table.length;
    for (const chunk of this.chunks) ints += chunk.length;
    this.budget.give(4 * ints);
    this.chunks.length = 0;
    this.table = new Int32Array(0);
  }

  private isSame(at: number, words: Int32Array, length: number, hash: number): boolean {
    const chunk = this.chunks[at >>> chunkShift] as Int32Array;
    const from = at & chunkMask;
    if (chunk[from] !== hash || chunk[from + 1] !== length) return false;
    for (let i = 0; i < length; i++) if (chunk[from + 2 + i] !== words[i]) return false;
    return true;
  }

  private append(words: Int32Array, length: number, hash: number): number {
    const need = length + 2;
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
    chunk[from] = hash;
    chunk[from + 1] = length;
    for (let i = 0; i < length; i++) chunk[from + 2 + i] = words[i] as number;
    this.used += need;
    return at;
  }

  private growFirst(need: number): void {
    const old = this.chunks[0] as Int32Array;
    let size = old.length * 2;
    while (size < this.used + need) size *= 2;
    size = Math.min(size, chunkInts);
    this.budget.take(4 * size);
    const larger = new Int32Array(size);
    larger.set(old);
    this.chunks[0] = larger;
    this.budget.give(4 * old.length);
  }

  private growTable(): void {
    const size = this.table.length * 2;
    this.budget.take(4 * size);
    const table = new Int32Array(size);
    for (let n = 0; n < this.table.length; n++) {
      // Moving millions of entries takes longer than the deadline's tolerance.
      if ((n & 0xffff) === 0xffff) this.budget.checkTime();
      const entry = this.table[n] as number;
      if (entry === 0) continue;
      const at = entry - 1;
      let slot = ((this.chunks[at >>> chunkShift] as Int32Array)[at & chunkMask] as number) & (size - 1);
      while (table[slot] !== 0) slot = (slot + 1) & (size - 1);
      table[slot] = entry;
    }
    this.budget.give(4 * this.table.length);
    this.table = table;
  }
}
