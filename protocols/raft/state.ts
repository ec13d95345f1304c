/** The state of one Raft replica: plain data, mutated by `step` alone. */
import {
  assert,
  type Index,
  type Log,
  type NodeId,
  type QuorumSystem,
  type Recovered,
  type ReplicaConfig,
  type RequestId,
  type Snapshot,
  type Status,
  type WriteSeq,
  cloneLog,
  createLog,
  lastIndex,
  lastRound,
  memberById,
  peersOf,
  quorumSystem,
} from "../core/index.js";
import type { Raft, ReadOrigin, Term } from "./messages.js";
import type { RaftOptions } from "./options.js";

/** Raft Figure 4, and the state that asks for pre-votes (Ongaro §9.6). */
export type RaftRole = "Follower" | "PreCandidate" | "Candidate" | "Leader";

/** A leader's view of one other member. Valid only while Leader; reset at every change of role. */
export interface Progress {
  readonly id: NodeId;
  readonly ordinal: number;
  readonly voter: boolean;
  /**
   * `Probe`: where the logs agree is not known, or a message was lost; one AppendEntries at a time.
   * `Replicate`: AppendEntries are pipelined without waiting for answers.
   * `Snapshot`: a snapshot is under way, no entries are sent.
   */
  phase: "Probe" | "Replicate" | "Snapshot";
  /** Next entry to send. Always above matchIndex. */
  nextIndex: Index;
  /** Probe: an AppendEntries is out; nothing more until it is answered or the next heartbeat is. */
  paused: boolean;
  /** Replicate: last index and command bytes of every AppendEntries not yet acknowledged, oldest first. */
  readonly inflightLast: Index[];
  readonly inflightSizes: number[];
  inflightBytes: number;
  /** Snapshot: index of the one under way. */
  snapshotIndex: Index;
  /** Heard from since the last CheckQuorum. */
  active: boolean;
  /** Nothing was acknowledged since the last heartbeat: its answer may trigger a resend. */
  resend: boolean;
  /** Highest commit index told to this member. */
  commitSent: Index;
}

/** A proposal of this node's host that is in the log and not committed. */
export interface Proposal {
  readonly request: RequestId;
  readonly index: Index;
  readonly bytes: number;
}

/** Reads that share a round of heartbeats. */
export interface ReadRound {
  readonly round: number;
  /** commitIndex when the round began. */
  readonly readIndex: Index;
  readonly reads: readonly ReadOrigin[];
}

/**
 * All that a replica knows (Raft Fig. 2, and what a driver without blocking calls needs besides). Plain data; changed
 * by `step` only.
 */
export interface RaftState {
  readonly id: NodeId;
  readonly ordinal: number;
  readonly incarnation: number;
  readonly options: RaftOptions;
  readonly tracing: boolean;
  readonly quorum: QuorumSystem;
  /** False: a learner, which receives the log, never votes and is never counted. */
  readonly voter: boolean;
  /** Every other member, sorted by ordinal. */
  readonly peers: readonly Progress[];
  readonly progress: ReadonlyMap<NodeId, Progress>;
  /** Votes are stored as ordinals, shown as names. */
  readonly idOfOrdinal: ReadonlyMap<number, NodeId>;

  // Persistent state (Raft Figure 2), as it is in memory: it may be ahead of the disk.
  currentTerm: Term;
  votedFor: number;
  /** May reach below `snapshot.index`: trailing entries are kept for slow followers. */
  readonly log: Log;
  /** The newest snapshot this node has. */
  snapshot: Snapshot | null;

  // Volatile state of every replica.
  role: RaftRole;
  /** The leader of the current term, where known. */
  leader: NodeId | null;
  /** A leader was heard within the minimum election timeout: no vote for anyone else (Ongaro §4.2.3). */
  leaderHeard: boolean;
  /** Entries are applied as soon as they are committed, so this is Figure 2's lastApplied as well. */
  commitIndex: Index;
  /** A snapshot at this index was asked of the host; 0: none. */
  snapshotRequested: Index;
  /** The clock of this step, for leases only. */
  nowMs: number;

  // The own disk.
  /** Number of the last write. */
  seq: WriteSeq;
  /** The write that holds the current term and vote. */
  hardSeq: WriteSeq;
  /** Term or vote changed in this step and is not in a write yet. */
  hardDirty: boolean;
  durableSeq: WriteSeq;
  /** The own log is on stable storage up to here. Lowered by truncation. */
  durableIndex: Index;
  /** Writes under way, oldest first, and how far each makes the log durable; lowered by truncation. */
  readonly writes: { readonly seq: WriteSeq; index: Index }[];

