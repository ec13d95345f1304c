/** Bugs planted into Raft's core: each must be told from the specification by traces, replay or graph. */
import { expect, test } from "vitest";
import { models } from "../../harness/conform/raft/models.js";
import { difference, type Planned, planModel } from "../../harness/conform/raft/plan.js";
import { raftTraces } from "../../harness/conform/raft/index.js";
import { validateEvents } from "../../harness/conform/validate.js";
import { anyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { mutants } from "./mutants/raft/index.js";
import { tracedRun, VARIANTS } from "./raftRuns.js";

/** A seed whose run shows the bug, of the first variant, and how many inputs it takes at least. */
const RUNS: Readonly<Record<string, readonly [seed: number, inputs: number]>> = {
  "R-ELECT-02": [2, 100],
  "R-ELECT-03": [9, 60],
  "R-ELECT-10": [10, 250],
  "vote-before-durable": [2, 60],
  "R-COMMIT-04": [7, 100],
  "R-COMMIT-05": [4, 120],
  "R-COMMIT-08": [6, 250],
  "R-DISK-02": [1, 60],
  "R-DISK-13": [1, 60],
  "R-REPL-03": [1, 60],
  "R-SNAP-06": [8, 250],
  "R-READ-01": [8, 60],
  "R-READ-04": [2, 150],
};

/** Bugs that short traces can miss, and the model that is made for each. */
const PREFIXES: Readonly<Record<string, string>> = {
  "R-ELECT-01": "LateVote",
  "R-ELECT-06": "PreVote",
  "R-COMMIT-01": "Figure8",
  "R-DISK-04": "Truncate",
  "truncate-in-memory-only": "Truncate",
  "R-SNAP-01": "Snapshot",
};
/** Some of them in every test run, all in the long one. */
const LONG = process.env["SYNOD_LONG"] !== undefined;
const MODELS = LONG ? Object.values(PREFIXES) : ["Figure8", "LateVote"];

async function traceCatches(): Promise<ReadonlyMap<string, number>> {
  const runs = mutants.flatMap(({ id, module }) => {
    const [seed, inputs] = RUNS[id] ?? [0, 0];
    return inputs === 0 ? [] : [{ id, ...tracedRun(anyModule(module), seed, inputs, VARIANTS[0]) }];
  });
  const traces = runs.map((run) => run.events);
  const { results } = await validateEvents(raftTraces, traces, { timeoutMs: 150_000 });
  expect(results.filter(({ verdict }) => verdict === "inconclusive")).toEqual([]);
  return new Map(
    results.flatMap(({ rejectedAt }, k) => (rejectedAt === null ? [] : [[runs[k]?.id ?? "", rejectedAt] as const])),
  );
}

test("every planted bug is caught", { timeout: 200_000 }, async () => {
  const planned = new Map<string, Planned>();
  for (const model of models) {
    if (!MODELS.includes(model.name)) continue;
    const plan = await planModel(model, 100_000);
    expect(await difference(raft, plan), model.name).toBeNull();
    planned.set(model.name, plan);
  }
  const traced = await traceCatches();
  const free: string[] = [];
  const lines: string[] = [];
  for (const { id, module, what } of mutants) {
    const plan = planned.get(PREFIXES[id] ?? "");
    const found = plan === undefined ? null : await difference(module, plan);
    const at = traced.get(id);
    const caught = [
      ...(at === undefined ? [] : [`trace, event ${at}`]),
      ...(found === null ? [] : [`${PREFIXES[id]}, ${found.by}`]),
    ];
    lines.push(`${id} (${what}): ${caught.join("; ")}`);
    // Whoever has a model of its own is held to it where that model is run.
    if (plan !== undefined && found === null) free.push(`${id} in ${PREFIXES[id]}`);
    if (RUNS[id] !== undefined && at === undefined) free.push(`${id} in a trace`);
    expect(PREFIXES[id] ?? RUNS[id], `${id} is looked for somewhere`).toBeDefined();
  }
  if (LONG) console.log(lines.join("\n"));
  expect(free).toEqual([]);
});
