/** The one door of a Raft replica: an input in, effects out. */
import { assert, type Effect, type Input, type NodeId, unreachable, type WriteSeq } from "../core/index.js";
import { advanceCommitIndex } from "./commit.js";
import {
  becomeFollower,
  becomeLeaderIfElected,
  handleRequestPreVoteRequest,
  handleRequestPreVoteResponse,
  handleRequestVoteRequest,
  handleRequestVoteResponse,
  onCheckQuorumTimeout,
  onElectionTimeout,
  voteDurable,
} from "./election.js";
import type { Raft, RaftMessage, RaftTimer } from "./messages.js";
import { action, armElection, armLeaderHeard, completeWrites, type Out, persistHard } from "./output.js";
import { handleReadIndexRequest, handleReadIndexResponse, onReadRetry, read } from "./reads.js";
import { handleAppendEntriesRequest } from "./recovery.js";
import {
  handleAppendEntriesResponse,
  handleHeartbeatRequest,
  handleHeartbeatResponse,
  onHeartbeatTimeout,
  propose,
} from "./replication.js";
import {
  handleInstallSnapshotRequest,
  handleInstallSnapshotResponse,
  onSnapshotSent,
  onSnapshotTaken,
} from "./snapshot.js";
import type { RaftState } from "./state.js";

/** Mutates `r`. Throws AssertionError for a bug only. */
export function step(r: RaftState, input: Input<Raft>, nowMs: number): readonly Effect<Raft>[] {
  const out: Out = [];
  r.nowMs = nowMs;
  switch (input.type) {
    case "start":
      onStart(r, out);
      break;
    case "message":
      onMessage(r, input.from, input.message, out);
      break;
    case "timeout":
      onTimeout(r, input.timer, out);
      break;
    case "durable":
      onDurable(r, input.upTo, out);
      break;
    case "propose":
      propose(r, input.request, input.command, out);
      break;
    case "read":
      read(r, input.request, input.level, out);
      break;
    case "snapshotTaken":
      onSnapshotTaken(r, input.index, input.id, input.bytes, out);
      break;
    case "snapshotReceived":
      onSnapshotReceived(r, input, out);
      break;
    case "snapshotSent":
      onSnapshotSent(r, input.to, input.ok, out);
      break;
    default:
      unreachable(input);
  }
  // A new term that no message told must be durable all the same.
  if (r.hardDirty) persistHard(r, out);
  return out;
}

/** The host has loaded the recovered snapshot by itself. Spec: Restart(i), except for a node that never ran. */
function onStart(r: RaftState, out: Out): void {
  // A voter that may have acknowledged a heartbeat before it crashed keeps still for one lease.
  if (r.leaderHeard) armLeaderHeard(r, out);
  else if (r.voter) armElection(r, out);
  if (r.tracing && (r.currentTerm > 0 || r.log.snapshotIndex > 0)) action(r, "Restart", [r.id], out);
}

/** Spec: Persist(i, n). The own copy and the own vote count from now on, and not before. */
function onDurable(r: RaftState, upTo: WriteSeq, out: Out): void {
  const completed = completeWrites(r, upTo);
  if (r.role === "Leader") r.matchIndex.set(r.id, r.durableIndex);
  else voteDurable(r);
  if (r.tracing) action(r, "Persist", [r.id, completed], out);
  if (r.role === "Leader") advanceCommitIndex(r, out);
  else becomeLeaderIfElected(r, out);
}

function onTimeout(r: RaftState, timer: RaftTimer, out: Out): void {
  switch (timer) {
    case "election":
      onElectionTimeout(r, out);
      break;
    case "heartbeat":
      onHeartbeatTimeout(r, out);
      break;
    case "checkQuorum":
      onCheckQuorumTimeout(r, out);
      break;
    case "readRetry":
      onReadRetry(r, out);
      break;
    default:
      unreachable(timer);
  }
}

function onMessage(r: RaftState, from: NodeId, m: RaftMessage, out: Out): void {
  const p = r.progress.get(from);
  if (p === undefined) return; // Not a member: nothing it says counts.
  switch (m.type) {
    case "RequestVote":
      handleRequestVoteRequest(r, p, m, out); // Adopts the newer term itself, or disregards it.
      return;
    case "RequestPreVote":
      handleRequestPreVoteRequest(r, p, m, out); // Its term is one that nobody has entered yet.
      return;
    case "AppendEntries":
    case "Heartbeat":
      if (m.term > r.currentTerm) becomeFollower(r, m.term, from, out);
      break;
    case "InstallSnapshot":
      return; // Comes as `snapshotReceived`, with its bytes; without them it is nothing.
    default:
      if (m.term > r.currentTerm) becomeFollower(r, m.term, null, out);
  }
  switch (m.type) {
    case "RequestVoteResponse":
      handleRequestVoteResponse(r, p, m, out);
      break;
    case "RequestPreVoteResponse":
      handleRequestPreVoteResponse(r, p, m, out);
      break;
    case "AppendEntries":
      handleAppendEntriesRequest(r, from, m, out);
      break;
    case "AppendEntriesResponse":
      handleAppendEntriesResponse(r, p, m, out);
      break;
    case "Heartbeat":
      handleHeartbeatRequest(r, from, m, out);
      break;
    case "HeartbeatResponse":
      handleHeartbeatResponse(r, p, m, out);
      break;
    case "InstallSnapshotResponse":
      handleInstallSnapshotResponse(r, p, m, out);
      break;
    case "ReadIndexRequest":
      handleReadIndexRequest(r, from, m, out);
      break;
    case "ReadIndexResponse":
      handleReadIndexResponse(r, from, m, out);
      break;
    default:
      unreachable(m);
  }
}

function onSnapshotReceived(r: RaftState, input: Extract<Input<Raft>, { type: "snapshotReceived" }>, out: Out): void {
  const { from, message, snapshot } = input;
  if (!r.progress.has(from)) return;
  assert(message.type === "InstallSnapshot", `a snapshot beside a ${message.type}`);
  if (message.term > r.currentTerm) becomeFollower(r, message.term, from, out);
  handleInstallSnapshotRequest(r, from, message, snapshot, out);
}
