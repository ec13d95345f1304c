/** What one scripted node has on stable storage, and the writes that are on their way there. */
import {
  type AnyProtocol,
  assert,
  type Effect,
  type Entry,
  type Recovered,
  type Snapshot,
  type WriteSeq,
} from "../../../protocols/core/index.js";

export type Write = Extract<Effect<AnyProtocol>, { readonly type: "persist" }>;

export class ScriptDisk {
  private hard: object | null = null;
  private snapshot: Snapshot | null = null;
  private readonly entries = new Map<number, Entry>();
  private unsynced: Write[] = [];
  /** Bytes of snapshots by id: durable at once when they are put here. */
  private readonly images = new Map<string, Uint8Array>();

  write(write: Write): void {
    this.unsynced.push(write);
  }

  pending(): readonly Write[] {
    return this.unsynced;
  }

  /** Completes the `count` oldest writes. Returns the number of the last one; 0 if there was none. */
  sync(count: number): WriteSeq {
    const done = this.unsynced.splice(0, count);
    for (const write of done) this.put(write);
    return done[done.length - 1]?.seq ?? 0;
  }

  /** The power fails after the `kept` oldest pending writes reached the disk. Returns how many were lost. */
  crash(kept: number): number {
    this.sync(kept);
    const lost = this.unsynced.length;
    this.unsynced = [];
    return lost;
  }

  recovered(): Recovered<AnyProtocol> {
    const entries = [...this.entries.values()].sort((a, b) => a.index - b.index);
    return { hard: this.hard, snapshot: this.snapshot, entries };
  }

  saveImage(id: string, bytes: Uint8Array): void {
    this.images.set(id, bytes);
  }

  loadImage(id: string): Uint8Array {
    const bytes = this.images.get(id);
    assert(bytes !== undefined, `no snapshot ${id} in the store`);
    return bytes;
  }

  /** In the order that the contract gives for one write. */
  private put(write: Write): void {
    if (write.hard !== null) this.hard = write.hard;
    for (const index of this.entries.keys()) {
      if (write.truncateFrom !== null && index >= write.truncateFrom) this.entries.delete(index);
      else if (write.snapshot !== null && index <= write.snapshot.index) this.entries.delete(index);
    }
    if (write.snapshot !== null) this.snapshot = write.snapshot;
    for (const entry of write.entries) this.entries.set(entry.index, entry);
  }
}
