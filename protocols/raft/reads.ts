/** Linearizable reads: read index, lease, and forwarding from followers and learners (Ongaro §6.4). */
import { nthLargest, type ReadLevel, type RequestId } from "../core/index.js";
import type { ReadIndexRequest, ReadIndexResponse, ReadOrigin } from "./messages.js";
import { leaseMs } from "./options.js";
import { action, type Out, rejectFailed, send } from "./output.js";
import { isTermCommitted, type RaftState } from "./state.js";

/** Bounds what is remembered for leases while no quorum answers. Forgetting a round only shortens a lease. */
const ROUNDS_SENT_MAX = 1024;

/** A read of this node's host. Spec: ReadIndex(i). */
export function read(r: RaftState, request: RequestId, level: ReadLevel, out: Out): void {
  if (level === "sync") rejectFailed(r, request, "unsupported", out);
  else if (level === "local") out.push({ type: "serve", request, atIndex: r.commitIndex });
  else if (r.role === "Leader") readAtLeader(r, { peer: null, request, incarnation: r.incarnation }, out);
  else if (r.leader === null) rejectFailed(r, request, "notLeader", out);
  else forwardRead(r, request, out);
  if (r.tracing) action(r, "ReadIndex", [r.id, level], out);
}

function readAtLeader(r: RaftState, origin: ReadOrigin, out: Out): void {
  // Until an entry of the own term is committed the leader may not know the newest committed entry (Ongaro §6.4 step 1).
  if (isTermCommitted(r) && isLeaseHeld(r)) {
    answerRead(r, origin, r.commitIndex, out);
    return;
  }
  r.readsWaiting.push(origin);
  startReadRound(r, out);
}

/** Valid at `nowMs` of this step, as if the read took effect now. */
function isLeaseHeld(r: RaftState): boolean {
  return r.options.readMechanism === "lease" && r.nowMs < r.leaseFromMs + leaseMs(r.options);
}

/**
 * Begins a round for the waiting reads, if one is free. A round is never reused: an answer to an earlier one would
 * prove leadership at a time before these reads came.
 */
export function startReadRound(r: RaftState, out: Out): void {
  if (r.readsWaiting.length === 0 || !isTermCommitted(r)) return;
  if (r.readRounds.length >= r.options.readRoundsMax) return; // They share the next round.
  const reads = r.readsWaiting.splice(0);
  r.readRounds.push({ round: r.round + 1, readIndex: r.commitIndex, reads });
  broadcastRound(r, true, out);
  confirmRounds(r, out); // A quorum of one needs no answer.
}

/** Heartbeats of a new round, to all members or to the voters alone. */
export function broadcastRound(r: RaftState, votersOnly: boolean, out: Out): void {
  r.round += 1;
  r.ackedRound.set(r.id, r.round);
  if (r.options.readMechanism === "lease") {
    r.roundsSent.push({ round: r.round, atMs: r.nowMs });
    if (r.roundsSent.length > ROUNDS_SENT_MAX) r.roundsSent.shift();
  }
  for (const p of r.peers) {
    if (votersOnly && !p.voter) continue;
    const leaderCommit = Math.min(r.commitIndex, r.matchIndex.get(p.id) ?? 0);
    if (leaderCommit > p.commitSent) p.commitSent = leaderCommit;
    send(r, p.id, { type: "Heartbeat", term: r.currentTerm, leaderCommit, round: r.round }, out);
  }
}

/**
 * Serves the reads of every round that a quorum has acknowledged, and moves the lease to when that round began.
 * A replication quorum meets every election quorum, so nobody else was leader of a higher term at that time.
 */
export function confirmRounds(r: RaftState, out: Out): void {
  const round = nthLargest(r.quorum.voters, r.ackedRound, r.quorum.replication);
  if (round <= r.confirmedRound) return;
  r.confirmedRound = round;
  let sent = r.roundsSent[0];
  while (sent !== undefined && sent.round <= round) {
    r.leaseFromMs = sent.atMs;
    r.roundsSent.shift();
    sent = r.roundsSent[0];
  }
  let oldest = r.readRounds[0];
  while (oldest !== undefined && oldest.round <= round) {
    for (const origin of oldest.reads) answerRead(r, origin, oldest.readIndex, out);
    r.readRounds.shift();
    oldest = r.readRounds[0];
  }
  startReadRound(r, out);
}

