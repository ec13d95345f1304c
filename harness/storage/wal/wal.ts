/** The storage contract on a write-ahead log: groups of writes become records, one sync at a time. */
import { assert, type Snapshot, type WriteSeq } from "../../../protocols/core/index.js";
import {
  type ImageName,
  type Storage,
  type StorageCounts,
  StorageError,
  type StorageOptions,
  type Write,
} from "../contract.js";
import type { StoredWrite } from "../image.js";
import { Images } from "../images.js";
import { SyncChoice } from "../syncChoice.js";
import { type Body, EMPTY_BODY, encodeBody, storedWrite, writeBytes } from "./body.js";
import { BODY_BYTES_MAX } from "./format.js";
import { RecordLog } from "./log.js";
import type { Settings } from "./settings.js";

const DISK_ADVICE =
  "Stop the node, look at the operating system's log for this disk, and start it again from the same folder";

export function failure(code: "write-failed" | "sync-failed", file: string, cause: unknown): StorageError {
  return new StorageError({ code, file, offsetBytes: null, found: String(cause), advice: DISK_ADVICE }, cause);
}

interface Queued {
  readonly seq: WriteSeq;
  readonly write: StoredWrite;
  readonly bytes: number;
}

/** A snapshot whose write is durable; what it makes superfluous goes once a later record says so. */
interface Compaction {
  readonly record: number;
  readonly snapshot: Snapshot;
}

export class Wal<H> implements Storage<H> {
  readonly counts: StorageCounts;
  readonly #log: RecordLog;
  readonly #images: Images;
  readonly #settings: Settings;
  readonly #options: StorageOptions<H>;
  readonly #choice: SyncChoice;
  readonly #unlock: () => void;
  /** Hard state and snapshot as of the last record. */
  #base: { hard: Uint8Array | null; snapshot: Snapshot | null };
  #queue: Queued[] = [];
  #appendedSeq = 0;
  #busy = false;
  #error: StorageError | null = null;
  #compaction: Compaction | null = null;
  #markTimer: NodeJS.Timeout | null = null;
  /** Every record with content is known to be durable by a later one. */
  #marked = false;
  /** Something was written since the timer was last looked at. */
  #recent = false;
  #aheadFailed = false;
  #flushedSeq = 0;
  #idle: (() => void) | null = null;

  constructor(
    log: RecordLog,
    images: Images,
    settings: Settings,
    options: StorageOptions<H>,
    counts: StorageCounts,
    base: { hard: Uint8Array | null; snapshot: Snapshot | null },
    unlock: () => void,
  ) {
    this.#log = log;
    this.#images = images;
    this.#settings = settings;
    this.#options = options;
    this.#choice = new SyncChoice(options.sync);
    this.counts = counts;
    this.#base = base;
    this.#unlock = unlock;
  }

  /** This opening's first records: its number must be durable before anything is done in its name. */
  async begin(): Promise<void> {
    const base = this.#baseBody();
    if (this.#log.fits(base.bytes)) {
      this.#log.write("base", base);
      this.#log.sync();
    } else {
      await this.#log.prepareSpare(base.bytes, base.bytes);
      this.#log.rotate(base, base.bytes);
    }
    this.#mark();
  }

  get busy(): boolean {
    return this.#busy;
  }

