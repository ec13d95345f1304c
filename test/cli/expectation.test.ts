/** What a scenario expects, and what the verdicts of a run come to. Every rule is seen to fail. */
import { describe, expect, test } from "vitest";
import { outcomeOf, unmet } from "../../harness/cli/expectation.js";
import type { RunRecord } from "../../harness/record/index.js";
import { runChecked, type RunRequest } from "../../harness/cli/run.js";
import { loadScenario, type Scenario } from "../../harness/scenarios/index.js";
import { runRecord } from "./runRecord.js";

const calm = loadScenario("calm");
const expecting = (expect_: NonNullable<Scenario["expect"]>): Scenario => ({ ...calm, expect: expect_ });
const verdicts = (changes: Partial<RunRecord["verdicts"]>): RunRecord["verdicts"] => ({
  ...runRecord().verdicts,
  ...changes,
});
const broken = { invariant: "stateMachineSafety", detail: "n1 and n2 differ", atMs: 5, event: 9 };

describe("expectations", () => {
  test("commits", () => {
    expect(unmet(expecting({ committedMin: 101 }), runRecord())).toEqual(["expected at least 101 commits, found 100"]);
    expect(unmet(expecting({ committedMin: 100 }), runRecord())).toEqual([]);
  });
  test("time without commits", () => {
    expect(unmet(expecting({ unavailableMsMax: 10 }), runRecord({ unavailableMs: 11 }))).toEqual([
      "expected at most 10 ms without commits, found 11",
    ]);
  });
  test("a stretch without any commit, by whole bins", () => {
    expect(unmet(expecting({ noCommitBetweenMs: [1000, 2000] }), runRecord())).toEqual([]);
    expect(unmet(expecting({ noCommitBetweenMs: [500, 2500] }), runRecord())).toEqual([]);
    expect(unmet(expecting({ noCommitBetweenMs: [1000, 3000] }), runRecord())).toEqual([
      "expected no commit from 1000 to 3000 ms, found 60",
    ]);
  });
  test("a run without a commit shows nothing", () => {
    expect(unmet(expecting({}), runRecord({ committed: 0 }))).toEqual([
      "vacuous: nothing was committed, so nothing was shown",
    ]);
    expect(outcomeOf(expecting({}), runRecord({ committed: 0 }))).toBe("unknown");
  });
});

describe("what is expected of one protocol", () => {
  const register = { ...expecting({ committedMin: 50 }), expectOf: { raft: { linearizable: "violated" as const } } };
  const torn = { verdicts: verdicts({ linearizable: "violated" }) };

  test("is laid over what is expected of all, field by field", () => {
    expect(outcomeOf(register, runRecord({ protocol: "raft", ...torn }))).toBe("ok");
    expect(outcomeOf(register, runRecord({ protocol: "raft", ...torn, committed: 49 }))).toBe("violated");
    expect(outcomeOf(register, runRecord({ protocol: "zab", ...torn }))).toBe("violated");
    expect(outcomeOf(register, runRecord({ protocol: "zab" }))).toBe("ok");
  });

  test("says in words what did not happen", () => {
    expect(unmet(register, runRecord({ protocol: "raft" }))).toEqual([
      "expected a history that is not linearizable, found one that is",
    ]);
    expect(unmet(expecting({ invariantsBroken: ["a", "b"] }), runRecord())).toEqual([
      "expected a broken invariant (a or b), found none",
    ]);
  });
});

describe("the outcome of a run", () => {
  const plain = expecting({});
  test.each<readonly [string, Scenario, Partial<RunRecord>, string]>([
    ["all well", plain, {}, "ok"],
    ["an invariant broke", plain, { verdicts: verdicts({ invariants: "violated" }), broken }, "violated"],
    ["the history is not linearizable", plain, { verdicts: verdicts({ linearizable: "violated" }) }, "violated"],
    ["the history is undecided", plain, { verdicts: verdicts({ linearizable: "unknown" }) }, "unknown"],
    ["no progress", plain, { verdicts: verdicts({ liveness: "violated" }) }, "violated"],
    ["progress undecided", plain, { verdicts: verdicts({ liveness: "unknown" }) }, "unknown"],
    ["an expectation failed", expecting({ committedMin: 1000 }), {}, "violated"],
    ["an invariant was to break and did", expecting({ invariantsBroken: ["stateMachineSafety"] }), { broken }, "ok"],
    ["another one broke", expecting({ invariantsBroken: ["durability"] }), { broken }, "violated"],
    [
      "a history was not to be linearizable and is not",
      expecting({ linearizable: "violated" }),
      { verdicts: verdicts({ linearizable: "violated" }) },
      "ok",
    ],
    ["a history was not to be linearizable and is", expecting({ linearizable: "violated" }), {}, "violated"],
    ["an invariant was to break and held", expecting({ invariantsBroken: ["durability"] }), {}, "violated"],
  ])("%s", (_, scenario, changes, outcome) => expect(outcomeOf(scenario, runRecord(changes))).toBe(outcome));
});

test("a run that is stopped early is not blamed for committing less", () => {
  const request: RunRequest = {
    protocol: "raft",
    scenario: loadScenario("calm"),
    scenarioName: "calm",
    timing: "matched",
    seed: 1,
    checkDeadlineMs: 20_000,
  };
  const stopped = runChecked(request, { eventsMax: 2000 });
  expect(stopped.record.committed).toBeLessThan(request.scenario.expect?.committedMin ?? 0);
  expect([stopped.outcome, stopped.record.reasons]).toEqual(["ok", []]);
});
