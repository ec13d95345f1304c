import { describe, expect, test } from "vitest";
import {
  minimize,
  runSimulation,
  sameFailure,
  shrink,
  specOf as specOfManifest,
} from "../../harness/drivers/sim/index.js";
import { loadScenario } from "../../harness/scenarios/index.js";
import { firstBroken, RAFT, runSeed, scenarioOf, specOf, type Step } from "./support.js";

/** Forgets on every restart which term it was in and for whom it voted. */
const AMNESIA = ((): typeof RAFT => {
  const step: Step = (state, input, nowMs) =>
    RAFT.step(state, input, nowMs).map((effect) => (effect.type === "persist" ? { ...effect, hard: null } : effect));
  return { ...RAFT, step };
})();

describe("ddmin", () => {
  test("finds the only part that matters", () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    expect(minimize(items, (kept) => kept.includes(17) && kept.includes(71))).toEqual([17, 71]);
    expect(minimize(items, () => true)).toEqual([]);
    expect(minimize(items, (kept) => kept.length >= 100)).toEqual(items);
  });

  test("its result is minimal: no single item can go", () => {
    const fails = (kept: readonly number[]): boolean => kept.filter((item) => item % 7 === 0).length >= 3;
    const kept = minimize(
      Array.from({ length: 60 }, (_, i) => i),
      fails,
    );
    expect(kept).toHaveLength(3);
    expect(fails(kept)).toBe(true);
  });
});

test("a swarm's failure shrinks to a few faults and operations, and its manifest replays", () => {
  const swarm = { ...loadScenario("swarm"), durationMs: 8_000 };
  const failed = firstBroken(AMNESIA, swarm, 30);
  expect(failed.faults.length).toBeGreaterThan(4);
  const spec = specOf(AMNESIA, swarm, failed.record.seed);
  const shrunk = shrink(spec, sameFailure(failed), { runsMax: 300 });
  expect(shrunk.outcome.record.broken?.invariant).toBe(failed.record.broken?.invariant);
  expect(shrunk.faults.length).toBeLessThanOrEqual(3);
  expect(shrunk.operations).toBeLessThan(shrunk.operationsBefore);
  const again = runSimulation(specOfManifest(shrunk.manifest, AMNESIA));
  expect(again.record.traceHash).toBe(shrunk.manifest.traceHash);
  expect(again.record.broken).toEqual(shrunk.outcome.record.broken);
});

test("a run that does not fail cannot be shrunk", () => {
  const scenario = scenarioOf([], { durationMs: 500 });
  expect(() => shrink(specOf(RAFT, scenario, 1), (outcome) => outcome.record.broken !== null)).toThrow("does not fail");
});

test("operations that are left out are not issued, and the others stay the same", () => {
  const scenario = scenarioOf([], { durationMs: 500 });
  const all = runSeed(RAFT, scenario, 1);
  const omittedOperations = [0, 1, 2, 3, 4];
  const some = runSimulation({ ...specOf(RAFT, scenario, 1), omittedOperations });
  expect(some.manifest.omittedOperations).toEqual(omittedOperations);
  expect(some.history[0]?.time).toBeGreaterThan(all.history[0]?.time ?? 0);
  expect(some.operations).toBeGreaterThanOrEqual(all.operations - 5);
});
