/** The spec's graphs of several models, each made once, for any number of modules. */
import { raft } from "../../../protocols/raft/index.js";
import { conformModel, forced, type ModelConformance, type SpecGraph, specGraph } from "./conform.js";
import { Explorer } from "./explore.js";
import { boundsOf, type Model } from "./models.js";
import type { RaftModule } from "./replica.js";

export interface Planned {
  readonly model: Model;
  readonly graph: SpecGraph;
}

/** @throws ToolError without Java or jar, Error where TLC did not finish */
export async function planModel(model: Model, timeoutMs: number): Promise<Planned> {
  const explorer = new Explorer(raft, await boundsOf(model, raft));
  const { lines } = forced(explorer, model.prefix);
  return { model, graph: await specGraph(explorer, model, lines, { timeoutMs }) };
}

/** What tells the module from the spec in this model; null: nothing. A prefix that it cannot take tells it, too. */
export async function difference(
  module: RaftModule,
  { model, graph }: Planned,
): Promise<{ readonly by: string; readonly conformance: ModelConformance | null } | null> {
  let conformance: ModelConformance;
  try {
    conformance = await conformModel(module, model, {}, graph);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("the prefix")) throw error;
    return { by: error.message, conformance: null };
  }
  if (conformance.divergences > 0) return { by: `edge ${conformance.firstAt}`, conformance };
  const { onlyInCode, onlyInSpec } = conformance;
  if (onlyInCode + onlyInSpec > 0)
    return { by: `${onlyInCode} states only in the code, ${onlyInSpec} only in the spec`, conformance };
  return null;
}
