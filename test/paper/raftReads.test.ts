import { describe, expect, test } from "vitest";
import { nodeId } from "../../protocols/core/index.js";
import type { RaftOptions } from "../../protocols/raft/index.js";
import { RaftLab } from "./raftLab.js";

const PLAIN = { preVote: false, checkQuorum: false };
const LEASE: Partial<RaftOptions> = { preVote: false, checkQuorum: true, readMechanism: "lease", clockDriftBound: 0.1 };

function read(lab: RaftLab, id: string, request: number, level: "linearizable" | "local" | "sync" = "linearizable") {
  return lab.input(id, { type: "read", request, level });
}

/** n1 leads, and its latest heartbeat, sent at `atMs`, was answered by all. */
function leased(atMs: number, options: Partial<RaftOptions> = LEASE): RaftLab {
  const lab = new RaftLab(3, options);
  lab.elect("n1");
  lab.nowMs = atMs;
  lab.fire("n1", "heartbeat");
  lab.settle();
  return lab;
}

describe("read index", () => {
  test("Ongaro §6.4 a read is served at the commit index of its arrival, after a round of heartbeats to a majority", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    expect(read(lab, "n1", 1).map((effect) => effect.type)).toEqual(["send", "send", "action"]);
    lab.settle();
    expect(lab.effectsOf("n1", "serve")).toEqual([{ type: "serve", request: 1, atIndex: 1 }]);
  });

  test("Ongaro §6.4 a deposed leader that does not know it yet serves nothing", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.elect("n2", ["n2", "n3"]);
    lab.propose("n2", "x");
    lab.settle(["n2", "n3"]);
    read(lab, "n1", 1);
    lab.settle();
    expect(lab.effectsOf("n1", "serve")).toEqual([]);
    expect(lab.effectsOf("n1", "reject")).toMatchObject([{ request: 1, outcome: "failed", reason: "notLeader" }]);
  });

  test("Ongaro §6.4 answers to heartbeats sent before a read came do not confirm it", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.fire("n1", "heartbeat");
    for (const sent of [...lab.take("n1", "n2"), ...lab.take("n1", "n3")]) lab.deliver(sent);
    const early = [...lab.take("n2", "n1"), ...lab.take("n3", "n1")];
    expect(early).toHaveLength(2);
    read(lab, "n1", 1);
    for (const sent of early) lab.deliver(sent);
    expect(lab.effectsOf("n1", "serve")).toEqual([]);
    lab.settle();
    expect(lab.effectsOf("n1", "serve")).toHaveLength(1);
  });

  test("§8 a new leader serves no read before its no-op is committed, and then at that index", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.propose("n1", "x");
    lab.settle(); // Committed; n2 knows it.
    lab.silence("n2", "n3");
    lab.fire("n2", "election");
    lab.sync("n2");
    for (const sent of lab.take("n2", "n3")) lab.deliver(sent);
    lab.sync("n3");
    for (const sent of lab.take("n3", "n2")) lab.deliver(sent);
    expect(lab.at("n2").state.role).toBe("Leader");
    expect(read(lab, "n2", 1).filter((effect) => effect.type !== "action")).toEqual([]);
    lab.settle();
    expect(lab.effectsOf("n2", "serve")).toEqual([{ type: "serve", request: 1, atIndex: 3 }]);
  });

  test("Ongaro §6.4 reads that come while the rounds are taken share the next one", () => {
    const lab = new RaftLab(3, { ...PLAIN, readRoundsMax: 1 });
    lab.elect("n1");
    for (let request = 1; request <= 10; request += 1) read(lab, "n1", request);
    lab.settle();
    expect(lab.effectsOf("n1", "serve").map((effect) => effect.request)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const rounds = lab
      .effectsOf("n1", "send")
      .filter((send) => send.message.type === "Heartbeat" && send.message.round > 0);
    expect(rounds).toHaveLength(4); // Two rounds of two heartbeats.
  });

  test("Ongaro §6.4 a follower or learner asks the leader for a read index and serves the read itself", () => {
    const lab = new RaftLab(3, PLAIN, 1);
    lab.elect("n1");
    lab.fire("n1", "heartbeat");
    lab.settle();
    for (const id of ["n2", "n4"]) {
      read(lab, id, 5);
      lab.settle();
      expect(lab.effectsOf(id, "serve")).toEqual([{ type: "serve", request: 5, atIndex: 1 }]);
    }
  });

  test("an answer to an earlier incarnation serves no read of the next one", () => {
    const lab = new RaftLab(3, PLAIN);
    lab.elect("n1");
    lab.fire("n1", "heartbeat");
    lab.settle();
    read(lab, "n2", 1);
    for (const sent of lab.take("n2", "n1")) lab.deliver(sent);
    for (const sent of [...lab.take("n1", "n3"), ...lab.take("n1", "n2")]) lab.deliver(sent);
    for (const sent of [...lab.take("n3", "n1"), ...lab.take("n2", "n1")]) lab.deliver(sent);
    const late = lab.take("n1", "n2", "ReadIndexResponse");
    expect(late).toHaveLength(1);
    lab.restart("n2");
    lab.fire("n1", "heartbeat");
    lab.settle();
    read(lab, "n2", 2);
    for (const sent of late) lab.deliver(sent);
    expect(lab.effectsOf("n2", "serve")).toEqual([]);
    lab.settle();
    expect(lab.effectsOf("n2", "serve").map((effect) => effect.request)).toEqual([2]);
  });

  test("a lost read-index request is asked again, and refused when there is nobody to ask", () => {
    const lab = new RaftLab(3, PLAIN);
    expect(read(lab, "n2", 1)).toMatchObject([{ type: "reject", outcome: "failed", leaderHint: null }, {}]);
    lab.elect("n1");
    lab.fire("n1", "heartbeat");
    lab.settle();
    read(lab, "n2", 2);
    lab.wire = [];
    lab.fire("n2", "readRetry");
    lab.settle();
    expect(lab.effectsOf("n2", "serve").map((effect) => effect.request)).toEqual([2]);
    read(lab, "n2", 3);
    lab.silence("n2");
    expect(lab.fire("n2", "election")).toContainEqual(expect.objectContaining({ type: "reject", request: 3 }));
  });

  test("local reads are served anywhere at once; sync is not Raft's", () => {
    const lab = new RaftLab(3, PLAIN);
    expect(read(lab, "n3", 1, "local")).toContainEqual({ type: "serve", request: 1, atIndex: 0 });
    expect(read(lab, "n3", 2, "sync")).toMatchObject([
      { type: "reject", reason: "unsupported", outcome: "failed" },
      {},
    ]);
  });
});