  append(write: Write<H>): void {
    if (this.#error !== null) throw this.#error;
    assert(write.seq === this.#appendedSeq + 1, `write ${write.seq} after ${this.#appendedSeq}`);
    const { snapshot } = write;
    // The log must never name an image that could be missing after a crash.
    assert(snapshot === null || this.#images.has(snapshot.id), `write ${write.seq} names an image that is not here`);
    const stored = storedWrite(this.#options.hardCodec, write);
    const bytes = writeBytes(stored);
    if (bytes > BODY_BYTES_MAX) throw new RangeError(`a write of ${bytes} bytes, ${BODY_BYTES_MAX} are possible`);
    this.#appendedSeq = write.seq;
    this.#queue.push({ seq: write.seq, write: stored, bytes });
  }

  flush(): void {
    this.#flushedSeq = this.#appendedSeq;
    while (!this.#busy && this.#error === null) {
      const first = this.#queue[0];
      // What is appended while a sync on the loop is answered waits for the next flush: the loop must turn.
      if (first === undefined || first.seq > this.#flushedSeq) return;
      this.#busy = true;
      const batch = this.#take();
      this.#place(batch, encodeBody(batch.map((queued) => queued.write)));
    }
  }

  #take(): Queued[] {
    let bytes = 0;
    let count = 0;
    for (const queued of this.#queue) {
      if (count > 0 && bytes + queued.bytes > this.#settings.batchBytesMax) break;
      bytes += queued.bytes;
      count += 1;
    }
    if (count < this.#queue.length) return this.#queue.splice(0, count);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  /** Finds room: in this segment, in the next, or in the next as soon as there is one. */
  #place(batch: readonly Queued[], body: Body): void {
    if (this.#log.fits(body.bytes)) {
      this.#commit(batch, body);
      return;
    }
    const base = this.#baseBody();
    if (this.#log.hasSpareFor(base.bytes, body.bytes)) {
      if (this.#attempt("write-failed", () => this.#log.rotate(base, body.bytes))) this.#commit(batch, body);
      return;
    }
    this.#log.prepareSpare(base.bytes, body.bytes).then(
      () => {
        this.#place(batch, body);
        this.flush();
      },
      (error: unknown) => this.#fail("write-failed", error),
    );
  }

  #commit(batch: readonly Queued[], body: Body): void {
    let record = 0;
    const write = (): void => {
      record = this.#log.write("batch", body, (batch[batch.length - 1] as Queued).seq);
    };
    if (!this.#attempt("write-failed", write)) return;
    for (const queued of batch) {
      if (queued.write.hard !== null) this.#base.hard = queued.write.hard;
      if (queued.write.snapshot !== null) this.#base.snapshot = queued.write.snapshot;
    }
    this.counts.batches += 1;
    this.counts.bytes += body.bytes;
    if (this.#options.unsafeNoSync === true) {
      this.#durable(batch, record);
      return;
    }
    const begin = performance.now();
    const synced = (): void => {
      const tookMs = performance.now() - begin;
      this.#choice.took(tookMs * 1000);
      this.#options.onSynced?.(tookMs / 1000);
      this.#log.mark = record;
      this.#durable(batch, record);
    };
    if (this.#choice.onLoop(body.bytes)) {
      this.counts.syncsOnLoop += 1;
      if (this.#attempt("sync-failed", () => this.#log.file.sync())) synced();
      return;
    }
    this.counts.syncsBeside += 1;
    this.#log.file.syncBeside((error) => {
      if (error !== null) {
        this.#fail("sync-failed", error);
        return;
      }
      synced();
      // Everything that was held while the sync ran is one batch now.
      this.flush();
    });
  }

  /** Runs what touches the disk. False: it failed, and so has this storage. */
  #attempt(code: "write-failed" | "sync-failed", work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#fail(code, error);
      return false;
    }
  }

  #durable(batch: readonly Queued[], record: number): void {
    this.counts.writes += batch.length;
    if (!this.#attempt("write-failed", () => this.#compact(batch, record))) return;
    this.#armMark();
    this.#prepareAhead();
    // Still busy while the driver is told: what its replica answers with goes out in the next batch, not within this one.
    this.#options.onDurable((batch[batch.length - 1] as Queued).seq);
    this.#rest();
  }

  #rest(): void {
    this.#busy = false;
    if (this.#queue.length === 0) this.#idle?.();
  }

  /**
   * A snapshot makes old segments and images superfluous, but not at once: until a later record says that the snapshot's
   * own is durable, damage to that one looks like a torn batch, and the state before it must still be there.
   */
  #compact(batch: readonly Queued[], record: number): void {
    const { unsafeNoSync } = this.#options;
    if (this.#compaction !== null && this.#compaction.record < record) {
      if (unsafeNoSync === true) this.#log.sync();
      this.#log.recycle(this.#compaction.snapshot.index);
      this.#images.removeBelow(this.#compaction.snapshot.index);
      this.#compaction = null;
    }
    for (const { write } of batch) if (write.snapshot !== null) this.#compaction = { record, snapshot: write.snapshot };
  }

  #prepareAhead(): void {
    if (!this.#log.wantsSpare || this.#aheadFailed) return;
    // Not an error yet: by the time the segment is full there may be room, or an old segment to use again.
    this.#log.prepareSpare(0, 0).catch(() => {
      this.#aheadFailed = true;
    });
  }

  #armMark(): void {
    this.#marked = false;
    this.#recent = true;
    const { markAfterMs } = this.#settings;
    if (this.#markTimer !== null || markAfterMs === null || this.#options.unsafeNoSync === true) return;
    this.#markTimer = setTimeout(() => this.#markIfIdle(), markAfterMs);
    this.#markTimer.unref();
  }

  #markIfIdle(): void {
    if (this.#recent || this.#busy) {
      this.#recent = false;
      this.#markTimer?.refresh();
      return;
    }
    this.#markTimer = null;
    if (this.#marked || this.#error !== null) return;
    this.#busy = true;
    let record = 0;
    const write = (): void => {
      record = this.#log.write("mark", EMPTY_BODY);
    };
    if (!this.#attempt("write-failed", write)) return;
    this.counts.syncsElse += 1;
    this.#log.file.syncBeside((error) => {
      if (error !== null) {
        this.#fail("sync-failed", error);
        return;
      }
      this.#log.mark = record;
      this.#marked = true;
      if (!this.#attempt("write-failed", () => this.#compact([], record))) return;
      this.#rest();
      this.flush();
    });
  }

  #mark(): void {
    this.#log.write("mark", EMPTY_BODY);
    this.#log.sync();
    this.#marked = true;
  }

  #baseBody(): Body {
    return encodeBody([{ ...this.#base, truncateFrom: null, entries: [] }]);
  }

  #fail(code: "write-failed" | "sync-failed", cause: unknown): void {
    if (this.#error !== null) return;
    this.#error = failure(code, this.#log.file.path, cause);
    this.#queue = [];
    this.#idle?.();
    this.#options.onFailure(this.#error);
  }

  async writeImage(name: ImageName, parts: readonly Uint8Array[]): Promise<void> {
    if (this.#error !== null) throw this.#error;
    await this.#images.write(name, parts);
  }

  async readImage(id: string): Promise<Uint8Array> {
    if (this.#error?.detail.code === "closed") throw this.#error;
    return this.#images.read(id);
  }

  async close(): Promise<void> {
    if (this.#error?.detail.code === "closed") return;
    this.flush();
    while ((this.#busy || this.#queue.length > 0) && this.#error === null) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      this.flush();
    }
    const failed = this.#error;
    const path = this.#log.file.path;
    this.#error = new StorageError({
      code: "closed",
      file: path,
      offsetBytes: null,
      found: "the storage is closed",
      advice: "",
    });
    if (this.#markTimer !== null) clearTimeout(this.#markTimer);
    await this.#log.settled();
    try {
      if (failed !== null) throw failed;
      if (!this.#marked) {
        this.#log.sync();
        this.#mark();
      }
    } finally {
      this.#log.close();
      this.#unlock();
    }
  }
}
