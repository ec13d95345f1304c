/** Quorum arithmetic: what theory says of each configuration of a register, found by the ladder in simulated histories. */
import { beforeAll, describe, expect, test } from "vitest";
import { checkLadder, historyFromEvents, type LadderResult, type Level } from "../../harness/check/index.js";
import { runSimulation, type SimulationOutcome, type Subject } from "../../harness/drivers/sim/index.js";
import { loadScenario, resolveOptions, type Scenario } from "../../harness/scenarios/index.js";
import { anyRegisterModule } from "../../protocols/core/index.js";
import { quorumregister, type RegisterOptions } from "../../protocols/quorumregister/index.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
const SEEDS = Array.from({ length: LONG ? 100 : 6 }, (_, i) => i + 1);
const REGISTER: Subject = anyRegisterModule(quorumregister);

function run(module: Subject, scenario: Scenario, seed: number): SimulationOutcome {
  const options = resolveOptions(scenario, module, "matched", scenario.name);
  return runSimulation({ module, scenario, options, timing: "matched", seed, history: true });
}

interface Judged {
  readonly seed: number;
  readonly outcome: SimulationOutcome;
  readonly ladder: LadderResult;
}

/** A scenario on the register, over all seeds, with other settings laid over its own. No run may be vacuous or broken. */
function judge(name: string, settings: Partial<RegisterOptions>, changes: Partial<Scenario> = {}): readonly Judged[] {
  const base = loadScenario(name);
  const own = { ...base.options?.["quorumregister"], ...settings };
  const scenario = { ...base, ...changes, options: { quorumregister: own } };
  return SEEDS.map((seed) => {
    const outcome = run(REGISTER, scenario, seed);
    expect(outcome.record.broken).toBeNull();
    expect(outcome.record.committed).toBeGreaterThan(50);
    expect(outcome.record.reads).toBeGreaterThan(100);
    return { seed, outcome, ladder: checkLadder(historyFromEvents(outcome.history), { deadlineMs: 2_000 }) };
  });
}

function verdict({ ladder }: Judged, level: Level): string {
  return ladder.levels.find((result) => result.level === level)?.verdict ?? "absent";
}

/** Seeds with this verdict. */
function seedsWith(runs: readonly Judged[], level: Level, wanted: string): number[] {
  return runs.filter((one) => verdict(one, level) === wanted).map(({ seed }) => seed);
}

/** Long enough for hundreds of reads beside every kind of overlap, short enough for the levels that are searched. */
const SHORT = { durationMs: 3_000 };

describe("R + W > N", () => {
  test("without write-back: regular always, and some read misses what an earlier one has seen", () => {
    const runs = judge("quorum-regular", {}, SHORT);
    expect(seedsWith(runs, "regular", "ok")).toEqual(SEEDS);
    for (const { ladder } of runs) expect(ladder.maximal).toContain("regular");
    expect(seedsWith(runs, "linearizable", "violated").length).toBeGreaterThan(SEEDS.length / 2);
    expect(seedsWith(runs, "linearizable", "unknown")).toEqual([]);
  });

  test("with background repair it is regular, too, and no more", () => {
    const runs = judge("quorum-regular", { readRepair: "background" }, SHORT);
    expect(seedsWith(runs, "regular", "ok")).toEqual(SEEDS);
    expect(seedsWith(runs, "linearizable", "violated")).not.toEqual([]);
  });

  test("with write-back: linearizable always", () => {
    for (const { ladder } of judge("quorum-write-back", {}, SHORT)) expect(ladder.maximal).toEqual(["linearizable"]);
  });

  test("with write-back and every fault there is: linearizable always", () => {
    const puts = loadScenario("swarm").workload;
    const clients = puts.clients.map((group) => ({ ...group, mix: { put: 1, get: 2 }, readFrom: "any" as const }));
    const onlyLinearizable = clients.filter(({ readLevel }) => (readLevel ?? "linearizable") === "linearizable");
    const runs = judge("swarm", {}, { workload: { ...puts, clients: onlyLinearizable } });
    for (const { ladder } of runs) expect(ladder.maximal).toEqual(["linearizable"]);
    expect(runs.some(({ outcome }) => outcome.counts.crashes > 0)).toBe(true);
  });

  test.each([
    [1, 3],
    [3, 1],
  ])("R = %i and W = %i of 3 meet as well: regular always", (readQuorum, writeQuorum) => {
    const runs = judge("quorum-regular", { readQuorum, writeQuorum }, SHORT);
    expect(seedsWith(runs, "regular", "ok")).toEqual(SEEDS);
  });
});

describe("R + W <= N", () => {
  let repaired: readonly Judged[] = [];
  beforeAll(() => {
    repaired = judge("quorum-sloppy", {});
  });

  test("finished writes are missed: not regular", () => {
    expect(seedsWith(repaired, "regular", "violated").length).toBeGreaterThan(SEEDS.length / 2);
    // Some values were returned seconds after they had been overwritten.
    const bounds = repaired.map(({ ladder }) => ladder.levels.find(({ bound }) => bound !== undefined)?.bound ?? 0);
    expect(Math.max(...bounds) / 1e9).toBeGreaterThan(1);
  });

  test("with read repair all reads agree in the end", () => {
    expect(seedsWith(repaired, "eventual", "ok")).toEqual(SEEDS);
    for (const { ladder } of repaired) expect(ladder.maximal).toContain("eventual");
  });

  test("without it some replica stays behind for good", () => {
    const runs = judge("quorum-sloppy", { readRepair: "off" });
    expect(seedsWith(runs, "eventual", "violated")).not.toEqual([]);
  });

  test("write-back cannot mend it: what a read keeps the next one may not ask", () => {
    const runs = judge("quorum-sloppy", { readRepair: "writeBack" });
    expect(seedsWith(runs, "regular", "violated")).not.toEqual([]);
  });

  test("the same scenario with quorums that meet is linearizable", () => {
    const runs = judge("quorum-sloppy", { readQuorum: 2, writeQuorum: 2, readRepair: "writeBack" });
    for (const { ladder } of runs) expect(ladder.maximal).toEqual(["linearizable"]);
  });
});