describe("leases", () => {
  test("Ongaro §6.4.1 a leader serves at once while its lease holds, counted from when the heartbeats were sent", () => {
    const lab = leased(5000);
    lab.nowMs = 5000 + Math.floor((1000 * 0.9) / 1.1);
    expect(read(lab, "n1", 1)[0]).toEqual({ type: "serve", request: 1, atIndex: 1 });
    lab.nowMs += 1; // The drift bound is used up: a round of heartbeats has to confirm it.
    expect(read(lab, "n1", 2)[0]).toMatchObject({ type: "send", message: { type: "Heartbeat" } });
  });

  test("Ongaro §6.4.1 a late answer extends the lease from the sending, not from its arrival", () => {
    const lab = leased(5000);
    lab.nowMs = 5100;
    lab.fire("n1", "heartbeat");
    lab.nowMs = 5800;
    lab.settle();
    lab.nowMs = 5100 + 820; // Lease: 818 ms.
    expect(read(lab, "n1", 1)[0]).toMatchObject({ type: "send" });
  });

  test("Ongaro §6.4.1 one answer of four is no lease", () => {
    const lab = new RaftLab(5, LEASE);
    lab.elect("n1");
    lab.nowMs = 5000;
    lab.fire("n1", "heartbeat");
    lab.settle(["n1", "n2"]);
    expect(read(lab, "n1", 1)[0]).toMatchObject({ type: "send" });
  });

  test("a voter that restarts within a lease helps nobody to lead until one lease time has passed", () => {
    const lab = leased(5000);
    lab.restart("n2");
    lab.restart("n3");
    expect(lab.at("n2").timers.get("election")).toMatchObject({ minMs: 1000, maxMs: 1000 });
    for (const voter of ["n2", "n3"]) {
      const message = { type: "RequestVote", term: 2, lastLogIndex: 9, lastLogTerm: 9 } as const;
      lab.input(voter, { type: "message", from: nodeId(voter === "n2" ? "n3" : "n2"), message });
      lab.sync(voter);
      expect(lab.at(voter).state.currentTerm).toBe(1);
    }
    expect(lab.wire).toEqual([]);
    lab.elect("n2", ["n2", "n3"]); // After the minimum timeout.
    expect(lab.at("n2").state.currentTerm).toBe(2);
  });

  test("a node that never ran has promised nothing and waits for nothing", () => {
    const lab = new RaftLab(3, LEASE);
    expect(lab.at("n1").state.leaderHeard).toBe(false);
  });

  test("a leader that steps down has no lease, and none of an earlier term when it leads again", () => {
    const lab = leased(5000);
    lab.fire("n1", "checkQuorum");
    lab.fire("n1", "checkQuorum"); // Nothing was heard since.
    expect(lab.at("n1").state.role).toBe("Follower");
    lab.elect("n1");
    lab.nowMs = 5001;
    expect(read(lab, "n1", 1)[0]).toMatchObject({ type: "send" });
  });
});
