/**
 * The same contract on LevelDB (classic-level): one write batch per group, synced. To compare with, and to show that the
 * contract asks nothing that only our own log can do.
 *
 * LevelDB's recovery drops damaged records at the end of its log silently, and without a place that says how far it was
 * durable nobody can tell. Values carry a checksum of their own, so what is read is right; what is missing is not noticed.
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ClassicLevel } from "classic-level";
import {
  assert,
  entriesHeaderBytes,
  entriesPayloadBytes,
  entryPayloads,
  type Entry,
  type Index,
  readEnd,
  readEntries,
  readEntryHeaders,
  readerOf,
  readU32,
  readU53,
  type Snapshot,
  writeEntries,
  writerAt,
  writeU32,
  writeU53,
} from "../../protocols/core/index.js";
import {
  DAMAGED_ADVICE,
  type ImageName,
  type Opened,
  type Storage,
  type StorageDriver,
  StorageError,
  type StorageErrorCode,
  type StorageOptions,
  type Write,
} from "./contract.js";
import { emptyCounts } from "./counts.js";
import { encodeHard, Image, type StoredWrite } from "./image.js";
import { Images } from "./images.js";
import { nodeFiles } from "./nodeFiles.js";

type Level = ClassicLevel<string, Uint8Array>;
type Operation = { type: "put"; key: string; value: Uint8Array } | { type: "del"; key: string };

const HARD = "hard";
const SNAPSHOT = "snapshot";
const INCARNATION = "incarnation";
/** `seq` of the last write of this opening. */
const WRITES = "writes";
/** 2^53 has 16 digits: keys sort as their indexes do. */
const INDEX_DIGITS = 16;

function entryKey(index: Index): string {
  return `entry-${String(index).padStart(INDEX_DIGITS, "0")}`;
}

/** A checksum in front; it covers the key, so that no value stands for another one. */
function sealed(key: string, parts: readonly Uint8Array[]): Uint8Array {
  const value = Buffer.concat([new Uint8Array(4), ...parts]);
  writeU32(writerAt(value, 0), crc32(value.subarray(4), crc32(key)));
  return value;
}

function opened(key: string, value: Uint8Array): Uint8Array {
  const content = value.subarray(4);
  if (value.length < 4 || readU32(readerOf(value)) !== crc32(content, crc32(key))) {
    throw levelError("bad-checksum", key, "the value does not match its checksum");
  }
  return content;
}

function levelError(code: StorageErrorCode, file: string, found: string, cause?: unknown): StorageError {
  return new StorageError({ code, file, offsetBytes: null, found, advice: DAMAGED_ADVICE }, cause);
}

export function levelDriver(): StorageDriver {
  return { name: "level", open: openLevel };
}

async function openLevel<H>(dir: string, options: StorageOptions<H>): Promise<Opened<H>> {
  nodeFiles.makeFolder(dir);
  const db: Level = new ClassicLevel(join(dir, "level"), { keyEncoding: "utf8", valueEncoding: "view" });
  try {
    await db.open();
  } catch (error) {
    const cause = (error as Error).cause as { readonly code?: string } | undefined;
    if (cause?.code === "LEVEL_LOCKED") throw levelError("locked", dir, "another process has the store open", error);
    return { result: "corrupt", error: levelError("read-failed", dir, String(cause ?? error), error) };
  }
  try {
    const { image, lowest, highest, before, writesKept } = await load(db);
    const images = new Images(nodeFiles, join(dir, "images"));
    if (before === 0 && images.size > 0) throw levelError("missing-file", dir, "there are images and no store");
    if (image.snapshot !== null) images.check(image.snapshot);
    const incarnation = before + 1;
    const begin: Operation[] = [
      { type: "put", key: INCARNATION, value: sealed(INCARNATION, [number(incarnation)]) },
      { type: "put", key: WRITES, value: sealed(WRITES, [number(0)]) },
    ];
    await db.batch(begin, { sync: true });
    const storage = new LevelStorage(db, images, options, lowest, highest);
    if (before === 0) return { result: "absent", storage, incarnation: 1 };
    const recovered = image.stored(options.hardCodec);
    return { result: "valid", storage, incarnation, recovered, cut: null, writesKept };
  } catch (error) {
    await db.close();
    if (error instanceof StorageError) return { result: "corrupt", error };
    return { result: "corrupt", error: levelError("bad-content", dir, String(error), error) };
  }
}

async function load(db: Level) {
  const image = new Image();
  let before = 0;
  let writesKept = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  const entries: Entry[] = [];
  for await (const [key, value] of db.iterator()) {
    const content = opened(key, value);
    const r = readerOf(content);
    if (key === HARD) image.hard = content;
    else if (key === INCARNATION) before = readU53(r);
    else if (key === WRITES) writesKept = readU53(r);
    else if (key === SNAPSHOT) image.snapshot = readSnapshot(content);
    else {
      entries.push(...readEntries(r, readEntryHeaders(r)));
      readEnd(r);
      const { index } = entries[entries.length - 1] as Entry;
      lowest = Math.min(lowest, index);
      highest = index;
    }
  }
  image.apply({ hard: null, truncateFrom: null, snapshot: null, entries });
  return { image, before, lowest, highest, writesKept };
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU53(writerAt(bytes, 0), value);
  return bytes;
}