  // Candidate and PreCandidate.
  readonly votesGranted: Set<NodeId>;

  // Leader. Reset at every change of role.
  /** Highest index known to be durable and equal at each member; the own one is `durableIndex`. Never decreases in a term. */
  readonly matchIndex: Map<NodeId, Index>;
  /** Index of the no-op that opened the own term: once it is committed, so is everything before it (Raft §8). */
  termStartIndex: Index;
  uncommittedBytes: number;
  readonly proposals: Proposal[];
  /** Last round of heartbeats begun in this term. */
  round: number;
  /** Highest round that each voter acknowledged; the own one is `round`. */
  readonly ackedRound: Map<NodeId, number>;
  /** Highest round that a quorum acknowledged. */
  confirmedRound: number;
  /** When the rounds above `confirmedRound` were begun; kept for leases only. */
  readonly roundsSent: { readonly round: number; readonly atMs: number }[];
  /** When the confirmed round was begun: the lease runs from here. -Infinity: none. */
  leaseFromMs: number;
  /** Reads that wait for the no-op of the term, or for a free round. */
  readonly readsWaiting: ReadOrigin[];
  readonly readRounds: ReadRound[];

  // Follower and learner: linearizable reads forwarded to the leader.
  /** Reads of the batch under way, whose context is `readContext`. Empty: none. */
  readonly readsForwarded: RequestId[];
  /** Reads that came later and go with the next batch. */
  readonly readsQueued: RequestId[];
  readContext: number;
}

function createProgress(id: NodeId, ordinal: number, voter: boolean): Progress {
  return {
    id,
    ordinal,
    voter,
    phase: "Probe",
    nextIndex: 1,
    paused: false,
    inflightLast: [],
    inflightSizes: [],
    inflightBytes: 0,
    snapshotIndex: 0,
    active: false,
    resend: false,
    commitSent: 0,
  };
}

/** Boots from what storage held; everything in it is durable, nothing above the snapshot is known to be committed. */
export function create(config: ReplicaConfig<Raft>, recovered: Recovered<Raft>): RaftState {
  const self = memberById(config.bootstrap, config.id);
  assert(self !== null, `${config.id} is not a member`);
  const { hard, snapshot } = recovered;
  assert(hard !== null || (snapshot === null && recovered.entries.length === 0), "a log without its term");
  const log = createLog(snapshot, recovered.entries);
  const peers = peersOf(config.bootstrap, config.id).map((m) => createProgress(m.id, m.ordinal, m.role === "voter"));
  const state: RaftState = {
    id: self.id,
    ordinal: self.ordinal,
    incarnation: config.incarnation,
    options: config.options,
    tracing: config.tracing,
    quorum: quorumSystem(config.bootstrap),
    voter: self.role === "voter",
    peers,
    progress: new Map(peers.map((p) => [p.id, p])),
    idOfOrdinal: new Map(config.bootstrap.members.map((m) => [m.ordinal, m.id])),
    currentTerm: hard?.currentTerm ?? 0,
    votedFor: hard?.votedFor ?? 0,
    log,
    snapshot,
    role: "Follower",
    leader: null,
    // It may have acknowledged a heartbeat just before the crash, and a leader may still read under that lease.
    leaderHeard: config.options.readMechanism === "lease" && hard !== null,
    commitIndex: snapshot?.index ?? 0,
    snapshotRequested: 0,
    nowMs: 0,
    seq: 0,
    hardSeq: 0,
    hardDirty: false,
    durableSeq: 0,
    durableIndex: lastIndex(log),
    writes: [],
    votesGranted: new Set(),
    matchIndex: new Map(),
    termStartIndex: 0,
    uncommittedBytes: 0,
    proposals: [],
    round: 0,
    ackedRound: new Map(),
    confirmedRound: 0,
    roundsSent: [],
    leaseFromMs: Number.NEGATIVE_INFINITY,
    readsWaiting: [],
    readRounds: [],
    readsForwarded: [],
    readsQueued: [],
    readContext: 0,
  };
  resetLeaderState(state, 1);
  return state;
}

