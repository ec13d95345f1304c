/**
 * The bytes of one log entry: the write requests of one loop turn. Big-endian:
 *
 *     count u32, then per request: client u32, seq u53, kind u8, key, and by kind
 *       1 put value · 2 delete · 3 cas expectsValue u8 [expected] value · 4 append value
 *       5 txn: in place of the key a request as `mvcc/requestCodec.ts` writes it, which is not looked into here: if it
 *         is none, that is its answer
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
  u32At,
} from "../../protocols/core/index.js";
import { ByteWriter, latin1Text } from "./byteWriter.js";
import { KnownKeys, UNKNOWN } from "./knownKeys.js";
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
const TXN = 5;

/** client, seq, kind, and the length of the key or request: no request is smaller. */
const REQUEST_BYTES_MIN = 4 + 8 + 1 + 4;
const KIND_AT = 4 + 8;

/** Small commands are cut from blocks of this size. Bytes. */
const BLOCK_BYTES = 32 * 1024;
/** A command of this size or more has memory of its own, so that little of a block stays unused. Bytes. */
const OWN_MEMORY_BYTES = 4 * 1024;

/**
 * Packs requests one by one, so that no list of them is kept. Small commands share blocks of memory: an ArrayBuffer for
 * each is an allocation outside the heap, and the garbage collector keeps books about it. A log drops commands from its
 * front, so a block goes soon after its last command.
 */
export class CommandWriter {
  private readonly writer = new ByteWriter(1024);
  private requests = 0;
  private block = new Uint8Array(0);
  private used = 0;

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

  /** A request in this very form, which `isRawWrite` has looked over. */
  addRaw(bytes: Uint8Array, from: number, to: number): void {
    this.writer.raw(bytes, from, to);
    this.requests += 1;
  }

  /** The finished command; the writer is empty afterwards. */
  take(): Uint8Array {
    this.writer.u32At(0, this.requests);
    const command = this.copy();
    this.clear();
    return command;
  }

  private copy(): Uint8Array {
    const { writer } = this;
    const bytes = writer.at;
    if (bytes >= OWN_MEMORY_BYTES) return writer.take();
    if (this.used + bytes > this.block.length) {
      this.block = new Uint8Array(BLOCK_BYTES);
      this.used = 0;
    }
    const command = new Uint8Array(this.block.buffer, this.used, bytes);
    writer.copyTo(command, 0);
    this.used += bytes;
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
    case "txn":
      w.u8(TXN);
      w.byteString(operation.request);
      return true;
  }
}

const NOTHING: WriteOperation = { f: "delete", key: "" };

/** Reads the requests of a command one by one, without an object for each. Throws CodecError on any bad byte. */
export class CommandReader {
  /** Of the request that `next` has come to. */
  client = 0;
  seq = 0;
  /** Where `putPlace` is UNKNOWN. */
  operation: WriteOperation = NOTHING;
  /** A put, as nearly all are: the place of its key in `known`. Its value is [valueFrom, valueTo) of `bytes`. */
  putPlace = UNKNOWN;
  valueFrom = 0;
  valueTo = 0;
  readonly known = new KnownKeys();
  private r: Reader = readerOf(new Uint8Array(0));

  /** The command. */
  get bytes(): Uint8Array {
    return this.r.bytes;
  }

  /** Returns the number of requests; so many times `next` is to be called. */
  begin(command: Uint8Array): number {
    this.r = readerOf(command);
    return readCount(this.r);
  }

  next(): void {
    if (!this.nextPut()) this.nextOther();
  }

  /** False, and nothing is read, where no whole put of a known key begins. */
  private nextPut(): boolean {
    const { r } = this;
    const { bytes, at } = r;
    const keyFrom = at + REQUEST_BYTES_MIN;
    if (keyFrom > bytes.length || bytes[at + KIND_AT] !== PUT) return false;
    const seqHigh = u32At(bytes, at + 4);
    const keyTo = keyFrom + u32At(bytes, keyFrom - 4);
    const valueFrom = keyTo + 4;
    if (seqHigh >= 2 ** 21 || valueFrom > bytes.length) return false;
    const valueTo = valueFrom + u32At(bytes, keyTo);
    if (valueTo > bytes.length) return false;
    const place = this.known.place(bytes, keyFrom, keyTo);
    if (place === UNKNOWN) return false;
    this.putPlace = place;
    this.client = u32At(bytes, at);
    this.seq = seqHigh * 2 ** 32 + u32At(bytes, at + 8);
    this.valueFrom = valueFrom;
    this.valueTo = valueTo;
    r.at = valueTo;
    return true;
  }

  /** Any request. Throws CodecError where there is none. */
  private nextOther(): void {
    const { r } = this;
    this.client = readU32(r);
    this.seq = readU53(r);
    this.putPlace = UNKNOWN;
    this.operation = readOperation(r, this.known);
  }

  /** Every byte must have been read. */
  end(): void {
    readEnd(this.r);
  }
}

function readCount(r: Reader): number {
  const count = readU32(r);
  if (count * REQUEST_BYTES_MIN > r.bytes.length)
    throw new CodecError(`${count} requests do not fit ${r.bytes.length} bytes`);
  return count;
}

/**
 * All requests or none.
 *
 * @param known Keys that came before; without it every key is a new text.
 */
export function decodeCommand(bytes: Uint8Array, known: KnownKeys | null = null): WriteRequest[] {
  const r = readerOf(bytes);
  const count = readCount(r);
  const requests = new Array<WriteRequest>(count);
  for (let i = 0; i < count; i += 1) {
    const client = readU32(r);
    const seq = readU53(r);
    requests[i] = { client, seq, operation: readOperation(r, known) };
  }
  readEnd(r);
  return requests;
}

function readOperation(r: Reader, known: KnownKeys | null): WriteOperation {
  const kind = readU8(r);
  const start = skipText(r);
  if (kind === TXN) return { f: "txn", request: r.bytes.subarray(start, r.at) };
  const key = known === null ? latin1Text(r.bytes, start, r.at) : known.text(r.bytes, start, r.at);
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
      throw new CodecError(`an operation from 1 to 5 expected, found ${kind}`);
  }
}

/** A byte string: its length and its bytes. Throws CodecError. */
export function readText(r: Reader): string {
  const start = skipText(r);
  return latin1Text(r.bytes, start, r.at);
}

/** Moves behind a byte string and returns where its bytes begin. Throws CodecError. */
function skipText(r: Reader): number {
  const length = readU32(r);
  const start = r.at;
  const end = start + length;
  if (end > r.bytes.length) throw new CodecError(`${length} byte(s) expected at ${start}, there are ${r.bytes.length}`);
  r.at = end;
  return start;
}
