/** Sentences of the ZAB papers and of ZooKeeper's protocol, each against step(). Keys as in protocols/zab/README.md. */
import { describe, expect, test } from "vitest";
import type { Effect } from "../../protocols/core/index.js";
import { nodeId } from "../../protocols/core/index.js";
import { voteWins } from "../../protocols/zab/election.js";
import { type Zab, zab } from "../../protocols/zab/index.js";
import type { Vote } from "../../protocols/zab/messages.js";
import { EMPTY, diskOf, entriesOf, type Sent, ZabLab } from "./zabLab.js";

const vote = (peerEpoch: number, zxidEpoch: number, zxidIndex: number, leader: number): Vote => ({
  leader,
  peerEpoch,
  zxidEpoch,
  zxidIndex,
});

function ofType<T extends Effect<Zab>["type"]>(effects: readonly Effect<Zab>[], type: T) {
  return effects.filter((effect): effect is Extract<Effect<Zab>, { type: T }> => effect.type === type);
}

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

describe("phase 2, Synchronization (Junqueira 2011 §IV.B; Medeiros 2012 §3.2.2)", () => {
  test("DIFF: a follower that is only behind gets what it lacks", () => {
    const lab = new ZabLab(3, [diskOf(1, 1, [1]), diskOf(1, 1, [1, 1, 1]), EMPTY]);
    const plan = planFor(lab);
    expect(plan.message).toMatchObject({ type: "DIFF", from: 1, to: 3 });
    lab.hand(plan);
    lab.settle(["n3"]);
    expect(lab.server("n1").disk.entries.map(({ index }) => index)).toEqual([1, 2, 3]);
  });

  test("TRUNC: a follower drops what the leader does not have", () => {
    const lab = new ZabLab(3, [diskOf(1, 1, [1, 1, 1]), diskOf(2, 2, [1, 2]), EMPTY]);
    const plan = planFor(lab);
    expect(plan.message).toMatchObject({ type: "TRUNC", from: 1, fromEpoch: 1, to: 2 });
    lab.hand(plan);
    lab.settle(["n3"]);
    expect(lab.server("n1").disk.entries.map(({ round }) => round)).toEqual([1, 2]);
  });

  test("SNAP: where the leader's log no longer reaches, a snapshot and what follows it", () => {
    const snapshot = { id: "s", index: 3, round: 1, bytes: 10 };
    const [, , , fourth] = entriesOf([1, 1, 1, 1]);
    const leaderDisk = { hard: { acceptedEpoch: 1, currentEpoch: 1 }, snapshot, entries: fourth ? [fourth] : [] };
    const lab = new ZabLab(3, [diskOf(1, 1, [1]), leaderDisk, EMPTY]);
    const plan = planFor(lab);
    expect(plan.message).toMatchObject({ type: "SNAP", from: 3, to: 4 });
    // Neither body nor NEWLEADER leave before the snapshot has arrived.
    expect(lab.find("n2", "n1", "NEWLEADER")).toBeUndefined();
    lab.hand(plan);
    expect(lab.server("n1").disk.snapshot).toBeNull();
    lab.settle(["n3"]);
    expect(lab.server("n1").disk.snapshot?.index).toBe(3);
    expect(lab.server("n1").disk.entries.map(({ index }) => index)).toEqual([4]);
    expect(lab.state("n1").committed).toBe(4);
  });

  test("upon NEWLEADER a follower sets currentEpoch and takes the history atomically, then acknowledges", () => {
    const lab = new ZabLab(3, [diskOf(1, 1, [1, 1, 1]), diskOf(2, 2, [1, 2]), EMPTY]);
    lab.hand(planFor(lab));
    const body = lab.deliver("n2", "n1", "BODY");
    expect(ofType(body, "persist")).toEqual([]);
    expect(lab.history("n1")).toEqual([1, 1, 1]);
    const effects = lab.deliver("n2", "n1", "NEWLEADER");
    const [write, ...more] = ofType(effects, "persist");
    expect(more).toEqual([]);
    expect(write?.hard).toEqual({ acceptedEpoch: 3, currentEpoch: 3 });
    expect(write?.truncateFrom).toBe(2);
    expect(write?.entries.map(({ round }) => round)).toEqual([2]);
    const [ack] = ofType(effects, "send");
    expect(ack?.message.type).toBe("ACKLD");
    expect(ack?.after).toBe(write?.seq);
  });

  test("a crash in the middle of a plan leaves the old history and the old currentEpoch (ZOOKEEPER-4643)", () => {
    const lab = new ZabLab(3, [diskOf(1, 1, [1, 1, 1]), diskOf(2, 2, [1, 2]), EMPTY]);
    lab.hand(planFor(lab));
    lab.deliver("n2", "n1", "BODY");
    lab.deliver("n2", "n1", "NEWLEADER");
    lab.restart("n1");
    expect(lab.history("n1")).toEqual([1, 1, 1]);
    expect(lab.state("n1").currentEpoch).toBe(1);
    expect(lab.state("n1").acceptedEpoch).toBe(3);
  });

  test("a leader is established only when a quorum acknowledged NEWLEADER", () => {
    const lab = new ZabLab(3, [diskOf(1, 1, [1]), diskOf(1, 1, [1, 1]), EMPTY]);
    lab.hand(planFor(lab));
    lab.sync("n2");
    expect(zab.status(lab.state("n2")).role).toBe("candidate");
    expect(lab.propose("n2", 1)).toContainEqual(expect.objectContaining({ type: "reject", outcome: "failed" }));
    lab.settle(["n3"]);
    expect(zab.status(lab.state("n2")).role).toBe("leader");
    // The initial history is committed by it, without an entry of the new epoch.
    expect(lab.applied("n2")).toEqual([1, 2]);
    expect(lab.applied("n1")).toEqual([1, 2]);
  });

  test("a follower serves only after UPTODATE", () => {
    const lab = new ZabLab(3);
    lab.hand(planFor(lab));
    lab.deliver("n2", "n1", "NEWLEADER");
    lab.sync("n1", "n2");
    lab.deliver("n1", "n2", "ACKLD");
    const before = lab.step("n1", { type: "read", request: 1, level: "local" });
    expect(ofType(before, "reject")[0]?.reason).toBe("notReady");
    lab.deliver("n2", "n1", "UPTODATE");
    const after = lab.step("n1", { type: "read", request: 2, level: "local" });
    expect(ofType(after, "serve")).toEqual([{ type: "serve", request: 2, atIndex: 0 }]);
  });

  test("a TRUNC that is delayed until after NEWLEADER does no harm", () => {
    const lab = new ZabLab(3, [diskOf(1, 1, [1, 1, 1]), diskOf(2, 2, [1, 2]), EMPTY]);
    const trunc = planFor(lab);
    lab.hand(trunc);
    lab.settle(["n3"]);
    lab.propose("n2", 1);
    lab.settle(["n3"]);
    expect(lab.history("n1")).toEqual([1, 2, 3]);
    expect(ofType(lab.hand(trunc), "persist")).toEqual([]);
    // Nor in the next session, to another epoch's follower.
    lab.restart("n1");
    lab.start("n1");
    lab.hand(trunc);
    expect(lab.history("n1")).toEqual([1, 2, 3]);
  });

  test("a body without its header, or a NEWLEADER without its body, is asked for again", () => {
    const lab = new ZabLab(3, [diskOf(1, 1, [1]), diskOf(1, 1, [1, 1]), EMPTY]);
    const plan = planFor(lab);
    lab.deliver("n2", "n1", "BODY");
    expect(lab.state("n1").plan).toBeNull();
    lab.hand(plan);
    lab.deliver("n2", "n1", "NEWLEADER");
    expect(lab.state("n1").historyAccepted).toBe(false);
    expect(lab.find("n1", "n2", "RESEND")).toMatchObject({ plan: 1, from: 2 });
    lab.settle(["n3"]);
    expect(lab.state("n1").historyAccepted).toBe(true);
    expect(lab.history("n1")).toEqual([1, 1]);
  });
});

