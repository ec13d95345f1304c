import { describe, expect, test } from "vitest";
import { completeWrites, crashDisk, createDisk, damage } from "../../harness/drivers/sim/disk.js";
import type { Persist, SimNode } from "../../harness/drivers/sim/world.js";
import type { Fault } from "../../harness/scenarios/index.js";
import { type Entry, entryAt, lastIndex } from "../../protocols/core/index.js";
import { PROTOCOLS, RAFT, runSeed, scenarioOf } from "./support.js";

const watcher = { onDurable: (): void => undefined };

function nodeWith(seed: number): SimNode {
  return { number: 0, id: "n1", disk: createDisk(seed, 0) } as unknown as SimNode;
}

function entry(index: number, round = 1): Entry {
  return { kind: "noop", index, round };
}

function issue(node: SimNode, seq: number, write: Partial<Persist>): void {
  const persist: Persist = {
    type: "persist",
    seq,
    hard: null,
    truncateFrom: null,
    snapshot: null,
    entries: [],
    ...write,
  };
  node.disk.pending.push(persist);
}

describe("a crash", () => {
  test("keeps a prefix of the writes in flight, and every length of it comes up", () => {
    const kept = new Set<number>();
    for (let seed = 0; seed < 100; seed += 1) {
      const node = nodeWith(seed);
      issue(node, 1, { entries: [entry(1)] });
      completeWrites(node, 1, watcher);
      for (let i = 2; i <= 5; i += 1) issue(node, i, { entries: [entry(i)] });
      const outcome = crashDisk(node, 0, watcher);
      const last = lastIndex(node.disk.log);
      expect(last).toBe(1 + outcome.kept);
      expect(outcome.kept + outcome.lost).toBe(4);
      for (let i = 1; i <= last; i += 1) expect(entryAt(node.disk.log, i)).toBeDefined();
      expect(node.disk.pending).toHaveLength(0);
      kept.add(outcome.kept);
    }
    expect([...kept].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });

  test("tears at most the write behind that prefix, which boot then cuts", () => {
    let torn = 0;
    for (let seed = 0; seed < 100; seed += 1) {
      const node = nodeWith(seed);
      for (let i = 1; i <= 3; i += 1) issue(node, i, { entries: [entry(i)] });
      const outcome = crashDisk(node, 0.5, watcher);
      expect(lastIndex(node.disk.log)).toBe(outcome.kept);
      if (outcome.lost === 0) expect(outcome.torn).toBe(0);
      torn += outcome.torn;
    }
    expect(torn).toBeGreaterThan(10);
    expect(torn).toBeLessThan(90);
  });

  test("a write is all or nothing, in the contract's order", () => {
    const node = nodeWith(1);
    issue(node, 1, { entries: [entry(1), entry(2), entry(3)] });
    const snapshot = { id: "s", index: 1, round: 1, bytes: 0 };
    issue(node, 2, { hard: { promised: 2 }, truncateFrom: 2, snapshot, entries: [entry(2, 2)] });
    completeWrites(node, 2, watcher);
    expect(node.disk.hard).toEqual({ promised: 2 });
    expect(node.disk.log).toEqual({ snapshotIndex: 1, snapshotRound: 1, slots: [entry(2, 2)] });
    expect(node.disk.durableSeq).toBe(2);
  });

  test("power losses lose and tear writes in real runs, and nothing that was acknowledged is missed", () => {
    const faults: readonly Fault[] = [
      { type: "crash", nodes: "all", atMs: 500, forMs: 20, everyMs: 3_000, tornWrite: 0.5 },
      { type: "slow-disk", nodes: "all", syncMs: { min: 10, max: 40 }, atMs: 0 },
    ];
    for (const module of PROTOCOLS) {
      const { record, counts } = runSeed(module, scenarioOf(faults, { durationMs: 20_000 }), 2);
      expect(record.reasons).toEqual([]);
      expect(counts.crashes).toBe(21);
      expect(counts.writesLost).toBeGreaterThan(3);
      expect(counts.writesTorn).toBeGreaterThan(0);
    }
  });
});

describe("a damaged disk", () => {
  test.each(["bit-rot", "misdirected-write"] as const)("%s: the node refuses to start and stays away", (type) => {
    const faults: readonly Fault[] = [
      { type, nodes: "n2", atMs: 1_000 },
      { type: "crash", nodes: "n2", atMs: 2_000, forMs: 100 },
    ];
    for (const module of PROTOCOLS) {
      const { record, counts, machineDigests } = runSeed(module, scenarioOf(faults), 1);
      expect(record.reasons).toEqual([]);
      expect(counts.refusedToStart).toBe(1);
      expect(machineDigests.map(({ node }) => node)).toEqual(["n1", "n3"]);
    }
  });

  test("a disk without a record cannot be damaged", () => {
    expect(damage(createDisk(1, 0), "bit-rot")).toBe(false);
  });

  test("a search keeps enough disks whole to recover; mode compare does what it is told", () => {
    const faults = ["n1", "n2", "n3"].map((nodes): Fault => ({ type: "bit-rot", nodes, atMs: 1_000 }));
    const hit = (mode: "safety" | "compare"): number => {
      const bands = runSeed(RAFT, scenarioOf(faults, { mode }), 1).record.timeline.faults;
      return bands.filter(({ skipped }) => skipped === null).length;
    };
    expect(hit("safety")).toBe(1);
    expect(hit("compare")).toBe(3);
  });
});

describe("slow, failing and full disks", () => {
  test("a failed sync kills the node, which comes back", () => {
    const fault: Fault = { type: "failed-sync", nodes: "leader", atMs: 1_000, forMs: 200 };
    for (const module of PROTOCOLS) {
      const { record, counts } = runSeed(module, scenarioOf([fault]), 1);
      expect(counts.crashes).toBe(1);
      expect(record.reasons).toEqual([]);
      expect(record.timeline.leaders.length).toBeGreaterThan(1);
    }
  });

  test("a full disk kills the node at its next write and keeps it down until there is space", () => {
    const fault: Fault = { type: "full-disk", nodes: "n3", atMs: 1_000, forMs: 2_000 };
    const { record, counts, machineDigests } = runSeed(RAFT, scenarioOf([fault]), 1);
    expect(counts.crashes).toBe(1);
    expect(record.reasons).toEqual([]);
    expect(machineDigests).toHaveLength(3);
  });

  test("a slow sync on every disk is in the latency of every write", () => {
    const fault: Fault = { type: "slow-disk", nodes: "all", syncMs: 50, atMs: 0 };
    const { record } = runSeed(RAFT, scenarioOf([fault]), 1);
    expect(record.p50Ms).toBeGreaterThan(50);
    expect(runSeed(RAFT, scenarioOf([]), 1).record.p50Ms).toBeLessThan(20);
  });
});
