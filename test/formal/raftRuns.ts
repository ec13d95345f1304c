/** Simulated runs of Raft, short and rough, as events for the spec. */
import type { TraceEvent } from "../../harness/conform/protocol.js";
import { raftTraces } from "../../harness/conform/raft/index.js";
import { configurationOf, runSimulation, type TraceLine } from "../../harness/drivers/sim/index.js";
import { resolveOptions, type Scenario } from "../../harness/scenarios/index.js";
import type { AnyModule } from "../../protocols/core/index.js";
import type { RaftOptions } from "../../protocols/raft/index.js";

const VOTERS = 3;
const NODES = 4;

const BASE: Partial<RaftOptions> = {
  heartbeatIntervalMs: 20,
  electionTimeoutMinMs: 90,
  electionTimeoutMaxMs: 180,
  inflightMessagesMax: 3,
  readRoundsMax: 2,
  snapshotEveryEntries: 8,
  snapshotKeepEntries: 3,
};

/** Settings that a run may have, by seed. Few: each is a JVM of its own. */
export const VARIANTS: readonly Partial<RaftOptions>[] = [
  BASE,
  {
    ...BASE,
    preVote: false,
    checkQuorum: false,
    inflightMessagesMax: 1,
    snapshotEveryEntries: 3,
    snapshotKeepEntries: 0,
  },
  { ...BASE, readMechanism: "lease", inflightMessagesMax: 64 },
];

/** Three voters and a learner on bad links, with crashes and cuts; reads are asked of anybody. */
export function scenario(options: Partial<RaftOptions>): Scenario {
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
      local: { delayMs: { min: 0.2, max: 2 }, jitterMs: 3, loss: 0.05, duplicate: 0.05, reorder: 0.05 },
    },
    disk: { syncMs: { min: 0.5, max: 4 } },
    options: { raft: options },
    workload: {
      clients: [
        { region: "home", count: 3, loop: { type: "closed", thinkMs: 15 }, mix: { put: 3, get: 1 } },
        { region: "home", count: 1, loop: { type: "closed", thinkMs: 15 }, mix: { get: 1 }, readFrom: "any" },
      ],
      keys: { count: 3, distribution: "uniform" },
      valueBytes: 16,
    },
    faults: [
      { type: "crash", nodes: "leader", atMs: { min: 5, max: 80 }, forMs: { min: 5, max: 100 } },
      { type: "crash", nodes: "random", atMs: { min: 5, max: 300 }, forMs: { min: 5, max: 60 }, tornWrite: 0.5 },
      {
        type: "cut",
        from: "leader",
        to: "random",
        oneWay: true,
        atMs: { min: 5, max: 300 },
        forMs: { min: 50, max: 300 },
      },
      { type: "crash", nodes: "leader", atMs: { min: 200, max: 500 }, forMs: { min: 5, max: 200 } },
    ] as Scenario["faults"],
    durationMs: 700,
    mode: "safety",
  };
}

export interface TracedRun {
  readonly seed: number;
  readonly events: readonly TraceEvent[];
  /** What the simulator's invariants found, or null. */
  readonly broken: string | null;
  readonly committed: number;
}

/** The run of one seed: the Config event, then what at most `eventsMax` inputs gave. */
export function tracedRun(
  module: AnyModule,
  seed: number,
  eventsMax: number | null,
  variant: Partial<RaftOptions> = VARIANTS[seed % VARIANTS.length] ?? BASE,
): TracedRun {
  const rough = scenario(variant);
  const options = resolveOptions(rough, module, "matched", rough.name);
  const trace = raftTraces.collector();
  const outcome = runSimulation({
    module,
    scenario: rough,
    options,
    timing: "matched",
    seed,
    history: false,
    trace: { line: (line: TraceLine) => trace.line(line) },
    eventsMax,
  });
  const { broken, committed } = outcome.record;
  return {
    seed,
    events: [raftTraces.config(configurationOf(rough), options), ...trace.events()],
    broken: broken === null ? null : `${broken.invariant}: ${broken.detail}`,
    committed,
  };
}
