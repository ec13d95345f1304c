/** Simulated runs of Multi-Paxos, short and rough, as events for the spec. */
import { configEvent, type MultiPaxosEvent, MultiPaxosTrace } from "../../harness/conform/multipaxos/trace.js";
import { runSimulation, type TraceLine } from "../../harness/drivers/sim/index.js";
import { resolveOptions, type Scenario } from "../../harness/scenarios/index.js";
import { type AnyModule, type Configuration, nodeId } from "../../protocols/core/index.js";
import type { MultiPaxosOptions } from "../../protocols/multipaxos/index.js";

const VOTERS = 3;
const NODES = 4;

const BASE: Partial<MultiPaxosOptions> = {
  heartbeatMs: 40,
  leaderTimeoutMinMs: 90,
  leaderTimeoutMaxMs: 180,
  retransmitMs: 25,
  learnRetryMs: 25,
  leaseMs: 70,
  windowSlots: 3,
  uncommittedEntriesMax: 8,
  snapshotEveryEntries: 8,
  snapshotTrailingEntries: 3,
};

/** Settings that a run may have, by seed. */
const VARIANTS: readonly Partial<MultiPaxosOptions>[] = [
  BASE,
  { ...BASE, readMechanism: "quorumRead", windowSlots: 1, decideNotice: false },
  { ...BASE, readMechanism: "quorumRead", stickiness: false, windowSlots: 16, uncommittedEntriesMax: 16 },
  { ...BASE, windowSlots: 64, uncommittedEntriesMax: 64, snapshotEveryEntries: 4, snapshotTrailingEntries: 0 },
];

/** For runs in which one voter after the other is cut off while slots are open. */
const APART: Partial<MultiPaxosOptions> = {
  ...BASE,
  readMechanism: "quorumRead",
  stickiness: false,
  windowSlots: 16,
  uncommittedEntriesMax: 16,
};

/** Crashes and a cut; `deaf`: of everything towards the leader. */
function roughFaults(deaf: boolean): Scenario["faults"] {
  return [
    { type: "crash", nodes: "leader", atMs: { min: 5, max: 80 }, forMs: { min: 5, max: 100 } },
    { type: "crash", nodes: "random", atMs: { min: 5, max: 300 }, forMs: { min: 5, max: 60 }, tornWrite: 0.5 },
    {
      type: "cut",
      from: deaf ? "all" : "leader",
      to: deaf ? "leader" : "random",
      oneWay: true,
      atMs: { min: 5, max: 300 },
      forMs: { min: 50, max: 300 },
    },
  ];
}

const CUTS: Scenario["faults"] = [
  { type: "cut", from: "n2", to: "all", oneWay: false, atMs: { min: 100, max: 200 }, forMs: { min: 150, max: 250 } },
  { type: "cut", from: "n1", to: "all", oneWay: false, atMs: { min: 220, max: 320 }, forMs: { min: 150, max: 250 } },
];

/** Three voters and a learner on bad links. */
function scenario(options: Partial<MultiPaxosOptions>, faults: Scenario["faults"], durationMs: number): Scenario {
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
    options: { multipaxos: options },
    workload: {
      clients: [{ region: "home", count: 2, loop: { type: "closed", thinkMs: 20 }, mix: { put: 3, get: 1 } }],
      keys: { count: 3, distribution: "uniform" },
      valueBytes: 16,
    },
    faults,
    durationMs,
    mode: "safety",
  };
}

export interface TracedRun {
  readonly seed: number;
  readonly events: readonly MultiPaxosEvent[];
  /** What the simulator's invariants found, or null. */
  readonly broken: string | null;
  readonly committed: number;
}

/** The run of one seed: the Config event, then what at most `eventsMax` inputs gave. */
export function tracedRun(module: AnyModule, seed: number, eventsMax: number | null): TracedRun {
  const rough = scenario(VARIANTS[seed % VARIANTS.length] ?? BASE, roughFaults(seed % 3 === 0), 500);
  return runOf(module, rough, seed, eventsMax);
}

/** A run in which leaders step down that nobody answers, and later ones fill the slots that were open. */
export function cutRun(module: AnyModule, seed: number): TracedRun {
  return runOf(module, scenario(APART, CUTS, 900), seed, null);
}

function runOf(module: AnyModule, rough: Scenario, seed: number, eventsMax: number | null): TracedRun {
  const options = resolveOptions(rough, module, "matched", rough.name) as MultiPaxosOptions;
  const trace = new MultiPaxosTrace();
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
    events: [configEvent(cluster(), options), ...trace.events()],
    broken: broken === null ? null : `${broken.invariant}: ${broken.detail}`,
    committed,
  };
}

/** As the simulator numbers them: the node that leads first has the highest ordinal. */
function cluster(): Configuration {
  const members = Array.from({ length: NODES }, (_, n) => ({
    id: nodeId(`n${n + 1}`),
    ordinal: n === 0 ? NODES : n,
    role: n < VOTERS ? ("voter" as const) : ("learner" as const),
  }));
  return { members, quorums: null };
}
