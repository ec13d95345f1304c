/** Messages on the wire. Values are referred to, not copied. */
import {
  type Cell,
  type Codec,
  CodecError,
  type Reader,
  readBool,
  readBytes,
  readEnd,
  readerOf,
  readU16,
  readU32,
  readU53,
  readU8,
  unreachable,
  type Writer,
  writeBool,
  writerAt,
  writeU16,
  writeU32,
  writeU53,
  writeU8,
} from "../core/index.js";
import type { RegisterMessage } from "./messages.js";

/** First byte of a message. Never renumbered: nodes of different versions talk to each other. */
const TYPES: readonly RegisterMessage["type"][] = ["Query", "QueryResponse", "Propagate", "PropagateResponse"];
const NO_PAYLOADS: readonly Uint8Array[] = [];
/** Type, incarnation, operation. */
const PREFIX_BYTES = 1 + 8 + 8;
/** Counter, ordinal, incarnation, and the length of the value. */
const CELL_BYTES = 8 + 2 + 8 + 4;

function cellOf(m: RegisterMessage): Cell | null {
  return m.type === "Propagate" || m.type === "QueryResponse" ? m.cell : null;
}

function headerBytes(m: RegisterMessage): number {
  switch (m.type) {
    case "Query":
      return PREFIX_BYTES + 4 + m.key.length;
    case "QueryResponse":
      return PREFIX_BYTES + 1 + (m.cell === null ? 0 : cellBytes(m.cell));
    case "Propagate":
      return PREFIX_BYTES + cellBytes(m.cell);
    case "PropagateResponse":
      return PREFIX_BYTES;
    default:
      return unreachable(m);
  }
}

function cellBytes(cell: Cell): number {
  return CELL_BYTES + 4 + cell.key.length;
}

function totalBytes(m: RegisterMessage): number {
  return headerBytes(m) + (cellOf(m)?.value.length ?? 0);
}

function encode(m: RegisterMessage, into: Uint8Array, at: number): readonly Uint8Array[] {
  const w = writerAt(into, at);
  writeU8(w, TYPES.indexOf(m.type) + 1);
  writeU53(w, m.incarnation);
  writeU53(w, m.operation);
  if (m.type === "Query") writeKey(w, m.key);
  if (m.type === "QueryResponse") writeBool(w, m.cell !== null);
  const cell = cellOf(m);
  if (cell === null) return NO_PAYLOADS;
  writeKey(w, cell.key);
  writeU53(w, cell.timestamp.counter);
  writeU16(w, cell.timestamp.ordinal);
  writeU53(w, cell.timestamp.incarnation);
  writeU32(w, cell.value.length);
  return [cell.value];
}

function writeKey(w: Writer, key: string): void {
  writeU32(w, key.length);
  for (let i = 0; i < key.length; i += 1) writeU8(w, key.charCodeAt(i));
}

function decode(bytes: Uint8Array): RegisterMessage {
  const r = readerOf(bytes);
  const code = readU8(r);
  const type = TYPES[code - 1];
  if (type === undefined) throw new CodecError(`message type ${code} is not the register's`);
  const message = readBody(r, type, { incarnation: readU53(r), operation: readU53(r) });
  readEnd(r);
  return message;
}

function readBody(
  r: Reader,
  type: RegisterMessage["type"],
  { incarnation, operation }: { readonly incarnation: number; readonly operation: number },
): RegisterMessage {
  switch (type) {
    case "Query":
      return { type, incarnation, operation, key: readKey(r) };
    case "QueryResponse":
      return { type, incarnation, operation, cell: readBool(r) ? readCell(r) : null };
    case "Propagate":
      return { type, incarnation, operation, cell: readCell(r) };
    case "PropagateResponse":
      return { type, incarnation, operation };
    default:
      return unreachable(type);
  }
}

function readKey(r: Reader): string {
  const bytes = readBytes(r, readU32(r));
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

function readCell(r: Reader): Cell {
  const key = readKey(r);
  const timestamp = { counter: readU53(r), ordinal: readU16(r), incarnation: readU53(r) };
  return { key, timestamp, value: readBytes(r, readU32(r)) };
}

/** Messages on the wire: a header of known size, then the value. */
export const codec: Codec<RegisterMessage> = { headerBytes, totalBytes, encode, decode };
