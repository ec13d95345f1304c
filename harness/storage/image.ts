/** What a sequence of writes comes to, the hard state still encoded. */
import type { Codec, Entry, Index, Snapshot } from "../../protocols/core/index.js";
import type { Stored } from "./contract.js";

/** A write whose hard state is encoded: what a store keeps. */
export interface StoredWrite {
  readonly hard: Uint8Array | null;
  readonly truncateFrom: Index | null;
  readonly snapshot: Snapshot | null;
  readonly entries: readonly Entry[];
}

/**
 * Entries are kept by index and not as a `Log`: where old segments are gone, the first index may be far above the snapshot
 * that the oldest base names.
 */
export class Image {
  hard: Uint8Array | null = null;
  snapshot: Snapshot | null = null;
  readonly entries = new Map<Index, Entry>();
  #lastIndex = 0;

  /** In the order of the contract: hard state, truncation, snapshot, entries. */
  apply(write: StoredWrite): void {
    if (write.hard !== null) this.hard = write.hard;
    if (write.truncateFrom !== null) this.#truncate(write.truncateFrom);
    if (write.snapshot !== null) {
      this.snapshot = write.snapshot;
      for (const index of this.entries.keys()) if (index <= write.snapshot.index) this.entries.delete(index);
    }
    for (const entry of write.entries) {
      this.entries.set(entry.index, entry);
      this.#lastIndex = Math.max(this.#lastIndex, entry.index);
    }
  }

  #truncate(from: Index): void {
    for (let index = this.#lastIndex; index >= from; index -= 1) this.entries.delete(index);
    this.#lastIndex = Math.min(this.#lastIndex, from - 1);
  }

  stored<H>(codec: Codec<H>): Stored<H> {
    const entries = [...this.entries.values()].sort((a, b) => a.index - b.index);
    return { hard: this.hard === null ? null : codec.decode(this.hard), snapshot: this.snapshot, entries };
  }
}

export function encodeHard<H>(codec: Codec<H>, hard: H): Uint8Array {
  const bytes = new Uint8Array(codec.totalBytes(hard));
  let at = codec.headerBytes(hard);
  for (const payload of codec.encode(hard, bytes, 0)) {
    bytes.set(payload, at);
    at += payload.length;
  }
  return bytes;
}
