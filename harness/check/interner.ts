// Values become small numbers, so that the checkers compare and index them without looking at their text.

import type { HistoryValue } from "../record/history.js";
import { hashOf, isSameText, textSlackBytes } from "./read/textHash.js";

const startCapacity = 64;
/** Values with smaller numbers are kept once they have been parsed. */
const cachedValues = 1 << 14;
/** Whole numbers from 0 of up to this many digits are their own identity: no text is kept of them. */
const countDigitsMax = 9;
const quote = 0x22;

/**
 * Gives every different JSON text a number, in order of first sight. The texts lie in one block of bytes; the tables are
 * open addressing over Int32Arrays. The text is the identity: 1 and "1" are two values.
 */
export class Interner {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  /** By number: start of its text, or -1 - n for the count n. */
  private starts = new Int32Array(startCapacity);
  private lengths = new Int32Array(startCapacity);
  private hashes = new Int32Array(startCapacity);
  /** The numbers of texts, + 1; small, since whoever looks for a value most often misses the cache here. */
  private texts = new Int32Array(startCapacity * 2);
  private textCount = 0;
  /** The numbers of counts, + 1. */
  private counts = new Int32Array(startCapacity * 2);
  private countCount = 0;
  private readonly cache: (HistoryValue | undefined)[] = [];
  count = 0;
  /** Some string may hold half of a surrogate pair. */
  hasHalves = false;

  /** Number of the whole number `n`, 0 to 999,999,999. */
  idOfCount(n: number): number {
    const { counts } = this;
    const mask = counts.length - 1;
    const step = stepOf(runOf(n));
    let slot = (n + runOf(n)) & mask;
    for (;;) {
      const id = (counts[slot] as number) - 1;
      if (id < 0) return this.addCount(n, slot);
      if (this.starts[id] === -1 - n) return id;
      slot = (slot + step) & mask;
    }
  }

  /**
   * Number of the JSON text of `length` bytes at `at`, which is canonical (see {@link canonicalText}) and no count.
   * `hash`: {@link hashOf} of a string without its quotes, or of any other text. `view` goes on for `textSlackBytes`.
   */
  idOfText(view: DataView, at: number, length: number, hash: number): number {
    const { texts } = this;
    const mask = texts.length - 1;
    const step = stepOf(hash);
    let slot = hash & mask;
    for (;;) {
      const id = (texts[slot] as number) - 1;
      if (id < 0) return this.addText(view, at, length, hash, slot);
      if (this.hashes[id] === hash && this.lengths[id] === length) {
        if (isSameText(this.view, this.starts[id] as number, view, at, length)) return id;
      }
      slot = (slot + step) & mask;
    }
  }

  id(value: HistoryValue): number {
    const text = canonicalText(value);
    if (text.length <= countDigitsMax && /^(0|[1-9]\d*)$/.test(text)) return this.idOfCount(Number(text));
    const encoded = textEncoder.encode(text);
    const view = new DataView(new ArrayBuffer(encoded.length + textSlackBytes));
    new Uint8Array(view.buffer).set(encoded);
    const isString = text.startsWith('"') ? 1 : 0;
    // Half of a character that is two code units: bytes of JSON cannot be joined as the strings are.
    if (isString === 1 && text.includes("\\ud")) this.hasHalves = true;
    return this.idOfText(view, 0, encoded.length, hashOf(view, isString, encoded.length - isString));
  }

  text(id: number): string {
    const start = this.starts[id] as number;
    if (start < 0) return String(-1 - start);
    return textDecoder.decode(this.bytes.subarray(start, start + (this.lengths[id] as number)));
  }

  value(id: number): HistoryValue {
    let value = this.cache[id];
    if (value === undefined) {
      value = JSON.parse(this.text(id)) as HistoryValue;
      if (id < cachedValues) this.cache[id] = value;
    }
    return value;
  }

  /** Length of a string in bytes of JSON without its quotes; -1: the value is no string. */
  stringLength(id: number): number {
    const start = this.starts[id] as number;
    return start >= 0 && this.bytes[start] === quote ? (this.lengths[id] as number) - 2 : -1;
  }

  /** Byte `at` of a string. */
  stringByte(id: number, at: number): number {
    return this.bytes[(this.starts[id] as number) + 1 + at] as number;
  }

