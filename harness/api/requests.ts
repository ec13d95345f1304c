/** etcd's messages as requests of the machine, checked as etcd's server checks them before it proposes anything. */
import { status } from "@grpc/grpc-js";
import type { Mvcc } from "../host/index.js";
import { EtcdError, etcdError } from "./errors.js";
import { checkDuplicates } from "./intervals.js";
import type {
  CompareMessage,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "./messages.js";

/** etcd's default of --max-txn-ops. */
const TXN_OPERATIONS_MAX = 128;

const ORDERS = ["none", "ascend", "descend"] as const;
const SORT_TARGETS = ["key", "version", "create", "mod", "value"] as const;
const RESULTS = ["equal", "greater", "less", "notEqual"] as const;

/** Keys and values are texts of one character a byte in the machine. */
function text(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** A transaction of this one step. Throws EtcdError, as all of these functions do. */
export function single(step: Mvcc.Step): Mvcc.Transaction {
  return { type: "txn", compares: [], success: [step], failure: [] };
}

export function rangeStep(message: RangeRequest): Mvcc.RangeOperation {
  if (message.key.length === 0) throw etcdError("emptyKey");
  const order = ORDERS[message.sort_order];
  const target = SORT_TARGETS[message.sort_target];
  if (order === undefined || target === undefined) throw etcdError("invalidSortOption");
  return {
    type: "range",
    key: text(message.key),
    end: text(message.range_end),
    limit: message.limit,
    revision: message.revision,
    order,
    target,
    keysOnly: message.keys_only,
    countOnly: message.count_only,
    modMin: message.min_mod_revision,
    modMax: message.max_mod_revision,
    createMin: message.min_create_revision,
    createMax: message.max_create_revision,
  };
}

export function putStep(message: PutRequest): Mvcc.PutOperation {
  if (message.key.length === 0) throw etcdError("emptyKey");
  if (message.ignore_value && message.value.length !== 0) throw etcdError("valueProvided");
  if (message.ignore_lease && message.lease !== 0) throw etcdError("leaseProvided");
  return {
    type: "put",
    key: text(message.key),
    value: text(message.value),
    previous: message.prev_kv,
    keepValue: message.ignore_value,
    keepLease: message.ignore_lease,
    // No lease can be granted here, so there is none of any number.
    leased: message.lease !== 0,
  };
}

export function deleteStep(message: DeleteRangeRequest): Mvcc.DeleteOperation {
  if (message.key.length === 0) throw etcdError("emptyKey");
  return { type: "delete", key: text(message.key), end: text(message.range_end), previous: message.prev_kv };
}

/** Also whether a key would be changed twice: then nothing of it is done. */
export function transaction(message: TxnRequest): Mvcc.Transaction {
  const checked = nested(message, TXN_OPERATIONS_MAX);
  checkDuplicates(checked.success);
  checkDuplicates(checked.failure);
  return checked;
}

function nested({ compare, success, failure }: TxnRequest, operationsMax: number): Mvcc.Transaction {
  const operations = Math.max(compare.length, success.length, failure.length);
  if (operations > operationsMax) throw etcdError("tooManyOperations");
  const compares = compare.map(compareOf);
  // What lies within may have as many as are left.
  const left = operationsMax - operations;
  const steps = (list: readonly RequestOp[]): Mvcc.Step[] => list.map((operation) => stepOf(operation, left));
  return { type: "txn", compares, success: steps(success), failure: steps(failure) };
}

function stepOf(operation: RequestOp, operationsMax: number): Mvcc.Step {
  if (operation.request_range !== undefined && operation.request === "request_range")
    return rangeStep(operation.request_range);
  if (operation.request_put !== undefined && operation.request === "request_put") return putStep(operation.request_put);
  if (operation.request_delete_range !== undefined && operation.request === "request_delete_range")
    return deleteStep(operation.request_delete_range);
  if (operation.request_txn !== undefined && operation.request === "request_txn")
    return nested(operation.request_txn, operationsMax);
  throw etcdError("keyNotFound"); // As etcd says of an operation that is none.
}

function compareOf(message: CompareMessage): Mvcc.Compare {
  if (message.key.length === 0) throw etcdError("emptyKey");
  const result = RESULTS[message.result];
  if (result === undefined) throw invalidCompare("result", message.result);
  const common = { result, key: text(message.key), end: text(message.range_end) };
  switch (message.target) {
    case 0:
      return { ...common, target: "version", number: message.version ?? 0 };
    case 1:
      return { ...common, target: "create", number: message.create_revision ?? 0 };
    case 2:
      return { ...common, target: "mod", number: message.mod_revision ?? 0 };
    case 3:
      return { ...common, target: "value", value: text(message.value ?? Buffer.alloc(0)) };
    case 4:
      return { ...common, target: "lease", number: message.lease ?? 0 };
    default:
      throw invalidCompare("target", message.target);
  }
}

function invalidCompare(what: string, found: number): EtcdError {
  return new EtcdError(status.INVALID_ARGUMENT, `Synod: a comparison has no ${what} ${found}`);
}

/** Whether all it does is to read; then it needs no entry in the log. */
export function isReadOnly({ success, failure }: Mvcc.Transaction): boolean {
  const reads = (step: Mvcc.Step): boolean => step.type === "range" || (step.type === "txn" && isReadOnly(step));
  return success.every(reads) && failure.every(reads);
}

/** Whether every range in it may be answered by any node; a transaction without one may not. */
export function isSerializable({ success, failure }: TxnRequest): boolean {
  const operations = [...success, ...failure];
  return operations.length > 0 && operations.every(({ request_range: range }) => range?.serializable === true);
}
