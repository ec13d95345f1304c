/**
 * The bytes of a request, big-endian:
 *
 *     request   kind u8: 1 transaction · 2 compaction revision
 *     transaction  count u32 and compares, count u32 and steps of success, count u32 and steps of failure
 *     compare   target u8 · result u8 · key · end · number, or value as text if the target is one
 *     step      kind u8: 1 range · 2 put · 3 delete · 4 transaction, and its fields in the order of types.ts
 *
 * A text is its length as u32 and its bytes; a number is itself + 2^52 as u53; flags of one step share a byte.
 */
import { CodecError, type Reader, readEnd, readerOf, readU8, readU32, readU53 } from "../../../protocols/core/index.js";
import { type ByteWriter, scratch } from "../byteWriter.js";
import { readText } from "../command.js";
import type { Compare, DeleteOperation, PutOperation, RangeOperation, Request, Step, Transaction } from "./types.js";

const OFFSET = 2 ** 52;
const TRANSACTION = 1;
const COMPACTION = 2;
const STEPS = { range: 1, put: 2, delete: 3, txn: 4 } as const;

const TARGETS = ["version", "create", "mod", "value", "lease"] as const;
const RESULTS = ["equal", "greater", "less", "notEqual"] as const;
const ORDERS = ["none", "ascend", "descend"] as const;
const SORT_TARGETS = ["key", "version", "create", "mod", "value"] as const;

/** Transactions within transactions. Above it the bytes are refused: the decoder recurses. */
export const DEPTH_MAX = 128;
const COMPARE_BYTES_MIN = 1 + 1 + 4 + 4 + 4;
const STEP_BYTES_MIN = 1 + 1 + 4 + 4;

/** Every number is clamped to ±2^52; see types.ts. */
export function encodeRequest(request: Request): Uint8Array {
  const w = scratch();
  if (request.type === "compact") {
    w.u8(COMPACTION);
    writeNumber(w, request.revision);
  } else {
    w.u8(TRANSACTION);
    writeTransaction(w, request);
  }
  return w.take();
}

/** Throws CodecError on any bad byte. */
export function decodeRequest(bytes: Uint8Array): Request {
  const r = readerOf(bytes);
  const kind = readU8(r);
  let request: Request;
  if (kind === TRANSACTION) request = readTransaction(r, 1);
  else if (kind === COMPACTION) request = { type: "compact", revision: readNumber(r) };
  else throw new CodecError(`a transaction or a compaction expected, found ${kind}`);
  readEnd(r);
  return request;
}

function writeNumber(w: ByteWriter, value: number): void {
  w.u53(Math.max(-OFFSET, Math.min(OFFSET - 1, Math.trunc(value))) + OFFSET);
}

function readNumber(r: Reader): number {
  return readU53(r) - OFFSET;
}

function writeTransaction(w: ByteWriter, transaction: Transaction): void {
  w.u32(transaction.compares.length);
  for (const compare of transaction.compares) writeCompare(w, compare);
  w.u32(transaction.success.length);
  for (const step of transaction.success) writeStep(w, step);
  w.u32(transaction.failure.length);
  for (const step of transaction.failure) writeStep(w, step);
}

function readTransaction(r: Reader, depth: number): Transaction {
  if (depth > DEPTH_MAX) throw new CodecError(`transactions are nested more than ${DEPTH_MAX} deep`);
  const compares = readMany(r, COMPARE_BYTES_MIN, () => readCompare(r));
  const success = readMany(r, STEP_BYTES_MIN, () => readStep(r, depth));
  return { type: "txn", compares, success, failure: readMany(r, STEP_BYTES_MIN, () => readStep(r, depth)) };
}

function writeCompare(w: ByteWriter, compare: Compare): void {
  w.u8(TARGETS.indexOf(compare.target));
  w.u8(RESULTS.indexOf(compare.result));
  w.latin1(compare.key);
  w.latin1(compare.end);
  if (compare.target === "value") w.latin1(compare.value);
  else writeNumber(w, compare.number);
}

