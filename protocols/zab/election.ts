/**
 * Fast leader election (Medeiros 2012 §3.1; ZooKeeper's FastLeaderElection): phase 0, which only proposes a leader.
 * Nothing is safe because of it; Discovery makes it so.
 */
import { lastIndex, lastRound, type Member, memberById, memberByOrdinal, type NodeId } from "../core/index.js";
import type { Notification, Ordinal, Vote } from "./messages.js";
import { type EstablishedVote, type Out, type ZabState, send, supportQuorum } from "./state.js";
import { act } from "./trace.js";

/** Whether `a` wins over `b`: (currentEpoch, zxid, id), all three (a vote without its epoch is no total order). */
export function voteWins(a: Vote, b: Vote): boolean {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch;
  if (a.zxidEpoch !== b.zxidEpoch) return a.zxidEpoch > b.zxidEpoch;
  if (a.zxidIndex !== b.zxidIndex) return a.zxidIndex > b.zxidIndex;
  return a.leader > b.leader;
}

/** Whether two votes are for the same server with the same history. */
export function votesEqual(a: Vote, b: Vote): boolean {
  return (
    a.leader === b.leader && a.peerEpoch === b.peerEpoch && a.zxidEpoch === b.zxidEpoch && a.zxidIndex === b.zxidIndex
  );
}

/**
 * Whether another server's vote is taken over. One for a server that was elected and did not answer is not: behind a link
 * that works one way only, the best vote would win every election and its owner would lead in none. Which history
 * wins is settled in Discovery, so this costs no safety.
 */
function prefers(s: ZabState, vote: Vote, over: Vote): boolean {
  return !s.shunned.has(vote.leader) && voteWins(vote, over);
}

/**
 * Whether `sender` may speak for this vote. At first only its owner: behind a partial partition the best vote would come by
 * way of a third server, and win every election of those who cannot reach its owner. But its owner may also be in reach of
 * too few, who would wait for the others for ever: an election that drags on takes votes from anybody.
 */
function speaksFor(s: ZabState, sender: Ordinal, vote: Vote): boolean {
  return s.relays || vote.leader === sender;
}

/** The best of this server's own vote and of those that it has heard from those who may speak for them. */
function bestVote(s: ZabState): Vote {
  let best = ownVote(s);
  for (const voter of s.quorums.voters) {
    const vote = s.received.get(voter);
    const sender = memberById(s.members, voter)?.ordinal;
    if (vote === undefined || sender === undefined || !speaksFor(s, sender, vote)) continue;
    if (prefers(s, vote, best)) best = vote;
  }
  return best;
}

/** Takes over a better vote, and gives up one whose owner stands for another server by now. */
function reconsider(s: ZabState, sender: Ordinal, vote: Vote, out: Out): void {
  const changes = speaksFor(s, sender, vote) ? prefers(s, vote, s.vote) : s.vote.leader === sender;
  if (changes) changeVote(s, bestVote(s), out);
}

/** An observer proposes nobody. */
function ownVote(s: ZabState): Vote {
  if (!s.voter) return { leader: 0, peerEpoch: 0, zxidEpoch: 0, zxidIndex: 0 };
  return { leader: s.ordinal, peerEpoch: s.currentEpoch, zxidEpoch: lastRound(s.log), zxidIndex: lastIndex(s.log) };
}

/** Spec: StartElection(i). The caller has left its epoch and reset what belonged to it. */
export function startElection(s: ZabState, out: Out): void {
  s.serverState = "LOOKING";
  s.phase = "election";
  s.leader = null;
  s.logicalClock += 1;
  s.vote = ownVote(s);
  s.received = new Map();
  s.outOfElection = new Map();
  s.notificationMs = s.options.notificationMinMs;
  s.finalizing = false;
  s.relays = false;
  if (s.tracing) act(s, out, "StartElection", [s.id]);
  broadcastVote(s, out);
  armNotification(s, out);
  countVotes(s, out);
}

function armNotification(s: ZabState, out: Out): void {
  out.push({ type: "setTimer", timer: "notification", minMs: s.notificationMs, maxMs: s.notificationMs });
}

/** Held behind no write: a notification promises nothing, and what it says of a history is checked in Discovery. */
function notify(s: ZabState, to: NodeId, out: Out): void {
  send(to, { type: "Notification", state: s.serverState, round: s.logicalClock, vote: s.vote }, 0, out);
}

/** Voters only: an observer asks and is answered, but nobody waits for it. */
function broadcastVote(s: ZabState, out: Out): void {
  for (const peer of s.peers) if (peer.role === "voter") notify(s, peer.id, out);
}

/**
 * Spec: SendNotifications(i). The interval doubles up to notificationMaxMs. From its fourth fold on the election counts as
 * one that does not end and needs everybody it can get: nobody is shunned any more, and votes are taken over from anybody.
 */
export function onNotificationTimeout(s: ZabState, out: Out): void {
  if (s.serverState !== "LOOKING") return;
  const desperate = s.notificationMs >= 4 * s.options.notificationMinMs;
  if (desperate) {
    s.shunned.clear();
    s.relays = true;
  }
  s.notificationMs = Math.min(s.notificationMs * 2, s.options.notificationMaxMs);
  if (s.tracing) act(s, out, "SendNotifications", [s.id, desperate]);
  broadcastVote(s, out);
  armNotification(s, out);
}

/**
 * Spec: HandleNotification(i, j). Returns whether this server has just learned who leads an established ensemble, in
 * which case `s.vote` names the leader.
 */
