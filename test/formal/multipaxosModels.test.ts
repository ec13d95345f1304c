/** Bounded models of Multi-Paxos against the code: its graph is the spec's, and planted bugs are told from it. */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { multipaxosTraces } from "../../harness/conform/multipaxos/index.js";
import { compareModel, graphOf, models } from "../../harness/conform/multipaxos/models.js";
import type { LoadedGraph } from "../../harness/conform/multipaxos/replay.js";
import type { MultiPaxosModule } from "../../harness/conform/multipaxos/replicas.js";
import { validateEvents } from "../../harness/conform/validate.js";
import { anyModule } from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { mutants } from "./mutants/multipaxos/index.js";
import { mutantFolder, plant } from "./multipaxosMutants.js";
import { tracedRun } from "./multipaxosRuns.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
/** Models of seconds; the long tests take all. */
const QUICK: ReadonlySet<string> = new Set(["Small", "TwoBallots", "Watermark", "Snapshot", "HalfAccepted"]);
const chosen = models.filter(({ name }) => LONG || QUICK.has(name));
const graphs = new Map<string, LoadedGraph>();

for (const model of chosen) {
  test(`${model.name}: ${model.about}`, { timeout: LONG ? 1_200_000 : 120_000 }, async () => {
    const graph = await graphOf(model, multipaxos, { quickStart: !LONG, heapMiB: 3000 });
    graphs.set(model.name, graph);
    const result = await compareModel(graph, model, multipaxos);
    expect(result.divergences).toEqual([]);
    expect([result.onlyInSpec, result.onlyInCode]).toEqual([0, 0]);
    expect(result.codeStates).toBe(result.specStates);
    expect(result.edgesReplayed).toBe(result.specEdges);
    expect(result.specStates).toBeGreaterThan(30);
  });
}

type Events = ReturnType<typeof tracedRun>["events"];

/** How a mutant differs from the models: the first of them, or each of them. */
async function caughtByModels(module: MultiPaxosModule): Promise<string[]> {
  const how: string[] = [];
  for (const model of chosen) {
    const graph = graphs.get(model.name);
    if (graph === undefined || (how.length > 0 && !LONG)) continue;
    const { divergences, edgesReplayed, onlyInSpec, onlyInCode } = await compareModel(graph, model, module, true);
    if (divergences.length > 0) how.push(`replay of ${model.name}, edge ${edgesReplayed}`);
    else if (onlyInSpec + onlyInCode > 0)
      how.push(`graph of ${model.name}, ${onlyInSpec} states missing and ${onlyInCode} too many`);
  }
  return how;
}

test("every planted bug is caught", { timeout: LONG ? 1_200_000 : 120_000 }, async () => {
  const folder = mutantFolder();
  try {
    const caught = new Map<string, string[]>();
    const traces: Events[] = [];
    const owners: string[] = [];
    for (const mutant of mutants) {
      const module = await plant(mutant, folder);
      const how = await caughtByModels(module);
      caught.set(mutant.id, how);
      if (how.length > 0 && !LONG) continue;
      // What no model of this run shows is left to traces.
      for (const seed of [2, 3, 5, 6]) {
        traces.push(tracedRun(anyModule(module), seed, 250).events);
        owners.push(mutant.id);
      }
    }
    const { results } = await validateEvents(multipaxosTraces, traces, { timeoutMs: 100_000 });
    for (const [at, { verdict, rejectedAt }] of results.entries())
      if (verdict === "rejected") caught.get(owners[at] ?? "")?.push(`trace, event ${rejectedAt}`);
    if (process.env["SYNOD_MUTANTS"] !== undefined)
      console.log([...caught].map(([id, how]) => `${id}: ${how.join("; ")}`).join("\n"));
    expect([...caught].filter(([, how]) => how.length === 0).map(([id]) => id)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
