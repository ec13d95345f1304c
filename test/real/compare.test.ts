/** `synod compare --real`: the same verb on a cluster of processes, marked as wall clock wherever it stands. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CompareOutput } from "../../harness/cli/output.js";
import { validate } from "../../harness/scenarios/index.js";
import { synod } from "../cli/command.js";
import { eventually } from "./lab.js";

const MAIN = fileURLToPath(new URL("../../dist/harness/cli/main.js", import.meta.url));
const LIMIT_MS = 100_000;

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synod-live-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

test(
  "a run on a live cluster is checked, traced and reported like a simulated one",
  async () => {
    const args = ["compare", "--real", "--protocol", "zab", "--scenario", "calm", "--duration", "2s"];
    const said = await run([...args, "--traced", "100", "--json", "--out", "results"]);
    expect(said.err).not.toContain("a bug");
    const result = JSON.parse(said.out) as CompareOutput;
    validate("output-compare", result, "stdout");
    const [row] = result.runs;
    expect(result.runs).toHaveLength(1);
    expect(row).toMatchObject({ driver: "real", clock: "wall", protocol: "zab", scenario: "calm", seed: 1 });
    expect(row?.verdicts).toMatchObject({ linearizable: "ok", invariants: "ok" });
    expect(row?.verdicts.trace).toMatch(/^(accepted: the first [1-9]|not validated: no (Java|TLA))/);
    expect(row?.committed).toBeGreaterThan(0);
    expect(row?.command).toBe("npx synod compare --real --protocol zab --scenario calm --seed 1 --duration 2000ms");
    const report = readFileSync(join(folder, "results/report.html"), "utf8");
    expect(report).toContain("Wall-clock milliseconds, measured on this machine.");
    expect(report).toContain("on live clusters (wall clock)");
    expect(report).toContain("Not applied to live clusters, calm: the disk");
    for (const file of ["history.jsonl", "trace.ndjson", "n1/node.log", "n3/config.json"])
      expect(existsSync(join(folder, "results/real/zab-calm-1", file))).toBe(true);
    expect(said.code).toBe(0);
  },
  LIMIT_MS,
);

test("what cannot run on processes is refused before anything starts", async () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const said = await synod(["compare", "--real", "--out", "none", ...args], folder);
    expect(said.code).toBe(64);
    return said.err;
  };
  expect(await refused("--protocol", "quorumregister", "--scenario", "quorum-regular")).toMatch(/expected one of raft/);
  expect(await refused("--matrix")).toMatch(/cannot be used with/);
  expect(await refused("--scenario", "calm", "--traced", "200001")).toMatch(/from 0 to 200000/);
  expect(existsSync(join(folder, "none"))).toBe(false);
});

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.each(["SIGHUP", "SIGTERM"] as const)(
  "a run that is ended by %s says so, and leaves no node behind",
  async (signal) => {
    const out = join(folder, signal);
    const args = ["compare", "--real", "--protocol", "raft", "--scenario", "calm", "--duration", "60s", "--out", out];
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    const ended = once(child, "close");
    const log = join(out, "real/raft-calm-1/n1/node.log");
    await eventually(() => existsSync(log) && readFileSync(log, "utf8").includes("serving"), LIMIT_MS, "n1 serves");
    const { pid } = JSON.parse(
      readFileSync(log, "utf8")
        .split("\n")
        .find((line) => line.includes("serving")) ?? "{}",
    ) as {
      pid: number;
    };
    child.kill(signal);
    expect((await ended)[1]).toBe(signal);
    expect(err).toContain(`synod: ${signal}: `);
    await eventually(() => !runs(pid), 10_000, "n1 has ended");
  },
  LIMIT_MS,
);
