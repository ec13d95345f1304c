import { describe, expect, test } from "vitest";
import type { Fault, Scenario } from "../../harness/scenarios/index.js";
import type { AnyModule } from "../../protocols/core/index.js";
import { PROTOCOLS, runSeed, scenarioOf, type Step, withEffects } from "./support.js";

const STORM: readonly Fault[] = [
  { type: "partition", groups: [["n1"], ["n2", "n3"], ["n4", "n5"]], atMs: 1_000 },
  { type: "crash", nodes: "random", atMs: 1_500 },
  { type: "pause", nodes: "n2", atMs: 2_000 },
  { type: "slow-disk", nodes: "all", syncMs: 500, atMs: 2_500 },
  { type: "weather", between: "all", weather: { delayMs: 50, loss: 0.5 }, atMs: 2_500 },
];

function live(faults: readonly Fault[]): Scenario {
  return scenarioOf(faults, { nodes: 5, mode: "liveness", faultsEndMs: 4_000, durationMs: 10_000 });
}

/** Works until its replicas have taken so many steps, then never sends again. */
function silentAfter(module: AnyModule, steps: number): AnyModule {
  let taken = 0;
  return withEffects(module, (effects) => {
    taken += 1;
    return taken < steps ? effects : effects.filter(({ type }) => type !== "send" && type !== "setTimer");
  });
}

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (_, module) => {
  test("a healthy core makes progress while everything outside it stays broken", () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const { record } = runSeed(module, live(STORM), seed);
      expect(record.reasons).toEqual([]);
      expect(record.verdicts.liveness).toBe("ok");
      // What is outside the core was not mended: nobody but the core could lead.
      expect(record.timeline.faults.some(({ toMs }) => toMs > 9_000)).toBe(true);
    }
  });

  test("a cluster that is stuck violates liveness, and nothing else", () => {
    const { record } = runSeed(silentAfter(module, 3_000), live([]), 1);
    expect(record.verdicts).toMatchObject({ liveness: "violated", invariants: "ok" });
    expect(record.reasons[0]).toMatch(/^liveness: no new write committed within \d+ ms after the faults ended for n/);
    expect(record.committed).toBeGreaterThan(0);
  });

  test("a timer that never fires again after a restart is found", () => {
    const step: Step = (state, input, nowMs) => (input.type === "timeout" ? [] : module.step(state, input, nowMs));
    const sleepy: AnyModule = { ...module, step };
    const { record } = runSeed(sleepy, live(STORM), 1);
    // Without timers there is no first leader either: the run is vacuous and says so.
    expect(record.verdicts.liveness).toBe("violated");
    expect(record.reasons).toContain("vacuous: no write was committed in this run");
  });
});

test("a run without a liveness phase has no verdict on it", () => {
  for (const module of PROTOCOLS) {
    const { record } = runSeed(module, scenarioOf([], { durationMs: 500 }), 1);
    expect(record.verdicts.liveness).toBe("unknown");
    expect(record.reasons).toEqual([]);
  }
});
