/** Snapshots of this server's own state machine. How one reaches a learner is part of `synchronization`. */
import { type Index, type Snapshot, assert, compactTo, roundAt } from "../core/index.js";
import { type Out, type ZabState, persist } from "./state.js";
import { act } from "./trace.js";

/**
 * Spec: TakeSnapshot(i). On disk the snapshot replaces the entries it stands for; in memory some of them stay, so that a
 * follower that is a little behind gets a DIFF. One that a SNAP has overtaken is dropped.
 */
export function onSnapshotTaken(s: ZabState, index: Index, id: string, bytes: number, out: Out): void {
  if (index <= (s.snapshot?.index ?? 0)) return;
  const round = roundAt(s.log, index);
  assert(index <= s.committed, `a snapshot at ${index}, beyond ${s.committed}, the last committed`);
  assert(round !== undefined, `a snapshot at ${index}, which is not in the history`);
  const snapshot: Snapshot = { id, index, round, bytes };
  s.snapshot = snapshot;
  persist(s, false, null, snapshot, [], out);
  const floor = index - s.options.trailingEntries;
  if (floor > s.log.snapshotIndex) compactTo(s.log, floor, roundAt(s.log, floor) ?? 0);
  if (s.tracing) act(s, out, "TakeSnapshot", [s.id, index]);
}
