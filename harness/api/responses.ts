/** Answers of the machine as etcd's messages. */
import type { Mvcc } from "../host/index.js";
import { etcdError, EtcdError } from "./errors.js";
import { status } from "@grpc/grpc-js";
import type {
  DeleteRangeResponse,
  HeaderMessage,
  KeyValueMessage,
  PutResponse,
  RangeResponse,
  ResponseOp,
  TxnResponse,
} from "./messages.js";

/** The header of an answer at the top; one within a transaction has the revision alone, a transaction there not even that. */
export type Header = (revision: number) => HeaderMessage;

const inner: Header = (revision) => ({ revision });

function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function keyValue({ key, value, create, mod, version }: Mvcc.KeyValue): KeyValueMessage {
  return {
    key: bytes(key),
    create_revision: create,
    mod_revision: mod,
    version,
    value: bytes(value),
    lease: 0,
  };
}

export function rangeResponse({ revision, count, more, kvs }: Mvcc.RangeAnswer, header: Header): RangeResponse {
  return { header: header(revision), kvs: kvs.map(keyValue), more, count };
}

export function putResponse({ revision, previous }: Mvcc.PutAnswer, header: Header): PutResponse {
  return { header: header(revision), prev_kv: previous === null ? null : keyValue(previous) };
}

export function deleteResponse(answer: Mvcc.DeleteAnswer, header: Header): DeleteRangeResponse {
  const { revision, deleted, previous } = answer;
  return { header: header(revision), deleted, prev_kvs: previous.map(keyValue) };
}

export function txnResponse({ revision, succeeded, steps }: Mvcc.TransactionAnswer, header: Header): TxnResponse {
  return { header: header(revision), succeeded, responses: steps.map(responseOp) };
}

function responseOp(step: Mvcc.StepAnswer): ResponseOp {
  switch (step.type) {
    case "range":
      return { response_range: rangeResponse(step, inner) };
    case "put":
      return { response_put: putResponse(step, inner) };
    case "delete":
      return { response_delete_range: deleteResponse(step, inner) };
    case "txn":
      return { response_txn: txnResponse(step, () => ({})) };
  }
}

/** What the machine refused, in etcd's words. */
export function refusalError(refusal: Mvcc.Refusal): EtcdError {
  switch (refusal) {
    case "compacted":
    case "futureRevision":
    case "keyNotFound":
    case "leaseNotFound":
      return etcdError(refusal);
    case "malformed":
    case "readOnly":
      // This interface and the machine do not agree about the bytes between them: nodes of different versions.
      return new EtcdError(status.INTERNAL, `Synod: the machine refused the request as ${refusal}`);
  }
}
