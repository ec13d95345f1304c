/** `synod conform PROTOCOL`: every edge of the spec's graph taken by the code, and both graphs compared. */
import { type BranchCoverage, branchCoverage, type ModelOutcome, recordedMutants } from "../../conform/index.js";
import { ToolError } from "tla2tools-runner";
import { EXIT, type ExitCode } from "../exit.js";
import { milliseconds } from "../numbers.js";
import type { ConformOutput } from "../output.js";
import type { Terminal } from "../terminal.js";
import { choose } from "./model.js";

/** @throws InputError for a protocol without models or a model that it does not have */
export async function conform(name: string, config: string, timeoutMs: number, out: Terminal): Promise<ExitCode> {
  const { protocol, chosen } = choose(name, config, (one) => one.models);
  const outcomes: ModelOutcome[] = [];
  let reason: string | null = null;
  for (const { name: model } of chosen) {
    out.progress(`${model}: TLC explores the specification`);
    try {
      outcomes.push(await protocol.conform(model, { timeoutMs }));
    } catch (error) {
      reason = whyNot(error, model);
      break;
    } finally {
      out.progress(null);
    }
    say(protocol.title, outcomes.at(-1) as ModelOutcome, out);
  }
  const coverage = await coverageOf(name, outcomes);
  const result = outputOf(name, outcomes, coverage, reason);
  if (reason !== null) out.say(`Not compared: ${reason}`);
  sayTotals(protocol.title, result, out);
  out.result(result);
  return { equal: EXIT.ok, different: EXIT.violated, inconclusive: EXIT.unknown }[result.verdict];
}

/** One line for what is missing; anything else is a bug. */
function whyNot(error: unknown, model: string): string {
  if (error instanceof ToolError) return error.message;
  if (error instanceof Error && error.message.startsWith("TLC gave no graph")) return `${model}: ${error.message}`;
  throw error;
}

/** null where no model got as far as its prefix's end. */
function coverageOf(protocol: string, outcomes: readonly ModelOutcome[]): Promise<BranchCoverage | null> {
  const models = outcomes.flatMap(({ name, way }) => (way === null ? [] : [{ name, way }]));
  return models.length === 0 ? Promise.resolve(null) : branchCoverage({ protocol, models });
}

function outputOf(
  protocol: string,
  outcomes: readonly ModelOutcome[],
  coverage: BranchCoverage | null,
  reason: string | null,
): ConformOutput {
  const different = outcomes.some((one) => one.divergences + one.onlyInSpec + one.onlyInCode > 0);
  const recorded = recordedMutants(protocol);
  const sum = (value: (one: ModelOutcome) => number): number => outcomes.reduce((all, one) => all + value(one), 0);
  const seconds = Math.max(sum((one) => one.exploreMs) / 1000, 1e-6);
  return {
    protocol,
    verdict: different ? "different" : reason === null ? "equal" : "inconclusive",
    models: outcomes.map(({ way: _way, ...model }) => model),
    mutants: recorded?.mutants ?? null,
    mutantsCaught: recorded?.caught ?? null,
    branches: coverage?.branches ?? 0,
    branchesHit: coverage?.branchesHit ?? 0,
    branchesMissed: coverage?.missed ?? [],
    statesPerSecond: Math.round(sum((one) => one.codeStates) / seconds),
    edgesPerSecond: Math.round(sum((one) => one.codeEdges) / seconds),
    ...(reason === null ? {} : { reason }),
  };
}

function say(title: string, model: ModelOutcome, out: Terminal): void {
  const { name, specStates, codeStates, edgesReplayed, specEdges, divergences, onlyInSpec, onlyInCode } = model;
  const equal = divergences + onlyInSpec + onlyInCode === 0;
  out.say(
    `${title}, model ${name}: ${equal ? "specification and code are equal" : "specification and code DIFFER"}; ${specStates} and ${codeStates} states, ${edgesReplayed} of ${specEdges} edges replayed, ${divergences} diverged; ${milliseconds(model.wallMs)}. A second explores ${model.statesPerSecond} states and ${model.edgesPerSecond} edges of the code, ${model.tlcStatesPerSecond} states of the specification.`,
  );
  if (onlyInSpec + onlyInCode > 0)
    out.say(`  ${onlyInSpec} states only in the specification, ${onlyInCode} only in the code.`);
  for (const { path, problem } of model.first) {
    out.say(`  After ${path.length} steps: ${problem}`);
    for (const step of path) out.say(`    ${step}`);
  }
}

function sayTotals(title: string, result: ConformOutput, out: Terminal): void {
  const { branches, branchesHit, branchesMissed, mutants, mutantsCaught } = result;
  if (branches > 0) out.say(`${branchesHit} of ${branches} branches of ${title}'s handlers were taken.`);
  if (branchesMissed.length > 0) out.say(`  Not taken: ${byFile(branchesMissed)}.`);
  if (mutants !== null)
    out.say(`${mutantsCaught} of ${mutants} planted bugs were caught when the table in spec/mutants.md was made.`);
}

/** `a.ts:1`, `a.ts:5` as `a.ts 1, 5`. */
function byFile(places: readonly string[]): string {
  const lines = new Map<string, string[]>();
  for (const place of places) {
    const [file = "", line = ""] = place.split(":");
    lines.set(file, [...(lines.get(file) ?? []), line]);
  }
  return [...lines].map(([file, own]) => `${file} ${[...new Set(own)].join(", ")}`).join("; ");
}
