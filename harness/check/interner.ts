// Values become small numbers, so that the checkers compare and index them without looking at their text.

import type { HistoryValue } from "../record/history.js";

const startCapacity = 64;
/** Values with smaller numbers are kept once they have been parsed. */
const cachedValues = 1 << 14;

/**
 * Gives every different JSON text a number, in order of first sight. The texts lie in one block of bytes; the table is
 * open addressing over an Int32Array. The text is the identity: 1 and "1" are two values.
 */
export class Interner {
  private bytes = new Uint8Array(1024);
  private used = 0;
  /** Start of text i; entry `count` is the end of the last. */
  private starts = new Int32Array(startCapacity + 1);
  private hashes = new Int32Array(startCapacity);
  /** Number + 1 and hash of a text in every slot. */
  private table = new Int32Array(startCapacity * 4);
  private readonly cache: (HistoryValue | undefined)[] = [];
  count = 0;

  /** Number of the JSON text in `source[from, to)`. The text must be canonical: see {@link canonicalText}. */
  idOfBytes(source: Uint8Array, from: number, to: number): number {
    // The digits before the last byte (which is the quote of a string) only choose among neighbouring slots: values
    // that count upwards stay together in the cache.
    const tail = to - 3;
    let hash = 0x811c9dc5 ^ (to - from);
    let at = from;
    // Four bytes a step: the multiplications wait for each other.
    for (const last = tail - 3; at < last; at += 4) {
      const word = byteAt(source, at) | (byteAt(source, at + 1) << 8) | (byteAt(source, at + 2) << 16);
      hash = Math.imul(hash ^ word ^ (byteAt(source, at + 3) << 24), 0x2c1b3c6d);
      hash ^= hash >>> 15;
    }
    for (; at < tail; at++) hash = Math.imul(hash ^ byteAt(source, at), 0x01000193);
    hash = Math.imul(hash ^ byteAt(source, to - 1), 0x2c1b3c6d);
    hash ^= hash >>> 13;
    if (tail >= from) hash ^= ((byteAt(source, tail) & 15) << 4) ^ (byteAt(source, tail + 1) & 15);
    else for (at = from; at < to; at++) hash = Math.imul(hash ^ byteAt(source, at), 0x01000193);
    const { table } = this;
    const mask = table.length - 2;
    const step = stepOf(hash);
    let slot = (hash << 1) & mask;
    for (;;) {
      const id = (table[slot] as number) - 1;
      if (id < 0) return this.add(source, from, to, hash, slot);
      if (table[slot + 1] === hash && this.isSame(id, source, from, to)) return id;
      slot = (slot + step) & mask;
    }
  }

  id(value: HistoryValue): number {
    const text = textEncoder.encode(canonicalText(value));
    return this.idOfBytes(text, 0, text.length);
  }

  /** The number of a value if it has one, else -1. Adds nothing. */
  find(value: HistoryValue): number {
    const before = this.count;
    const id = this.id(value);
    if (id < before) return id;
    this.removeLast();
    return -1;
  }

  text(id: number): string {
    return textDecoder.decode(this.bytes.subarray(this.starts[id], this.starts[id + 1]));
  }

  value(id: number): HistoryValue {
    let value = this.cache[id];
    if (value === undefined) {
      value = JSON.parse(this.text(id)) as HistoryValue;
      if (id < cachedValues) this.cache[id] = value;
    }
    return value;
  }

  /** Bytes held, for the memory account. */
  byteLength(): number {
    return this.bytes.byteLength + this.starts.byteLength + this.hashes.byteLength + this.table.byteLength;
  }

  private isSame(id: number, source: Uint8Array, from: number, to: number): boolean {
    const start = this.starts[id] as number;
    const length = (this.starts[id + 1] as number) - start;
    if (length !== to - from) return false;
    for (let i = 0; i < length; i++) if (this.bytes[start + i] !== source[from + i]) return false;
    return true;
  }

  private add(source: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const id = this.count;
    const length = to - from;
    if (this.used + length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.used + length));
      larger.set(this.bytes.subarray(0, this.used));
      this.bytes = larger;
    }
    for (let i = 0; i < length; i++) this.bytes[this.used + i] = source[from + i] as number;
    this.starts[id] = this.used;
    this.used += length;
    this.starts[id + 1] = this.used;
    this.hashes[id] = hash;
    this.table[slot] = id + 1;
    this.table[slot + 1] = hash;
    this.count = id + 1;
    if (this.count === this.hashes.length) this.grow();
    return id;
  }

  private grow(): void {
    const capacity = this.hashes.length * 2;
    const hashes = new Int32Array(capacity);
    hashes.set(this.hashes);
    this.hashes = hashes;
    const starts = new Int32Array(capacity + 1);
    starts.set(this.starts);
    this.starts = starts;
    this.rebuild(capacity * 4);
  }

  private rebuild(size: number): void {
    const table = new Int32Array(size);
    const mask = size - 2;
    for (let id = 0; id < this.count; id++) {
      const hash = this.hashes[id] as number;
      let slot = (hash << 1) & mask;
      while ((table[slot] as number) > 0) slot = (slot + stepOf(hash)) & mask;
      table[slot] = id + 1;
      table[slot + 1] = hash;
    }
    this.table = table;
  }

  private removeLast(): void {
    this.count -= 1;
    this.used = this.starts[this.count] as number;
    this.cache[this.count] = undefined;
    this.rebuild(this.table.length);
  }
}

/** Texts that differ only at the end crowd their slots, so whoever finds one taken goes far away. */
function stepOf(hash: number): number {
  return ((hash >>> 20) | 1) << 1;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

/** JSON with object fields in sorted order, so that equal values have equal texts. */
export function canonicalText(value: HistoryValue): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const fields = Object.entries(value as { readonly [field: string]: HistoryValue });
  fields.sort((x, y) => (x[0] < y[0] ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalText(field)}`).join(",")}}`;
}