describe("phase 3, Broadcast (Junqueira 2011 §IV.C)", () => {
  test("a follower acknowledges a proposal only after it is on its disk", () => {
    const lab = established();
    lab.propose("n2", 7);
    const effects = lab.deliver("n2", "n1", "PROPOSE");
    const [write] = ofType(effects, "persist");
    const [ack] = ofType(effects, "send");
    expect(ack?.message).toMatchObject({ type: "ACK", index: 1 });
    expect(ack?.after).toBe(write?.seq);
  });

  test("the leader commits when a quorum has acknowledged, its own disk included only when it is durable", () => {
    const lab = established();
    lab.propose("n2", 7);
    lab.deliver("n2", "n1", "PROPOSE");
    lab.sync("n1");
    lab.deliver("n1", "n2", "ACK");
    expect(lab.state("n2").committed).toBe(0);
    lab.sync("n2");
    expect(lab.applied("n2")).toEqual([1]);
    lab.deliver("n2", "n1", "COMMIT");
    expect(lab.applied("n1")).toEqual([1]);
  });

  test("proposals are accepted and committed in zxid order, whatever order they arrive in", () => {
    const lab = established();
    for (const request of [1, 2, 3]) lab.propose("n2", request);
    const proposals = lab.remove(({ message, to }) => message.type === "PROPOSE" && to === "n1");
    for (const sent of proposals.toReversed()) lab.hand(sent);
    expect(lab.history("n1")).toEqual([1]);
    expect(lab.find("n1", "n2", "RESEND")?.from).toBe(1);
    lab.settle(["n3"]);
    expect(lab.applied("n1")).toEqual([1, 2, 3]);
  });

  test("a COMMIT that overtakes its proposal commits nothing that is not there", () => {
    const lab = established();
    const { session, epoch } = lab.state("n1");
    const message = { type: "COMMIT", session, epoch, index: 5 } as const;
    lab.step("n1", { type: "message", from: nodeId("n2"), message });
    expect(lab.applied("n1")).toEqual([]);
    expect(lab.find("n1", "n2", "RESEND")?.from).toBe(1);
  });

  test("a proposal of a session that is over is dropped", () => {
    const lab = established();
    lab.propose("n2", 1);
    const [late] = lab.remove(({ message }) => message.type === "PROPOSE");
    if (late === undefined) throw new Error("no PROPOSE");
    lab.restart("n1");
    lab.start("n1");
    lab.settle(["n3"]);
    const { session, epoch } = lab.state("n1");
    expect(late.message).not.toMatchObject({ session, epoch });
    expect(ofType(lab.hand(late), "persist")).toEqual([]);
  });

  test("a leader without a quorum of followers within syncLimit abandons its epoch", () => {
    const lab = established();
    for (let tick = 0; tick <= 2 * lab.options.syncLimit; tick += 1) {
      lab.timeout("n2", "tick");
      lab.wire = [];
    }
    expect(lab.state("n2").serverState).toBe("LOOKING");
  });

  test("a follower that does not hear its leader within syncLimit looks for another", () => {
    const lab = established();
    for (let tick = 0; tick < 2 * lab.options.syncLimit; tick += 1) lab.timeout("n1", "tick");
    expect(lab.state("n1").serverState).toBe("FOLLOWING");
    lab.timeout("n1", "tick");
    expect(lab.state("n1").serverState).toBe("LOOKING");
  });

  test("a request whose leader lost its leadership may still be committed: its outcome is unknown", () => {
    const lab = established();
    lab.propose("n2", 7);
    lab.step("n2", { type: "read", request: 8, level: "linearizable" });
    let effects: readonly Effect<Zab>[] = [];
    for (let tick = 0; tick <= 2 * lab.options.syncLimit; tick += 1) effects = lab.timeout("n2", "tick");
    expect(ofType(effects, "reject").map(({ request, outcome }) => [request, outcome])).toEqual([
      [7, "unknown"],
      [8, "failed"],
    ]);
  });

  test("more uncommitted proposals than outstandingLimit are refused", () => {
    const lab = established({ outstandingLimit: 2 });
    lab.propose("n2", 1);
    lab.propose("n2", 2);
    expect(ofType(lab.propose("n2", 3), "reject")[0]).toMatchObject({ outcome: "failed", reason: "overloaded" });
  });

  test("whoever is not the leader names it", () => {
    const lab = established();
    expect(ofType(lab.propose("n1", 3), "reject")[0]).toMatchObject({ reason: "notLeader", leaderHint: "n2" });
  });
});

