/** What a host is asked and what it asks: the replica contract with client requests in place of bare proposals. */
import type {
  Effect,
  Index,
  Input,
  NodeId,
  Protocol,
  ProtocolModule,
  ReadLevel,
  Recovered,
  RejectReason,
  ReplicaConfig,
} from "../../protocols/core/index.js";

/**
 * Keys and values are byte strings, held as latin-1 text (one character a byte), so that every byte sequence can be
 * stored and ordinary text stays readable in histories.
 */
export type Operation =
  | { readonly f: "get"; readonly key: string }
  | { readonly f: "put"; readonly key: string; readonly value: string }
  | { readonly f: "delete"; readonly key: string }
  /** Sets `value` if the key holds `expected` (null: absent). Returns what it saw either way. */
  | { readonly f: "cas"; readonly key: string; readonly expected: string | null; readonly value: string }
  /** Appends to the value; an absent key counts as empty. */
  | { readonly f: "append"; readonly key: string; readonly value: string }
  /** Keys in [from, to), in byte order, at most `limit`. */
  | { readonly f: "range"; readonly from: string; readonly to: string; readonly limit: number }
  /** A transaction or compaction in the bytes of `encodeRequest`; answered with those of `encodeAnswer`. */
  | { readonly f: "txn"; readonly request: Uint8Array }
  /** The same as a read: it is refused, in the answer, if it would change anything. */
  | { readonly f: "query"; readonly request: Uint8Array };

export type Result =
  | { readonly type: "value"; readonly value: string | null }
  | { readonly type: "done" }
  | { readonly type: "cas"; readonly swapped: boolean; readonly observed: string | null }
  | { readonly type: "range"; readonly pairs: readonly (readonly [string, string])[] }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

/** One client request. A client has one outstanding request; a retry repeats `client` and `seq`. */
export interface ClientRequest {
  /** Names the reply's way back; local to the driver. */
  readonly token: number;
  /** Client session id, 1..2^32-1. */
  readonly client: number;
  /** 1-based, +1 per new operation of this client. Reads carry the number too but leave no trace in the session. */
  readonly seq: number;
  readonly operation: Operation;
  /** Only looked at for `get`, `range` and `query`. */
  readonly level: ReadLevel;
}

/**
 * What a reply means. It speaks of one attempt, which is one `request` input:
 *
 * - `ok`: the write is in the applied log. The answer is found by (client, seq) inside the applied command, so it does
 *   not matter whose proposal brought it there, or under which round.
 * - `failed`: this attempt did not and will not happen. Either the core said so, or the index that `accepted` named was
 *   applied without it: a log position is decided once, and a proposal has one position, so it is lost for good. That
 *   holds for Raft and ZAB, where a later leader replaces a whole suffix, and for Multi-Paxos, where a value is chosen
 *   again only in its own slot. After a snapshot that covers the index, the sessions in it say which of the two it was.
 * - `unknown`: it may have happened or may still happen: the core gave the proposal up after it had sent it.
 *
 * A client that sent the same (client, seq) before, and got `unknown` or nothing, knows no more after a `failed`: the
 * earlier attempt may still be on its way. Only an `ok` settles an operation then.
 *
 * Drivers bring requests over ordered streams: a link that doubles a request could bring its copy after the `failed`.
 */
export type Reply =
  /** `index`: the log position of the write, or the applied index a read was served at; 0 where there is no log. */
  | { readonly status: "ok"; readonly result: Result; readonly index: Index }
  /**
   * This attempt certainly did not and will not happen: the client may go elsewhere. An earlier attempt of the same
   * (client, seq) that got no answer, or `unknown`, may still happen.
   */
  | { readonly status: "failed"; readonly reason: RejectReason | "sessionExpired"; readonly leaderHint: NodeId | null }
  /** May have happened or may still happen. */
  | { readonly status: "unknown"; readonly reason: RejectReason; readonly leaderHint: NodeId | null };

export type HostInput<P extends Protocol> =
  | Exclude<Input<P>, { readonly type: "propose" | "read" | "snapshotTaken" }>
  | { readonly type: "request"; readonly request: ClientRequest }
  /** The end of a loop turn in which `needTurnEnd` was asked for: packs the turn's writes into one entry. */
  | { readonly type: "turnEnd" }
  /** Nothing more urgent is to be done: the answer to `needIdle`. */
  | { readonly type: "idle" }
  /** The bytes of an own `saveSnapshot` are durable. */
  | { readonly type: "snapshotSaved"; readonly id: string };

export type HostEffect<P extends Protocol> =
  | Extract<
      Effect<P>,
      {
        readonly type:
          | "persist"
          | "send"
          | "sendSnapshot"
          | "setTimer"
          | "cancelTimer"
          | "apply"
          | "installSnapshot"
          | "action";
      }
    >
  /** `cell`: only a register's host has one. */
  | { readonly type: "reply"; readonly token: number; readonly reply: Reply; readonly cell?: undefined }
  /** Give `turnEnd` when the inputs of this loop turn are through. Emitted once per turn at most. */
  | { readonly type: "needTurnEnd" }
  /** Give `idle` when nothing is more urgent, and before the driver rests. Only with `defersApply`. */
  | { readonly type: "needIdle" }
  /** Make these bytes durable under `id` and answer `snapshotSaved`. */
  | { readonly type: "saveSnapshot"; readonly id: string; readonly index: Index; readonly bytes: Uint8Array };

/** A node's machine in numbers. */
export interface StoreFigures {
  /** etcd's revision: one higher with every change. */
  readonly revision: number;
  /** The highest revision that a compaction was asked for; -1: none was. */
  readonly compacted: number;
  readonly keys: number;
  /** Of keys and values, those of the history included. */
  readonly bytes: number;
  /** Since this process began, replayed entries included. */
  readonly puts: number;
  readonly deletes: number;
}

export interface HostConfig<P extends Protocol> {
  readonly module: ProtocolModule<P>;
  readonly replica: ReplicaConfig<P>;
  readonly recovered: Recovered<P>;
  /** Reads bytes from the node's own snapshot store. Throws if they are missing: the driver promised that they are there. */
  readonly loadSnapshot: (id: string) => Uint8Array;
  /**
   * Applies what others proposed when the driver is idle, so that what came with it is sooner on the disk, and own writes
   * after their answers where these are certain (ADR 10). What replies, reads and snapshots say is as without it.
   * @default false
   */
  readonly defersApply?: boolean;
  /** Client sessions kept in the replicated state; the one unused for longest (in log order) goes first. 1..1e6. */
  readonly sessionsMax: number;
  /** An entry's command is closed at this size; a larger turn makes several entries. Bytes, > 0. */
  readonly batchBytesMax: number;
  /**
   * Commands applied after which a snapshot is taken though the core has not asked for one: entries differ in size, and a
   * log must fit into memory. Bytes. @default no limit
   */
  readonly logBytesMax?: number;
  /**
   * Revisions before the last one that a `txn` or `query` can read; the same number on every replica, because what a
   * transaction reads is replicated. 0: no history, and changes happen in place. @default 0
   */
  readonly historyMax?: number;
}
