/** What must hold of Raft replicas after every step, beside what every protocol must keep. O(replicas) each. */
import { type Index, type Invariant, lastIndex, roundAt } from "../core/index.js";
import type { Term } from "./messages.js";
import type { RaftState } from "./state.js";

/** At most one leader can be elected in a given term (Raft Figure 3). */
const electionSafety: Invariant<RaftState> = {
  name: "raft: election safety",
  check(changed, all) {
    if (changed.role !== "Leader") return null;
    for (const other of all) {
      if (other !== changed && other.role === "Leader" && other.currentTerm === changed.currentTerm)
        return `${changed.id} and ${other.id} both lead term ${changed.currentTerm}`;
    }
    return null;
  },
};

const indexOrder: Invariant<RaftState> = {
  name: "raft: index order",
  check(r) {
    const last = lastIndex(r.log);
    if (r.commitIndex > last) return `${r.id}: commitIndex ${r.commitIndex} > last ${last}`;
    if (r.durableIndex > last) return `${r.id}: durableIndex ${r.durableIndex} > last ${last}`;
    if (r.commitIndex < (r.snapshot?.index ?? 0)) return `${r.id}: commitIndex ${r.commitIndex} is below its snapshot`;
    if (r.log.snapshotIndex > (r.snapshot?.index ?? 0)) return `${r.id}: the log is compacted beyond its snapshot`;
    if (r.role !== "Leader") return null;
    for (const p of r.peers) {
      const match = r.matchIndex.get(p.id) ?? 0;
      if (match >= p.nextIndex) return `${r.id}: matchIndex ${match} of ${p.id} >= nextIndex ${p.nextIndex}`;
      if (p.nextIndex > last + 1) return `${r.id}: nextIndex ${p.nextIndex} of ${p.id} > last + 1 = ${last + 1}`;
    }
    if (roundAt(r.log, r.termStartIndex) !== r.currentTerm && r.termStartIndex > r.log.snapshotIndex)
      return `${r.id}: the no-op of term ${r.currentTerm} at ${r.termStartIndex} is gone`;
    return null;
  },
};

/**
 * Whatever a leader counts is in the follower's log, which cannot shrink below it in that term. That it is on the
 * follower's disk is for the harness to check, which sees the disk: a node learns of its own writes a little later.
 */
const honestMatch: Invariant<RaftState> = {
  name: "raft: honest match",
  check(changed, all) {
    if (changed.role === "Leader") {
      for (const other of all) {
        const problem = overcounted(changed, other);
        if (problem !== null) return problem;
      }
      return null;
    }
    for (const other of all) {
      const problem = other.role === "Leader" ? overcounted(other, changed) : null;
      if (problem !== null) return problem;
    }
    return null;
  },
};

function overcounted(leader: RaftState, other: RaftState): string | null {
  if (other.currentTerm !== leader.currentTerm) return null;
  const match = leader.matchIndex.get(other.id) ?? 0;
  const last = lastIndex(other.log);
  return match <= last ? null : `${leader.id} counts ${other.id} up to ${match}, whose log ends at ${last}`;
}

const learnersFollow: Invariant<RaftState> = {
  name: "raft: learners follow",
  check: (r) => (r.voter || (r.role === "Follower" && r.votedFor === 0) ? null : `${r.id}: a learner is ${r.role}`),
};

/** What a replica was after its last step. */
interface Past {
  term: Term;
  votedFor: number;
  commitIndex: Index;
  leaderOf: Term;
  lastIndex: Index;
}

/** The checker's memory, not the replica's: a copy of a state starts without a past. */
const pasts = new WeakMap<RaftState, Past>();

/** Terms and commitment never go back, a vote is never changed, a leader's log never shrinks (Leader Append-Only). */
const monotonic: Invariant<RaftState> = {
  name: "raft: monotonic",
  check(r) {
    const last = lastIndex(r.log);
    const leaderOf = r.role === "Leader" ? r.currentTerm : 0;
    const past = pasts.get(r);
    if (past === undefined) {
      pasts.set(r, {
        term: r.currentTerm,
        votedFor: r.votedFor,
        commitIndex: r.commitIndex,
        leaderOf,
        lastIndex: last,
      });
      return null;
    }
    const problem = regression(r, past, leaderOf, last);
    past.term = r.currentTerm;
    past.votedFor = r.votedFor;
    past.commitIndex = r.commitIndex;
    past.leaderOf = leaderOf;
    past.lastIndex = last;
    return problem;
  },
};

function regression(r: RaftState, past: Past, leaderOf: Term, last: Index): string | null {
  if (r.currentTerm < past.term) return `${r.id}: term ${past.term} went back to ${r.currentTerm}`;
  if (r.currentTerm === past.term && past.votedFor !== 0 && r.votedFor !== past.votedFor)
    return `${r.id}: the vote of term ${r.currentTerm} went from ${past.votedFor} to ${r.votedFor}`;
  if (r.commitIndex < past.commitIndex) return `${r.id}: commitIndex ${past.commitIndex} went back to ${r.commitIndex}`;
  if (leaderOf !== 0 && leaderOf === past.leaderOf && last < past.lastIndex)
    return `${r.id}: the leader's log shrank from ${past.lastIndex} to ${last} in term ${leaderOf}`;
  return null;
}

/** Checked by the harness after every step of every replica. */
export const invariants: readonly Invariant<RaftState>[] = [
  electionSafety,
  indexOrder,
  honestMatch,
  learnersFollow,
  monotonic,
];
