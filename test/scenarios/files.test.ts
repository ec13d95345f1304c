/** The scenario files that come with Synod. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { anyModule, anyRegisterModule } from "../../protocols/core/index.js";
import { quorumregister } from "../../protocols/quorumregister/index.js";
import { raft } from "../../protocols/raft/index.js";
import { zab } from "../../protocols/zab/index.js";
import {
  incidentCells,
  incidentName,
  loadScenario,
  loadScenarioFile,
  resolveOptions,
  scenarioFile,
  scenarioNames,
  tellingScenarios,
} from "../../harness/scenarios/index.js";

const MODULES = [anyModule(raft), anyModule(multipaxos), anyModule(zab)];
const WANTED = [
  "calm",
  "incident-fix",
  "incident-one-down",
  "jitter",
  "leader-crash",
  "liveness",
  "minority-partition",
  "no-majority-partition",
  "one-way-link",
  "partial-partition",
  "power-loss-all",
  "quorum-even",
  "quorum-regular",
  "quorum-sloppy",
  "quorum-split-brain",
  "quorum-write-back",
  "rolling-restart",
  "slow-disk",
  "swarm",
];

test("the scenarios that the documentation names are there", () => expect(scenarioNames()).toEqual(WANTED));

describe.each(scenarioNames())("%s", (name) => {
  test("loads", () => expect(loadScenarioFile(scenarioFile(name)).name).toBe(name));

  test.each(["matched", "native"] as const)("has settings for every protocol, %s timing", (timing) => {
    for (const module of [...MODULES, anyRegisterModule(quorumregister)]) {
      const options = resolveOptions(loadScenario(name), module, timing, name);
      expect(module.optionsProblem(options, 3)).toBeNull();
    }
  });

  test("asks only for read levels that every protocol offers", () => {
    for (const { readLevel } of loadScenario(name).workload.clients)
      for (const module of MODULES) expect(module.readLevels).toContain(readLevel ?? "linearizable");
  });
});

test("the two telling files are what the generator makes", () => {
  for (const scenario of tellingScenarios())
    expect(JSON.parse(readFileSync(scenarioFile(scenario.name), "utf8"))).toEqual(scenario);
});

test("every cell of the incident has a name of its own and can be loaded by it", () => {
  const names = incidentCells("raft").map(incidentName);
  expect(new Set(names).size).toBe(120);
  for (const name of names) expect(loadScenario(name).name).toBe(name);
});

test("a scenario without faults has none in its JSON either", () => expect(loadScenario("calm").faults).toEqual([]));
