/**
 * The replica contract: what a protocol is to everything around it.
 *
 * A protocol is a module of functions on a plain-data state. `step` is its only door: one input in, a list of effects
 * out. A core owns no clock, no random source, no socket and no file; a driver (script, simulator, real) does.
 */
import type { Entry, Index, Round, Snapshot } from "./entry.js";
import type { Log } from "./log.js";
import type { Configuration, NodeId } from "./membership.js";

/** Number of one `persist`, 1-based per incarnation; 0 means "nothing to wait for". */
export type WriteSeq = number;
/** Local token of one host for one request or one batch; never leaves the node. */
export type RequestId = number;

/**
 * What a read promises.
 * - `linearizable`: always (by read index, lease, quorum read or the log: the protocol's options say which).
 * - `sync`: ZooKeeper's `sync` followed by a local read; keeps session order, may be stale across sessions.
 * - `local`: whatever this replica has applied; stale by design.
 */
export type ReadLevel = "linearizable" | "sync" | "local";

/** What one protocol plugs in. `Hard` is what must survive a crash besides the log. */
export interface Protocol {
  readonly State: object;
  readonly Options: object;
  readonly Message: { readonly type: string };
  readonly Hard: object;
  readonly Timer: string;
  readonly Action: string;
}

/** What a replica is started with. None of it changes while it lives. */
export interface ReplicaConfig<P extends Protocol> {
  readonly id: NodeId;
  /** Counts restarts of this node, from 1. Names sessions, because a core has no randomness. */
  readonly incarnation: number;
  /** The members of the cluster; every replica of a cluster is started with the same ones. */
  readonly bootstrap: Configuration;
  readonly options: P["Options"];
  /** Whether `action` effects (with `specState`) are produced. They cost nothing when this is off. */
  readonly tracing: boolean;
}

/** What storage held at boot. A corrupt store never becomes a `Recovered`: the driver refuses to start the node. */
export interface Recovered<P extends Protocol> {
  readonly hard: P["Hard"] | null;
  readonly snapshot: Snapshot | null;
  /** Sorted by index, all above `snapshot.index`; may have holes in Multi-Paxos. */
  readonly entries: readonly Entry[];
}

/**
 * Why a request is refused. `notLeader`: ask another. `notReady`, `overloaded`: ask again later. `unsupported`:
 * never.
 */
export type RejectReason = "notLeader" | "notReady" | "overloaded" | "unsupported";

/** Everything that may happen to a replica. */
export type Input<P extends Protocol> =
  /** The first input of every incarnation. */
  | { readonly type: "start" }
  | { readonly type: "message"; readonly from: NodeId; readonly message: P["Message"] }
  /** Only the latest `setTimer` of a timer may fire, and only once. */
  | { readonly type: "timeout"; readonly timer: P["Timer"] }
  /** Every write with `seq <= upTo` is on stable storage; may complete several writes. */
  | { readonly type: "durable"; readonly upTo: WriteSeq }
  | { readonly type: "propose"; readonly request: RequestId; readonly command: Uint8Array }
  | { readonly type: "read"; readonly request: RequestId; readonly level: ReadLevel }
  /** The host has made a snapshot of its state machine at `index`; its bytes are already durable under `id`. */
  | { readonly type: "snapshotTaken"; readonly index: Index; readonly id: string; readonly bytes: number }
  /** A peer's `sendSnapshot` arrived; its bytes are already durable here under `snapshot.id`. */
  | {
      readonly type: "snapshotReceived";
      readonly from: NodeId;
      readonly message: P["Message"];
      readonly snapshot: Snapshot;
    }
  /** The transfer of an own `sendSnapshot` ended. `ok` says that it arrived, not that it was installed. */
  | { readonly type: "snapshotSent"; readonly to: NodeId; readonly id: string; readonly ok: boolean };

/** Everything a replica may ask of the world, in order. */
export type Effect<P extends Protocol> =
  /**
   * One all-or-nothing write, applied in this order: set `hard`, drop indexes >= `truncateFrom`, take `snapshot` (which
   * drops entries <= its index), put `entries` (the same index replaces). A failed write kills the replica.
   */
  | {
      readonly type: "persist";
      readonly seq: WriteSeq;
      readonly hard: P["Hard"] | null;
      readonly truncateFrom: Index | null;
      readonly snapshot: Snapshot | null;
      readonly entries: readonly Entry[];
    }
  /** Leaves only when write `after` is durable. Never to oneself: a replica counts its own copy when `durable` says so. */
  | { readonly type: "send"; readonly to: NodeId; readonly message: P["Message"]; readonly after: WriteSeq }
  /** Like `send`, with the bytes of `snapshot` beside the message. Answered by `snapshotSent`. */
  | {
      readonly type: "sendSnapshot";
      readonly to: NodeId;
      readonly message: P["Message"];
      readonly snapshot: Snapshot;
      readonly after: WriteSeq;
    }
  /** Arms or re-arms a timer; the driver draws the delay uniformly from [minMs, maxMs]. */
  | { readonly type: "setTimer"; readonly timer: P["Timer"]; readonly minMs: number; readonly maxMs: number }
  | { readonly type: "cancelTimer"; readonly timer: P["Timer"] }
  /** Where a proposal went. Its outcome is told by the client session inside the applied command, not by this. */
  | { readonly type: "accepted"; readonly request: RequestId; readonly index: Index }
  /** In index order without gaps, each index once per incarnation (after `installSnapshot`: from above its index). */
  | { readonly type: "apply"; readonly entry: Entry }
  /** The read may be answered from the state machine as soon as `atIndex` has been applied. */
  | { readonly type: "serve"; readonly request: RequestId; readonly atIndex: Index }
  /** `failed`: certainly did not and will not happen. `unknown`: may still happen (after stepping down, for example). */
  | {
      readonly type: "reject";
      readonly request: RequestId;
      readonly outcome: "failed" | "unknown";
      readonly reason: RejectReason;
      readonly leaderHint: NodeId | null;
    }
  /** Please snapshot the state machine at exactly `index` (the last applied one) and answer `snapshotTaken`. */
  | { readonly type: "takeSnapshot"; readonly index: Index }
  /** Replace the state machine by this snapshot, whose bytes the node already has. */
  | { readonly type: "installSnapshot"; readonly snapshot: Snapshot }
  /** The TLA+ action just taken, emitted after the mutation. A step without one leaves `specState` unchanged. */
  | {
      readonly type: "action";
      readonly name: P["Action"];
      readonly args: readonly unknown[];
      readonly specState: unknown;
    };

