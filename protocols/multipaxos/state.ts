/** A Multi-Paxos replica as plain data: acceptor, learner and (now and then) proposer in one. */
import {
  assert,
  cloneLog,
  createLog,
  entryAt,
  type Entry,
  firstIndex,
  type Index,
  lastIndex,
  type Log,
  memberById,
  type NodeId,
  peersOf,
  type QuorumSystem,
  quorumSystem,
  type Recovered,
  type ReplicaConfig,
  type RequestId,
  type Round,
  type Snapshot,
  type Status,
  type WriteSeq,
} from "../core/index.js";
import { type MultiPaxosAction, type MultiPaxosMessage, type MultiPaxosTimer, ownerOf } from "./messages.js";
import type { MultiPaxosOptions } from "./options.js";

/**
 * What must survive a crash beside the log. `decidedIndex` need not, for safety; it rides along with writes that happen
 * anyway, so that a restarted replica applies its prefix at once and its promises stay short.
 */
export interface MultiPaxosHard {
  readonly promisedBallot: Round;
  /** Every slot up to here is chosen, and held by the snapshot or the log of the same write or earlier ones. */
  readonly decidedIndex: Index;
}

/** The protocol's types, as the contract asks for them. */
export interface MultiPaxos {
  readonly State: MultiPaxosState;
  readonly Options: MultiPaxosOptions;
  readonly Message: MultiPaxosMessage;
  readonly Hard: MultiPaxosHard;
  readonly Timer: MultiPaxosTimer;
  readonly Action: MultiPaxosAction;
}

/** `probing`: asking before Phase 1. `candidate`: in Phase 1. `leader`: Phase 1 is done. */
export type Role = "follower" | "probing" | "candidate" | "leader" | "learner";

/** Who is who, built once and shared by clones. */
export interface Topology {
  readonly quorums: QuorumSystem;
  /** Every other member, by ordinal. */
  readonly peers: readonly NodeId[];
  readonly voterPeers: readonly NodeId[];
  /** Place of a voter in `quorums.voters`, its bit in a mask. Learners are absent, so they are never counted. */
  readonly positionOf: ReadonlyMap<NodeId, number>;
  readonly idOf: ReadonlyMap<number, NodeId>;
}

/** One slot in Phase 2 (a commander, van Renesse & Altinbuken 2015 §2). */
export interface Proposal {
  readonly slot: Index;
  readonly request: RequestId | null;
  /** Bit mask of the voters that accepted, and how many they are. */
  accepted: number;
  count: number;
  chosen: boolean;
  /** Retransmission period in which it was last sent. */
  tick: number;
}

/** A quorum read under way. Reads that come meanwhile wait for the next one. */
export interface ReadQueryState {
  readonly sequence: number;
  readonly requests: readonly RequestId[];
  answered: number;
  count: number;
  acceptedSlot: Index;
}

/** All that a replica knows. Plain data; changed by `step` only. */
export interface MultiPaxosState {
  readonly id: NodeId;
  readonly ordinal: number;
  readonly incarnation: number;
  readonly options: MultiPaxosOptions;
  readonly tracing: boolean;
  readonly topology: Topology;
  /** Own place among the voters, or -1. */
  readonly position: number;
  /** Whether storage was empty at boot: such a node granted no lease before. */
  readonly fresh: boolean;

  // Acceptor: durable.
  /** The highest ballot this acceptor promised or accepted. Never decreases. */
  promisedBallot: Round;
  /** Accepted values; `entry.round` is the ballot. Invariant: no round above `promisedBallot`. */
  readonly log: Log;
  snapshot: Snapshot | null;
  /** Number of the last write, and of the last one known to be durable. */
  seq: WriteSeq;
  durableSeq: WriteSeq;

  // Learner.
  /** Every slot up to here is chosen, held and handed to the state machine. */
  decidedIndex: Index;
  /** The highest decided slot heard of from anyone. */
  knownDecided: Index;
  /** A LearnRequest is out; `learnAttempt` counts those without success, to ask someone else next. */
  learning: boolean;
  learnAttempt: number;
  learnSource: NodeId | null;
  /** Index of the snapshot the host was asked for, or 0. */
  snapshotRequested: Index;
  /** Peers to which a snapshot is under way. */
  readonly snapshotsTo: Set<NodeId>;

  // Leadership as this replica sees it.
  role: Role;
  /** Own ballot while probing (not yet used), candidate or leader; else 0. */
  ballot: Round;
  /** The highest ballot seen in a refusal. A hint for the next choice only. */
  highestSeen: Round;
  /** Ballot of the established leader heard, own included; 0: none. */
  leaderBallot: Round;
  /** The highest watermark heard under `leaderBallot`. */
  leaderDecided: Index;
  /** Until then no ballot of another owner than `stickyOwner` is promised, by the local clock. */
  stickyUntilMs: number;
  stickyOwner: number;

