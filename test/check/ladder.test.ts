// One history per rung: what holds, what does not, and who is to blame. The causal ones are the classic examples of
// Bouajjani et al. (POPL 2017, Figure 3) in the words of this project.

import { describe, expect, test } from "vitest";
import { checkHistory, checkLadder, historyFromEvents, type Level } from "../../harness/check/index.js";
import { historyOf, type Row } from "./build.js";

function ladder(rows: readonly Row[]) {
  const result = checkLadder(historyFromEvents(historyOf(rows)));
  const of = (level: Level) => result.levels.find((entry) => entry.level === level);
  const verdict = (level: Level): string | undefined => of(level)?.verdict;
  return { ...result, of, verdict };
}

describe("maximal levels", () => {
  test("a plain register is linearizable and nothing else needs saying", () => {
    expect(
      ladder([
        [1, "put", "x", "a", 0, 5],
        [2, "get", "x", "a", 10, 15],
      ]).maximal,
    ).toEqual(["linearizable"]);
  });

  test("a read from a lagging replica is sequential, not regular, and its age is the bound", () => {
    const { maximal, of } = ladder([
      [1, "put", "x", "a", 0, 100],
      [1, "put", "x", "b", 200, 300],
      [2, "get", "x", "a", 1000, 1100],
    ]);
    expect(maximal).toContain("sequential");
    expect(of("regular")?.verdict).toBe("violated");
    expect(of("linearizable")?.verdict).toBe("violated");
    // The read may have taken effect no later than b's return at 300.
    expect(of("bounded-staleness")).toMatchObject({
      verdict: "ok",
      bound: 700,
      ages: { reads: 1, stale: 1, max: 700 },
    });
  });

  test("new value, then old value, while the write is still running: regular, not linearizable", () => {
    const { verdict } = ladder([
      [1, "put", "x", "a", 0, 10],
      [1, "put", "x", "b", 20, 100],
      [2, "get", "x", "b", 30, 40],
      [2, "get", "x", "a", 50, 60],
    ]);
    expect(verdict("regular")).toBe("ok");
    expect(verdict("linearizable")).toBe("violated");
    expect(verdict("monotonic-reads")).toBe("violated");
    expect(verdict("read-your-writes")).toBe("ok");
  });

  test("what breaks convergence breaks the sequential order too, with its witness and no search", () => {
    // Client 1 saw b after its own a; client 2 saw a after its own b.
    const { of } = ladder([
      [1, "put", "x", "a", 0, 5],
      [2, "put", "x", "b", 0, 5],
      [1, "get", "x", "b", 10, 15],
      [2, "get", "x", "a", 10, 15],
    ]);
    expect(of("causal-convergence")?.verdict).toBe("violated");
    expect(of("sequential")).toMatchObject({ verdict: "violated", from: "causal-convergence" });
    expect(of("sequential")?.witness).toEqual(of("causal-convergence")?.witness);
  });

  test("store buffering: causal in every sense, not sequential", () => {
    const { verdict, maximal } = ladder([
      [1, "put", "x", "a", 0, 5],
      [2, "put", "y", "b", 0, 5],
      [1, "get", "y", null, 10, 15],
      [2, "get", "x", null, 10, 15],
    ]);
    expect(verdict("sequential")).toBe("violated");
    expect(maximal).toEqual(expect.arrayContaining(["causal-memory", "causal-convergence"]));
  });

  test("two clients see two concurrent writes in opposite orders: CM, not CCv", () => {
    const { verdict } = ladder([
      [1, "put", "x", "a", 0, 50],
      [2, "put", "x", "b", 0, 50],
      [3, "get", "x", "a", 60, 65],
      [3, "get", "x", "b", 70, 75],
      [4, "get", "x", "b", 60, 65],
      [4, "get", "x", "a", 70, 75],
    ]);
    expect(verdict("causal-memory")).toBe("ok");
    expect(verdict("causal-convergence")).toBe("violated");
    expect(verdict("causal")).toBe("ok");
    expect(verdict("eventual")).toBe("violated");
  });

  test("one client sees a, b, a: CC, neither CM nor CCv", () => {
    const { verdict, of } = ladder([
      [1, "put", "x", "a", 0, 50],
      [2, "put", "x", "b", 0, 50],
      [3, "get", "x", "a", 60, 65],
      [3, "get", "x", "b", 70, 75],
      [3, "get", "x", "a", 80, 85],
    ]);
    expect(verdict("causal")).toBe("ok");
    expect(of("causal-memory")).toMatchObject({ verdict: "violated" });
    expect(of("causal-memory")?.reason).toContain("CyclicHB");
    expect(of("causal-convergence")?.reason).toContain("CyclicCF");
  });

  test("an answer is seen without its question: not causal, though every session guarantee but one holds", () => {
    const { verdict, of } = ladder([
      [1, "put", "question", "q", 0, 5],
      [2, "get", "question", "q", 10, 15],
      [2, "put", "answer", "a", 20, 25],
      [3, "get", "answer", "a", 30, 35],
      [3, "get", "question", null, 40, 45],
    ]);
    expect(of("causal")?.reason).toContain("WriteCOInitRead");
    expect(verdict("writes-follow-reads")).toBe("violated");
    expect(verdict("monotonic-writes")).toBe("ok");
    expect(verdict("monotonic-reads")).toBe("ok");
    expect(verdict("read-your-writes")).toBe("ok");
  });

  test("a client does not see its own write", () => {
    const { verdict } = ladder([
      [1, "put", "x", "a", 0, 5],
      [1, "get", "x", null, 10, 15],
    ]);
    expect(verdict("read-your-writes")).toBe("violated");
    expect(verdict("monotonic-reads")).toBe("ok");
  });

  test("the second of two writes is seen, the first is not", () => {
    const { verdict } = ladder([
      [1, "put", "x", "a", 0, 5],
      [1, "put", "y", "b", 10, 15],
      [2, "get", "y", "b", 20, 25],
      [2, "get", "x", null, 30, 35],
    ]);
    expect(verdict("monotonic-writes")).toBe("violated");
    expect(verdict("writes-follow-reads")).toBe("ok");
  });

  test("values written twice: unknown, with the value named, unless a stronger level holds", () => {
    const twice: Row[] = [
      [1, "put", "x", "a", 0, 5],
      [1, "put", "x", "a", 10, 15],
      [2, "get", "x", "a", 20, 25],
    ];
    expect(ladder(twice).maximal).toEqual(["linearizable"]);
    const stale: Row[] = [...twice, [1, "put", "x", "b", 30, 35], [2, "get", "x", "a", 40, 45]];
    expect(ladder(stale).verdict("sequential")).toBe("ok");
    const direct = checkLadder(historyFromEvents(historyOf(stale)), { independent: true }).levels.find(
      (r) => r.level === "causal",
    );
    expect(direct).toMatchObject({ verdict: "unknown" });
    expect(direct?.reason).toContain('"a"');
  });

  test("reads that the log order explains are sequential, however stale", () => {
    const rows: Row[] = [];
    for (let i = 0; i < 3000; i++) rows.push([1, "put", "x", `v${i}`, 20 * i, 20 * i + 5]);
    for (let i = 0; i < 3000; i++)
      rows.push([2, "get", "x", `v${Math.floor(i / 3)}`, 20 * i + 6_0000, 20 * i + 6_0010, { level: "local" }]);
    const result = ladder(rows);
    expect(result.verdict("sequential")).toBe("ok");
    expect(result.verdict("linearizable")).toBe("violated");
  });
});

