/** Values known by number: texts, and short sequences of integers in one block of memory. */

/** Each text once, numbered from 0 in the order of arrival. */
export class Texts {
  readonly list: string[] = [];
  private readonly places = new Map<string, number>();

  add(text: string): number {
    const known = this.places.get(text);
    if (known !== undefined) return known;
    this.places.set(text, this.list.length);
    return this.list.push(text) - 1;
  }

  /** -1: it never came up. */
  find(text: string): number {
    return this.places.get(text) ?? -1;
  }

  at(place: number): string {
    return this.list[place] as string;
  }
}

const EMPTY = -1;

/** Each sequence of 32-bit integers once, numbered from 0 in the order of arrival. Open addressing, linear probing. */
export class IntTable {
  /** How many there are. */
  size = 0;
  private words = new Int32Array(1 << 14);
  private starts = new Int32Array(1 << 10);
  private hashes = new Int32Array(1 << 10);
  private slots = new Int32Array(1 << 11).fill(EMPTY);

  /** The number of what stands in `source` up to `length`; a new one if it equals `size` before the call. */
  add(source: Int32Array, length: number): number {
    const hash = hashOf(source, length);
    const slot = this.probe(source, length, hash);
    const known = this.slots[slot] as number;
    if (known !== EMPTY) return known;
    const id = this.size;
    const start = this.starts[id] as number;
    this.reserve(start + length);
    for (let k = 0; k < length; k += 1) this.words[start + k] = source[k] as number;
    this.starts[id + 1] = start + length;
    this.hashes[id] = hash;
    this.slots[slot] = id;
    this.size += 1;
    if (this.size * 2 > this.slots.length) this.rehash();
    return id;
  }

  /** -1: it is not there. */
  find(source: Int32Array, length: number): number {
    return this.slots[this.probe(source, length, hashOf(source, length))] as number;
  }

  /** Copies sequence `id` into `into`, which must have room; gives its length. */
  read(id: number, into: Int32Array): number {
    const start = this.starts[id] as number;
    const length = (this.starts[id + 1] as number) - start;
    for (let k = 0; k < length; k += 1) into[k] = this.words[start + k] as number;
    return length;
  }

  private probe(source: Int32Array, length: number, hash: number): number {
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot] as number;
      if (id === EMPTY || (this.hashes[id] === hash && this.equals(id, source, length))) return slot;
    }
  }

  private equals(id: number, source: Int32Array, length: number): boolean {
    const start = this.starts[id] as number;
    if ((this.starts[id + 1] as number) - start !== length) return false;
    for (let k = 0; k < length; k += 1) if (this.words[start + k] !== source[k]) return false;
    return true;
  }

  private reserve(words: number): void {
    if (words > this.words.length) this.words = grown(this.words, words);
    if (this.size + 2 > this.starts.length) {
      this.starts = grown(this.starts, this.size + 2);
      this.hashes = grown(this.hashes, this.size + 2);
    }
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(EMPTY);
    const mask = this.slots.length - 1;
    for (let id = 0; id < this.size; id += 1) {
      let slot = (this.hashes[id] as number) & mask;
      while (this.slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.slots[slot] = id;
    }
  }
}

function grown(old: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(old.length * 2, least));
  next.set(old);
  return next;
}

function hashOf(source: Int32Array, length: number): number {
  let hash = length;
  for (let k = 0; k < length; k += 1) {
    hash = Math.imul(hash ^ (source[k] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
