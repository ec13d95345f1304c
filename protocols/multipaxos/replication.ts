/** Phase 2: one value per slot, many slots in flight, accepted in any order. */
import { assert, type Entry, entryAt, type Index, lastIndex, type NodeId, type RequestId } from "../core/index.js";
import { requestMissing } from "./catchup.js";
import { advancePrefix, followWatermark } from "./commit.js";
import {
  action,
  awaitLeader,
  handled,
  inChunks,
  noop,
  type Out,
  reject,
  send,
  sendAll,
  setTimer,
  store,
} from "./effects.js";
import type { Accept, Accepted, Decided, Heartbeat, HeartbeatAck, Nack } from "./messages.js";
import { grantedLease } from "./reads.js";
import { observeLeader, stepDown } from "./role.js";
import { HEARTBEATS_KEPT, type MultiPaxosState, valueText } from "./state.js";

/** Holes take memory: an acceptor that is further behind than this accepts nothing so far ahead, and learns instead. */
const SLOTS_AHEAD_MAX = 1_000_000;

// ---- Leader

/** Spec: ClientRequest(i, value). Takes the next slot, waits for the window, or refuses. */
export function onPropose(r: MultiPaxosState, request: RequestId, command: Uint8Array, out: Out): void {
  if (r.role !== "leader") return reject(r, request, "failed", "notLeader", out);
  if (r.proposals.size + r.queue.length >= r.options.uncommittedEntriesMax)
    return reject(r, request, "failed", "overloaded", out);
  if (r.queue.length > 0 || r.proposals.size >= r.options.windowSlots) {
    r.queue.push({ request, command });
  } else {
    const entry = proposeCommand(r, request, command, out);
    sendAccepts(r, [entry], out);
  }
  if (r.tracing) action(r, "ClientRequest", [r.id, valueText(command)], out);
}

function proposeCommand(r: MultiPaxosState, request: RequestId, command: Uint8Array, out: Out): Entry {
  const entry: Entry = { index: r.nextSlot, round: r.ballot, kind: "command", command };
  r.nextSlot += 1;
  startProposal(r, entry, request, out);
  out.effects.push({ type: "accepted", request, index: entry.index });
  return entry;
}

/** Spec: Propose(i, first, last). Moves requests that waited into the window, as one message. Called at the end of a leader's step. */
export function flushQueue(r: MultiPaxosState, out: Out): void {
  const room = Math.min(r.queue.length, r.options.windowSlots - r.proposals.size);
  if (room <= 0) return;
  const first = r.nextSlot;
  const entries: Entry[] = [];
  for (const { request, command } of r.queue.splice(0, room)) entries.push(proposeCommand(r, request, command, out));
  sendAccepts(r, entries, out);
  if (r.tracing) action(r, "Propose", [r.id, first, r.nextSlot - 1], out);
}

/** The leader's own acceptor accepts at once; its copy counts when the disk has it. */
export function startProposal(r: MultiPaxosState, entry: Entry, request: RequestId | null, out: Out): void {
  assert(entry.round === r.ballot && r.promisedBallot === r.ballot, "a leader proposes in the ballot it promised");
  store(r, entry, out);
  r.proposals.set(entry.index, { slot: entry.index, request, accepted: 0, count: 0, chosen: false, tick: r.tick });
  r.ownWrites.push({ seq: r.seq, slot: entry.index });
}

/**
 * Phase 2a to everyone; learners store the values too, so that the watermark suffices for them. Not held for the disk:
 * after a crash this ballot is never used again, because the promise to it was durable before Phase 1 began.
 */
export function sendAccepts(r: MultiPaxosState, entries: readonly Entry[], out: Out): void {
  const { ballot, decidedIndex } = r;
  for (const chunk of entries.length === 1 ? [entries] : inChunks(entries, r.options.messageBytesMax))
    sendAll(r.topology.peers, { type: "Accept", ballot, decidedIndex, entries: chunk }, 0, out);
}

/** Spec: HandleAccepted(i, j). */
export function handleAccepted(r: MultiPaxosState, from: NodeId, message: Accepted, out: Out): void {
  const position = r.topology.positionOf.get(from);
  if (r.role !== "leader" || message.ballot !== r.ballot || position === undefined)
    return handled(r, from, message, out);
  r.heard |= 1 << position;
  for (const slot of message.slots) countAccepted(r, slot, position);
  handled(r, from, message, out);
  afterAccepted(r, out);
}

