/** Elections: pre-vote, votes, leadership and its end (Raft §5.2, §5.4.1; Ongaro §9.6, §6.2, §4.2.3). */
import { assert, isElectionQuorum, lastIndex, lastRound, type NodeId, putEntry, fail } from "../core/index.js";
import { sendEntries } from "./catchup.js";
import type { RequestPreVote, RequestPreVoteResponse, RequestVote, RequestVoteResponse, Term } from "./messages.js";
import { action, armElection, armLeaderHeard, type Out, persist, persistHard, send } from "./output.js";
import { rejectForwardedReads, rejectLeaderReads } from "./reads.js";
import { isUpToDate, type Progress, type RaftState, resetLeaderState } from "./state.js";

/**
 * Steps down, into `term` if that is newer. `leader` is who is known to lead it. The new term is written by the first
 * message sent in this step, or at its end.
 */
export function becomeFollower(r: RaftState, term: Term, leader: NodeId | null, out: Out): void {
  if (term < r.currentTerm) fail(`term ${term} is behind ${r.currentTerm}`);
  const wasLeader = r.role === "Leader";
  if (term > r.currentTerm) {
    r.currentTerm = term;
    r.votedFor = 0;
    r.hardDirty = true;
  }
  r.leader = leader;
  r.role = "Follower";
  r.votesGranted.clear();
  // A candidate's or follower's patience goes on: only a leader or a granted vote renews it (Raft §5.2).
  if (wasLeader) endLeadership(r, out);
}

function endLeadership(r: RaftState, out: Out): void {
  rejectLeaderReads(r, out);
  for (const { request } of r.proposals) {
    // It is in the log, so a later leader may still commit it.
    out.push({ type: "reject", request, outcome: "unknown", reason: "notLeader", leaderHint: r.leader });
  }
  resetLeaderState(r, 1);
  out.push({ type: "cancelTimer", timer: "heartbeat" }, { type: "cancelTimer", timer: "checkQuorum" });
  armElection(r, out);
}

/** A message of the current term's leader arrived: nobody else can lead this term. */
export function followLeader(r: RaftState, from: NodeId, out: Out): void {
  if (r.role === "Leader") fail(`${from} and ${r.id} both lead term ${r.currentTerm}`);
  if (r.leader !== null && r.leader !== from) fail(`${from} and ${r.leader} both lead term ${r.currentTerm}`);
  if (r.role !== "Follower") {
    r.role = "Follower";
    r.votesGranted.clear();
  }
  r.leader = from;
  armLeaderHeard(r, out);
}

/** Spec: LeaderSilent(i), Timeout(i), TimeoutPreVote(i). */
export function onElectionTimeout(r: RaftState, out: Out): void {
  if (r.leaderHeard) {
    leaderSilent(r, out);
    return;
  }
  assert(r.voter && r.role !== "Leader", `${r.id} has no election to start`);
  r.leader = null;
  rejectForwardedReads(r, out);
  if (r.options.preVote && r.quorum.election > 1) {
    becomePreCandidate(r, out);
    if (r.tracing) action(r, "TimeoutPreVote", [r.id], out);
    return;
  }
  becomeCandidate(r, out);
  if (r.tracing) action(r, "Timeout", [r.id], out);
}

/** The minimum timeout has passed: votes are free again, and the random rest of the patience begins. */
function leaderSilent(r: RaftState, out: Out): void {
  r.leaderHeard = false;
  const { electionTimeoutMinMs, electionTimeoutMaxMs } = r.options;
  if (r.voter) {
    const maxMs = electionTimeoutMaxMs - electionTimeoutMinMs;
    out.push({ type: "setTimer", timer: "election", minMs: 0, maxMs });
  } else {
    // A learner starts no election, it only stops asking the lost leader.
    r.leader = null;
    rejectForwardedReads(r, out);
  }
  if (r.tracing) action(r, "LeaderSilent", [r.id], out);
}

