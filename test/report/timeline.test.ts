import { describe, expect, it } from "vitest";
import type { Timeline } from "../../harness/record/index.js";
import { downsample, gapsOf, lanes, mergeBands, pooledTail, underFaults } from "../../harness/report/timeline.js";
import { run } from "./fixture.js";

function timeline(commits: readonly number[], p50Ms: readonly (number | null)[] = []): Timeline {
  return { binMs: 100, commits, p50Ms: commits.map((_, i) => p50Ms[i] ?? null), leaders: [], faults: [] };
}

describe("a timeline made smaller", () => {
  it("keeps every commit and the whole time, with a narrower last bin", () => {
    const commits = Array.from({ length: 1003 }, (_, i) => i % 7);
    const bins = downsample(timeline(commits), 100);
    expect(bins).toHaveLength(92);
    expect(bins.at(-1)).toMatchObject({ fromMs: 100_100, toMs: 100_300 });
    const total = bins.reduce((sum, b) => sum + (b.perSecond * (b.toMs - b.fromMs)) / 1000, 0);
    expect(total).toBeCloseTo(commits.reduce((a, b) => a + b, 0));
  });

  it("weighs the medians of merged bins by their commits and leaves out bins without any", () => {
    const merged = downsample(timeline([1, 98, 0, 1], [500, 2, null, 900]), 1);
    expect(merged).toEqual([{ fromMs: 0, toMs: 400, perSecond: 250, p50Ms: 2 }]);
    expect(downsample(timeline([0, 0], []), 1)[0]?.p50Ms).toBeNull();
  });
});

describe("gaps", () => {
  it("are told from the undivided bins, at the start and the end too, and only above the threshold", () => {
    const commits = [0, 0, 0, 5, 0, 5, 0, 0, 0, 0];
    expect(gapsOf(timeline(commits), 300)).toEqual([
      { fromMs: 0, toMs: 300 },
      { fromMs: 600, toMs: 1000 },
    ]);
    expect(gapsOf(timeline(commits), 1000)).toEqual([]);
    expect(gapsOf(timeline([5, 5]), 10)).toEqual([]);
  });
});

describe("bands", () => {
  it("that overlap go to different lanes, and a free lane is used again", () => {
    const laid = lanes(
      [
        { fromMs: 0, toMs: 10 },
        { fromMs: 5, toMs: 20 },
        { fromMs: 10, toMs: 15 },
      ],
      6,
    );
    expect(laid.map((l) => l.lane)).toEqual([0, 1, 0]);
    expect(
      lanes(
        [
          { fromMs: 0, toMs: 10 },
          { fromMs: 1, toMs: 10 },
          { fromMs: 2, toMs: 10 },
        ],
        2,
      ).map((l) => l.lane),
    ).toEqual([0, 1, 1]);
  });

  it("that runs share appear once; a role resolved differently names who is whose", () => {
    const a = run({ scenario: "s", protocol: "raft", seed: 1, gapSeconds: 0 });
    const b = {
      ...a,
      protocol: "zab",
      timeline: { ...a.timeline, faults: a.timeline.faults.map((f, i) => (i === 1 ? { ...f, nodes: ["n5"] } : f)) },
    };
    const merged = mergeBands([a, b], (p) => p.toUpperCase());
    expect(merged).toHaveLength(3);
    expect(merged[1]?.nodes).toEqual(["RAFT: n3", "ZAB: n5"]);
    expect(merged[0]?.nodes).toEqual(a.timeline.faults[0]?.nodes);
  });

  it("divide commits into those under a fault and those outside; a skipped fault divides nothing", () => {
    const fault = { type: "crash", label: "x", nodes: [], fromMs: 150, toMs: 400, skipped: null };
    const base = timeline([10, 10, 2, 2], [1, 1, 9, 9]);
    const { under, outside } = underFaults([{ ...base, faults: [fault] }]);
    expect(under).toEqual({ commits: 4, seconds: 0.2, p50Ms: 9 });
    expect(outside).toEqual({ commits: 10, seconds: 0.1, p50Ms: 1 });
    expect(underFaults([{ ...base, faults: [{ ...fault, skipped: "no leader" }] }]).under.seconds).toBe(0);
  });
});

describe("the tail of latencies", () => {
  it("pools runs, falls from bucket to bucket, and ends at none", () => {
    const tail = pooledTail([
      { upperMs: [1, 2, 4], counts: [50, 0, 25] },
      { upperMs: [1, 2, 4], counts: [0, 25, 0] },
    ]);
    expect(tail).toEqual([
      { ms: 1, slower: 0.5 },
      { ms: 2, slower: 0.25 },
      { ms: 4, slower: 0 },
    ]);
    expect(pooledTail([{ upperMs: [], counts: [] }])).toEqual([]);
  });
});
