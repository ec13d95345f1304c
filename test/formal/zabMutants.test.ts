/** Every planted bug is caught by at least one of trace validation, replay and comparison of graphs. */
import { describe, expect, test } from "vitest";
import { tracedProtocol, type TraceEvent, validateEvents } from "../../harness/conform/index.js";
import { type Conformance, conform, specGraph, type SpecGraph } from "../../harness/conform/zab/conform.js";
import { ZAB_MODELS } from "../../harness/conform/zab/models.js";
import { anyModule } from "../../protocols/core/index.js";
import { zab } from "../../protocols/zab/index.js";
import { ZAB_MUTANTS } from "./mutants/zab/index.js";
import { roughTrace } from "./zabRuns.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
/** What `npm test` has time for; the others run in the long tests. */
const MODELS = LONG ? ZAB_MODELS : (["Trunc", "Again", "Ahead", "Promised"] as const);
const SEEDS = [1, 3];
const INPUTS = 450;

interface Caught {
  readonly mutant: string;
  /** Event of the first trace that was rejected; null: none was. */
  readonly trace: number | null;
  /** Number of the edge, in the first model where one diverged; null: none did. */
  readonly replay: string | null;
  /** States that only one side has, in the first model where there are any; null: there are none. */
  readonly graph: string | null;
}

function caughtBy(results: readonly Conformance[]): Pick<Caught, "replay" | "graph"> {
  const replay = results.find(({ diverged }) => diverged > 0);
  const graph = results.find((one) => one.onlyInCode + one.onlyInSpec > 0 || one.broken !== null);
  return {
    replay: replay === undefined ? null : `${replay.model} edge ${replay.divergences[0]?.edge}`,
    graph: graph === undefined ? null : `${graph.model} ${graph.broken ?? `${graph.onlyInCode} + ${graph.onlyInSpec}`}`,
  };
}

describe("ZAB against its spec", () => {
  test("models: every edge replayed, equal graphs; every mutant caught", {
    timeout: LONG ? 3_600_000 : 120_000,
  }, async () => {
    // Two at a time: the machines that run this have two cores.
    const graphs: (readonly [string, SpecGraph])[] = [];
    for (let at = 0; at < MODELS.length; at += 2) {
      const pair = MODELS.slice(at, at + 2);
      const found = await Promise.all(pair.map((model) => specGraph(model, { timeoutMs: LONG ? 1_800_000 : 60_000 })));
      for (const [n, spec] of found.entries()) graphs.push([pair[n] as string, spec]);
    }
    for (const [model, spec] of graphs) {
      const found = conform(zab, model, spec);
      expect(found).toMatchObject({
        diverged: 0,
        onlyInSpec: 0,
        onlyInCode: 0,
        broken: null,
        codeStates: found.specStates,
      });
      expect(found.replayed).toBe(found.edges);
      expect(found.edges).toBeGreaterThan(20);
    }
    const protocol = tracedProtocol("zab");
    if (protocol === undefined) throw new Error("ZAB has no trace specification");
    const traces: (readonly TraceEvent[])[] = [];
    for (const { module } of ZAB_MUTANTS)
      for (const seed of SEEDS) traces.push(roughTrace(anyModule(module), seed, INPUTS));
    const { results } = await validateEvents(protocol, traces, { timeoutMs: 100_000 });
    const table = ZAB_MUTANTS.map(({ name, module }, k): Caught => {
      const own = results.slice(k * SEEDS.length, (k + 1) * SEEDS.length);
      const trace = own.find(({ verdict }) => verdict === "rejected")?.rejectedAt ?? null;
      return { mutant: name, trace, ...caughtBy(graphs.map(([model, spec]) => conform(module, model, spec, !LONG))) };
    });
    if (process.env["SYNOD_TABLE"] !== undefined) console.table(table);
    const missed = table.filter(({ trace, replay, graph }) => trace === null && replay === null && graph === null);
    expect(missed).toEqual([]);
  });
});
