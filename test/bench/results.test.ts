import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CellRecord } from "../../harness/subjects/bench/index.js";
import { synod, temporaryFolder } from "../cli/command.js";
import { cell } from "./cells.js";

const folder = temporaryFolder();

function record(subject: string, round: number, opsPerSecond: number, p50Us: number, syncP50Us: number): CellRecord {
  return {
    kind: "synod-bench-cell",
    format: 1,
    at: "2026-01-01T00:00:00.000Z",
    machine: { cpu: "a CPU", cores: 2, memoryBytes: 1, platform: "linux-x64" },
    versions: { synod: "0.0.0", node: "20.19.0", commit: "abc" },
    subjectVersion: `${subject} 1`,
    subjectSettings: "defaults",
    valueBytes: 256,
    readShare: 0,
    readLevel: "linearizable",
    askedAt: "leader",
    durationMs: 1000,
    warmupMs: 100,
    floor: { syncP50Us, threeSyncsP50Us: 200, roundTripP50Us: 15 },
    ...cell(subject, round, opsPerSecond, p50Us),
  };
}

function written(name: string, records: readonly unknown[]): string {
  const file = join(folder.path(), name);
  writeFileSync(file, records.map((one) => `${JSON.stringify(one)}\n`).join(""));
  return file;
}

test("earlier results come back as the same tables, and two runs in one file are never paired", async () => {
  // The second run begins anew at round 0: its machine was four times as slow, and b was not measured.
  const file = written("two.ndjson", [
    record("a", 0, 800, 10, 100),
    record("b", 0, 400, 20, 100),
    record("a", 0, 200, 40, 400),
  ]);
  const markdown = join(folder.path(), "tables.md");
  const plots = join(folder.path(), "plots");
  const asked = ["bench", "--json", "--from", file, "--against", "b", "--markdown", markdown, "--svg", plots];
  const said = await synod(asked, folder.path());
  expect(said.code, said.err).toBe(0);
  const output = JSON.parse(said.out) as {
    readonly table: readonly { readonly subject: string; readonly rounds: number; readonly opsPerSecond: number }[];
    readonly ratios: readonly { readonly rounds: number; readonly throughput: number }[];
    readonly floors: readonly { readonly syncP50Us: number }[];
  };
  expect(output.table).toMatchObject([
    { subject: "a", rounds: 2, opsPerSecond: 500 },
    { subject: "b", rounds: 1, opsPerSecond: 400 },
  ]);
  expect(output.ratios).toMatchObject([{ subject: "a", against: "b", rounds: 1, throughput: 2 }]);
  expect(output.floors.map(({ syncP50Us }) => syncP50Us)).toEqual([100, 400]);
  expect(readFileSync(markdown, "utf8")).toContain("| a | 64 | 2.00 [2.00 to 2.00] | 0.50 [0.50 to 0.50] |");
  const throughput = join(plots, "throughput.svg");
  expect(existsSync(throughput)).toBe(true);
  // On a page without a style sheet a custom property has no value.
  expect(readFileSync(throughput, "utf8")).not.toContain("var(--");
});

test.each([
  ["of another kind", [{ kind: "synod-run" }], /odd\.ndjson: line 1: \/kind: expected "synod-bench-cell" of format 1/],
  ["that is empty", [], /odd\.ndjson: expected at least one measurement, found none/],
])("a file %s is refused in one line", async (_what, records, words) => {
  const said = await synod(["bench", "--from", written("odd.ndjson", records)], folder.path());
  expect(said.code).toBe(64);
  expect(said.err.trim().split("\n")).toHaveLength(1);
  expect(said.err).toMatch(words);
});
