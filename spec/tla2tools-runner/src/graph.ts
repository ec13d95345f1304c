/** The state graph of a bounded model as a stream: each state once, then the edges that name it. */
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type CheckResult, interpret, overridesLoaded } from "./check.js";
import { runTlc, type TlcOptions } from "./tlc.js";

export type GraphItem =
  /** `state`: the value given to EmitEdge, as canonical JSON. */
  | { readonly id: string; readonly state: unknown }
  | {
      readonly from: string;
      readonly to: string;
      readonly action: { readonly name: string; readonly args: readonly unknown[] };
    };

/**
 * The model must have `ACTION_CONSTRAINT` on an operator that is `EmitEdge(state, action, state')` of TraceIO.tla. Items come
 * in the order TLC found them: a state before the first edge that names it; an edge may come more than once.
 * The last yield is followed by the return value: the verdict of the exploration itself.
 * @throws ToolError where Java, jar or spec are missing.
 */
export async function* graph(options: TlcOptions): AsyncGenerator<GraphItem, CheckResult> {
  const folder = await mkdtemp(join(tmpdir(), "tlc-edges-"));
  const file = join(folder, "edges.ndjson");
  try {
    await (await open(file, "w")).close();
    const run = await runTlc({ ...options, environment: { ...options.environment, TLA_EDGES: file } }, []);
    const result = interpret(run, true);
    if ((await stat(file)).size === 0 || !overridesLoaded(run.frames, ["EmitEdge"])) {
      return {
        ...result,
        verdict: "inconclusive",
        reason: result.reason ?? "TLC emitted no edge: is EmitEdge an ACTION_CONSTRAINT of the model?",
      };
    }
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      yield JSON.parse(line) as GraphItem;
    }
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
