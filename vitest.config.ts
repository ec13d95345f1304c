import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "spec/tla2tools-runner/test/*.test.ts"],
    setupFiles: ["test/repeatable.ts"],
    // One worker a core; Vitest's own choice leaves a core free, which on two cores is half of the machine.
    maxWorkers: availableParallelism(),
    testTimeout: process.env["SYNOD_LONG"] === undefined ? 60_000 : 4 * 3_600_000,
    hookTimeout: 120_000,
  },
});
