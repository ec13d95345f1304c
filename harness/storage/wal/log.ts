/**
 * Segments and the records in them. One record at a time is not durable, except where syncs are off: the next is written
 * only after the sync of the one before, which is why every record can say how far the log is durable.
 */
import { join } from "node:path";
import { assert, type Index } from "../../../protocols/core/index.js";
import type { StorageCounts } from "../contract.js";
import { type Files, type OpenFile, syncedBeside } from "../files.js";
import { type Body, EMPTY_BODY } from "./body.js";
import {
  checksum,
  encodeRecordHeader,
  encodeSegmentHeader,
  RECORD_HEADER_BYTES,
  randomId,
  type RecordKind,
  recordBytes,
  SECTOR_BYTES,
  seedOf,
  type SegmentHeader,
} from "./format.js";
import { TailPage } from "./tailPage.js";

const ZEROS = new Uint8Array(2 ** 20);
/** Behind every record with content there must be room for a mark and for the seal. */
const END_BYTES = 2 * recordBytes(0);

export interface Segment {
  readonly header: SegmentHeader;
  /** Highest index put in it; 0 if none. It can go when a snapshot stands for that. */
  lastIndex: Index;
}

/** Where appending goes on. */
export interface Tail {
  readonly segments: Segment[];
  readonly file: OpenFile;
  /** Where the next record lies in the last segment, in bytes. */
  readonly position: number;
  /** Number of the next record. */
  readonly number: number;
  readonly incarnation: number;
  readonly store: Uint8Array;
}

export interface Spare {
  readonly name: string;
  readonly bytes: number;
}

export function segmentName(generation: number): string {
  return `segment-${String(generation).padStart(10, "0")}.wal`;
}

export const SPARE_NAME = /^spare-(\d+)\.wal$/;
export const TEMPORARY_NAME = /\.tmp$/;

export interface LogSettings {
  readonly segmentBytes: number;
  readonly sparesMax: number;
}

export class RecordLog {
  /** Highest record that is durable. */
  mark = 0;
  readonly #files: Files;
  readonly #dir: string;
  readonly #settings: LogSettings;
  readonly #counts: StorageCounts;
  readonly #segments: Segment[];
  readonly #incarnation: number;
  readonly #store: Uint8Array;
  readonly #spares: Spare[];
  #file: OpenFile | null;
  #position: number;
  readonly #page = new TailPage();
  #number: number;
  #seed = 0;
  #preparing: Promise<void> | null = null;
  #spareNames = 0;

  constructor(
    files: Files,
    dir: string,
    settings: LogSettings,
    tail: Tail | null,
    spares: readonly Spare[],
    counts: StorageCounts,
  ) {
    this.#files = files;
    this.#dir = dir;
    this.#settings = settings;
    this.#counts = counts;
    this.#segments = tail?.segments ?? [];
    this.#file = tail?.file ?? null;
    this.#position = tail?.position ?? 0;
    if (tail !== null) this.#page.load(tail.file, tail.position);
    this.#number = tail?.number ?? 1;
    this.#incarnation = tail?.incarnation ?? 1;
    this.#store = tail?.store ?? randomId(files);
    this.#spares = spares.slice();
    for (const { name } of spares) this.#spareNames = Math.max(this.#spareNames, Number(SPARE_NAME.exec(name)?.[1]));
    const last = this.#segments[this.#segments.length - 1];
    if (last !== undefined) this.#seed = seedOf(last.header.salt);
  }

