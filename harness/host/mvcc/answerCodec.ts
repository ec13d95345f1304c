/**
 * The bytes of an answer, big-endian: kind u8 (1 transaction · 2 compaction revision · 3 refused, reason u8); a
 * transaction is revision u53, succeeded u8, count u32 and its steps, each kind u8 and its fields in the order of types.ts.
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
} from "../../../protocols/core/index.js";
import { type ByteWriter, scratch } from "../byteWriter.js";
import { readText } from "../command.js";
import { DEPTH_MAX } from "./requestCodec.js";
import type { Answer, KeyValue, Refusal, StepAnswer, TransactionAnswer } from "./types.js";

const TRANSACTION = 1;
const COMPACTION = 2;
const REFUSED = 3;
const STEPS = { range: 1, put: 2, delete: 3, txn: 4 } as const;
const REFUSALS: readonly Refusal[] = [
  "compacted",
  "futureRevision",
  "keyNotFound",
  "leaseNotFound",
  "malformed",
  "readOnly",
];

export function encodeAnswer(answer: Answer): Uint8Array {
  const w = scratch();
  switch (answer.type) {
    case "txn":
      w.u8(TRANSACTION);
      writeTransaction(w, answer);
      break;
    case "compact":
      w.u8(COMPACTION);
      w.u53(answer.revision);
      break;
    case "refused":
      w.u8(REFUSED);
      w.u8(REFUSALS.indexOf(answer.refusal));
  }
  return w.take();
}

/** Throws CodecError on any bad byte. */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const r = readerOf(bytes);
  const answer = readAnswer(r);
  readEnd(r);
  return answer;
}

function readAnswer(r: Reader): Answer {
  const kind = readU8(r);
  if (kind === TRANSACTION) return readTransaction(r, 1);
  if (kind === COMPACTION) return { type: "compact", revision: readU53(r) };
  if (kind !== REFUSED) throw new CodecError(`an answer from 1 to 3 expected, found ${kind}`);
  const refusal = REFUSALS[readU8(r)];
  if (refusal === undefined) throw new CodecError("the reason of a refusal expected");
  return { type: "refused", refusal };
}

function writeTransaction(w: ByteWriter, answer: TransactionAnswer): void {
  w.u53(answer.revision);
  w.u8(answer.succeeded ? 1 : 0);
  w.u32(answer.steps.length);
  for (const step of answer.steps) writeStep(w, step);
}

function readTransaction(r: Reader, depth: number): TransactionAnswer {
  if (depth > DEPTH_MAX) throw new CodecError(`answers are nested more than ${DEPTH_MAX} deep`);
  const revision = readU53(r);
  const succeeded = readBool(r);
  const count = readU32(r);
  const steps: StepAnswer[] = [];
  for (let i = 0; i < count; i += 1) steps.push(readStep(r, depth));
  return { type: "txn", revision, succeeded, steps };
}

function writeStep(w: ByteWriter, step: StepAnswer): void {
  w.u8(STEPS[step.type]);
  if (step.type === "txn") {
    writeTransaction(w, step);
    return;
  }
  w.u53(step.revision);
  switch (step.type) {
    case "range":
      w.u53(step.count);
      w.u8(step.more ? 1 : 0);
      writeKeyValues(w, step.kvs);
      break;
    case "put":
      writeKeyValues(w, step.previous === null ? [] : [step.previous]);
      break;
    case "delete":
      w.u53(step.deleted);
      writeKeyValues(w, step.previous);
  }
}

function readStep(r: Reader, depth: number): StepAnswer {
  const kind = readU8(r);
  if (kind === STEPS.txn) return readTransaction(r, depth + 1);
  const revision = readU53(r);
  switch (kind) {
    case STEPS.range:
      return { type: "range", revision, count: readU53(r), more: readBool(r), kvs: readKeyValues(r) };
    case STEPS.put:
      return { type: "put", revision, previous: readKeyValues(r)[0] ?? null };
    case STEPS.delete:
      return { type: "delete", revision, deleted: readU53(r), previous: readKeyValues(r) };
    default:
      throw new CodecError(`the answer of a step expected, found ${kind}`);
  }
}

function writeKeyValues(w: ByteWriter, kvs: readonly KeyValue[]): void {
  w.u32(kvs.length);
  for (const { key, value, create, mod, version } of kvs) {
    w.latin1(key);
    w.latin1(value);
    w.u53(create);
    w.u53(mod);
    w.u53(version);
  }
}

function readKeyValues(r: Reader): KeyValue[] {
  const count = readU32(r);
  const kvs: KeyValue[] = [];
  for (let i = 0; i < count; i += 1) {
    kvs.push({ key: readText(r), value: readText(r), create: readU53(r), mod: readU53(r), version: readU53(r) });
  }
  return kvs;
}
