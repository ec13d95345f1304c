/** Where and with what a result was made. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { type Machine, SYNOD_VERSION, type Versions } from "../record/index.js";
import { scenarioFolder } from "../scenarios/index.js";

/** The folder of the package: of the clone, or of the installed package. */
export function packageFolder(): string {
  return join(scenarioFolder(), "../..");
}

/** For records: what made them. */
export function versions(): Versions {
  return { synod: SYNOD_VERSION, node: process.versions.node, commit: commitOf(packageFolder()) };
}

/** null outside a clone. A clone's own `.git` is asked for, so that an installed package never names its host's commit. */
function commitOf(folder: string): string | null {
  if (!existsSync(join(folder, ".git"))) return null;
  try {
    return execFileSync("git", ["rev-parse", "--short=12", "HEAD"], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null; // No git on this machine: nothing depends on it.
  }
}

/** For records: where times were measured. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
  };
}