/** A replica in shared words. `leader` means established (it may serve), not merely elected. */
export interface Status {
  readonly role: "follower" | "candidate" | "leader" | "learner";
  /** The protocol's own word for what it is doing, for people. */
  readonly phase: string;
  readonly promisedRound: Round;
  /** The established leader this replica knows of, itself included. */
  readonly leader: { readonly id: NodeId; readonly round: Round } | null;
  readonly commitIndex: Index;
  readonly lastIndex: Index;
}

/** Wire form: a header written into a buffer, followed by payloads that are referred to, not copied. */
export interface Codec<M> {
  /** Bytes of the header alone. */
  headerBytes(message: M): number;
  /** Bytes of header and payloads together: what a frame carries. */
  totalBytes(message: M): number;
  /** Writes the header at `at` and returns the payloads that follow it, in order. */
  encode(message: M, into: Uint8Array, at: number): readonly Uint8Array[];
  /** Reads header and payloads from contiguous bytes. Views live as long as `bytes`. Throws CodecError on any bad byte. */
  decode(bytes: Uint8Array): M;
}

/** One named property of a protocol's replicas, checked after a step. Must be cheap: O(replicas), no scan of the log. */
export interface Invariant<S> {
  readonly name: string;
  /** `changed` has just stepped; `all` holds every running replica, `changed` included. Returns what is broken, or null. */
  check(changed: S, all: readonly S[]): string | null;
}

/** `native`: the defaults of the protocol's real systems. `matched`: equal failure-detection budgets for all protocols. */
export type TimingProfile = "native" | "matched";

/** What one protocol plugs into the harness: pure functions on its state, which is plain data. */
export interface ProtocolModule<P extends Protocol> {
  /** A module of a replicated log has none; see `RegisterModule`. */
  readonly kind?: undefined;
  /** Lower case, as on the command line: "raft", "multipaxos", "zab". */
  readonly name: string;
  readonly readLevels: readonly ReadLevel[];
  /** Whether an equal (index, round) in two logs implies equal prefixes (Raft, ZAB) or only an equal entry (Multi-Paxos). */
  readonly logMatching: boolean;
  /** Quorum sizes must satisfy election + replication > voters; where this is true, also 2 * election > voters. */
  readonly electionQuorumsIntersect: boolean;
  defaultOptions(timing: TimingProfile): P["Options"];
  /** What is wrong with these options (ranges and relations between settings), one line, or null. */
  optionsProblem(options: P["Options"]): string | null;
  create(config: ReplicaConfig<P>, recovered: Recovered<P>): P["State"];
  /** Mutates `state`. Deterministic. Throws only for a bug. `nowMs` is monotonic per incarnation, for leases only. */
  step(state: P["State"], input: Input<P>, nowMs: number): readonly Effect<P>[];
  status(state: P["State"]): Status;
  /** The replica's log as it is in memory; read only, for invariants and views. */
  log(state: P["State"]): Log;
  /** A deep copy that shares nothing mutable, for exploration. */
  clone(state: P["State"]): P["State"];
  /** The state under the TLA+ spec's own variable names, without write numbers and timers; the harness adds the disk. */
  specState(state: P["State"]): unknown;
  readonly codec: Codec<P["Message"]>;
  /**
   * Whether a message may wait a few milliseconds for the next one to the same node, ahead of which it then leaves: it
   * tells what is decided, which nobody waits for and most often the next message says too. A driver need not care.
   */
  mayWait?(message: P["Message"]): boolean;
  /**
   * Whether `next`, to the same node, tells all that `waiting` does, for which `mayWait` holds: then `waiting` need not be
   * sent. Only a protocol whose messages may be lost has it.
   */
  replaces?(next: P["Message"], waiting: P["Message"]): boolean;
  readonly hardCodec: Codec<P["Hard"]>;
  /** One stable line for goldens, e.g. `RequestVote term=1 last=0/0`. */
  describe(message: P["Message"]): string;
  readonly invariants: readonly Invariant<P["State"]>[];
}

/** A protocol whose types the harness does not know. The harness only passes its states and messages around. */
export type AnyProtocol = {
  readonly State: object;
  readonly Options: object;
  readonly Message: { readonly type: string };
  readonly Hard: object;
  readonly Timer: string;
  readonly Action: string;
};

/** A protocol among others, as the harness passes it around. */
export type AnyModule = ProtocolModule<AnyProtocol>;

/** Forgets a module's types, once, at the composition root. The harness never makes a state or message itself. */
export function anyModule<P extends Protocol>(module: ProtocolModule<P>): AnyModule {
  return module;
}
