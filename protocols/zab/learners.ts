/** Sessions, from both ends: the leader's handlers of its learners, and how a server leaves its epoch. */
import { type NodeId, countVoters } from "../core/index.js";
import { startElection } from "./election.js";
import type { Close, FollowerInfo, FromLeader, FromLearner } from "./messages.js";
import {
  type LearnerHandler,
  type Out,
  type ZabState,
  isEstablished,
  isLearning,
  reject,
  send,
  supportQuorum,
} from "./state.js";
import { act } from "./trace.js";

/** Half ticks in `ticks` ticks: both ends count the ticks of a timer that fires every half of one. */
function halfTicks(ticks: number): number {
  return 2 * ticks;
}

/** Arms the tick of a leader or learner. */
export function armTick(s: ZabState, out: Out): void {
  const halfMs = s.options.tickTimeMs / 2;
  out.push({ type: "setTimer", timer: "tick", minMs: halfMs, maxMs: halfMs });
}

/** The handler of a new session; one that the learner has left behind is replaced. */
export function openHandler(s: ZabState, from: NodeId, m: FollowerInfo): LearnerHandler {
  const handler: LearnerHandler = {
    id: from,
    voter: s.quorums.voters.includes(from),
    session: m.session,
    acceptedEpoch: m.acceptedEpoch,
    stage: "connected",
    floor: 0,
    epochs: [],
    plan: 0,
    planTo: 0,
    sendingSnapshot: null,
    matchIndex: 0,
    nextIndex: 1,
    silentTicks: 0,
  };
  s.handlers.set(from, handler);
  s.matchIndex.delete(from);
  return handler;
}

/**
 * The handler a learner's message belongs to, or null where the session or the epoch is over. Then the learner is told,
 * as a reset connection would tell it.
 */
export function handlerOf(s: ZabState, from: NodeId, m: FromLearner, out: Out): LearnerHandler | null {
  const handler = s.serverState === "LEADING" ? s.handlers.get(from) : undefined;
  if (handler === undefined || handler.session !== m.session || s.epoch !== m.epoch) {
    send(from, { type: "CLOSE", session: m.session }, 0, out);
    return null;
  }
  handler.silentTicks = 0;
  return handler;
}

/**
 * Whether a leader's message belongs to this learner's session and epoch. One of another session is answered with
 * CLOSE where its sender would otherwise keep a dead session alive.
 */
export function inSession(s: ZabState, from: NodeId, m: FromLeader, out: Out): boolean {
  if (isLearning(s) && s.leader === from && s.session === m.session) return s.epoch === m.epoch;
  if (m.type === "LEADERINFO" || m.type === "PING") send(from, { type: "CLOSE", session: m.session }, 0, out);
  return false;
}

/** Ends one learner's session at the leader. Its acknowledgements so far stay true: they are about its disk. */
export function closeHandler(s: ZabState, handler: LearnerHandler, out: Out): void {
  s.handlers.delete(handler.id);
  s.matchIndex.delete(handler.id);
  send(handler.id, { type: "CLOSE", session: handler.session }, 0, out);
}

/** Spec: HandleCLOSE(i, j). */
export function handleClose(s: ZabState, from: NodeId, m: Close, out: Out): void {
  if (s.serverState === "LEADING") {
    if (s.handlers.get(from)?.session !== m.session) return;
    s.handlers.delete(from);
    s.matchIndex.delete(from);
    if (s.tracing) act(s, out, "HandleCLOSE", [s.id, from]);
    return;
  }
  if (!isLearning(s) || s.leader !== from || s.session !== m.session) return;
  if (s.tracing) act(s, out, "HandleCLOSE", [s.id, from]);
  leaveEpoch(s, out);
}

/**
 * Spec: LeaveEpoch(i). Gives up leading or following and looks for a leader. Everything volatile of the epoch goes,
 * so that no request, plan or acknowledgement of it reaches the next one (ZOOKEEPER-4712); history and epochs stay.
 */
