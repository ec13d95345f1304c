/** The effects of a step: writes, messages that wait for them, timers, traced actions. */
import {
  type Effect,
  type Entry,
  type Index,
  type NodeId,
  type RejectReason,
  type RequestId,
  type Snapshot,
  type WriteSeq,
  lastIndex,
  fail,
} from "../core/index.js";
import { specState } from "./describe.js";
import type { Raft, RaftAction, RaftMessage } from "./messages.js";
import type { RaftState } from "./state.js";

/** What a step has to say so far. */
export type Out = Effect<Raft>[];

const NO_ENTRIES: readonly Entry[] = [];

/**
 * One write with everything that changed: term and vote if they did, then the log. The in-memory log must already be as
 * it will be on disk. At most one write per step, so nothing can be torn between two.
 */
export function persist(
  r: RaftState,
  truncateFrom: Index | null,
  snapshot: Snapshot | null,
  entries: readonly Entry[],
  out: Out,
): void {
  r.seq += 1;
  let hard: Raft["Hard"] | null = null;
  if (r.hardDirty) {
    hard = { currentTerm: r.currentTerm, votedFor: r.votedFor };
    r.hardDirty = false;
    r.hardSeq = r.seq;
  }
  r.writes.push({ seq: r.seq, index: lastIndex(r.log) });
  out.push({ type: "persist", seq: r.seq, hard, truncateFrom, snapshot, entries });
}

/** Writes term and vote if this step changed them and no write holds them yet. */
export function persistHard(r: RaftState, out: Out): void {
  if (r.hardDirty) persist(r, null, null, NO_ENTRIES, out);
}

/** The own log from `from` on is about to be replaced: what was durable of it no longer counts (found in real systems). */
export function forgetDurable(r: RaftState, from: Index): void {
  if (r.durableIndex >= from) r.durableIndex = from - 1;
  for (const write of r.writes) if (write.index >= from) write.index = from - 1;
}

/** Takes note that writes up to `upTo` are on stable storage. Returns how many that completed. */
export function completeWrites(r: RaftState, upTo: WriteSeq): number {
  if (upTo > r.seq) fail(`write ${upTo} is durable, the last one is ${r.seq}`);
  let completed = 0;
  for (const write of r.writes) {
    if (write.seq > upTo) break;
    completed += 1;
    if (write.index > r.durableIndex) r.durableIndex = write.index;
  }
  r.writes.splice(0, completed);
  if (upTo > r.durableSeq) r.durableSeq = upTo;
  return completed;
}

/** The write that a message must wait for which tells the current term or vote; 0 if that is durable. */
function afterHard(r: RaftState): WriteSeq {
  return r.hardSeq > r.durableSeq ? r.hardSeq : 0;
}

/**
 * Sends as soon as the current term and vote are durable (Raft §5.1, Figure 2: "updated on stable storage before
 * responding to RPCs"). For a leader that is at once: its term was durable before it could win, so entries leave in
 * parallel with its own write of them (Ongaro §10.2.1).
 */
export function send(r: RaftState, to: NodeId, message: RaftMessage, out: Out): void {
  persistHard(r, out);
  out.push({ type: "send", to, message, after: afterHard(r) });
}

/** Like `send`, and not before the own log is durable up to `index`: the message acknowledges it. */
export function sendWhenDurable(r: RaftState, to: NodeId, message: RaftMessage, index: Index, out: Out): void {
  persistHard(r, out);
  let after = afterHard(r);
  if (index > r.durableIndex) {
    // Duplicates wait for the same write as the original did: it may still be under way.
    const write = r.writes.find((candidate) => candidate.index >= index);
    if (write === undefined) fail(`index ${index} is neither durable nor being written`);
    if (write.seq > after) after = write.seq;
  }
  out.push({ type: "send", to, message, after });
}

/** Spec action; the caller checks `r.tracing`, so that nothing is built when it is off. */
export function action(r: RaftState, name: RaftAction, args: readonly unknown[], out: Out): void {
  out.push({ type: "action", name, args, specState: specState(r) });
}

/** A read or a refused proposal that certainly had no effect. */
export function rejectFailed(r: RaftState, request: RequestId, reason: RejectReason, out: Out): void {
  out.push({ type: "reject", request, outcome: "failed", reason, leaderHint: r.leader });
}

/** Patience for an election: the whole random timeout, no leader heard. Learners keep it to notice a lost leader. */
export function armElection(r: RaftState, out: Out): void {
  r.leaderHeard = false;
  const { electionTimeoutMinMs, electionTimeoutMaxMs } = r.options;
  out.push({ type: "setTimer", timer: "election", minMs: electionTimeoutMinMs, maxMs: electionTimeoutMaxMs });
}

/** A leader was heard: the minimum timeout comes first, its random rest when that has passed (`LeaderSilent`). */
export function armLeaderHeard(r: RaftState, out: Out): void {
  r.leaderHeard = true;
  const ms = r.options.electionTimeoutMinMs;
  out.push({ type: "setTimer", timer: "election", minMs: ms, maxMs: ms });
}
