/** What a new leader does with the promises: adopt the highest-ballot value of each open slot, fill holes with no-ops. */
import { type Entry, entryAt, lastIndex, type NodeId } from "../core/index.js";
import { requestMissing } from "./catchup.js";
import { action, handled, noop, type Out, setTimer, withRound } from "./effects.js";
import type { Promise1b } from "./messages.js";
import { sendAccepts, sendHeartbeat, startProposal } from "./replication.js";
import type { MultiPaxosState } from "./state.js";

/** Spec: HandlePromise(i, j). Values are merged by slot, never by their place in the message. */
export function handlePromise(r: MultiPaxosState, from: NodeId, message: Promise1b, out: Out): void {
  const position = r.topology.positionOf.get(from);
  if (r.role !== "candidate" || message.ballot !== r.ballot || position === undefined)
    return handled(r, from, message, out);
  if ((r.granted & (1 << position)) !== 0) return handled(r, from, message, out); // A duplicate.
  for (const entry of message.entries) {
    const best = r.recovered.get(entry.index);
    if (best === undefined || best.round < entry.round) r.recovered.set(entry.index, entry);
  }
  if (message.decidedIndex > r.learnTo) {
    r.learnTo = message.decidedIndex;
    r.learnSource = from;
  }
  if (message.decidedIndex > r.knownDecided) r.knownDecided = message.decidedIndex;
  countPromise(r, position);
  handled(r, from, message, out);
  becomeLeaderIfPromised(r, out);
}

/** The own promise counts once it is durable. Returns whether it does from now on. */
export function countOwnPromise(r: MultiPaxosState): boolean {
  if (r.role !== "candidate" || r.ownPromiseSeq === 0 || r.durableSeq < r.ownPromiseSeq) return false;
  r.ownPromiseSeq = 0;
  countPromise(r, r.position);
  return true;
}

function countPromise(r: MultiPaxosState, position: number): void {
  r.granted |= 1 << position;
  r.grantedCount += 1;
}

/**
 * Spec: BecomeLeader(i). Waits for the own promise too, so that what this acceptor holds is part of the quorum's report.
 *
 * Slots at or below `learnTo` are chosen, as an acceptor reported: they are learned, not proposed, so a leader may be
 * behind its followers. Above, every acceptor of the quorum reported all it accepted, so a slot nobody reported can take
 * any value: a no-op, for the slots after it to be applied (Lamport 2001 §3).
 */
export function becomeLeaderIfPromised(r: MultiPaxosState, out: Out): void {
  if (r.ownPromiseSeq !== 0 || r.grantedCount < r.topology.quorums.election) return;
  r.learnTo = Math.max(r.learnTo, r.decidedIndex);
  let end = Math.max(r.learnTo, lastIndex(r.log));
  for (const slot of r.recovered.keys()) if (slot > end) end = slot;
  r.role = "leader";
  r.leaderBallot = r.ballot;
  r.leaderDecided = 0;
  const entries: Entry[] = [];
  for (let slot = r.learnTo + 1; slot <= end; slot += 1) {
    const entry = withRound(highestBallotValue(r, slot) ?? noop(slot, r.ballot), r.ballot);
    startProposal(r, entry, null, out);
    entries.push(entry);
  }
  r.nextSlot = end + 1;
  r.recoveryEnd = end;
  r.recovered.clear();
  r.granted = 0;
  r.grantedCount = 0;
  r.decidedAtCheck = r.decidedIndex;
  out.effects.push({ type: "cancelTimer", timer: "leader" });
  setTimer("retransmit", r.options.retransmitMs, r.options.retransmitMs, out);
  setTimer("checkQuorum", r.options.leaderTimeoutMinMs, r.options.leaderTimeoutMinMs, out);
  sendAccepts(r, entries, out);
  sendHeartbeat(r, out);
  if (r.tracing) action(r, "BecomeLeader", [r.id], out);
  requestMissing(r, out);
}

/** The own acceptor's value is one of the reports (Lamport 2001 §2.2, P2c). */
function highestBallotValue(r: MultiPaxosState, slot: number): Entry | undefined {
  const own = entryAt(r.log, slot);
  const reported = r.recovered.get(slot);
  if (own === undefined || (reported !== undefined && reported.round > own.round)) return reported;
  return own;
}
