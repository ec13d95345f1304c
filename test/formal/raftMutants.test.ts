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

const SEEDS = [1, 2];
const INPUTS = 250;

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
  const runs = mutants.flatMap(({ id, module }) =>
    SEEDS.map((seed) => ({ id, ...tracedRun(anyModule(module), seed, INPUTS, VARIANTS[0]) })),
  );
  const traces = runs.map((run) => run.events);
  const { results } = await validateEvents(raftTraces, traces, { timeoutMs: 150_000 });
  expect(results.filter(({ verdict }) => verdict === "inconclusive")).toEqual([]);
  const caught = new Map<string, number>();
  for (const [k, { rejectedAt }] of results.entries()) {
    const id = runs[k]?.id ?? "";
    if (rejectedAt !== null && !caught.has(id)) caught.set(id, rejectedAt);
  }
  return caught;
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
    if (PREFIXES[id] === undefined && caught.length === 0) free.push(id);
  }
  if (LONG) console.log(lines.join("\n"));
  expect(free).toEqual([]);
});
