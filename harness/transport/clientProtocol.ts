/** Requests and replies of clients as frames. */
import {
  CodecError,
  type ReadLevel,
  type Reader,
  readBool,
  readEnd,
  readU16,
  readU32,
  readU53,
  readU8,
  type RejectReason,
} from "../../protocols/core/index.js";
import type { Operation, Result } from "../host/index.js";
import type { FrameWriter } from "./frames.js";
import { READ, REPLY, STATUS, WRITE } from "./kinds.js";

export type ReadOperation = Extract<Operation, { readonly f: "get" | "range" | "query" }>;
export type WriteOperation = Exclude<Operation, ReadOperation>;

export type FailureReason = RejectReason | "sessionExpired";

/** What a node says of one request; see `Reply` of the host for what the outcomes promise. */
export type ClientReply =
  | { readonly status: "ok"; readonly index: number; readonly result: Result }
  | {
      readonly status: "failed" | "unknown";
      readonly reason: FailureReason;
      /** The leader's ordinal, 0 if the node knows none. */
      readonly leader: number;
    };

export interface AddressedReply {
  readonly client: number;
  readonly seq: number;
  readonly reply: ClientReply;
}

const LEVELS: readonly ReadLevel[] = ["linearizable", "sync", "local"];
const REASONS: readonly FailureReason[] = ["notLeader", "notReady", "overloaded", "unsupported", "sessionExpired"];
const STATUSES = ["ok", "failed", "unknown"] as const;
/** client and seq. */
const NAME_BYTES = 4 + 8;

function head(w: FrameWriter, kind: number, bodyBytes: number, client: number, seq: number): void {
  w.begin(kind, NAME_BYTES + bodyBytes);
  w.u32(client);
  w.u53(seq);
}

function text(w: FrameWriter, value: string): void {
  w.u32(value.length);
  w.latin1(value);
}

/** Keys and values have one character a byte. The frame must not be longer than CLIENT_FRAME_BYTES_MAX. */
export function writeWrite(w: FrameWriter, client: number, seq: number, operation: WriteOperation): void {
  switch (operation.f) {
    case "put":
    case "append":
      head(w, WRITE, 9 + operation.key.length + operation.value.length, client, seq);
      w.u8(operation.f === "put" ? 1 : 4);
      text(w, operation.key);
      text(w, operation.value);
      break;
    case "delete":
      head(w, WRITE, 5 + operation.key.length, client, seq);
      w.u8(2);
      text(w, operation.key);
      break;
    case "cas": {
      const { key, expected, value } = operation;
      const expectedBytes = expected === null ? 0 : 4 + expected.length;
      head(w, WRITE, 10 + key.length + expectedBytes + value.length, client, seq);
      w.u8(3);
      text(w, key);
      w.u8(expected === null ? 0 : 1);
      if (expected !== null) text(w, expected);
      text(w, value);
      break;
    }
    case "txn":
      head(w, WRITE, 5 + operation.request.length, client, seq);
      w.u8(5);
      w.u32(operation.request.length);
      w.raw(operation.request);
      break;
  }
}

export function writeRead(
  w: FrameWriter,
  client: number,
  seq: number,
  operation: ReadOperation,
  level: ReadLevel,
): void {
  switch (operation.f) {
    case "get":
      head(w, READ, 6 + operation.key.length, client, seq);
      w.u8(LEVELS.indexOf(level) + 1);
      w.u8(1);
      text(w, operation.key);
      break;
    case "range":
      head(w, READ, 14 + operation.from.length + operation.to.length, client, seq);
      w.u8(LEVELS.indexOf(level) + 1);
      w.u8(2);
      text(w, operation.from);
      text(w, operation.to);
      w.u32(operation.limit);
      break;
    case "query":
      head(w, READ, 6 + operation.request.length, client, seq);
      w.u8(LEVELS.indexOf(level) + 1);
      w.u8(3);
      w.u32(operation.request.length);
      w.raw(operation.request);
      break;
  }
}

