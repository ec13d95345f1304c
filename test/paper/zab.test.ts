/** Sentences of the ZAB papers and of ZooKeeper: election and discovery. Keys as in protocols/zab/README.md. */
import { describe, expect, test } from "vitest";
import { nodeId } from "../../protocols/core/index.js";
import { voteWins } from "../../protocols/zab/election.js";
import { zab } from "../../protocols/zab/index.js";
import type { Vote } from "../../protocols/zab/messages.js";
import { EMPTY, diskOf, ZabLab } from "./zabLab.js";
import { connected, led, ofType } from "./zabStations.js";

const vote = (peerEpoch: number, zxidEpoch: number, zxidIndex: number, leader: number): Vote => ({
  leader,
  peerEpoch,
  zxidEpoch,
  zxidIndex,
});

describe("phase 0, fast leader election (Medeiros 2012 §3.1)", () => {
  test("a vote with the later epoch wins, then the one with the later zxid, then the one with the larger id", () => {
    expect(voteWins(vote(2, 1, 1, 1), vote(1, 9, 9, 3))).toBe(true);
    expect(voteWins(vote(1, 2, 1, 1), vote(1, 1, 9, 3))).toBe(true);
    expect(voteWins(vote(1, 1, 2, 1), vote(1, 1, 1, 3))).toBe(true);
    expect(voteWins(vote(1, 1, 1, 2), vote(1, 1, 1, 1))).toBe(true);
    expect(voteWins(vote(1, 1, 1, 2), vote(1, 1, 1, 2))).toBe(false);
  });

  test("the server with the latest currentEpoch is elected, though another has the longer history", () => {
    const lab = new ZabLab(3, [diskOf(2, 2, [1, 2]), diskOf(2, 1, [1, 1, 1, 1]), diskOf(2, 1, [1])]);
    expect(lab.elect("n1", "n2", "n3")).toBe("n1");
    expect(lab.history("n2")).toEqual([1, 2]);
  });

  test("a server that sees a better vote adopts it and tells everybody", () => {
    const lab = new ZabLab(3);
    lab.start("n1", "n2");
    lab.wire = [];
    const message = { type: "Notification", state: "LOOKING", round: 1, vote: vote(0, 0, 0, 2) } as const;
    lab.step("n1", { type: "message", from: nodeId("n2"), message });
    expect(lab.state("n1").vote.leader).toBe(2);
    expect(lab.wire.map(({ to }) => to)).toEqual(["n2", "n3"]);
  });

  test("a vote is taken over from its owner only: who comes to us by way of a third server may be out of our reach", () => {
    const lab = new ZabLab(3);
    lab.start("n1");
    const relayed = { type: "Notification", state: "LOOKING", round: 1, vote: vote(0, 0, 0, 3) } as const;
    lab.step("n1", { type: "message", from: nodeId("n2"), message: relayed });
    expect(lab.state("n1").vote.leader).toBe(1);
    lab.step("n1", { type: "message", from: nodeId("n3"), message: relayed });
    expect(lab.state("n1").vote.leader).toBe(3);
    // The relayed vote counts towards the quorum of the server that it names.
    expect([...lab.state("n1").received.keys()]).toEqual(["n2", "n3"]);
  });

  test("an election that drags on takes votes from anybody: their owner may be in reach of too few to lead without us", () => {
    const lab = new ZabLab(3);
    lab.start("n1");
    const relayed = { type: "Notification", state: "LOOKING", round: 1, vote: vote(0, 0, 0, 3) } as const;
    for (let i = 0; i < 3; i += 1) lab.timeout("n1", "notification");
    lab.step("n1", { type: "message", from: nodeId("n2"), message: relayed });
    expect(lab.state("n1").vote.leader).toBe(3);
  });

  test("a vote is given up when its owner stands for another server, and its next best takes its place", () => {
    const lab = new ZabLab(5);
    lab.start("n1");
    const cast = (round: number, leader: number) =>
      ({ type: "Notification", state: "LOOKING", round, vote: vote(0, 0, 0, leader) }) as const;
    lab.step("n1", { type: "message", from: nodeId("n3"), message: cast(1, 3) });
    lab.step("n1", { type: "message", from: nodeId("n4"), message: cast(1, 4) });
    expect(lab.state("n1").vote.leader).toBe(4);
    // n4 can reach n5 and we cannot.
    lab.wire = [];
    lab.step("n1", { type: "message", from: nodeId("n4"), message: cast(1, 5) });
    expect(lab.state("n1").vote.leader).toBe(3);
    expect(lab.wire.map(({ to }) => to)).toEqual(["n2", "n3", "n4", "n5"]);
  });

  test("a server in an earlier round is told of the later one, which it joins with its votes forgotten", () => {
    const lab = new ZabLab(3);
    lab.start("n1", "n2");
    const late = { type: "Notification", state: "LOOKING", round: 7, vote: vote(0, 0, 0, 3) } as const;
    lab.step("n2", { type: "message", from: nodeId("n3"), message: late });
    lab.wire = [];
    const early = { type: "Notification", state: "LOOKING", round: 1, vote: vote(0, 0, 0, 1) } as const;
    lab.step("n2", { type: "message", from: nodeId("n1"), message: early });
    expect(lab.find("n2", "n1", "Notification")?.round).toBe(7);
    lab.deliver("n2", "n1", "Notification");
    expect(lab.state("n1").logicalClock).toBe(7);
    expect([...lab.state("n1").received.keys()]).toEqual(["n2"]);
  });

  test("with a quorum for its vote a server waits for a better one before it leaves the election", () => {
    const lab = new ZabLab(3);
    lab.start("n1", "n2");
    lab.deliver("n1", "n2", "Notification");
    lab.deliver("n2", "n1", "Notification");
    expect(lab.state("n1").serverState).toBe("LOOKING");
    expect(lab.server("n1").timers).toContain("finalize");
    const better = { type: "Notification", state: "LOOKING", round: 1, vote: vote(0, 0, 0, 3) } as const;
    lab.step("n1", { type: "message", from: nodeId("n3"), message: better });
    // n3 and n1 are a quorum for n3 now: the wait began again, for another vote.
    expect(lab.state("n1").vote.leader).toBe(3);
    lab.timeout("n1", "finalize");
    expect(lab.state("n1").serverState).toBe("FOLLOWING");
    expect(lab.state("n1").leader).toBe("n3");
  });

  test("a server that is not looking answers with its vote, and a late server joins the leader a quorum names", () => {
    const lab = new ZabLab(3);
    expect(lab.elect("n1", "n2")).toBe("n2");
    lab.start("n3");
    lab.deliver("n3", "n1", "Notification");
    lab.deliver("n1", "n3", "Notification");
    // The word of a follower is not enough while the leader itself has not spoken.
    expect(lab.state("n3").serverState).toBe("LOOKING");
    lab.deliver("n3", "n2", "Notification");
    lab.deliver("n2", "n3", "Notification");
    expect(lab.state("n3").serverState).toBe("FOLLOWING");
    lab.settle();
    expect(zab.status(lab.state("n3")).leader).toEqual({ id: "n2", round: 1 });
  });

  test("a server that was elected without noticing leads when those who follow it say so in its round", () => {
    const lab = new ZabLab(3);
    lab.start("n1", "n2");
    lab.deliver("n2", "n1", "Notification");
    lab.timeout("n1", "finalize");
    expect(lab.state("n1").leader).toBe("n2");
    // All that n2 has of n1 is its first vote, for n1 itself: the later one was lost, or overtaken by the first.
    lab.deliver("n1", "n2", "Notification");
    expect(lab.server("n2").timers).not.toContain("finalize");
    const told = { type: "Notification", state: "FOLLOWING", round: 1, vote: vote(0, 0, 0, 2) } as const;
    lab.step("n2", { type: "message", from: nodeId("n1"), message: { ...told, round: 2 } });
    expect(lab.state("n2").serverState).toBe("LOOKING");
    lab.step("n2", { type: "message", from: nodeId("n1"), message: told });
    expect(lab.state("n2").serverState).toBe("LEADING");
    expect(lab.server("n2").timers).not.toContain("notification");
  });

  test("the notification of an observer is answered and never counted", () => {
    const lab = new ZabLab(3, [], {}, 1);
    lab.start("n1");
    lab.wire = [];
    const message = { type: "Notification", state: "LOOKING", round: 1, vote: vote(0, 0, 0, 1) } as const;
    lab.step("n1", { type: "message", from: nodeId("n4"), message });
    expect(lab.server("n1").timers).not.toContain("finalize");
    expect(lab.find("n1", "n4", "Notification")?.vote.leader).toBe(1);
  });
});

