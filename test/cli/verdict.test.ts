/** The first sentence that somebody reads: it must follow from the numbers. */
import { expect, test } from "vitest";
import type { ComparisonParts } from "../../harness/cli/comparison.js";
import type { CheckedRun } from "../../harness/cli/run.js";
import { verdictWords } from "../../harness/cli/verdict.js";
import { loadScenario } from "../../harness/scenarios/index.js";
import { runRecord } from "./runRecord.js";

const SCENARIOS = ["incident-one-down", "incident-fix"];

/** Two protocols in the incident's telling cells, with these times without commits. */
function parts(voters: readonly [number, number], learners: readonly [number, number]): ComparisonParts {
  const protocols = ["raft", "zab"];
  const runs = SCENARIOS.flatMap((scenario, k) =>
    protocols.map((protocol, i): CheckedRun => {
      const unavailableMs = (k === 0 ? voters : learners)[i] as number;
      const window = { committed: 6, p50Ms: 1.5, p99Ms: 2 };
      return { record: runRecord({ scenario, protocol, unavailableMs }), outcome: "ok", window };
    }),
  );
  return {
    title: "",
    timing: "matched",
    protocols,
    seeds: [1],
    scenarios: SCENARIOS.map((name) => loadScenario(name)),
    runs,
    rows: [],
    matrixSeeds: [],
    command: "",
    startedAt: 0,
  };
}

test("the lesson of the incident comes first, with the shortest outage of all protocols", () => {
  const [lesson, numbers, safety] = verdictWords(parts([600_000, 420_000], [0, 0]), "ok");
  expect(lesson).toBe(
    "With a local voter down, two voters beyond a bad link keep Raft and ZAB from committing for 7 min or more; with two learners in their place there is no gap.",
  );
  expect(numbers).toContain("Raft commits 6 writes, with 10 min without commits; ZAB commits 6 writes, with 7 min");
  expect(safety).toContain("All 4 runs kept what they promise");
});

test("where a protocol does not bear it out, there is no lesson", () => {
  for (const one of [parts([600_000, 0], [0, 0]), parts([600_000, 420_000], [0, 5000])])
    expect(verdictWords(one, "ok")[0]).toMatch(/^11 min of a link/);
});

test("a broken promise comes before any story", () => {
  expect(verdictWords(parts([600_000, 420_000], [0, 0]), "unknown")[0]).toContain("could not be decided");
});
