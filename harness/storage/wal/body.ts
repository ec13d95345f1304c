/** Bodies of records: writes with all their headers first and the commands behind them, which are referred to, not copied. */
import {
  type Codec,
  CodecError,
  type EntryHeader,
  entriesHeaderBytes,
  entriesPayloadBytes,
  type Index,
  type Reader,
  readBytes,
  readEnd,
  readEntries,
  readEntryHeaders,
  readerOf,
  readU16,
  readU32,
  readU53,
  readU8,
  type Writer,
  writeEntries,
  writerAt,
  writeU16,
  writeU32,
  writeU53,
  writeU8,
} from "../../../protocols/core/index.js";
import type { Write } from "../contract.js";
import { encodeHard, type StoredWrite } from "../image.js";
import { RECORD_HEADER_BYTES } from "./format.js";

/** A record that only lacks its header. */
export interface Body {
  /** Begins with room for the record's header. */
  readonly head: Uint8Array;
  readonly payloads: readonly Uint8Array[];
  /** Without the room for the header. */
  readonly bytes: number;
  /** Highest index of its entries, 0 without any. */
  readonly lastIndex: Index;
}

const HARD = 1;
const TRUNCATE = 2;
const SNAPSHOT = 4;
const FLAGS = HARD | TRUNCATE | SNAPSHOT;

export const EMPTY_BODY: Body = { head: new Uint8Array(RECORD_HEADER_BYTES), payloads: [], bytes: 0, lastIndex: 0 };

function utf8(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

function fixedBytes(write: StoredWrite): number {
  let bytes = 1 + entriesHeaderBytes(write.entries);
  if (write.hard !== null) bytes += 4 + write.hard.length;
  if (write.truncateFrom !== null) bytes += 8;
  if (write.snapshot !== null) bytes += 3 * 8 + 2 + Buffer.byteLength(write.snapshot.id);
  return bytes;
}

/** Bytes of one write in a body. */
export function writeBytes(write: StoredWrite): number {
  return fixedBytes(write) + entriesPayloadBytes(write.entries);
}

export function storedWrite<H>(codec: Codec<H>, write: Write<H>): StoredWrite {
  const hard = write.hard === null ? null : encodeHard(codec, write.hard);
  return { hard, truncateFrom: write.truncateFrom, snapshot: write.snapshot, entries: write.entries };
}

export function encodeBody(writes: readonly StoredWrite[]): Body {
  let fixed = 4;
  for (const write of writes) fixed += fixedBytes(write);
  const head = Buffer.allocUnsafe(RECORD_HEADER_BYTES + fixed);
  const w = writerAt(head, RECORD_HEADER_BYTES);
  const payloads: Uint8Array[] = [];
  let bytes = fixed;
  let lastIndex = 0;
  writeU32(w, writes.length);
  for (const write of writes) {
    encodeWrite(w, write);
    for (const entry of write.entries) {
      lastIndex = Math.max(lastIndex, entry.index);
      if (entry.kind !== "command" || entry.command.length === 0) continue;
      payloads.push(entry.command);
      bytes += entry.command.length;
    }
  }
  return { head, payloads, bytes, lastIndex };
}

function encodeWrite(w: Writer, write: StoredWrite): void {
  const { hard, truncateFrom, snapshot } = write;
  writeU8(w, (hard === null ? 0 : HARD) | (truncateFrom === null ? 0 : TRUNCATE) | (snapshot === null ? 0 : SNAPSHOT));
  if (hard !== null) {
    writeU32(w, hard.length);
    w.bytes.set(hard, w.at);
    w.at += hard.length;
  }
  if (truncateFrom !== null) writeU53(w, truncateFrom);
  if (snapshot !== null) {
    writeU53(w, snapshot.index);
    writeU53(w, snapshot.round);
    writeU53(w, snapshot.bytes);
    const id = utf8(snapshot.id);
    writeU16(w, id.length);
    w.bytes.set(id, w.at);
    w.at += id.length;
  }
  writeEntries(w, write.entries);
}

/** Views into `bytes`. Throws CodecError. */
export function decodeBody(bytes: Uint8Array): StoredWrite[] {
  const r = readerOf(bytes);
  const count = readU32(r);
  const parts: { readonly fixed: Omit<StoredWrite, "entries">; readonly headers: EntryHeader[] }[] = [];
  for (let i = 0; i < count; i += 1) parts.push({ fixed: decodeFixed(r), headers: readEntryHeaders(r) });
  const writes = parts.map(({ fixed, headers }) => ({ ...fixed, entries: readEntries(r, headers) }));
  readEnd(r);
  return writes;
}

function decodeFixed(r: Reader): Omit<StoredWrite, "entries"> {
  const flags = readU8(r);
  if ((flags & ~FLAGS) !== 0) throw new CodecError(`flags expected at ${r.at - 1}, found ${flags}`);
  const hard = (flags & HARD) === 0 ? null : readBytes(r, readU32(r));
  const truncateFrom = (flags & TRUNCATE) === 0 ? null : readU53(r);
  if ((flags & SNAPSHOT) === 0) return { hard, truncateFrom, snapshot: null };
  const index = readU53(r);
  const round = readU53(r);
  const bytes = readU53(r);
  const id = new TextDecoder().decode(readBytes(r, readU16(r)));
  return { hard, truncateFrom, snapshot: { id, index, round, bytes } };
}
