/** The contract without a disk: for tests, and as the floor below every other store. */
import { assert } from "../../protocols/core/index.js";
import {
  type ImageName,
  type Opened,
  type Storage,
  StorageError,
  type StorageOptions,
  type Write,
} from "./contract.js";
import { emptyCounts } from "./counts.js";
import { Image, encodeHard, type StoredWrite } from "./image.js";

/** What survives `close`, and a replica that is dropped without it. Only durable writes get here. */
export interface MemoryDisk {
  readonly image: Image;
  readonly images: Map<string, { readonly index: number; readonly bytes: Uint8Array }>;
  incarnation: number;
  /** Of the current opening. */
  lastWrite: number;
  open: boolean;
}

export function memoryDisk(): MemoryDisk {
  return { image: new Image(), images: new Map(), incarnation: 0, lastWrite: 0, open: false };
}

/** Each folder name stands for one disk; the map is the machine. */
export function memoryDriver(disks: Map<string, MemoryDisk>) {
  return {
    name: "memory",
    async open<H>(dir: string, options: StorageOptions<H>): Promise<Opened<H>> {
      let disk = disks.get(dir);
      if (disk === undefined) disks.set(dir, (disk = memoryDisk()));
      if (disk.open) throw closedOrLocked("locked", "the folder is open");
      disk.open = true;
      disk.incarnation += 1;
      const writesKept = disk.lastWrite;
      disk.lastWrite = 0;
      const storage = new MemoryStorage(disk, options);
      if (disk.incarnation === 1) return { result: "absent", storage, incarnation: 1 };
      const recovered = disk.image.stored(options.hardCodec);
      return { result: "valid", storage, incarnation: disk.incarnation, recovered, cut: null, writesKept };
    },
  };
}

function closedOrLocked(code: "closed" | "locked" | "missing-snapshot", found: string): StorageError {
  return new StorageError({ code, file: "memory", offsetBytes: null, found, advice: "" });
}

interface Queued {
  readonly seq: number;
  readonly write: StoredWrite;
}

class MemoryStorage<H> implements Storage<H> {
  readonly counts = emptyCounts();
  readonly #disk: MemoryDisk;
  readonly #options: StorageOptions<H>;
  #queue: Queued[] = [];
  #seq = 0;
  #busy = false;
  #closed = false;

  constructor(disk: MemoryDisk, options: StorageOptions<H>) {
    this.#disk = disk;
    this.#options = options;
  }

  get busy(): boolean {
    return this.#busy;
  }

  append(write: Write<H>): void {
    this.#check();
    assert(write.seq === this.#seq + 1, `write ${write.seq} after ${this.#seq}`);
    const { snapshot, hard } = write;
    assert(
      snapshot === null || this.#disk.images.has(snapshot.id),
      `write ${write.seq} names an image that is not here`,
    );
    this.#seq = write.seq;
    const encoded = hard === null ? null : encodeHard(this.#options.hardCodec, hard);
    this.#queue.push({ seq: write.seq, write: { ...write, hard: encoded, entries: write.entries.map(copyOf) } });
  }

  flush(): void {
    if (this.#busy || this.#queue.length === 0) return;
    const batch = this.#queue;
    this.#queue = [];
    this.#busy = true;
    for (const { write } of batch) {
      this.#disk.image.apply(write);
      if (write.snapshot === null) continue;
      for (const [id, image] of this.#disk.images) {
        if (image.index < write.snapshot.index) this.#disk.images.delete(id);
      }
    }
    this.counts.writes += batch.length;
    this.#disk.lastWrite = (batch[batch.length - 1] as Queued).seq;
    this.counts.batches += 1;
    this.#options.onDurable((batch[batch.length - 1] as Queued).seq);
    this.#busy = false;
  }

  async writeImage(name: ImageName, parts: readonly Uint8Array[]): Promise<void> {
    this.#check();
    this.#disk.images.set(name.id, { index: name.index, bytes: Buffer.concat(parts) });
  }

  async readImage(id: string): Promise<Uint8Array> {
    this.#check();
    const image = this.#disk.images.get(id);
    if (image === undefined) throw closedOrLocked("missing-snapshot", `there is no image ${id}`);
    return image.bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#queue.length > 0) this.flush();
    this.#closed = true;
    this.#disk.open = false;
  }

  #check(): void {
    if (this.#closed) throw closedOrLocked("closed", "the storage is closed");
  }
}

function copyOf<E extends StoredWrite["entries"][number]>(entry: E): E {
  return entry.kind === "command" ? { ...entry, command: entry.command.slice() } : entry;
}