/** Neither term nor vote changes, so nothing is written and the own pre-vote counts at once. */
function becomePreCandidate(r: RaftState, out: Out): void {
  r.role = "PreCandidate";
  r.votesGranted.clear();
  r.votesGranted.add(r.id);
  armElection(r, out);
  const term = r.currentTerm + 1;
  const lastLogIndex = lastIndex(r.log);
  const lastLogTerm = lastRound(r.log);
  for (const p of r.peers) {
    if (p.voter) send(r, p.id, { type: "RequestPreVote", term, lastLogIndex, lastLogTerm }, out);
  }
}

/** The requests leave when term and own vote are durable; the own vote counts from then on (`voteDurable`). */
function becomeCandidate(r: RaftState, out: Out): void {
  r.role = "Candidate";
  r.currentTerm += 1;
  r.votedFor = r.ordinal;
  r.hardDirty = true;
  r.votesGranted.clear();
  armElection(r, out);
  persistHard(r, out);
  const lastLogIndex = lastIndex(r.log);
  const lastLogTerm = lastRound(r.log);
  for (const p of r.peers) {
    if (p.voter) send(r, p.id, { type: "RequestVote", term: r.currentTerm, lastLogIndex, lastLogTerm }, out);
  }
}

/**
 * Whether a vote or pre-vote is withheld because a leader lives: with PreVote or CheckQuorum on, a server that heard its
 * leader within the minimum election timeout helps nobody else (Ongaro §4.2.3). Leases rest on this. A leader that gave
 * up by itself may be helped back.
 */
function isSticky(r: RaftState, from: NodeId): boolean {
  if (r.role === "Leader") return r.options.checkQuorum;
  return (r.options.preVote || r.options.checkQuorum) && r.leaderHeard && r.leader !== from;
}

/** Spec: HandleRequestVoteRequest(i, j, m). */
export function handleRequestVoteRequest(r: RaftState, p: Progress, m: RequestVote, out: Out): void {
  // Disregarded, its term included: answering would disturb a leader that works.
  const ignored = m.term > r.currentTerm && isSticky(r, p.id);
  if (!ignored) {
    if (m.term > r.currentTerm) becomeFollower(r, m.term, null, out);
    answerVote(r, p, m, out);
  }
  if (r.tracing) action(r, "HandleRequestVoteRequest", [r.id, p.id], out);
}

function answerVote(r: RaftState, p: Progress, m: RequestVote, out: Out): void {
  const voteGranted =
    r.voter &&
    p.voter &&
    m.term === r.currentTerm &&
    // One vote per term, first come, first served; asked again by the same candidate, the same answer (Raft §5.2).
    (r.votedFor === p.ordinal || (r.votedFor === 0 && r.leader === null)) &&
    isUpToDate(r, m.lastLogIndex, m.lastLogTerm);
  if (voteGranted) {
    if (r.votedFor === 0) {
      r.votedFor = p.ordinal;
      r.hardDirty = true;
    }
    assert(r.role === "Follower" || r.role === "PreCandidate", `a ${r.role} votes for ${p.id}`);
    r.role = "Follower";
    r.votesGranted.clear();
    if (r.leader === null) armElection(r, out);
  }
  // A vote that leaves before it is durable can be cast twice after a crash (Ongaro §3.8): `send` waits for it.
  send(r, p.id, { type: "RequestVoteResponse", term: r.currentTerm, voteGranted }, out);
}

/** Spec: HandleRequestVoteResponse(i, j, m); may be followed by BecomeLeader(i). */
export function handleRequestVoteResponse(r: RaftState, p: Progress, m: RequestVoteResponse, out: Out): void {
  // A vote of an earlier term elects nobody now.
  const counts = r.role === "Candidate" && m.term === r.currentTerm && m.voteGranted && p.voter;
  if (counts) r.votesGranted.add(p.id);
  if (r.tracing) action(r, "HandleRequestVoteResponse", [r.id, p.id], out);
  if (counts) becomeLeaderIfElected(r, out);
}

