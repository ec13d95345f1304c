/** Reads a folder of segments back. Absent, valid or corrupt: nothing in between, and nothing is repaired silently. */
import { join } from "node:path";
import { CodecError } from "../../../protocols/core/index.js";
import { DAMAGED_ADVICE, StorageError, type StorageErrorCode } from "../contract.js";
import type { Files, OpenFile } from "../files.js";
import { Image, type StoredWrite } from "../image.js";
import { decodeBody } from "./body.js";
import { decodeSegmentHeader, RECORD_HEADER_BYTES, type RecordHeader, type SegmentHeader } from "./format.js";
import { type Segment, segmentName, SPARE_NAME, type Spare, type Tail, TEMPORARY_NAME } from "./log.js";
import { type Scan, scanSegment } from "./scan.js";

const SEGMENT_NAME = /^segment-(\d{10})\.wal$/;

export interface RecoveredLog {
  /** null: no record was ever durable. */
  readonly tail: Tail | null;
  readonly spares: readonly Spare[];
  readonly image: Image;
  readonly cut: { readonly file: string; readonly offsetBytes: number } | null;
  /** `seq` of the last write of the last opening; 0: it made none. */
  readonly lastWrite: number;
}

interface ReadSegment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly bytes: Uint8Array;
}

function corrupt(code: StorageErrorCode, file: string, offsetBytes: number | null, found: string): StorageError {
  return new StorageError({ code, file, offsetBytes, found, advice: DAMAGED_ADVICE });
}

/** Throws StorageError for damage. Clears away what a crash left half-made, and nothing else. */
export function recoverLog(files: Files, dir: string): RecoveredLog {
  const names = files.list(dir);
  for (const name of names) if (TEMPORARY_NAME.test(name)) files.remove(join(dir, name));
  const generations = names
    .filter((name) => SEGMENT_NAME.test(name))
    .map((name) => Number(SEGMENT_NAME.exec(name)?.[1]));
  const spares = names.filter((name) => SPARE_NAME.test(name)).map((name) => spareOf(files, dir, name));
  const image = new Image();
  const segments: Segment[] = [];
  let previous: { readonly scan: Scan; readonly path: string; readonly nextNumber: number } | null = null;
  let store: Uint8Array | null = null;
  let unfinished: number | null = null;
  let lastWrite = 0;
  for (const [i, generation] of generations.entries()) {
    checkGap(dir, generations, i);
    const segment = readSegment(files, dir, generation);
    store ??= segment.header.store;
    if (Buffer.compare(store, segment.header.store) !== 0) {
      throw corrupt("bad-header", segment.path, 0, "the segment belongs to another store");
    }
    const scan = scanSegment(segment.bytes, segment.header, previous?.scan.incarnation ?? 0);
    const isLast = i === generations.length - 1;
    if (previous !== null && !isSealed(previous.scan)) {
      checkUnfinished(previous, segment, scan, isLast);
      unfinished = generation;
      break;
    }
    checkBeginning(previous, segment);
    const nextNumber = segment.header.firstRecord + scan.records.length;
    if (scan.mark >= nextNumber) {
      throw corrupt(
        "bad-checksum",
        segment.path,
        scan.end,
        `${scan.wrong ?? "zeros"}, and a later record says that this was durable`,
      );
    }
    lastWrite = lastWriteOf(scan, previous?.scan.incarnation ?? 0, lastWrite);
    segments.push({ header: segment.header, lastIndex: applyRecords(image, segment, scan, i === 0) });
    previous = { scan, path: segment.path, nextNumber };
  }
  if (unfinished !== null) spares.push(undo(files, dir, unfinished, spares));
  if ((generations[0] ?? 1) > 1 && image.snapshot === null) {
    // Segments go only when a snapshot stands for what they held.
    const first = join(dir, segmentName(1));
    throw corrupt("missing-file", first, null, "the log begins later, and without a snapshot");
  }
  if (previous === null) return { tail: null, spares, image, cut: null, lastWrite };
  if (isSealed(previous.scan)) {
    throw corrupt(
      "missing-file",
      join(dir, segmentName(segments.length === 0 ? 1 : lastGeneration(segments) + 1)),
      null,
      "the segment before it ends with a seal",
    );
  }
  const { scan, path, nextNumber } = previous;
  const file = files.open(path);
  const tail: Tail = {
    segments,
    file,
    position: scan.end,
    number: nextNumber,
    incarnation: scan.incarnation + 1,
    store: store as Uint8Array,
  };
  makeDurable(files, dir, file);
  return { tail, spares, image, cut: scan.torn ? { file: path, offsetBytes: scan.end } : null, lastWrite };
}

/** Each opening counts its writes from 1; `before` is the count of the opening that the segment begins in. */
function lastWriteOf({ records }: Scan, incarnationBefore: number, before: number): number {
  let incarnation = incarnationBefore;
  let last = before;
  for (const record of records) {
    if (record.incarnation !== incarnation) last = 0;
    incarnation = record.incarnation;
    last = Math.max(last, record.lastWrite);
  }
  return last;
}

