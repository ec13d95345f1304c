// Maps of millions of entries that never stop the clock: a JavaScript map that grows moves all it has at once, for
// longer than a deadline's tolerance. A large one of these is many small ones.

const shards = 64;
/** Entries of a map that stays whole. */
const wholeMax = 1 << 15;

/** From numbers >= 0, exact as doubles, or texts (null is one), to numbers. */
export class GrowingMap<Key extends number | string | null> {
  private whole = new Map<Key, number>();
  private maps: readonly Map<Key, number>[] | null = null;

  get(key: Key): number | undefined {
    return this.mapOf(key).get(key);
  }

  set(key: Key, value: number): void {
    this.mapOf(key).set(key, value);
    if (this.maps === null && this.whole.size > wholeMax) this.split();
  }

  private mapOf(key: Key): Map<Key, number> {
    return this.maps === null ? this.whole : (this.maps[shardOf(key)] as Map<Key, number>);
  }

  private split(): void {
    const entries = this.whole;
    this.maps = Array.from({ length: shards }, () => new Map<Key, number>());
    for (const [key, value] of entries) this.mapOf(key).set(key, value);
    this.whole = new Map();
  }
}

function shardOf(key: number | string | null): number {
  if (typeof key === "number") return key % shards;
  if (key === null || key === "") return 0;
  const { length } = key;
  const ends = key.charCodeAt(0) * 5 + key.charCodeAt(length >> 1) * 3 + key.charCodeAt(length - 1);
  return (31 * length + ends) % shards;
}
