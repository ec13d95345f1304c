/** Snapshots: compaction of the own log, and images for followers that it no longer reaches (Raft §7). */
import { assert, compactTo, type Index, type NodeId, roundAt, type Snapshot } from "../core/index.js";
import { becomeProbe } from "./catchup.js";
import { commitTo } from "./commit.js";
import { followLeader } from "./election.js";
import type { InstallSnapshot, InstallSnapshotResponse } from "./messages.js";
import { action, forgetDurable, type Out, persist, send, sendWhenDurable } from "./output.js";
import { onMatch } from "./replication.js";
import type { Progress, RaftState } from "./state.js";

/** The host made the snapshot it was asked for. Spec: CompactLog(i). */
export function onSnapshotTaken(r: RaftState, index: Index, id: string, bytes: number, out: Out): void {
  if (r.snapshotRequested === index) r.snapshotRequested = 0;
  if (r.snapshot !== null && index <= r.snapshot.index) return; // A leader's newer one was installed meanwhile.
  assert(index <= r.commitIndex, `a snapshot at ${index} beyond what is committed, ${r.commitIndex}`);
  const round = roundAt(r.log, index);
  assert(round !== undefined, `a snapshot at ${index}, where the log has no entry`);
  r.snapshot = { id, index, round, bytes };
  // Followers that are a little behind get entries, not an image. After a restart the log begins at the snapshot.
  const keepAfter = index - r.options.snapshotKeepEntries;
  if (keepAfter > r.log.snapshotIndex) compactTo(r.log, keepAfter, roundAt(r.log, keepAfter) as number);
  persist(r, null, r.snapshot, [], out);
  if (r.tracing) action(r, "CompactLog", [r.id, index], out);
}

/**
 * Spec: HandleInstallSnapshotRequest(i, j, m). The caller has adopted a newer term. The snapshot's own term is that of
 * its last entry and never becomes the current one.
 */
export function handleInstallSnapshotRequest(
  r: RaftState,
  from: NodeId,
  m: InstallSnapshot,
  snapshot: Snapshot,
  out: Out,
): void {
  if (m.term < r.currentTerm) {
    send(r, from, { type: "InstallSnapshotResponse", term: r.currentTerm, matchIndex: 0 }, out);
  } else {
    followLeader(r, from, out);
    const { index, round } = snapshot;
    assert(index === m.lastIncludedIndex && round === m.lastIncludedTerm, "the snapshot is not the message's");
    if (index > r.commitIndex) {
      // The log may hold the entry already and more after it, which must stay (Raft Figure 13, receiver 6).
      if (roundAt(r.log, index) === round) commitTo(r, index, out);
      else install(r, snapshot, out);
    }
    const response = { type: "InstallSnapshotResponse", term: r.currentTerm, matchIndex: index } as const;
    sendWhenDurable(r, from, response, index, out);
  }
  if (r.tracing) action(r, "HandleInstallSnapshotRequest", [r.id, from], out);
}

/** Drops the whole log and takes the snapshot in one write: a crash between the two would leave a log that conflicts. */
function install(r: RaftState, snapshot: Snapshot, out: Out): void {
  const truncated = r.log.slots.length === 0 ? null : (r.snapshot?.index ?? 0) + 1;
  forgetDurable(r, 1);
  r.log.slots.length = 0;
  r.log.snapshotIndex = snapshot.index;
  r.log.snapshotRound = snapshot.round;
  r.snapshot = snapshot;
  r.snapshotRequested = 0;
  r.commitIndex = snapshot.index;
  persist(r, truncated, snapshot, [], out);
  out.push({ type: "installSnapshot", snapshot });
}

/** Spec: HandleInstallSnapshotResponse(i, j, m); may be followed by AdvanceCommitIndex(i). */
export function handleInstallSnapshotResponse(r: RaftState, p: Progress, m: InstallSnapshotResponse, out: Out): void {
  if (r.role === "Leader" && m.term === r.currentTerm) {
    p.active = true;
    onMatch(r, p, m.matchIndex, "HandleInstallSnapshotResponse", out);
  } else if (r.tracing) action(r, "HandleInstallSnapshotResponse", [r.id, p.id], out);
}

/** The transfer ended, the follower may still be installing: probe after the next silent heartbeat. Spec: SnapshotSent(i, j). */
export function onSnapshotSent(r: RaftState, to: NodeId, ok: boolean, out: Out): void {
  const p = r.progress.get(to);
  if (r.role !== "Leader" || p === undefined || p.phase !== "Snapshot") return; // Answered already, or not ours any more.
  const matchIndex = r.matchIndex.get(to) ?? 0;
  becomeProbe(p, (ok ? Math.max(matchIndex, p.snapshotIndex) : matchIndex) + 1);
  p.paused = true;
  if (r.tracing) action(r, "SnapshotSent", [r.id, to, ok], out);
}
