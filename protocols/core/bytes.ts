/**
 * Binary codec helpers: fixed-width big-endian numbers, so that a size is known without encoding.
 * A reader never trusts its input: every read is bounds-checked and ends in CodecError.
 */
import type { Entry } from "./entry.js";

/** The bytes are not a message of this protocol. Thrown by decoders only. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}

const TWO_32 = 2 ** 32;

/** Writes byte by byte: a DataView per message costs more than the header that it writes. */
export interface Writer {
  readonly bytes: Uint8Array;
  at: number;
}

/** A writer into bytes that are there already, from offset `at` on. It does not grow. */
export function writerAt(into: Uint8Array, at: number): Writer {
  return { bytes: into, at };
}

function room(w: Writer, count: number): void {
  // A typed array drops what is written behind its end; a DataView would have thrown.
  if (w.at + count > w.bytes.length)
    throw new RangeError(`${count} byte(s) do not fit at ${w.at} of ${w.bytes.length}`);
}

/** 0 to 255. @throws RangeError where the writer is full, as do the other writes */
export function writeU8(w: Writer, value: number): void {
  room(w, 1);
  w.bytes[w.at] = value;
  w.at += 1;
}

/** 0 to 65535. */
export function writeU16(w: Writer, value: number): void {
  room(w, 2);
  w.bytes[w.at] = value >>> 8;
  w.bytes[w.at + 1] = value;
  w.at += 2;
}

/** 0 to 2^32-1; more is cut to its low 32 bits. */
export function writeU32(w: Writer, value: number): void {
  room(w, 4);
  const { bytes, at } = w;
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  w.at = at + 4;
}

/** A non-negative safe integer in 8 bytes: indexes, rounds, sequence numbers. */
export function writeU53(w: Writer, value: number): void {
  // Nearly all are small, and a division costs more than a comparison.
  writeU32(w, value < TWO_32 ? 0 : Math.floor(value / TWO_32));
  writeU32(w, value >>> 0);
}

/** One byte, 0 or 1. */
export function writeBool(w: Writer, value: boolean): void {
  writeU8(w, value ? 1 : 0);
}

/** Where a decoder stands in its bytes. */
export interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

/** A reader at the first byte; it keeps a view of `bytes`. */
export function readerOf(bytes: Uint8Array): Reader {
  return { bytes, at: 0 };
}

function need(r: Reader, count: number): void {
  if (r.at + count > r.bytes.length)
    throw new CodecError(`${count} byte(s) expected at ${r.at}, the message has ${r.bytes.length}`);
}

/** @throws CodecError where the bytes end, as do the other reads */
export function readU8(r: Reader): number {
  need(r, 1);
  r.at += 1;
  return r.bytes[r.at - 1] as number;
}

/** 0 to 65535. */
export function readU16(r: Reader): number {
  need(r, 2);
  r.at += 2;
  return ((r.bytes[r.at - 2] as number) << 8) | (r.bytes[r.at - 1] as number);
}

/** The four bytes at `at`, which must be there. */
export function u32At(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** 0 to 2^32-1. */
export function readU32(r: Reader): number {
  need(r, 4);
  r.at += 4;
  return u32At(r.bytes, r.at - 4);
}

/** The other half of `writeU53`. @throws CodecError for what is no safe integer */
export function readU53(r: Reader): number {
  need(r, 8);
  const high = readU32(r);
  if (high >= 2 ** 21) throw new CodecError(`a number at ${r.at - 4} is beyond 2^53`);
  return high * TWO_32 + readU32(r);
}

/** @throws CodecError for anything but 0 and 1 */
export function readBool(r: Reader): boolean {
  const value = readU8(r);
  if (value > 1) throw new CodecError(`a boolean expected at ${r.at - 1}, found ${value}`);
  return value === 1;
}

/** A view, not a copy. */
export function readBytes(r: Reader, count: number): Uint8Array {
  need(r, count);
  r.at += count;
  return r.bytes.subarray(r.at - count, r.at);
}

/** Every byte must have been read: what is left over belongs to no field. */
export function readEnd(r: Reader): void {
  if (r.at !== r.bytes.length) throw new CodecError(`${r.bytes.length - r.at} byte(s) left over at ${r.at}`);
}

/** Header bytes of one entry: kind, index, round, payload length. */
export const ENTRY_HEADER_BYTES = 1 + 8 + 8 + 4;

/** Bytes that `writeEntries` will write. */
export function entriesHeaderBytes(entries: readonly Entry[]): number {
  return 4 + entries.length * ENTRY_HEADER_BYTES;
}

/** Bytes of all commands together; a no-op has none. */
export function entriesPayloadBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) if (entry.kind === "command") bytes += entry.command.length;
  return bytes;
}

/** Writes a count and the header of each entry. The payloads follow the whole header, in order: `entryPayloads`. */
export function writeEntries(w: Writer, entries: readonly Entry[]): void {
  writeU32(w, entries.length);
  for (const entry of entries) {
    writeU8(w, entry.kind === "command" ? 1 : 0);
    writeU53(w, entry.index);
    writeU53(w, entry.round);
    writeU32(w, entry.kind === "command" ? entry.command.length : 0);
  }
}

/** The commands in order, not copied; no-ops are left out. */
export function entryPayloads(entries: readonly Entry[]): Uint8Array[] {
  let count = 0;
  for (const entry of entries) if (entry.kind === "command") count += 1;
  // Of the right size from the start: an array that grows by its first push makes room for 17.
  const payloads = new Array<Uint8Array>(count);
  let at = 0;
  for (const entry of entries) {
    if (entry.kind !== "command") continue;
    payloads[at] = entry.command;
    at += 1;
  }
  return payloads;
}

/** What `readEntryHeaders` found; `readEntries` turns it into entries once the reader stands at the payloads. */
export type EntryHeader = {
  readonly kind: "command" | "noop";
  readonly index: number;
  readonly round: number;
  readonly bytes: number;
};

/** The other half of `writeEntries`. @throws CodecError before it allocates what the bytes do not hold */
export function readEntryHeaders(r: Reader): EntryHeader[] {
  const count = readU32(r);
  // A hostile count must not allocate before its bytes are known to be there.
  need(r, count * ENTRY_HEADER_BYTES);
  const headers: EntryHeader[] = [];
  for (let i = 0; i < count; i += 1) {
    const kind = readU8(r);
    if (kind > 1) throw new CodecError(`an entry kind expected at ${r.at - 1}, found ${kind}`);
    const index = readU53(r);
    const round = readU53(r);
    const bytes = readU32(r);
    if (kind === 0 && bytes !== 0) throw new CodecError(`a no-op with ${bytes} payload byte(s) at ${r.at}`);
    headers.push({ kind: kind === 1 ? "command" : "noop", index, round, bytes });
  }
  return headers;
}

/** Entries whose commands are views of the reader's bytes, which must not be written to afterwards. */
export function readEntries(r: Reader, headers: readonly EntryHeader[]): Entry[] {
  return headers.map(({ kind, index, round, bytes }) =>
    kind === "command" ? { kind, index, round, command: readBytes(r, bytes) } : { kind, index, round },
  );
}
