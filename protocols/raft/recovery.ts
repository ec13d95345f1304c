/** A follower makes its log equal to the leader's: consistency check, conflict search, truncation (Raft §5.3). */
import { lastIndex, type NodeId, putEntry, roundAt, truncateFrom, fail } from "../core/index.js";
import { lastAgreeing } from "./catchup.js";
import { commitTo } from "./commit.js";
import { followLeader } from "./election.js";
import type { AppendEntries } from "./messages.js";
import { action, forgetDurable, type Out, persist, send, sendWhenDurable } from "./output.js";
import type { RaftState } from "./state.js";

/** Spec: HandleAppendEntriesRequest(i, j, m). The caller has adopted a newer term. */
export function handleAppendEntriesRequest(r: RaftState, from: NodeId, m: AppendEntries, out: Out): void {
  if (m.term < r.currentTerm) {
    // Tells a deposed leader its term. A refusal at 0 says nothing about the log.
    const response = { type: "AppendEntriesResponse", term: r.currentTerm, success: false } as const;
    send(r, from, { ...response, prevLogIndex: 0, conflictIndex: 0, conflictTerm: 0 }, out);
  } else {
    followLeader(r, from, out);
    if (isConsistent(r, m)) accept(r, from, m, out);
    else refuse(r, from, m, out);
  }
  if (r.tracing) action(r, "HandleAppendEntriesRequest", [r.id, from], out);
}

/** Whether the own log has the leader's entry at prevLogIndex. */
function isConsistent(r: RaftState, m: AppendEntries): boolean {
  // What is committed is in the log of every later leader (Raft §5.4.3), also where it is compacted away here.
  if (m.prevLogIndex <= r.commitIndex) return true;
  return roundAt(r.log, m.prevLogIndex) === m.prevLogTerm;
}

function refuse(r: RaftState, from: NodeId, m: AppendEntries, out: Out): void {
  const conflictIndex = lastAgreeing(r.log, m.prevLogIndex, m.prevLogTerm);
  const conflictTerm = roundAt(r.log, conflictIndex) ?? 0;
  const { prevLogIndex } = m;
  send(
    r,
    from,
    {
      type: "AppendEntriesResponse",
      term: r.currentTerm,
      success: false,
      prevLogIndex,
      conflictIndex,
      conflictTerm,
    },
    out,
  );
}

function accept(r: RaftState, from: NodeId, m: AppendEntries, out: Out): void {
  append(r, m, out);
  // The request proves agreement up to its own last entry and no further.
  const matchIndex = m.prevLogIndex + m.entries.length;
  const response = { type: "AppendEntriesResponse", term: r.currentTerm, success: true, matchIndex } as const;
  sendWhenDurable(r, from, response, matchIndex, out);
  commitTo(r, Math.min(m.leaderCommit, matchIndex), out);
}

/**
 * Appends what is new. Truncates at the first entry whose term differs and nowhere else: a late request must not erase
 * what followed it (Raft Figure 2, AppendEntries receiver 3).
 */
function append(r: RaftState, m: AppendEntries, out: Out): void {
  let known = 0;
  for (const entry of m.entries) {
    const term = roundAt(r.log, entry.index);
    if (entry.index <= r.commitIndex) {
      // Undefined: compacted away.
      if (term !== undefined && term !== entry.round) fail(`committed entry ${entry.index} conflicts`);
    } else if (term !== entry.round) break;
    known += 1;
  }
  if (known === m.entries.length) return;
  const entries = known === 0 ? m.entries : m.entries.slice(known);
  const first = m.prevLogIndex + 1 + known;
  let truncated: number | null = null;
  if (first <= lastIndex(r.log)) {
    truncated = first;
    truncateFrom(r.log, first);
    forgetDurable(r, first);
  }
  for (const entry of entries) putEntry(r.log, entry);
  persist(r, truncated, null, entries, out);
}
