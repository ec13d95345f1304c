/** What a scenario expects to break is told as such, and never as a check that failed or passed. */
import { expect, test } from "vitest";
import type { RunRecord } from "../../harness/record/index.js";
import { renderReport, renderTable } from "../../harness/report/index.js";
import { comparison, note, run } from "./fixture.js";

const plain = run({ scenario: "calm", protocol: "raft", seed: 1, gapSeconds: 0 });
const register: RunRecord = {
  ...plain,
  protocol: "quorumregister",
  verdicts: { ...plain.verdicts, linearizable: "violated" },
  reasons: ["as expected: history: not linearizable"],
  notApplicable: ["election safety", "log matching"],
  outcome: "ok",
};

function pageOf(runs: readonly RunRecord[]): string {
  const protocols = runs.map(({ protocol }) => protocol);
  const made = comparison(runs, [{ ...note("calm", "Calm"), predictions: null }]);
  return renderReport({ ...made, protocols, verdict: [] })
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ");
}

test("a violation that was meant is counted as expected, with what it was", () => {
  const page = pageOf([plain, register]);
  expect(page).toContain(
    "All 2 runs passed every check. In 1 of them something broke that the scenario is there to break.",
  );
  expect(page).toContain("1 of 1 violated, as expected");
  expect(page).toContain("Quorum register, seed 1: as expected: history: not linearizable.");
  expect(page).toContain("As the scenario expects, 1 run of 2 has a history that is not linearizable");
  expect(page).not.toContain("All 2 histories are linearizable");
});

test("invariants that mean nothing for a protocol are named, and only there", () => {
  expect(pageOf([plain, register])).toContain(
    "Invariants that do not apply to Quorum register: election safety, log matching.",
  );
  expect(pageOf([plain])).not.toContain("do not apply to");
});

test("the same violation where it was not meant is a failure", () => {
  const { outcome: _outcome, ...unexpected } = register;
  const page = pageOf([plain, { ...unexpected, reasons: ["history: not linearizable"] }]);
  expect(page).toContain("1 violated a property");
  expect(page).toContain("1 of 1 violated");
  expect(page).not.toContain("as expected");
});

test("the table counts it as passed", () => {
  const made = comparison([register], [{ ...note("calm", "Calm"), predictions: null }]);
  const table = renderTable({ ...made, protocols: ["quorumregister"] });
  expect(table).toMatch(/Quorum register .*1\/1/);
});
