/**
 * Keys with etcd's revisions. The store's revision begins at 1; a change makes it one higher, and all changes of one
 * transaction share a revision. With a history the values of earlier revisions stay until they are compacted:
 *
 * - `compact(r)` gives up the states before revision r, as etcd's does;
 * - besides, only the last `historyMax` revisions can be read. The same number on every replica, since what a
 *   transaction reads is part of the replicated state.
 */
import type { KnownKeys } from "../knownKeys.js";
import { KeyOrder } from "./keyOrder.js";
import type { StoreFigures } from "../types.js";
import type { KeyValue } from "./types.js";
import { Version } from "./version.js";

/** Forgotten versions are cut off the front of the list in lots of at least this many. */
const LOT = 1024;

export class Store {
  /** The last revision. */
  revision = 1;
  /** What `compact` gave up lies below this; -1: nothing yet. */
  compacted = -1;
  /** Revisions before the last one that can be read. 0: no history, and a change happens in place. */
  readonly historyMax: number;
  private readonly newest = new Map<string, Version>();
  /** The keys of `newest` in order. Not kept before somebody asks. */
  private order: KeyOrder | null = null;
  /** Versions, by revision, that have something before them or are deletions: what trimming has to look at. */
  private trail: Version[] = [];
  private trailFrom = 0;
  private deletions = 0;
  /** Of all versions that are kept. */
  private bytes = 0;
  private puts = 0;
  private deletes = 0;

  constructor(historyMax: number) {
    this.historyMax = historyMax;
  }

  /** Keys that have a value. */
  get size(): number {
    return this.newest.size - this.deletions;
  }

  /** The lowest revision that can be read. */
  get floor(): number {
    return Math.max(this.compacted, this.revision - this.historyMax);
  }

  get(key: string): string | null {
    return this.newest.get(key)?.value ?? null;
  }

  figures(): StoreFigures {
    const { revision, compacted, size: keys, bytes, puts, deletes } = this;
    return { revision, compacted, keys, bytes, puts, deletes };
  }

  /** The key as it is, or at a revision not below `floor`; null: absent then. */
  at(key: string, revision: number | null): KeyValue | null {
    let version = this.newest.get(key) ?? null;
    if (revision !== null) while (version !== null && version.mod > revision) version = version.previous;
    // A key whose value is no text is deleted: it is not given out.
    return version === null || version.isDeletion ? null : (version as KeyValue);
  }

  /** Sets the key at `revision`, which is the current or the next one: `finish` makes it current. */
  put(key: string, value: string, revision: number): void {
    this.next(key, this.newest.get(key), revision, value.length).setText(value);
  }

  /**
   * `put` of the key at a place of `known`, with the value as [from, to) of `bytes`, which must not change for as long as
   * the log could hold them. `known` must be used with this store alone.
   */
  putBytes(known: KnownKeys, place: number, revision: number, bytes: Uint8Array, from: number, to: number): void {
    const kept = known.versionAt(place);
    const before = kept !== null && kept.isNewest ? kept : this.newest.get(known.textAt(place));
    const version = this.next(before === undefined ? known.textAt(place) : before.key, before, revision, to - from);
    version.setBytes(bytes, from, to);
    if (version !== kept) known.keepVersion(place, version);
  }

  /** The version that a put makes, still without its value. */
  private next(key: string, before: Version | undefined, revision: number, valueBytes: number): Version {
    this.puts += 1;
    this.bytes += valueBytes;
    if (before === undefined) {
      this.bytes += key.length;
      const first = new Version(key, revision, revision, 1, null);
      this.newest.set(key, first);
      this.order?.add(key);
      return first;
    }
    if (this.historyMax === 0) {
      this.bytes -= before.valueBytes;
      before.mod = revision;
      before.version += 1;
      return before;
    }
    const gone = before.isDeletion;
    if (gone) this.deletions -= 1;
    const create = gone ? revision : before.create;
    return this.supersede(before, new Version(key, create, revision, before.version + 1, before));
  }

  /** False, and nothing happens, if the key is absent. */
  delete(key: string, revision: number): boolean {
    const before = this.newest.get(key);
    if (before === undefined || before.isDeletion) return false;
    this.deletes += 1;
    if (this.historyMax === 0) {
      this.bytes -= before.valueBytes;
      this.forget(before);
      return true;
    }
    this.deletions += 1;
    // The next put makes the key anew: it counts from here.
    this.supersede(before, new Version(key, 0, revision, 0, before));
    return true;
  }

  /** The changes at `revision` are complete. */
  finish(revision: number): void {
    this.revision = revision;
    if (this.trailFrom < this.trail.length) this.trim();
  }

  /** Gives up what cannot be read at `revision` or later. It must be above `floor` and not above the current one. */
  compact(revision: number): void {
    this.compacted = revision;
    this.trim();
  }

  /** Keys in [from, to) in byte order, those included that are deleted now; `to` null: to the end. */
  between(from: string, to: string | null): IterableIterator<string> {
    this.order ??= new KeyOrder(this.newest.keys());
    return this.order.between(from, to);
  }

  /** For each key in byte order its versions that can be read, the newest first. */
  *chains(): IterableIterator<Version> {
    for (const key of this.between("", null)) yield this.newest.get(key) as Version;
  }

  /** `chains` that there are: of living and of deleted keys. */
  get chainCount(): number {
    return this.newest.size;
  }

  /** Replaces everything. For restoring a snapshot. */
  load(revision: number, compacted: number, chains: readonly Version[]): void {
    for (const version of this.newest.values()) version.isNewest = false;
    this.newest.clear();
    this.order = null;
    this.deletions = 0;
    this.bytes = 0;
    this.trail = [];
    this.trailFrom = 0;
    for (const chain of chains) {
      this.newest.set(chain.key, chain);
      if (chain.isDeletion) this.deletions += 1;
      this.bytes += chain.key.length;
      for (let version: Version | null = chain; version !== null; version = version.previous) {
        version.isNewest = version === chain;
        this.bytes += version.valueBytes;
        if (version.previous !== null || version.isDeletion) this.trail.push(version);
      }
    }
    this.trail.sort((a, b) => a.mod - b.mod);
    this.revision = revision;
    this.compacted = compacted;
    // Nothing to do, unless this replica was told to keep less than the one that made the snapshot.
    this.trim();
  }

  private supersede(before: Version, after: Version): Version {
    before.isNewest = false;
    this.newest.set(before.key, after);
    this.trail.push(after);
    return after;
  }

  private forget(version: Version): void {
    const { key } = version;
    version.isNewest = false;
    this.bytes -= key.length;
    this.newest.delete(key);
    this.order?.remove(key);
  }

  /** What came before a version at or below the floor can no longer be read. */
  private trim(): void {
    const { floor, trail } = this;
    let at = this.trailFrom;
    for (; at < trail.length; at += 1) {
      const version = trail[at] as Version;
      if (version.mod > floor) break;
      // All before that one are gone already.
      if (version.previous !== null) this.bytes -= version.previous.valueBytes;
      version.previous = null;
      if (!version.isDeletion || !version.isNewest) continue;
      this.forget(version);
      this.deletions -= 1;
    }
    this.trailFrom = at;
    if (at < LOT || at < trail.length / 2) return;
    this.trail = trail.slice(at);
    this.trailFrom = 0;
  }
}
