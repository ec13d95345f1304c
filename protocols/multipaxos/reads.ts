/** Linearizable reads without a log entry: by the leader's lease, or by asking a quorum. */
import { lastIndex, type NodeId, type ReadLevel, type RequestId } from "../core/index.js";
import { action, handled, type Out, reject, send, sendAll, setTimer } from "./effects.js";
import type { ReadQuery, ReadReply } from "./messages.js";
import { HEARTBEATS_KEPT, type MultiPaxosState } from "./state.js";

/** A client's read. Nothing goes through the log; `sync` is not offered. */
export function onRead(r: MultiPaxosState, request: RequestId, level: ReadLevel, out: Out): void {
  if (level === "sync") return reject(r, request, "failed", "unsupported", out);
  if (level === "local") {
    out.effects.push({ type: "serve", request, atIndex: r.decidedIndex });
    return;
  }
  if (r.options.readMechanism === "lease" && r.role !== "leader") return reject(r, request, "failed", "notLeader", out);
  r.reads.push(request);
  if (r.options.readMechanism === "quorumRead") startReadQuery(r, out);
  // A lease read is served at the end of this step, if it can be.
}

// ---- Lease

/**
 * Recomputes the lease: it runs from when the latest heartbeat left that a replication quorum acknowledged. That quorum
 * meets every election quorum, and for leaderTimeoutMinMs after it heard the heartbeat it promises to nobody else. The
 * leader's own acceptor is bound in the same way.
 */
export function grantedLease(r: MultiPaxosState): void {
  if (!r.options.stickiness) return;
  if (r.position >= 0) r.heartbeatAcked[r.position] = r.heartbeatSequence;
  const acked = nthOf(r.heartbeatAcked, r.topology.quorums.replication);
  // Older than what is kept, or of nobody: no lease.
  if (acked === 0 || acked <= r.heartbeatSequence - HEARTBEATS_KEPT) return;
  const sentMs = r.heartbeatSentMs[acked % HEARTBEATS_KEPT];
  if (sentMs === undefined) return;
  r.leaseUntilMs = sentMs + r.options.leaseMs;
  r.stickyUntilMs = sentMs + r.options.leaderTimeoutMinMs;
  r.stickyOwner = r.ordinal;
}

/** The n-th largest, n from 1. The list is as short as the cluster. */
function nthOf(values: readonly number[], n: number): number {
  return [...values].sort((a, b) => b - a)[n - 1] ?? 0;
}

/**
 * Serves waiting reads if the lease holds now. Whatever was acknowledged before a read came is decided at or below
 * `decidedIndex`: this ballot's writes because only this leader tells that they are chosen, earlier ones because Phase 1
 * reported them and everything it reported is decided.
 */
export function serveLeaseReads(r: MultiPaxosState, out: Out): void {
  if (r.reads.length === 0 || r.options.readMechanism !== "lease" || r.role !== "leader") return;
  if (r.decidedIndex < r.recoveryEnd || out.nowMs >= r.leaseUntilMs) return;
  for (const request of r.reads) out.effects.push({ type: "serve", request, atIndex: r.decidedIndex });
  r.reads.length = 0;
  if (r.tracing) action(r, "Read", [r.id], out);
}

// ---- Quorum read (Charapko 2019)

/** One question at a time; reads that come meanwhile share the next one, which starts after them. */
function startReadQuery(r: MultiPaxosState, out: Out): void {
  if (r.readQuery !== null || r.reads.length === 0) return;
  r.readSequence += 1;
  const own = r.position >= 0;
  r.readQuery = {
    sequence: r.readSequence,
    requests: r.reads,
    answered: own ? 1 << r.position : 0,
    count: own ? 1 : 0,
    acceptedSlot: own ? lastIndex(r.log) : 0,
  };
  r.reads = [];
  askReadQuery(r, out);
  finishReadQuery(r, out);
  if (r.tracing) action(r, "Read", [r.id], out);
  startReadQuery(r, out);
}

function askReadQuery(r: MultiPaxosState, out: Out): void {
  if (r.readQuery === null) return;
  const { sequence } = r.readQuery;
  sendAll(r.topology.voterPeers, { type: "ReadQuery", incarnation: r.incarnation, sequence }, 0, out);
  setTimer("read", r.options.learnRetryMs, r.options.learnRetryMs, out);
}

/** Asks again: a question or an answer was lost. */
export function onReadTimeout(r: MultiPaxosState, out: Out): void {
  if (r.readQuery === null) return;
  askReadQuery(r, out);
  if (r.tracing) action(r, "Retransmit", [r.id], out);
}

/** Told only once everything accepted so far is durable: a reader must not wait for a slot that a crash here forgets. */
export function handleReadQuery(r: MultiPaxosState, from: NodeId, message: ReadQuery, out: Out): void {
  if (r.position < 0) return handled(r, from, message, out);
  const { incarnation, sequence } = message;
  const acceptedSlot = Math.max(lastIndex(r.log), r.decidedIndex);
  send(from, { type: "ReadReply", incarnation, sequence, acceptedSlot }, r.seq, out);
  handled(r, from, message, out);
}

/** Spec: HandleReadReply(i, j, m). Answers to another question or to an earlier life do not count. */
export function handleReadReply(r: MultiPaxosState, from: NodeId, message: ReadReply, out: Out): void {
  const query = r.readQuery;
  const position = r.topology.positionOf.get(from);
  const current = message.incarnation === r.incarnation && message.sequence === query?.sequence;
  if (query === null || !current || position === undefined || (query.answered & (1 << position)) !== 0)
    return handled(r, from, message, out);
  query.answered |= 1 << position;
  query.count += 1;
  if (message.acceptedSlot > query.acceptedSlot) query.acceptedSlot = message.acceptedSlot;
  finishReadQuery(r, out);
  handled(r, from, message, out);
  startReadQuery(r, out);
}

/** A completed write was accepted by a replication quorum, which meets every election quorum: `acceptedSlot` covers it. */
function finishReadQuery(r: MultiPaxosState, out: Out): void {
  const query = r.readQuery;
  if (query === null || query.count < r.topology.quorums.election) return;
  r.readQuery = null;
  out.effects.push({ type: "cancelTimer", timer: "read" });
  for (const request of query.requests) out.effects.push({ type: "serve", request, atIndex: query.acceptedSlot });
}
