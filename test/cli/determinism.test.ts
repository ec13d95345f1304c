/** The same seed is the same run: twice here, in another process, and from its manifest. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SimOutput } from "../../harness/cli/output.js";
import { runChecked } from "../../harness/cli/run.js";
import { loadScenario } from "../../harness/scenarios/index.js";
import { synod, temporaryFolder } from "./command.js";

const folder = temporaryFolder();

describe.each(["raft", "multipaxos", "zab"])("%s in power-loss-all, seed 7", (protocol) => {
  const scenario = loadScenario("power-loss-all");
  const request = {
    protocol,
    scenario,
    scenarioName: scenario.name,
    timing: "matched",
    seed: 7,
    checkDeadlineMs: 20_000,
  } as const;
  const args = ["sim", "--protocol", protocol, "--scenario", "power-loss-all", "--seed", "7", "--json"];

  test("comes to one hash, whichever way it is run", () => {
    const here = runChecked(request).record.traceHash;
    const there = synod([...args, "--out", protocol], folder.path());
    const output = JSON.parse(there.out) as SimOutput;
    expect(output.traceHash).toBe(here);
    expect(output.verdicts).toMatchObject({ linearizable: "ok", invariants: "ok" });
    const again = synod(["replay", `${protocol}/manifest.json`, "--json"], folder.path());
    expect(JSON.parse(again.out)).toMatchObject({ traceHash: here, sameHash: true });
    expect(again.code).toBe(0);
  });
});

test("another seed comes to another hash, and replay says so", () => {
  const manifest = JSON.parse(readFileSync(join(folder.path(), "zab/manifest.json"), "utf8")) as object;
  writeFileSync(join(folder.path(), "zab.json"), JSON.stringify({ ...manifest, seed: 8 }));
  const other = synod(["replay", "zab.json", "--json"], folder.path());
  expect(JSON.parse(other.out)).toMatchObject({ sameHash: false });
  expect(other.code).toBe(1);
});

test("a trace does not change the run that it tells of", () => {
  // A traced core writes its whole state down at every action, so the run is a short one.
  const scenario = { ...loadScenario("calm"), durationMs: 2000 };
  const request = {
    protocol: "raft",
    scenario,
    scenarioName: "calm",
    timing: "matched",
    seed: 3,
    checkDeadlineMs: 20_000,
  } as const;
  let lines = 0;
  const traced = runChecked(request, { trace: { line: () => void (lines += 1) } });
  expect(traced.record.traceHash).toBe(runChecked(request).record.traceHash);
  expect(lines).toBeGreaterThan(1000);
});
