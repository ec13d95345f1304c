import { describe, expect, test } from "vitest";
import { type Entry, nodeId } from "../../protocols/core/index.js";
import type { AppendEntries, RaftMessage, RequestVote } from "../../protocols/raft/index.js";
import { raft } from "../../protocols/raft/index.js";
import { RaftLab } from "./raftLab.js";

const PLAIN = { preVote: false, checkQuorum: false };

function entries(...terms: number[]): Entry[] {
  return terms.map((round, i) => ({ kind: "noop", index: i + 1, round }));
}

/** A cluster whose nodes boot with logs of the given terms, in the given current term. */
function withLogs(currentTerm: number, logs: Record<string, number[]>, options = {}): RaftLab {
  const lab = new RaftLab(Object.keys(logs).length, { ...PLAIN, ...options });
  for (const [id, terms] of Object.entries(logs)) {
    lab.boot(nodeId(id), { hard: { currentTerm, votedFor: 0 }, snapshot: null, entries: entries(...terms) });
  }
  return lab;
}

function vote(term: number, lastLogIndex = 0, lastLogTerm = 0): RequestVote {
  return { type: "RequestVote", term, lastLogIndex, lastLogTerm };
}

function hear(lab: RaftLab, id: string, from: string, message: RaftMessage): RaftMessage[] {
  lab.input(id, { type: "message", from: nodeId(from), message });
  lab.sync(id);
  return lab.take(id, from).map((sent) => sent.message);
}

