/** The incident's arithmetic, worked out by hand, and runs that must keep to it. */
import { describe, expect, test } from "vitest";
import { disagreement } from "../../harness/cli/matrix.js";
import { protocolByName } from "../../harness/cli/protocols.js";
import { runChecked } from "../../harness/cli/run.js";
import type { IncidentCell, Prediction } from "../../harness/record/index.js";
import { degradedWindow, incidentName, incidentScenario, predictIncident } from "../../harness/scenarios/index.js";

const PATIENCE = { detectionMs: 1000, messagesPerSecond: 16 };
const cell = (changes: Partial<IncidentCell> = {}): IncidentCell => ({
  topology: "3+2 voters",
  leader: "local",
  localVoters: "all up",
  link: "healthy",
  preVote: true,
  checkQuorum: true,
  ...changes,
});
const predict = (changes: Partial<IncidentCell>): Prediction =>
  predictIncident(cell(changes), incidentScenario(cell(changes)), PATIENCE);

describe("commit latency floor", () => {
  // Client to leader and back 0.2 ms, a local round trip 0.3 ms, a sync 0.4 ms, all at their least.
  test("of a local leader with its local voters: no link is crossed, however bad it is", () => {
    for (const link of ["healthy", "slow", "slow, 70 % loss"] as const) {
      const { floorMs, majorityCrossesLink } = predict({ link });
      expect(floorMs.degraded).toBeCloseTo(0.9);
      expect(majorityCrossesLink).toEqual({ healthy: false, degraded: false });
    }
  });
  test("of a local leader with one local voter down: a round trip of the link", () => {
    expect(predict({ localVoters: "one down" }).floorMs.degraded).toBeCloseTo(70 + 0.4 + 0.2);
    const slow = predict({ localVoters: "one down", link: "slow" });
    expect(slow.floorMs.healthy).toBeCloseTo(0.9);
    expect(slow.floorMs.degraded).toBeCloseTo(200 + 0.4 + 0.2);
    expect(slow.majorityCrossesLink).toEqual({ healthy: false, degraded: true });
  });
  test("of a remote leader: the client's round trip and the quorum's", () => {
    expect(predict({ leader: "remote" }).floorMs.healthy).toBeCloseTo(70 + 70 + 0.4);
    expect(predict({ leader: "remote", link: "slow" }).floorMs.degraded).toBeCloseTo(200 + 200 + 0.4);
  });
  test("of the fix: never the link's, one voter down or not", () => {
    for (const localVoters of ["all up", "one down"] as const)
      expect(predict({ topology: "fix", localVoters, link: "slow, 70 % loss" }).floorMs.degraded).toBeCloseTo(0.9);
  });
});

describe("outage", () => {
  test.each<readonly [Partial<IncidentCell>, Prediction["outage"]]>([
    [{ link: "slow" }, "none"],
    [{ link: "slow, 70 % loss" }, "none"],
    [{ link: "slow, 70 % loss", preVote: false }, "expected"],
    [{ localVoters: "one down", link: "slow" }, "none"],
    [{ localVoters: "one down", link: "slow, 10 % loss" }, "expected"],
    [{ localVoters: "one down", link: "slow, 50 % loss" }, "total"],
    [{ leader: "remote", link: "slow" }, "none"],
    [{ leader: "remote", link: "slow, 10 % loss" }, "possible"],
    [{ leader: "remote", link: "slow, 50 % loss" }, "brief"],
    [{ leader: "remote", localVoters: "one down", link: "slow, 50 % loss" }, "total"],
    [{ topology: "fix", localVoters: "one down", link: "slow, 70 % loss" }, "none"],
  ])("%j: %s", (changes, outage) => expect(predict(changes).outage).toBe(outage));

  test("is longer the more is lost, and half of it is what a run must show at least", () => {
    const least = (["slow, 10 % loss", "slow, 50 % loss"] as const).map(
      (link) => predict({ localVoters: "one down", link }).unavailableMs.min ?? 0,
    );
    expect(least[0]).toBeGreaterThan(10_000);
    expect(least[1]).toBeGreaterThan(5 * (least[0] as number));
    expect(least[1]).toBeLessThanOrEqual(330_000);
  });
});

/** A third of the article's time: enough to see every kind of cell. */
const STRETCH_MS = 220_000;

const TELLING: readonly Partial<IncidentCell>[] = [
  { link: "slow, 70 % loss" },
  { localVoters: "one down", link: "slow" },
  { localVoters: "one down", link: "slow, 50 % loss" },
  { leader: "remote", link: "healthy" },
  { leader: "remote", link: "slow, 50 % loss" },
  { topology: "fix", localVoters: "one down", link: "slow, 70 % loss" },
];

describe("runs keep to their prediction", () => {
  const withoutPreVote: Partial<IncidentCell> = { link: "slow, 50 % loss", preVote: false };
  const cases = [
    ...["raft", "multipaxos", "zab"].flatMap((protocol) => TELLING.map((changes) => ({ protocol, changes }))),
    { protocol: "raft", changes: withoutPreVote },
  ].map(({ protocol, changes }) => ({ protocol, changes, name: incidentName(cell(changes)) }));

  test.each(cases)("$protocol in $name", ({ protocol, changes, name }) => {
    const scenario = incidentScenario(cell(changes), STRETCH_MS);
    const prediction = predictIncident(cell(changes), scenario, protocolByName(protocol).patience("matched"));
    const windowMs = degradedWindow(STRETCH_MS);
    const base = {
      protocol,
      scenario,
      scenarioName: name,
      timing: "matched",
      windowMs,
      checkDeadlineMs: 20_000,
    } as const;
    const run = runChecked({ ...base, seed: 11 });
    expect(run.outcome).toBe("ok");
    expect(disagreement(prediction, run)).toBeNull();
  });
});

test("a run that departs from its prediction is told apart", () => {
  const prediction = predict({ localVoters: "one down", link: "slow, 50 % loss" });
  const scenario = incidentScenario(cell({ link: "slow" }), 20_000);
  const base = { protocol: "raft", scenario, scenarioName: "x", timing: "matched", checkDeadlineMs: 20_000 } as const;
  const run = runChecked({ ...base, seed: 1, windowMs: degradedWindow(20_000) });
  expect(disagreement(prediction, run)).toBe("half of the commits took less than 201 ms");
  expect(disagreement({ ...prediction, floorMs: { healthy: 0, degraded: 0 } }, run)).toMatch(
    /^0 ms without commits, at least/,
  );
});