test("--level all gives every level a verdict and words", () => {
  const h = historyFromEvents(
    historyOf([
      [1, "put", "x", "a", 0, 5],
      [1, "put", "x", "b", 10, 15],
      [2, "get", "x", "a", 20, 25],
    ]),
  );
  const result = checkHistory(h, { level: "all" });
  expect(result.verdict).toBe("violated");
  expect(result.levels).toHaveLength(12);
  for (const level of result.levels ?? []) if (level.verdict !== "ok") expect(level.reason).toBeTruthy();
  expect(result.text).toContain("Strongest levels that hold");
});

test("a linearizable history with appends is bounded stale too, though no bound can be computed for it", () => {
  const events = [
    { index: 0, time: 1, process: 1, type: "invoke", f: "append", key: "a", value: "x" },
    { index: 1, time: 2, process: 1, type: "ok", f: "append", key: "a", value: "x" },
    { index: 2, time: 3, process: 1, type: "invoke", f: "get", key: "a", value: null },
    { index: 3, time: 4, process: 1, type: "ok", f: "get", key: "a", value: "x" },
  ] as const;
  const { levels, maximal } = checkLadder(historyFromEvents(events));
  expect(maximal).toEqual(["linearizable"]);
  expect(levels.every(({ verdict }) => verdict === "ok")).toBe(true);
});
