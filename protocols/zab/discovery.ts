/**
 * Phase 1, Discovery (Junqueira 2011 §IV.A): a prospective leader learns of every epoch a quorum has accepted, proposes
 * a later one, and makes sure that its own history is the most recent of that quorum.
 */
import { type NodeId, type Round, isElectionQuorum, lastIndex, lastRound, memberByOrdinal } from "../core/index.js";
import { endElection } from "./election.js";
import { epochEnds } from "./history.js";
import { armTick, leaveEpoch, openHandler } from "./learners.js";
import type { AckEpoch, FollowerInfo, LeaderInfo } from "./messages.js";
import { type LearnerHandler, type Out, type ZabState, isLearning, persist, send, sessionOf } from "./state.js";
import { sendPlan } from "./synchronization.js";
import { act } from "./trace.js";

/** Phase 0 has decided for `s.vote`: leads, follows, or (an observer) observes. */
export function beginDiscovery(s: ZabState, out: Out): void {
  endElection(s, out);
  s.phase = "discovery";
  s.epoch = 0;
  s.silentTicks = 0;
  armTick(s, out);
  if (s.vote.leader === s.ordinal) {
    s.serverState = "LEADING";
    s.leader = s.id;
    if (s.tracing) act(s, out, "StartLeading", [s.id]);
    tryProposeEpoch(s, out);
    return;
  }
  s.serverState = s.voter ? "FOLLOWING" : "OBSERVING";
  s.leader = memberByOrdinal(s.members, s.vote.leader)?.id ?? null;
  s.connection += 1;
  s.session = sessionOf(s);
  if (s.tracing) act(s, out, "StartFollowing", [s.id, s.leader]);
  connect(s, out);
}

/** The leader may not lead yet when a follower knows it: FOLLOWERINFO is repeated until LEADERINFO comes. */
function connect(s: ZabState, out: Out): void {
  if (s.leader === null) return;
  send(s.leader, { type: "FOLLOWERINFO", session: s.session, acceptedEpoch: s.acceptedEpoch }, 0, out);
  const { connectRetryMs } = s.options;
  out.push({ type: "setTimer", timer: "connect", minMs: connectRetryMs, maxMs: connectRetryMs });
}

/** Spec: SendFOLLOWERINFO(i). */
export function onConnectTimeout(s: ZabState, out: Out): void {
  if (!isLearning(s) || s.phase !== "discovery") return;
  connect(s, out);
  if (s.tracing) act(s, out, "SendFOLLOWERINFO", [s.id]);
}

/** Spec: HandleFOLLOWERINFO(i, j). A new session of a learner replaces its old one. */
export function handleFollowerInfo(s: ZabState, from: NodeId, m: FollowerInfo, out: Out): void {
  // The sender's election ended a little before this one: it will ask again.
  if (s.serverState === "LOOKING") return;
  const known = s.handlers.get(from);
  if (s.serverState !== "LEADING" || (known !== undefined && m.session < known.session)) {
    send(from, { type: "CLOSE", session: m.session }, 0, out);
    return;
  }
  const handler = known !== undefined && known.session === m.session ? known : openHandler(s, from, m);
  handler.silentTicks = 0;
  if (m.acceptedEpoch > s.epochSeen) s.epochSeen = m.acceptedEpoch;
  if (s.tracing) act(s, out, "HandleFOLLOWERINFO", [s.id, from]);
  if (s.epoch === 0) tryProposeEpoch(s, out);
  // It accepted a later epoch from a leader that came to nothing, and could not follow this one: take its word in.
  else if (m.acceptedEpoch > s.epoch) leaveEpoch(s, out);
  else if (handler.stage === "connected") sendLeaderInfo(s, handler, out);
}

/** Behind the leader's own acceptance: after a crash it must not propose the same epoch to others. */
function sendLeaderInfo(s: ZabState, handler: LearnerHandler, out: Out): void {
  send(handler.id, { type: "LEADERINFO", session: handler.session, epoch: s.epoch }, s.epochWrite, out);
}

