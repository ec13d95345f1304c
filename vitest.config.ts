import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { compiledSources } from "./tools/compiledSources.js";
import { LongFirst } from "./tools/longFirst.js";

export default defineConfig({
  plugins: [compiledSources()],
  test: {
    include: ["test/**/*.test.ts", "spec/tla2tools-runner/test/*.test.ts"],
    setupFiles: ["test/repeatable.ts"],
    server: { deps: { external: [/\/dist\/(protocols|harness|bench)\//] } },
    // One worker a core; Vitest's own choice leaves a core free, which on two cores is half of the machine.
    maxWorkers: availableParallelism(),
    // A worker loads what is compiled once, not once for each file: a test puts back what it changes.
    isolate: false,
    sequence: { sequencer: LongFirst },
    testTimeout: process.env["SYNOD_LONG"] === undefined ? 60_000 : 4 * 3_600_000,
    hookTimeout: 120_000,
  },
});
