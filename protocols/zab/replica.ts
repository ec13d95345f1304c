/** The one door of a ZAB server: an input in, effects out. */
import {
  type Input,
  lastIndex,
  type NodeId,
  type Snapshot,
  type Status,
  type WriteSeq,
  unreachable,
} from "../core/index.js";
import {
  beginDiscovery,
  handleAckEpoch,
  handleFollowerInfo,
  handleLeaderInfo,
  onConnectTimeout,
  sendAckEpoch,
  tryFinishDiscovery,
} from "./discovery.js";
import { handleNotification, onFinalizeTimeout, onNotificationTimeout, startElection } from "./election.js";
import { armTick, handleClose, handlerOf, inSession, leaderTick, learnerSilent } from "./learners.js";
import type { FromLeader, FromLearner, ZabMessage } from "./messages.js";
import { handleSync, handleSynced, read, resendSyncs } from "./reads.js";
import {
  advanceCommit,
  handleAck,
  handleInform,
  handlePing,
  handlePropose,
  handleResend,
  onCommit,
  propose,
} from "./replication.js";
import { onSnapshotTaken } from "./snapshot.js";
import {
  type Out,
  type Zab,
  type ZabState,
  type ZabTimer,
  completeWrites,
  isEstablished,
  isLearning,
  leaderHint,
} from "./state.js";
import {
  askPlan,
  handleAckLd,
  handleBody,
  handleNewLeader,
  handlePlanHeader,
  handleUpToDate,
  onSnapshotSent,
  resendPlan,
  sendAckLd,
  tryEstablish,
} from "./synchronization.js";
import { act, specState } from "./trace.js";

/** Mutates `s`. ZAB has no leases, so it needs no clock. */
export function step(s: ZabState, input: Input<Zab>): Out {
  const out: Out = [];
  s.seqAtStep = s.seq;
  dispatch(s, input, out);
  if (s.tracing) closeTrace(s, input, out);
  return out;
}

/** An input that is ignored is an action too, and the last action of a step ends where the step does. */
function closeTrace(s: ZabState, input: Input<Zab>, out: Out): void {
  const at = out.findLastIndex((effect) => effect.type === "action");
  const last = out[at];
  if (last?.type !== "action") act(s, out, "Discard", discarded(s, input));
  // What it sent may have moved a window or ended a session.
  else out[at] = { type: "action", name: last.name, args: last.args, specState: specState(s) };
}

function discarded(s: ZabState, input: Input<Zab>): readonly unknown[] {
  return input.type === "message" ? [s.id, input.from, input.message.type] : [s.id, input.type];
}

function dispatch(s: ZabState, input: Input<Zab>, out: Out): void {
  switch (input.type) {
    case "start":
      return startElection(s, out);
    case "message":
      return onMessage(s, input.from, input.message, null, out);
    case "timeout":
      return onTimeout(s, input.timer, out);
    case "durable":
      return onDurable(s, input.upTo, out);
    case "propose":
      return propose(s, input.request, input.command, out);
    case "read":
      return read(s, input.request, input.level, out);
    case "snapshotTaken":
      return onSnapshotTaken(s, input.index, input.id, input.bytes, out);
    case "snapshotReceived":
      return onMessage(s, input.from, input.message, input.snapshot, out);
    case "snapshotSent":
      return onSnapshotSent(s, input.to, input.id, input.ok, out);
    default:
      return unreachable(input);
  }
}

function onMessage(s: ZabState, from: NodeId, m: ZabMessage, snapshot: Snapshot | null, out: Out): void {
  switch (m.type) {
    case "Notification":
      if (handleNotification(s, from, m, out)) beginDiscovery(s, out);
      return;
    case "FOLLOWERINFO":
      return handleFollowerInfo(s, from, m, out);
    case "CLOSE":
      return handleClose(s, from, m, out);
    case "ACKEPOCH":
    case "ACKLD":
    case "ACK":
    case "PONG":
    case "RESEND":
    case "SYNC":
      return onLearnerMessage(s, from, m, out);
    default:
      return onLeaderMessage(s, from, m, snapshot, out);
  }
}

/** At the leader. */
function onLearnerMessage(s: ZabState, from: NodeId, m: FromLearner, out: Out): void {
  const handler = handlerOf(s, from, m, out);
  if (handler === null) return;
  switch (m.type) {
    case "ACKEPOCH":
      return handleAckEpoch(s, handler, m, out);
    case "ACKLD":
      return handleAckLd(s, handler, m, out);
    case "ACK":
    case "PONG":
      return handleAck(s, handler, m, out);
    case "RESEND":
      return m.plan === 0 ? handleResend(s, handler, m, out) : resendPlan(s, handler, m, out);
    case "SYNC":
      return handleSync(s, handler, m, out);
    default:
      return unreachable(m);
  }
}

