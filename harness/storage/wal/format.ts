/**
 * Bytes of the write-ahead log; docs/adr/0007 draws them. A segment is a header of one sector and records behind it, each
 * beginning at a sector, so that no sector of an acknowledged record is ever written again.
 */
import { crc32 } from "node:zlib";
import {
  readerOf,
  readU32,
  readU53,
  readU8,
  writerAt,
  writeU32,
  writeU53,
  writeU8,
} from "../../../protocols/core/index.js";
import type { Files } from "../files.js";

/** The unit that a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;
export const RECORD_HEADER_BYTES = 64;
/** A record's length is kept in 32 bits, and the kernel takes no more than 2 GiB at once. */
export const BODY_BYTES_MAX = 2 ** 30;
const VERSION = 1;
const SEGMENT_MAGIC = new TextEncoder().encode("SYNODWAL");
const RECORD_MAGIC = 0x53594e52;
const ID_BYTES = 16;

/**
 * - `base`: hard state and snapshot as they are; first of every segment, so that older ones can go, and of every opening.
 * - `batch`: the writes of one group.
 * - `mark`: nothing but its header, which says how far the log is durable.
 * - `seal`: the last of a segment; there is a next one.
 */
export type RecordKind = "base" | "batch" | "mark" | "seal";
const KINDS: readonly RecordKind[] = ["base", "batch", "mark", "seal"];

export interface SegmentHeader {
  /** Counts segments, from 1. A file that is used again gets a new one. */
  readonly generation: number;
  /** Number of its first record. */
  readonly firstRecord: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Enters every checksum of the segment: no client can make bytes that pass for a record. */
  readonly salt: Uint8Array;
  /** The same in all segments of one store. */
  readonly store: Uint8Array;
}

export interface RecordHeader {
  readonly kind: RecordKind;
  /** The opening that wrote it. */
  readonly incarnation: number;
  readonly generation: number;
  /** Counts records through all segments, from 1. */
  readonly number: number;
  /** Every record up to this number was durable when this one was written. */
  readonly mark: number;
  /** Where in the segment it lies, in bytes. */
  readonly position: number;
  readonly bodyBytes: number;
  /** `seq` of the last write in it; 0: none. */
  readonly lastWrite: number;
  /** Of the body and the zeros behind it up to the sector's end. */
  readonly bodyChecksum: number;
}

/** Checksums of a segment begin here. */
export function seedOf(salt: Uint8Array): number {
  return crc32(salt);
}

export function checksum(bytes: Uint8Array, value: number): number {
  return crc32(bytes, value);
}

/** Bytes that a record with such a body takes. */
export function recordBytes(bodyBytes: number): number {
  return Math.ceil((RECORD_HEADER_BYTES + bodyBytes) / SECTOR_BYTES) * SECTOR_BYTES;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES);
  bytes.set(SEGMENT_MAGIC);
  const w = writerAt(bytes, 12);
  writeU32(w, VERSION);
  writeU53(w, header.generation);
  writeU53(w, header.firstRecord);
  writeU53(w, header.bytes);
  bytes.set(header.salt, w.at);
  bytes.set(header.store, w.at + ID_BYTES);
  writeU32(writerAt(bytes, 8), crc32(bytes.subarray(12)));
  return bytes;
}

/** null: not a whole header of this version. */
export function decodeSegmentHeader(sector: Uint8Array): SegmentHeader | null {
  if (sector.length < SECTOR_BYTES || SEGMENT_MAGIC.some((byte, i) => sector[i] !== byte)) return null;
  const r = readerOf(sector);
  r.at = 8;
  if (readU32(r) !== crc32(sector.subarray(12, SECTOR_BYTES)) || readU32(r) !== VERSION) return null;
  const generation = readU53(r);
  const firstRecord = readU53(r);
  const bytes = readU53(r);
  const salt = sector.slice(r.at, r.at + ID_BYTES);
  return { generation, firstRecord, bytes, salt, store: sector.slice(r.at + ID_BYTES, r.at + 2 * ID_BYTES) };
}

export function randomId(files: Files): Uint8Array {
  const id = new Uint8Array(ID_BYTES);
  files.random(id);
  return id;
}

/** Fills the first bytes of `into`. */
export function encodeRecordHeader(header: RecordHeader, seed: number, into: Uint8Array): void {
  into.fill(0, 0, RECORD_HEADER_BYTES);
  const w = writerAt(into, 0);
  writeU32(w, RECORD_MAGIC);
  w.at = 8;
  writeU8(w, VERSION);
  writeU8(w, KINDS.indexOf(header.kind));
  w.at = 12;
  writeU32(w, header.incarnation);
  writeU53(w, header.generation);
  writeU53(w, header.number);
  writeU53(w, header.mark);
  writeU32(w, header.position);
  writeU32(w, header.bodyBytes);
  writeU32(w, header.bodyChecksum);
  writeU53(w, header.lastWrite);
  writeU32(writerAt(into, 4), crc32(into.subarray(8, RECORD_HEADER_BYTES), seed));
}

/** null: no whole header of this segment at this place. The body is not looked at. */
export function decodeRecordHeader(
  bytes: Uint8Array,
  at: number,
  segment: SegmentHeader,
  seed: number,
): RecordHeader | null {
  if (at + RECORD_HEADER_BYTES > bytes.length) return null;
  const r = readerOf(bytes);
  r.at = at;
  if (readU32(r) !== RECORD_MAGIC) return null;
  if (readU32(r) !== crc32(bytes.subarray(at + 8, at + RECORD_HEADER_BYTES), seed)) return null;
  const version = readU8(r);
  const kind = KINDS[readU8(r)];
  r.at += 2;
  const incarnation = readU32(r);
  const generation = readU53(r);
  const number = readU53(r);
  const mark = readU53(r);
  const position = readU32(r);
  const bodyBytes = readU32(r);
  const bodyChecksum = readU32(r);
  const lastWrite = readU53(r);
  if (version !== VERSION || kind === undefined || generation !== segment.generation || position !== at) return null;
  return { kind, incarnation, generation, number, mark, position, bodyBytes, bodyChecksum, lastWrite };
}

/** Whether a record of this segment began here, though its header is damaged. */
export function looksLikeRecord(bytes: Uint8Array, at: number, segment: SegmentHeader): boolean {
  const r = readerOf(bytes.subarray(at, at + RECORD_HEADER_BYTES));
  if (r.bytes.length < RECORD_HEADER_BYTES || readU32(r) !== RECORD_MAGIC) return false;
  r.at = 16;
  return readU32(r) * 2 ** 32 + readU32(r) === segment.generation;
}
