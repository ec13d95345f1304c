/**
 * The bytes of one log entry: the write requests of one loop turn. Big-endian:
 *
 *     count u32, then per request: client u32, seq u53, kind u8, key, and by kind
 *       1 put value · 2 delete · 3 cas expectsValue u8 [expected] value · 4 append value
 *
 * A byte string is its length as u32 and its bytes.
 */
import {
  CodecError,
  type Reader,
  readBool,
  readEnd,
  readerOf,
  readU8,
  readU32,
  readU53,
} from "../../protocols/core/index.js";
import { ByteWriter, latin1Text } from "./byteWriter.js";
import type { WriteOperation } from "./machine.js";

export interface WriteRequest {
  readonly client: number;
  readonly seq: number;
  readonly operation: WriteOperation;
}

const PUT = 1;
const DELETE = 2;
const CAS = 3;
const APPEND = 4;

/** client, seq, kind, and the length of the key: no request is smaller. */
const REQUEST_BYTES_MIN = 4 + 8 + 1 + 4;

/** Packs requests one by one, so that no list of them is kept. */
export class CommandWriter {
  private readonly writer = new ByteWriter(1024);
  private requests = 0;

  constructor() {
    this.clear();
  }

  /** Requests packed since the last `take`. */
  get count(): number {
    return this.requests;
  }

  /** Size of the command so far. */
  get bytes(): number {
    return this.writer.at;
  }

  /** False, with nothing added, if a key or value has a character that is not a byte. */
  add(client: number, seq: number, operation: WriteOperation): boolean {
    const w = this.writer;
    const start = w.at;
    w.u32(client);
    w.u53(seq);
    const fits = writeOperation(w, operation);
    if (fits) this.requests += 1;
    else w.at = start;
    return fits;
  }

  /** The finished command; the writer is empty afterwards. */
  take(): Uint8Array {
    this.writer.u32At(0, this.requests);
    const command = this.writer.take();
    this.clear();
    return command;
  }

  private clear(): void {
    this.writer.at = 0;
    this.writer.u32(0);
    this.requests = 0;
  }
}

function writeOperation(w: ByteWriter, operation: WriteOperation): boolean {
  switch (operation.f) {
    case "put":
      w.u8(PUT);
      return w.latin1(operation.key) && w.latin1(operation.value);
    case "delete":
      w.u8(DELETE);
      return w.latin1(operation.key);
    case "append":
      w.u8(APPEND);
      return w.latin1(operation.key) && w.latin1(operation.value);
    case "cas": {
      w.u8(CAS);
      if (!w.latin1(operation.key)) return false;
      w.u8(operation.expected === null ? 0 : 1);
      if (operation.expected !== null && !w.latin1(operation.expected)) return false;
      return w.latin1(operation.value);
    }
  }
}

/** All requests or none: a command is checked to its last byte before anything of it is applied. Throws CodecError. */
export function decodeCommand(bytes: Uint8Array): WriteRequest[] {
  const r = readerOf(bytes);
  const count = readU32(r);
  if (count * REQUEST_BYTES_MIN > bytes.length)
    throw new CodecError(`${count} requests do not fit ${bytes.length} bytes`);
  const requests: WriteRequest[] = [];
  for (let i = 0; i < count; i += 1) {
    const client = readU32(r);
    const seq = readU53(r);
    requests.push({ client, seq, operation: readOperation(r) });
  }
  readEnd(r);
  return requests;
}

function readOperation(r: Reader): WriteOperation {
  const kind = readU8(r);
  const key = readText(r);
  switch (kind) {
    case PUT:
      return { f: "put", key, value: readText(r) };
    case DELETE:
      return { f: "delete", key };
    case CAS: {
      const expected = readBool(r) ? readText(r) : null;
      return { f: "cas", key, expected, value: readText(r) };
    }
    case APPEND:
      return { f: "append", key, value: readText(r) };
    default:
      throw new CodecError(`an operation from 1 to 4 expected, found ${kind}`);
  }
}

/** A byte string: its length and its bytes. Throws CodecError. */
export function readText(r: Reader): string {
  const length = readU32(r);
  const start = r.at;
  const end = start + length;
  if (end > r.bytes.length) throw new CodecError(`${length} byte(s) expected at ${start}, there are ${r.bytes.length}`);
  r.at = end;
  return latin1Text(r.bytes, start, end);
}
