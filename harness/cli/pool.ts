/** Runs on all cores. */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Tinypool } from "tinypool";
import type { CheckedRun, RunRequest } from "./run.js";

/** Worker threads that run simulations. Close it, or the process does not end. */
export interface RunPool {
  /** The results in the order of the requests. Rejects at the first run that throws: that is a bug, not a verdict. */
  runAll(requests: readonly RunRequest[], onDone?: (run: CheckedRun) => void): Promise<CheckedRun[]>;
  close(): Promise<void>;
}

/** A thread for each core. */
export function createPool(): RunPool {
  const threads = availableParallelism();
  const pool = new Tinypool({
    filename: fileURLToPath(new URL("./worker.js", import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
  });
  return {
    runAll: (requests, onDone) =>
      Promise.all(
        requests.map(async (request) => {
          const run = (await pool.run(request)) as CheckedRun;
          onDone?.(run);
          return run;
        }),
      ),
    close: () => pool.destroy(),
  };
}