describe("observers and reads", () => {
  test("an observer gets INFORM when a proposal is committed, and does not help to commit it", () => {
    const lab = new ZabLab(3, [], {}, 1);
    lab.elect("n1", "n2", "n4");
    // An observer asks until a quorum names its leader.
    lab.timeout("n4", "notification");
    lab.settle(["n3"]);
    expect(zab.status(lab.state("n4")).leader).toEqual({ id: "n2", round: 1 });
    lab.propose("n2", 1);
    expect(lab.find("n2", "n4", "PROPOSE")).toBeUndefined();
    lab.settle(["n1", "n3"]);
    expect(lab.applied("n2")).toEqual([]);
    lab.timeout("n1", "tick");
    lab.timeout("n2", "tick");
    lab.settle(["n3"]);
    expect(lab.applied("n2")).toEqual([1]);
    expect(lab.applied("n4")).toEqual([1]);
    expect(zab.status(lab.state("n4")).role).toBe("learner");
  });

  test("sync comes back after everything pending at the leader is committed, and then the read is local", () => {
    const lab = established();
    lab.propose("n2", 1);
    lab.step("n1", { type: "read", request: 5, level: "sync" });
    lab.deliver("n1", "n2", "SYNC");
    expect(lab.find("n2", "n1", "SYNCED")).toBeUndefined();
    lab.settle(["n3"]);
    expect(ofType(lab.server("n1").effects, "serve")).toEqual([{ type: "serve", request: 5, atIndex: 1 }]);
  });

  test("a linearizable read is an entry of its own and is served when that is committed", () => {
    const lab = established();
    const effects = lab.step("n2", { type: "read", request: 5, level: "linearizable" });
    expect(ofType(effects, "persist")[0]?.entries[0]?.kind).toBe("noop");
    expect(ofType(effects, "serve")).toEqual([]);
    lab.settle(["n3"]);
    expect(ofType(lab.server("n2").effects, "serve")).toEqual([{ type: "serve", request: 5, atIndex: 1 }]);
  });

  test("a snapshot leaves enough history for a follower that is a little behind to get a DIFF", () => {
    const lab = established({ snapshotEveryEntries: 4, trailingEntries: 2 });
    for (const request of [1, 2, 3, 4]) lab.propose("n2", request);
    lab.settle(["n3"]);
    expect(ofType(lab.server("n2").effects, "takeSnapshot")).toEqual([{ type: "takeSnapshot", index: 4 }]);
    lab.step("n2", { type: "snapshotTaken", index: 4, id: "s", bytes: 9 });
    expect(lab.state("n2").log.snapshotIndex).toBe(2);
    lab.sync("n2");
    expect(lab.server("n2").disk.entries).toEqual([]);
    expect(lab.server("n2").disk.snapshot?.index).toBe(4);
  });
});