export function leaveEpoch(s: ZabState, out: Out): void {
  if (s.serverState !== "LEADING" && s.leader !== null) send(s.leader, { type: "CLOSE", session: s.session }, 0, out);
  for (const peer of s.peers) {
    const handler = s.handlers.get(peer.id);
    if (handler !== undefined) send(peer.id, { type: "CLOSE", session: handler.session }, 0, out);
  }
  if (s.serverState !== "LEADING" && s.phase === "discovery") s.shunned.add(s.vote.leader);
  // No longer anybody to point a client at.
  s.leader = null;
  s.phase = "election";
  rejectPending(s, out);
  s.epoch = 0;
  s.session = 0;
  s.promised = false;
  s.plan = null;
  s.historyAccepted = false;
  s.leaderCommitted = 0;
  s.idleTicks = 0;
  s.silentTicks = 0;
  s.resendAsked = false;
  s.handlers = new Map();
  s.epochAcks = new Set();
  s.newLeaderAcks = new Set();
  s.matchIndex = new Map();
  s.epochWrite = 0;
  out.push({ type: "cancelTimer", timer: "tick" });
  out.push({ type: "cancelTimer", timer: "connect" });
  s.serverState = "LOOKING";
  if (s.tracing) act(s, out, "LeaveEpoch", [s.id]);
  startElection(s, out);
}

/** A proposal is in this server's history and may be in others', so a later leader may still commit it. */
function rejectPending(s: ZabState, out: Out): void {
  for (const { request } of s.requests) reject(s, request, "unknown", "notLeader", out);
  // A read changes nothing, so it certainly did not happen.
  for (const waiting of s.waiting) if (waiting.type === "read") reject(s, waiting.request, "failed", "notLeader", out);
  for (const { request } of s.syncs) reject(s, request, "failed", "notReady", out);
  s.requests = [];
  s.waiting = [];
  s.syncs = [];
}

/** What the learner should hold by now: a follower what was proposed to it, an observer what is committed. */
function expectedLast(s: ZabState, handler: LearnerHandler): number {
  if (handler.stage !== "synced" || !isEstablished(s)) return 0;
  return handler.voter ? handler.nextIndex - 1 : s.committed;
}

/**
 * Every half tick of a leader: pings, gives up silent learners, and gives up itself when too few are left (Junqueira
 * 2011 §V: a leader that loses its quorum's pings abandons its epoch).
 */
export function leaderTick(s: ZabState, out: Out): void {
  armTick(s, out);
  const silent: NodeId[] = [];
  for (const peer of s.peers) {
    const handler = s.handlers.get(peer.id);
    if (handler === undefined) continue;
    handler.silentTicks += 1;
    const limit = handler.stage === "synced" ? s.options.syncLimit : s.options.initLimit;
    if (handler.silentTicks <= halfTicks(limit)) {
      pingLearner(s, handler, out);
      continue;
    }
    silent.push(handler.id);
    closeHandler(s, handler, out);
  }
  if (!isEstablished(s)) s.silentTicks += 1;
  const late = !isEstablished(s) && s.silentTicks > halfTicks(s.options.initLimit);
  if (s.tracing) act(s, out, "LeaderTick", [s.id, silent, late]);
  if (late) return leaveEpoch(s, out);
  if (!isEstablished(s)) return;
  const supporters = new Set<NodeId>([s.id]);
  for (const handler of s.handlers.values()) if (handler.stage === "synced") supporters.add(handler.id);
  if (countVoters(s.quorums, supporters) < supportQuorum(s)) leaveEpoch(s, out);
}

function pingLearner(s: ZabState, handler: LearnerHandler, out: Out): void {
  const { session } = handler;
  if (handler.stage === "connected") {
    // LEADERINFO or its answer may be lost. It repeats an epoch already on this disk or held behind that write.
    if (s.epoch > 0) send(handler.id, { type: "LEADERINFO", session, epoch: s.epoch }, s.epochWrite, out);
    return;
  }
  const last = expectedLast(s, handler);
  const committed = last === 0 ? 0 : s.committed;
  send(handler.id, { type: "PING", session, epoch: s.epoch, last, committed }, 0, out);
}

/** Counts a learner's tick; true if it has given up. */
export function learnerSilent(s: ZabState, out: Out): boolean {
  s.silentTicks += 1;
  const limit = s.phase === "broadcast" ? s.options.syncLimit : s.options.initLimit;
  if (s.silentTicks <= halfTicks(limit)) return false;
  leaveEpoch(s, out);
  return true;
}
