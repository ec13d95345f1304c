/**
 * ZAB's messages. Upper-case names are ZooKeeper's packet names (README.md maps them to the paper's).
 *
 * Links may lose, duplicate and reorder, where ZooKeeper has one TCP connection per follower. What the connection gave
 * is therefore written into every message: the session it belongs to, the epoch, and a place in history.
 */
import type { Entry, Index, Round } from "../core/index.js";

/**
 * One "connection" of a learner to a leader: `incarnation * 2^24 + connection`. A learner never uses one twice, so an
 * older session is told from a newer by `<`, and everything that belongs to another one is dropped.
 */
export type Session = number;
/** Numbers the synchronization plans within a session: a delayed header or body of an earlier plan is dropped. */
export type PlanGeneration = number;
/** A member's ordinal; 0 is nobody. */
export type Ordinal = number;

/** ZooKeeper's words. OBSERVING is a learner's FOLLOWING. */
export type ServerState = "LOOKING" | "FOLLOWING" | "LEADING" | "OBSERVING";

/** A vote of fast leader election, compared by (peerEpoch, zxid, leader). The zxid is (zxidEpoch, zxidIndex). */
export interface Vote {
  readonly leader: Ordinal;
  /** currentEpoch of the proposed leader. */
  readonly peerEpoch: Round;
  readonly zxidEpoch: Round;
  readonly zxidIndex: Index;
}

/** Last index of each epoch in a history, oldest first. With `floor` it is the history without its payloads. */
export interface EpochEnd {
  readonly epoch: Round;
  readonly last: Index;
}

/** A server's vote and how it stands (fast leader election). */
export interface Notification {
  readonly type: "Notification";
  readonly state: ServerState;
  /** The sender's logical clock (ZooKeeper: electionEpoch). */
  readonly round: number;
  readonly vote: Vote;
}

/** Learner to leader: its first word in a session (paper: CEPOCH). */
export interface FollowerInfo {
  readonly type: "FOLLOWERINFO";
  readonly session: Session;
  readonly acceptedEpoch: Round;
}

/** Leader to learner: the epoch it proposes (paper: NEWEPOCH). */
export interface LeaderInfo {
  readonly type: "LEADERINFO";
  readonly session: Session;
  readonly epoch: Round;
}

/** Learner to leader: the epoch is accepted, and this is my history (paper: ACK-E). */
export interface AckEpoch {
  readonly type: "ACKEPOCH";
  readonly session: Session;
  readonly epoch: Round;
  /** false: the epoch had been accepted before, perhaps from another leader, so this is no promise and is not counted. */
  readonly promised: boolean;
  readonly currentEpoch: Round;
  /** Lowest index whose epoch the learner still knows: what its log was compacted to. */
  readonly floor: Index;
  readonly epochs: readonly EpochEnd[];
}

/** The header of a plan: keep history up to `from` (DIFF), cut it back to there (TRUNC) or take a snapshot of it (SNAP). */
export interface PlanHeader {
  readonly type: "DIFF" | "TRUNC" | "SNAP";
  readonly session: Session;
  readonly epoch: Round;
  readonly plan: PlanGeneration;
  readonly from: Index;
  readonly fromEpoch: Round;
  /** Where the leader's history ends in this plan; the body holds from + 1 to `to`. */
  readonly to: Index;
}

/** Leader to learner: the plan's next entries. What comes too early is dropped and asked for again. */
export interface Body {
  readonly type: "BODY";
  readonly session: Session;
  readonly epoch: Round;
  readonly plan: PlanGeneration;
  readonly entries: readonly Entry[];
}

/** Leader to learner: the plan is complete; accept it as your history (paper: NEWLEADER). */
export interface NewLeader {
  readonly type: "NEWLEADER";
  readonly session: Session;
  readonly epoch: Round;
  readonly plan: PlanGeneration;
}

/** Learner to leader: history up to `to` and currentEpoch are on my disk (paper: ACK-LD). */
export interface AckLd {
  readonly type: "ACKLD";
  readonly session: Session;
  readonly epoch: Round;
  readonly to: Index;
}

/** Leader to learner: a quorum holds the initial history; serve (paper: COMMIT-LD). */
export interface UpToDate {
  readonly type: "UPTODATE";
  readonly session: Session;
  readonly epoch: Round;
  readonly committed: Index;
}

/** Leader to follower: entries in zxid order, without gap within a session (paper: PROPOSE). */
export interface Propose {
  readonly type: "PROPOSE";
  readonly session: Session;
  readonly epoch: Round;
  readonly entries: readonly Entry[];
}

/** Every proposal up to `index` is on my disk. */
export interface Ack {
  readonly type: "ACK";
  readonly session: Session;
  readonly epoch: Round;
  readonly index: Index;
}

/** Every proposal up to `index` is committed. */
export interface Commit {
  readonly type: "COMMIT";
  readonly session: Session;
  readonly epoch: Round;
  readonly index: Index;
}

/** Leader to observer: PROPOSE and COMMIT in one. */
export interface Inform {
  readonly type: "INFORM";
  readonly session: Session;
  readonly epoch: Round;
  readonly committed: Index;
  readonly entries: readonly Entry[];
}

/** Leader to learner, every half tick. `last` is what the learner should have by now. */
export interface Ping {
  readonly type: "PING";
  readonly session: Session;
  readonly epoch: Round;
  readonly last: Index;
  readonly committed: Index;
}

/** Learner to leader. `index` as in ACK. */
export interface Pong {
  readonly type: "PONG";
  readonly session: Session;
  readonly epoch: Round;
  readonly index: Index;
}

/** Learner to leader: something is missing from `from` on, in plan `plan` or (0) among the proposals. */
export interface Resend {
  readonly type: "RESEND";
  readonly session: Session;
  readonly epoch: Round;
  readonly plan: PlanGeneration;
  readonly from: Index;
}

/** Learner to leader: tell me when everything that is pending now is committed. */
export interface Sync {
  readonly type: "SYNC";
  readonly session: Session;
  readonly epoch: Round;
  readonly id: number;
}

/** Everything that was pending when the SYNC arrived is committed; it ended at `index`. */
export interface Synced {
  readonly type: "SYNCED";
  readonly session: Session;
  readonly epoch: Round;
  readonly id: number;
  readonly index: Index;
}

/** The session is over: what a closed TCP connection tells. Never answered. */
export interface Close {
  readonly type: "CLOSE";
  readonly session: Session;
}

/** What only a leader says, within a session. */
export type FromLeader =
  | LeaderInfo
  | PlanHeader
  | Body
  | NewLeader
  | UpToDate
  | Propose
  | Commit
  | Inform
  | Ping
  | Synced;

/** What only a learner says, within a session. */
export type FromLearner = AckEpoch | AckLd | Ack | Pong | Resend | Sync;

/** Everything that travels between servers. */
export type ZabMessage = Notification | FollowerInfo | FromLeader | FromLearner | Close;
