/**
 * What a real driver needs to serve a replica's `persist` effects. One storage belongs to one replica and one folder; how
 * it keeps the bytes (write-ahead log, embedded store, memory) is its own affair.
 */
import type { Codec, Entry, Index, Snapshot, WriteSeq } from "../../protocols/core/index.js";

/** One `persist` effect: all of it or nothing. The effect itself fits here as it is. */
export interface Write<H> {
  /** 1, 2, 3, … without gaps within one opening. */
  readonly seq: WriteSeq;
  readonly hard: H | null;
  readonly truncateFrom: Index | null;
  readonly snapshot: Snapshot | null;
  /** The bytes of commands are written from where they lie; they must not change until the write is durable. */
  readonly entries: readonly Entry[];
}

/** What a replica is booted from: `Recovered` of the protocol contract, without its type parameter. */
export interface Stored<H> {
  readonly hard: H | null;
  readonly snapshot: Snapshot | null;
  /** Sorted by index, all above `snapshot.index`; may have holes. */
  readonly entries: readonly Entry[];
}

export type StorageErrorCode =
  /** Bytes that were durable do not match their checksum. */
  | "bad-checksum"
  /** A file's header is not one of ours, or belongs to another store. */
  | "bad-header"
  /** The checksum is right and the content is not: written by another version, or by a bug. */
  | "bad-content"
  | "missing-file"
  | "read-failed"
  /** The snapshot that the log refers to is absent. */
  | "missing-snapshot"
  /** Another process has the folder open. */
  | "locked"
  /** A write did not complete: the disk is full or gone. */
  | "write-failed"
  /** A sync failed. What it should have made durable may be lost even if a second sync succeeds, so there is none. */
  | "sync-failed"
  | "closed";

export interface StorageErrorDetail {
  readonly code: StorageErrorCode;
  /** File within the storage's folder, or the folder. */
  readonly file: string;
  /** Where in the file, in bytes; null where no place can be named. */
  readonly offsetBytes: number | null;
  /** What was found, for people. */
  readonly found: string;
  /** What an operator can do about it, for people. */
  readonly advice: string;
}

export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly detail: StorageErrorDetail;
  constructor(detail: StorageErrorDetail, cause?: unknown) {
    const place = detail.offsetBytes === null ? detail.file : `${detail.file} at byte ${detail.offsetBytes}`;
    super(`${detail.code}: ${place}: ${detail.found}. ${detail.advice}`, cause === undefined ? {} : { cause });
    this.detail = detail;
  }
}

/** A damaged replica must not come back with less than it acknowledged: that would be amnesia. */
export const DAMAGED_ADVICE =
  "The node must not start from this folder. Remove the member from the cluster, move the folder away, and add the " +
  "member again under a new identity; or restore the disk if it can be read elsewhere";

/**
 * When a sync runs on the event loop and when beside it. On the loop it is faster, and nothing else runs meanwhile: no
 * heartbeat, no read.
 */
export type SyncPolicy =
  | { readonly mode: "loop" }
  | { readonly mode: "async" }
  | {
      readonly mode: "adaptive";
      /** A batch of more bytes than this is synced beside the loop. @default 262144 */
      readonly loopBytesMax?: number;
      /** Where most of the recent syncs took longer than this, they run beside the loop. Microseconds. @default 2000 */
      readonly loopMicrosMax?: number;
      /** How many requests are waiting in this node, for a driver that does not want the loop stopped while there are many. */
      readonly waiting?: () => number;
      /** With more requests waiting than this, syncs run beside the loop. @default 4 */
      readonly loopWaitingMax?: number;
    };

export interface StorageOptions<H> {
  readonly hardCodec: Codec<H>;
  /** Every write with `seq <= upTo` is on stable storage. Never called from within `append`; may be from within `flush`. */
  readonly onDurable: (upTo: WriteSeq) => void;
  /** A sync of a batch took so long; for measuring. Seconds. */
  readonly onSynced?: (seconds: number) => void;
  /** At most once. Nothing becomes durable after it, and the replica must stop. */
  readonly onFailure: (error: StorageError) => void;
  /** @default adaptive */
  readonly sync?: SyncPolicy;
  /**
   * Writes count as durable as soon as the kernel has them: a crash of the process loses nothing, a loss of power may lose
   * everything since the last sync. For measuring what syncs cost. @default false
   */
  readonly unsafeNoSync?: boolean;
}

/** What happened since `open`. */
export interface StorageCounts {
  /** `persist` effects that are durable. */
  writes: number;
  /** Groups of them, each made durable as one. */
  batches: number;
  bytes: number;
  /** Syncs of batches by how they ran; batches without a sync (`unsafeNoSync`) are in neither. */
  syncsOnLoop: number;
  syncsBeside: number;
  /** Syncs that no write waited for: marks, new segments. */
  syncsElse: number;
}

/** Names the bytes of a snapshot. `index` orders them: an older one is deleted once a newer one is in force. */
export interface ImageName {
  /** 1 to 100 of `A-Z a-z 0-9 . _ -`, not beginning with a dot. */
  readonly id: string;
  readonly index: Index;
}

export interface Storage<H> {
  readonly counts: Readonly<StorageCounts>;
  /** A sync is running beside the loop; what is appended now is held until it has ended, and goes out as one batch. */
  readonly busy: boolean;
  /** Queues a write. Throws StorageError after a failure or `close`. */
  append(write: Write<H>): void;
  /**
   * Everything queued goes to the disk as one batch, now or as soon as the running sync has ended. Called by the driver
   * once per turn of its loop. What is appended from within `onDurable` waits for the next call, or for the running sync.
   */
  flush(): void;
  /** Makes an image durable under its name; then a write may refer to it. Rejects with StorageError. */
  writeImage(name: ImageName, parts: readonly Uint8Array[]): Promise<void>;
  /** Rejects with StorageError if there is none or it is damaged. */
  readImage(id: string): Promise<Uint8Array>;
  /** Makes everything appended durable, then lets go of the folder. */
  close(): Promise<void>;
}

/** Loading has three results; corrupt is never turned into absent. */
export type Opened<H> =
  | { readonly result: "absent"; readonly storage: Storage<H>; readonly incarnation: 1 }
  | {
      readonly result: "valid";
      readonly storage: Storage<H>;
      /** Counts the openings of this store, from 1; durable before `open` returns. */
      readonly incarnation: number;
      readonly recovered: Stored<H>;
      /** How many writes of the opening before are in it; the others are lost, and were not acknowledged. */
      readonly writesKept: WriteSeq;
      /** A batch at the end was torn by a crash and cut off. It was not acknowledged. */
      readonly cut: { readonly file: string; readonly offsetBytes: number } | null;
    }
  | { readonly result: "corrupt"; readonly error: StorageError };

export interface StorageDriver {
  readonly name: string;
  /** Creates the folder if need be. Rejects with StorageError `locked` if another process has it open. */
  open<H>(dir: string, options: StorageOptions<H>): Promise<Opened<H>>;
}
