/** With --json: one object on standard output that its published schema accepts, prose on standard error only. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type {
  CheckOutput,
  CompareOutput,
  ConformOutput,
  ModelResult,
  SimOutput,
  StepOutput,
  ValidateOutput,
} from "../../harness/cli/output.js";
import { loadScenario, type SchemaName, validate } from "../../harness/scenarios/index.js";
import { type Said, synod, synodProcess, temporaryFolder } from "./command.js";

const folder = temporaryFolder();
const SHORT = ["--scenario", "calm", "--duration", "3s"];

/** The one object; what it is is what its schema says. */
function object(said: Said, schema: SchemaName): unknown {
  expect(said.out.trimEnd().split("\n")).toHaveLength(1);
  const value: unknown = JSON.parse(said.out);
  validate(schema, value, "stdout");
  return value;
}

describe("compare", () => {
  // More commits than three seconds can hold: the only way to a violated run that is no bug.
  beforeAll(() => {
    const calm = { ...loadScenario("calm"), durationMs: 3000 };
    for (const [name, committedMin] of [
      ["greedy", 1e6],
      ["brief", 1],
    ] as const)
      writeFileSync(join(folder.path(), `${name}.json`), JSON.stringify({ ...calm, name, expect: { committedMin } }));
  });
  const scenarios = ["--scenario", "brief.json", "--scenario", "greedy.json"];
  const args = ["compare", ...scenarios, "--seeds", "1..2", "--protocols", "raft,zab", "--out", "results"];

  test("gives every run, summaries, pairs and the report, and exit 1 where something is violated", () => {
    const said = synodProcess([...args, "--json"], folder.path());
    const output = object(said, "output-compare") as CompareOutput;
    expect(output.runs.map((run) => `${run.scenario} ${run.protocol} ${run.seed}`)).toEqual([
      "brief raft 1",
      "brief zab 1",
      "greedy raft 1",
      "greedy zab 1",
      "brief raft 2",
      "brief zab 2",
      "greedy raft 2",
      "greedy zab 2",
    ]);
    expect(output.paired.every((row) => row.a === "zab" && row.b === "raft")).toBe(true);
    expect(output.summary.find((row) => row.protocol === "zab" && row.metric === "committed")?.runs).toBe(2);
    expect(output.runs.map((run) => run.verdicts.expectations)).toEqual(
      output.runs.map((run) => (run.scenario === "brief" ? "ok" : "violated")),
    );
    expect(output.runs[2]?.reasons[0]).toMatch(/^expected at least 1000000 commits, found \d+$/);
    expect([output.outcome, said.code]).toEqual(["violated", 1]);
    expect(said.err.replaceAll(/\s+/g, " ")).toContain(
      "Repeat it with: npx synod sim --protocol raft --scenario greedy.json --seed 1",
    );
  });

  test("leaves a self-contained report and one run a line", () => {
    const html = readFileSync(join(folder.path(), "results/report.html"), "utf8");
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).not.toMatch(/(src|href)="https?:/);
    const lines = readFileSync(join(folder.path(), "results/results.ndjson"), "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(8);
    for (const line of lines) validate("run", JSON.parse(line), "results.ndjson");
  });
});

test("sim gives the run and the command that repeats it, and writes what was asked for", async () => {
  const files = ["--out", "one", "--history", "one/history.jsonl", "--trace", "one/trace.ndjson"];
  const said = synodProcess(
    ["sim", "--protocol", "multipaxos", ...SHORT, "--seed", "5", "--json", ...files],
    folder.path(),
  );
  const output = object(said, "output-sim") as SimOutput;
  expect(output.command).toBe("npx synod sim --protocol multipaxos --scenario calm --seed 5 --duration 3000ms");
  expect(Object.values(output.files).every((file) => existsSync(join(folder.path(), file)))).toBe(true);
  const checked = await synod(["check", "one/history.jsonl", "--json"], folder.path());
  expect(object(checked, "output-check")).toMatchObject({ verdict: "ok" });
  expect(checked.code).toBe(0);
});

test("check finds a lost write, with a witness, exit 1", () => {
  const event = (index: number, type: string, f: string, value: string | null): string =>
    JSON.stringify({ index, time: index, process: 1, type, f, key: "k", value });
  const lines = [
    event(0, "invoke", "put", "a"),
    event(1, "ok", "put", "a"),
    event(2, "invoke", "get", null),
    event(3, "ok", "get", null),
  ];
  writeFileSync(join(folder.path(), "lost.jsonl"), `${lines.join("\n")}\n`);
  const said = synodProcess(["check", "lost.jsonl", "--html", "lost.html", "--json"], folder.path());
  const output = object(said, "output-check") as CheckOutput;
  expect(output.verdict).toBe("violated");
  expect(output.witness?.length).toBeGreaterThan(0);
  expect(said.code).toBe(1);
  expect(readFileSync(join(folder.path(), "lost.html"), "utf8")).toContain("Not linearizable");
});

test("check looks at every history of a list and says which one is otherwise", async () => {
  const list = [
    "file\tmodel\tops\texpected",
    "lost.jsonl\tkv\t2\tlinearizable",
    "one/history.jsonl\tkv\tOPS\tlinearizable",
  ];
  const history = readFileSync(join(folder.path(), "one/history.jsonl"), "utf8");
  const operations = history.split("\n").filter((line) => line.includes('"type":"invoke"')).length;
  writeFileSync(join(folder.path(), "list.tsv"), list.join("\n").replace("OPS", String(operations)));
  const said = await synod(["check", "--manifest", "list.tsv", "--json"], folder.path());
  expect(object(said, "output-check-manifest")).toMatchObject({ verdict: "violated", agreeing: 1 });
  expect(said.err).toContain("lost.jsonl: expected linearizable, got violated");
  expect(said.code).toBe(1);
});

test.each([
  [["scenarios"], "output-scenarios"],
  [["doctor"], "output-doctor"],
] as const)("%s", async (args, schema) => {
  const said = await synod([...args, "--json"], folder.path());
  object(said, schema);
  expect(said.code).toBe(0);
  expect(said.err).not.toBe("");
});

test("without --json the words come first and there is no JSON", () => {
  const said = synodProcess(["sim", "--protocol", "raft", ...SHORT], folder.path());
  expect(said.out).toMatch(/^Raft in calm, seed 1: kept every promise; /);
  expect(said.out).toContain("Again: npx synod sim --protocol raft --scenario calm --seed 1 --duration 3000ms");
});

test("step plays a script from standard input", () => {
  const said = synodProcess(["step"], folder.path(), "cluster raft n1 n2 n3\nstart\nelect n2\nstatus\n");
  expect(said.code).toBe(0);
  expect(said.out).toMatch(/^n2 leader .*$/m);
});

test("step gives each line with what it did", () => {
  const said = synodProcess(["step", "--json"], folder.path(), "cluster raft n1 n2 n3\nstart\nelect n2\n");
  const { steps } = object(said, "output-step") as StepOutput;
  expect(steps.map(({ line }) => line).filter((line) => line !== "")).toEqual([
    "cluster raft n1 n2 n3",
    "start",
    "elect n2",
  ]);
  expect(steps.some(({ output }) => output.includes("RequestVote"))).toBe(true);
});

describe("the specification", { timeout: 120_000 }, () => {
  test("validate follows a trace, and says where one that was changed is another", async () => {
    const trace = join(folder.path(), "short.ndjson");
    await synod(
      ["sim", "--protocol", "raft", "--scenario", "calm", "--duration", "1s", "--trace", trace],
      folder.path(),
    );
    const lines = readFileSync(trace, "utf8").split("\n").slice(0, 120);
    writeFileSync(trace, `${lines.join("\n")}\n`);
    const whole = await synod(["validate", "short.ndjson", "--json"], folder.path());
    expect(object(whole, "output-validate")).toMatchObject({ verdict: "accepted" });
    expect(whole.code).toBe(0);
    const at = lines.findIndex((line, k) => k > 60 && line.includes('"commitIndex":'));
    const changed = lines.with(at, (lines[at] as string).replace(/"commitIndex":\d+/, '"commitIndex":77'));
    writeFileSync(trace, `${changed.join("\n")}\n`);
    const parted = await synod(["validate", "short.ndjson", "--json"], folder.path());
    const output = object(parted, "output-validate") as ValidateOutput;
    expect([output.verdict, parted.code]).toEqual(["rejected", 1]);
    expect(output.differences?.map(({ what }) => what)).toEqual(["state"]);
  });

  test("model gives TLC's result", async () => {
    const said = await synod(["model", "raft", "--config", "snapshot", "--json"], folder.path());
    const output = object(said, "output-model") as ModelResult;
    expect([output.verdict, said.code]).toEqual(["ok", 0]);
    expect(output.distinctStates).toBeGreaterThan(50);
    expect(output.jarSha256).toMatch(/^[0-9a-f]{64}$/);
    const list = await synod(["model", "zab", "--config", "list", "--json"], folder.path());
    object(list, "output-model");
  });

  test("conform gives states, edges, branches, planted bugs and speed", async () => {
    const said = await synod(["conform", "raft", "--config", "snapshot", "--json"], folder.path());
    const output = object(said, "output-conform") as ConformOutput;
    expect([output.verdict, said.code]).toEqual(["equal", 0]);
    const [model] = output.models;
    expect([model?.divergences, model?.onlyInSpec, model?.onlyInCode]).toEqual([0, 0, 0]);
    expect(output.branchesHit).toBeGreaterThan(50);
    expect(output.branches).toBe(output.branchesHit + output.branchesMissed.length);
    expect(output.mutants).toBeGreaterThanOrEqual(12);
    expect(output.mutantsCaught).toBe(output.mutants);
    expect(output.statesPerSecond).toBeGreaterThan(0);
  });
});
