/**
 * Model-based tests: fast-check drives a simulated cluster with client operations and faults, and a model of every key
 * says which answers are possible. `SYNOD_LONG=1` (`npm run test:long`) runs fifty times as many.
 */
import { describe, expect, test } from "vitest";
import { PROTOCOLS } from "../sim/support.js";
import { replayFromEnvironment, search } from "./search.js";

const RUNS = 120 * (process.env["SYNOD_LONG"] === undefined ? 1 : 50);
const SEED = 20_140_615;

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (_, module) => {
  test("every answer is one that the model allows, and a healed cluster agrees", () => {
    const replay = replayFromEnvironment(SEED);
    const { runs, tally, found } = search(module, replay, RUNS);
    if (process.env["SYNOD_MODEL_TALLY"] !== undefined) console.log(module.name, tally);
    expect(found?.message ?? null).toBeNull();
    if (replay.path !== undefined) return; // One run says nothing about many.
    expect(runs).toBe(RUNS);
    expect(tally.acknowledged).toBeGreaterThan(RUNS);
  });
});
