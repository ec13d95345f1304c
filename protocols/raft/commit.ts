/** What is committed, and what follows from it: apply, snapshot requests, notices (Raft §5.3, §5.4.2). */
import { entryAt, type Index, quorumIndex, roundAt, fail } from "../core/index.js";
import { action, type Out, send } from "./output.js";
import { startReadRound } from "./reads.js";
import type { Progress, RaftState } from "./state.js";

/**
 * The index up to which a leader may commit now, or 0. Only an entry of the current term is counted (Raft §5.4.2,
 * Figure 8). Terms never fall along a log, so if the quorum's index holds an older term, everything below it does too
 * and there is nothing to look for.
 */
export function committable(r: RaftState): Index {
  const index = quorumIndex(r.quorum, r.matchIndex);
  if (index <= r.commitIndex) return 0;
  return roundAt(r.log, index) === r.currentTerm ? index : 0; // An old term commits only with a new entry after it.
}

/** Spec: AdvanceCommitIndex(i). */
export function advanceCommitIndex(r: RaftState, out: Out): void {
  const index = committable(r);
  if (index === 0) return;
  const opensTerm = r.commitIndex < r.termStartIndex;
  const from = r.commitIndex;
  r.commitIndex = index;
  forgetProposals(r);
  applyAfter(r, from, out);
  if (opensTerm) startReadRound(r, out);
  for (const p of r.peers) announceCommit(r, p, out);
  if (r.tracing) action(r, "AdvanceCommitIndex", [r.id, index], out);
}

/** A follower learns what is committed; never back, whatever order messages come in. Returns whether it moved. */
export function commitTo(r: RaftState, index: Index, out: Out): void {
  if (index <= r.commitIndex) return;
  const from = r.commitIndex;
  r.commitIndex = index;
  applyAfter(r, from, out);
}

function applyAfter(r: RaftState, from: Index, out: Out): void {
  for (let index = from + 1; index <= r.commitIndex; index += 1) {
    const entry = entryAt(r.log, index);
    if (entry === undefined) fail(`committed entry ${index} is missing`);
    out.push({ type: "apply", entry });
  }
  const every = r.options.snapshotEveryEntries;
  if (every === 0 || r.snapshotRequested !== 0) return;
  if (r.commitIndex - (r.snapshot?.index ?? 0) < every) return;
  r.snapshotRequested = r.commitIndex;
  out.push({ type: "takeSnapshot", index: r.commitIndex });
}

/** Committed proposals are answered by what they did when applied. */
function forgetProposals(r: RaftState): void {
  let oldest = r.proposals[0];
  while (oldest !== undefined && oldest.index <= r.commitIndex) {
    r.uncommittedBytes -= oldest.bytes;
    r.proposals.shift();
    oldest = r.proposals[0];
  }
}

/**
 * Tells a member that is up to date how far is committed, if nothing on its way to it does. While entries flow the next
 * AppendEntries carries it; without them the member would wait for a heartbeat before it applies.
 */
export function announceCommit(r: RaftState, p: Progress, out: Out): void {
  if (p.phase !== "Replicate" || p.inflightLast.length > 0) return;
  const leaderCommit = Math.min(r.commitIndex, r.matchIndex.get(p.id) ?? 0);
  if (leaderCommit <= p.commitSent) return;
  p.commitSent = leaderCommit;
  send(r, p.id, { type: "Heartbeat", term: r.currentTerm, leaderCommit, round: 0 }, out);
}
