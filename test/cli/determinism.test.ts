/** The same seed is the same run: twice here, in another process, and from its manifest. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SimOutput } from "../../harness/cli/output.js";
import { runChecked } from "../../harness/cli/run.js";
import { loadManifest } from "../../harness/cli/verbs/replay.js";
import type { RunManifest } from "../../harness/record/index.js";
import { loadScenario } from "../../harness/scenarios/index.js";
import { type Said, synod, synodProcess, temporaryFolder } from "./command.js";

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

  test("comes to one hash, whichever way it is run", async () => {
    const here = runChecked(request).record.traceHash;
    const there = synodProcess([...args, "--out", protocol], folder.path());
    const output = JSON.parse(there.out) as SimOutput;
    expect(output.traceHash).toBe(here);
    expect(output.verdicts).toMatchObject({ linearizable: "ok", invariants: "ok" });
    const again = await synod(["replay", `${protocol}/manifest.json`, "--json"], folder.path());
    expect(JSON.parse(again.out)).toMatchObject({ traceHash: here, sameHash: true });
    expect(again.code).toBe(0);
  });
});

describe("a manifest", () => {
  const read = (): RunManifest =>
    JSON.parse(readFileSync(join(folder.path(), "zab/manifest.json"), "utf8")) as RunManifest;
  const write = (manifest: object): void => {
    writeFileSync(join(folder.path(), "edited.json"), JSON.stringify(manifest));
  };
  const replay = (manifest: object): Promise<Said> => {
    write(manifest);
    return synod(["replay", "edited.json", "--json"], folder.path());
  };

  test.each<readonly [string, (manifest: RunManifest) => object]>([
    ["seed", () => ({ seed: 8 })],
    ["protocol", () => ({ protocol: "raft" })],
    ["timing profile", () => ({ timing: "native" })],
    ["hash", () => ({ traceHash: "0123456789abcdef" })],
    ["operations left out", () => ({ omittedOperations: [3] })],
    ["scenario", ({ scenario }) => ({ scenario: { ...(scenario as object), durationMs: 100_000 } })],
  ])("whose %s was edited is told from a run that differs", (_, edit) => {
    const manifest = read();
    write({ ...manifest, ...edit(manifest) });
    expect(() => loadManifest(join(folder.path(), "edited.json"))).toThrow(
      /edited\.json: \/contentHash: expected "\w{16}", the hash of the other fields, found "\w{16}": the manifest was edited after its run$/,
    );
  });

  test("that was edited is not run", async () => {
    const said = await replay({ ...read(), seed: 8 });
    expect([said.code, said.out]).toEqual([64, ""]);
    expect(said.err).toMatch(/^synod: edited\.json: \/contentHash: .*\n$/);
  });

  test("may be written down in another order and with other spaces", async () => {
    const { scenario, ...rest } = read();
    const turned = Object.fromEntries(Object.entries(scenario as object).reverse());
    const said = await replay({ scenario: turned, ...rest });
    expect(JSON.parse(said.out)).toMatchObject({ sameHash: true });
  });

  test("without its own hash is run, and the run that differs is told", async () => {
    const { contentHash, ...rest } = read();
    expect(contentHash).toMatch(/^[0-9a-f]{16}$/);
    const said = await replay({ ...rest, seed: 8 });
    expect(JSON.parse(said.out)).toMatchObject({ sameHash: false });
    expect(said.err).toMatch(/Another run: the manifest has hash .*\n.*is not deterministic.*was edited\./);
    expect(said.code).toBe(1);
  });
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
