/** A run that goes wrong is told, shrunk, and repeated from its manifest: quorums that can miss each other do go wrong. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SimOutput } from "../../harness/cli/output.js";
import type { RunManifest } from "../../harness/record/index.js";
import { loadScenario, type Scenario, validate } from "../../harness/scenarios/index.js";
import { synod, temporaryFolder } from "./command.js";

const folder = temporaryFolder();

test("sim --shrink leaves only the fault that matters", async () => {
  const { expect: _expect, ...calm } = loadScenario("calm");
  const scenario: Scenario = {
    ...calm,
    name: "unsafe",
    mode: "safety",
    durationMs: 12_000,
    cluster: { ...calm.cluster, quorums: { election: 2, replication: 1 }, unsafeQuorums: true },
    faults: [
      { type: "pause", nodes: "n3", atMs: 500, forMs: 200 },
      { type: "slow-disk", nodes: "n2", syncMs: 5, atMs: 1000, forMs: 2000 },
      { type: "partition", groups: [["n1"], ["n2", "n3"]], atMs: 2000, forMs: 3000 },
    ],
  };
  writeFileSync(join(folder.path(), "unsafe.json"), JSON.stringify(scenario));
  const args = ["sim", "--protocol", "raft", "--scenario", "unsafe.json", "--seed", "4", "--shrink", "--out", "small"];
  const said = await synod([...args, "--json"], folder.path());
  const output = JSON.parse(said.out) as SimOutput;
  validate("output-sim", output, "stdout");
  expect(said.code).toBe(1);
  expect(output.verdicts.invariants).toBe("violated");
  expect(output.shrunk).toMatchObject({ faults: 1, faultsBefore: 3 });
  expect(output.shrunk?.events).toBeLessThan(output.events / 2);
  const manifest = JSON.parse(readFileSync(join(folder.path(), "small/manifest.json"), "utf8")) as RunManifest;
  validate("manifest", manifest, "manifest.json");
  expect((manifest.scenario as Scenario).faults.map((fault) => fault.type)).toEqual(["partition"]);
  const again = await synod(["replay", "small/manifest.json", "--json"], folder.path());
  expect(JSON.parse(again.out)).toMatchObject({ sameHash: true, broken: { invariant: output.broken?.invariant } });
  expect(again.code).toBe(1);
});

test.each([
  ["raft", { invariants: "violated" }],
  ["quorumregister", { linearizable: "violated" }],
])("a violation that the scenario expects of %s shrinks to the same one", async (protocol, verdicts) => {
  const args = ["sim", "--protocol", protocol, "--scenario", "quorum-split-brain", "--shrink", "--out", protocol];
  const said = await synod([...args, "--json"], folder.path());
  const output = JSON.parse(said.out) as SimOutput;
  expect(said.code).toBe(0);
  expect(output.verdicts).toMatchObject({ ...verdicts, expectations: "ok" });
  expect(output.shrunk?.events).toBeLessThan(output.events / 10);
  const again = await synod(["replay", `${protocol}/manifest.json`, "--json"], folder.path());
  const replayed = JSON.parse(again.out) as SimOutput;
  expect(replayed).toMatchObject({ sameHash: true, events: output.shrunk?.events, verdicts });
  expect(replayed.broken?.invariant).toBe(output.broken?.invariant);
  expect(replayed.reasons.every((reason) => reason.startsWith("as expected: "))).toBe(true);
  expect(again.code).toBe(0);
});
