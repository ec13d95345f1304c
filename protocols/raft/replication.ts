/** The leader's side of replication, and heartbeats on both sides (Raft §5.3; Ongaro §6.4, §10.2). */
import { type Entry, lastIndex, type NodeId, putEntry, type RequestId } from "../core/index.js";
import { acknowledge, backtrack, resendAfterSilence, sendEntries } from "./catchup.js";
import { advanceCommitIndex, announceCommit, commitTo, committable } from "./commit.js";
import { followLeader } from "./election.js";
import type { AppendEntriesResponse, Heartbeat, HeartbeatResponse } from "./messages.js";
import { action, type Out, persist, rejectFailed, send } from "./output.js";
import { broadcastRound, confirmRounds } from "./reads.js";
import type { Progress, RaftState } from "./state.js";

/** Spec: ClientRequest(i, v). */
export function propose(r: RaftState, request: RequestId, command: Uint8Array, out: Out): void {
  if (r.role !== "Leader") {
    rejectFailed(r, request, "notLeader", out);
    return;
  }
  const bytes = command.length;
  // One command larger than the limit must still get through when nothing else waits.
  if (r.uncommittedBytes > 0 && r.uncommittedBytes + bytes > r.options.uncommittedBytesMax) {
    rejectFailed(r, request, "overloaded", out);
    return;
  }
  const index = lastIndex(r.log) + 1;
  const entry: Entry = { kind: "command", index, round: r.currentTerm, command };
  putEntry(r.log, entry);
  r.uncommittedBytes += bytes;
  r.proposals.push({ request, index, bytes });
  persist(r, null, null, [entry], out);
  for (const p of r.peers) sendEntries(r, p, out);
  out.push({ type: "accepted", request, index });
  if (r.tracing) action(r, "ClientRequest", [r.id, index], out);
}

/** Spec: HandleAppendEntriesResponse(i, j, m); may be followed by AdvanceCommitIndex(i). */
export function handleAppendEntriesResponse(r: RaftState, p: Progress, m: AppendEntriesResponse, out: Out): void {
  // An answer to an earlier term says nothing about this one's log.
  if (r.role !== "Leader" || m.term !== r.currentTerm) {
    if (r.tracing) action(r, "HandleAppendEntriesResponse", [r.id, p.id], out);
    return;
  }
  p.active = true;
  if (m.success) onMatch(r, p, m.matchIndex, "HandleAppendEntriesResponse", out);
  else {
    if (backtrack(r, p, m) === "moved") sendEntries(r, p, out);
    if (r.tracing) action(r, "HandleAppendEntriesResponse", [r.id, p.id], out);
  }
}

/** A member's log is known to equal the own one up to `index`: send on, count, tell. */
export function onMatch(
  r: RaftState,
  p: Progress,
  index: number,
  name: "HandleAppendEntriesResponse" | "HandleInstallSnapshotResponse",
  out: Out,
): void {
  acknowledge(r, p, index);
  sendEntries(r, p, out);
  const advances = p.voter && committable(r) > 0;
  // Where the commit index moves, every member is told of the new one, this one too.
  if (!advances) announceCommit(r, p, out);
  if (r.tracing) action(r, name, [r.id, p.id], out);
  if (advances) advanceCommitIndex(r, out);
}

/** Spec: Heartbeat(i). */
export function onHeartbeatTimeout(r: RaftState, out: Out): void {
  broadcastRound(r, false, out);
  for (const p of r.peers) p.resend = true;
  confirmRounds(r, out);
  const ms = r.options.heartbeatIntervalMs;
  out.push({ type: "setTimer", timer: "heartbeat", minMs: ms, maxMs: ms });
  if (r.tracing) action(r, "Heartbeat", [r.id], out);
}

/** Spec: HandleHeartbeatRequest(i, j, m). The caller has adopted a newer term. */
export function handleHeartbeatRequest(r: RaftState, from: NodeId, m: Heartbeat, out: Out): void {
  if (m.term === r.currentTerm) {
    followLeader(r, from, out);
    // The leader names nothing that this log was not proved to hold in this term.
    commitTo(r, m.leaderCommit, out);
  }
  // A deposed leader learns the newer term from the answer, even to a notice.
  if (m.round > 0 || m.term < r.currentTerm)
    send(r, from, { type: "HeartbeatResponse", term: r.currentTerm, round: m.round }, out);
  if (r.tracing) action(r, "HandleHeartbeatRequest", [r.id, from], out);
}

/** Spec: HandleHeartbeatResponse(i, j, m). */
export function handleHeartbeatResponse(r: RaftState, p: Progress, m: HeartbeatResponse, out: Out): void {
  if (r.role === "Leader" && m.term === r.currentTerm) {
    p.active = true;
    if (m.round > (r.ackedRound.get(p.id) ?? 0)) {
      r.ackedRound.set(p.id, m.round);
      if (p.voter) confirmRounds(r, out);
    }
    resendAfterSilence(r, p, out);
  }
  if (r.tracing) action(r, "HandleHeartbeatResponse", [r.id, p.id], out);
}
