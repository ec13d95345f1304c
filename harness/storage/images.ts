/**
 * Snapshot images as files: written under a temporary name, synced, renamed, and the folder synced, so that a name stands
 * for a whole image or for none.
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { readerOf, readU32, readU53, type Snapshot, writerAt, writeU32, writeU53 } from "../../protocols/core/index.js";
import { DAMAGED_ADVICE, type ImageName, StorageError } from "./contract.js";
import { type Files, syncedBeside } from "./files.js";

const MAGIC = new TextEncoder().encode("SYNODIMG");
const HEADER_BYTES = 32;
const ENDING = ".image";
const TEMPORARY = ".tmp";
const ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;

interface Held {
  readonly index: number;
  readonly bytes: number;
}

function ioError(code: "write-failed" | "read-failed", file: string, cause: unknown): StorageError {
  const advice = "See the operating system's log for this disk; free space if it is full";
  return new StorageError({ code, file, offsetBytes: null, found: String(cause), advice }, cause);
}

export class Images {
  readonly #files: Files;
  readonly #dir: string;
  readonly #held = new Map<string, Held>();

  /** Opens the folder and clears away what a crash left half-written. Throws StorageError if an image's header is damaged. */
  constructor(files: Files, dir: string) {
    this.#files = files;
    this.#dir = dir;
    files.makeFolder(dir);
    for (const name of files.list(dir)) {
      if (name.endsWith(TEMPORARY)) files.remove(join(dir, name));
      else if (name.endsWith(ENDING)) this.#held.set(name.slice(0, -ENDING.length), this.#header(name));
    }
    files.syncFolder(dir);
  }

  get size(): number {
    return this.#held.size;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  async write(name: ImageName, parts: readonly Uint8Array[]): Promise<void> {
    if (!ID.test(name.id)) throw new RangeError(`an image cannot be named ${JSON.stringify(name.id)}`);
    if (this.#held.has(name.id)) throw new RangeError(`there is an image ${name.id} already`);
    let bytes = 0;
    let sum = 0;
    for (const part of parts) {
      bytes += part.length;
      sum = crc32(part, sum);
    }
    const path = join(this.#dir, name.id + ENDING);
    try {
      const file = this.#files.create(path + TEMPORARY);
      try {
        await file.writeBeside([encodeHeader(name.index, bytes, sum), ...parts], 0);
        await syncedBeside(file);
      } finally {
        file.close();
      }
      this.#files.rename(path + TEMPORARY, path);
      this.#files.syncFolder(this.#dir);
    } catch (error) {
      throw ioError("write-failed", path, error);
    }
    this.#held.set(name.id, { index: name.index, bytes });
  }

  /** The whole image, checked. Throws StorageError. */
  read(id: string): Uint8Array {
    const path = join(this.#dir, id + ENDING);
    const held = this.#held.get(id);
    if (held === undefined) throw missing(path, "there is no such image");
    const image = new Uint8Array(held.bytes);
    const header = this.#header(id + ENDING, image);
    if (crc32(image) !== header.sum) throw damaged(path, HEADER_BYTES, "the image does not match its checksum");
    return image;
  }

  /** The snapshot that the log refers to must be here, whole and of the right size. Throws StorageError. */
  check(snapshot: Snapshot): void {
    const path = join(this.#dir, snapshot.id + ENDING);
    const held = this.#held.get(snapshot.id);
    if (held === undefined) throw missing(path, `the log refers to this snapshot at ${snapshot.index}`);
    if (held.bytes !== snapshot.bytes) {
      throw damaged(path, 0, `${snapshot.bytes} byte(s) expected, the image has ${held.bytes}`);
    }
    this.read(snapshot.id);
  }

  /** Deletes images below `index`: a newer snapshot is in force. */
  removeBelow(index: number): void {
    for (const [id, held] of this.#held) {
      if (held.index >= index) continue;
      this.#held.delete(id);
      this.#files.remove(join(this.#dir, id + ENDING));
    }
  }

  #header(name: string, image: Uint8Array = new Uint8Array(0)): Held & { readonly sum: number } {
    const path = join(this.#dir, name);
    const head = new Uint8Array(HEADER_BYTES);
    let size: number;
    try {
      const file = this.#files.open(path);
      try {
        size = file.sizeBytes();
        file.read(head, 0);
        if (image.length > 0) file.read(image, HEADER_BYTES);
      } finally {
        file.close();
      }
    } catch (error) {
      throw ioError("read-failed", path, error);
    }
    const r = readerOf(head);
    r.at = MAGIC.length;
    const whole = MAGIC.every((byte, i) => head[i] === byte) && readU32(r) === crc32(head.subarray(12));
    if (!whole) throw damaged(path, 0, "the image's header does not match its checksum");
    const index = readU53(r);
    const bytes = readU53(r);
    if (size !== HEADER_BYTES + bytes) throw damaged(path, size, `${bytes} byte(s) of image expected`);
    return { index, bytes, sum: readU32(r) };
  }
}

function encodeHeader(index: number, bytes: number, sum: number): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES);
  head.set(MAGIC);
  const w = writerAt(head, 12);
  writeU53(w, index);
  writeU53(w, bytes);
  writeU32(w, sum);
  writeU32(writerAt(head, 8), crc32(head.subarray(12)));
  return head;
}

function missing(file: string, found: string): StorageError {
  return new StorageError({ code: "missing-snapshot", file, offsetBytes: null, found, advice: DAMAGED_ADVICE });
}

function damaged(file: string, offsetBytes: number, found: string): StorageError {
  return new StorageError({ code: "bad-checksum", file, offsetBytes, found, advice: DAMAGED_ADVICE });
}
