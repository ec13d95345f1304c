/** `synod conform PROTOCOL`: every edge of the spec's graph taken by the code, and both graphs compared. */
import type { ModelOutcome } from "../../conform/index.js";
import { EXIT, type ExitCode } from "../exit.js";
import { milliseconds } from "../numbers.js";
import type { Terminal } from "../terminal.js";
import { choose, withoutTools } from "./model.js";

/** @throws InputError for a protocol without models or a model that it does not have */
export async function conform(name: string, config: string, timeoutMs: number, out: Terminal): Promise<ExitCode> {
  const { protocol, chosen } = choose(name, config);
  const models: ModelOutcome[] = [];
  for (const { name: model } of chosen) {
    out.progress(`${model}: TLC explores the specification`);
    try {
      models.push(await protocol.conform(model, { timeoutMs }));
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("TLC gave no graph")) return withoutTools(error, out);
      out.progress(null);
      out.say(`${model}: ${error.message}`);
      out.result({ protocol: name, models, reason: error.message });
      return EXIT.unknown;
    }
    out.progress(null);
    say(protocol.title, models.at(-1) as ModelOutcome, out);
  }
  const bad = models.filter((one) => one.divergences + one.onlyInSpec + one.onlyInCode > 0);
  const statesPerSecond = Math.max(0, ...models.map((one) => one.statesPerSecond));
  out.result({ protocol: name, models, statesPerSecond });
  return bad.length === 0 ? EXIT.ok : EXIT.violated;
}

function say(title: string, model: ModelOutcome, out: Terminal): void {
  const { name, specStates, codeStates, edgesReplayed, specEdges, divergences, onlyInSpec, onlyInCode } = model;
  const equal = divergences + onlyInSpec + onlyInCode === 0;
  out.say(
    `${title}, model ${name}: ${equal ? "specification and code are equal" : "specification and code DIFFER"}; ${specStates} and ${codeStates} states, ${edgesReplayed} of ${specEdges} edges replayed, ${divergences} diverged; ${milliseconds(model.wallMs)}, the code at ${model.statesPerSecond} states/s.`,
  );
  if (onlyInSpec + onlyInCode > 0)
    out.say(`  ${onlyInSpec} states only in the specification, ${onlyInCode} only in the code.`);
  for (const { path, problem } of model.first) {
    out.say(`  After ${path.length} steps: ${problem}`);
    for (const step of path) out.say(`    ${step}`);
  }
}
