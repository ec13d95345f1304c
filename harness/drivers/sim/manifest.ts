/** The run manifest: what a rerun needs, and the rerun. */
import { type RunManifest, SYNOD_VERSION } from "../../record/index.js";
import { resolveOptions, type Scenario } from "../../scenarios/index.js";
import type { SimulationSpec, Subject } from "./spec.js";

export function manifestOf(spec: SimulationSpec, traceHash: string, verdict: RunManifest["verdict"]): RunManifest {
  return {
    kind: "synod-run",
    format: 1,
    synodVersion: SYNOD_VERSION,
    nodeVersion: process.versions.node,
    protocol: spec.module.name,
    timing: spec.timing,
    seed: spec.seed,
    scenario: spec.scenario,
    omittedOperations: spec.omittedOperations ?? [],
    eventsMax: spec.eventsMax ?? null,
    traceHash,
    verdict,
  };
}

/** The run that a manifest describes. The caller has checked the manifest and found its protocol's module. */
export function specOf(manifest: RunManifest, module: Subject): SimulationSpec {
  const scenario = manifest.scenario as Scenario;
  return {
    module,
    scenario,
    options: resolveOptions(scenario, module, manifest.timing, scenario.name),
    timing: manifest.timing,
    seed: manifest.seed,
    history: true,
    eventsMax: manifest.eventsMax,
    omittedOperations: manifest.omittedOperations,
  };
}