/** Volatile leader state as it is at every change of role: total functions, never empty ones. */
export function resetLeaderState(r: RaftState, nextIndex: Index): void {
  for (const p of r.peers) {
    p.phase = "Probe";
    p.nextIndex = nextIndex;
    p.paused = false;
    clearInflight(p);
    p.snapshotIndex = 0;
    p.active = false;
    p.resend = false;
    p.commitSent = 0;
    r.matchIndex.set(p.id, 0);
    r.ackedRound.set(p.id, 0);
  }
  r.matchIndex.set(r.id, 0);
  r.ackedRound.set(r.id, 0);
  r.termStartIndex = 0;
  r.uncommittedBytes = 0;
  r.proposals.length = 0;
  r.round = 0;
  r.confirmedRound = 0;
  r.roundsSent.length = 0;
  r.leaseFromMs = Number.NEGATIVE_INFINITY;
  r.readsWaiting.length = 0;
  r.readRounds.length = 0;
}

/** What was sent and not acknowledged is as good as lost: it does not count against the window any more. */
export function clearInflight(p: Progress): void {
  p.inflightLast.length = 0;
  p.inflightSizes.length = 0;
  p.inflightBytes = 0;
}

function cloneProgress(p: Progress): Progress {
  return {
    id: p.id,
    ordinal: p.ordinal,
    voter: p.voter,
    phase: p.phase,
    nextIndex: p.nextIndex,
    paused: p.paused,
    inflightLast: p.inflightLast.slice(),
    inflightSizes: p.inflightSizes.slice(),
    inflightBytes: p.inflightBytes,
    snapshotIndex: p.snapshotIndex,
    active: p.active,
    resend: p.resend,
    commitSent: p.commitSent,
  };
}

/** A deep copy that shares nothing mutable. Spelled out: a spread copy is many times slower to use. */
export function clone(r: RaftState): RaftState {
  const peers = r.peers.map(cloneProgress);
  return {
    id: r.id,
    ordinal: r.ordinal,
    incarnation: r.incarnation,
    options: r.options,
    tracing: r.tracing,
    quorum: r.quorum,
    voter: r.voter,
    peers,
    progress: new Map(peers.map((p) => [p.id, p])),
    idOfOrdinal: r.idOfOrdinal,
    currentTerm: r.currentTerm,
    votedFor: r.votedFor,
    log: cloneLog(r.log),
    snapshot: r.snapshot,
    role: r.role,
    leader: r.leader,
    leaderHeard: r.leaderHeard,
    commitIndex: r.commitIndex,
    snapshotRequested: r.snapshotRequested,
    nowMs: r.nowMs,
    seq: r.seq,
    hardSeq: r.hardSeq,
    hardDirty: r.hardDirty,
    durableSeq: r.durableSeq,
    durableIndex: r.durableIndex,
    writes: r.writes.map((write) => ({ seq: write.seq, index: write.index })),
    votesGranted: new Set(r.votesGranted),
    matchIndex: new Map(r.matchIndex),
    termStartIndex: r.termStartIndex,
    uncommittedBytes: r.uncommittedBytes,
    proposals: r.proposals.slice(),
    round: r.round,
    ackedRound: new Map(r.ackedRound),
    confirmedRound: r.confirmedRound,
    roundsSent: r.roundsSent.slice(),
    leaseFromMs: r.leaseFromMs,
    readsWaiting: r.readsWaiting.slice(),
    readRounds: r.readRounds.slice(),
    readsForwarded: r.readsForwarded.slice(),
    readsQueued: r.readsQueued.slice(),
    readContext: r.readContext,
  };
}

/** In the contract's shared words. */
export function status(r: RaftState): Status {
  let role: Status["role"] = "candidate";
  if (!r.voter) role = "learner";
  else if (r.role === "Follower") role = "follower";
  else if (r.role === "Leader") role = "leader";
  return {
    role,
    phase: r.role,
    promisedRound: r.currentTerm,
    leader: r.leader === null ? null : { id: r.leader, round: r.currentTerm },
    commitIndex: r.commitIndex,
    lastIndex: lastIndex(r.log),
  };
}

/** Whether a log that ends at (index, term) is at least as up to date as the own one (Raft §5.4.1). */
export function isUpToDate(r: RaftState, index: Index, term: Term): boolean {
  const own = lastRound(r.log);
  return term > own || (term === own && index >= lastIndex(r.log));
}

/** The no-op of the own term is committed: the leader knows every entry that any leader committed before (Raft §8). */
export function isTermCommitted(r: RaftState): boolean {
  return r.commitIndex >= r.termStartIndex;
}
