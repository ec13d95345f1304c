/** Clusters of ours. */
import { SYNOD_VERSION } from "../record/index.js";
import type { RunningSubject, SubjectSpec } from "./bench/subject.js";
import { startLean } from "./lean.js";

export function startSynod(spec: SubjectSpec, dir: string): Promise<RunningSubject> {
  return startLean(spec, dir, {
    entry: "dist/harness/drivers/real/main.js",
    protocol: spec.kind,
    version: `Synod ${SYNOD_VERSION} on Node ${process.versions.node}`,
    options: spec.lease ? { readMechanism: "lease" } : {},
  });
}
