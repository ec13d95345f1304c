/** The plain fixed-leader loop: what the driver's parts do without a protocol. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "./bench/goTools.js";
import { MissingPeer, type RunningSubject, type SubjectSpec } from "./bench/subject.js";
import { startLean } from "./lean.js";

const ENTRY = "dist/bench/plainLoop/main.js";

export async function startPlainLoop(spec: SubjectSpec, dir: string): Promise<RunningSubject> {
  if (!existsSync(join(packageFolder(), ENTRY)))
    throw new MissingPeer("plainLoop", "it is not in this package", "clone the repository and run npm run build");
  return startLean(spec, dir, {
    entry: ENTRY,
    protocol: "plainLoop",
    version: `plain loop on Node ${process.versions.node}`,
    options: spec.machine ? { machine: true } : {},
  });
}
