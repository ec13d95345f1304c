/** Bad input: one line that names the file, the place and what was expected; exit 64; nothing written. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { invariantNames } from "../../harness/cli/protocols.js";
import { loadScenario } from "../../harness/scenarios/index.js";
import { synod, synodProcess, temporaryFolder } from "./command.js";

const folder = temporaryFolder();
const calm = loadScenario("calm");
const topology = { name: "t", sites: [{ name: "a" }], nodes: [{ id: "x", site: "a", role: "voter" }] };
const manifest = {
  kind: "synod-run",
  format: 1,
  synodVersion: "0.1.0",
  nodeVersion: "20.19.0",
  protocol: "raft",
  timing: "matched",
  seed: 1,
  scenario: calm,
  omittedOperations: [],
  eventsMax: null,
  traceHash: "0000000000000000",
  verdict: "ok",
};

const FILES: Readonly<Record<string, unknown>> = {
  "mine.json": { ...calm, name: "mine", durationMs: "long" },
  "other.json": calm,
  "torn.json": null,
  "levels.json": {
    ...calm,
    name: "levels",
    workload: { ...calm.workload, clients: [{ ...calm.workload.clients[0], readLevel: "sync" }] },
  },
  "unheard.json": { ...calm, name: "unheard", expect: { invariantsBroken: ["durability", "stateMachineSafety"] } },
  "manifest.json": { ...manifest, protocol: "vr" },
  "seed.json": { ...manifest, seed: -1 },
  "hash.json": { ...manifest, traceHash: "none" },
  "kind.json": { ...manifest, kind: "run" },
  "inner.json": { ...manifest, scenario: { ...calm, durationMs: -1 } },
  "topology.json": { ...topology, nodes: [{ id: "x", site: "b", role: "voter" }] },
  "lonely.json": { ...topology, sites: [] },
  "apart.json": {
    ...topology,
    sites: [{ name: "a" }, { name: "b" }],
    nodes: [...topology.nodes, { id: "y", site: "b", role: "voter" }],
  },
};

beforeAll(() => {
  for (const [name, value] of Object.entries(FILES)) writeFileSync(join(folder.path(), name), JSON.stringify(value));
  writeFileSync(join(folder.path(), "torn.json"), '{"name": "torn",');
  writeFileSync(join(folder.path(), "deep.json"), "[".repeat(100_000));
  writeFileSync(join(folder.path(), "good.jsonl"), "");
  mkdirSync(join(folder.path(), "full"));
  writeFileSync(
    join(folder.path(), "history.jsonl"),
    '{"process":1,"type":"invoke","f":"get"}\n{"process":1,"type":"perhaps"}\n',
  );
  writeFileSync(join(folder.path(), "script.txt"), "cluster raft n1 n2 n3\nfly n1\n");
});

const outputs = ["--out", "results", "--history", "h.jsonl", "--trace", "t.ndjson"];
const sim = (scenario: string): string[] => ["sim", "--protocol", "raft", "--scenario", scenario, ...outputs];

const CASES: readonly (readonly [args: readonly string[], line: string])[] = [
  [sim("mine.json"), 'synod: mine.json: /durationMs: expected a number, found "long"'],
  [sim("other.json"), 'synod: other.json: /name: expected "other", the file\'s own name, found "calm"'],
  [
    sim("torn.json"),
    "synod: torn.json: /: expected JSON with a property's name in double quotes, found none at line 1 column 17",
  ],
  [sim("deep.json"), "synod: deep.json: /: expected JSON with at most 1000 levels, found none at line 1 column 1001"],
  [sim("absent.json"), "synod: absent.json: /: expected a readable file, found no such file"],
  [
    sim("levels.json"),
    'synod: levels.json: /workload/clients/0/readLevel: expected one of the levels that raft offers: linearizable, local, found "sync"',
  ],
  [
    sim("unheard.json"),
    `synod: unheard.json: /expect/invariantsBroken/1: expected one of ${invariantNames().join(", ")}, found "stateMachineSafety"`,
  ],
  [
    ["compare", "--protocols", "zab,vr", "--out", "results"],
    'synod: --protocol: expected one of raft, multipaxos, zab, quorumregister, found "vr"',
  ],
  [
    ["compare", "--scenario", "leader-crash", "--duration", "5s", "--out", "results"],
    "synod: leader-crash with --duration: /faults/0/atMs: expected a number from 0 to 5000, found 8000",
  ],
  [
    ["compare", "--seeds", "9..1"],
    "synod: option '--seeds <seeds>' argument '9..1' is invalid. Expected a range A..B with A <= B.",
  ],
  [
    ["compare", "--timing", "fast"],
    "synod: option '--timing <profile>' argument 'fast' is invalid. Allowed choices are matched, native.",
  ],
  [
    ["sim", "--protocol", "quorumregister", "--scenario", "calm", "--trace", "t.ndjson"],
    "synod: --trace: expected a protocol whose steps are named by a specification: raft, multipaxos, zab, found quorumregister",
  ],
  [["sim", "--protocol", "raft"], "synod: required option '--scenario <name or file>' not specified"],
  [["simulate"], "synod: unknown command 'simulate'"],
  [
    ["replay", "manifest.json"],
    'synod: manifest.json: /protocol: expected one of raft, multipaxos, zab, quorumregister, found "vr"',
  ],
  [["replay", "seed.json"], "synod: seed.json: /seed: expected a number >= 0, found -1"],
  [["replay", "hash.json"], 'synod: hash.json: /traceHash: expected text that matches ^[0-9a-f]{16}$, found "none"'],
  [["replay", "kind.json"], 'synod: kind.json: /kind: expected "synod-run", found "run"'],
  [["replay", "inner.json"], "synod: inner.json: /scenario/durationMs: expected a number >= 0, found -1"],
  [["plan", "topology.json"], 'synod: topology.json: /nodes/0/site: expected one of the sites a, found "b"'],
  [["plan", "lonely.json"], "synod: lonely.json: /sites: expected at least 1 element(s), found []"],
  [["plan", "apart.json"], "synod: apart.json: /roundTrips: expected a round trip between a and b, found nothing"],
  [
    ["check", "history.jsonl", "--html", "page.html"],
    'synod: history.jsonl:2: expected "type" to be "invoke", "ok", "fail" or "info"',
  ],
];

describe("bad input", () => {
  test("in a process of its own: all of standard error, and the exit code", () => {
    const [args, line] = CASES[0] as (typeof CASES)[number];
    expect(synodProcess([...args, "--json"], folder.path())).toEqual({ code: 64, out: "", err: `${line}\n` });
  });

  test.each(CASES)("synod %j", async (args, line) => {
    const before = folder.files();
    const said = await synod([...args, "--json"], folder.path());
    expect(said).toEqual({ code: 64, out: "", err: `${line}\n` });
    expect(folder.files()).toEqual(before);
  });

  test("a line that a script cannot play", async () => {
    const said = await synod(["step", "script.txt"], folder.path());
    expect(said.code).toBe(64);
    expect(said.err).toMatch(/^synod: script\.txt:2: .*"fly".*\n$/);
  });
});

/** Said before the work: nobody wants to hear after minutes that the result has no place to go. */
describe("a place that cannot be written to", () => {
  const calm = ["sim", "--protocol", "raft", "--scenario", "calm"];
  const inFile = "torn.json, which is no folder";
  test.each([
    [[...calm, "--out", "torn.json"], `torn.json/manifest.json: expected a file that can be written, found ${inFile}`],
    [[...calm, "--trace", "torn.json/t"], `torn.json/t: expected a file that can be written, found ${inFile}`],
    [[...calm, "--history", "full"], "full: expected a file that can be written, found a folder"],
    [["check", "good.jsonl", "--html", "full"], "full: expected a file that can be written, found a folder"],
    [
      ["compare", "--out", "torn.json/a"],
      `torn.json/a/report.html: expected a file that can be written, found ${inFile}`,
    ],
  ] as const)("synod %j", async (args, line) => {
    const before = folder.files();
    expect(await synod([...args, "--json"], folder.path())).toEqual({ code: 64, out: "", err: `synod: ${line}\n` });
    expect(folder.files()).toEqual(before);
  });

  // Below /proc a folder can neither be made nor be there, not even for the administrator.
  test.runIf(existsSync("/proc/self"))("below /proc", async () => {
    const said = await synod([...calm, "--duration", "1s", "--out", "/proc/synod", "--json"], folder.path());
    expect([said.code, said.out]).toEqual([64, ""]);
    expect(said.err).toMatch(/synod: \/proc\/synod\/manifest\.json: expected a file that can be written, found .+\n$/);
  });
});
