/** Small scenarios, and modules with a bug planted in them. */
import { runSimulation, type SimulationOutcome, type SimulationSpec } from "../../harness/drivers/sim/index.js";
import { resolveOptions, type Fault, type Scenario } from "../../harness/scenarios/index.js";
import { type AnyModule, type AnyProtocol, anyModule, type Effect, type Input } from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { raft } from "../../protocols/raft/index.js";
import { zab } from "../../protocols/zab/index.js";

export const PROTOCOLS: readonly AnyModule[] = [anyModule(raft), anyModule(multipaxos), anyModule(zab)];
export const RAFT: AnyModule = anyModule(raft);

export type Step = AnyModule["step"];
export type Effects = readonly Effect<AnyProtocol>[];

/** A scenario of `nodes` voters on datagrams, short enough for tests. */
export function scenarioOf(
  faults: readonly Fault[],
  changes: Partial<Scenario> & { readonly nodes?: number } = {},
): Scenario {
  const { nodes = 3, ...rest } = changes;
  return {
    name: "test",
    title: "test",
    about: "A scenario of the simulator's own tests.",
    cluster: { nodes: Array.from({ length: nodes }, () => ({ region: "home", role: "voter" as const })) },
    links: { kind: "datagram", local: { delayMs: { min: 0.2, max: 1 }, jitterMs: 1 } },
    disk: { syncMs: { min: 0.5, max: 3 } },
    workload: {
      clients: [
        {
          region: "home",
          count: 3,
          loop: { type: "closed", thinkMs: 5 },
          mix: { put: 3, get: 2, cas: 1, append: 1 },
        },
      ],
      keys: { count: 3, distribution: "uniform" },
      valueBytes: 16,
    },
    faults,
    durationMs: 8_000,
    mode: "safety",
    ...rest,
  };
}

export function specOf(module: AnyModule, scenario: Scenario, seed: number): SimulationSpec {
  const options = resolveOptions(scenario, module, "matched", scenario.name);
  return { module, scenario, options, timing: "matched", seed, history: true };
}

export function runSeed(module: AnyModule, scenario: Scenario, seed: number): SimulationOutcome {
  return runSimulation(specOf(module, scenario, seed));
}

/** The first seed of some whose run breaks something; fails the test if none does. */
export function firstBroken(module: AnyModule, scenario: Scenario, seeds: number): SimulationOutcome {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const outcome = runSeed(module, scenario, seed);
    if (outcome.record.broken !== null) return outcome;
  }
  throw new Error(`no invariant broke in ${seeds} seeds`);
}

/** The module with every effect list rewritten. */
export function withEffects(module: AnyModule, rewrite: (effects: Effects) => Effects): AnyModule {
  const step: Step = (state, input, nowMs) => rewrite(module.step(state, input, nowMs));
  return { ...module, step };
}

/** The module with every input rewritten before it sees it. */
export function withInputs(
  module: AnyModule,
  rewrite: (input: Input<AnyProtocol>, state: object) => Input<AnyProtocol>,
): AnyModule {
  const step: Step = (state, input, nowMs) => module.step(state, rewrite(input, state), nowMs);
  return { ...module, step };
}
