/**
 * Hashes and generators in 32-bit integer arithmetic: the same on every engine and machine. Each purpose has a generator
 * of its own, so that one more draw in one place changes nothing elsewhere.
 */

/** Mixes a word into a hash (the round of MurmurHash3). */
export function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = hash ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the result, which is a uint32. */
export function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return finish(h ^ text.length);
}

/** A uint32 as a number in [0, 1). Exact: a power of two is all that is multiplied. */
export function unit(word: number): number {
  return (word >>> 0) * 2.3283064365386963e-10;
}

/** sfc32 (Chris Doty-Humphrey's small fast counting generator). */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** One generator per (seed, purpose, number): the number is a node, a client, a fault. */
  constructor(seed: number, purpose: string, number = 0) {
    const key = mix(mix(mix(0x9747b28c, seed), hashText(purpose)), number);
    this.a = finish(key);
    this.b = finish(key ^ 0x5bd1e995);
    this.c = finish(key ^ 0x27d4eb2f);
    // The first outputs still show how close two keys are.
    for (let i = 0; i < 12; i += 1) this.u32();
  }

  u32(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** [0, 1) */
  unit(): number {
    return this.u32() * 2.3283064365386963e-10;
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + this.unit() * (max - min);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** In place (Fisher-Yates). */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      const held = items[i] as T;
      items[i] = items[j] as T;
      items[j] = held;
    }
    return items;
  }
}
