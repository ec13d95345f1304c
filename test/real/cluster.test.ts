/** `synod cluster` in the foreground, orders from another shell, and nothing left behind however it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClusterOrderOutput, ClusterOutput } from "../../harness/cli/output.js";
import { anyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { checkLinearizable, historyFromEvents } from "../../harness/check/index.js";
import { loadScenario, type Scenario, validate } from "../../harness/scenarios/index.js";
import { runLive } from "../../harness/subjects/cluster/index.js";
import { synod, synodProcess } from "../cli/command.js";
import { eventually } from "./lab.js";

const MAIN = fileURLToPath(new URL("../../dist/harness/cli/main.js", import.meta.url));
const LIMIT_MS = 60_000;

let folder = "";
const managers: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synod-cluster-"));
});

afterAll(() => {
  for (const manager of managers) manager.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Foreground {
  readonly process: ChildProcess;
  readonly up: ClusterOutput;
  readonly dir: string;
  /** Standard output so far: one object and nothing else. */
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

async function foreground(name: string, ...args: readonly string[]): Promise<Foreground> {
  const dir = join(folder, name);
  const child = spawn(process.execPath, [MAIN, "cluster", "--json", "--dir", dir, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  managers.push(child);
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    text.out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text.err += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  await eventually(() => text.out.includes("\n") || child.exitCode !== null, 45_000, `${name} is up`);
  if (text.out === "") throw new Error(text.err);
  const up = JSON.parse(text.out) as ClusterOutput;
  validate("output-cluster", up, "stdout");
  return { process: child, up, dir, out: () => text.out, err: () => text.err, ended };
}

async function order(
  dir: string,
  ...args: readonly string[]
): Promise<ClusterOrderOutput & { readonly code: number | null }> {
  const said = await synod(["cluster", ...args, "--dir", dir, "--json"], process.cwd());
  if (said.out === "") throw new Error(said.err);
  const answer = JSON.parse(said.out) as ClusterOrderOutput;
  validate("output-cluster-order", answer, "stdout");
  return { code: said.code, ...answer };
}

/** Not a zombie either: whoever started it has seen its end. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const allGone = (pids: readonly number[]): boolean => pids.every((pid) => !runs(pid));

// Side by side: most of the time they wait.
describe.concurrent("in the foreground", () => {
  test(
    "one object once it is up; another shell kills, pauses and restarts; stop leaves no process",
    async () => {
      const cluster = await foreground("orders", "--protocol", "raft", "--nodes", "3", "--learners", "1");
      const { up, dir } = cluster;
      expect(up.nodes.map(({ id }) => id)).toEqual(["n1", "n2", "n3", "n4"]);
      expect(up.leader).not.toBeNull();
      expect(cluster.err()).toContain("etcdctl --endpoints=");
      for (const { pid, client, peer } of up.nodes) {
        expect(runs(pid as number)).toBe(true);
        expect(client).toMatch(/^127\.0\.0\.1:\d+$/);
        expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
      }
      const leader = up.leader as string;
      const killed = await order(dir, "kill", leader);
      expect(killed).toMatchObject({ code: 0, ok: true });
      expect(killed.nodes.find(({ id }) => id === leader)).toMatchObject({ role: "down", pid: null });
      await eventually(() => new RegExp(`(?!${leader})n\\d leads round`).test(cluster.err()), 20_000, "another leads");
      expect(await order(dir, "restart", leader)).toMatchObject({ code: 0, ok: true });
      const victim = up.nodes.find(({ id }) => id !== leader)?.id as string;
      expect((await order(dir, "pause", victim)).nodes.find(({ id }) => id === victim)?.role).toBe("paused");
      expect(await order(dir, "pause", victim)).toMatchObject({ code: 2, ok: false });
      expect((await order(dir, "resume", victim)).ok).toBe(true);
      const pids = (await order(dir, "status")).nodes.map(({ pid }) => pid as number);
      expect(pids.every((pid) => runs(pid))).toBe(true);
      expect((await order(dir, "stop")).ok).toBe(true);
      expect(await cluster.ended).toBe(0);
      expect(allGone(pids)).toBe(true);
      expect(cluster.out().trimEnd().split("\n")).toHaveLength(1);
      expect(synodProcess(["cluster", "status", "--dir", dir], folder)).toMatchObject({ code: 64 });
    },
    LIMIT_MS,
  );

  test(
    "a manager that is killed takes its nodes with it, even one that stands still; Ctrl-C does so in order",
    async () => {
      const first = await foreground("orphans", "--protocol", "zab");
      const pids = first.up.nodes.map(({ pid }) => pid as number);
      expect((await order(first.dir, "pause", "n2")).ok).toBe(true);
      first.process.kill("SIGKILL");
      await eventually(() => allGone(pids), 10_000, "all nodes are gone");
      // What they had stored is still theirs, and a killed manager does not stand in the way.
      const again = await foreground("orphans", "--protocol", "zab");
      expect(again.up.cluster).toBe(first.up.cluster);
      const others = again.up.nodes.map(({ pid }) => pid as number);
      again.process.kill("SIGINT");
      expect(await again.ended).toBe(0);
      expect(allGone(others)).toBe(true);
    },
    LIMIT_MS,
  );

  test("a folder that is no cluster's, or another's, is refused and left as it is", async () => {
    const dir = join(folder, "strange");
    const refused = async (args: readonly string[]): Promise<string> => {
      const said = await synod(["cluster", ...args], process.cwd());
      expect(said.code).toBe(64);
      return said.err;
    };
    const simulate = ["sim", "--protocol", "raft", "--scenario", "calm", "--duration", "100ms"];
    await synod([...simulate, "--history", join(dir, "h")], process.cwd());
    expect(await refused(["--dir", dir])).toMatch(/--dir: expected a folder that is empty, absent, or a cluster's/);
    expect(existsSync(join(dir, "h"))).toBe(true);
    expect(await refused(["status", "--dir", dir])).toMatch(/expected the folder of a cluster that runs/);
    expect(await refused(["dance", "--dir", dir])).toMatch(/expected one of status, kill/);
    expect(await refused(["kill", "--dir", dir])).toMatch(/the id of a node/);
    writeFileSync(join(dir, "cluster.json"), '{"cluster":"x","protocol":"zab","nodes":["n1"],"control":null}');
    expect(await refused(["--dir", dir, "--protocol", "raft"])).toMatch(/--fresh/);
    expect(await refused(["--nodes", "16", "--dir", join(folder, "none")])).toMatch(/at most 15/);
  });
});

test(
  "a scenario's faults reach live processes, and those that cannot are named",
  async () => {
    const calm = loadScenario("calm");
    const scenario: Scenario = {
      ...calm,
      links: { ...calm.links, kind: "datagram" },
      durationMs: 4_000,
      faults: [
        { type: "partition", groups: ["n3", ["n1", "n2"]], atMs: 300, forMs: 800, label: "apart" },
        { type: "pause", nodes: "n2", atMs: 1_300, forMs: 300, label: "still" },
        { type: "clock-jump", nodes: "n1", jumpMs: 500, atMs: 1_500, label: "jump" },
        { type: "slow-disk", nodes: "n3", syncMs: 20, atMs: 1_700, forMs: 500, label: "slow" },
        { type: "crash", nodes: "n3", atMs: 2_300, forMs: 200, label: "down" },
      ],
    };
    const dir = join(folder, "faults");
    const live = await runLive({ module: anyModule(raft), scenario, timing: "matched", seed: 3, dir, tracedMax: 0 });
    const { record, notApplied, counts } = live;
    expect(record).toMatchObject({ driver: "real", clock: "wall", scenario: "calm", seed: 3 });
    expect(record.reasons).toEqual([]);
    expect(record.committed).toBeGreaterThan(10);
    expect(checkLinearizable(historyFromEvents(live.history), { deadlineMs: 10_000 }).verdict).toBe("ok");
    const bands = record.timeline.faults.map(({ label, nodes, skipped }) => [label, nodes.join(" "), skipped === null]);
    expect(bands).toEqual([
      ["apart", "n3 n1 n2", true],
      ["still", "n2", true],
      ["jump", "", false],
      ["slow", "n3", true],
      ["down", "n3", true],
    ]);
    expect(counts.crashes).toBe(1);
    expect(notApplied.join("\n")).toMatch(/datagrams: nodes speak TCP/);
    expect(notApplied.join("\n")).toMatch(/fault jump: all nodes share this machine's clock/);
    expect(record.syncsPerOp).toBeGreaterThan(0);
    expect(record.messagesPerOp).toBeGreaterThan(1);
  },
  LIMIT_MS,
);
