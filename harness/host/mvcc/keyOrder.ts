/** Keys in byte order, in chunks: a key comes or goes at the cost of moving part of one chunk. */

const CHUNK_KEYS_MAX = 512;

export class KeyOrder {
  /** Each sorted, none empty, and every key of one below every key of the next. */
  private readonly chunks: string[][] = [];

  constructor(keys: Iterable<string>) {
    const sorted = [...keys].sort((a, b) => (a < b ? -1 : 1));
    // Half full, so that the next keys do not split every chunk.
    const size = CHUNK_KEYS_MAX / 2;
    for (let at = 0; at < sorted.length; at += size) this.chunks.push(sorted.slice(at, at + size));
  }

  /** The key must not be in it. */
  add(key: string): void {
    const { chunks } = this;
    if (chunks.length === 0) {
      chunks.push([key]);
      return;
    }
    const at = this.chunkOf(key);
    const chunk = chunks[at] as string[];
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > CHUNK_KEYS_MAX) chunks.splice(at + 1, 0, chunk.splice(CHUNK_KEYS_MAX / 2));
  }

  /** The key must be in it. */
  remove(key: string): void {
    const at = this.chunkOf(key);
    const chunk = this.chunks[at] as string[];
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.chunks.splice(at, 1);
  }

  /** Keys in [from, to) in order; `to` null: to the end. They must not change meanwhile. */
  *between(from: string, to: string | null): IterableIterator<string> {
    if (this.chunks.length === 0) return;
    const first = this.chunkOf(from);
    for (let c = first; c < this.chunks.length; c += 1) {
      const chunk = this.chunks[c] as string[];
      for (let i = c === first ? lowerBound(chunk, from) : 0; i < chunk.length; i += 1) {
        const key = chunk[i] as string;
        if (to !== null && key >= to) return;
        yield key;
      }
    }
  }

  /** The last chunk whose first key is not above `key`, or the first one. There must be one. */
  private chunkOf(key: string): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((this.chunks[middle] as string[])[0] as string) <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }
}

/** The first position whose key is not below `from`. */
function lowerBound(keys: readonly string[], from: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
