/**
 * Phase 2, Synchronization (Junqueira 2011 §IV.B; Medeiros 2012 §3.2.2): the leader brings each learner to its own
 * history by DIFF, TRUNC or SNAP, then NEWLEADER; a quorum of ACKLD establishes it.
 */
import {
  type Index,
  type NodeId,
  type Snapshot,
  assert,
  createLog,
  entriesBetween,
  firstIndex,
  isElectionQuorum,
  lastIndex,
  putEntry,
  roundAt,
  truncateFrom,
} from "../core/index.js";
import { commitByQuorum, learnCommitted } from "./commit.js";
import { commonPoint } from "./history.js";
import { closeHandler } from "./learners.js";
import type { AckLd, Body, NewLeader, PlanHeader, Resend, UpToDate } from "./messages.js";
import { advanceCommit, sendInform, sendProposals } from "./replication.js";
import {
  type LearnerHandler,
  type Out,
  type Plan,
  type ZabState,
  forgetWritesFrom,
  isEstablished,
  persist,
  send,
} from "./state.js";
import { act } from "./trace.js";

// ---- the leader's side ----

/**
 * Spec: SendPlan(i, j). A plan is made from the learner's history as its ACKEPOCH told it; a second one in a session gets
 * the next generation. It covers the whole history, proposals not yet committed included: what comes later follows as
 * PROPOSE from where the learner's ACKLD ends, so nothing can fall between the two.
 */
export function sendPlan(s: ZabState, handler: LearnerHandler, out: Out): void {
  handler.stage = "syncing";
  handler.plan += 1;
  handler.planTo = lastIndex(s.log);
  const common = commonPoint(s.log, handler.floor, handler.epochs);
  if (common === null && s.snapshot !== null) sendSnapshotPlan(s, handler, s.snapshot, out);
  else sendLogPlan(s, handler, common ?? 0, out);
  if (s.tracing) act(s, out, "SendPlan", [s.id, handler.id]);
}

function sendLogPlan(s: ZabState, handler: LearnerHandler, common: Index, out: Out): void {
  const learnerLast = handler.epochs[handler.epochs.length - 1]?.last ?? 0;
  const { session, plan, planTo: to } = handler;
  const fromEpoch = roundAt(s.log, common) ?? 0;
  const type = learnerLast > common ? "TRUNC" : "DIFF";
  send(handler.id, { type, session, epoch: s.epoch, plan, from: common, fromEpoch, to }, 0, out);
  sendBody(s, handler, common + 1, out);
}

function sendSnapshotPlan(s: ZabState, handler: LearnerHandler, snapshot: Snapshot, out: Out): void {
  const { session, plan, planTo: to } = handler;
  handler.sendingSnapshot = snapshot;
  const { index: from, round: fromEpoch } = snapshot;
  const message = { type: "SNAP", session, epoch: s.epoch, plan, from, fromEpoch, to } as const;
  out.push({ type: "sendSnapshot", to: handler.id, message, snapshot, after: 0 });
}

/** The rest of the plan from `first` on, then NEWLEADER (never before the body: ZOOKEEPER-3104). */
function sendBody(s: ZabState, handler: LearnerHandler, first: Index, out: Out): void {
  const { id, session, plan, planTo } = handler;
  let next = first;
  while (next <= planTo) {
    const entries = entriesBetween(s.log, next, planTo, s.options.batchBytesMax);
    if (entries.length === 0) return closeHandler(s, handler, out); // Compacted meanwhile: the next session decides anew.
    send(id, { type: "BODY", session, epoch: s.epoch, plan, entries }, 0, out);
    next += entries.length;
  }
  send(id, { type: "NEWLEADER", session, epoch: s.epoch, plan }, 0, out);
}

/** The transfer of a SNAP ended. One that failed is tried again, as a new plan, until the learner's initLimit ends it. */
export function onSnapshotSent(s: ZabState, to: NodeId, id: string, ok: boolean, out: Out): void {
  const handler = s.handlers.get(to);
  const snapshot = handler?.sendingSnapshot ?? null;
  if (handler === undefined || snapshot === null || snapshot.id !== id) return;
  handler.sendingSnapshot = null;
  if (s.tracing) act(s, out, "SnapshotSent", [s.id, to, ok]);
  if (handler.stage !== "syncing") return;
  if (ok) sendBody(s, handler, snapshot.index + 1, out);
  else sendPlan(s, handler, out);
}

