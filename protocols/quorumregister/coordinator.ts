/**
 * The coordinator's side: ABD's two phases (Attiya, Bar-Noy, Dolev 1995) with many writers (Lynch, Shvartsman 1997) and
 * quorums of any size. A put queries for the newest timestamp and propagates a newer one; a get queries, and what it does
 * about replicas that are behind is a setting.
 */
import {
  assert,
  type Cell,
  compareTimestamps,
  type NodeId,
  type ReadLevel,
  type RequestId,
  unreachable,
} from "../core/index.js";
import { serve } from "./cells.js";
import type { RegisterMessage } from "./messages.js";
import type { Operation, Out, RegisterState } from "./state.js";

/** A late answer can repair for this many retransmission periods after a get was answered. */
const REPAIR_PERIODS = 2;

/**
 * A client's get: a query of a read quorum and, where the option says so, a write-back (Attiya, Bar-Noy, Dolev 1995).
 * At level local the own cell answers.
 */
export function beginGet(s: RegisterState, request: RequestId, key: string, level: ReadLevel, out: Out): void {
  if (level === "linearizable") {
    begin(s, request, "get", key, null, out);
  } else if (level === "local" && s.replicas.includes(s.id)) {
    out.push({ type: "answer", request, f: "get", cell: s.cells.get(key) ?? null });
  } else {
    out.push({ type: "reject", request, outcome: "failed", reason: "unsupported" });
  }
}

/** A client's put: a query for the highest timestamp, then its propagation to a write quorum. */
export function beginPut(s: RegisterState, request: RequestId, key: string, value: Uint8Array, out: Out): void {
  begin(s, request, "put", key, value, out);
}

function begin(
  s: RegisterState,
  request: RequestId,
  f: Operation["f"],
  key: string,
  value: Uint8Array | null,
  out: Out,
): void {
  s.lastOperation += 1;
  const operation: Operation = {
    id: s.lastOperation,
    request,
    f,
    key,
    value,
    phase: "query",
    newest: null,
    heard: new Map(),
    acknowledged: new Set(),
    retransmissions: 0,
  };
  s.operations.set(operation.id, operation);
  query(s, operation, out);
}

function query(s: RegisterState, { id, key, heard }: Operation, out: Out): void {
  const message: RegisterMessage = { type: "Query", incarnation: s.incarnation, operation: id, key };
  for (const replica of s.replicas) if (!heard.has(replica)) request(s, replica, message, out);
}

function propagate(s: RegisterState, { id, newest, acknowledged }: Operation, out: Out): void {
  assert(newest !== null, "there is a cell to propagate");
  const message: RegisterMessage = {
    type: "Propagate",
    incarnation: s.incarnation,
    operation: id,
    cell: newest,
  };
  for (const replica of s.replicas) if (!acknowledged.has(replica)) request(s, replica, message, out);
}

/** To another replica, or to the own one, whose answer waits for the same writes. */
function request(
  s: RegisterState,
  to: NodeId,
  message: Extract<RegisterMessage, { type: "Query" | "Propagate" }>,
  out: Out,
): void {
  if (to !== s.id) {
    out.push({ type: "send", to, message, after: 0 }); // It tells nothing about the own disk.
    return;
  }
  const { response, after } = serve(s, message, out);
  if (after > s.durableSeq) s.held.push({ after, message: response });
  else onAnswer(s, s.id, response, out);
}

/** An answer of a replica, perhaps the own one, to an operation that may be over. */
export function onAnswer(s: RegisterState, from: NodeId, m: RegisterMessage, out: Out): void {
  if (m.incarnation !== s.incarnation) return; // Asked before a restart.
  const operation = s.operations.get(m.operation);
  if (operation === undefined) return; // It is over, or it was a repair.
  switch (m.type) {
    case "QueryResponse":
      onQueryResponse(s, operation, from, m.cell, out);
      break;
    case "PropagateResponse":
      if (operation.phase === "propagate") acknowledge(s, operation, from, out);
      break;
    case "Query":
    case "Propagate":
      assert(false, `${m.type} is no answer`);
      break;
    default:
      unreachable(m);
  }
}