export function handleNotification(s: ZabState, from: NodeId, m: Notification, out: Out): boolean {
  const sender = memberById(s.members, from);
  if (sender === null) return false;
  if (s.serverState !== "LOOKING") {
    // A server that has found its leader tells it to whoever looks for one, observers included.
    if (m.state === "LOOKING") notify(s, from, out);
    return false;
  }
  // The word of an observer is never counted (ZOOKEEPER-764).
  if (sender.role !== "voter") {
    notify(s, from, out);
    return false;
  }
  const proposed = memberByOrdinal(s.members, m.vote.leader);
  if (proposed === null || proposed.role !== "voter") return false;
  if (m.state === "LOOKING") {
    if (s.voter) handleLookingVote(s, sender, m, out);
    else s.outOfElection.delete(from);
    return false;
  }
  if (m.state === "OBSERVING") return false;
  return handleEstablishedVote(s, sender, m, m.state, out);
}

function handleLookingVote(s: ZabState, sender: Member, m: Notification, out: Out): void {
  const from = sender.id;
  if (m.round < s.logicalClock) {
    // The sender is in an earlier election: it joins this one when it hears of it.
    notify(s, from, out);
    return;
  }
  if (m.round > s.logicalClock) {
    s.logicalClock = m.round;
    s.received = new Map([[from, m.vote]]);
    changeVote(s, bestVote(s), out);
  } else {
    s.received.set(from, m.vote);
    reconsider(s, sender.ordinal, m.vote, out);
  }
  // It leads or follows nobody any more.
  s.outOfElection.delete(from);
  if (s.tracing) act(s, out, "HandleNotification", [s.id, from]);
  countVotes(s, out);
}

function changeVote(s: ZabState, vote: Vote, out: Out): void {
  s.vote = vote;
  // The wait for a better vote begins again: one has just come.
  if (s.finalizing) out.push({ type: "cancelTimer", timer: "finalize" });
  s.finalizing = false;
  broadcastVote(s, out);
}

/** A quorum agrees with this server's proposal (ZooKeeper: termPredicate). */
function hasQuorum(s: ZabState): boolean {
  let votes = 0;
  for (const voter of s.quorums.voters) {
    const vote = voter === s.id ? s.vote : s.received.get(voter);
    if (vote !== undefined && votesEqual(vote, s.vote)) votes += 1;
  }
  return votes >= s.quorums.election;
}

function countVotes(s: ZabState, out: Out): void {
  if (!s.voter || s.finalizing || !hasQuorum(s)) return;
  s.finalizing = true;
  const { finalizeWaitMs } = s.options;
  out.push({ type: "setTimer", timer: "finalize", minMs: finalizeWaitMs, maxMs: finalizeWaitMs });
}

/** Spec: FinalizeElection(i). Returns whether the election is decided; `s.vote` names the leader. */
export function onFinalizeTimeout(s: ZabState, out: Out): boolean {
  if (s.serverState !== "LOOKING" || !s.finalizing) return false;
  s.finalizing = false;
  // A voter may have changed its mind during the wait, for another election round.
  if (!hasQuorum(s)) return false;
  if (s.tracing) act(s, out, "FinalizeElection", [s.id]);
  return true;
}

/**
 * Votes of servers that are not looking any more. They decide when a quorum of them names the same leader and the leader
 * itself says so (ZooKeeper: checkLeader); else two late servers could elect a dead one for ever. Their rounds may differ:
 * a follower keeps the round of the election it took part in, while its leader may have won a later one since.
 */
function handleEstablishedVote(
  s: ZabState,
  sender: Member,
  m: Notification,
  state: "FOLLOWING" | "LEADING",
  out: Out,
): boolean {
  const from = sender.id;
  s.outOfElection.set(from, { state, round: m.round, vote: m.vote });
  // In this very round the sender was only faster to decide: its vote is a vote as any other.
  if (s.voter && m.round === s.logicalClock) {
    s.received.set(from, m.vote);
    reconsider(s, sender.ordinal, m.vote, out);
  }
  if (s.tracing) act(s, out, "HandleNotification", [s.id, from]);
  const leader = memberByOrdinal(s.members, m.vote.leader);
  if (leader === null) return false;
  if (leader.id === s.id) return electedByOthers(s, m);
  const leading = s.outOfElection.get(leader.id);
  if (leading?.state !== "LEADING") return false;
  let votes = 0;
  for (const voter of s.quorums.voters) {
    const named = voter === s.id ? ownVoteFor(s, leading) : s.outOfElection.get(voter)?.vote.leader;
    if (named === m.vote.leader) votes += 1;
  }
  if (votes < supportQuorum(s)) return false;
  s.logicalClock = leading.round;
  s.vote = leading.vote;
  return true;
}

/**
 * Whether this server was elected in its present round and is the last to know: it heard the votes that decided late or
 * out of order, and those who follow it now cast no others (ZooKeeper: checkLeader, where the leader is the server itself).
 */
function electedByOthers(s: ZabState, m: Notification): boolean {
  return s.voter && m.round === s.logicalClock && votesEqual(m.vote, s.vote) && hasQuorum(s);
}

/** This server's own vote counts beside theirs in the round that made the leader. */
function ownVoteFor(s: ZabState, leading: EstablishedVote): Ordinal {
  return s.voter && leading.round === s.logicalClock ? s.vote.leader : 0;
}

/** The election is over: nothing of it may fire later. */
export function endElection(s: ZabState, out: Out): void {
  out.push({ type: "cancelTimer", timer: "notification" });
  if (s.finalizing) out.push({ type: "cancelTimer", timer: "finalize" });
  s.finalizing = false;
  s.received = new Map();
  s.outOfElection = new Map();
}
