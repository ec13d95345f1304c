/** Broadcast: PROPOSE, ACK, and INFORM for observers (Junqueira 2011, phase 3). */
import {
  type Entry,
  type Index,
  type NodeId,
  type RequestId,
  type WriteSeq,
  entriesBetween,
  lastIndex,
  putEntry,
  fail,
} from "../core/index.js";
import { commitByQuorum, handleCommit, learnCommitted, settleWaiting } from "./commit.js";
import { closeHandler } from "./learners.js";
import type { Ack, Commit, Inform, Ping, Pong, Propose, Resend } from "./messages.js";
import { type LearnerHandler, type Out, type ZabState, isEstablished, persist, reject, send } from "./state.js";
import { act } from "./trace.js";

/** Whether an established leader may take one more entry; rejects `request` where it may not. */
export function mayPropose(s: ZabState, request: RequestId, out: Out): boolean {
  if (!isEstablished(s)) {
    reject(s, request, "failed", s.serverState === "LEADING" ? "notReady" : "notLeader", out);
    return false;
  }
  if (lastIndex(s.log) - s.committed >= s.options.outstandingLimit) {
    reject(s, request, "failed", "overloaded", out);
    return false;
  }
  return true;
}

/** Appends an entry of this epoch and proposes it. The leader's own disk works beside the followers', not before them. */
export function appendEntry(s: ZabState, entry: Entry, out: Out): void {
  putEntry(s.log, entry);
  persist(s, false, null, null, [entry], out);
  for (const peer of s.peers) {
    const handler = s.handlers.get(peer.id);
    if (handler !== undefined && handler.voter && handler.stage === "synced") sendProposals(s, handler, out);
  }
}

/** Spec: ClientRequest(i). */
export function propose(s: ZabState, request: RequestId, command: Uint8Array, out: Out): void {
  if (!mayPropose(s, request, out)) return;
  const index = lastIndex(s.log) + 1;
  s.requests.push({ request, index });
  out.push({ type: "accepted", request, index });
  appendEntry(s, { kind: "command", index, round: s.epoch, command }, out);
  if (s.tracing) act(s, out, "ClientRequest", [s.id, index]);
}

/** Sends what the window allows, in zxid order. Held behind no write: only ACKs and the own disk commit. */
export function sendProposals(s: ZabState, handler: LearnerHandler, out: Out): void {
  const first = handler.nextIndex;
  const end = Math.min(lastIndex(s.log), handler.matchIndex + s.options.windowEntries);
  while (handler.nextIndex <= end) {
    const entries = entriesBetween(s.log, handler.nextIndex, end, s.options.batchBytesMax);
    if (entries.length === 0) return closeHandler(s, handler, out); // Compacted away: the next session gets a SNAP.
    send(handler.id, { type: "PROPOSE", session: handler.session, epoch: s.epoch, entries }, 0, out);
    handler.nextIndex += entries.length;
  }
  // A follower that catches up is told at once what of it is committed already.
  if (first <= s.committed && handler.nextIndex > first) sendCommit(s, handler, out);
}

/** No COMMIT overtakes its PROPOSE: a follower that lags behind is told only of what it was sent. */
function sendCommit(s: ZabState, handler: LearnerHandler, out: Out): void {
  const index = Math.min(s.committed, handler.nextIndex - 1);
  send(handler.id, { type: "COMMIT", session: handler.session, epoch: s.epoch, index }, 0, out);
}

/**
 * Tells an observer what is committed. One far behind is not flooded: with every commit it gets a window more than the
 * `count` entries that are new, so it catches up.
 */
export function sendInform(s: ZabState, handler: LearnerHandler, count: number, out: Out): void {
  const { session } = handler;
  const end = Math.min(s.committed, handler.nextIndex + s.options.windowEntries + count - 1);
  do {
    const entries = entriesBetween(s.log, handler.nextIndex, end, s.options.batchBytesMax);
    if (entries.length === 0 && handler.nextIndex <= end) return closeHandler(s, handler, out); // Compacted, as above.
    send(handler.id, { type: "INFORM", session, epoch: s.epoch, committed: s.committed, entries }, 0, out);
    handler.nextIndex += entries.length;
  } while (handler.nextIndex <= end);
}

/** COMMIT to followers, INFORM to observers. */
function announceCommit(s: ZabState, count: number, out: Out): void {
  for (const peer of s.peers) {
    const handler = s.handlers.get(peer.id);
    if (handler === undefined || handler.stage !== "synced") continue;
    if (!handler.voter) sendInform(s, handler, count, out);
    else sendCommit(s, handler, out);
  }
}

/** Commits what a quorum holds and says so. */
export function advanceCommit(s: ZabState, out: Out): void {
  const count = commitByQuorum(s, out);
  if (count === 0) return;
  announceCommit(s, count, out);
  settleWaiting(s, out);
}

