/**
 * Transactions and their answers in etcd's terms. Keys and values are latin-1 texts, one character a byte.
 *
 * Numbers are those of etcd's int64 fields, clamped to ±2^52: no revision ever reaches that, so a comparison with a
 * clamped number comes out as it would with the number itself.
 */

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** The revision of the put that made the key, of the last one, and how many there were since it was made. */
  readonly create: number;
  readonly mod: number;
  readonly version: number;
}

/** The end of a range: "" means the one key, "\0" every key from `key` on. */
export interface RangeOperation {
  readonly type: "range";
  readonly key: string;
  readonly end: string;
  /** At most so many keys; 0 or less: all. */
  readonly limit: number;
  /** The state at this revision; 0 or less: now. */
  readonly revision: number;
  readonly order: "none" | "ascend" | "descend";
  readonly target: "key" | "version" | "create" | "mod" | "value";
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** Bounds on what is answered; 0: no bound. */
  readonly modMin: number;
  readonly modMax: number;
  readonly createMin: number;
  readonly createMax: number;
}

export interface PutOperation {
  readonly type: "put";
  readonly key: string;
  readonly value: string;
  readonly previous: boolean;
  /** Keeps the value the key has; an error if it has none. */
  readonly keepValue: boolean;
  /** The same about its lease: there are none, so it only asks that the key exists. */
  readonly keepLease: boolean;
  /** Names a lease: always an error, but only where the step is on the way that is taken. */
  readonly leased: boolean;
}

export interface DeleteOperation {
  readonly type: "delete";
  readonly key: string;
  readonly end: string;
  readonly previous: boolean;
}

export interface Transaction {
  readonly type: "txn";
  readonly compares: readonly Compare[];
  readonly success: readonly Step[];
  readonly failure: readonly Step[];
}

export type Step = RangeOperation | PutOperation | DeleteOperation | Transaction;

/** Holds if it holds for every key of the range. A key that is not there has zeroes, and no value at all. */
export type Compare = {
  readonly key: string;
  readonly end: string;
  readonly result: "equal" | "greater" | "less" | "notEqual";
} & (
  | { readonly target: "version" | "create" | "mod" | "lease"; readonly number: number }
  | { readonly target: "value"; readonly value: string }
);

export interface Compaction {
  readonly type: "compact";
  readonly revision: number;
}

/** What a `txn` or `query` operation carries. */
export type Request = Transaction | Compaction;

export interface RangeAnswer {
  readonly type: "range";
  readonly revision: number;
  /** Keys in the range, whatever `limit` and bounds took away. */
  readonly count: number;
  readonly more: boolean;
  readonly kvs: readonly KeyValue[];
}

export interface PutAnswer {
  readonly type: "put";
  readonly revision: number;
  readonly previous: KeyValue | null;
}

export interface DeleteAnswer {
  readonly type: "delete";
  readonly revision: number;
  readonly deleted: number;
  readonly previous: readonly KeyValue[];
}

export interface TransactionAnswer {
  readonly type: "txn";
  readonly revision: number;
  readonly succeeded: boolean;
  readonly steps: readonly StepAnswer[];
}

export type StepAnswer = RangeAnswer | PutAnswer | DeleteAnswer | TransactionAnswer;

/** Why nothing was done. `malformed`: the bytes are no request; `readOnly`: a `query` that would write. */
export type Refusal = "compacted" | "futureRevision" | "keyNotFound" | "leaseNotFound" | "malformed" | "readOnly";

export type Answer =
  | TransactionAnswer
  | { readonly type: "compact"; readonly revision: number }
  | { readonly type: "refused"; readonly refusal: Refusal };
