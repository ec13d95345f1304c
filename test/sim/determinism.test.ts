import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type RunManifest } from "../../harness/record/index.js";
import { explicitFaults, runSimulation, specOf as specOfManifest, traceList } from "../../harness/drivers/sim/index.js";
import { loadScenario } from "../../harness/scenarios/index.js";
import { PROTOCOLS, RAFT, runSeed, scenarioOf, specOf } from "./support.js";

const SWARM = { ...loadScenario("swarm"), durationMs: 4_000 };

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (name, module) => {
  test("the same seed gives the same run, to the last byte of its history", () => {
    const one = runSeed(module, SWARM, 7);
    const two = runSeed(module, SWARM, 7);
    expect(two.record.traceHash).toBe(one.record.traceHash);
    expect({ ...two.record, wallMs: 0 }).toEqual({ ...one.record, wallMs: 0 });
    expect(two.history).toEqual(one.history);
    expect(one.record.committed).toBeGreaterThan(0);
  });

  test("another seed gives another run", () => {
    expect(runSeed(module, SWARM, 8).record.traceHash).not.toBe(runSeed(module, SWARM, 7).record.traceHash);
  });

  test("another process comes to the same hash", () => {
    const script = fileURLToPath(new URL("../../dist/test/sim/printHash.js", import.meta.url));
    const printed = execFileSync(process.execPath, [script, name, "power-loss-all", "7"], { encoding: "utf8" });
    expect(printed).toBe(runSeed(module, loadScenario("power-loss-all"), 7).record.traceHash);
  });

  test("a manifest, through JSON, replays to its hash", () => {
    const first = runSeed(module, SWARM, 9);
    const manifest = JSON.parse(JSON.stringify(first.manifest)) as RunManifest;
    const again = runSimulation(specOfManifest(manifest, module));
    expect(again.record.traceHash).toBe(manifest.traceHash);
    expect(again.manifest).toEqual(first.manifest);
  });

  test("a run that is stopped early replays to the event", () => {
    const stopped = runSimulation({ ...specOf(module, SWARM, 9), eventsMax: 1_234 });
    expect(stopped.record.events).toBeGreaterThanOrEqual(1_234);
    expect(stopped.record.events).toBeLessThan(1_300);
    const again = runSimulation(specOfManifest(stopped.manifest, module));
    expect(again.record.traceHash).toBe(stopped.record.traceHash);
  });

  test("neither tracing nor the codec changes a run", () => {
    const plain = runSeed(module, SWARM, 10);
    const trace = traceList();
    expect(runSimulation({ ...specOf(module, SWARM, 10), trace }).record.traceHash).toBe(plain.record.traceHash);
    expect(runSimulation({ ...specOf(module, SWARM, 10), wire: true }).record.traceHash).toBe(plain.record.traceHash);
    expect(trace.lines.length).toBeGreaterThan(1_000);
    expect(trace.lines.map((line) => line.seq)).toEqual(trace.lines.map((_, i) => i + 1));
    expect(new Set(trace.lines.map((line) => line.action))).toContain("Sync");
  });

  test("a swarm spelled out is the same run", () => {
    const drawn = runSeed(module, SWARM, 12);
    const spelled = { ...SWARM, faults: drawn.faults };
    expect(runSeed(module, spelled, 12).record.traceHash).toBe(drawn.record.traceHash);
    expect(explicitFaults(spelled, 12)).toEqual(drawn.faults);
    expect(drawn.faults.length).toBeGreaterThan(1);
  });

  test("replicas that applied the same prefix hold the same state", () => {
    const { machineDigests } = runSeed(module, loadScenario("power-loss-all"), 3);
    const byIndex = new Map<number, string>();
    for (const { applied, digest } of machineDigests) {
      expect(byIndex.get(applied) ?? digest).toBe(digest);
      byIndex.set(applied, digest);
    }
    expect(machineDigests).toHaveLength(3);
  });
});

test("leaving a fault out changes no other", () => {
  const faults = explicitFaults(SWARM, 5);
  const [, ...rest] = faults;
  expect(explicitFaults({ ...SWARM, faults: rest }, 5)).toEqual(rest);
});

test("a fault that repeats is drawn anew each time and stops at the end", () => {
  const scenario = scenarioOf([
    { type: "crash", nodes: "random", atMs: { min: 100, max: 200 }, forMs: { min: 1, max: 900 }, everyMs: 1_000 },
  ]);
  const faults = explicitFaults(scenario, 1);
  expect(faults).toHaveLength(8);
  expect(new Set(faults.map((fault) => fault.forMs)).size).toBe(8);
  expect(faults.every((fault) => (fault.atMs as number) < 8_000)).toBe(true);
});

test("a role that nobody has is skipped, and recorded as skipped", () => {
  const scenario = scenarioOf([
    { type: "crash", nodes: "all", atMs: 500, forMs: 400 },
    { type: "crash", nodes: "leader", atMs: 600, forMs: 100, label: "kill the leader" },
    { type: "pause", nodes: "leader", atMs: 400, forMs: 10 },
  ]);
  const bands = runSeed(RAFT, scenario, 1).record.timeline.faults;
  expect(bands.map(({ type, nodes, skipped }) => ({ type, nodes, skipped }))).toEqual([
    { type: "pause", nodes: ["n1"], skipped: null },
    { type: "crash", nodes: ["n1", "n2", "n3"], skipped: null },
    { type: "crash", nodes: [], skipped: "there is no leader" },
  ]);
});

test("the first leader is the one that the scenario names", () => {
  for (const module of PROTOCOLS) {
    for (const firstLeader of ["n1", "n2", "n3"]) {
      const scenario = scenarioOf([], { durationMs: 500 });
      const named = { ...scenario, cluster: { ...scenario.cluster, firstLeader } };
      expect(runSeed(module, named, 1).record.timeline.leaders[0]?.node).toBe(firstLeader);
    }
  }
});
