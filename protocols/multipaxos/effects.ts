/** How a step speaks: the effects of one input, and the at most one write among them. */
import {
  type Effect,
  type Entry,
  type Index,
  type NodeId,
  putEntry,
  type RejectReason,
  type RequestId,
  type Snapshot,
  type WriteSeq,
} from "../core/index.js";
import type { MultiPaxosAction, MultiPaxosMessage, MultiPaxosTimer } from "./messages.js";
import {
  leaderId,
  type MultiPaxos,
  type MultiPaxosHard,
  type MultiPaxosState,
  specMessage,
  specState,
} from "./state.js";

interface Write {
  readonly type: "persist";
  readonly seq: WriteSeq;
  hard: MultiPaxosHard | null;
  readonly truncateFrom: null;
  snapshot: Snapshot | null;
  readonly entries: Entry[];
}

/** What a step has to say so far. */
export interface Out {
  readonly effects: Effect<MultiPaxos>[];
  readonly nowMs: number;
  /** The write of this step, already among the effects; its `hard` is filled in by `finish`. */
  write: Write | null;
}

/** The write of this step, begun by whoever first has something durable to say. */
export function stage(r: MultiPaxosState, out: Out): Write {
  if (out.write !== null) return out.write;
  r.seq += 1;
  out.write = { type: "persist", seq: r.seq, hard: null, truncateFrom: null, snapshot: null, entries: [] };
  out.effects.push(out.write);
  return out.write;
}

/** Ends a step: the write carries the hard state as the step left it. */
export function finish(r: MultiPaxosState, out: Out): readonly Effect<MultiPaxos>[] {
  if (out.write !== null) out.write.hard = { promisedBallot: r.promisedBallot, decidedIndex: r.decidedIndex };
  return out.effects;
}

/** Stores an accepted or learned value, in memory now and on disk with this step's write. */
export function store(r: MultiPaxosState, entry: Entry, out: Out): void {
  stage(r, out).entries.push(entry);
  putEntry(r.log, entry);
  if (r.putFrom === 0 || entry.index < r.putFrom) r.putFrom = entry.index;
  if (entry.index > r.putTo) r.putTo = entry.index;
}

/** @param after the write that must be durable before the message leaves; 0: none */
export function send(to: NodeId, message: MultiPaxosMessage, after: WriteSeq, out: Out): void {
  out.effects.push({ type: "send", to, message, after });
}

/** The same message to each, in this order. @param after see `send` */
export function sendAll(to: readonly NodeId[], message: MultiPaxosMessage, after: WriteSeq, out: Out): void {
  for (const id of to) out.effects.push({ type: "send", to: id, message, after });
}

/** Milliseconds, minMs <= maxMs; the driver draws from between them. */
export function setTimer(timer: MultiPaxosTimer, minMs: number, maxMs: number, out: Out): void {
  out.effects.push({ type: "setTimer", timer, minMs, maxMs });
}

/** Without effect where the timer is not armed. */
export function cancelTimer(timer: MultiPaxosTimer, out: Out): void {
  out.effects.push({ type: "cancelTimer", timer });
}

/** Arms the wait for a leader, randomized so that two replicas seldom campaign together. Learners never campaign. */
export function awaitLeader(r: MultiPaxosState, out: Out): void {
  if (r.position < 0) return;
  setTimer("leader", r.options.leaderTimeoutMinMs, r.options.leaderTimeoutMaxMs, out);
}

/** `failed`: the request certainly has no effect. `unknown`: it may still happen. */
export function reject(
  r: MultiPaxosState,
  request: RequestId,
  outcome: "failed" | "unknown",
  reason: RejectReason,
  out: Out,
): void {
  out.effects.push({ type: "reject", request, outcome, reason, leaderHint: leaderId(r) });
}

/** Names the spec action just taken. Call only under `if (r.tracing)`: the arguments alone would cost too much. */
export function action(r: MultiPaxosState, name: MultiPaxosAction, args: readonly unknown[], out: Out): void {
  out.effects.push({ type: "action", name, args, specState: specState(r) });
}

/** Names the spec action that handled `message`: one for each type, whether it was followed, refused or ignored. */
export function handled(r: MultiPaxosState, from: NodeId, message: MultiPaxosMessage, out: Out): void {
  if (r.tracing) action(r, `Handle${message.type}`, [r.id, from, specMessage(message)], out);
}

/** Runs of entries of up to `bytesMax` command bytes each, in order; one entry that is larger stands alone. */
export function inChunks(entries: readonly Entry[], bytesMax: number): readonly (readonly Entry[])[] {
  const chunks: Entry[][] = [];
  let chunk: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entry.kind === "command" ? entry.command.length : 0;
    if (chunk.length > 0 && bytes + size > bytesMax) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(entry);
    bytes += size;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** The same value under another ballot. */
export function withRound(entry: Entry, round: number): Entry {
  if (entry.round === round) return entry;
  return entry.kind === "command"
    ? { index: entry.index, round, kind: "command", command: entry.command }
    : { index: entry.index, round, kind: "noop" };
}

/** Fills a slot for which nothing was found (Lamport 2001 §3). */
export function noop(index: Index, round: number): Entry {
  return { index, round, kind: "noop" };
}