/** n1 follows n2, which leads and has heard nobody yet. */
function led(): ZabLab {
  const lab = new ZabLab(3);
  lab.start("n1", "n2");
  lab.settle(["n3"]);
  lab.timeout("n2", "finalize");
  lab.timeout("n1", "finalize");
  return lab;
}

/** n2's LEADERINFO is on its way to n1. */
function connected(): ZabLab {
  const lab = led();
  lab.deliver("n1", "n2", "FOLLOWERINFO");
  lab.sync("n2");
  return lab;
}

/** Lets n1 and n2 run Discovery and returns the header of n2's plan for n1; body and NEWLEADER are on the wire. */
function planFor(lab: ZabLab): Sent {
  lab.start("n1", "n2");
  lab.settle(["n3"]);
  lab.timeout("n2", "finalize");
  lab.timeout("n1", "finalize");
  lab.deliver("n1", "n2", "FOLLOWERINFO");
  lab.sync("n2");
  lab.deliver("n2", "n1", "LEADERINFO");
  lab.sync("n1");
  lab.deliver("n1", "n2", "ACKEPOCH");
  const headers = ["DIFF", "TRUNC", "SNAP"];
  const [plan] = lab.remove(({ message }) => headers.includes(message.type));
  if (plan === undefined) throw new Error(`no plan; there are: ${lab.wireText()}`);
  return plan;
}

/** n2 leads epoch 1 with n1; n3 is away. */
function established(options: Parameters<typeof optioned>[0] = {}): ZabLab {
  const lab = optioned(options);
  lab.elect("n1", "n2");
  return lab;
}

function optioned(options: ConstructorParameters<typeof ZabLab>[2]): ZabLab {
  return new ZabLab(3, [], options);
}
