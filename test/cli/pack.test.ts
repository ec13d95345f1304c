/** What `npm pack` makes works in another folder. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";

// npm is a .cmd file on Windows, which only a shell can start.
const shell = process.platform === "win32";

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, {
    cwd,
    encoding: "utf8",
    shell,
    timeout: 110_000,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synod-pack-"));
  // The build that `npm test` has just made is packed; building it again would only cost time.
  const packed = run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], root);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "elsewhere", private: true }));
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  run("npm", ["install", "--prefer-offline", "--omit=dev", ...quiet, join(folder, filename)], folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (): string => join(folder, "node_modules/.bin", shell ? "synod.cmd" : "synod");

test("its command lists the scenarios", () => {
  const { scenarios } = JSON.parse(run(command(), ["scenarios", "--json"], folder)) as {
    scenarios: { name: string }[];
  };
  expect(scenarios.map(({ name }) => name)).toContain("incident-one-down");
});

test("its command runs, on all cores, and writes the report", () => {
  const args = ["compare", "--scenario", "calm", "--duration", "2s", "--seeds", "1..2", "--out", "results", "--json"];
  const { outcome } = JSON.parse(run(command(), args, folder)) as { outcome: string };
  expect(outcome).toBe("ok");
  expect(readFileSync(join(folder, "results/report.html"), "utf8")).toContain("</html>");
});

test("its command brings up a cluster of processes, with etcd's interface beside it", async () => {
  const started = spawn(command(), ["cluster", "--json", "--dir", "cluster"], { cwd: folder, shell, stdio: "pipe" });
  try {
    let printed = "";
    for await (const piece of started.stdout) {
      printed += String(piece);
      if (printed.endsWith("\n")) break;
    }
    const { nodes } = JSON.parse(printed) as { nodes: { id: string; etcd?: string }[] };
    expect(nodes.map(({ id }) => id)).toEqual(["n1", "n2", "n3"]);
    expect(nodes[0]?.etcd).toMatch(/^127\.0\.0\.1:\d+$/);
  } finally {
    started.kill("SIGTERM");
  }
  const [code] = (await once(started, "exit")) as [number | null];
  expect(code).toBe(0);
});
