/** Raft for readers: one line per message, and the state under the names of the spec. */
import { type Entry, lastIndex, lastRound, unreachable } from "../core/index.js";
import type { RaftMessage, ReadOrigin } from "./messages.js";
import type { Progress, RaftState } from "./state.js";

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

/** A command as the specs see it: equal texts for equal commands, short for long ones. */
export function valueText(entry: Entry): string {
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

/** An entry as the spec has it; its index is its place. */
export function specEntry(entry: Entry): { readonly term: number; readonly value: string } {
  return { term: entry.round, value: valueText(entry) };
}

/** A message as the spec has it, without sender and receiver. */
export function specMessage(m: RaftMessage): Readonly<Record<string, unknown>> {
  switch (m.type) {
    case "AppendEntries":
      return { ...m, entries: m.entries.map(specEntry) };
    case "ReadIndexRequest":
      return { type: m.type, term: m.term, context: contextText(m.incarnation, m.context) };
    case "ReadIndexResponse": {
      const { type, term, incarnation, context, readIndex } = m;
      return { type, term, context: contextText(incarnation, context), readIndex };
    }
    default:
      return { ...m };
  }
}

/** What nobody and nothing is called in the spec. */
const NIL = "Nil";

/**
 * The variable `node` of the spec for this replica. The log stands here by its end alone, since a trace that repeated it
 * at every action would grow with its square; the whole of it is in `log`. Left out: timers, write numbers, sizes in
 * bytes, clocks and leases, the host's requests.
 */
export function specState(r: RaftState): unknown {
  const last = r.log.slots[r.log.slots.length - 1];
  const nextIndex: Record<string, number> = {};
  const matchIndex: Record<string, number> = {};
  const ackedRound: Record<string, number> = {};
  const progress: Record<string, unknown> = {};
  for (const p of r.peers) {
    nextIndex[p.id] = p.nextIndex;
    progress[p.id] = progressOf(p);
  }
  for (const [id, index] of r.matchIndex) matchIndex[id] = index;
  for (const [id, round] of r.ackedRound) ackedRound[id] = round;
  return {
    currentTerm: r.currentTerm,
    votedFor: r.idOfOrdinal.get(r.votedFor) ?? NIL,
    state: r.voter ? r.role : "Learner",
    leader: r.leader ?? NIL,
    leaderHeard: r.leaderHeard,
    lastIndex: lastIndex(r.log),
    lastTerm: lastRound(r.log),
    lastValue: last === undefined ? NIL : valueText(last),
    logStart: { index: r.log.snapshotIndex, term: r.log.snapshotRound },
    snapshot: { index: r.snapshot?.index ?? 0, term: r.snapshot?.round ?? 0 },
    commitIndex: r.commitIndex,
    durableIndex: r.durableIndex,
    // A set: sorted, so that two replicas with the same votes print the same text.
    votesGranted: r.quorum.voters.filter((id) => r.votesGranted.has(id)).sort(byText),
    nextIndex,
    matchIndex,
    progress,
    termStartIndex: r.termStartIndex,
    round: r.round,
    ackedRound,
    readsWaiting: r.readsWaiting.map((origin) => originOf(r, origin)),
    readRounds: r.readRounds.map(({ round, readIndex, reads }) => ({
      round,
      readIndex,
      reads: reads.map((origin) => originOf(r, origin)),
    })),
    readsForwarded: r.readsForwarded.length,
    readsQueued: r.readsQueued.length,
    readContext: r.readsForwarded.length === 0 ? NIL : contextText(r.incarnation, r.readContext),
  };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function progressOf(p: Progress): unknown {
  return {
    phase: p.phase,
    paused: p.paused,
    inflight: p.inflightLast.slice(),
    snapshot: p.snapshotIndex,
    active: p.active,
    resend: p.resend,
    commitSent: p.commitSent,
  };
}

/** A read of the own host has no context: which request it is does not matter to the spec. */
function originOf(r: RaftState, origin: ReadOrigin): unknown {
  if (origin.peer === null) return { peer: r.id, context: NIL };
  return { peer: origin.peer, context: contextText(origin.incarnation, origin.request) };
}

/** The name of a batch of reads: unique among all that its node ever asks for. */
export function contextText(incarnation: number, context: number): string {
  return `${incarnation}.${context}`;
}
