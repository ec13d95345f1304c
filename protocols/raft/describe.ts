/** Raft for readers: one line per message, and the state under the names of the spec. */
import { type Entry, unreachable } from "../core/index.js";
import type { RaftMessage } from "./messages.js";
import type { RaftState } from "./state.js";

/** One stable line for goldens. Positions are written index/term. */
export function describe(m: RaftMessage): string {
  switch (m.type) {
    case "RequestVote":
    case "RequestPreVote":
      return `${m.type} term=${m.term} last=${m.lastLogIndex}/${m.lastLogTerm}`;
    case "RequestVoteResponse":
      return `${m.type} term=${m.term} granted=${m.voteGranted}`;
    case "RequestPreVoteResponse":
      return `${m.type} term=${m.term} next=${m.nextTerm} granted=${m.voteGranted}`;
    case "AppendEntries":
      return `${m.type} term=${m.term} prev=${m.prevLogIndex}/${m.prevLogTerm} entries=[${m.entries.map(position).join(" ")}] commit=${m.leaderCommit}`;
    case "AppendEntriesResponse":
      return m.success
        ? `${m.type} term=${m.term} success=true match=${m.matchIndex}`
        : `${m.type} term=${m.term} success=false prev=${m.prevLogIndex} conflict=${m.conflictIndex}/${m.conflictTerm}`;
    case "Heartbeat":
      return `${m.type} term=${m.term} round=${m.round} commit=${m.leaderCommit}`;
    case "HeartbeatResponse":
      return `${m.type} term=${m.term} round=${m.round}`;
    case "InstallSnapshot":
      return `${m.type} term=${m.term} last=${m.lastIncludedIndex}/${m.lastIncludedTerm}`;
    case "InstallSnapshotResponse":
      return `${m.type} term=${m.term} match=${m.matchIndex}`;
    case "ReadIndexRequest":
      return `${m.type} term=${m.term} context=${m.incarnation}.${m.context}`;
    case "ReadIndexResponse":
      return `${m.type} term=${m.term} context=${m.incarnation}.${m.context} index=${m.readIndex}`;
    default:
      return unreachable(m);
  }
}

function position(entry: Entry): string {
  return `${entry.index}/${entry.round}`;
}

/** What the spec calls an entry's value: equal for equal commands, short for long ones. */
function valueText(entry: Entry): string {
  if (entry.kind === "noop") return "Noop";
  const bytes = entry.command;
  if (bytes.length <= 32) {
    let text = "";
    for (const byte of bytes) text += byte >= 33 && byte < 127 && byte !== 37 ? String.fromCharCode(byte) : `%${byte}`;
    return text;
  }
  // FNV-1a, 32 bits: only equality matters here.
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${bytes.length}:${hash.toString(16)}`;
}

/**
 * The variables of the spec. Timers, write numbers, flow control and reads are left out: the first three are no state of
 * the spec, and reads end in what clients see. `matchIndex` has the own durable index under the own name.
 */
export function specState(r: RaftState): unknown {
  const log: { term: number; value: string }[] = [];
  for (const entry of r.log.slots) if (entry !== undefined) log.push({ term: entry.round, value: valueText(entry) });
  const nextIndex: Record<string, number> = {};
  const matchIndex: Record<string, number> = {};
  for (const p of r.peers) nextIndex[p.id] = p.nextIndex;
  for (const [id, index] of r.matchIndex) matchIndex[id] = index;
  return {
    currentTerm: r.currentTerm,
    votedFor: r.idOfOrdinal.get(r.votedFor) ?? "Nil",
    state: r.voter ? r.role : "Learner",
    leader: r.leader ?? "Nil",
    leaderHeard: r.leaderHeard,
    log,
    snapshotIndex: r.log.snapshotIndex,
    snapshotTerm: r.log.snapshotRound,
    commitIndex: r.commitIndex,
    // In the order of ordinals, so that two replicas with the same votes print the same text.
    votesGranted: r.quorum.voters.filter((id) => r.votesGranted.has(id)),
    nextIndex,
    matchIndex,
  };
}
