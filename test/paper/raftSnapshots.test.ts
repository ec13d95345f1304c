import { expect, test } from "vitest";
import { nodeId, type Snapshot } from "../../protocols/core/index.js";
import { RaftLab } from "./raftLab.js";

const SNAPSHOTS = { preVote: false, checkQuorum: false, snapshotEveryEntries: 4, snapshotKeepEntries: 0 };

/** n1 leads, n3 was away, and n1's log no longer reaches back to what n3 lacks. */
function behind(options = SNAPSHOTS): RaftLab {
  const lab = new RaftLab(3, options);
  lab.elect("n1");
  for (let i = 1; i <= 5; i += 1) {
    lab.propose("n1", `c${i}`, i);
    lab.settle(["n1", "n2"]);
  }
  const [asked] = lab.effectsOf("n1", "takeSnapshot");
  if (asked === undefined) throw new Error("no snapshot was asked for");
  lab.input("n1", { type: "snapshotTaken", index: asked.index, id: "s1", bytes: 8 });
  lab.settle(["n1", "n2"]);
  return lab;
}

test("§7 a replica asks for a snapshot of what it has applied and then discards the log up to it", () => {
  const lab = behind();
  expect(lab.effectsOf("n1", "takeSnapshot")).toEqual([{ type: "takeSnapshot", index: 4 }]);
  expect(lab.at("n1").state.log.snapshotIndex).toBe(4);
  expect(lab.at("n1").log.snapshotIndex).toBe(4); // On disk.
  expect(lab.logOf("n1")).toEqual(["1:c4", "1:c5"]);
});

test("§7 entries below the snapshot may stay in memory for followers that are a little behind", () => {
  const lab = behind({ ...SNAPSHOTS, snapshotKeepEntries: 3 });
  expect(lab.at("n1").state.log.snapshotIndex).toBe(1);
  lab.fire("n1", "heartbeat");
  lab.settle();
  expect(lab.effectsOf("n1", "sendSnapshot")).toEqual([]); // n3 holds the no-op, index 1.
  expect(lab.appliedBy("n3")).toEqual([1, 2, 3, 4, 5, 6]);
});

test("§7 a follower that lacks discarded entries is sent the snapshot, and the log after it", () => {
  const lab = behind();
  lab.fire("n1", "heartbeat");
  lab.settle();
  expect(lab.effectsOf("n1", "sendSnapshot")).toHaveLength(1);
  const installed = lab.effectsOf("n3", "installSnapshot").map((effect) => effect.snapshot);
  expect(installed).toMatchObject([{ index: 4, round: 1 }]);
  lab.fire("n1", "heartbeat");
  lab.settle();
  expect(lab.logOf("n3")).toEqual(["1:c4", "1:c5"]);
  expect(lab.at("n3").state.commitIndex).toBe(6);
  // It comes back from its disk with the snapshot and goes on after it.
  lab.restart("n3");
  expect(lab.at("n3").state).toMatchObject({ commitIndex: 4 });
});

test("§7 the snapshot's acknowledgement waits for the write that replaces the log, one write for both", () => {
  const lab = behind();
  lab.fire("n1", "heartbeat");
  lab.wire = lab.wire.filter((sent) => sent.to === "n3");
  for (const sent of lab.take("n1", "n3", "Heartbeat")) lab.deliver(sent);
  for (const sent of lab.take("n3", "n1")) lab.deliver(sent);
  for (const sent of lab.wire.splice(0)) lab.deliver(sent);
  for (let i = 0; i < 3 && lab.effectsOf("n1", "sendSnapshot").length === 0; i += 1) {
    lab.sync("n3");
    for (const sent of lab.take("n3", "n1")) lab.deliver(sent);
  }
  const [image] = lab.take("n1", "n3", "InstallSnapshot");
  if (image === undefined) throw new Error("no snapshot was sent");
  const effects = lab.deliver(image);
  expect(effects.filter((effect) => effect.type === "persist")).toHaveLength(1);
  expect(lab.take("n3", "n1", "InstallSnapshotResponse")).toEqual([]);
  lab.restart("n3"); // The write is lost: no trace of the snapshot, the old log whole.
  expect(lab.at("n3").state.snapshot).toBeNull();
  expect(lab.logOf("n3")).toEqual(["1"]);
});

test("§7 a snapshot that describes a prefix of the log leaves the entries after it", () => {
  const lab = new RaftLab(2, { ...SNAPSHOTS, snapshotEveryEntries: 0 });
  const entries = [1, 1, 1, 1].map((round, i) => ({ kind: "noop" as const, index: i + 1, round }));
  lab.boot(nodeId("n2"), { hard: { currentTerm: 1, votedFor: 0 }, snapshot: null, entries });
  const snapshot: Snapshot = { id: "s", index: 3, round: 1, bytes: 8 };
  const message = { type: "InstallSnapshot", term: 2, lastIncludedIndex: 3, lastIncludedTerm: 1 } as const;
  lab.input("n2", { type: "snapshotReceived", from: nodeId("n1"), message, snapshot });
  expect(lab.logOf("n2")).toEqual(["1", "1", "1", "1"]);
  expect(lab.appliedBy("n2")).toEqual([1, 2, 3]);
  expect(lab.effectsOf("n2", "installSnapshot")).toEqual([]);
});

test("§7 an old snapshot changes nothing, and its term is never taken for the current one", () => {
  const lab = behind();
  const state = lab.at("n2").state;
  const before = state.commitIndex;
  const snapshot: Snapshot = { id: "old", index: 2, round: 1, bytes: 8 };
  const message = { type: "InstallSnapshot", term: 5, lastIncludedIndex: 2, lastIncludedTerm: 1 } as const;
  lab.input("n2", { type: "snapshotReceived", from: nodeId("n1"), message, snapshot });
  expect(state).toMatchObject({ currentTerm: 5, commitIndex: before });
  lab.sync("n2");
  expect(lab.take("n2", "n1").map((sent) => sent.message)).toMatchObject([{ term: 5, matchIndex: 2 }]);
});

test("§7 a candidate accepts the snapshot of its term's leader", () => {
  const lab = new RaftLab(3, SNAPSHOTS);
  lab.fire("n3", "election");
  lab.sync("n3");
  const snapshot: Snapshot = { id: "s", index: 3, round: 1, bytes: 8 };
  const message = { type: "InstallSnapshot", term: 1, lastIncludedIndex: 3, lastIncludedTerm: 1 } as const;
  lab.input("n3", { type: "snapshotReceived", from: nodeId("n1"), message, snapshot });
  expect(lab.at("n3").state).toMatchObject({ role: "Follower", leader: "n1", commitIndex: 3 });
});
