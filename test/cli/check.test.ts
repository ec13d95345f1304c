/** `synod check`: what a file leaves open is said by options; what cannot be checked is never "ok". */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { CheckOutput } from "../../harness/cli/output.js";
import { validate } from "../../harness/scenarios/index.js";
import { synod, temporaryFolder } from "./command.js";

const folder = temporaryFolder();

type Row = readonly [type: string, f: string, value: unknown];

function lines(rows: readonly Row[]): string {
  return rows
    .map(([type, f, value], n) => `${JSON.stringify({ index: n, time: n, process: 1, type, f, key: "k", value })}\n`)
    .join("");
}

beforeAll(() => {
  const read = (value: unknown): readonly Row[] => [
    ["invoke", "get", null],
    ["ok", "get", value],
  ];
  const files: Readonly<Record<string, string>> = {
    "seven.jsonl": lines(read(7)),
    // A failed comparison that does not say what it saw; then the value is what it expected.
    "failed.jsonl": lines([
      ["invoke", "put", 1],
      ["ok", "put", 1],
      ["invoke", "cas", [1, 2]],
      ["fail", "cas", [1, 2]],
      ...read(1),
    ]),
    "null.jsonl": lines([["invoke", "put", 1], ["ok", "put", 1], ...read(null)]),
    "comment.edn": "; a comment\n{:process 0, :type :invoke, :f :write, :value 1}\n",
    "empty.jsonl": "",
    "local.jsonl": lines(read(1)).replaceAll('"key"', '"level":"local","key"'),
    "many.jsonl": lines(Array.from({ length: 300 }, (_, n) => [n % 2 === 0 ? "invoke" : "ok", "put", n >> 1])),
    "list.tsv": "file\tmodel\tops\texpected\nseven.jsonl\tkv\t1\tlinearizable\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path(), name), text);
});

async function verdictOf(args: readonly string[]): Promise<string> {
  const said = await synod(["check", ...args, "--json"], folder.path());
  const output = JSON.parse(said.out) as CheckOutput;
  validate("output-check", output, "stdout");
  expect(said.code).toBe({ ok: 0, violated: 1, unknown: 2 }[output.verdict]);
  return output.verdict;
}

describe("what the file leaves open", () => {
  test.each([
    [["seven.jsonl"], "violated"],
    [["seven.jsonl", "--initial", "7"], "ok"],
    [["seven.jsonl", "--initial", '"7"'], "violated"],
    [["failed.jsonl"], "ok"],
    [["failed.jsonl", "--failed-cas", "dropped"], "ok"],
    [["failed.jsonl", "--failed-cas", "not-equal"], "violated"],
    [["null.jsonl"], "violated"],
    [["null.jsonl", "--null-read", "unconstrained"], "ok"],
    [["comment.edn", "--format", "edn"], "ok"],
    [["many.jsonl", "--memory", "1KiB"], "unknown"],
    [["many.jsonl", "--memory", "1MiB"], "ok"],
  ] as const)("%j: %s", async (args, verdict) => {
    expect(await verdictOf(args)).toBe(verdict);
  });

  test("holds for every history of a list", async () => {
    expect((await synod(["check", "--manifest", "list.tsv"], folder.path())).code).toBe(1);
    expect((await synod(["check", "--manifest", "list.tsv", "--initial", "7"], folder.path())).code).toBe(0);
  });
});

describe("nothing to check", () => {
  test.each([
    ["empty.jsonl", "linearizable"],
    ["empty.jsonl", "all"],
    ["local.jsonl", "linearizable"],
  ])("%s, %s: not ok, and says so", async (file, level) => {
    expect(await verdictOf([file, "--level", level])).toBe("unknown");
    const said = await synod(["check", file, "--level", level], folder.path());
    expect(said).toMatchObject({ code: 2, err: "" });
    expect(said.out).toBe(`Unknown: nothing to check: ${file} holds no operation that level ${level} speaks of.\n`);
  });
});

describe("bad options: one line, exit 64", () => {
  test.each([
    [
      ["--format", "csv"],
      "--format <format>' argument 'csv' is invalid. Allowed choices are jsonl, edn, etcd-log, kv-log.",
    ],
    [["--initial", "{"], `--initial <json>' argument '{' is invalid. Expected JSON, such as 0, null or '"text"'.`],
    [["--failed-cas", "no"], "--failed-cas <rule>' argument 'no' is invalid. Allowed choices are dropped, not-equal."],
    [["--null-read", "0"], "--null-read <rule>' argument '0' is invalid. Allowed choices are value, unconstrained."],
    [["--memory", "1GB"], "--memory <size>' argument '1GB' is invalid. Expected a size such as 512MiB or 2GiB."],
    [["--memory", "0MiB"], "--memory <size>' argument '0MiB' is invalid. Expected a size such as 512MiB or 2GiB."],
  ])("%j", async (options, line) => {
    const said = await synod(["check", "seven.jsonl", ...options], folder.path());
    expect(said).toEqual({ code: 64, out: "", err: `synod: option '${line}\n` });
  });

  test.each(["--level", "--model", "--html"])("a manifest says itself what %s would", async (option) => {
    const value = option === "--level" ? "all" : option === "--model" ? "register" : "page.html";
    const said = await synod(["check", "--manifest", "list.tsv", option, value], folder.path());
    expect(said.code).toBe(64);
    expect(said.err).toMatch(/^synod: option '--\w+ <\w+>' cannot be used with option '--manifest <file>'\n$/);
  });
});