  // Candidate: reset on every change of role.
  /** Voters that granted the probe or, in Phase 1, promised: a mask and its size. */
  granted: number;
  grantedCount: number;
  /** The write that makes the own promise durable; 0 once counted. */
  ownPromiseSeq: WriteSeq;
  /** Highest-ballot value reported for each open slot. */
  readonly recovered: Map<Index, Entry>;

  // Leader: reset on every change of role.
  nextSlot: Index;
  /** Reads wait until this slot is decided: earlier leaders' writes are all at or below it. */
  recoveryEnd: Index;
  /** Slots up to here are chosen, told by a promise: they are learned, never proposed. */
  learnTo: Index;
  readonly proposals: Map<Index, Proposal>;
  /** Own acceptances that wait for the disk, oldest first. */
  ownWrites: { readonly seq: WriteSeq; readonly slot: Index }[];
  queue: { readonly request: RequestId; readonly command: Uint8Array }[];
  tick: number;
  heartbeatSequence: number;
  /** Send times of the last heartbeats, at `sequence % HEARTBEATS_KEPT`. */
  readonly heartbeatSentMs: number[];
  /** Highest heartbeat acknowledged, by voter position. */
  readonly heartbeatAcked: number[];
  leaseUntilMs: number;
  /** Voters heard since the last check, and where the decided prefix stood then. */
  heard: number;
  decidedAtCheck: Index;

  // Reads.
  reads: RequestId[];
  readQuery: ReadQueryState | null;
  readSequence: number;

  /** Slots put into the log by the latest step: what the invariants look at. 0: none. */
  putFrom: Index;
  putTo: Index;
}

/** Heartbeats whose time of sending is remembered: an acknowledgement of an older one grants no lease. */
export const HEARTBEATS_KEPT = 64;

/** A replica as it boots from what its disk held. It does nothing before its `start`. */
export function create(config: ReplicaConfig<MultiPaxos>, recovered: Recovered<MultiPaxos>): MultiPaxosState {
  const topology = topologyOf(config);
  const member = memberById(config.bootstrap, config.id);
  assert(member !== null, `${config.id} is not a member`);
  // Masks of acknowledgements are 32-bit integers.
  assert(topology.quorums.voters.length <= 31, "more than 31 voters");
  const base = recovered.snapshot?.index ?? 0;
  return {
    id: config.id,
    ordinal: member.ordinal,
    incarnation: config.incarnation,
    options: config.options,
    tracing: config.tracing,
    topology,
    position: topology.positionOf.get(config.id) ?? -1,
    fresh: recovered.hard === null,
    promisedBallot: recovered.hard?.promisedBallot ?? 0,
    log: createLog(recovered.snapshot, recovered.entries),
    snapshot: recovered.snapshot,
    seq: 0,
    durableSeq: 0,
    decidedIndex: Math.max(base, recovered.hard?.decidedIndex ?? 0),
    knownDecided: 0,
    learning: false,
    learnAttempt: 0,
    learnSource: null,
    snapshotRequested: 0,
    snapshotsTo: new Set(),
    role: member.role === "voter" ? "follower" : "learner",
    ballot: 0,
    highestSeen: 0,
    leaderBallot: 0,
    leaderDecided: 0,
    stickyUntilMs: 0,
    stickyOwner: 0,
    granted: 0,
    grantedCount: 0,
    ownPromiseSeq: 0,
    recovered: new Map(),
    nextSlot: 0,
    recoveryEnd: 0,
    learnTo: 0,
    proposals: new Map(),
    ownWrites: [],
    queue: [],
    tick: 0,
    heartbeatSequence: 0,
    heartbeatSentMs: [],
    heartbeatAcked: topology.quorums.voters.map(() => 0),
    leaseUntilMs: 0,
    heard: 0,
    decidedAtCheck: 0,
    reads: [],
    readQuery: null,
    readSequence: 0,
    putFrom: 0,
    putTo: 0,
  };
}

function topologyOf(config: ReplicaConfig<MultiPaxos>): Topology {
  const quorums = quorumSystem(config.bootstrap);
  const peers = peersOf(config.bootstrap, config.id);
  return {
    quorums,
    peers: peers.map((member) => member.id),
    voterPeers: peers.filter((member) => member.role === "voter").map((member) => member.id),
    positionOf: new Map(quorums.voters.map((id, at) => [id, at])),
    idOf: new Map(config.bootstrap.members.map((member) => [member.ordinal, member.id])),
  };
}

