/** What is chosen, and the contiguous prefix of it that the state machine sees. */
import { type Entry, entryAt, fail } from "../core/index.js";
import { action, cancelTimer, type Out } from "./effects.js";
import type { MultiPaxosState } from "./state.js";

/** `entry` is chosen and is the next of the prefix: slots are applied in order, without gaps. */
export function decide(r: MultiPaxosState, entry: Entry, out: Out): void {
  if (entry.index !== r.decidedIndex + 1) fail(`slot ${entry.index} decided after ${r.decidedIndex}`);
  r.decidedIndex = entry.index;
  if (r.knownDecided < entry.index) r.knownDecided = entry.index;
  endLearning(r, out);
  out.effects.push({ type: "apply", entry });
  const sinceSnapshot = entry.index - (r.snapshot?.index ?? 0);
  if (sinceSnapshot < r.options.snapshotEveryEntries || r.snapshotRequested > (r.snapshot?.index ?? 0)) return;
  r.snapshotRequested = entry.index;
  out.effects.push({ type: "takeSnapshot", index: entry.index });
}

/** Called when the prefix has grown: goes on waiting for what was asked for, or stops. */
export function endLearning(r: MultiPaxosState, out: Out): void {
  if (!r.learning || r.decidedIndex < r.knownDecided) return;
  r.learning = false;
  cancelTimer("learn", out);
}

/**
 * Spec: Decide(i, slot), a follower's rule. The leader of ballot b says that slots <= w are chosen. It proposed one value per slot in b, so what
 * this replica accepted under b is that value; what it accepted under another ballot may not be, and must be learned.
 */
export function followWatermark(r: MultiPaxosState, out: Out): void {
  while (r.decidedIndex < r.leaderDecided) {
    const entry = entryAt(r.log, r.decidedIndex + 1);
    if (entry === undefined || entry.round !== r.leaderBallot) return;
    decide(r, entry, out);
    if (r.tracing) action(r, "Decide", [r.id, entry.index], out);
  }
}

/** Spec: Decide(i, slot), the leader's rule: the prefix of slots a replication quorum accepted. Later ones may be chosen before it reaches them. */
export function advancePrefix(r: MultiPaxosState, out: Out): void {
  for (;;) {
    const slot = r.decidedIndex + 1;
    if (r.proposals.get(slot)?.chosen !== true) return;
    r.proposals.delete(slot);
    const entry = entryAt(r.log, slot);
    if (entry === undefined) fail(`slot ${slot} is chosen but not held`);
    decide(r, entry, out);
    if (r.tracing) action(r, "Decide", [r.id, slot], out);
  }
}