describe("phase 1, Discovery (Junqueira 2011 §IV.A)", () => {
  test("the leader proposes an epoch later than every one that a quorum accepted", () => {
    const lab = new ZabLab(3, [diskOf(9, 1, [1]), diskOf(3, 1, [1, 1]), EMPTY]);
    lab.elect("n1", "n2");
    expect(lab.state("n2").epoch).toBe(10);
    expect(lab.state("n1").acceptedEpoch).toBe(10);
  });

  test("a follower acknowledges the new epoch only after acceptedEpoch is on its disk", () => {
    const lab = connected();
    const effects = lab.deliver("n2", "n1", "LEADERINFO");
    const [write] = ofType(effects, "persist");
    const [ack] = ofType(effects, "send");
    expect(write?.hard).toEqual({ acceptedEpoch: 1, currentEpoch: 0 });
    expect(ack?.message.type).toBe("ACKEPOCH");
    expect(ack?.after).toBe(write?.seq);
  });

  test("the leader tells nobody of an epoch that its own disk does not hold", () => {
    const lab = led();
    lab.deliver("n1", "n2", "FOLLOWERINFO");
    expect(lab.find("n2", "n1", "LEADERINFO")).toBeUndefined();
    lab.sync("n2");
    expect(lab.find("n2", "n1", "LEADERINFO")?.epoch).toBe(1);
  });

  test("an epoch that was accepted already is joined but not promised a second time", () => {
    const lab = connected();
    lab.state("n1").acceptedEpoch = 1;
    const effects = lab.deliver("n2", "n1", "LEADERINFO");
    expect(ofType(effects, "persist")).toEqual([]);
    lab.deliver("n1", "n2", "ACKEPOCH");
    expect(lab.state("n2").phase).toBe("discovery");
    expect([...lab.state("n2").epochAcks]).toEqual(["n2"]);
  });

  test("a follower refuses an epoch earlier than the one it accepted", () => {
    const lab = connected();
    lab.state("n1").acceptedEpoch = 5;
    lab.deliver("n2", "n1", "LEADERINFO");
    expect(lab.state("n1").serverState).toBe("LOOKING");
    expect(lab.state("n1").acceptedEpoch).toBe(5);
  });

  test("a leader whose history is behind a follower's in the quorum gives up", () => {
    const lab = connected();
    lab.deliver("n2", "n1", "LEADERINFO");
    lab.sync("n1");
    const [sent] = lab.remove(({ message }) => message.type === "ACKEPOCH");
    if (sent?.message.type !== "ACKEPOCH") throw new Error("no ACKEPOCH");
    lab.hand({ ...sent, message: { ...sent.message, currentEpoch: 0, epochs: [{ epoch: 1, last: 1 }] } });
    expect(lab.state("n2").serverState).toBe("LOOKING");
  });

  test("an epoch has one established leader: a second candidate for it finds no quorum that promises it", () => {
    const lab = new ZabLab(3);
    expect(lab.elect("n1", "n2")).toBe("n2");
    // n3 believes it was elected, and picks the same epoch from what it and a forgetful message say.
    lab.start("n3");
    lab.state("n3").vote = vote(0, 0, 0, 3);
    for (const from of ["n1", "n2"] as const) {
      const message = { type: "Notification", state: "LOOKING", round: 1, vote: vote(0, 0, 0, 3) } as const;
      lab.step("n3", { type: "message", from: nodeId(from), message });
    }
    lab.timeout("n3", "finalize");
    const info = { type: "FOLLOWERINFO", session: 99, acceptedEpoch: 0 } as const;
    lab.step("n3", { type: "message", from: nodeId("n1"), message: info });
    lab.sync("n3");
    expect(lab.state("n3").epoch).toBe(1);
    lab.settle();
    expect(zab.status(lab.state("n3")).role).not.toBe("leader");
    expect(zab.status(lab.state("n2")).role).toBe("leader");
  });
});
