/** What etcd answers when it does not do what it was asked: the code of the call and etcd's own words, which clients compare. */
import { status } from "@grpc/grpc-js";

export class EtcdError extends Error {
  override readonly name = "EtcdError";
  /** As grpc-js wants it. */
  readonly code: status;
  readonly details: string;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export const ERRORS = {
  emptyKey: [status.INVALID_ARGUMENT, "etcdserver: key is not provided"],
  keyNotFound: [status.INVALID_ARGUMENT, "etcdserver: key not found"],
  valueProvided: [status.INVALID_ARGUMENT, "etcdserver: value is provided"],
  leaseProvided: [status.INVALID_ARGUMENT, "etcdserver: lease is provided"],
  leaseNotFound: [status.NOT_FOUND, "etcdserver: requested lease not found"],
  tooManyOperations: [status.INVALID_ARGUMENT, "etcdserver: too many operations in txn request"],
  duplicateKey: [status.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request"],
  invalidSortOption: [status.INVALID_ARGUMENT, "etcdserver: invalid sort option"],
  requestTooLarge: [status.INVALID_ARGUMENT, "etcdserver: request is too large"],
  tooManyRequests: [status.RESOURCE_EXHAUSTED, "etcdserver: too many requests"],
  compacted: [status.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted"],
  futureRevision: [status.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision"],
  noLeader: [status.UNAVAILABLE, "etcdserver: no leader"],
  /** The outcome is not known: what was asked may have happened, or may still happen. */
  timedOut: [status.UNAVAILABLE, "etcdserver: request timed out"],
  stopped: [status.UNAVAILABLE, "etcdserver: server stopped"],
} as const satisfies { readonly [name: string]: readonly [status, string] };

export function etcdError(name: keyof typeof ERRORS): EtcdError {
  const [code, details] = ERRORS[name];
  return new EtcdError(code, details);
}
