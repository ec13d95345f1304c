// Maps of millions of entries that never stop the clock: a JavaScript map that grows moves all it has at once, for
// longer than a deadline's tolerance. These are many small ones.

const shards = 64;

/** Numbers >= 0, exact as doubles, to numbers. */
export class NumberMap {
  private readonly maps = Array.from({ length: shards }, () => new Map<number, number>());

  get(key: number): number | undefined {
    return (this.maps[key % shards] as Map<number, number>).get(key);
  }

  set(key: number, value: number): void {
    (this.maps[key % shards] as Map<number, number>).set(key, value);
  }
}

/** Texts, or null, to numbers. */
export class TextMap {
  private readonly maps = Array.from({ length: shards }, () => new Map<string | null, number>());

  get(key: string | null): number | undefined {
    return (this.maps[shardOf(key)] as Map<string | null, number>).get(key);
  }

  set(key: string | null, value: number): void {
    (this.maps[shardOf(key)] as Map<string | null, number>).set(key, value);
  }
}

function shardOf(key: string | null): number {
  if (key === null || key === "") return 0;
  const { length } = key;
  const ends = key.charCodeAt(0) * 5 + key.charCodeAt(length >> 1) * 3 + key.charCodeAt(length - 1);
  return (31 * length + ends) % shards;
}
