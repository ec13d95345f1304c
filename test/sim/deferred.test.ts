/** Nodes that put off applying what others proposed, as real ones do: nothing that a client or an invariant sees changes. */
import { describe, expect, test } from "vitest";
import { checkLinearizable, historyFromEvents } from "../../harness/check/index.js";
import { InteractiveSimulation, runSimulation } from "../../harness/drivers/sim/index.js";
import type { Fault, Scenario } from "../../harness/scenarios/index.js";
import type { NodeId } from "../../protocols/core/index.js";
import { PROTOCOLS, RAFT, scenarioOf, specOf } from "./support.js";

const SEEDS = 36;

const FAULTS: readonly Fault[] = [
  { type: "crash", nodes: "leader", atMs: { min: 500, max: 900 }, forMs: 150, everyMs: 1_300, tornWrite: 0.5 },
  { type: "crash", nodes: "follower", atMs: { min: 700, max: 1_500 }, forMs: 300, everyMs: 1_700 },
  {
    type: "partition",
    groups: ["leader", ["follower", "follower"]],
    atMs: { min: 1_000, max: 2_000 },
    forMs: 700,
    everyMs: 2_100,
  },
];

/** Snapshots after a few entries: they must hold what was put off. */
const SNAPSHOTS = {
  raft: { snapshotEveryEntries: 30, snapshotKeepEntries: 5 },
  multipaxos: { snapshotEveryEntries: 30, snapshotTrailingEntries: 5 },
  zab: { snapshotEveryEntries: 30, trailingEntries: 5 },
};

const QUIET: Scenario["workload"] = { clients: [], keys: { count: 1, distribution: "uniform" } };

/** From not at all (the end of the instant) to longer than an election takes. */
const DELAYS = [0, { min: 0, max: 2 }, { min: 5, max: 60 }, { min: 100, max: 400 }] as const;

function deferredScenario(seed: number): Scenario {
  return scenarioOf(FAULTS, {
    durationMs: 5_000,
    applyDelayMs: DELAYS[seed % DELAYS.length] as Scenario["applyDelayMs"] & object,
    options: SNAPSHOTS,
    links:
      seed % 3 === 0
        ? { kind: "stream", local: { delayMs: { min: 0.2, max: 1 }, jitterMs: 1, loss: 0.01 } }
        : { kind: "datagram", local: { delayMs: { min: 0.2, max: 1 }, jitterMs: 1, loss: 0.02, duplicate: 0.02 } },
  });
}

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (_name, module) => {
  test(`${SEEDS} seeds with crashes and partitions: no invariant breaks, every history is linearizable`, () => {
    const found: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { record, history, machineDigests } = runSimulation(specOf(module, deferredScenario(seed), seed));
      const { verdict, reason } = checkLinearizable(historyFromEvents(history), { deadlineMs: 20_000 });
      if (verdict !== "ok") found.push(`seed ${seed}: linearizable: ${verdict}, ${reason ?? ""}`);
      for (const wrong of record.reasons) found.push(`seed ${seed}: ${wrong}`);
      const states = new Map(machineDigests.map(({ applied, digest }) => [applied, digest]));
      for (const { applied, digest } of machineDigests)
        if (states.get(applied) !== digest) found.push(`seed ${seed}: two states at ${applied}`);
    }
    expect(found).toEqual([]);
  });

  test("the same seed gives the same run, and another one than without", () => {
    const { applyDelayMs: _none, ...without } = deferredScenario(2);
    const hash = (scenario: Scenario): string => runSimulation(specOf(module, scenario, 2)).manifest.traceHash;
    expect(hash(deferredScenario(2))).toBe(hash(deferredScenario(2)));
    expect(hash(deferredScenario(2))).not.toBe(hash(without));
  });
});

test("a follower lags behind what it knows to be committed, and catches up when it is idle", () => {
  const scenario = scenarioOf([], { applyDelayMs: 300 });
  const simulation = new InteractiveSimulation(specOf(RAFT, scenario, 1));
  let lagged = 0;
  let idles = 0;
  for (let i = 0; i < 20_000; i += 1) {
    const stepped = simulation.step();
    if (stepped === null) break;
    if (stepped.kind === "idle") idles += 1;
    for (const { status, appliedIndex } of simulation.nodes())
      if (status !== null && appliedIndex < status.commitIndex) lagged += 1;
  }
  expect(idles).toBeGreaterThan(10);
  expect(lagged).toBeGreaterThan(1_000);
});

test("a linearizable read at a follower waits for what was put off, and is answered then", () => {
  const DELAY_MS = 300;
  const scenario = scenarioOf([], { applyDelayMs: DELAY_MS });
  const simulation = new InteractiveSimulation(specOf(RAFT, { ...scenario, workload: QUIET }, 1));
  expect(simulation.until(() => simulation.leader() !== null, 10_000)).toBe(true);
  const leader = simulation.leader();
  const follower = simulation.nodes().find(({ id }) => id !== leader)?.id as NodeId;
  const [writer, reader] = [simulation.openClient(), simulation.openClient()];
  simulation.ask(writer, { f: "put", key: "k", value: "new" }, "linearizable", leader as NodeId);
  expect(simulation.until(() => simulation.isIdle(writer), 1_000)).toBe(true);
  const before = simulation.nowMs;
  simulation.ask(reader, { f: "get", key: "k" }, "linearizable", follower);
  expect(simulation.until(() => simulation.isIdle(reader), 2_000)).toBe(true);
  expect(simulation.history.at(-1)).toMatchObject({ type: "ok", f: "get", value: "new", node: follower });
  expect(simulation.nowMs - before).toBeGreaterThan(DELAY_MS / 3);
});
