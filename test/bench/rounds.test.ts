/** Real processes, one short round: what is printed must be what happened. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type BenchPlan,
  type Cell,
  goProgram,
  goVersion,
  parseSubject,
  runRounds,
  subjectOf,
} from "../../harness/subjects/bench/index.js";
import { synod } from "../cli/command.js";

const hasGo = goVersion() !== null;

// Where there is Go there is nothing to tell: a line that says "skipped" would only make people look for what was not tested.
if (!hasGo)
  test("measuring real processes: NOT RUN, there is no Go to build the load generator", () => {
    expect(process.env["CI"], "sudo apt-get install golang-go").toBeUndefined();
  });

describe.runIf(hasGo)("measuring real processes", () => {
  let dir = "";
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "synod-rounds-"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const plan = (more: Partial<BenchPlan>): BenchPlan => ({
    subjects: [subjectOf(parseSubject("plainLoop"))],
    demands: [{ clients: 4, rate: 0 }],
    sweep: null,
    rounds: 1,
    keepRunning: false,
    durationMs: 500,
    warmupMs: 100,
    firstWarmupMs: 0,
    valueBytes: 64,
    keys: 10,
    reads: 0,
    level: "linearizable",
    at: "leader",
    seed: 1,
    dir,
    ...more,
  });

  async function measured(one: BenchPlan): Promise<{ readonly cells: Cell[]; readonly troubles: string[] }> {
    const cells: Cell[] = [];
    const troubles: string[] = [];
    await runRounds(await goProgram("load"), one, {
      progress: () => undefined,
      floor: (_round, floor) => expect(floor.syncUs.p50Us).toBeGreaterThan(0),
      cell: (cell) => void cells.push(cell),
      knee: () => undefined,
      trouble: (_subject, why) => void troubles.push(why),
    });
    return { cells, troubles };
  }

  test("the plain loop and hashicorp/raft answer, sync for it, and leave nothing behind", async () => {
    const subjects = [subjectOf(parseSubject("plainLoop")), subjectOf(parseSubject("hraft"))];
    const { cells, troubles } = await measured(plan({ subjects }));
    expect(troubles.join("\n")).toBe("");
    expect(cells.map(({ subject }) => subject)).toEqual(["plainLoop", "hraft"]);
    for (const cell of cells) {
      expect(cell.ops).toBeGreaterThan(0);
      expect(cell.failed + cell.unknown).toBe(0);
      expect(cell.writes?.count).toBe(cell.ops);
      expect(cell.latency.p99Us).toBeGreaterThanOrEqual(cell.latency.p50Us);
      // Four clients share syncs at most; without a single sync the disk was not measured.
      expect(cell.syncsPerCommit).toBeGreaterThan(0.5);
    }
    expect(readdirSync(dir)).toEqual([]);
  });

  test("kept running, the second round meets the same processes in reverse", async () => {
    const names = ["plainLoop", "plainLoop/nosync"];
    let starts = 0;
    const subjects = names.map((name) => {
      const subject = subjectOf(parseSubject(name));
      return { name, start: (folder: string) => ((starts += 1), subject.start(folder)) };
    });
    const { cells } = await measured(plan({ subjects, rounds: 2, keepRunning: true }));
    expect(cells.map(({ subject }) => subject)).toEqual([...names, ...names.toReversed()]);
    expect(starts).toBe(2);
    expect(readdirSync(dir)).toEqual([]);
  });

  test("an open loop sends what it was asked for, and its latency counts from when a request was due", async () => {
    const { cells } = await measured(plan({ demands: [{ clients: 64, rate: 200 }] }));
    const [cell] = cells;
    expect((cell?.ops ?? 0) + (cell?.unanswered ?? 0)).toBe(100);
    expect(cell?.late?.count).toBe(100);
  });

  test("a subject that does not come up is trouble, and the others are measured", async () => {
    const broken = { name: "broken", start: () => Promise.reject(new Error("it does not start")) };
    const { cells, troubles } = await measured(plan({ subjects: [broken, subjectOf(parseSubject("plainLoop"))] }));
    expect(troubles).toEqual(["it does not start"]);
    expect(cells).toHaveLength(1);
  });

  test("the verb prints one object, a line for each measurement, and a page", async () => {
    const results = join(dir, "results.ndjson");
    const html = join(dir, "page.html");
    const short = ["--rounds", "1", "--duration", "300ms", "--warmup", "50ms", "--clients", "1,2"];
    const files = ["--results", results, "--html", html, "--dir", dir];
    const ran = await synod(["bench", "--json", "--subjects", "plainLoop", ...short, ...files], dir);
    expect(ran.code, ran.err).toBe(0);
    const output = JSON.parse(ran.out) as { table: { clients: number; p50Us: number }[]; rounds: unknown[] };
    expect(output.table.map(({ clients }) => clients)).toEqual([1, 2]);
    const lines = readFileSync(results, "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(Array(2).fill("synod-bench-cell"));
    expect(existsSync(html)).toBe(true);
    expect(readFileSync(html, "utf8")).toContain("<svg");
    rmSync(results);
    rmSync(html);
  });
});