function readText(r: Reader): string {
  const bytes = byteString(r);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function byteString(r: Reader): Uint8Array {
  const length = readU32(r);
  if (length > r.bytes.length - r.at) throw new CodecError(`a byte string of ${length} bytes at ${r.at}`);
  r.at += length;
  return r.bytes.subarray(r.at - length, r.at);
}

/** The body of a READ. Throws CodecError. */
export function readRead(r: Reader): {
  readonly client: number;
  readonly seq: number;
  readonly level: ReadLevel;
  readonly operation: ReadOperation;
} {
  const client = readU32(r);
  const seq = readU53(r);
  const level = LEVELS[readU8(r) - 1];
  if (level === undefined) throw new CodecError(`a level of reading expected at ${r.at - 1}`);
  const operation = readReadOperation(r);
  readEnd(r);
  return { client, seq, level, operation };
}

function readReadOperation(r: Reader): ReadOperation {
  const kind = readU8(r);
  switch (kind) {
    case 1:
      return { f: "get", key: readText(r) };
    case 2:
      return { f: "range", from: readText(r), to: readText(r), limit: readU32(r) };
    case 3:
      return { f: "query", request: byteString(r) };
    default:
      throw new CodecError(`a kind of read from 1 to 3 expected, found ${kind}`);
  }
}

export function writeStatus(w: FrameWriter, client: number, seq: number, digest: boolean): void {
  head(w, STATUS, 1, client, seq);
  w.u8(digest ? 1 : 0);
}

/** The body of a STATUS. Throws CodecError. */
export function readStatus(r: Reader): { readonly client: number; readonly seq: number; readonly digest: boolean } {
  const client = readU32(r);
  const seq = readU53(r);
  const digest = r.at < r.bytes.length && readBool(r);
  readEnd(r);
  return { client, seq, digest };
}

export function writeReply(w: FrameWriter, client: number, seq: number, reply: ClientReply): void {
  if (reply.status !== "ok") {
    head(w, REPLY, 4, client, seq);
    w.u8(STATUSES.indexOf(reply.status) + 1);
    w.u8(REASONS.indexOf(reply.reason) + 1);
    w.u16(reply.leader);
    return;
  }
  head(w, REPLY, 9 + resultBytes(reply.result), client, seq);
  w.u8(1);
  w.u53(reply.index);
  writeResult(w, reply.result);
}

function resultBytes(result: Result): number {
  switch (result.type) {
    case "done":
      return 1;
    case "value":
      return 2 + (result.value === null ? 0 : 4 + result.value.length);
    case "cas":
      return 3 + (result.observed === null ? 0 : 4 + result.observed.length);
    case "range": {
      let bytes = 5;
      for (const [key, value] of result.pairs) bytes += 8 + key.length + value.length;
      return bytes;
    }
    case "bytes":
      return 5 + result.bytes.length;
  }
}

function writeResult(w: FrameWriter, result: Result): void {
  switch (result.type) {
    case "done":
      w.u8(0);
      break;
    case "value":
      w.u8(1);
      writePresent(w, result.value);
      break;
    case "cas":
      w.u8(2);
      w.u8(result.swapped ? 1 : 0);
      writePresent(w, result.observed);
      break;
    case "range":
      w.u8(3);
      w.u32(result.pairs.length);
      for (const [key, value] of result.pairs) {
        text(w, key);
        text(w, value);
      }
      break;
    case "bytes":
      w.u8(4);
      w.u32(result.bytes.length);
      w.raw(result.bytes);
      break;
  }
}

function writePresent(w: FrameWriter, value: string | null): void {
  w.u8(value === null ? 0 : 1);
  if (value !== null) text(w, value);
}

/** The body of a REPLY. Throws CodecError. */
export function readReply(r: Reader): AddressedReply {
  const client = readU32(r);
  const seq = readU53(r);
  const reply = readReplyBody(r);
  readEnd(r);
  return { client, seq, reply };
}

function readReplyBody(r: Reader): ClientReply {
  const status = STATUSES[readU8(r) - 1];
  if (status === undefined) throw new CodecError(`an outcome expected at ${r.at - 1}`);
  if (status === "ok") return { status, index: readU53(r), result: readResult(r) };
  const reason = REASONS[readU8(r) - 1];
  if (reason === undefined) throw new CodecError(`a reason expected at ${r.at - 1}`);
  return { status, reason, leader: readU16(r) };
}

function readResult(r: Reader): Result {
  const kind = readU8(r);
  switch (kind) {
    case 0:
      return { type: "done" };
    case 1:
      return { type: "value", value: readPresent(r) };
    case 2:
      return { type: "cas", swapped: readBool(r), observed: readPresent(r) };
    case 3:
      return { type: "range", pairs: readPairs(r) };
    case 4:
      return { type: "bytes", bytes: byteString(r) };
    default:
      throw new CodecError(`the kind of a result expected, found ${kind}`);
  }
}

function readPresent(r: Reader): string | null {
  return readBool(r) ? readText(r) : null;
}

function readPairs(r: Reader): (readonly [string, string])[] {
  const count = readU32(r);
  if (count * 8 > r.bytes.length - r.at) throw new CodecError(`${count} pairs do not fit the rest of the frame`);
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < count; i += 1) pairs.push([readText(r), readText(r)]);
  return pairs;
}