function lastGeneration(segments: readonly Segment[]): number {
  return (segments[segments.length - 1] as Segment).header.generation;
}

/** A process that was killed may have left records in the kernel only, and the replica will act on them. */
function makeDurable(files: Files, dir: string, file: OpenFile): void {
  file.sync();
  files.syncFolder(dir);
}

function spareOf(files: Files, dir: string, name: string): Spare {
  const file = files.open(join(dir, name));
  const bytes = file.sizeBytes();
  file.close();
  return { name, bytes };
}

function checkGap(dir: string, generations: readonly number[], i: number): void {
  const before = generations[i - 1];
  if (before === undefined || generations[i] === before + 1) return;
  throw corrupt("missing-file", join(dir, segmentName(before + 1)), null, "there are segments before and behind it");
}

function readSegment(files: Files, dir: string, generation: number): ReadSegment {
  const path = join(dir, segmentName(generation));
  let bytes: Uint8Array;
  try {
    const file = files.open(path);
    try {
      bytes = new Uint8Array(file.sizeBytes());
      file.read(bytes, 0);
    } finally {
      file.close();
    }
  } catch (error) {
    throw corrupt("read-failed", path, null, String(error));
  }
  // A segment has its name only after its header was durable: a bad one is never a crash's doing.
  const header = decodeSegmentHeader(bytes);
  if (header === null) throw corrupt("bad-header", path, 0, "no segment header of this version");
  if (header.generation !== generation) {
    throw corrupt("bad-header", path, 0, `the header of segment ${header.generation}`);
  }
  if (header.bytes !== bytes.length) {
    throw corrupt(
      "bad-header",
      path,
      bytes.length,
      `the file has ${bytes.length} byte(s) where ${header.bytes} belong`,
    );
  }
  return { path, header, bytes };
}

function isSealed(scan: Scan): boolean {
  return scan.records[scan.records.length - 1]?.kind === "seal";
}

/** The segment before is not sealed: right only if this one has its name and nothing else yet. */
function checkUnfinished(
  previous: { readonly scan: Scan; readonly path: string; readonly nextNumber: number },
  segment: ReadSegment,
  scan: Scan,
  isLast: boolean,
): void {
  const empty = scan.records.length === 0 && scan.mark === 0;
  if (isLast && empty && segment.header.firstRecord === previous.nextNumber + 1) return;
  throw corrupt(
    "bad-checksum",
    previous.path,
    previous.scan.end,
    `${previous.scan.wrong ?? "zeros"}, and a later segment says that this was durable`,
  );
}

function checkBeginning(previous: { readonly nextNumber: number } | null, segment: ReadSegment): void {
  const expected = previous?.nextNumber ?? segment.header.firstRecord;
  if (segment.header.firstRecord === expected) return;
  throw corrupt("bad-header", segment.path, 0, `record ${segment.header.firstRecord} where ${expected} was expected`);
}

/** A segment without a record and without a seal before it becomes a spare again. */
function undo(files: Files, dir: string, generation: number, spares: readonly Spare[]): Spare {
  const highest = Math.max(0, ...spares.map((spare) => Number(SPARE_NAME.exec(spare.name)?.[1])));
  const name = `spare-${highest + 1}.wal`;
  files.rename(join(dir, segmentName(generation)), join(dir, name));
  files.syncFolder(dir);
  return spareOf(files, dir, name);
}

/** Returns the highest index put by these records. */
function applyRecords(image: Image, segment: ReadSegment, scan: Scan, isOldest: boolean): number {
  // Entries are views into the bytes: a short log must not hold on to a long file.
  const bytes = scan.end * 2 < segment.bytes.length ? segment.bytes.slice(0, scan.end) : segment.bytes;
  let lastIndex = 0;
  for (const [i, record] of scan.records.entries()) {
    const fail = (found: string): StorageError => corrupt("bad-content", segment.path, record.position, found);
    if (i === 0 && record.kind !== "base") throw fail(`a segment begins with its base, not with a ${record.kind}`);
    try {
      lastIndex = Math.max(lastIndex, applyRecord(image, record, bytes, i === 0 && isOldest));
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw fail(error instanceof CodecError ? error.message : String(error));
    }
  }
  return lastIndex;
}

function applyRecord(image: Image, record: RecordHeader, bytes: Uint8Array, isFirst: boolean): number {
  if (record.kind === "mark" || record.kind === "seal") return 0;
  const at = record.position + RECORD_HEADER_BYTES;
  let lastIndex = 0;
  for (const write of decodeBody(bytes.subarray(at, at + record.bodyBytes))) {
    if (record.kind === "base" && !isFirst) checkBase(image, write);
    else image.apply(write);
    for (const entry of write.entries) lastIndex = Math.max(lastIndex, entry.index);
  }
  return lastIndex;
}

/** A base repeats what the records before it came to. */
function checkBase(image: Image, base: StoredWrite): void {
  const same = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
    a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
  const index = image.snapshot?.index ?? 0;
  if (same(image.hard, base.hard) && index === (base.snapshot?.index ?? 0) && image.snapshot?.id === base.snapshot?.id)
    return;
  throw new CodecError("the base does not repeat what the records before it say");
}