  get file(): OpenFile {
    assert(this.#file !== null, "the log has no segment yet");
    return this.#file;
  }

  /** Half of the segment is used and there is none to go on with. */
  get wantsSpare(): boolean {
    const last = this.#segments[this.#segments.length - 1];
    if (last === undefined || this.#spares.length > 0 || this.#preparing !== null) return false;
    return this.#position * 2 > last.header.bytes;
  }

  /** A body of so many bytes fits behind the last record, and the segment's end behind it. */
  fits(bodyBytes: number): boolean {
    const last = this.#segments[this.#segments.length - 1];
    return last !== undefined && this.#position + recordBytes(bodyBytes) + END_BYTES <= last.header.bytes;
  }

  /** A new segment could take such a body behind its base. */
  hasSpareFor(baseBytes: number, bodyBytes: number): boolean {
    return this.#spares.some((spare) => spare.bytes >= this.#bytesFor(baseBytes, bodyBytes));
  }

  #bytesFor(baseBytes: number, bodyBytes: number): number {
    const needed = SECTOR_BYTES + recordBytes(baseBytes) + recordBytes(bodyBytes) + END_BYTES;
    return Math.max(this.#settings.segmentBytes, needed);
  }

  /** Fills a file with zeros, so that syncing what is written into it later moves no metadata. */
  async prepareSpare(baseBytes: number, bodyBytes: number): Promise<void> {
    while (this.#preparing !== null) await this.#preparing;
    if (this.hasSpareFor(baseBytes, bodyBytes)) return;
    this.#preparing = this.#fill(this.#bytesFor(baseBytes, bodyBytes));
    try {
      await this.#preparing;
    } finally {
      this.#preparing = null;
    }
  }

  /** Waits for a spare that is being prepared. Never rejects. */
  async settled(): Promise<void> {
    await this.#preparing?.catch(() => undefined);
  }

  async #fill(bytes: number): Promise<void> {
    const name = this.#spareName();
    const temporary = join(this.#dir, `${name}.tmp`);
    const file = this.#files.create(temporary);
    try {
      for (let at = 0; at < bytes; at += ZEROS.length) {
        await file.writeBeside([ZEROS.subarray(0, Math.min(ZEROS.length, bytes - at))], at);
        // In small steps: a sync of everything at once would hold up the log's own.
        await syncedBeside(file);
        this.#counts.syncsElse += 1;
      }
    } finally {
      file.close();
    }
    this.#files.rename(temporary, join(this.#dir, name));
    this.#spares.push({ name, bytes });
  }

  #spareName(): string {
    this.#spareNames += 1;
    return `spare-${this.#spareNames}.wal`;
  }

  /**
   * Goes on in a new segment, which begins with `base`. The old one is sealed after the new one has its name: a name
   * without a seal is a rotation that did not finish, a seal without the next name is a lost file.
   */
  rotate(base: Body, bodyBytes: number): void {
    const needed = this.#bytesFor(base.bytes, bodyBytes);
    const at = this.#spares.findIndex((spare) => spare.bytes >= needed);
    const spare = this.#spares[at];
    assert(spare !== undefined, "a rotation needs a spare segment");
    this.#spares.splice(at, 1);
    // Only without syncs: everything here must be durable before the next segment says where it begins.
    if (this.#file !== null && this.mark < this.#number - 1) this.sync();
    const sealed = this.#segments.length === 0 ? 0 : 1;
    const header: SegmentHeader = {
      generation: (this.#segments[this.#segments.length - 1]?.header.generation ?? 0) + 1,
      firstRecord: this.#number + sealed,
      bytes: spare.bytes,
      salt: randomId(this.#files),
      store: this.#store,
    };
    const file = this.#activate(spare, header);
    if (this.#file !== null) {
      this.write("seal", EMPTY_BODY);
      this.sync();
      this.#file.close();
    }
    this.#file = file;
    this.#segments.push({ header, lastIndex: 0 });
    this.#position = SECTOR_BYTES;
    this.#page.load(file, this.#position);
    this.#seed = seedOf(header.salt);
    this.write("base", base);
    this.sync();
  }

  /** The header is durable before the file has a segment's name. */
  #activate(spare: Spare, header: SegmentHeader): OpenFile {
    const before = join(this.#dir, spare.name);
    const path = join(this.#dir, segmentName(header.generation));
    const file = this.#files.open(before);
    file.write([encodeSegmentHeader(header)], 0);
    file.sync();
    this.#counts.syncsElse += 1;
    file.close();
    this.#files.rename(before, path);
    this.#files.syncFolder(this.#dir);
    return this.#files.open(path);
  }

  /** Hands one record to the kernel and returns its number. The caller has seen that it fits. */
  write(kind: RecordKind, body: Body, lastWrite = 0): number {
    const segment = this.#segments[this.#segments.length - 1];
    assert(segment !== undefined, "a record needs a segment");
    const bytes = recordBytes(body.bytes);
    const { head } = body;
    const padding = ZEROS.subarray(0, bytes - RECORD_HEADER_BYTES - body.bytes);
    let sum = checksum(head.subarray(RECORD_HEADER_BYTES), this.#seed);
    for (const payload of body.payloads) sum = checksum(payload, sum);
    const header = {
      kind,
      incarnation: this.#incarnation,
      generation: segment.header.generation,
      number: this.#number,
      mark: this.mark,
      position: this.#position,
      bodyBytes: body.bytes,
      bodyChecksum: checksum(padding, sum),
      lastWrite,
    };
    encodeRecordHeader(header, this.#seed, head);
    const parts = [head, ...body.payloads, padding];
    this.#page.write(this.file, parts, bytes, this.#position, segment.header.bytes);
    segment.lastIndex = Math.max(segment.lastIndex, body.lastIndex);
    this.#position += bytes;
    this.#number += 1;
    return this.#number - 1;
  }

  /** Makes every record durable now. */
  sync(): void {
    this.file.sync();
    this.#counts.syncsElse += 1;
    this.mark = this.#number - 1;
  }

  /** Gives up the oldest segments whose entries a snapshot at `index` stands for. */
  recycle(index: Index): void {
    while (this.#segments.length > 1) {
      const first = this.#segments[0] as Segment;
      if (first.lastIndex > index) return;
      this.#segments.shift();
      const path = join(this.#dir, segmentName(first.header.generation));
      if (this.#spares.length >= this.#settings.sparesMax) {
        this.#files.remove(path);
      } else {
        const name = this.#spareName();
        this.#files.rename(path, join(this.#dir, name));
        this.#spares.push({ name, bytes: first.header.bytes });
      }
      // One at a time and before the file is used again: the names of the rest must never have a gap.
      this.#files.syncFolder(this.#dir);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
