/** The bounded models of Multi-Paxos, as the command line asks for them. */
import { multipaxos } from "../../../protocols/multipaxos/index.js";
import type { CheckedProtocol, ModelOutcome } from "../checked.js";
import { checkModel, conformModel, type Model, models } from "./models.js";

function modelNamed(name: string): Model {
  const found = models.find((model) => model.name === name);
  if (found === undefined) throw new Error(`Multi-Paxos has no model ${name}`);
  return found;
}

async function outcomeOf(model: Model, timeoutMs: number | undefined): Promise<ModelOutcome> {
  const quickStart = model.size === "small";
  const found = await conformModel(
    model,
    multipaxos,
    timeoutMs === undefined ? { quickStart } : { quickStart, timeoutMs },
  );
  const { specStates, specEdges, edgesReplayed, codeStates, onlyInSpec, onlyInCode, divergences } = found;
  return {
    name: model.name,
    specStates,
    specEdges,
    edgesReplayed,
    divergences: divergences.length,
    codeStates,
    onlyInSpec,
    onlyInCode,
    statesPerSecond: Math.round((codeStates * 1000) / Math.max(found.codeMs, 0.001)),
    wallMs: Math.round(found.specMs + found.replayMs + found.codeMs),
    first: divergences,
  };
}

export const multipaxosModels: CheckedProtocol = {
  name: "multipaxos",
  title: "Multi-Paxos",
  models,
  check: (name, settings) => {
    const model = modelNamed(name);
    return checkModel(model, multipaxos, { ...settings, quickStart: model.size === "small" });
  },
  conform: (name, { timeoutMs }) => outcomeOf(modelNamed(name), timeoutMs),
};
