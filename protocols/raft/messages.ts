/** What Raft replicas say to each other, what must survive a crash, and the names of timers and spec actions. */
import type { Entry, Index, NodeId, Protocol, Round } from "../core/index.js";
import type { RaftOptions } from "./options.js";
import type { RaftState } from "./state.js";

/** Raft's word for a round (Raft §5.1). */
export type Term = Round;

/** Asks for a vote in `term` (Raft §5.2). The candidate is the sender. */
export interface RequestVote {
  readonly type: "RequestVote";
  readonly term: Term;
  readonly lastLogIndex: Index;
  readonly lastLogTerm: Term;
}

/** Leaves once the vote is durable. */
export interface RequestVoteResponse {
  readonly type: "RequestVoteResponse";
  readonly term: Term;
  readonly voteGranted: boolean;
}

/** Asks whether a vote would be granted; changes nothing at the receiver (Ongaro §9.6). */
export interface RequestPreVote {
  readonly type: "RequestPreVote";
  /** The term of the election that would follow: the sender's current term + 1. */
  readonly term: Term;
  readonly lastLogIndex: Index;
  readonly lastLogTerm: Term;
}

/** Promises nothing: it needs no write (Ongaro §9.6). */
export interface RequestPreVoteResponse {
  readonly type: "RequestPreVoteResponse";
  /** The responder's current term, so that a candidate that fell behind learns it. */
  readonly term: Term;
  /** `term` of the request that this answers. */
  readonly nextTerm: Term;
  readonly voteGranted: boolean;
}

/** Entries `prevLogIndex + 1` onward (Raft §5.3). The leader is the sender. Empty: a probe or the end of a repair. */
export interface AppendEntries {
  readonly type: "AppendEntries";
  readonly term: Term;
  readonly prevLogIndex: Index;
  readonly prevLogTerm: Term;
  readonly entries: readonly Entry[];
  readonly leaderCommit: Index;
}

/** Agreement up to an index, or where to look for it (Raft §5.3, last paragraphs: fast backtracking). */
export type AppendEntriesResponse =
  | {
      readonly type: "AppendEntriesResponse";
      readonly term: Term;
      readonly success: true;
      /**
       * The follower's durable log equals the leader's up to here. Never beyond `prevLogIndex + entries.length` of the
       * request: what the follower holds after that may be another leader's.
       */
      readonly matchIndex: Index;
    }
  | {
      readonly type: "AppendEntriesResponse";
      readonly term: Term;
      readonly success: false;
      /** `prevLogIndex` of the refused request, so that a late refusal is recognized. */
      readonly prevLogIndex: Index;
      /** The follower's highest entry that may agree: index <= prevLogIndex, term <= prevLogTerm. 0 if there is none. */
      readonly conflictIndex: Index;
      /** Its term. */
      readonly conflictTerm: Term;
    };

/** "I lead": keeps followers from elections, confirms leadership for reads, and tells how far is committed. */
export interface Heartbeat {
  readonly type: "Heartbeat";
  readonly term: Term;
  /** min(commitIndex, matchIndex of the receiver): the receiver surely holds it. */
  readonly leaderCommit: Index;
  /** Number of the round within the term, 1-based; 0 asks for no answer (a mere notice of commitment). */
  readonly round: number;
}

/** Confirms the leadership at the time when the round began; see `reads.ts`. */
export interface HeartbeatResponse {
  readonly type: "HeartbeatResponse";
  readonly term: Term;
  readonly round: number;
}

/** Travels with the bytes of the snapshot (`sendSnapshot`), as one transfer (Raft §7 sends chunks). */
export interface InstallSnapshot {
  readonly type: "InstallSnapshot";
  readonly term: Term;
  readonly lastIncludedIndex: Index;
  readonly lastIncludedTerm: Term;
}

/** Leaves when the snapshot is durable; matchIndex is 0 for a message of an older term. */
export interface InstallSnapshotResponse {
  readonly type: "InstallSnapshotResponse";
  readonly term: Term;
  /** The follower's durable log or snapshot equals the leader's up to here. */
  readonly matchIndex: Index;
}

/** A follower or learner asks the leader for a read index (Ongaro §6.4, last paragraph). */
export interface ReadIndexRequest {
  readonly type: "ReadIndexRequest";
  readonly term: Term;
  /** Incarnation of the asking node: an answer to an earlier life must not serve a read of this one. */
  readonly incarnation: number;
  /** Number of the batch of reads within that incarnation; never used twice. */
  readonly context: number;
}

/** From here on a replica that has applied `readIndex` may serve the batch. */
export interface ReadIndexResponse {
  readonly type: "ReadIndexResponse";
  readonly term: Term;
  readonly incarnation: number;
  readonly context: number;
  readonly readIndex: Index;
}

/** Everything that travels between replicas. */
export type RaftMessage =
  | RequestVote
  | RequestVoteResponse
  | RequestPreVote
  | RequestPreVoteResponse
  | AppendEntries
  | AppendEntriesResponse
  | Heartbeat
  | HeartbeatResponse
  | InstallSnapshot
  | InstallSnapshotResponse
  | ReadIndexRequest
  | ReadIndexResponse;

/** Persistent state besides the log (Raft Figure 2). One record, so that term and vote can never be torn apart. */
export interface RaftHard {
  readonly currentTerm: Term;
  /** Ordinal of the candidate that received the vote of this term, 0 if none. */
  readonly votedFor: number;
}

/**
 * - `election`: a follower's patience. First the minimum timeout, in which the leader counts as heard, then the random
 *   rest; a candidate's whole timeout.
 * - `heartbeat`, `checkQuorum`: a leader's.
 * - `readRetry`: a follower's, while it waits for a read index.
 */
export type RaftTimer = "election" | "heartbeat" | "checkQuorum" | "readRetry";

/** Names of the actions of the spec: the paper's, and Ongaro's raft.tla where it has them. */
export type RaftAction =
  | "Restart"
  | "LeaderSilent"
  | "Timeout"
  | "TimeoutPreVote"
  | "BecomeCandidate"
  | "HandleRequestVoteRequest"
  | "HandleRequestVoteResponse"
  | "HandleRequestPreVoteRequest"
  | "HandleRequestPreVoteResponse"
  | "BecomeLeader"
  | "CheckQuorum"
  | "ClientRequest"
  | "Heartbeat"
  | "HandleAppendEntriesRequest"
  | "HandleAppendEntriesResponse"
  | "HandleHeartbeatRequest"
  | "HandleHeartbeatResponse"
  | "AdvanceCommitIndex"
  | "Persist"
  | "ReadIndex"
  | "HandleReadIndexRequest"
  | "HandleReadIndexResponse"
  | "ReadRetry"
  | "CompactLog"
  | "HandleInstallSnapshotRequest"
  | "HandleInstallSnapshotResponse"
  | "SnapshotSent";

/** The protocol's types, as the contract asks for them. */
export interface Raft extends Protocol {
  readonly State: RaftState;
  readonly Options: RaftOptions;
  readonly Message: RaftMessage;
  readonly Hard: RaftHard;
  readonly Timer: RaftTimer;
  readonly Action: RaftAction;
}

/** Who waits for a read index: a request of this node's host, or a batch of a peer. */
export interface ReadOrigin {
  /** null: this node's own host. */
  readonly peer: NodeId | null;
  /** The host's request, or the peer's context. */
  readonly request: number;
  /** The peer's incarnation; this node's own for its host. */
  readonly incarnation: number;
}