function answerRead(r: RaftState, origin: ReadOrigin, readIndex: number, out: Out): void {
  if (origin.peer === null) {
    out.push({ type: "serve", request: origin.request, atIndex: readIndex });
    return;
  }
  const { incarnation, request: context } = origin;
  send(r, origin.peer, { type: "ReadIndexResponse", term: r.currentTerm, incarnation, context, readIndex }, out);
}

/** The reads of a leader that steps down. They certainly had no effect; peers ask again by themselves. */
export function rejectLeaderReads(r: RaftState, out: Out): void {
  for (const { reads } of r.readRounds) rejectOwn(r, reads, out);
  rejectOwn(r, r.readsWaiting, out);
}

function rejectOwn(r: RaftState, reads: readonly ReadOrigin[], out: Out): void {
  for (const origin of reads) if (origin.peer === null) rejectFailed(r, origin.request, "notLeader", out);
}

/** One batch is under way at a time; what comes meanwhile goes with the next. */
function forwardRead(r: RaftState, request: RequestId, out: Out): void {
  r.readsQueued.push(request);
  if (r.readsForwarded.length === 0) forwardBatch(r, out);
}

/** Asks for a read index for all reads that wait, under a new context. */
function forwardBatch(r: RaftState, out: Out): void {
  for (const request of r.readsQueued) r.readsForwarded.push(request);
  r.readsQueued.length = 0;
  if (r.readsForwarded.length === 0) {
    out.push({ type: "cancelTimer", timer: "readRetry" });
    return;
  }
  r.readContext += 1;
  const { incarnation, currentTerm: term, readContext: context } = r;
  if (r.leader !== null) send(r, r.leader, { type: "ReadIndexRequest", term, incarnation, context }, out);
  const ms = r.options.heartbeatIntervalMs * 2;
  out.push({ type: "setTimer", timer: "readRetry", minMs: ms, maxMs: ms });
}

/** The request or its answer was lost, or there is a new leader. Spec: ReadRetry(i). */
export function onReadRetry(r: RaftState, out: Out): void {
  forwardBatch(r, out);
  if (r.tracing) action(r, "ReadRetry", [r.id], out);
}

/** Nobody is left to ask: the reads are refused. */
export function rejectForwardedReads(r: RaftState, out: Out): void {
  if (r.readsForwarded.length === 0 && r.readsQueued.length === 0) return;
  for (const request of r.readsForwarded) rejectFailed(r, request, "notLeader", out);
  for (const request of r.readsQueued) rejectFailed(r, request, "notLeader", out);
  r.readsForwarded.length = 0;
  r.readsQueued.length = 0;
  out.push({ type: "cancelTimer", timer: "readRetry" });
}

/** Spec: HandleReadIndexRequest(i, j, m). */
export function handleReadIndexRequest(r: RaftState, from: RaftState["id"], m: ReadIndexRequest, out: Out): void {
  // Not the leader (any more): no answer, the sender asks again whomever it then holds for the leader.
  if (r.role === "Leader") readAtLeader(r, { peer: from, request: m.context, incarnation: m.incarnation }, out);
  if (r.tracing) action(r, "HandleReadIndexRequest", [r.id, from], out);
}

/**
 * Spec: HandleReadIndexResponse(i, j, m). The term does not matter: whoever answered proved its leadership after the
 * batch had been sent.
 */
export function handleReadIndexResponse(r: RaftState, from: RaftState["id"], m: ReadIndexResponse, out: Out): void {
  if (m.incarnation === r.incarnation && m.context === r.readContext && r.readsForwarded.length > 0) {
    for (const request of r.readsForwarded) out.push({ type: "serve", request, atIndex: m.readIndex });
    r.readsForwarded.length = 0;
    forwardBatch(r, out);
  }
  if (r.tracing) action(r, "HandleReadIndexResponse", [r.id, from], out);
}
