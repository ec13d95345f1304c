/** The plain data of one ZAB server, and the few functions every other file needs to change it. */
import {
  type Configuration,
  type Effect,
  type Entry,
  type Index,
  type Log,
  type Member,
  type NodeId,
  type Protocol,
  type QuorumSystem,
  type Recovered,
  type RejectReason,
  type ReplicaConfig,
  type RequestId,
  type Round,
  type Snapshot,
  type WriteSeq,
  assert,
  cloneLog,
  createLog,
  lastIndex,
  lastRound,
  memberById,
  peersOf,
  quorumSystem,
  fail,
} from "../core/index.js";
import type { EpochEnd, PlanGeneration, ServerState, Session, Vote, ZabMessage } from "./messages.js";
import type { ZabOptions } from "./options.js";
import type { ZabAction } from "./trace.js";

/** What must survive a crash besides the history (Junqueira 2011, Table I: f.p and f.a). */
export interface ZabHard {
  /** The last epoch accepted from a prospective leader. Never decreases. */
  readonly acceptedEpoch: Round;
  /** The last epoch whose initial history is on this disk. Never decreases, never above acceptedEpoch. */
  readonly currentEpoch: Round;
}

/**
 * - `notification`: send the vote again. `finalize`: end of the wait for a better vote.
 * - `connect`: send FOLLOWERINFO again. `tick`: every half tick of a leader or learner.
 */
export type ZabTimer = "notification" | "finalize" | "connect" | "tick";

/** The protocol's types, as the contract asks for them. */
export interface Zab extends Protocol {
  readonly State: ZabState;
  readonly Options: ZabOptions;
  readonly Message: ZabMessage;
  readonly Hard: ZabHard;
  readonly Timer: ZabTimer;
  readonly Action: ZabAction;
}

/** What a step has to say so far. */
export type Out = Effect<Zab>[];

/** The phases of the paper; "election" is its phase 0. */
export type Phase = "election" | "discovery" | "synchronization" | "broadcast";

/** An established server's vote, as a LOOKING one has heard it. */
export interface EstablishedVote {
  readonly state: "FOLLOWING" | "LEADING";
  readonly round: number;
  readonly vote: Vote;
}

/** What a learner has received of its leader's plan. Nothing of it touches log or disk before it is whole. */
export interface Plan {
  readonly kind: "DIFF" | "TRUNC" | "SNAP";
  readonly generation: PlanGeneration;
  readonly from: Index;
  readonly fromEpoch: Round;
  readonly to: Index;
  readonly snapshot: Snapshot | null;
  /** from + 1, from + 2, ... without gaps. */
  readonly entries: Entry[];
  newLeader: boolean;
}

/** The leader's side of one learner's session (ZooKeeper: LearnerHandler). */
export interface LearnerHandler {
  readonly id: NodeId;
  readonly voter: boolean;
  readonly session: Session;
  readonly acceptedEpoch: Round;
  /** connected: FOLLOWERINFO came. epochAcked: ACKEPOCH came. syncing: a plan is on its way. synced: ACKLD came. */
  stage: "connected" | "epochAcked" | "syncing" | "synced";
  /** The learner's history as of its ACKEPOCH; valid from stage epochAcked on. */
  floor: Index;
  epochs: readonly EpochEnd[];
  plan: PlanGeneration;
  /** Where the current plan ends. */
  planTo: Index;
  /** The snapshot whose bytes are being transferred, or null. Body and NEWLEADER wait for it. */
  sendingSnapshot: Snapshot | null;
  /** Highest index known to be on the learner's disk in this epoch. Valid only while synced. */
  matchIndex: Index;
  /** Next index to send. Invariant while synced: matchIndex < nextIndex. */
  nextIndex: Index;
  /** Half ticks since the learner was heard. */
  silentTicks: number;
}

/** A proposal of a client of this server, not yet committed. */
export interface PendingRequest {
  readonly request: RequestId;
  readonly index: Index;
}

/** A read or a learner's SYNC that waits for `index` to be committed. */
export type Waiting =
  | { readonly index: Index; readonly type: "read"; readonly request: RequestId }
  | {
      readonly index: Index;
      readonly type: "sync";
      readonly to: NodeId;
      readonly session: Session;
      readonly id: number;
    };

/** All that a server knows. Plain data; changed by `step` only. */
export interface ZabState {
  readonly id: NodeId;
  readonly ordinal: number;
  readonly voter: boolean;
  readonly incarnation: number;
  readonly tracing: boolean;
  readonly options: ZabOptions;
  readonly members: Configuration;
  readonly quorums: QuorumSystem;
  /** Everybody else, by ordinal. */
  readonly peers: readonly Member[];