/** Spec: ProposeEpoch(i). With a quorum connected, the next epoch is above every one it accepted (step l.1.1). */
function tryProposeEpoch(s: ZabState, out: Out): void {
  const connected = new Set<NodeId>([s.id]);
  let highest: Round = Math.max(s.acceptedEpoch, s.epochSeen);
  for (const handler of s.handlers.values()) {
    connected.add(handler.id);
    highest = Math.max(highest, handler.acceptedEpoch);
  }
  if (!isElectionQuorum(s.quorums, connected)) return;
  s.epoch = highest + 1;
  s.acceptedEpoch = s.epoch;
  s.epochWrite = persist(s, true, null, null, [], out);
  for (const peer of s.peers) {
    const handler = s.handlers.get(peer.id);
    if (handler !== undefined) sendLeaderInfo(s, handler, out);
  }
  if (s.tracing) act(s, out, "ProposeEpoch", [s.id, s.epoch]);
}

/** Spec: HandleLEADERINFO(i, j). Accepts a later epoch, durably, before it says so (step f.1.1). */
export function handleLeaderInfo(s: ZabState, from: NodeId, m: LeaderInfo, out: Out): void {
  if (s.epoch !== 0) {
    // A repetition: the answer may be lost. Any other epoch is of an earlier or later leadership of the same server.
    if (s.epoch === m.epoch && s.phase === "synchronization" && s.plan === null && !s.historyAccepted)
      sendAckEpoch(s, from, out);
    return;
  }
  if (m.epoch < s.acceptedEpoch) return leaveEpoch(s, out);
  s.epoch = m.epoch;
  s.phase = "synchronization";
  s.shunned.clear();
  s.silentTicks = 0;
  s.idleTicks = 0;
  // An equal epoch may have been promised to somebody else: it is joined, but not promised a second time.
  s.promised = m.epoch > s.acceptedEpoch;
  if (s.promised) {
    s.acceptedEpoch = m.epoch;
    persist(s, true, null, null, [], out);
  }
  out.push({ type: "cancelTimer", timer: "connect" });
  sendAckEpoch(s, from, out);
  if (s.tracing) act(s, out, "HandleLEADERINFO", [s.id, from]);
}

/** Behind every write so far: it tells of an epoch and a history that must survive. */
export function sendAckEpoch(s: ZabState, leader: NodeId, out: Out): void {
  const { session, epoch, promised, currentEpoch } = s;
  const floor = s.log.snapshotIndex;
  const message = {
    type: "ACKEPOCH",
    session,
    epoch,
    promised,
    currentEpoch,
    floor,
    epochs: epochEnds(s.log),
  } as const;
  send(leader, message, s.seq, out);
}

/** Whether a follower's history is more recent: (currentEpoch, last zxid) (step l.1.2). */
function aheadOf(s: ZabState, m: AckEpoch): boolean {
  if (m.currentEpoch !== s.currentEpoch) return m.currentEpoch > s.currentEpoch;
  const end = m.epochs[m.epochs.length - 1];
  const epoch = end?.epoch ?? 0;
  if (epoch !== lastRound(s.log)) return epoch > lastRound(s.log);
  return (end?.last ?? 0) > lastIndex(s.log);
}

/**
 * Spec: HandleACKEPOCH(i, j). Where the paper's leader takes over the best history of the quorum, ZooKeeper's gives up
 * to whoever holds it: the next election will find it.
 */
export function handleAckEpoch(s: ZabState, handler: LearnerHandler, m: AckEpoch, out: Out): void {
  if (handler.stage === "synced" || handler.sendingSnapshot !== null) return;
  handler.floor = m.floor;
  handler.epochs = m.epochs;
  const counts = s.phase === "discovery" && m.promised && handler.voter;
  const ahead = counts && aheadOf(s, m);
  if (s.phase === "discovery") handler.stage = "epochAcked";
  if (counts && !ahead) s.epochAcks.add(handler.id);
  if (s.tracing) act(s, out, "HandleACKEPOCH", [s.id, handler.id]);
  if (s.phase !== "discovery") sendPlan(s, handler, out);
  else if (ahead) leaveEpoch(s, out);
  else tryFinishDiscovery(s, out);
}

/** Spec: AcceptEpochByQuorum(i). The leader's history becomes the initial history of the epoch. */
export function tryFinishDiscovery(s: ZabState, out: Out): void {
  if (!isElectionQuorum(s.quorums, s.epochAcks)) return;
  s.phase = "synchronization";
  s.currentEpoch = s.epoch;
  s.epochWrite = persist(s, true, null, null, [], out);
  if (s.tracing) act(s, out, "AcceptEpochByQuorum", [s.id, s.epoch]);
  for (const peer of s.peers) {
    const handler = s.handlers.get(peer.id);
    if (handler !== undefined && handler.stage === "epochAcked") sendPlan(s, handler, out);
  }
}
