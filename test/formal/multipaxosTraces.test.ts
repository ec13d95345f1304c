/** Simulated runs of Multi-Paxos against spec/multipaxos/MultiPaxos.tla, and runs that were tampered with. */
import { expect, test } from "vitest";
import { multipaxosTraces } from "../../harness/conform/multipaxos/index.js";
import { validateEvents } from "../../harness/conform/validate.js";
import { type AnyModule, anyModule } from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { cutRun, type TracedRun, tracedRun } from "./multipaxosRuns.js";

type Event = ReturnType<typeof tracedRun>["events"][number];

const SHORT = 96;
const LONG = 6;
/** Where a run with leaders that nobody answers, and holes that a later one fills, is looked for. */
const CUTS = 60;

/** Place of the first event with this action from `from` on. */
function placeOf(events: readonly Event[], action: string, from: number): number {
  const place = events.findIndex((event, at) => at >= from && event.action === action);
  expect(place, action).toBeGreaterThan(0);
  return place;
}

/** The first run with cuts that has all of these. */
function runWith(module: AnyModule, ...actions: readonly string[]): TracedRun {
  for (let seed = 1; seed <= CUTS; seed += 1) {
    const run = cutRun(module, seed);
    const seen = new Set(run.events.map(({ action }) => action));
    if (actions.every((action) => seen.has(action))) return run;
  }
  throw new Error(`no run with cuts has ${actions.join(" and ")}`);
}

test("the spec follows a hundred rough runs, and none that was tampered with", { timeout: 120_000 }, async () => {
  const module = anyModule(multipaxos);
  const runs = [
    ...Array.from({ length: SHORT + LONG }, (_, k) => tracedRun(module, k + 1, k < SHORT ? 110 : 500)),
    runWith(module, "StepDown", "FillHoles"),
  ];
  expect(runs.flatMap((run) => run.broken ?? [])).toEqual([]);
  expect(runs.reduce((sum, run) => sum + run.committed, 0)).toBeGreaterThan(100);

  const long = runs[SHORT + 1]?.events ?? [];
  const middle = Math.floor(long.length / 2);
  const changedAt = placeOf(long, "HandleAccept", middle);
  const changed = long.map((event, at) =>
    at === changedAt ? { ...event, state: { ...(event.state as object), decided: 99 } } : event,
  );
  const removedAt = placeOf(long, "HandleAccepted", middle);
  const removed = long.filter((_, at) => at !== removedAt);
  const swappedAt = placeOf(long, "Sync", middle);
  const heardAt = placeOf(long, "Persist", swappedAt);
  const swapped = [...long.slice(0, swappedAt), long[heardAt] as Event, ...long.slice(swappedAt, heardAt)];

  const traces = [...runs.map((run) => run.events), changed, removed, swapped];
  const { results } = await validateEvents(multipaxosTraces, traces, { timeoutMs: 100_000 });
  const verdicts = results.slice(0, runs.length);
  expect(verdicts.filter(({ verdict }) => verdict !== "accepted")).toEqual([]);

  const [change, removal, swap] = results.slice(runs.length);
  expect([change?.verdict, change?.rejectedAt]).toEqual(["rejected", changedAt]);
  expect(change?.differences.map(({ what }) => what)).toEqual(["state"]);
  expect(removal?.verdict).toBe("rejected");
  expect(removal?.rejectedAt).toBeGreaterThanOrEqual(removedAt);
  expect([swap?.verdict, swap?.rejectedAt]).toEqual(["rejected", swappedAt]);
});
