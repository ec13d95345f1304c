/** Simulated runs of ZAB, short and rough, as events for the spec. */
import { tracedEvents, type TraceEvent } from "../../harness/conform/index.js";
import { resolveOptions, type Scenario } from "../../harness/scenarios/index.js";
import type { AnyModule } from "../../protocols/core/index.js";
import type { ZabOptions } from "../../protocols/zab/index.js";

const VOTERS = 3;
const NODES = 4;

/** Small enough for snapshots, windows and timeouts to happen within a second. */
const OPTIONS: Partial<ZabOptions> = {
  tickTimeMs: 20,
  initLimit: 4,
  syncLimit: 3,
  finalizeWaitMs: 8,
  notificationMinMs: 10,
  notificationMaxMs: 80,
  connectRetryMs: 8,
  windowEntries: 3,
  snapshotEveryEntries: 3,
  trailingEntries: 1,
};

/** Three voters and an observer on links that lose, double and reorder, with crashes and a cut. */
export function roughScenario(): Scenario {
  const nodes = Array.from({ length: NODES }, (_, n) => ({
    region: "home",
    role: n < VOTERS ? ("voter" as const) : ("learner" as const),
  }));
  return {
    name: "rough",
    title: "Rough",
    about: "Loss, duplicates, reordering, crashes and cuts, for traces.",
    cluster: { nodes },
    links: {
      kind: "datagram",
      local: { delayMs: { min: 0.2, max: 2 }, jitterMs: 2, loss: 0.03, duplicate: 0.03, reorder: 0.03 },
    },
    disk: { syncMs: { min: 0.5, max: 4 } },
    options: { zab: OPTIONS },
    workload: {
      clients: [
        { region: "home", count: 2, loop: { type: "closed", thinkMs: 10 }, mix: { put: 3, get: 1 } },
        {
          region: "home",
          count: 1,
          loop: { type: "closed", thinkMs: 10 },
          mix: { get: 1 },
          readLevel: "sync",
          readFrom: "any",
        },
      ],
      keys: { count: 3, distribution: "uniform" },
      valueBytes: 16,
    },
    faults: [
      { type: "crash", nodes: "random", atMs: { min: 5, max: 40 }, forMs: { min: 2, max: 20 }, tornWrite: 0.5 },
      { type: "crash", nodes: "leader", atMs: { min: 20, max: 60 }, forMs: { min: 2, max: 30 } },
      { type: "cut", from: "n1", to: "n2", oneWay: true, atMs: { min: 10, max: 60 }, forMs: { min: 20, max: 100 } },
    ],
    durationMs: 1200,
    mode: "safety",
  };
}

/** The events of the first `inputsMax` step inputs of a seed's run, after its Config event. */
export function roughTrace(module: AnyModule, seed: number, inputsMax: number): readonly TraceEvent[] {
  const scenario = roughScenario();
  const options = resolveOptions(scenario, module, "matched", scenario.name);
  return tracedEvents({ module, scenario, options, timing: "matched", seed }, inputsMax);
}

/** How often each action happened. */
export function actionsOf(traces: readonly (readonly TraceEvent[])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const trace of traces) {
    for (const event of trace) {
      const { names = [] } = event as { readonly names?: readonly string[] };
      for (const name of names.length > 0 ? names : [event.action]) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}
