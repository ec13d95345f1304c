/** Changes of role that any part of the protocol may cause: a higher ballot was seen, or a leader was heard. */
import type { NodeId, Round } from "../core/index.js";
import { awaitLeader, cancelTimer, handled, type Out, reject, send, stage } from "./effects.js";
import { type MultiPaxosMessage, ownerOf } from "./messages.js";
import type { MultiPaxosState } from "./state.js";

/**
 * Raises the promised ballot. Accepting raises it as promising does: an acceptor that accepted in b and then in a lower
 * ballot could undo a choice (Lamport 2001 §2.2, P1a). The write is staged; nothing may tell of it before it is durable.
 */
export function raisePromise(r: MultiPaxosState, ballot: Round, out: Out): void {
  if (ballot <= r.promisedBallot) return;
  stage(r, out);
  r.promisedBallot = ballot;
  stepDown(r, out);
  // Whoever led did so in a lower ballot.
  forgetLeader(r);
}

/** Nobody is known to lead; what is chosen stays chosen. */
export function forgetLeader(r: MultiPaxosState): void {
  r.leaderBallot = 0;
  r.leaderDecided = 0;
}

/** Forgets everything that belongs to a candidacy or a leadership, as a total function: the spec does the same. */
export function resetLeadership(r: MultiPaxosState): void {
  r.ballot = 0;
  r.granted = 0;
  r.grantedCount = 0;
  r.ownPromiseSeq = 0;
  r.recovered.clear();
  r.nextSlot = 0;
  r.recoveryEnd = 0;
  r.learnTo = 0;
  r.proposals.clear();
  r.ownWrites.length = 0;
  r.queue.length = 0;
  r.tick = 0;
  r.heartbeatSequence = 0;
  r.heartbeatSentMs.length = 0;
  r.heartbeatAcked.fill(0);
  r.leaseUntilMs = 0;
  r.heard = 0;
  r.decidedAtCheck = 0;
}

/**
 * Gives up probing, candidacy or leadership, as a part of whatever action found the reason. A value in Phase 2 may still be chosen by whoever leads
 * next, so its outcome is unknown; one that waited for the window never left this replica and has certainly failed.
 */
export function stepDown(r: MultiPaxosState, out: Out): void {
  if (r.role === "follower" || r.role === "learner") return;
  const led = r.role === "leader";
  if (led) forgetLeader(r);
  for (const proposal of r.proposals.values())
    if (proposal.request !== null) reject(r, proposal.request, "unknown", "notLeader", out);
  for (const { request } of r.queue) reject(r, request, "failed", "notLeader", out);
  if (r.options.readMechanism === "lease") {
    for (const request of r.reads) reject(r, request, "failed", "notLeader", out);
    r.reads.length = 0;
  }
  resetLeadership(r);
  r.role = "follower";
  cancelTimer("retransmit", out);
  if (led) {
    cancelTimer("heartbeat", out);
    cancelTimer("checkQuorum", out);
  }
  awaitLeader(r, out);
}

/**
 * A message of an established leader came. Returns whether to go on with it: not for a lower ballot, which is refused,
 * nor for one that `from` does not own.
 */
export function observeLeader(
  r: MultiPaxosState,
  from: NodeId,
  message: MultiPaxosMessage & { readonly ballot: Round; readonly decidedIndex: number },
  out: Out,
): boolean {
  const { ballot } = message;
  const owner = ownerOf(ballot);
  if (r.topology.idOf.get(owner) !== from) {
    handled(r, from, message, out);
    return false;
  }
  if (ballot < r.promisedBallot) {
    // Not held back: a refusal promises nothing.
    if (r.position >= 0) send(from, { type: "Nack", ballot, promisedBallot: r.promisedBallot }, 0, out);
    handled(r, from, message, out);
    return false;
  }
  raisePromise(r, ballot, out);
  // Ends a probe: the leader whose silence caused it is back.
  stepDown(r, out);
  if (r.leaderBallot !== ballot) {
    r.leaderBallot = ballot;
    r.leaderDecided = 0;
  }
  if (message.decidedIndex > r.leaderDecided) r.leaderDecided = message.decidedIndex;
  if (message.decidedIndex > r.knownDecided) r.knownDecided = message.decidedIndex;
  if (r.options.stickiness) {
    r.stickyUntilMs = out.nowMs + r.options.leaderTimeoutMinMs;
    r.stickyOwner = owner;
  }
  return true;
}

/** Whether this acceptor may not help `owner` to lead now (a lease it granted, or a leader it hears). */
export function isStickyAgainst(r: MultiPaxosState, owner: number, nowMs: number): boolean {
  return r.options.stickiness && nowMs < r.stickyUntilMs && owner !== r.stickyOwner;
}