/** Spec: HandleRESEND(i, j), for a plan. One of an earlier plan is about nothing any more. */
export function resendPlan(s: ZabState, handler: LearnerHandler, m: Resend, out: Out): void {
  const current = handler.stage === "syncing" && handler.plan === m.plan && handler.sendingSnapshot === null;
  if (current && m.from >= 1 && m.from <= handler.planTo + 1) sendBody(s, handler, m.from, out);
  if (s.tracing) act(s, out, "HandleRESEND", [s.id, handler.id]);
}

/** Spec: HandleACKLD(i, j). */
export function handleAckLd(s: ZabState, handler: LearnerHandler, m: AckLd, out: Out): void {
  if (handler.stage === "connected" || handler.stage === "epochAcked" || m.to > lastIndex(s.log)) return;
  if (handler.stage === "syncing") {
    handler.stage = "synced";
    handler.sendingSnapshot = null;
    handler.matchIndex = m.to;
    handler.nextIndex = m.to + 1;
    s.matchIndex.set(handler.id, m.to);
    s.newLeaderAcks.add(handler.id);
  }
  if (s.tracing) act(s, out, "HandleACKLD", [s.id, handler.id]);
  if (!isEstablished(s)) return tryEstablish(s, out);
  sendUpToDate(s, handler, out);
  advanceCommit(s, out);
  // What was proposed while the learner synchronized.
  if (handler.voter) sendProposals(s, handler, out);
}

/** UPTODATE carries the leader's last committed zxid, not the one that was acknowledged. */
function sendUpToDate(s: ZabState, handler: LearnerHandler, out: Out): void {
  const { id, session } = handler;
  send(id, { type: "UPTODATE", session, epoch: s.epoch, committed: s.committed }, 0, out);
  if (!handler.voter && handler.nextIndex <= s.committed) sendInform(s, handler, 0, out);
}

/** Spec: EstablishLeader(i). The leader's own acknowledgement counts when currentEpoch is on its disk. */
export function tryEstablish(s: ZabState, out: Out): void {
  if (s.phase !== "synchronization" || s.serverState !== "LEADING") return;
  if (!isElectionQuorum(s.quorums, s.newLeaderAcks)) return;
  s.phase = "broadcast";
  s.silentTicks = 0;
  if (s.tracing) act(s, out, "EstablishLeader", [s.id]);
  // The initial history is on a quorum, with this epoch: it is committed without an entry of its own.
  commitByQuorum(s, out);
  for (const peer of s.peers) {
    const handler = s.handlers.get(peer.id);
    if (handler !== undefined && handler.stage === "synced") sendUpToDate(s, handler, out);
  }
}

// ---- the learner's side ----

/**
 * Spec: HandleDIFF, HandleTRUNC, HandleSNAP (i, j). Only remembers the plan. A TRUNC that was delayed from an earlier
 * session, epoch or plan, or that comes after NEWLEADER was accepted, finds nobody who wants one.
 */
export function handlePlanHeader(s: ZabState, from: NodeId, m: PlanHeader, snapshot: Snapshot | null, out: Out): void {
  if (s.phase !== "synchronization" || s.historyAccepted) return;
  if (m.plan <= (s.plan?.generation ?? 0)) return;
  const { plan: generation, from: at, fromEpoch, to } = m;
  s.plan = { kind: m.type, generation, from: at, fromEpoch, to, snapshot, entries: [], newLeader: false };
  progress(s);
  if (s.tracing) act(s, out, `Handle${m.type}`, [s.id, from]);
}

function progress(s: ZabState): void {
  s.silentTicks = 0;
  s.idleTicks = 0;
}

function nextOfPlan(plan: Plan): Index {
  return plan.from + plan.entries.length + 1;
}

/** Spec: HandleBODY(i, j). Takes what comes next; a gap is asked for when NEWLEADER or the tick shows it. */
export function handleBody(s: ZabState, from: NodeId, m: Body, out: Out): void {
  const plan = s.plan;
  if (plan === null || m.plan !== plan.generation) return;
  for (const entry of m.entries) {
    if (entry.index !== nextOfPlan(plan) || entry.index > plan.to) continue;
    plan.entries.push(entry);
    progress(s);
  }
  if (s.tracing) act(s, out, "HandleBODY", [s.id, from]);
  tryAcceptHistory(s, from, plan, out);
}

/** Spec: HandleNEWLEADER(i, j). */
export function handleNewLeader(s: ZabState, from: NodeId, m: NewLeader, out: Out): void {
  if (s.phase === "synchronization" && s.historyAccepted) return sendAckLd(s, from, out);
  const plan = s.plan;
  if (plan === null || m.plan !== plan.generation) return;
  plan.newLeader = true;
  if (s.tracing) act(s, out, "HandleNEWLEADER", [s.id, from]);
  // NEWLEADER comes last: what is missing now was lost or overtaken.
  if (nextOfPlan(plan) <= plan.to) askPlan(s, from, plan, out);
  tryAcceptHistory(s, from, plan, out);
}

