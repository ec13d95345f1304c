/** The words of the matrix follow from its rows, whatever these say. */
import { describe, expect, test } from "vitest";
import { incidentMatrix, incidentRow, matrixWords } from "../../harness/cli/matrix.js";
import type { CheckedRun } from "../../harness/cli/run.js";
import type { IncidentCell, IncidentRow } from "../../harness/record/index.js";
import { DEGRADED_MS, incidentCells, incidentScenario, predictIncident } from "../../harness/scenarios/index.js";
import { runRecord } from "./runRecord.js";

interface Happened {
  readonly p50Ms: number | null;
  readonly unavailableMs?: number;
  readonly elections?: number;
  readonly outcome?: CheckedRun["outcome"];
}

function row(protocol: string, cell: IncidentCell, happened: Happened): IncidentRow {
  const scenario = incidentScenario(cell);
  const { p50Ms, unavailableMs = 0, elections = 0, outcome = "ok" } = happened;
  const record = runRecord({
    protocol,
    scenario: scenario.name,
    unavailableMs,
    longestGapMs: unavailableMs,
    elections,
  });
  const window = { committed: p50Ms === null ? 0 : 1000, p50Ms, p99Ms: p50Ms };
  const request = {
    protocol,
    scenario,
    scenarioName: scenario.name,
    timing: "matched",
    seed: 1,
    checkDeadlineMs: 1,
  } as const;
  const prediction = predictIncident(cell, scenario, { detectionMs: 1000, messagesPerSecond: 16 });
  return incidentRow({ cell, protocol, prediction, requests: [request] }, [{ record, outcome, window }]);
}

/** As it comes out: slow where the majority crosses the link, nothing where it also loses half of its packets. */
function usual(cell: IncidentCell): Happened {
  const crosses = cell.topology !== "fix" && (cell.leader === "remote" || cell.localVoters === "one down");
  const lossy = cell.link === "slow, 50 % loss" || cell.link === "slow, 70 % loss";
  if (!crosses) return { p50Ms: 2, elections: cell.preVote === false && lossy ? 9 : 0 };
  if (!lossy) return { p50Ms: cell.link === "healthy" ? 141 : 450 };
  return cell.localVoters === "one down"
    ? { p50Ms: null, unavailableMs: DEGRADED_MS }
    : { p50Ms: 2, unavailableMs: 3000 };
}

const rows = ["raft", "zab"].flatMap((protocol) =>
  incidentCells(protocol).map((cell) => row(protocol, cell, usual(cell))),
);
const text = (some: readonly IncidentRow[]): string => matrixWords(some).join("\n");

describe("the story", () => {
  test("is told for each cell", () => {
    const story = (name: string): string | undefined => rows.find((one) => one.scenario === name)?.story;
    expect(story("incident-voters-local-all-up-loss70")).toBe("none");
    expect(story("incident-voters-local-one-down-slow")).toBe("slow");
    expect(story("incident-voters-local-one-down-loss50")).toBe("outage");
    expect(story("incident-learners-local-one-down-loss70")).toBe("none");
  });

  test("is told in words", () => {
    const told = text(rows);
    expect(told).toContain("the article's story happens in no protocol");
    expect(told).toContain("ZAB with a local leader and one local voter down needs a remote voter for every commit.");
    expect(told).toContain("slow, 50 % loss: no commit in 11 min");
    expect(told).toContain(
      "With a remote leader every write is slow even on a healthy link (Raft 141 ms and ZAB 141 ms).",
    );
    expect(told).toContain("Raft without PreVote lets remote voters that hear nothing depose a leader");
    expect(told).toContain("no cell of any protocol tells the story");
  });

  test("names Raft without PreVote where its remote voters disturb a local majority", () => {
    const disturbed = rows.map((one) =>
      one.protocol === "raft" &&
      one.cell.preVote === false &&
      one.scenario.startsWith("incident-voters-local-all-up-loss")
        ? row("raft", one.cell, { p50Ms: 2, unavailableMs: DEGRADED_MS })
        : one,
    );
    expect(text(disturbed)).toContain("the article's story happens only in Raft without PreVote");
  });

  test("is told differently where it goes differently", () => {
    const worse = rows.map((one) =>
      one.cell.topology === "fix" && one.protocol === "zab" && one.cell.link === "slow, 70 % loss"
        ? row("zab", one.cell, { p50Ms: 300, unavailableMs: DEGRADED_MS })
        : one,
    );
    expect(text(worse)).toContain(
      "the story still happened in 2 rows: ZAB in incident-learners-local-all-up-loss70 and ZAB in incident-learners-local-one-down-loss70.",
    );
  });
});

describe("predictions", () => {
  test("are compared with every row", () => {
    const wrong = rows.filter((one) => !one.agrees);
    // Without PreVote gaps are predicted, and the made-up rows have none.
    expect(wrong.every((one) => one.cell.preVote === false || one.prediction.outage === "expected")).toBe(true);
    expect(text(rows)).toContain(
      `${rows.length - wrong.length} of ${rows.length} rows came out within their prediction`,
    );
    expect(wrong[0]?.words).toMatch(/Not as predicted: 0 ms without commits, at least .* predicted\.$/);
  });
  test("that were kept are said to be", () => {
    const kept = rows.filter((one) => one.agrees);
    expect(text(kept)).toContain(`Every one of the ${kept.length} rows came out within its prediction.`);
  });
});

test("rows that broke a promise are named and left out of the rest", () => {
  const cell = incidentCells("zab")[0] as IncidentCell;
  const broken = row("zab", cell, { p50Ms: null, unavailableMs: 0, outcome: "violated" });
  const told = matrixWords([broken]);
  expect(told).toEqual([
    "1 row broke a promise and is left out of what follows: ZAB in incident-voters-local-all-up-healthy.",
  ]);
});

test("a cell that was not run is a bug, not a result", () => {
  const cell = incidentCells("zab")[0] as IncidentCell;
  const prediction = predictIncident(cell, incidentScenario(cell), { detectionMs: 1000, messagesPerSecond: 16 });
  expect(() => incidentRow({ cell, protocol: "zab", prediction, requests: [] }, [])).toThrow("every seed");
  expect(incidentMatrix(rows, [1])).toMatchObject({ degradedMs: DEGRADED_MS, seeds: [1] });
});
