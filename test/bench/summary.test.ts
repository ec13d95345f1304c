import { describe, expect, test } from "vitest";
import { cellOf } from "../../harness/subjects/bench/cell.js";
import type { LoadResult } from "../../harness/subjects/bench/load.js";
import { ratiosOf, rowsOf } from "../../harness/subjects/bench/summary.js";
import { keptUp, kneeOf } from "../../harness/subjects/bench/sweep.js";
import { metric } from "../../harness/subjects/bench/syncs.js";
import { cell, latency } from "./cells.js";

describe("rows", () => {
  test("a row is the median of its rounds, with their range", () => {
    const [row, ...others] = rowsOf([cell("a", 0, 100, 9), cell("a", 1, 400, 1), cell("a", 2, 200, 5)]);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ rounds: 3, opsPerSecond: 200, opsPerSecondRange: [100, 400], p50Us: 5 });
  });

  test("subjects and loads are kept apart, in the order of their appearance", () => {
    const cells = [cell("b", 0, 1, 1), cell("a", 0, 1, 1), cell("b", 0, 1, 1, { clients: 1 })];
    expect(rowsOf(cells).map(({ subject, clients }) => [subject, clients])).toEqual([
      ["b", 64],
      ["a", 64],
      ["b", 1],
    ]);
  });

  test("a round that others disturbed counts, and is named", () => {
    const cells = [cell("a", 0, 100, 1), cell("a", 1, 50, 2, { foreignCpuPercent: 10.1 })];
    expect(rowsOf(cells)[0]).toMatchObject({ disturbedRounds: 1, opsPerSecond: 75 });
  });

  test("what is not known is null, not 0", () => {
    const cells = [cell("a", 0, 100, 1, { syncsPerCommit: null, serverCpuUsPerOp: null })];
    expect(rowsOf(cells)[0]).toMatchObject({ syncsPerCommit: null, serverCpuUsPerOp: null });
  });
});

describe("ratios", () => {
  test("are taken within each round, then their median", () => {
    // Both get slower together: paired, the ratio stays 2; of the medians it would be 4.
    const cells = [
      cell("a", 0, 800, 1),
      cell("b", 0, 400, 2),
      cell("a", 1, 400, 2),
      cell("b", 1, 200, 4),
      cell("a", 2, 20, 40),
      cell("b", 2, 10, 80),
    ];
    const [ratio, ...others] = ratiosOf(cells, ["b"]);
    expect(others).toEqual([]);
    expect(ratio).toMatchObject({ subject: "a", against: "b", rounds: 3, throughput: 2, p50: 0.5 });
    expect(ratio?.throughputRange).toEqual([2, 2]);
  });

  test("a round that lacks one of the two has none", () => {
    const cells = [cell("a", 0, 100, 1), cell("b", 1, 100, 1), cell("a", 2, 300, 1), cell("b", 2, 100, 1)];
    expect(ratiosOf(cells, ["b"])).toMatchObject([{ rounds: 1, throughput: 3 }]);
    expect(ratiosOf(cells.slice(0, 2), ["b"])).toEqual([]);
  });

  test("different loads are never compared", () => {
    const cells = [cell("a", 0, 100, 1), cell("b", 0, 100, 1, { clients: 1 })];
    expect(ratiosOf(cells, ["b"])).toEqual([]);
  });
});

describe("cells", () => {
  const load: LoadResult = {
    target: "lean",
    at: [2],
    leader: 2,
    clients: 8,
    connections: 8,
    rate: 0,
    seconds: 1,
    opsPerSecond: 1000,
    ops: 1000,
    totalOps: 1500,
    failed: 0,
    unknown: 0,
    unanswered: 0,
    all: latency(100),
    writes: latency(100),
    reads: null,
    late: null,
    cpuKnown: true,
    processesUs: [2000, 6000, 4000],
    clientUs: 1000,
    idleUs: 500,
    busyUs: 23_500,
    allUs: 100_000,
  };

  test("CPU is the leader's, the followers' mean, and what belongs to neither of us", () => {
    expect(cellOf("a", 0, load, { before: 100, after: 4600 })).toMatchObject({
      serverCpuUsPerOp: 12,
      leaderCpuUsPerOp: 6,
      followerCpuUsPerOp: 3,
      clientCpuUsPerOp: 1,
      foreignCpuPercent: 10,
      idleCpuPercent: 0.5,
      syncsPerCommit: 3,
    });
  });

  test("without /proc nothing is said of CPU, and without counters nothing of syncs", () => {
    const none = { ...load, cpuKnown: false, processesUs: null, busyUs: 0, allUs: 0 };
    expect(cellOf("a", 0, none, { before: null, after: 7 })).toMatchObject({
      serverCpuUsPerOp: null,
      leaderCpuUsPerOp: null,
      foreignCpuPercent: null,
      syncsPerCommit: null,
    });
  });

  test("a run without an answer is an error that says why", () => {
    const none = { ...load, all: null, lastError: "refused" };
    expect(() => cellOf("a", 0, none, { before: 0, after: 0 })).toThrow("a answered nothing (refused)");
  });
});

describe("the knee", () => {
  const at = (rate: number, ops: number, unanswered: number, p99Us: number) =>
    cell("a", 0, rate, 100, { rate, ops, unanswered, latency: latency(100, p99Us) });

  test("a rate is kept up with if nearly all are answered, and soon enough", () => {
    expect(keptUp(at(1000, 990, 10, 5_000), 5_000)).toBe(true);
    expect(keptUp(at(1000, 989, 11, 5_000), 5_000)).toBe(false);
    expect(keptUp(at(1000, 1000, 0, 5_001), 5_000)).toBe(false);
  });

  test("is the last rate before the first that was too much", () => {
    const cells = [at(100, 100, 0, 1), at(200, 200, 0, 1), at(300, 100, 200, 1), at(400, 400, 0, 1)];
    expect(kneeOf(cells, 500, 10)).toMatchObject({ rate: 200, closedOpsPerSecond: 500 });
  });

  test("may lie below every rate that was tried", () => {
    expect(kneeOf([at(100, 1, 99, 1)], 500, 10)).toMatchObject({ rate: null, p50Us: null });
  });
});

test("a metric is found by its whole name, and an absent one is not 0", () => {
  const text = '# TYPE x_count counter\nx_count_other 3\nx_count 12\ny_count{a="b"} 4\n';
  expect(metric(text, "x_count")).toBe(12);
  expect(metric(text, "y_count")).toBeNull();
});