/** A deep copy that shares nothing mutable. */
export function clone(from: MultiPaxosState): MultiPaxosState {
  const query = from.readQuery;
  return {
    ...from,
    log: cloneLog(from.log),
    snapshotsTo: new Set(from.snapshotsTo),
    recovered: new Map(from.recovered),
    proposals: new Map([...from.proposals].map(([slot, proposal]) => [slot, { ...proposal }])),
    ownWrites: from.ownWrites.slice(),
    queue: from.queue.slice(),
    heartbeatSentMs: from.heartbeatSentMs.slice(),
    heartbeatAcked: from.heartbeatAcked.slice(),
    reads: from.reads.slice(),
    readQuery: query === null ? null : { ...query },
  };
}

/** The established leader this replica knows of, or null. */
export function leaderId(r: MultiPaxosState): NodeId | null {
  return r.leaderBallot === 0 ? null : (r.topology.idOf.get(ownerOf(r.leaderBallot)) ?? null);
}

const PHASES = {
  follower: "acceptor",
  probing: "probe",
  candidate: "phase1",
  leader: "phase2",
  learner: "learner",
} as const;

/** In the contract's shared words. A candidate is not established, a leader is. */
export function status(r: MultiPaxosState): Status {
  const leader = leaderId(r);
  return {
    role: r.role === "probing" ? "candidate" : r.role,
    phase: PHASES[r.role],
    promisedRound: r.promisedBallot,
    leader: leader === null ? null : { id: leader, round: r.leaderBallot },
    commitIndex: r.decidedIndex,
    lastIndex: lastIndex(r.log),
  };
}

/** A short name of a value that is equal only for equal bytes, up to hash collisions (FNV-1a, 32 bit, and the length). */
export function valueText(command: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of command) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${command.length}:${hash.toString(16)}`;
}

/** Decided slots that `specState` still shows. Of the log below them every replica holds the same values. */
const DECIDED_SHOWN = 8;

/** An entry in the spec's words. */
export function specEntry(entry: Entry): { readonly slot: Index; readonly ballot: Round; readonly value: string } {
  return { slot: entry.index, ballot: entry.round, value: entry.kind === "noop" ? "noop" : valueText(entry.command) };
}

/**
 * The spec's variables (spec/multipaxos/MultiPaxos.tla). Timers, write numbers and clocks are not state, nor is what only
 * decides when a leader repeats itself or gives way: the spec permits both at any time.
 */
export function specState(r: MultiPaxosState): unknown {
  const log: unknown[] = [];
  for (
    let slot = Math.max(firstIndex(r.log), r.decidedIndex - DECIDED_SHOWN + 1);
    slot <= lastIndex(r.log);
    slot += 1
  ) {
    const entry = entryAt(r.log, slot);
    if (entry !== undefined) log.push(specEntry(entry));
  }
  return {
    role: r.role,
    incarnation: r.incarnation,
    promisedBallot: r.promisedBallot,
    log,
    compacted: r.log.snapshotIndex,
    snapshot: r.snapshot?.index ?? 0,
    decided: r.decidedIndex,
    knownDecided: r.knownDecided,
    learning: r.learning,
    learnAttempt: r.learnAttempt,
    learnSource: r.learnSource ?? "",
    snapshotsTo: [...r.snapshotsTo].sort((a, b) => (a < b ? -1 : 1)),
    ballot: r.ballot,
    highestSeen: r.highestSeen,
    leaderBallot: r.leaderBallot,
    leaderDecided: r.leaderDecided,
    granted: membersOf(r, r.granted),
    recovered: [...r.recovered.values()].sort((a, b) => a.index - b.index).map(specEntry),
    nextSlot: r.nextSlot,
    recoveryEnd: r.recoveryEnd,
    learnTo: r.learnTo,
    votes: [...r.proposals.values()]
      .sort((a, b) => a.slot - b.slot)
      .map((proposal) => ({ slot: proposal.slot, by: membersOf(r, proposal.accepted) })),
    queue: r.queue.map(({ command }) => valueText(command)),
    heartbeats: r.heartbeatSequence,
    acked: Object.fromEntries(
      r.topology.quorums.voters.flatMap((id, at) => (id === r.id ? [] : [[id, r.heartbeatAcked[at] ?? 0]])),
    ),
    query:
      r.readQuery === null
        ? { sequence: r.readSequence, open: false, answered: [], acceptedSlot: 0 }
        : {
            sequence: r.readSequence,
            open: true,
            answered: membersOf(r, r.readQuery.answered),
            acceptedSlot: r.readQuery.acceptedSlot,
          },
  };
}

/** A message in the spec's words: its entries by value, as `specState` shows them. */
export function specMessage(message: MultiPaxosMessage): object {
  return "entries" in message ? { ...message, entries: message.entries.map(specEntry) } : message;
}

function membersOf(r: MultiPaxosState, mask: number): readonly NodeId[] {
  return r.topology.quorums.voters.filter((_, at) => (mask & (1 << at)) !== 0).sort((a, b) => (a < b ? -1 : 1));
}
