/** Choosing a ballot, and Phase 1 over the whole open suffix. */
import { type Entry, entryAt, firstIndex, type Index, lastIndex, type NodeId } from "../core/index.js";
import { action, awaitLeader, handled, type Out, send, sendAll, setTimer, stage } from "./effects.js";
import { nextBallot, ownerOf, type Prepare, type Probe, type ProbeReply } from "./messages.js";
import { forgetLeader, isStickyAgainst, raisePromise, resetLeadership } from "./role.js";
import type { MultiPaxosState } from "./state.js";

/** No leader was heard, or the candidacy did not succeed in time. */
export function onLeaderTimeout(r: MultiPaxosState, out: Out): void {
  if (r.position < 0 || r.role === "leader") return;
  if (isStickyAgainst(r, r.ordinal, out.nowMs)) {
    // Accepts of a leader came since the last heartbeat, or a lease granted before a restart may still run.
    const leftMs = r.stickyUntilMs - out.nowMs;
    const spreadMs = r.options.leaderTimeoutMaxMs - r.options.leaderTimeoutMinMs;
    return setTimer("leader", leftMs, leftMs + spreadMs, out);
  }
  if (r.options.stickiness) probe(r, out);
  else prepare(r, out);
}

/**
 * Spec: Probe(i). Asks whether an election quorum would promise. Without it a replica that was cut off returns with a
 * promise above the leader's ballot and preempts it, although nobody else stopped hearing the leader.
 */
function probe(r: MultiPaxosState, out: Out): void {
  resetLeadership(r);
  forgetLeader(r);
  r.role = "probing";
  r.ballot = nextBallot(Math.max(r.promisedBallot, r.highestSeen), r.ordinal);
  r.granted = 1 << r.position;
  r.grantedCount = 1;
  awaitLeader(r, out);
  setTimer("retransmit", r.options.retransmitMs, r.options.retransmitMs, out);
  // A question changes nothing anywhere, and the ballot counts as used only once it is promised below.
  sendAll(r.topology.voterPeers, { type: "Probe", ballot: r.ballot }, 0, out);
  if (r.tracing) action(r, "Probe", [r.id], out);
  if (r.grantedCount >= r.topology.quorums.election) prepare(r, out);
}

/** Spec: HandleProbe(i, j). */
export function handleProbe(r: MultiPaxosState, from: NodeId, message: Probe, out: Out): void {
  if (r.position < 0) return handled(r, from, message, out);
  const { ballot } = message;
  const granted = ballot > r.promisedBallot && !isStickyAgainst(r, ownerOf(ballot), out.nowMs);
  send(from, { type: "ProbeReply", ballot, granted, promisedBallot: r.promisedBallot }, 0, out);
  handled(r, from, message, out);
}

/** Spec: HandleProbeReply(i, j). */
export function handleProbeReply(r: MultiPaxosState, from: NodeId, message: ProbeReply, out: Out): void {
  if (message.promisedBallot > r.highestSeen) r.highestSeen = message.promisedBallot;
  const position = r.topology.positionOf.get(from);
  const counts = r.role === "probing" && message.ballot === r.ballot && message.granted && position !== undefined;
  if (!counts || (r.granted & (1 << position)) !== 0) return handled(r, from, message, out);
  r.granted |= 1 << position;
  r.grantedCount += 1;
  handled(r, from, message, out);
  if (r.grantedCount >= r.topology.quorums.election) prepare(r, out);
}

/**
 * Spec: Prepare(i), Phase 1a. The own acceptor promises first, and the message waits for that write: after a crash the
 * ballot is then known to be used, and answers to it cannot be taken for answers to another Phase 1.
 */
function prepare(r: MultiPaxosState, out: Out): void {
  resetLeadership(r);
  forgetLeader(r);
  stage(r, out);
  r.role = "candidate";
  r.ballot = nextBallot(Math.max(r.promisedBallot, r.highestSeen), r.ordinal);
  r.promisedBallot = r.ballot;
  r.ownPromiseSeq = r.seq;
  awaitLeader(r, out);
  setTimer("retransmit", r.options.retransmitMs, r.options.retransmitMs, out);
  sendAll(r.topology.voterPeers, { type: "Prepare", ballot: r.ballot, fromSlot: r.decidedIndex + 1 }, r.seq, out);
  if (r.tracing) action(r, "Prepare", [r.id], out);
}

/** Sends the probe or Phase 1a again to who has not answered yes. */
export function retransmitCampaign(r: MultiPaxosState, out: Out): void {
  setTimer("retransmit", r.options.retransmitMs, r.options.retransmitMs, out);
  for (const to of r.topology.voterPeers) {
    if ((r.granted & (1 << (r.topology.positionOf.get(to) ?? 0))) !== 0) continue;
    if (r.role === "probing") send(to, { type: "Probe", ballot: r.ballot }, 0, out);
    else send(to, { type: "Prepare", ballot: r.ballot, fromSlot: r.decidedIndex + 1 }, r.seq, out);
  }
  if (r.tracing) action(r, "Retransmit", [r.id], out);
}

/** Spec: HandlePrepare(i, j), Phase 1b. */
export function handlePrepare(r: MultiPaxosState, from: NodeId, message: Prepare, out: Out): void {
  const { ballot, fromSlot } = message;
  if (r.position < 0 || r.topology.idOf.get(ownerOf(ballot)) !== from) return handled(r, from, message, out);
  const refused = ballot > r.promisedBallot && isStickyAgainst(r, ownerOf(ballot), out.nowMs);
  if (ballot < r.promisedBallot || refused) {
    send(from, { type: "Nack", ballot, promisedBallot: r.promisedBallot }, 0, out);
    return handled(r, from, message, out);
  }
  if (ballot > r.promisedBallot) {
    raisePromise(r, ballot, out);
    awaitLeader(r, out); // Time for the proposer to become the leader.
  }
  const entries = acceptedFrom(r, Math.max(fromSlot, r.decidedIndex + 1));
  // Durable before it is told, and so is all it reports: both are in this write or an earlier one.
  send(from, { type: "Promise", ballot, decidedIndex: r.decidedIndex, entries }, r.seq, out);
  handled(r, from, message, out);
}

function acceptedFrom(r: MultiPaxosState, slot: Index): Entry[] {
  const entries: Entry[] = [];
  for (let at = Math.max(slot, firstIndex(r.log)); at <= lastIndex(r.log); at += 1) {
    const entry = entryAt(r.log, at);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}