function countAccepted(r: MultiPaxosState, slot: Index, position: number): void {
  const proposal = r.proposals.get(slot);
  if (proposal === undefined) return; // Decided meanwhile.
  const bit = 1 << position;
  if ((proposal.accepted & bit) !== 0) return; // A duplicate counts once.
  proposal.accepted |= bit;
  proposal.count += 1;
  if (proposal.count >= r.topology.quorums.replication) proposal.chosen = true;
}

/** Own acceptances up to write `durableSeq` are on disk and count. Returns whether there were any. */
export function countOwnAcceptances(r: MultiPaxosState): boolean {
  const { ownWrites } = r;
  let done = 0;
  for (let own = ownWrites[done]; own !== undefined && own.seq <= r.durableSeq; own = ownWrites[done]) {
    countAccepted(r, own.slot, r.position);
    done += 1;
  }
  ownWrites.splice(0, done);
  return done > 0;
}

/** Once a slot may be chosen: applies the prefix, and tells the others unless the next Accept will. */
export function afterAccepted(r: MultiPaxosState, out: Out): void {
  const before = r.decidedIndex;
  advancePrefix(r, out);
  if (r.decidedIndex === before) return;
  // While slots are in flight or requests wait, the next Accept carries the watermark.
  if (!r.options.decideNotice || r.proposals.size > 0 || r.queue.length > 0) return;
  sendAll(r.topology.peers, { type: "Decided", ballot: r.ballot, decidedIndex: r.decidedIndex }, 0, out);
  if (r.tracing) action(r, "Decided", [r.id], out);
}

/** Spec: Retransmit(i). Sends again what was unanswered for one to two periods, to those who did not answer. */
export function retransmitAccepts(r: MultiPaxosState, out: Out): void {
  r.tick += 1;
  setTimer("retransmit", r.options.retransmitMs, r.options.retransmitMs, out);
  const late = [...r.proposals.values()].filter((proposal) => !proposal.chosen && proposal.tick <= r.tick - 2);
  if (late.length === 0) return;
  for (const proposal of late) proposal.tick = r.tick - 1;
  for (const to of r.topology.voterPeers) {
    const bit = 1 << (r.topology.positionOf.get(to) ?? 0);
    const entries: Entry[] = [];
    for (const proposal of late) {
      const entry = entryAt(r.log, proposal.slot);
      if (entry !== undefined && (proposal.accepted & bit) === 0) entries.push(entry);
    }
    for (const chunk of inChunks(entries, r.options.messageBytesMax))
      send(to, { type: "Accept", ballot: r.ballot, decidedIndex: r.decidedIndex, entries: chunk }, 0, out);
  }
  if (r.tracing) action(r, "Retransmit", [r.id], out);
}

/** Its send time starts the lease that its acknowledgements grant. */
export function sendHeartbeat(r: MultiPaxosState, out: Out): void {
  r.heartbeatSequence += 1;
  const sequence = r.heartbeatSequence;
  r.heartbeatSentMs[sequence % HEARTBEATS_KEPT] = out.nowMs;
  const { ballot, decidedIndex } = r;
  sendAll(r.topology.peers, { type: "Heartbeat", ballot, sequence, decidedIndex }, 0, out);
  setTimer("heartbeat", r.options.heartbeatMs, r.options.heartbeatMs, out);
  // Alone, the leader is its own quorum.
  if (r.topology.quorums.replication === 1) grantedLease(r);
}

/** Spec: Heartbeat(i). */
export function onHeartbeatTimeout(r: MultiPaxosState, out: Out): void {
  sendHeartbeat(r, out);
  if (r.tracing) action(r, "Heartbeat", [r.id], out);
}

/** Spec: HandleHeartbeatAck(i, j, m). Extends the lease, and shows holes above the log's end. */
export function handleHeartbeatAck(r: MultiPaxosState, from: NodeId, message: HeartbeatAck, out: Out): void {
  const position = r.topology.positionOf.get(from);
  if (r.role !== "leader" || message.ballot !== r.ballot || position === undefined)
    return handled(r, from, message, out);
  r.heard |= 1 << position;
  if (message.sequence > (r.heartbeatAcked[position] ?? 0) && message.sequence <= r.heartbeatSequence) {
    r.heartbeatAcked[position] = message.sequence;
    grantedLease(r);
  }
  handled(r, from, message, out);
  if (message.acceptedSlot >= r.nextSlot)
    fillUpTo(r, Math.min(message.acceptedSlot, r.nextSlot + r.options.windowSlots - 1), out);
}

