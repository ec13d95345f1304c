/** Which branches of a protocol's code the exploration of its models takes: counted by V8, in a thread of its own. */
import { Worker } from "node:worker_threads";
import type { BranchCoverage } from "./checked.js";

/** What the thread is asked. */
export interface CoverageTask {
  readonly protocol: string;
  /** Models, each with the labels of its prefix. */
  readonly models: readonly { readonly name: string; readonly way: readonly string[] }[];
}

/**
 * Compiled code only. Branches are those of the files that a step runs through: encoding, options, descriptions for people
 * and invariants are none of its business.
 * @throws Error where the code cannot be explored
 */
export function branchCoverage(task: CoverageTask): Promise<BranchCoverage> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./coverageWorker.js", import.meta.url), { workerData: task });
    worker.once("message", (found: BranchCoverage) => resolve(found));
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the coverage thread ended with ${code} and no result`)));
  });
}
