/** Simulated runs of Raft against spec/raft/Raft.tla. */
import { expect, test } from "vitest";
import type { TraceEvent } from "../../harness/conform/protocol.js";
import { raftTraces } from "../../harness/conform/raft/index.js";
import type { RaftEvent } from "../../harness/conform/raft/trace.js";
import { validateEvents } from "../../harness/conform/validate.js";
import { anyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { tracedRun, VARIANTS } from "./raftRuns.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
const RUNS = LONG ? 200 : 100;
const INPUTS = LONG ? 600 : 50;

test("the spec follows every rough run", { timeout: 600_000 }, async () => {
  const variants = LONG ? VARIANTS : VARIANTS.slice(0, 1);
  for (const variant of variants) {
    const runs = Array.from({ length: RUNS }, (_, k) => tracedRun(anyModule(raft), k + 1, INPUTS, variant));
    expect(runs.flatMap((run) => run.broken ?? [])).toEqual([]);
    const traces = runs.map((run) => run.events);
    const { results } = await validateEvents(raftTraces, traces, { timeoutMs: 500_000 });
    const bad = results.flatMap((result, k) => (result.verdict === "accepted" ? [] : [{ seed: k + 1, ...result }]));
    expect(bad).toEqual([]);
  }
});

function replaced(trace: readonly RaftEvent[], at: number, event: RaftEvent): RaftEvent[] {
  return trace.map((one, k) => (k === at ? event : one));
}

test("a trace that was tampered with is rejected where it was", { timeout: 120_000 }, async () => {
  const { events } = tracedRun(anyModule(raft), 1, 300, VARIANTS[0]);
  const trace = events as readonly RaftEvent[];
  const handles = trace.findIndex(({ action }, k) => k > 100 && action === "HandleAppendEntriesRequest");
  const synced = trace.findIndex(
    ({ action, node }, k) =>
      k > 100 && action === "Sync" && trace[k + 1]?.action === "Persist" && trace[k + 1]?.node === node,
  );
  expect(Math.min(handles, synced)).toBeGreaterThan(100);
  const handled = trace[handles] as RaftEvent;
  const other = { ...(handled.state as object), commitIndex: 99 };
  const without = (k: number): TraceEvent[] => trace.filter((_, at) => at !== k);
  const swapped = [...trace];
  [swapped[synced], swapped[synced + 1]] = [trace[synced + 1] as RaftEvent, trace[synced] as RaftEvent];
  const tampered: (readonly TraceEvent[])[] = [
    trace,
    replaced(trace, handles, { ...handled, state: other }),
    replaced(trace, handles, { ...handled, sent: [] }),
    without(synced),
    swapped,
    trace.slice(0, 1),
  ];
  const { results } = await validateEvents(raftTraces, tampered, { timeoutMs: 100_000 });
  expect(results.map(({ verdict, rejectedAt }) => [verdict, rejectedAt])).toEqual([
    ["accepted", null],
    ["rejected", handles],
    ["rejected", handles],
    ["rejected", synced],
    ["rejected", synced],
    ["inconclusive", null],
  ]);
  expect(results[1]?.differences.map(({ what }) => what)).toEqual(["state"]);
  expect(results[2]?.differences.map(({ what }) => what)).toEqual(["sent"]);
});