/** Asks for the rest of a plan's body, from the first entry that is missing. */
export function askPlan(s: ZabState, leader: NodeId, plan: Plan, out: Out): void {
  const { session, epoch } = s;
  send(leader, { type: "RESEND", session, epoch, plan: plan.generation, from: nextOfPlan(plan) }, 0, out);
}

function tryAcceptHistory(s: ZabState, leader: NodeId, plan: Plan, out: Out): void {
  if (plan.newLeader && nextOfPlan(plan) > plan.to) acceptHistory(s, leader, plan, out);
}

/**
 * Spec: AcceptHistory(i). The paper's atomic step: the leader's history and currentEpoch go to disk in one write, and
 * ACKLD leaves after it. So no crash can leave an epoch without its history (ZOOKEEPER-4643), half a history, or a
 * cut one without its continuation, and no acknowledgement is ahead of the disk (ZOOKEEPER-3911, -4646, -4785).
 */
function acceptHistory(s: ZabState, leader: NodeId, plan: Plan, out: Out): void {
  assert(plan.from >= s.committed, `${plan.kind} to ${plan.from} is below ${s.committed}, which is committed here`);
  const truncated = plan.snapshot === null ? cutHistory(s, plan) : replaceHistory(s, plan.snapshot, out);
  for (const entry of plan.entries) putEntry(s.log, entry);
  const newEpoch = s.currentEpoch !== s.epoch;
  assert(s.currentEpoch <= s.epoch, `currentEpoch ${s.currentEpoch} would go back to ${s.epoch}`);
  s.currentEpoch = s.epoch;
  if (newEpoch || truncated !== null || plan.snapshot !== null || plan.entries.length > 0) {
    persist(s, newEpoch, truncated, plan.snapshot, plan.entries, out);
  }
  s.historyAccepted = true;
  s.plan = null;
  progress(s);
  sendAckLd(s, leader, out);
  if (s.tracing) act(s, out, "AcceptHistory", [s.id, s.epoch]);
}

/** DIFF and TRUNC: keeps history up to the plan's start. Returns where it was cut, or null. */
function cutHistory(s: ZabState, plan: Plan): Index | null {
  assert(roundAt(s.log, plan.from) === plan.fromEpoch, `the histories do not meet at ${plan.from}`);
  if (plan.from >= lastIndex(s.log)) return null;
  assert(plan.kind === "TRUNC", `a DIFF from ${plan.from}, but history ends at ${lastIndex(s.log)}`);
  forgetWritesFrom(s, plan.from + 1);
  truncateFrom(s.log, plan.from + 1);
  return plan.from + 1;
}

/** SNAP: the snapshot stands for everything before the body. Its bytes are durable; the state machine follows at once. */
function replaceHistory(s: ZabState, snapshot: Snapshot, out: Out): Index | null {
  // What memory keeps below an own snapshot is not on disk, so there is nothing to cut there.
  const first = Math.max(firstIndex(s.log), (s.snapshot?.index ?? 0) + 1);
  const held = lastIndex(s.log) >= first ? first : null;
  if (held !== null) forgetWritesFrom(s, held);
  // Entries that trail below the own snapshot are held in memory only.
  const onDisk = held === null ? null : Math.max(held, (s.snapshot?.index ?? 0) + 1);
  s.log = createLog(snapshot, []);
  s.snapshot = snapshot;
  s.committed = snapshot.index;
  s.snapshotAsked = snapshot.index;
  out.push({ type: "installSnapshot", snapshot });
  return onDisk;
}

/** Behind the last write, which holds history and currentEpoch or came after them. */
export function sendAckLd(s: ZabState, leader: NodeId, out: Out): void {
  const { session, epoch } = s;
  send(leader, { type: "ACKLD", session, epoch, to: lastIndex(s.log) }, s.seq, out);
}

/** Spec: HandleUPTODATE(i, j). From now on this server serves. */
export function handleUpToDate(s: ZabState, from: NodeId, m: UpToDate, out: Out): void {
  if (s.phase !== "synchronization" || !s.historyAccepted) return;
  s.phase = "broadcast";
  progress(s);
  learnCommitted(s, m.committed, out);
  if (s.tracing) act(s, out, "HandleUPTODATE", [s.id, from]);
}