function writeSnapshot(snapshot: Snapshot): Uint8Array[] {
  const numbers = new Uint8Array(24);
  const w = writerAt(numbers, 0);
  writeU53(w, snapshot.index);
  writeU53(w, snapshot.round);
  writeU53(w, snapshot.bytes);
  return [numbers, new TextEncoder().encode(snapshot.id)];
}

function readSnapshot(content: Uint8Array): Snapshot {
  const r = readerOf(content);
  const index = readU53(r);
  const round = readU53(r);
  const bytes = readU53(r);
  return { id: new TextDecoder().decode(content.subarray(r.at)), index, round, bytes };
}

class LevelStorage<H> implements Storage<H> {
  readonly counts = emptyCounts();
  readonly #db: Level;
  readonly #images: Images;
  readonly #options: StorageOptions<H>;
  /** Every entry there is lies between these; deleting one that is not there costs little. */
  #lowest: Index;
  #highest: Index;
  #queue: { readonly seq: number; readonly write: StoredWrite }[] = [];
  #appendedSeq = 0;
  #busy = false;
  #error: StorageError | null = null;
  #idle: (() => void) | null = null;

  constructor(db: Level, images: Images, options: StorageOptions<H>, lowest: Index, highest: Index) {
    this.#db = db;
    this.#images = images;
    this.#options = options;
    this.#lowest = lowest;
    this.#highest = highest;
  }

  get busy(): boolean {
    return this.#busy;
  }

  append(write: Write<H>): void {
    if (this.#error !== null) throw this.#error;
    assert(write.seq === this.#appendedSeq + 1, `write ${write.seq} after ${this.#appendedSeq}`);
    const { snapshot } = write;
    assert(snapshot === null || this.#images.has(snapshot.id), `write ${write.seq} names an image that is not here`);
    this.#appendedSeq = write.seq;
    const hard = write.hard === null ? null : encodeHard(this.#options.hardCodec, write.hard);
    this.#queue.push({ seq: write.seq, write: { ...write, hard } });
  }

  flush(): void {
    if (this.#busy || this.#queue.length === 0 || this.#error !== null) return;
    this.#busy = true;
    const batch = this.#queue;
    this.#queue = [];
    const operations: Operation[] = [];
    let snapshotIndex = 0;
    for (const { write } of batch) {
      this.#operate(write, operations);
      snapshotIndex = Math.max(snapshotIndex, write.snapshot?.index ?? 0);
    }
    const { seq } = batch[batch.length - 1] as { readonly seq: number };
    operations.push({ type: "put", key: WRITES, value: sealed(WRITES, [number(seq)]) });
    const sync = this.#options.unsafeNoSync !== true;
    const begin = performance.now();
    this.#db.batch(operations, { sync }).then(
      () => {
        if (sync) this.#options.onSynced?.((performance.now() - begin) / 1000);
        this.#durable(batch, snapshotIndex);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** Later operations of a batch override earlier ones, so a batch of writes is their sequence. */
  #operate(write: StoredWrite, operations: Operation[]): void {
    const put = (key: string, parts: readonly Uint8Array[]): void => {
      const value = sealed(key, parts);
      this.counts.bytes += value.length;
      operations.push({ type: "put", key, value });
    };
    if (write.hard !== null) put(HARD, [write.hard]);
    if (write.truncateFrom !== null) {
      for (let index = write.truncateFrom; index <= this.#highest; index += 1) {
        operations.push({ type: "del", key: entryKey(index) });
      }
      this.#highest = Math.min(this.#highest, write.truncateFrom - 1);
    }
    if (write.snapshot !== null) {
      put(SNAPSHOT, writeSnapshot(write.snapshot));
      const last = Math.min(write.snapshot.index, this.#highest);
      for (let index = this.#lowest; index <= last; index += 1) {
        operations.push({ type: "del", key: entryKey(index) });
      }
      this.#lowest = Math.max(this.#lowest, write.snapshot.index + 1);
    }
    for (const entry of write.entries) {
      const header = new Uint8Array(entriesHeaderBytes([entry]));
      writeEntries(writerAt(header, 0), [entry]);
      put(entryKey(entry.index), entriesPayloadBytes([entry]) === 0 ? [header] : [header, ...entryPayloads([entry])]);
      this.#lowest = Math.min(this.#lowest, entry.index);
      this.#highest = Math.max(this.#highest, entry.index);
    }
  }

  #durable(batch: readonly { readonly seq: number }[], snapshotIndex: number): void {
    this.counts.writes += batch.length;
    this.counts.batches += 1;
    if (this.#options.unsafeNoSync !== true) this.counts.syncsBeside += 1;
    if (snapshotIndex > 0) this.#images.removeBelow(snapshotIndex);
    this.#options.onDurable((batch[batch.length - 1] as { readonly seq: number }).seq);
    this.#busy = false;
    this.flush();
    if (!this.#busy) this.#idle?.();
  }

  #fail(error: unknown): void {
    this.#error = levelError("write-failed", this.#db.location, String(error), error);
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
    while (this.#busy && this.#error === null) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    const failed = this.#error;
    this.#error = levelError("closed", this.#db.location, "the storage is closed");
    await this.#db.close();
    if (failed !== null) throw failed;
  }
}