  /** Place of `byte` in a string, from `at` on; -1: there is none. */
  stringIndexOf(id: number, byte: number, at: number): number {
    const { bytes } = this;
    const start = (this.starts[id] as number) + 1;
    const end = start + (this.lengths[id] as number) - 2;
    for (let i = start + at; i < end; i++) if (bytes[i] === byte) return i - start;
    return -1;
  }

  /** Does string `id` begin with string `prefix`? */
  stringStartsWith(id: number, prefix: number): boolean {
    const length = (this.lengths[prefix] as number) - 2;
    if (length > (this.lengths[id] as number) - 2) return false;
    return isSameText(
      this.view,
      (this.starts[id] as number) + 1,
      this.view,
      (this.starts[prefix] as number) + 1,
      length,
    );
  }

  /** Number of the string that bytes `[from, to)` of string `id` are, -1: it has none. */
  findInString(id: number, from: number, to: number): number {
    const { texts, view } = this;
    const start = (this.starts[id] as number) + 1;
    const hash = hashOf(view, start + from, start + to);
    const mask = texts.length - 1;
    for (let slot = hash & mask; ; slot = (slot + stepOf(hash)) & mask) {
      const found = (texts[slot] as number) - 1;
      if (found < 0) return -1;
      // Without a look at its hash: the text itself is as near.
      if (this.stringLength(found) !== to - from) continue;
      if (isSameText(view, (this.starts[found] as number) + 1, view, start + from, to - from)) return found;
    }
  }

  private addCount(n: number, slot: number): number {
    const id = this.newId(-1 - n);
    this.counts[slot] = id + 1;
    this.countCount += 1;
    if (this.countCount * 2 > this.counts.length) this.growCounts();
    return id;
  }

  private addText(view: DataView, at: number, length: number, hash: number, slot: number): number {
    const start = this.used;
    if (start + length + textSlackBytes > this.bytes.length) this.growBytes(length);
    const id = this.newId(start);
    this.lengths[id] = length;
    // The last step may write garbage behind the text; the next text covers it.
    const own = this.view;
    let i = 0;
    for (; i + 16 <= length; i += 16) {
      own.setFloat64(start + i, view.getFloat64(at + i, true), true);
      own.setFloat64(start + i + 8, view.getFloat64(at + i + 8, true), true);
    }
    for (; i < length; i += 4) own.setInt32(start + i, view.getInt32(at + i, true), true);
    this.used = start + length;
    this.hashes[id] = hash;
    this.texts[slot] = id + 1;
    this.textCount += 1;
    if (this.textCount * 3 > this.texts.length * 2) this.growTexts();
    return id;
  }

  private newId(start: number): number {
    const id = this.count++;
    if (id === this.starts.length) {
      this.starts = doubled(this.starts);
      this.lengths = doubled(this.lengths);
      this.hashes = doubled(this.hashes);
    }
    this.starts[id] = start;
    return id;
  }

  private growBytes(length: number): void {
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.used + length + textSlackBytes));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  private growTexts(): void {
    const texts = new Int32Array(this.texts.length * 2);
    const mask = texts.length - 1;
    for (let id = 0; id < this.count; id++) {
      if ((this.starts[id] as number) < 0) continue;
      const hash = this.hashes[id] as number;
      let slot = hash & mask;
      while (texts[slot] !== 0) slot = (slot + stepOf(hash)) & mask;
      texts[slot] = id + 1;
    }
    this.texts = texts;
  }

  private growCounts(): void {
    const counts = new Int32Array(this.counts.length * 2);
    const mask = counts.length - 1;
    for (let id = 0; id < this.count; id++) {
      const n = -1 - (this.starts[id] as number);
      if (n < 0) continue;
      let slot = (n + runOf(n)) & mask;
      while (counts[slot] !== 0) slot = (slot + stepOf(runOf(n))) & mask;
      counts[slot] = id + 1;
    }
    this.counts = counts;
  }
}

/** Numbers that count upwards lie side by side, in runs of 256; this is where the run of `n` lies. */
function runOf(n: number): number {
  return Math.imul(n >>> 8, 0x9e3779b1);
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Texts that differ only at the end crowd their slots, so whoever finds one taken goes far away. */
function stepOf(hash: number): number {
  return (hash >>> 20) | 1;
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** JSON with object fields in sorted order, so that equal values have equal texts. */
export function canonicalText(value: HistoryValue): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const fields = Object.entries(value as { readonly [field: string]: HistoryValue });
  fields.sort((x, y) => (x[0] < y[0] ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalText(field)}`).join(",")}}`;
}
