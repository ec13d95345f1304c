/** Ballots and messages of Multi-Paxos, as Lamport 2001 and van Renesse & Altinbuken 2015 name them. */
import type { Entry, Index, Round } from "../core/index.js";

/** Width of the owner in a ballot: `counter * 65536 + ordinal`, so that ballots of two proposers never collide. */
const OWNERS = 65536;
/** Below this a ballot is an exact number together with its owner. */
const COUNTER_MAX = 2 ** 37 - 1;

/** The node that may use this ballot, by ordinal; 0 for ballot 0, which nobody owns. */
export function ownerOf(ballot: Round): number {
  return ballot % OWNERS;
}

function counterOf(ballot: Round): number {
  return Math.floor(ballot / OWNERS);
}

/** Ordered by counter, then by ordinal, so that no two replicas ever share a ballot. */
export function ballotOf(counter: number, ordinal: number): Round {
  return counter * OWNERS + ordinal;
}

/** The lowest ballot of `ordinal` above everything seen so far. Throws once 2^37 ballots were used. */
export function nextBallot(highestSeen: Round, ordinal: number): Round {
  const counter = counterOf(highestSeen) + 1;
  if (counter > COUNTER_MAX) throw new RangeError("the ballot counter is exhausted");
  return ballotOf(counter, ordinal);
}

/** "counter.ordinal", the form in goldens. */
export function ballotText(ballot: Round): string {
  return ballot === 0 ? "0" : `${counterOf(ballot)}.${ownerOf(ballot)}`;
}

/** Asks whether a Prepare would be promised now. Changes nothing anywhere. */
export type Probe = { readonly type: "Probe"; readonly ballot: Round };

/** Whether the Prepare would be promised, and by what it would be refused. */
export type ProbeReply = {
  readonly type: "ProbeReply";
  readonly ballot: Round;
  readonly granted: boolean;
  readonly promisedBallot: Round;
};

/** Phase 1a for every slot >= `fromSlot` at once (Lamport 2001 §3). */
export type Prepare = { readonly type: "Prepare"; readonly ballot: Round; readonly fromSlot: Index };

/**
 * Phase 1b. `entries`: what the acceptor accepted above both `decidedIndex` and the proposer's `fromSlot - 1`, sorted.
 * Slots <= `decidedIndex` are chosen; the proposer learns them and never proposes there.
 */
export type Promise1b = {
  readonly type: "Promise";
  readonly ballot: Round;
  readonly decidedIndex: Index;
  readonly entries: readonly Entry[];
};

/** Phase 2a, one or more slots; every entry's round is `ballot`. `decidedIndex` is the leader's decided watermark. */
export type Accept = {
  readonly type: "Accept";
  readonly ballot: Round;
  readonly decidedIndex: Index;
  readonly entries: readonly Entry[];
};

/** Phase 2b: these slots are on the sender's disk under `ballot`. */
export type Accepted = { readonly type: "Accepted"; readonly ballot: Round; readonly slots: readonly Index[] };

/**
 * `ballot` was refused. `promisedBallot > ballot`: it is preempted. Otherwise the acceptor only hears another leader, or
 * waits out its lease, and refuses for now.
 */
export type Nack = { readonly type: "Nack"; readonly ballot: Round; readonly promisedBallot: Round };

/** The leader is alive. `sequence` counts the heartbeats of this ballot, from 1: a lease starts when one was sent. */
export type Heartbeat = {
  readonly type: "Heartbeat";
  readonly ballot: Round;
  readonly sequence: number;
  readonly decidedIndex: Index;
};

/** Grants the lease that heartbeat `sequence` asks for. `acceptedSlot`: the highest slot the acceptor holds a value of. */
export type HeartbeatAck = {
  readonly type: "HeartbeatAck";
  readonly ballot: Round;
  readonly sequence: number;
  readonly acceptedSlot: Index;
};

/** The watermark alone, when no Accept is about to carry it. */
export type Decided = { readonly type: "Decided"; readonly ballot: Round; readonly decidedIndex: Index };

/** "Send me what is decided from this slot on." */
export type LearnRequest = { readonly type: "LearnRequest"; readonly fromSlot: Index };

/** Chosen values, without gaps. An entry's round is the ballot it was chosen in, or a later one that proposed it again. */
export type Learn = { readonly type: "Learn"; readonly decidedIndex: Index; readonly entries: readonly Entry[] };

/** Travels beside a snapshot's bytes to a replica whose missing slots are compacted away. */
export type InstallSnapshot = { readonly type: "InstallSnapshot"; readonly decidedIndex: Index };

/** Quorum read: which is the highest slot you accepted? `incarnation` keeps replies to an earlier life apart. */
export type ReadQuery = { readonly type: "ReadQuery"; readonly incarnation: number; readonly sequence: number };

/** The highest slot that the acceptor has accepted a value for or knows to be decided. */
export type ReadReply = {
  readonly type: "ReadReply";
  readonly incarnation: number;
  readonly sequence: number;
  readonly acceptedSlot: Index;
};

/** Everything that travels between replicas. */
export type MultiPaxosMessage =
  | Probe
  | ProbeReply
  | Prepare
  | Promise1b
  | Accept
  | Accepted
  | Nack
  | Heartbeat
  | HeartbeatAck
  | Decided
  | LearnRequest
  | Learn
  | InstallSnapshot
  | ReadQuery
  | ReadReply;

/**
 * - `leader`: a follower waits this long for a heartbeat, a candidate for its promises.
 * - `heartbeat`, `retransmit`, `checkQuorum`: a leader's periods (`retransmit` also a candidate's).
 * - `learn`: catch-up was not answered. `read`: a quorum read was not answered.
 */
export type MultiPaxosTimer = "leader" | "heartbeat" | "retransmit" | "checkQuorum" | "learn" | "read";

/**
 * The spec's actions. A message is handled by the one named after it; `BecomeLeader`, `Decide`, `Decided`, `FillHoles`, `Propose`
 * and `LearnRequest` are what a replica does by itself in the same step.
 */
export type MultiPaxosAction =
  | `Handle${MultiPaxosMessage["type"]}`
  | "Restart"
  | "Persist"
  | "Probe"
  | "Prepare"
  | "BecomeLeader"
  | "ClientRequest"
  | "Propose"
  | "Decide"
  | "Decided"
  | "Heartbeat"
  | "FillHoles"
  | "Retransmit"
  | "StepDown"
  | "LearnRequest"
  | "LearnTimeout"
  | "TakeSnapshot"
  | "SnapshotSent"
  | "Read";