describe("elections", () => {
  test("§5.2 a follower that hears no leader begins an election: it increments its term and votes for itself", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.fire("n1", "election");
    expect(lab.at("n1").state).toMatchObject({ role: "Candidate", currentTerm: 1, votedFor: 1 });
    expect(lab.wire).toEqual([]); // The requests tell the term, so they wait for the write that holds it.
    lab.sync("n1");
    expect(lab.wire.map((sent) => raft.describe(sent.message))).toEqual([
      "RequestVote term=1 last=0/0",
      "RequestVote term=1 last=0/0",
    ]);
  });

  test("§5.2 a candidate wins with votes from a majority for the same term, and not with fewer", () => {
    const lab = new RaftLab(5, PLAIN);
    lab.fire("n1", "election");
    lab.sync("n1");
    hear(lab, "n1", "n2", { type: "RequestVoteResponse", term: 1, voteGranted: true });
    hear(lab, "n1", "n2", { type: "RequestVoteResponse", term: 1, voteGranted: true }); // Duplicated by the network.
    hear(lab, "n1", "n4", { type: "RequestVoteResponse", term: 0, voteGranted: true }); // Of an earlier term.
    expect(lab.at("n1").state.role).toBe("Candidate");
    hear(lab, "n1", "n3", { type: "RequestVoteResponse", term: 1, voteGranted: true });
    expect(lab.at("n1").state.role).toBe("Leader");
  });

  test("§5.2 a candidate's own vote counts only once it is on stable storage", () => {
    const lab = new RaftLab(1, PLAIN);
    lab.fire("n1", "election");
    expect(lab.at("n1").state.role).toBe("Candidate");
    lab.sync("n1");
    expect(lab.at("n1").state.role).toBe("Leader");
  });

  test("§5.2 each server votes for at most one candidate in a given term, first come, first served", () => {
    const lab = new RaftLab(3, PLAIN);
    expect(hear(lab, "n3", "n1", vote(1))).toMatchObject([{ voteGranted: true }]);
    expect(hear(lab, "n3", "n2", vote(1))).toMatchObject([{ voteGranted: false }]);
    expect(hear(lab, "n3", "n1", vote(1))).toMatchObject([{ voteGranted: true }]); // The same question again.
  });

  test("§5.1 currentTerm and votedFor are on stable storage before the vote leaves: a crash takes both or neither", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.input("n3", { type: "message", from: nodeId("n1"), message: vote(1) });
    expect(lab.take("n3", "n1")).toEqual([]);
    lab.restart("n3"); // The write is lost, and the vote with it.
    expect(lab.take("n3", "n1")).toEqual([]);
    expect(hear(lab, "n3", "n2", vote(1))).toMatchObject([{ voteGranted: true }]);
    lab.restart("n3");
    expect(hear(lab, "n3", "n1", vote(1))).toMatchObject([{ term: 1, voteGranted: false }]);
  });

  test("§5.4.1 a voter denies a candidate whose log is behind its own", () => {
    const lab = withLogs(3, { n1: [], n2: [], n3: [1, 2, 2] });
    expect(hear(lab, "n3", "n1", vote(4, 9, 1))).toMatchObject([{ voteGranted: false }]); // Longer, but an older term.
    expect(hear(lab, "n3", "n1", vote(5, 2, 2))).toMatchObject([{ voteGranted: false }]); // The same term, but shorter.
    expect(hear(lab, "n3", "n1", vote(6, 3, 2))).toMatchObject([{ voteGranted: true }]);
    expect(hear(lab, "n3", "n1", vote(7, 1, 3))).toMatchObject([{ voteGranted: true }]); // Shorter, but a newer term.
  });

  test("§5.2 a candidate that hears the leader of its term returns to follower state", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.fire("n1", "election");
    lab.sync("n1");
    hear(lab, "n1", "n2", { type: "Heartbeat", term: 1, leaderCommit: 0, round: 1 });
    expect(lab.at("n1").state).toMatchObject({ role: "Follower", leader: "n2", currentTerm: 1, votedFor: 1 });
  });

  test("§5.1 a request with a stale term is rejected, and a deposed leader learns the newer term and steps down", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.elect("n2", ["n2", "n3"]);
    lab.fire("n1", "heartbeat");
    lab.settle();
    expect(lab.at("n1").state).toMatchObject({ role: "Follower", currentTerm: 2 });
    expect(lab.at("n2").state.role).toBe("Leader");
  });

  test("§5.2 split votes are resolved by a new election in a new term", () => {
    const lab = new RaftLab(2, PLAIN);
    lab.fire("n1", "election");
    lab.fire("n2", "election");
    lab.settle();
    expect([lab.at("n1").state.role, lab.at("n2").state.role]).toEqual(["Candidate", "Candidate"]);
    lab.elect("n2");
    expect(lab.at("n2").state.currentTerm).toBe(2);
  });

  test("Ongaro §9.6 a server cut off from the cluster does not raise its term, and disturbs nobody when it returns", () => {
    const lab = new RaftLab(3, { preVote: true, checkQuorum: false });
    lab.elect("n1");
    for (let i = 0; i < 5; i += 1) {
      lab.silence("n3");
      lab.fire("n3", "election");
      lab.settle(["n3"]);
    }
    expect(lab.at("n3").state).toMatchObject({ role: "PreCandidate", currentTerm: 1 });
    lab.fire("n3", "election"); // Back: n1 leads and n2 hears it, so both refuse.
    lab.settle();
    expect(lab.at("n1").state).toMatchObject({ role: "Leader", currentTerm: 1 });
    lab.fire("n1", "heartbeat");
    lab.settle();
    expect(lab.at("n3").state).toMatchObject({ role: "Follower", leader: "n1" });
  });

  test("Ongaro §9.6 without PreVote the same server deposes the leader", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.silence("n3");
    for (let i = 0; i < 5; i += 1) {
      lab.fire("n3", "election");
      lab.settle(["n3"]);
    }
    lab.fire("n1", "heartbeat");
    lab.settle();
    expect(lab.at("n1").state).toMatchObject({ role: "Follower", currentTerm: 6 });
  });

  test("Ongaro §4.2.3 a server that heard its leader within the minimum timeout disregards RequestVote, term included", () => {
    const lab = new RaftLab(3, { preVote: false, checkQuorum: true });
    lab.elect("n1");
    expect(hear(lab, "n2", "n3", vote(9, 9, 9))).toEqual([]);
    expect(hear(lab, "n1", "n3", vote(9, 9, 9))).toEqual([]);
    expect([lab.at("n1").state.currentTerm, lab.at("n2").state.currentTerm]).toEqual([1, 1]);
    lab.silence("n2");
    expect(hear(lab, "n2", "n3", vote(9, 9, 9))).toMatchObject([{ term: 9, voteGranted: true }]);
  });

  test("Ongaro §6.2 a leader steps down if an election timeout passes without answers from a majority", () => {
    const lab = new RaftLab(3, { preVote: false, checkQuorum: true });
    lab.elect("n1");
    lab.fire("n1", "checkQuorum"); // n2 and n3 have answered.
    expect(lab.at("n1").state.role).toBe("Leader");
    lab.propose("n1", "x", 7);
    const effects = lab.fire("n1", "checkQuorum");
    expect(lab.at("n1").state).toMatchObject({ role: "Follower", currentTerm: 1, leader: null });
    // It is in the log, so it may still be committed.
    expect(effects).toContainEqual(expect.objectContaining({ type: "reject", request: 7, outcome: "unknown" }));
  });

  test("Ongaro §4.2.1 a learner receives the log, and neither votes nor counts nor stands for election", () => {
    const lab = new RaftLab(3, PLAIN, 1);
    expect(hear(lab, "n4", "n1", vote(1))).toMatchObject([{ voteGranted: false }]);
    lab.elect("n1");
    lab.propose("n1", "x");
    lab.settle(["n1", "n4"]);
    expect(lab.logOf("n4")).toEqual(["1", "1:x"]);
    expect(lab.at("n1").state.commitIndex).toBe(1); // n1 and n4 hold it, which is one voter.
    lab.silence("n4");
    expect(lab.at("n4").timers.has("election")).toBe(false);
    lab.fire("n1", "heartbeat");
    lab.settle();
    expect(lab.appliedBy("n4")).toEqual([1, 2]);
  });
});