  acceptedEpoch: Round;
  currentEpoch: Round;
  /** The history. What it was compacted to may lie below `snapshot.index` by `trailingEntries`. */
  log: Log;
  snapshot: Snapshot | null;
  /** Highest committed and applied index (ZooKeeper: lastProcessedZxid). */
  committed: Index;
  /** Index of the last `takeSnapshot` or snapshot. */
  snapshotAsked: Index;

  seq: WriteSeq;
  /** `seq` when this step began: at most one write per step. */
  seqAtStep: WriteSeq;
  durableSeq: WriteSeq;
  /** The epochs of the last write that had any: neither may ever decrease. */
  written: ZabHard;
  /** Writes not yet durable, each with the place where history ended in it. */
  writes: { readonly seq: WriteSeq; readonly index: Index }[];
  /** History up to here, as it is in memory, is on disk. */
  durableIndex: Index;

  serverState: ServerState;
  phase: Phase;
  /** Ticks without progress (before broadcast) or without a word of the leader (in it); a leader's: until established. */
  silentTicks: number;

  /** Round of the election (ZooKeeper: logicalclock). Volatile. */
  logicalClock: number;
  /** LOOKING: the proposal. Otherwise the vote that ended the election. */
  vote: Vote;
  received: Map<NodeId, Vote>;
  outOfElection: Map<NodeId, EstablishedVote>;
  notificationMs: number;
  /** Servers that were elected and did not answer: not voted for in the next election (see `election`). */
  shunned: Set<number>;
  /** The election drags on: votes are taken over from anybody, not from their owners only. */
  relays: boolean;
  /** Whether the `finalize` timer runs, because `vote` has a quorum. */
  finalizing: boolean;

  /** The leader this server leads or follows; null while LOOKING. */
  leader: NodeId | null;
  /** Leader: the epoch it proposed. Learner: the epoch of its session. 0 before either is known. */
  epoch: Round;
  /** The highest acceptedEpoch a learner ever told; the next epoch proposed here is above it. */
  epochSeen: Round;

  connection: number;
  session: Session;
  promised: boolean;
  plan: Plan | null;
  /** Whether NEWLEADER was accepted in this session. */
  historyAccepted: boolean;
  /** Ticks since a learner that synchronizes made progress; it asks again at 2. */
  idleTicks: number;
  /** Whether RESEND was sent since the last progress or tick. */
  resendAsked: boolean;
  /** Highest commit the leader told in this session; entries up to it may still be on their way. */
  leaderCommitted: Index;
  syncId: number;
  syncs: { readonly request: RequestId; readonly id: number }[];

  handlers: Map<NodeId, LearnerHandler>;
  epochAcks: Set<NodeId>;
  newLeaderAcks: Set<NodeId>;
  /** The write that must be durable before the leader counts itself in the present phase. */
  epochWrite: WriteSeq;
  /** matchIndex of every synced handler, and the leader's own durableIndex. */
  matchIndex: Map<NodeId, Index>;
  requests: PendingRequest[];
  waiting: Waiting[];
}

/** A server as it boots from what its disk held. It does nothing before its `start`. */
export function create(config: ReplicaConfig<Zab>, recovered: Recovered<Zab>): ZabState {
  const self = memberById(config.bootstrap, config.id);
  assert(self !== null, `${config.id} is not a member`);
  const log = createLog(recovered.snapshot, recovered.entries);
  const committed = recovered.snapshot?.index ?? 0;
  const currentEpoch = recovered.hard?.currentEpoch ?? 0;
  return {
    id: config.id,
    ordinal: self.ordinal,
    voter: self.role === "voter",
    incarnation: config.incarnation,
    tracing: config.tracing,
    options: config.options,
    members: config.bootstrap,
    quorums: quorumSystem(config.bootstrap),
    peers: peersOf(config.bootstrap, config.id),
    acceptedEpoch: recovered.hard?.acceptedEpoch ?? 0,
    currentEpoch,
    log,
    snapshot: recovered.snapshot,
    committed,
    snapshotAsked: committed,
    seq: 0,
    seqAtStep: 0,
    durableSeq: 0,
    written: recovered.hard ?? { acceptedEpoch: 0, currentEpoch: 0 },
    writes: [],
    durableIndex: lastIndex(log),
    serverState: "LOOKING",
    phase: "election",
    silentTicks: 0,
    logicalClock: 0,
    vote: { leader: self.ordinal, peerEpoch: currentEpoch, zxidEpoch: lastRound(log), zxidIndex: lastIndex(log) },
    received: new Map(),
    outOfElection: new Map(),
    notificationMs: config.options.notificationMinMs,
    shunned: new Set(),
    relays: false,
    finalizing: false,
    leader: null,
    epoch: 0,
    epochSeen: 0,
    connection: 0,
    session: 0,
    promised: false,
    plan: null,
    historyAccepted: false,
    idleTicks: 0,
    resendAsked: false,
    leaderCommitted: 0,
    syncId: 0,
    syncs: [],
    handlers: new Map(),
    epochAcks: new Set(),
    newLeaderAcks: new Set(),
    epochWrite: 0,
    matchIndex: new Map(),
    requests: [],
    waiting: [],
  };
}

