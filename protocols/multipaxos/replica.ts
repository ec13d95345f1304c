/** The only door: one input in, its effects out. */
import {
  assert,
  type Effect,
  entryAt,
  firstIndex,
  type Input,
  type NodeId,
  unreachable,
  type WriteSeq,
} from "../core/index.js";
import { handleLearn, handleLearnRequest, onLearnTimeout } from "./catchup.js";
import { handlePrepare, handleProbe, handleProbeReply, onLeaderTimeout, retransmitCampaign } from "./election.js";
import { action, awaitLeader, finish, type Out } from "./effects.js";
import type { MultiPaxosMessage, MultiPaxosTimer } from "./messages.js";
import { handleReadQuery, handleReadReply, onRead, onReadTimeout, serveLeaseReads } from "./reads.js";
import { becomeLeaderIfPromised, countOwnPromise, handlePromise } from "./recovery.js";
import {
  afterAccepted,
  countOwnAcceptances,
  flushQueue,
  handleAccept,
  handleAccepted,
  handleDecided,
  handleHeartbeat,
  handleHeartbeatAck,
  handleNack,
  onCheckQuorum,
  onHeartbeatTimeout,
  onPropose,
  retransmitAccepts,
} from "./replication.js";
import { onSnapshotReceived, onSnapshotSent, onSnapshotTaken } from "./snapshot.js";
import type { MultiPaxos, MultiPaxosState } from "./state.js";

/** One input run to completion: the contract's `step`. Mutates `r`. */
export function step(r: MultiPaxosState, input: Input<MultiPaxos>, nowMs: number): readonly Effect<MultiPaxos>[] {
  const out: Out = { effects: [], nowMs, write: null };
  r.putFrom = 0;
  r.putTo = 0;
  switch (input.type) {
    case "start":
      onStart(r, out);
      break;
    case "message":
      onMessage(r, input.from, input.message, out);
      break;
    case "timeout":
      onTimeout(r, input.timer, out);
      break;
    case "durable":
      onDurable(r, input.upTo, out);
      break;
    case "propose":
      onPropose(r, input.request, input.command, out);
      break;
    case "read":
      onRead(r, input.request, input.level, out);
      break;
    case "snapshotTaken":
      onSnapshotTaken(r, input.index, input.id, input.bytes, out);
      break;
    case "snapshotReceived":
      onSnapshotReceived(r, input.from, input.snapshot, out);
      break;
    case "snapshotSent":
      onSnapshotSent(r, input.to, out);
      break;
    default:
      unreachable(input);
  }
  if (r.queue.length > 0) flushQueue(r, out);
  if (r.reads.length > 0) serveLeaseReads(r, out);
  return finish(r, out);
}

function onMessage(r: MultiPaxosState, from: NodeId, message: MultiPaxosMessage, out: Out): void {
  switch (message.type) {
    case "Accept":
      return handleAccept(r, from, message, out);
    case "Accepted":
      return handleAccepted(r, from, message, out);
    case "Heartbeat":
      return handleHeartbeat(r, from, message, out);
    case "HeartbeatAck":
      return handleHeartbeatAck(r, from, message, out);
    case "Decided":
      return handleDecided(r, from, message, out);
    case "Nack":
      return handleNack(r, from, message, out);
    case "Probe":
      return handleProbe(r, from, message, out);
    case "ProbeReply":
      return handleProbeReply(r, from, message, out);
    case "Prepare":
      return handlePrepare(r, from, message, out);
    case "Promise":
      return handlePromise(r, from, message, out);
    case "LearnRequest":
      return handleLearnRequest(r, from, message, out);
    case "Learn":
      return handleLearn(r, from, message, out);
    case "ReadQuery":
      return handleReadQuery(r, from, message, out);
    case "ReadReply":
      return handleReadReply(r, from, message, out);
    case "InstallSnapshot":
      // Travels beside its bytes and comes as `snapshotReceived`; alone it says nothing.
      return;
    default:
      unreachable(message);
  }
}

function onTimeout(r: MultiPaxosState, timer: MultiPaxosTimer, out: Out): void {
  switch (timer) {
    case "leader":
      return onLeaderTimeout(r, out);
    case "heartbeat":
      return r.role === "leader" ? onHeartbeatTimeout(r, out) : undefined;
    case "retransmit":
      if (r.role === "leader") return retransmitAccepts(r, out);
      return r.role === "candidate" || r.role === "probing" ? retransmitCampaign(r, out) : undefined;
    case "checkQuorum":
      return r.role === "leader" ? onCheckQuorum(r, out) : undefined;
    case "learn":
      return onLearnTimeout(r, out);
    case "read":
      return onReadTimeout(r, out);
    default:
      unreachable(timer);
  }
}

/**
 * The first input of an incarnation. What was decided before the crash is applied at once. An acceptor that may have
 * granted a lease in an earlier life does not know to whom: it helps nobody to lead until that lease is over.
 */
function onStart(r: MultiPaxosState, out: Out): void {
  if (!r.fresh && r.options.stickiness) r.stickyUntilMs = out.nowMs + r.options.leaderTimeoutMinMs;
  for (let slot = firstIndex(r.log); slot <= r.decidedIndex; slot += 1) {
    const entry = entryAt(r.log, slot);
    assert(entry !== undefined, `slot ${slot} was decided before the restart but is not on disk`);
    out.effects.push({ type: "apply", entry });
  }
  r.knownDecided = r.decidedIndex;
  awaitLeader(r, out);
  if (r.tracing && r.incarnation > 1) action(r, "Restart", [r.id, r.incarnation], out);
}

/** Spec: Persist(i). Own promises and acceptances count from now on. */
function onDurable(r: MultiPaxosState, upTo: WriteSeq, out: Out): void {
  if (upTo <= r.durableSeq) return;
  r.durableSeq = upTo;
  const promised = countOwnPromise(r);
  const accepted = r.role === "leader" && countOwnAcceptances(r);
  if (r.tracing) action(r, "Persist", [r.id, upTo], out);
  if (promised) becomeLeaderIfPromised(r, out);
  if (accepted) afterAccepted(r, out);
}