/**
 * Spec: FillHoles(i). An acceptor outside the Phase 1 quorum holds a value above the log's end. It cannot be chosen any
 * more, but a quorum read may wait for its slot, so the slots up to it are filled without waiting for requests; a window
 * of them for each acknowledgement.
 */
function fillUpTo(r: MultiPaxosState, slot: Index, out: Out): void {
  const entries: Entry[] = [];
  while (r.nextSlot <= slot) {
    const entry = noop(r.nextSlot, r.ballot);
    r.nextSlot += 1;
    startProposal(r, entry, null, out);
    entries.push(entry);
  }
  sendAccepts(r, entries, out);
  if (r.tracing) action(r, "FillHoles", [r.id, slot], out);
}

/** Spec: StepDown(i). A leader whom no replication quorum answers can decide nothing, and gives way (it might only be unable to hear). */
export function onCheckQuorum(r: MultiPaxosState, out: Out): void {
  let count = r.position >= 0 ? 1 : 0;
  for (const to of r.topology.voterPeers) if ((r.heard & (1 << (r.topology.positionOf.get(to) ?? 0))) !== 0) count += 1;
  // Told of decisions that nobody it reaches can repeat: another Phase 1, without who told, gets at them.
  const stuck = r.decidedIndex < r.learnTo && r.decidedIndex === r.decidedAtCheck;
  if (count < r.topology.quorums.replication || stuck) {
    stepDown(r, out);
    if (r.tracing) action(r, "StepDown", [r.id], out);
    return;
  }
  r.heard = 0;
  r.decidedAtCheck = r.decidedIndex;
  setTimer("checkQuorum", r.options.leaderTimeoutMinMs, r.options.leaderTimeoutMinMs, out);
}

/** Spec: HandleNack(i, j). Preempted (van Renesse & Altinbuken 2015 §2), unless the acceptor only waits out a lease. */
export function handleNack(r: MultiPaxosState, from: NodeId, message: Nack, out: Out): void {
  if (message.promisedBallot > r.highestSeen) r.highestSeen = message.promisedBallot;
  const active = r.role === "candidate" || r.role === "leader";
  if (!active || message.ballot !== r.ballot || message.promisedBallot <= r.ballot)
    return handled(r, from, message, out);
  stepDown(r, out);
  handled(r, from, message, out);
}

// ---- Acceptor and learner

/** Spec: HandleAccept(i, j). */
export function handleAccept(r: MultiPaxosState, from: NodeId, message: Accept, out: Out): void {
  if (!observeLeader(r, from, message, out)) return;
  const slots: Index[] = [];
  for (const entry of message.entries) {
    if (entry.index > r.decidedIndex + SLOTS_AHEAD_MAX) continue; // It is learned when its turn comes.
    slots.push(entry.index);
    // Chosen and known: accepting it again would change nothing.
    if (entry.index <= r.decidedIndex) continue;
    const held = entryAt(r.log, entry.index);
    if (held === undefined || held.round < entry.round) store(r, entry, out);
  }
  // A slot accepted before is acknowledged again, but its own write may be pending: wait for the latest one.
  if (r.position >= 0) send(from, { type: "Accepted", ballot: message.ballot, slots }, r.seq, out);
  handled(r, from, message, out);
  followWatermark(r, out);
  requestMissing(r, out);
}

/** Spec: HandleHeartbeat(i, j, m). An acceptor that answers helps nobody else to lead for leaderTimeoutMinMs. */
export function handleHeartbeat(r: MultiPaxosState, from: NodeId, message: Heartbeat, out: Out): void {
  if (!observeLeader(r, from, message, out)) return;
  awaitLeader(r, out);
  if (r.position >= 0) {
    const { ballot, sequence } = message;
    // Not held for the disk: the grant is a promise about time, and after a crash the acceptor waits that time out.
    send(from, { type: "HeartbeatAck", ballot, sequence, acceptedSlot: lastIndex(r.log) }, 0, out);
  }
  handled(r, from, message, out);
  followWatermark(r, out);
  requestMissing(r, out);
}

/** Spec: HandleDecided(i, j, m). The leader has nothing else to send that would carry the watermark. */
export function handleDecided(r: MultiPaxosState, from: NodeId, message: Decided, out: Out): void {
  if (!observeLeader(r, from, message, out)) return;
  handled(r, from, message, out);
  followWatermark(r, out);
  requestMissing(r, out);
}
