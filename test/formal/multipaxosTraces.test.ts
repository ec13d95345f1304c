/** Simulated runs of Multi-Paxos against spec/multipaxos/MultiPaxos.tla, and runs that were tampered with. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { multipaxosTraces } from "../../harness/conform/multipaxos/index.js";
import { validateEvents } from "../../harness/conform/validate.js";
import { anyModule } from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { tracedRun } from "./multipaxosRuns.js";

type Event = ReturnType<typeof tracedRun>["events"][number];

const SHORT = 96;
const LONG = 8;

/** Place of the first event with this action from `from` on. */
function placeOf(events: readonly Event[], action: string, from: number): number {
  const place = events.findIndex((event, at) => at >= from && event.action === action);
  expect(place, action).toBeGreaterThan(0);
  return place;
}

const source = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The code's action names, from its type. */
function codeActions(): Set<string> {
  const messages = source("protocols/multipaxos/messages.ts");
  const union = messages.slice(messages.indexOf("export type MultiPaxosAction"));
  const named = [...union.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, name]) => name as string);
  const types = [...messages.matchAll(/readonly type: "(\w+)"/g)].map(([, type]) => `Handle${type}`);
  return new Set([...named, ...types]);
}

test("the spec follows a hundred rough runs, and none that was tampered with", { timeout: 120_000 }, async () => {
  const module = anyModule(multipaxos);
  const runs = Array.from({ length: SHORT + LONG }, (_, k) => tracedRun(module, k + 1, k < SHORT ? 110 : 500));
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

  // The names are one set in code, spec and traces.
  const actions = codeActions();
  const spec = source("spec/multipaxos/MultiPaxos.tla");
  const defined = new Set([...spec.matchAll(/^(\w+)\([^)]*\) ==$/gm)].map(([, name]) => name as string));
  expect([...actions].filter((name) => !defined.has(name))).toEqual([]);
  const environment = new Set(["Config", "Sync", "Drop", "Duplicate"]);
  const traced = new Set(runs.flatMap((run) => run.events.map(({ action }) => action)));
  expect([...traced].filter((name) => !actions.has(name) && !environment.has(name))).toEqual([]);
  // A handful of actions is too rare to be in every set of runs.
  expect(traced.size).toBeGreaterThan(25);
  const inModels = [...source("spec/multipaxos/MCMultiPaxos.tla").matchAll(/\b[AN]\("(\w+)"/g)].map(([, name]) => name);
  expect(inModels.filter((name) => name !== "SyncPersist" && name !== "LeaseEnds")).toEqual(
    inModels.filter((name) => actions.has(name as string) || name === "Drop" || name === "Duplicate"),
  );
});