function onQueryResponse(s: RegisterState, operation: Operation, from: NodeId, cell: Cell | null, out: Out): void {
  const { heard, newest } = operation;
  if (heard.has(from)) return; // The link has doubled it, or the query was sent again.
  heard.set(from, cell?.timestamp ?? null);
  const newer = compareTimestamps(cell?.timestamp ?? null, newest?.timestamp ?? null);
  switch (operation.phase) {
    case "query":
      if (newer > 0) operation.newest = cell;
      if (heard.size >= s.readQuorum) onQueried(s, operation, out);
      break;
    case "propagate":
      // A late answer: this replica needs no Propagate any more.
      if (operation.f === "get" && newer >= 0) acknowledge(s, operation, from, out);
      break;
    case "repair":
      if (newer > 0) operation.newest = cell;
      repair(s, operation, out);
      break;
    default:
      unreachable(operation.phase);
  }
}

function onQueried(s: RegisterState, operation: Operation, out: Out): void {
  if (operation.f === "put") {
    beginPropagate(s, operation, out);
    return;
  }
  switch (s.options.readRepair) {
    case "off":
      answer(s, operation, out);
      break;
    case "background":
      out.push({ type: "answer", request: operation.request, f: "get", cell: operation.newest });
      operation.phase = "repair";
      operation.retransmissions = 0;
      repair(s, operation, out);
      break;
    case "writeBack":
      writeBack(s, operation, out);
      break;
    default:
      unreachable(s.options.readRepair);
  }
}

/** ABD: a put's timestamp is above all that its query has seen, and above those that this node has given out itself. */
function beginPropagate(s: RegisterState, operation: Operation, out: Out): void {
  const { key, value, newest } = operation;
  assert(value !== null, "a put has a value");
  const counter = Math.max(newest?.timestamp.counter ?? 0, s.issued.get(key) ?? 0) + 1;
  s.issued.set(key, counter);
  operation.newest = { key, timestamp: { counter, ordinal: s.ordinal, incarnation: s.incarnation }, value };
  operation.phase = "propagate";
  operation.retransmissions = 0;
  propagate(s, operation, out);
}

/**
 * ABD's second phase of a get. Replicas that answered with the newest cell need not be sent it, and if they are W there is
 * no second phase: their answers waited for their disks.
 */
function writeBack(s: RegisterState, operation: Operation, out: Out): void {
  const { newest, heard, acknowledged } = operation;
  if (newest === null) {
    answer(s, operation, out); // Nothing was written that has been answered, so there is nothing to keep.
    return;
  }
  for (const [replica, timestamp] of heard)
    if (compareTimestamps(timestamp, newest.timestamp) === 0) acknowledged.add(replica);
  if (acknowledged.size >= s.writeQuorum) {
    answer(s, operation, out);
    return;
  }
  operation.phase = "propagate";
  operation.retransmissions = 0;
  propagate(s, operation, out);
}

function acknowledge(s: RegisterState, operation: Operation, from: NodeId, out: Out): void {
  operation.acknowledged.add(from);
  if (operation.acknowledged.size >= s.writeQuorum) answer(s, operation, out);
}

function answer(s: RegisterState, { id, request, f, newest }: Operation, out: Out): void {
  s.operations.delete(id);
  out.push({ type: "answer", request, f, cell: newest });
}

/** Sends the newest cell to every replica that was heard to be behind. Nobody waits for it. */
function repair(s: RegisterState, operation: Operation, out: Out): void {
  const { newest, heard } = operation;
  if (newest !== null) {
    const message: RegisterMessage = { type: "Propagate", incarnation: s.incarnation, operation: 0, cell: newest };
    for (const replica of s.replicas) {
      const timestamp = heard.get(replica);
      if (timestamp === undefined || compareTimestamps(timestamp, newest.timestamp) >= 0) continue;
      heard.set(replica, newest.timestamp);
      request(s, replica, message, out);
    }
  }
  if (heard.size === s.replicas.length) s.operations.delete(operation.id);
}

/** The timer: what is unanswered is sent again, until it has been long enough. */
export function onRetransmit(s: RegisterState, out: Out): void {
  for (const operation of s.operations.values()) {
    operation.retransmissions += 1;
    if (operation.phase === "repair") {
      if (operation.retransmissions >= REPAIR_PERIODS) s.operations.delete(operation.id);
    } else if (operation.retransmissions > s.options.retransmissionsMax) {
      giveUp(s, operation, out);
    } else if (operation.phase === "query") {
      query(s, operation, out);
    } else {
      propagate(s, operation, out);
    }
  }
}

function giveUp(s: RegisterState, { id, request, f, phase }: Operation, out: Out): void {
  s.operations.delete(id);
  // What was propagated may reach a quorum yet, by retransmission in the network or by the repair of a get.
  const outcome = f === "put" && phase === "propagate" ? "unknown" : "failed";
  out.push({ type: "reject", request, outcome, reason: "notReady" });
}