/** Asks for what is missing, once until something comes or the next tick passes. */
export function askResend(s: ZabState, out: Out): void {
  if (s.resendAsked || s.leader === null) return;
  s.resendAsked = true;
  const from = lastIndex(s.log) + 1;
  send(s.leader, { type: "RESEND", session: s.session, epoch: s.epoch, plan: 0, from }, 0, out);
}

/** Appends the entries that come next; what is held already is dropped. Returns the write, or null if nothing was new. */
function acceptEntries(s: ZabState, entries: readonly Entry[], out: Out): WriteSeq | null {
  const last = lastIndex(s.log);
  const first = entries[0];
  if (first === undefined) return null;
  const fresh = first.index === last + 1 ? entries : entries.filter((entry) => entry.index > last);
  if (fresh.length === 0) return null;
  if (fresh[0]?.index !== last + 1) {
    askResend(s, out);
    return null;
  }
  for (const entry of fresh) {
    if (entry.index !== lastIndex(s.log) + 1) fail(`proposal ${entry.index} does not follow ${lastIndex(s.log)}`);
    putEntry(s.log, entry);
  }
  s.resendAsked = false;
  return persist(s, false, null, null, fresh, out);
}

/** Spec: HandlePROPOSE(i, j). Acknowledged when it is on disk, never before (Junqueira 2011, step f.3.2). */
export function handlePropose(s: ZabState, from: NodeId, m: Propose, out: Out): void {
  s.silentTicks = 0;
  const { session, epoch } = s;
  const write = acceptEntries(s, m.entries, out);
  // A repeated proposal may mean that its ACK was lost: what is durable already is told at once.
  if (write === null) send(from, { type: "ACK", session, epoch, index: s.durableIndex }, 0, out);
  else send(from, { type: "ACK", session, epoch, index: lastIndex(s.log) }, write, out);
  learnCommitted(s, s.leaderCommitted, out);
  if (s.tracing) act(s, out, "HandlePROPOSE", [s.id, from]);
}

/** Spec: HandleINFORM(i, j). An observer acknowledges nothing; its PONG says how far its disk is. */
export function handleInform(s: ZabState, from: NodeId, m: Inform, out: Out): void {
  s.silentTicks = 0;
  acceptEntries(s, m.entries, out);
  learnCommitted(s, m.committed, out);
  if (s.tracing) act(s, out, "HandleINFORM", [s.id, from]);
}

/** Spec: HandleCOMMIT(i, j). Asks again for what must have come before it and did not. */
export function onCommit(s: ZabState, from: NodeId, m: Commit, out: Out): void {
  if (handleCommit(s, m, out)) askResend(s, out);
  if (s.tracing) act(s, out, "HandleCOMMIT", [s.id, from]);
}

function acknowledged(s: ZabState, handler: LearnerHandler, index: Index): boolean {
  if (handler.stage !== "synced" || index <= handler.matchIndex || index > lastIndex(s.log)) return false;
  handler.matchIndex = index;
  if (handler.nextIndex <= index) handler.nextIndex = index + 1;
  s.matchIndex.set(handler.id, index);
  return true;
}

/** Spec: HandleACK(i, j). ACKs are cumulative: a follower accepts in zxid order. */
export function handleAck(s: ZabState, handler: LearnerHandler, m: Ack | Pong, out: Out): void {
  const news = acknowledged(s, handler, m.index);
  if (s.tracing) act(s, out, m.type === "ACK" ? "HandleACK" : "HandlePONG", [s.id, handler.id]);
  if (!news || !isEstablished(s)) return;
  advanceCommit(s, out);
  // The window has moved.
  if (handler.voter && s.handlers.get(handler.id) === handler) sendProposals(s, handler, out);
}

/** Spec: HandlePING(i, j). Answered from what is durable, so a stalled disk does not look like a dead server. */
export function handlePing(s: ZabState, from: NodeId, m: Ping, out: Out): void {
  if (s.phase === "broadcast") {
    s.silentTicks = 0;
    learnCommitted(s, m.committed, out);
    if (m.last > lastIndex(s.log)) askResend(s, out);
  }
  const { session, epoch } = s;
  send(from, { type: "PONG", session, epoch, index: s.historyAccepted ? s.durableIndex : 0 }, 0, out);
  if (s.tracing) act(s, out, "HandlePING", [s.id, from]);
}

/** Spec: HandleRESEND(i, j), for proposals. What the follower has acknowledged is never sent again. */
export function handleResend(s: ZabState, handler: LearnerHandler, m: Resend, out: Out): void {
  if (isEstablished(s) && handler.stage === "synced" && m.from <= handler.nextIndex) {
    handler.nextIndex = Math.max(m.from, handler.matchIndex + 1);
    if (handler.voter) sendProposals(s, handler, out);
    else sendInform(s, handler, 0, out);
  }
  if (s.tracing) act(s, out, "HandleRESEND", [s.id, handler.id]);
}
