/** Medians, intervals and pairs against values that can be worked out by hand or looked up. */
import { describe, expect, test } from "vitest";
import { median, medianInterval, quantileOfSorted } from "../../harness/record/index.js";
import { pairUp, summarize } from "../../harness/cli/summary.js";
import { runRecord } from "./runRecord.js";

describe("median", () => {
  test("of an odd and an even number of values", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
  test("of nothing is nothing", () => expect(median([])).toBeNull());
  test("leaves its argument alone", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe("95 % interval of the median", () => {
  // Ranks from the table of the binomial(n, 1/2): n, lower rank, upper rank.
  test.each([
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [10, 2, 9],
    [15, 4, 12],
    [20, 6, 15],
    [25, 8, 18],
    [50, 18, 33],
    [100, 40, 61],
  ])("of %i values is from rank %i to rank %i", (n, lower, upper) => {
    const values = Array.from({ length: n }, (_, i) => n - i);
    expect(medianInterval(values)).toEqual([lower, upper]);
  });
  test("does not exist for five values: their whole range covers only 93.75 %", () => {
    expect(medianInterval([1, 2, 3, 4, 5])).toBeNull();
    expect(medianInterval([1, 2, 3, 4, 5], 0.9)).toEqual([1, 5]);
  });
  test("of two thousand values does not underflow", () => {
    expect(medianInterval(Array.from({ length: 2000 }, (_, i) => i + 1))).toEqual([956, 1045]);
  });
});

test("a quantile is a value of the sample", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([0, 0.5, 0.99, 1].map((p) => quantileOfSorted(sorted, p))).toEqual([1, 50, 99, 100]);
  expect(quantileOfSorted([], 0.5)).toBeNull();
});

describe("a comparison", () => {
  const seeds = [1, 2, 3, 4, 5, 6];
  const runs = seeds.flatMap((seed) => [
    runRecord({
      protocol: "raft",
      seed,
      p50Ms: seed,
      committed: 100,
      unavailableMs: 0,
      staleReads: { local: 2, sync: 1 },
    }),
    runRecord({
      protocol: "zab",
      seed,
      p50Ms: 2 * seed,
      committed: 50,
      unavailableMs: 7,
      elections: seed === 1 ? 3 : 0,
    }),
  ]);

  test("is summarized over seeds", () => {
    const rows = summarize(runs);
    const find = (protocol: string, metric: string) => rows.find((r) => r.protocol === protocol && r.metric === metric);
    expect(find("raft", "p50Ms")).toMatchObject({ median: 3.5, ci95: [1, 6], runs: 6 });
    expect(find("zab", "p50Ms")).toMatchObject({ median: 7, ci95: [2, 12] });
    expect(find("raft", "staleReads")).toMatchObject({ median: 3 });
    expect(find("zab", "elections")).toMatchObject({ median: 0, ci95: [0, 3] });
  });

  test("is paired seed by seed, so that the seeds' own spread is gone", () => {
    const rows = pairUp(runs);
    const find = (metric: string) => rows.find((row) => row.metric === metric);
    expect(find("p50Ms")).toMatchObject({ a: "zab", b: "raft", ratio: 2, ci95: [2, 2], pairs: 6 });
    expect(find("committed")).toMatchObject({ ratio: 0.5 });
    expect(find("unavailableMs")).toMatchObject({ ratio: null, ci95: null, pairs: 0 });
  });

  test("leaves out seeds in which one of a pair has no value", () => {
    const some = runs.map((run) => (run.protocol === "zab" && run.seed < 3 ? { ...run, p50Ms: null } : run));
    expect(pairUp(some).find((row) => row.metric === "p50Ms")).toMatchObject({ ratio: 2, ci95: null, pairs: 4 });
    expect(summarize(some).find((row) => row.protocol === "zab" && row.metric === "p50Ms")?.runs).toBe(4);
  });
});
