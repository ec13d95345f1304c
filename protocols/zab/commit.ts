/** COMMIT in zxid order, and the state machine fed by it. */
import { type Index, entryAt, lastIndex, quorumIndex, fail } from "../core/index.js";
import type { Commit } from "./messages.js";
import { type Out, type ZabState, isEstablished, send } from "./state.js";
import { act } from "./trace.js";

/** Applies what is newly committed. Only committed entries ever reach the state machine (ZOOKEEPER-2845). */
export function commitTo(s: ZabState, index: Index, out: Out): void {
  for (let at = s.committed + 1; at <= index; at += 1) {
    const entry = entryAt(s.log, at);
    if (entry === undefined) fail(`entry ${at} is committed but not in the history`);
    out.push({ type: "apply", entry });
  }
  if (index > s.committed) s.committed = index;
  const every = s.options.snapshotEveryEntries;
  if (every === 0 || s.committed - s.snapshotAsked < every) return;
  s.snapshotAsked = s.committed;
  out.push({ type: "takeSnapshot", index: s.committed });
}

/**
 * Spec: AdvanceCommit(i). What a replication quorum holds on disk is committed, whichever epoch created it: every server
 * counted has currentEpoch on its disk too, so a later leader comes from a history that contains it (Junqueira 2011,
 * phase 3). Returns how many entries were.
 */
export function commitByQuorum(s: ZabState, out: Out): number {
  if (!isEstablished(s)) return 0;
  s.matchIndex.set(s.id, s.durableIndex);
  const index = quorumIndex(s.quorums, s.matchIndex);
  const count = index - s.committed;
  if (count <= 0) return 0;
  commitTo(s, index, out);
  settleRequests(s);
  if (s.tracing) act(s, out, "AdvanceCommit", [s.id, index]);
  return count;
}

/** Their outcome is known: whoever applies them tells the clients. */
function settleRequests(s: ZabState): void {
  let first = s.requests[0];
  while (first !== undefined && first.index <= s.committed) {
    s.requests.shift();
    first = s.requests[0];
  }
}

/** Answers the reads and SYNCs whose entry, or whose pending proposals, are now committed: after their COMMITs. */
export function settleWaiting(s: ZabState, out: Out): void {
  let first = s.waiting[0];
  while (first !== undefined && first.index <= s.committed) {
    if (first.type === "read") out.push({ type: "serve", request: first.request, atIndex: first.index });
    else {
      const { to, session, id, index } = first;
      // SYNCED promises nothing but what is committed already.
      send(to, { type: "SYNCED", session, epoch: s.epoch, id, index }, 0, out);
    }
    s.waiting.shift();
    first = s.waiting[0];
  }
}

/** A learner commits what its leader has committed and it holds: within a session its history is a prefix of the leader's. */
export function learnCommitted(s: ZabState, committed: Index, out: Out): void {
  if (committed > s.leaderCommitted) s.leaderCommitted = committed;
  const index = Math.min(s.leaderCommitted, lastIndex(s.log));
  if (index > s.committed) commitTo(s, index, out);
}

/** Spec: HandleCOMMIT(i, j). Returns whether proposals it speaks of are missing. */
export function handleCommit(s: ZabState, m: Commit, out: Out): boolean {
  s.silentTicks = 0;
  learnCommitted(s, m.index, out);
  return m.index > lastIndex(s.log);
}
