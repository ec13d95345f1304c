/** Learning what is already decided: a replica that missed slots, or a new leader that is behind its followers. */
import { assert, entriesBetween, entryAt, firstIndex, type NodeId } from "../core/index.js";
import { advancePrefix, decide, followWatermark } from "./commit.js";
import { action, handled, type Out, send, setTimer, store } from "./effects.js";
import type { Learn, LearnRequest } from "./messages.js";
import { raisePromise } from "./role.js";
import { leaderId, type MultiPaxosState } from "./state.js";

/** Asks for what is missing, unless a question is already out. */
export function requestMissing(r: MultiPaxosState, out: Out): void {
  if (r.learning || r.decidedIndex >= r.knownDecided) return;
  r.learning = true;
  r.learnAttempt = 0;
  ask(r, peerToAsk(r), "LearnRequest", out);
}

/** The leader (or who told of the decision) is asked first, then every peer in turn. */
function peerToAsk(r: MultiPaxosState): NodeId {
  const { peers } = r.topology;
  const known = r.role === "leader" ? r.learnSource : (leaderId(r) ?? r.learnSource);
  const to = r.learnAttempt === 0 && known !== null ? known : peers[r.learnAttempt % peers.length];
  assert(to !== undefined && to !== r.id, `${r.id} asks ${to} for what it lacks`);
  return to;
}

/** Spec: LearnRequest(i, j), or LearnTimeout(i, j) where nobody answered. */
function ask(r: MultiPaxosState, to: NodeId, name: "LearnRequest" | "LearnTimeout", out: Out): void {
  setTimer("learn", r.options.learnRetryMs, r.options.learnRetryMs, out);
  // Nothing is promised by a question.
  send(to, { type: "LearnRequest", fromSlot: r.decidedIndex + 1 }, 0, out);
  if (r.tracing) action(r, name, [r.id, to], out);
}

/** Spec: LearnTimeout(i, j). Asks the next peer, or ends the learning where nothing is missing any more. */
export function onLearnTimeout(r: MultiPaxosState, out: Out): void {
  if (r.decidedIndex >= r.knownDecided) {
    r.learning = false;
    return;
  }
  // From 1 to the number of peers, round and round.
  r.learnAttempt = (r.learnAttempt % r.topology.peers.length) + 1;
  ask(r, peerToAsk(r), "LearnTimeout", out);
}

/** Decided slots, or the snapshot where they are compacted away. */
export function handleLearnRequest(r: MultiPaxosState, from: NodeId, message: LearnRequest, out: Out): void {
  const { fromSlot } = message;
  if (fromSlot > r.decidedIndex) return handled(r, from, message, out); // Nothing to tell.
  if (fromSlot < firstIndex(r.log)) {
    // Its bytes are durable since before it was installed here, and a chosen value needs no disk to stay chosen.
    if (r.snapshot === null || r.snapshotsTo.has(from)) return handled(r, from, message, out);
    r.snapshotsTo.add(from);
    out.effects.push({
      type: "sendSnapshot",
      to: from,
      message: { type: "InstallSnapshot", decidedIndex: r.snapshot.index },
      snapshot: r.snapshot,
      after: 0,
    });
  } else {
    const entries = entriesBetween(r.log, fromSlot, r.decidedIndex, r.options.messageBytesMax);
    send(from, { type: "Learn", decidedIndex: r.decidedIndex, entries }, 0, out);
  }
  handled(r, from, message, out);
}

/**
 * Spec: HandleLearn(i, m). A chosen value (slot, round, value) counts as an Accept of that round sent again: the round is one
 * the value was chosen in, or a later one, so a value held under a round at least as high is the same. A lower one may
 * be another value and is replaced; keeping the higher round keeps what a Promise of this acceptor must report.
 */
export function handleLearn(r: MultiPaxosState, from: NodeId, message: Learn, out: Out): void {
  if (message.decidedIndex > r.knownDecided) r.knownDecided = message.decidedIndex;
  const before = r.decidedIndex;
  for (const entry of message.entries) {
    if (entry.index <= r.decidedIndex) continue; // Known already.
    if (entry.index > r.decidedIndex + 1) break; // An answer to an older question, overtaken by a gap.
    raisePromise(r, entry.round, out);
    const held = entryAt(r.log, entry.index);
    if (held === undefined || held.round < entry.round) store(r, entry, out);
    // Somebody else's decision of a slot that is in Phase 2 here can only be of the same value.
    r.proposals.delete(entry.index);
    decide(r, held !== undefined && held.round >= entry.round ? held : entry, out);
  }
  handled(r, from, message, out);
  if (r.role === "leader") advancePrefix(r, out);
  else followWatermark(r, out);
  // Only an answer that helped asks on, so that duplicates do not multiply.
  if (r.decidedIndex === before || !r.learning) return requestMissing(r, out);
  r.learnAttempt = 0;
  ask(r, from, "LearnRequest", out);
}