describe("log replication", () => {
  test("§5.3 an entry is committed once a majority has it on stable storage, the leader's own copy included only then", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.propose("n1", "x");
    // In parallel with its own write (Ongaro §10.2.1).
    for (const sent of lab.take("n1", "n2")) lab.deliver(sent);
    lab.sync("n2");
    for (const sent of lab.take("n2", "n1")) lab.deliver(sent);
    expect(lab.at("n1").state.commitIndex).toBe(1);
    lab.sync("n1");
    expect(lab.at("n1").state.commitIndex).toBe(2);
  });

  test("§5.3 a duplicate request is not acknowledged before the original's write is durable", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.propose("n1", "x");
    const [sent] = lab.take("n1", "n2", "AppendEntries");
    if (sent === undefined) throw new Error("nothing was sent");
    lab.deliver(sent);
    lab.deliver(sent);
    expect(lab.take("n2", "n1")).toEqual([]);
    lab.sync("n2");
    expect(lab.take("n2", "n1")).toHaveLength(2);
  });

  test("§5.3 a follower acknowledges what the request proves, never its own longer log", () => {
    const lab = withLogs(2, { n1: [], n2: [1, 1, 1, 1] });
    const request: AppendEntries = {
      type: "AppendEntries",
      term: 3,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [{ kind: "noop", index: 2, round: 1 }],
      leaderCommit: 4,
    };
    expect(hear(lab, "n2", "n1", request)).toMatchObject([{ success: true, matchIndex: 2 }]);
    expect(lab.at("n2").state.commitIndex).toBe(2);
    // Nor does it erase what follows without a conflict: the request may be late (Figure 2, receiver 3).
    expect(lab.logOf("n2")).toEqual(["1", "1", "1", "1"]);
  });

  test("§5.3 an existing entry that conflicts is deleted with all that follow it, and only committed ones never are", () => {
    const lab = withLogs(3, { n1: [1, 1, 3], n2: [1, 2, 2, 2] });
    lab.elect("n1");
    expect(lab.logOf("n2")).toEqual(["1", "1", "3", "4"]);
    expect(lab.effectsOf("n2", "persist").map((write) => write.truncateFrom)).toContain(2);
    expect(lab.at("n2").log.slots.map((entry) => entry?.round)).toEqual([1, 1, 3, 4]); // On disk as well.
  });

  test("§5.3 truncation takes back what was durable: a later entry at that index is acknowledged after its own write", () => {
    const lab = withLogs(2, { n1: [1], n2: [1, 2, 2] });
    const noop = (index: number, round: number): Entry => ({ kind: "noop", index, round });
    const message: AppendEntries = {
      type: "AppendEntries",
      term: 3,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [noop(2, 3)],
      leaderCommit: 0,
    };
    lab.input("n2", { type: "message", from: nodeId("n1"), message });
    expect(lab.at("n2").state.durableIndex).toBe(1);
    expect(lab.take("n2", "n1")).toEqual([]);
    lab.sync("n2");
    expect(lab.take("n2", "n1").map((sent) => sent.message)).toMatchObject([{ success: true, matchIndex: 2 }]);
  });

  test("§5.3 a leader skips a whole term of conflicting entries with one rejected request", () => {
    const lab = withLogs(5, { n1: [1, 1, 4, 4, 4, 4, 4], n2: [1, 1, 2, 2, 2, 2, 2, 2, 2] });
    lab.elect("n1");
    const refused = lab
      .effectsOf("n2", "send")
      .filter((send) => send.message.type === "AppendEntriesResponse" && !send.message.success);
    expect(refused).toHaveLength(1);
    expect(lab.logOf("n2")).toEqual(["1", "1", "4", "4", "4", "4", "4", "6"]);
  });

  test("§5.3 a late rejection does not move nextIndex back below what is known to match", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    for (const text of ["a", "b", "c"]) lab.propose("n1", text);
    lab.settle();
    const late = { type: "AppendEntriesResponse", term: 1, success: false, prevLogIndex: 2 } as const;
    hear(lab, "n1", "n2", { ...late, conflictIndex: 0, conflictTerm: 0 });
    const progress = lab.at("n1").state.progress.get(nodeId("n2"));
    expect(progress).toMatchObject({ nextIndex: 5, phase: "Replicate" });
  });

  test("§5.3 a lost AppendEntries is found by the silence after it, and sent again", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.propose("n1", "x");
    lab.take("n1", "n2");
    lab.settle();
    expect(lab.logOf("n2")).toEqual(["1"]);
    lab.fire("n1", "heartbeat");
    lab.settle();
    expect(lab.logOf("n2")).toEqual(["1", "1:x"]);
  });

  test("§5.4.2 Figure 8: an entry of an earlier term is never committed by counting replicas", () => {
    // (c) of the figure: S1 leads term 4, its entry of term 2 has come to S3, so a majority has it; S5 holds one of term 3.
    const lab = withLogs(3, { n1: [1, 2], n2: [1, 2], n3: [1, 2], n4: [1], n5: [1, 3] });
    lab.silence("n1");
    lab.fire("n1", "election");
    lab.sync("n1");
    for (const voter of ["n2", "n3", "n4"]) {
      for (const sent of lab.take("n1", voter)) lab.deliver(sent);
      lab.sync(voter);
      for (const sent of lab.take(voter, "n1")) lab.deliver(sent);
    }
    expect(lab.at("n1").state).toMatchObject({ role: "Leader", currentTerm: 4 });
    // Nothing of term 4's own entry has arrived: only the entry of term 2 is acknowledged, by a majority.
    lab.sync("n1");
    for (const follower of ["n2", "n3"]) {
      hear(lab, "n1", follower, { type: "AppendEntriesResponse", term: 4, success: true, matchIndex: 2 });
    }
    expect(lab.at("n1").state.commitIndex).toBe(0);
    // (e): once an entry of its own term is on a majority, all before it is committed with it.
    lab.fire("n1", "heartbeat");
    lab.settle(["n1", "n2", "n3"]);
    expect(lab.appliedBy("n1")).toEqual([1, 2, 3]);
  });

  test("§5.4.2 Figure 8 (d): the entry of term 2 that a majority held is overwritten by S5, so it was not committed", () => {
    const lab = withLogs(4, { n1: [1, 2], n2: [1, 2], n3: [1, 2], n4: [1], n5: [1, 3] });
    lab.elect("n5", ["n2", "n3", "n4", "n5"]);
    expect(lab.logOf("n2")).toEqual(["1", "3", "5"]);
    expect(lab.logOf("n3")).toEqual(["1", "3", "5"]);
    expect(lab.appliedBy("n3")).toEqual([1, 2, 3]);
  });

  test("§8 a new leader commits a no-op of its term, and what earlier leaders left with it", () => {
    const lab = withLogs(2, { n1: [1, 2], n2: [1], n3: [1] });
    lab.elect("n1");
    expect(lab.logOf("n1")).toEqual(["1", "2", "3"]);
    expect(lab.appliedBy("n3")).toEqual([1, 2, 3]);
  });

  test("Ongaro §10.2.2 AppendEntries are pipelined up to the window and not beyond it", () => {
    const lab = new RaftLab(3, { ...PLAIN, inflightMessagesMax: 2 });
    lab.elect("n1");
    for (let i = 1; i <= 5; i += 1) lab.propose("n1", `c${i}`, i);
    expect(lab.wire.filter((sent) => sent.to === "n2")).toHaveLength(2);
    lab.settle();
    expect(lab.at("n1").state.commitIndex).toBe(6);
  });

  test("a proposal beyond the limit of uncommitted bytes is refused, and certainly did not happen", () => {
    const lab = new RaftLab(3, { ...PLAIN, uncommittedBytesMax: 4 });
    lab.elect("n1");
    lab.propose("n1", "abcdefgh", 1); // Nothing else waits, so even a large one is taken.
    const effects = lab.propose("n1", "y", 2);
    expect(effects).toMatchObject([{ type: "reject", request: 2, outcome: "failed", reason: "overloaded" }]);
    lab.settle();
    expect(lab.propose("n1", "y", 3)).toContainEqual({ type: "accepted", request: 3, index: 3 });
  });

  test("Howard 2016: with quorums of 4 to elect and 2 to replicate, two disks commit and three votes elect nobody", () => {
    const lab = new RaftLab(5, PLAIN, 0, { election: 4, replication: 2 });
    lab.fire("n1", "election");
    lab.settle(["n1", "n2", "n3"]);
    expect(lab.at("n1").state.role).toBe("Candidate");
    lab.elect("n1");
    lab.propose("n1", "x");
    lab.settle(["n1", "n2"]);
    expect(lab.at("n1").state.commitIndex).toBe(2);
  });
});
