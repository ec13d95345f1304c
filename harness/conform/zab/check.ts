/** ZAB's bounded models by name. */
import { join } from "node:path";
import { check } from "tla2tools-runner";
import { zab } from "../../../protocols/zab/index.js";
import type { BoundedModel, CheckedProtocol, ModelOutcome } from "../checked.js";
import { specFolder } from "../protocol.js";
import { conform, specGraph } from "./conform.js";
import { modelFile } from "./models.js";

const MODELS: readonly BoundedModel[] = [
  { name: "small", about: "three servers are elected, one request: properties and refinement", size: "small" },
  { name: "Elected", about: "three servers are elected, one request", size: "small" },
  { name: "Again", about: "the leader may give up and be elected again", size: "small" },
  { name: "Broadcast", about: "an epoch is led, two requests, a restart", size: "small" },
  { name: "Diverged", about: "two histories have parted, an epoch is discovered", size: "small" },
  { name: "Ahead", about: "the elected server has less than its follower", size: "small" },
  { name: "Promised", about: "two servers propose the same epoch to one", size: "small" },
  { name: "Trunc", about: "a server returns with what nobody else has", size: "small" },
  { name: "Snap", about: "a server joins whose history was compacted away", size: "small" },
];

/** small has the properties, Elected the same beginning and the edges. */
function safetyOf(name: string): string {
  if (name === "small" || name === "Elected") return "Small";
  return `${name}Safety`;
}

async function outcomeOf(name: string, timeoutMs: number | undefined): Promise<ModelOutcome> {
  const model = name === "small" ? "Elected" : name;
  const found = conform(zab, model, await specGraph(model, timeoutMs === undefined ? {} : { timeoutMs }));
  const { specStates, edges, replayed, diverged, codeStates, onlyInSpec, onlyInCode, codeMs, specMs } = found;
  return {
    name,
    specStates,
    specEdges: edges,
    edgesReplayed: replayed,
    divergences: diverged,
    codeStates,
    onlyInSpec,
    onlyInCode,
    statesPerSecond: Math.round((codeStates * 1000) / Math.max(codeMs, 0.001)),
    wallMs: Math.round(specMs + codeMs),
    first: found.divergences.map(({ edge, problem }) => ({ path: [`edge ${edge}`], problem })),
  };
}

export const zabModels: CheckedProtocol = {
  name: "zab",
  title: "ZAB",
  models: MODELS,
  check: (name, settings) =>
    check({
      ...settings,
      spec: join(specFolder(), "zab", "MCZab.tla"),
      config: modelFile(safetyOf(name)),
      library: [join(specFolder(), "common")],
      quickStart: true,
    }),
  conform: (name, { timeoutMs }) => outcomeOf(name, timeoutMs),
};
