/** Sentences of the ZAB papers and of ZooKeeper: synchronization, broadcast, observers, reads. Keys as in protocols/zab/README.md. */
import { describe, expect, test } from "vitest";
import type { Effect } from "../../protocols/core/index.js";
import { nodeId } from "../../protocols/core/index.js";
import { type Zab, zab } from "../../protocols/zab/index.js";
import { EMPTY, diskOf, entriesOf, ZabLab } from "./zabLab.js";
import { established, ofType, planFor } from "./zabStations.js";

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
