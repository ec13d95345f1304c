// A history in columns. One row an operation, sorted by the moment of its call; everything the checkers touch is a
// typed array, so that a million operations are a few flat blocks of memory.

import type { HistoryValue } from "../record/history.js";
import type { Interner } from "./interner.js";

/** What an operation says about one key, after the input rules have been applied. */
export type Kind = number;
/** It saw value `a`. Reads, and failed compare-and-sets that say what they saw. */
export const READ = 0;
/** It sets value `a`. Deletes set null. */
export const WRITE = 1;
/** It found value `a` and set `b`. */
export const CAS = 2;
/** It saw some value other than `a`: a failed compare-and-set under the rule `notEqual`. */
export const NOT_EQUAL = 3;
/** It put the text `a` behind the current text. */
export const APPEND = 4;
/** It saw every key from its own (inclusive) to `a` (exclusive, null = no end); the pairs seen are `b`. */
export const RANGE = 5;
/** An operation that only a model of its own understands: input `a`, output `b`. */
export const OTHER = 6;
/** It constrains nothing: failed for certain, or a read without an answer. Kept for the explanation only. */
export const NOTHING = 7;

/** Return rank of an operation whose outcome is unknown: it may take effect at any time after its call, or never. */
export const NEVER = 0x7fffffff;
/** Value id of "no value known". Every real id is >= 0; id 0 is null. */
export const NO_VALUE = -1;

/** How an operation ended. */
export type Outcome = "ok" | "fail" | "unknown";

/** A stretch of time in which something was done to the system (Jepsen's nemesis). Nanoseconds. */
export type Band = { readonly fromTime: number; readonly toTime: number; readonly text: string };

/** See the fields of {@link Columns} for what a row holds. */
export type History = Columns & {
  /** Number of operations. */
  readonly count: number;
  /** Where it was read from; used in messages. */
  readonly file: string;
  /** Position in time -> `2 * operation + (0 = call, 1 = return)`. */
  readonly eventAt: Int32Array;
  readonly values: Interner;
  readonly keys: Interner;
  readonly processes: Interner;
  readonly names: readonly string[];
  /** Read levels in use; number 0 is always "linearizable". */
  readonly levels: readonly string[];
  /** Value id that every key holds before the first operation. */
  readonly initial: number;
  /** True if all events carried a time. Else ranks are line order and staleness is counted in events. */
  readonly timed: boolean;
  readonly bands: readonly Band[];
};

/** One entry an operation, sorted by call. */
export type Columns = {
  readonly kind: Uint8Array;
  /** Index into `names`: the word the file used (`get`, `read`, `cas`, …). */
  readonly name: Uint8Array;
  readonly key: Int32Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  /** Rank of the call among all events, from 0; unique. */
  readonly call: Int32Array;
  /** Rank of the return, or `NEVER`. */
  readonly ret: Int32Array;
  /** Nanoseconds; the return time of an unknown operation is when its client gave up, or Infinity. */
  readonly callTime: Float64Array;
  readonly retTime: Float64Array;
  readonly process: Int32Array;
  readonly level: Uint8Array;
  /** 0 = ok, 1 = fail, 2 = unknown. */
  readonly outcome: Uint8Array;
  /** Line of the invoke in the file, from 1. */
  readonly line: Int32Array;
};

const outcomes: readonly Outcome[] = ["ok", "fail", "unknown"];

/** One row as an object, for messages and reports. */
export type OperationView = {
  readonly operation: number;
  readonly line: number;
  readonly process: HistoryValue;
  readonly f: string;
  readonly key: HistoryValue;
  /** What was asked: null for a read, the new value, `[expected, new]`. */
  readonly input: HistoryValue;
  /** What was answered, if anything: the value read, or seen by a failed compare-and-set. */
  readonly output?: HistoryValue;
  readonly outcome: Outcome;
  readonly level: string;
  readonly callTime: number;
  readonly retTime: number;
};

/** Operation `i` as an object; see {@link OperationView}. */
export function viewOperation(h: History, i: number): OperationView {
  const kind = h.kind[i] as number;
  const a = h.a[i] as number;
  const b = h.b[i] as number;
  const base = {
    operation: i,
    line: h.line[i] as number,
    process: h.processes.value(h.process[i] as number),
    f: h.names[h.name[i] as number] as string,
    key: h.keys.value(h.key[i] as number),
    outcome: outcomes[h.outcome[i] as number] as Outcome,
    level: h.levels[h.level[i] as number] as string,
    callTime: h.callTime[i] as number,
    retTime: h.retTime[i] as number,
  };
  const value = (id: number): HistoryValue => (id === NO_VALUE ? null : h.values.value(id));
  if (kind === READ && base.f === "cas") return { ...base, input: [value(b), "…"], output: value(a) };
  if (kind === READ) return { ...base, input: null, output: value(a) };
  if (kind === CAS) return { ...base, input: [value(a), value(b)] };
  if (kind === RANGE || kind === OTHER) {
    return b === NO_VALUE ? { ...base, input: value(a) } : { ...base, input: value(a), output: value(b) };
  }
  if (kind === NOTHING && base.f === "cas" && b !== NO_VALUE) return { ...base, input: [value(a), value(b)] };
  return { ...base, input: value(a) };
}
