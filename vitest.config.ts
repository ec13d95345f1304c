import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "spec/tla2tools-runner/test/*.test.ts"],
    setupFiles: ["test/repeatable.ts"],
    testTimeout: process.env["SYNOD_LONG"] === undefined ? 60_000 : 4 * 3_600_000,
    hookTimeout: 120_000,
  },
});