function readCompare(r: Reader): Compare {
  const target = readWord(r, TARGETS);
  const result = readWord(r, RESULTS);
  const key = readText(r);
  const end = readText(r);
  if (target === "value") return { target, result, key, end, value: readText(r) };
  return { target, result, key, end, number: readNumber(r) };
}

function writeStep(w: ByteWriter, step: Step): void {
  w.u8(STEPS[step.type]);
  switch (step.type) {
    case "range":
      writeRange(w, step);
      break;
    case "put":
      w.u8(flags(step.previous, step.keepValue, step.keepLease, step.leased));
      w.latin1(step.key);
      w.latin1(step.value);
      break;
    case "delete":
      w.u8(flags(step.previous));
      w.latin1(step.key);
      w.latin1(step.end);
      break;
    case "txn":
      writeTransaction(w, step);
  }
}

function readStep(r: Reader, depth: number): Step {
  const kind = readU8(r);
  switch (kind) {
    case STEPS.range:
      return readRange(r);
    case STEPS.put:
      return readPut(r);
    case STEPS.delete:
      return readDelete(r);
    case STEPS.txn:
      return readTransaction(r, depth + 1);
    default:
      throw new CodecError(`a step from 1 to 4 expected, found ${kind}`);
  }
}

function writeRange(w: ByteWriter, range: RangeOperation): void {
  w.u8(flags(range.keysOnly, range.countOnly));
  w.u8(ORDERS.indexOf(range.order));
  w.u8(SORT_TARGETS.indexOf(range.target));
  w.latin1(range.key);
  w.latin1(range.end);
  const { limit, revision, modMin, modMax, createMin, createMax } = range;
  for (const number of [limit, revision, modMin, modMax, createMin, createMax]) writeNumber(w, number);
}

function readRange(r: Reader): RangeOperation {
  const bits = readFlags(r, 2);
  return {
    type: "range",
    keysOnly: (bits & 1) !== 0,
    countOnly: (bits & 2) !== 0,
    order: readWord(r, ORDERS),
    target: readWord(r, SORT_TARGETS),
    key: readText(r),
    end: readText(r),
    limit: readNumber(r),
    revision: readNumber(r),
    modMin: readNumber(r),
    modMax: readNumber(r),
    createMin: readNumber(r),
    createMax: readNumber(r),
  };
}

function readPut(r: Reader): PutOperation {
  const bits = readFlags(r, 4);
  return {
    type: "put",
    previous: (bits & 1) !== 0,
    keepValue: (bits & 2) !== 0,
    keepLease: (bits & 4) !== 0,
    leased: (bits & 8) !== 0,
    key: readText(r),
    value: readText(r),
  };
}

function readDelete(r: Reader): DeleteOperation {
  const previous = readFlags(r, 1) !== 0;
  return { type: "delete", key: readText(r), end: readText(r), previous };
}

function flags(...bits: readonly boolean[]): number {
  return bits.reduce((sum, bit, i) => sum + (bit ? 1 << i : 0), 0);
}

function readFlags(r: Reader, count: number): number {
  const bits = readU8(r);
  if (bits >= 1 << count) throw new CodecError(`${count} flag(s) expected, found ${bits}`);
  return bits;
}

function readWord<T>(r: Reader, words: readonly T[]): T {
  const at = readU8(r);
  const word = words[at];
  if (word === undefined) throw new CodecError(`a number below ${words.length} expected, found ${at}`);
  return word;
}

/** A count and that many items of at least `bytesMin` each, so that a hostile count ends before it allocates. */
function readMany<T>(r: Reader, bytesMin: number, readOne: () => T): T[] {
  const count = readU32(r);
  if (count * bytesMin > r.bytes.length - r.at)
    throw new CodecError(`${count} items do not fit the rest of the request`);
  const items: T[] = [];
  for (let i = 0; i < count; i += 1) items.push(readOne());
  return items;
}