/** The own vote became durable. */
export function voteDurable(r: RaftState): void {
  if (r.role === "Candidate" && r.hardSeq <= r.durableSeq) r.votesGranted.add(r.id);
}

/** Spec: HandleRequestPreVoteRequest(i, j, m). Changes nothing here, whatever the answer (Ongaro §9.6). */
export function handleRequestPreVoteRequest(r: RaftState, p: Progress, m: RequestPreVote, out: Out): void {
  const voteGranted =
    r.voter &&
    p.voter &&
    m.term > r.currentTerm &&
    r.role !== "Leader" &&
    !(r.leaderHeard && r.leader !== p.id) &&
    isUpToDate(r, m.lastLogIndex, m.lastLogTerm);
  send(r, p.id, { type: "RequestPreVoteResponse", term: r.currentTerm, nextTerm: m.term, voteGranted }, out);
  if (r.tracing) action(r, "HandleRequestPreVoteRequest", [r.id, p.id], out);
}

/** Spec: HandleRequestPreVoteResponse(i, j, m); may be followed by BecomeCandidate(i). */
export function handleRequestPreVoteResponse(r: RaftState, p: Progress, m: RequestPreVoteResponse, out: Out): void {
  const counts = r.role === "PreCandidate" && m.nextTerm === r.currentTerm + 1 && m.voteGranted && p.voter;
  if (counts) r.votesGranted.add(p.id);
  if (r.tracing) action(r, "HandleRequestPreVoteResponse", [r.id, p.id], out);
  if (!counts || !isElectionQuorum(r.quorum, r.votesGranted)) return;
  becomeCandidate(r, out);
  if (r.tracing) action(r, "BecomeCandidate", [r.id], out);
}

/** Spec: BecomeLeader(i). Opens the term with a no-op, whose commitment commits everything before it (Raft §8). */
export function becomeLeaderIfElected(r: RaftState, out: Out): void {
  if (r.role !== "Candidate" || !isElectionQuorum(r.quorum, r.votesGranted)) return;
  r.role = "Leader";
  r.leader = r.id;
  r.votesGranted.clear();
  const index = lastIndex(r.log) + 1;
  resetLeaderState(r, index);
  r.matchIndex.set(r.id, r.durableIndex);
  r.termStartIndex = index;
  const { heartbeatIntervalMs, electionTimeoutMinMs: checkMs, checkQuorum } = r.options;
  out.push(
    { type: "cancelTimer", timer: "election" },
    { type: "setTimer", timer: "heartbeat", minMs: heartbeatIntervalMs, maxMs: heartbeatIntervalMs },
  );
  if (checkQuorum) out.push({ type: "setTimer", timer: "checkQuorum", minMs: checkMs, maxMs: checkMs });
  const noop = { kind: "noop", index, round: r.currentTerm } as const;
  putEntry(r.log, noop);
  persist(r, null, null, [noop], out);
  for (const p of r.peers) sendEntries(r, p, out);
  if (r.tracing) action(r, "BecomeLeader", [r.id], out);
}

/**
 * Every minimum election timeout: a leader that heard no replication quorum since the last time can commit nothing, so
 * it makes room and tells its clients (Ongaro §6.2). Spec: CheckQuorum(i).
 */
export function onCheckQuorumTimeout(r: RaftState, out: Out): void {
  assert(r.role === "Leader", `a ${r.role} checks its quorum`);
  let heard = 1; // Only voters lead, so the own copy counts.
  for (const p of r.peers) {
    if (p.voter && p.active) heard += 1;
    p.active = false;
  }
  if (heard < r.quorum.replication) becomeFollower(r, r.currentTerm, null, out);
  else {
    const ms = r.options.electionTimeoutMinMs;
    out.push({ type: "setTimer", timer: "checkQuorum", minMs: ms, maxMs: ms });
  }
  if (r.tracing) action(r, "CheckQuorum", [r.id], out);
}
