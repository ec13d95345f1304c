/** From a finished world to what is kept of it. */
import { Host } from "../../host/index.js";
import type { RunManifest, RunRecord } from "../../record/index.js";
import { manifestOf } from "./manifest.js";
import type { Simulation } from "./simulation.js";
import type { MachineDigest, SimulationOutcome } from "./spec.js";
import { NS_PER_MS, type World } from "./world.js";

export function outcomeOf(simulation: Simulation, wallMs: number): SimulationOutcome {
  const { world, clients, spec, explicit } = simulation;
  const traceHash = world.hash.digest();
  const violated = world.broken !== null || simulation.liveness.verdict() === "violated";
  const manifest: RunManifest = manifestOf(spec, traceHash, violated ? "violated" : "ok");
  return {
    record: recordOf(simulation, traceHash, wallMs),
    history: clients.recorder.events,
    manifest,
    machineDigests: world.broken === null ? digests(world) : [],
    faults: explicit,
    operations: clients.operations,
    counts: world.counts,
  };
}

function digests(world: World): MachineDigest[] {
  const found: MachineDigest[] = [];
  for (const { host, id } of world.nodes) {
    if (host instanceof Host) found.push({ node: id, applied: host.appliedIndex, digest: host.machineDigest() });
  }
  return found;
}

function recordOf(simulation: Simulation, traceHash: string, wallMs: number): RunRecord {
  const { world, clients, spec, ledger, liveness } = simulation;
  const { metrics } = clients;
  const { broken, counts } = world;
  const start = Math.max(0, world.startedAt);
  const perOp = (count: number): number | null => (metrics.committed === 0 ? null : count / metrics.committed);
  return {
    scenario: spec.scenario.name,
    protocol: spec.module.name,
    seed: spec.seed,
    driver: "sim",
    clock: "virtual",
    timing: spec.timing,
    traceHash,
    events: world.events,
    virtualMs: world.now / NS_PER_MS,
    wallMs,
    verdicts: {
      linearizable: "unknown",
      invariants: broken === null ? "ok" : "violated",
      liveness: liveness.verdict(),
      trace: "not validated: the run was not traced",
    },
    ...(ledger.notApplicable.length === 0 ? {} : { notApplicable: ledger.notApplicable }),
    reasons: reasons(simulation),
    broken:
      broken === null
        ? null
        : {
            invariant: broken.invariant,
            detail: broken.detail,
            atMs: (broken.atNs - start) / NS_PER_MS,
            event: broken.event,
          },
    committed: metrics.committed,
    reads: metrics.reads,
    failed: metrics.failed,
    unknown: metrics.unknown,
    p50Ms: metrics.percentile(0.5),
    p99Ms: metrics.percentile(0.99),
    unavailableMs: metrics.unavailableNs / NS_PER_MS,
    longestGapMs: metrics.longestGapNs / NS_PER_MS,
    elections: Math.max(0, ledger.leaders.count - 1),
    messagesPerOp: perOp(counts.messages),
    bytesPerOp: perOp(counts.bytes),
    syncsPerOp: perOp(counts.syncs),
    staleReads: {},
    timeline: {
      ...metrics.timeline(spec.scenario.durationMs),
      leaders: ledger.leaders.timeline(world.now),
      faults: simulation.faults.timeline(world.now),
    },
    latency: metrics.distribution(),
    command: commandOf(simulation),
  };
}

function reasons(simulation: Simulation): string[] {
  const { world, clients, liveness } = simulation;
  const found: string[] = [];
  const { broken } = world;
  if (broken !== null) found.push(`${broken.invariant}: ${broken.detail} (event ${broken.event})`);
  const stuck = liveness.reason();
  if (stuck !== null) found.push(stuck);
  if (clients.metrics.committed === 0) found.push("vacuous: no write was committed in this run");
  return found;
}

function commandOf(simulation: Simulation): string {
  const { module, scenario, seed, timing } = simulation.spec;
  return `npx synod sim --protocol ${module.name} --scenario ${scenario.name} --seed ${seed} --timing ${timing}`;
}
