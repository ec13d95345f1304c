/** Simulated runs of Raft against spec/raft/Raft.tla. */
import { expect, test } from "vitest";
import { raftTraces } from "../../harness/conform/raft/index.js";
import { validateEvents } from "../../harness/conform/validate.js";
import { anyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { tracedRun } from "./raftRuns.js";

test("the spec follows rough runs", { timeout: 120_000 }, async () => {
  const runs = Array.from({ length: 3 }, (_, k) => tracedRun(anyModule(raft), k + 1, 300));
  expect(runs.flatMap((run) => run.broken ?? [])).toEqual([]);
  const traces = runs.map((run) => run.events);
  const { results } = await validateEvents(raftTraces, traces, { timeoutMs: 100_000 });
  expect(results.map(({ verdict, differences }) => ({ verdict, differences }))).toEqual(
    runs.map(() => ({ verdict: "accepted", differences: [] })),
  );
});
