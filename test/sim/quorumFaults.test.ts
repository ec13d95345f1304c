/** Quorum arithmetic in every protocol: how many nodes may be lost, and what quorums do that are set too small. */
import { describe, expect, test } from "vitest";
import { runSimulation, type SimulationOutcome, type Subject } from "../../harness/drivers/sim/index.js";
import { loadScenario, resolveOptions, type Scenario } from "../../harness/scenarios/index.js";
import { anyRegisterModule } from "../../protocols/core/index.js";
import { quorumregister } from "../../protocols/quorumregister/index.js";
import { PROTOCOLS, scenarioOf } from "./support.js";

const SUBJECTS: readonly Subject[] = [...PROTOCOLS, anyRegisterModule(quorumregister)];
const CRASH_MS = 1_000;
/** What was under way has ended by then, and a new leader would have been found. */
const SETTLED_MS = 5_000;

function run(module: Subject, scenario: Scenario, seed: number): SimulationOutcome {
  const options = resolveOptions(scenario, module, "matched", scenario.name);
  return runSimulation({ module, scenario, options, timing: "matched", seed, history: true });
}

/** Writes that commit from `fromMs` to `toMs`, by whole bins. */
function commits({ record }: SimulationOutcome, fromMs: number, toMs: number): number {
  const { binMs, commits: bins } = record.timeline;
  return bins.filter((_, i) => i * binMs >= fromMs && (i + 1) * binMs <= toMs).reduce((sum, count) => sum + count, 0);
}

/** The cluster goes on after its last `lost` nodes are gone for good. */
function survives(module: Subject, nodes: number, lost: number): boolean {
  const gone = Array.from({ length: lost }, (_, i) => `n${nodes - i}`);
  const scenario = scenarioOf([{ type: "crash", nodes: gone, atMs: CRASH_MS }], { nodes });
  const outcome = run(module, scenario, 1);
  expect(outcome.record.broken).toBeNull();
  expect(commits(outcome, 0, CRASH_MS)).toBeGreaterThan(0);
  return commits(outcome, SETTLED_MS, scenario.durationMs) > 0;
}

describe.each(SUBJECTS.map((module) => [module.name, module] as const))("%s", (_, module) => {
  test.each([
    [3, 1],
    [4, 1],
    [5, 2],
  ])("%i voters tolerate the loss of %i and no more", (nodes, tolerance) => {
    expect(survives(module, nodes, tolerance)).toBe(true);
    expect(survives(module, nodes, tolerance + 1)).toBe(false);
  });

  test("four voters in two halves commit nothing, as three and five never do", () => {
    const halves = (nodes: number): Scenario => {
      const ids = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
      const cut = Math.ceil(nodes / 2);
      const groups = [ids.slice(0, cut), ids.slice(cut)];
      return scenarioOf([{ type: "partition", groups, atMs: CRASH_MS }], { nodes });
    };
    const moving = (nodes: number): boolean => commits(run(module, halves(nodes), 1), SETTLED_MS, 8_000) > 0;
    expect([3, 4, 5].map(moving)).toEqual([true, false, true]);
  });
});

describe("both quorums of 4 voters set to 2", () => {
  const scenario = loadScenario("quorum-split-brain");
  const { quorums: _quorums, unsafeQuorums: _unsafe, ...cluster } = scenario.cluster;
  const allowed = scenario.expect?.invariantsBroken ?? [];

  test.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s splits the brain", (_, module) => {
    for (const seed of [1, 2, 3]) {
      const { broken, committed } = run(module, scenario, seed).record;
      expect(allowed).toContain(broken?.invariant);
      expect(broken?.atMs).toBeGreaterThan(5_000); // Not before the partition: the mistake is invisible until then.
      expect(committed).toBeGreaterThan(0);
    }
  });

  test.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s does not with majorities", (_, module) => {
    const { record } = run(module, { ...scenario, cluster }, 1);
    expect(record.broken).toBeNull();
    expect(commits(run(module, { ...scenario, cluster }, 1), 7_000, 14_900)).toBe(0);
  });

  test("with no invariant about whole logs it is the state machines that differ", () => {
    const paxos = PROTOCOLS.find(({ name }) => name === "multipaxos") as Subject;
    const { broken } = run(paxos, scenario, 1).record;
    expect(broken?.invariant).toBe("state-machine safety");
    expect(broken?.detail).toMatch(/another applied/);
  });
});
