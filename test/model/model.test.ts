/**
 * Model-based tests: fast-check drives a simulated cluster with client operations and faults, and a model of every key
 * says which answers are possible. `SYNOD_LONG=1` (`npm run test:long`) runs fifty times as many; `SYNOD_MODEL_SEED`
 * looks elsewhere. A failure prints the commands that are left of it and the line that repeats it.
 */
import { describe, expect, test } from "vitest";
import { PROTOCOLS } from "../sim/support.js";
import type { Tally } from "./cluster.js";
import { replayFromEnvironment, search } from "./search.js";

const RUNS = 110 * (process.env["SYNOD_LONG"] === undefined ? 1 : 50);
const SEED = 20_140_615;

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (_, module) => {
  test("every answer is one that the model allows, and a healed cluster serves and agrees", () => {
    const replay = replayFromEnvironment(SEED);
    const { runs, tally, found } = search(module, replay, RUNS);
    expect(found?.message ?? null).toBeNull();
    if (replay.path !== undefined) return; // It was asked for one run, and one run says nothing about many.
    expect(runs).toBe(RUNS);
    expectBusy(tally);
  });
});

/** The search was not vacuous: clients got all kinds of answers, and every kind of fault hit something. */
function expectBusy(tally: Tally): void {
  expect(tally.acknowledged).toBeGreaterThan(2 * RUNS);
  expect(tally.linearizableReads).toBeGreaterThan(5 * RUNS);
  for (const kind of ["refusedSwaps", "unknown", "staleReads", "owedReads", "writesLost"] as const) {
    expect([kind, tally[kind] > RUNS / 20]).toEqual([kind, true]);
  }
  expect(tally.leaderships).toBeGreaterThan(1.5 * RUNS);
  expect(tally.crashes).toBeGreaterThan(RUNS);
  expect(tally.dropped).toBeGreaterThan(RUNS);
  for (const fault of ["crash", "pause", "partition", "cut", "weather"]) {
    expect([fault, (tally.faults[fault] ?? 0) > RUNS / 4]).toEqual([fault, true]);
  }
}