/** A deep copy that shares nothing mutable. Entries, votes and messages are immutable and are shared. */
export function clone(original: ZabState): ZabState {
  const handlers = new Map<NodeId, LearnerHandler>();
  for (const [id, handler] of original.handlers) handlers.set(id, { ...handler });
  return {
    ...original,
    log: cloneLog(original.log),
    writes: original.writes.slice(),
    received: new Map(original.received),
    outOfElection: new Map(original.outOfElection),
    shunned: new Set(original.shunned),
    plan: original.plan === null ? null : { ...original.plan, entries: original.plan.entries.slice() },
    syncs: original.syncs.slice(),
    handlers,
    epochAcks: new Set(original.epochAcks),
    newLeaderAcks: new Set(original.newLeaderAcks),
    matchIndex: new Map(original.matchIndex),
    requests: original.requests.slice(),
    waiting: original.waiting.slice(),
  };
}

/** A leader is established when a quorum acknowledged NEWLEADER (Junqueira 2011, phase 2). */
export function isEstablished(s: ZabState): boolean {
  return s.serverState === "LEADING" && s.phase === "broadcast";
}

/**
 * Voters a leader needs behind it to stay, and a late server needs to hear of to join: with flexible quorums the smaller
 * of the two sizes. Fewer could neither commit nor elect; asking for more would leave a leader that commits with a small
 * replication quorum without a way for the others to come back.
 */
export function supportQuorum(s: ZabState): number {
  return Math.min(s.quorums.election, s.quorums.replication);
}

/** Whether the server has a leader to learn from, as a voter or as an observer. */
export function isLearning(s: ZabState): boolean {
  return s.serverState === "FOLLOWING" || s.serverState === "OBSERVING";
}

/** A restart gets a new incarnation, so no session is ever used twice. */
export function sessionOf(s: ZabState): Session {
  assert(s.connection < 2 ** 24, "more than 2^24 connections in one incarnation");
  return s.incarnation * 2 ** 24 + s.connection;
}

/** The one write of a step. `hard` says whether the epochs changed. Returns its number, for `send`. */
export function persist(
  s: ZabState,
  hard: boolean,
  truncateFrom: Index | null,
  snapshot: Snapshot | null,
  entries: readonly Entry[],
  out: Out,
): WriteSeq {
  assert(s.seq === s.seqAtStep, "a second write in one step");
  s.seq += 1;
  s.writes.push({ seq: s.seq, index: lastIndex(s.log) });
  if (hard) s.written = { acceptedEpoch: s.acceptedEpoch, currentEpoch: s.currentEpoch };
  out.push({ type: "persist", seq: s.seq, hard: hard ? s.written : null, truncateFrom, snapshot, entries });
  return s.seq;
}

/** Writes complete in order: whatever `upTo` covers, history is durable to the end of the last of them. */
export function completeWrites(s: ZabState, upTo: WriteSeq): void {
  if (upTo > s.seq) fail(`write ${upTo} was never asked for`);
  s.durableSeq = upTo;
  let first = s.writes[0];
  while (first !== undefined && first.seq <= upTo) {
    s.durableIndex = first.index;
    s.writes.shift();
    first = s.writes[0];
  }
}

/** Entries from `from` on are gone from memory: what a pending write holds of them is not history any more. */
export function forgetWritesFrom(s: ZabState, from: Index): void {
  s.durableIndex = Math.min(s.durableIndex, from - 1);
  s.writes = s.writes.map(({ seq, index }) => ({ seq, index: Math.min(index, from - 1) }));
}

/** @param after the write that must be durable before the message leaves; 0: none */
export function send(to: NodeId, message: ZabMessage, after: WriteSeq, out: Out): void {
  out.push({ type: "send", to, message, after });
}

/** The leader to ask instead, where one is known that serves. */
export function leaderHint(s: ZabState): NodeId | null {
  return s.phase === "broadcast" ? s.leader : null;
}

/** `failed`: the request certainly has no effect. `unknown`: it may still happen. */
export function reject(
  s: ZabState,
  request: RequestId,
  outcome: "failed" | "unknown",
  reason: RejectReason,
  out: Out,
): void {
  out.push({ type: "reject", request, outcome, reason, leaderHint: leaderHint(s) });
}
