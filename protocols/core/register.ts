/**
 * The contract of a leaderless replicated register: what a store without a log is to everything around it.
 *
 * Every key is a register of its own; a replica holds one cell for each. There is no index, no round and no leader, so
 * nothing of `ProtocolModule` that speaks of them is here. The rest is the same: a module of functions on plain data,
 * one input in, a list of effects out, no clock, no random source, no socket and no file.
 */
import type { Codec, ReadLevel, RejectReason, RequestId, TimingProfile, WriteSeq } from "./contract.js";
import type { Configuration, NodeId } from "./membership.js";

/**
 * Orders the writes of a key. Nobody else gives out the same one: a coordinator counts up within one incarnation, and
 * the next incarnation, which may have forgotten what it gave out, is another writer.
 */
export interface Timestamp {
  readonly counter: number;
  /** Of the coordinator that gave it out. */
  readonly ordinal: number;
  readonly incarnation: number;
}

/** Below 0, 0 or above 0; null (never written) is below every timestamp. */
export function compareTimestamps(a: Timestamp | null, b: Timestamp | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return a.counter - b.counter || a.ordinal - b.ordinal || a.incarnation - b.incarnation;
}

/** What a replica holds of one key. */
export interface Cell {
  /** Latin-1 text: one character a byte. */
  readonly key: string;
  readonly timestamp: Timestamp;
  readonly value: Uint8Array;
}

/** What one register protocol plugs in. */
export interface RegisterProtocol {
  readonly State: object;
  readonly Options: object;
  readonly Message: { readonly type: string };
  readonly Timer: string;
}

/** What a replica of a register is started with. */
export interface RegisterConfig<P extends RegisterProtocol> {
  readonly id: NodeId;
  /** Counts restarts of this node, from 1. */
  readonly incarnation: number;
  /** Voters hold cells; learners only coordinate. */
  readonly bootstrap: Configuration;
  readonly options: P["Options"];
}

/** Everything that may happen to a replica of a register. */
export type RegisterInput<P extends RegisterProtocol> =
  | { readonly type: "start" }
  | { readonly type: "message"; readonly from: NodeId; readonly message: P["Message"] }
  /** Only the latest `setTimer` of a timer may fire, and only once. */
  | { readonly type: "timeout"; readonly timer: P["Timer"] }
  /** Every write with `seq <= upTo` is on stable storage. */
  | { readonly type: "durable"; readonly upTo: WriteSeq }
  | { readonly type: "get"; readonly request: RequestId; readonly key: string; readonly level: ReadLevel }
  | { readonly type: "put"; readonly request: RequestId; readonly key: string; readonly value: Uint8Array };

/** Everything that a replica of a register may ask of its driver. */
export type RegisterEffect<P extends RegisterProtocol> =
  /** One all-or-nothing write: each cell replaces the one of its key. A failed write kills the replica. */
  | { readonly type: "store"; readonly seq: WriteSeq; readonly cells: readonly Cell[] }
  /** Leaves only when write `after` is durable. Never to oneself. */
  | { readonly type: "send"; readonly to: NodeId; readonly message: P["Message"]; readonly after: WriteSeq }
  | { readonly type: "setTimer"; readonly timer: P["Timer"]; readonly minMs: number; readonly maxMs: number }
  | { readonly type: "cancelTimer"; readonly timer: P["Timer"] }
  /** A put is done, or a get found this; null: never written. For a put the cell is the one that it wrote. */
  | { readonly type: "answer"; readonly request: RequestId; readonly f: "get" | "put"; readonly cell: Cell | null }
  /** `failed`: certainly did not and will not happen. `unknown`: may still happen. */
  | {
      readonly type: "reject";
      readonly request: RequestId;
      readonly outcome: "failed" | "unknown";
      readonly reason: RejectReason;
    };

/** What a register protocol plugs into the harness: pure functions on its state, which is plain data. */
export interface RegisterModule<P extends RegisterProtocol> {
  /** Tells it from a module of a replicated log, which has no `kind`. */
  readonly kind: "register";
  /** Lower case, as on the command line. */
  readonly name: string;
  readonly readLevels: readonly ReadLevel[];
  defaultOptions(timing: TimingProfile): P["Options"];
  /** What is wrong with these options for so many voters, one line, or null. */
  optionsProblem(options: P["Options"], voters: number): string | null;
  create(config: RegisterConfig<P>, recovered: readonly Cell[]): P["State"];
  /** Mutates `state`. Deterministic. Throws only for a bug. */
  step(state: P["State"], input: RegisterInput<P>): readonly RegisterEffect<P>[];
  /** The replica's cells as they are in memory; read only, for views. */
  cells(state: P["State"]): ReadonlyMap<string, Cell>;
  /** On how many disks a cell, or a newer one of its key, is when an operation answers with it; 0: not promised. */
  copiesAtAnswer(state: P["State"], f: "get" | "put"): number;
  readonly codec: Codec<P["Message"]>;
}

/** A register protocol whose types the harness does not know. */
export type AnyRegister = {
  readonly State: object;
  readonly Options: object;
  readonly Message: { readonly type: string };
  readonly Timer: string;
};

/** A register protocol among others, as the harness passes it around. */
export type AnyRegisterModule = RegisterModule<AnyRegister>;

/** Forgets a module's types, once, at the composition root. */
export function anyRegisterModule<P extends RegisterProtocol>(module: RegisterModule<P>): AnyRegisterModule {
  return module;
}
