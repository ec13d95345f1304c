/** Snapshots stand for a decided prefix: taken here, or received because a peer no longer holds the slots. */
import { compactTo, type Index, type NodeId, type Snapshot } from "../core/index.js";
import { requestMissing } from "./catchup.js";
import { advancePrefix, endLearning, followWatermark } from "./commit.js";
import { action, handled, type Out, reject, stage } from "./effects.js";
import { stepDown } from "./role.js";
import type { MultiPaxosState } from "./state.js";

/** Spec: TakeSnapshot(i). On disk the prefix is dropped; in memory the latest slots of it stay, to serve peers that lag. */
export function onSnapshotTaken(r: MultiPaxosState, index: Index, id: string, bytes: number, out: Out): void {
  if (index <= (r.snapshot?.index ?? 0) || index > r.decidedIndex) return; // A received one overtook it.
  r.snapshot = { id, index, round: 0, bytes };
  stage(r, out).snapshot = r.snapshot;
  compactTo(r.log, index - r.options.snapshotTrailingEntries, 0);
  if (r.tracing) action(r, "TakeSnapshot", [r.id, index], out);
}

/** Spec: HandleInstallSnapshot(i, m). */
export function onSnapshotReceived(r: MultiPaxosState, from: NodeId, snapshot: Snapshot, out: Out): void {
  if (snapshot.index > r.knownDecided) r.knownDecided = snapshot.index;
  if (snapshot.index <= r.decidedIndex) return installed(r, from, snapshot, out);
  // The sender's round says nothing here: decided slots need none.
  r.snapshot = { id: snapshot.id, index: snapshot.index, round: 0, bytes: snapshot.bytes };
  stage(r, out).snapshot = r.snapshot;
  compactTo(r.log, snapshot.index, 0);
  r.decidedIndex = snapshot.index;
  endLearning(r, out);
  out.effects.push({ type: "installSnapshot", snapshot: r.snapshot });
  for (const [slot, proposal] of r.proposals) {
    if (slot > snapshot.index) continue;
    r.proposals.delete(slot);
    // Chosen, but this replica will never apply it by itself, so nobody here can tell its result.
    if (proposal.request !== null) reject(r, proposal.request, "unknown", "notReady", out);
  }
  // Slots this leader never used are decided: it was preempted and has not heard of it.
  if (r.role === "leader" && snapshot.index >= r.nextSlot) stepDown(r, out);
  installed(r, from, snapshot, out);
  if (r.role === "leader") advancePrefix(r, out);
  else followWatermark(r, out);
  if (!r.learning) requestMissing(r, out);
}

/** The message as its sender made it: all it says is which snapshot came with it. */
function installed(r: MultiPaxosState, from: NodeId, snapshot: Snapshot, out: Out): void {
  handled(r, from, { type: "InstallSnapshot", decidedIndex: snapshot.index }, out);
}

/** Spec: SnapshotSent(i, j). */
export function onSnapshotSent(r: MultiPaxosState, to: NodeId, out: Out): void {
  r.snapshotsTo.delete(to);
  if (r.tracing) action(r, "SnapshotSent", [r.id, to], out);
}