/** At a learner. LEADERINFO binds the session to an epoch; everything after it must name both. */
function onLeaderMessage(s: ZabState, from: NodeId, m: FromLeader, snapshot: Snapshot | null, out: Out): void {
  const bound = inSession(s, from, m, out);
  if (m.type === "LEADERINFO") {
    if (isLearning(s) && s.leader === from && s.session === m.session) handleLeaderInfo(s, from, m, out);
    return;
  }
  if (!bound) return;
  switch (m.type) {
    case "DIFF":
    case "TRUNC":
    case "SNAP":
      // A SNAP comes with the bytes it speaks of, the other two without any.
      if ((m.type === "SNAP") === (snapshot !== null)) handlePlanHeader(s, from, m, snapshot, out);
      return;
    case "BODY":
      return handleBody(s, from, m, out);
    case "NEWLEADER":
      return handleNewLeader(s, from, m, out);
    case "UPTODATE":
      return handleUpToDate(s, from, m, out);
    case "PING":
      return handlePing(s, from, m, out);
    default:
      // Before UPTODATE none of these has a meaning; what was lost by that is asked for after it.
      if (s.phase === "broadcast") onBroadcast(s, from, m, out);
  }
}

function onBroadcast(
  s: ZabState,
  from: NodeId,
  m: Extract<FromLeader, { type: "PROPOSE" | "COMMIT" | "INFORM" | "SYNCED" }>,
  out: Out,
): void {
  switch (m.type) {
    case "PROPOSE":
      return handlePropose(s, from, m, out);
    case "COMMIT":
      return onCommit(s, from, m, out);
    case "INFORM":
      return handleInform(s, from, m, out);
    case "SYNCED":
      return handleSynced(s, from, m, out);
    default:
      return unreachable(m);
  }
}

function onTimeout(s: ZabState, timer: ZabTimer, out: Out): void {
  switch (timer) {
    case "notification":
      return onNotificationTimeout(s, out);
    case "finalize":
      if (onFinalizeTimeout(s, out)) beginDiscovery(s, out);
      return;
    case "connect":
      return onConnectTimeout(s, out);
    case "tick":
      if (s.serverState === "LEADING") leaderTick(s, out);
      else if (isLearning(s)) learnerTick(s, out);
      return;
    default:
      return unreachable(timer);
  }
}

/** Every half tick of a learner: gives up a silent leader, and asks again for what may have been lost. */
function learnerTick(s: ZabState, out: Out): void {
  if (learnerSilent(s, out) || s.leader === null) return;
  armTick(s, out);
  s.resendAsked = false;
  s.idleTicks += 1;
  // One tick of grace, or a slow link would be asked twice for everything.
  const asks = s.idleTicks >= 2;
  if (s.tracing) act(s, out, "LearnerTick", [s.id, asks]);
  if (!asks) return;
  s.idleTicks = 0;
  if (s.phase === "broadcast") resendSyncs(s, out);
  else if (s.phase !== "synchronization") return;
  else if (s.historyAccepted) sendAckLd(s, s.leader, out);
  else if (s.plan !== null) askPlan(s, s.leader, s.plan, out);
  else sendAckEpoch(s, s.leader, out);
}

/** Spec: Durable(i). The leader's own acceptances and its own copy of a proposal count from here on. */
function onDurable(s: ZabState, upTo: WriteSeq, out: Out): void {
  const writes = upTo - s.durableSeq;
  completeWrites(s, upTo);
  const accepted = s.serverState === "LEADING" && s.epoch > 0 && s.epochWrite <= upTo;
  if (accepted) acknowledgeOwn(s);
  if (s.tracing) act(s, out, "Durable", [s.id, writes]);
  if (!accepted) return;
  if (s.phase === "broadcast") advanceCommit(s, out);
  else if (s.phase === "discovery") tryFinishDiscovery(s, out);
  else tryEstablish(s, out);
}

/** The write of the present phase is done: the leader is the first to acknowledge its own epoch, or its own NEWLEADER. */
function acknowledgeOwn(s: ZabState): void {
  if (s.phase === "discovery") s.epochAcks.add(s.id);
  else if (s.phase === "synchronization") s.newLeaderAcks.add(s.id);
}

/** In the contract's shared words. Established is who has a quorum's acknowledgement of NEWLEADER. */
export function status(s: ZabState): Status {
  const hint = leaderHint(s);
  return {
    role: roleOf(s),
    phase: s.serverState === "LOOKING" ? "LOOKING" : `${s.serverState} ${s.phase}`,
    promisedRound: s.acceptedEpoch,
    leader: hint === null ? null : { id: hint, round: s.epoch },
    commitIndex: s.committed,
    lastIndex: lastIndex(s.log),
  };
}

/** A leader in Discovery or Synchronization is a candidate in shared words. */
function roleOf(s: ZabState): Status["role"] {
  if (isEstablished(s)) return "leader";
  if (!s.voter) return "learner";
  return s.serverState === "FOLLOWING" ? "follower" : "candidate";
}
