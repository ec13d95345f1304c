/** `synod model PROTOCOL`: what TLC finds in the bounded models of a specification. */
import { type CheckResult, ToolError } from "tla2tools-runner";
import { type BoundedModel, CHECKED, type CheckedProtocol } from "../../conform/index.js";
import { InputError, shown } from "../../scenarios/index.js";
import { EXIT, type ExitCode } from "../exit.js";
import { milliseconds } from "../numbers.js";
import type { ModelOutput, ModelResult } from "../output.js";
import type { Terminal } from "../terminal.js";

/** @throws InputError for a protocol without models or a model that it does not have */
export async function model(name: string, config: string, timeoutMs: number, out: Terminal): Promise<ExitCode> {
  const { protocol, chosen } = choose(name, config, (one) => [...one.models, ...one.specModels]);
  if (config === "list") {
    for (const one of chosen) out.say(`${one.name} (${one.size}): ${one.about}`);
    const models = chosen.map(({ name: title, about, size }) => ({ name: title, about, size }));
    out.result({ models } satisfies ModelOutput);
    return EXIT.ok;
  }
  const results: ModelResult[] = [];
  let code: ExitCode = EXIT.ok;
  for (const one of chosen) {
    const onProgress = ({ text }: { readonly text: string }): void => out.progress(`${one.name}: ${text}`);
    let result: CheckResult;
    try {
      result = await protocol.check(one.name, { timeoutMs, onProgress });
    } catch (error) {
      return withoutTools(error, out);
    }
    out.progress(null);
    say(protocol, one, result, out);
    results.push(outputOf(one, result));
    if (result.verdict === "violated") code = EXIT.violated;
    else if (result.verdict === "inconclusive" && code === EXIT.ok) code = EXIT.unknown;
  }
  const [only] = results;
  const output: ModelOutput = only !== undefined && results.length === 1 ? only : { models: results };
  out.result(output);
  return code;
}

/** One clear line, and what is unknown stays so. */
function withoutTools(error: unknown, out: Terminal): ExitCode {
  if (!(error instanceof ToolError)) throw error;
  out.say(`Not checked: ${error.message}`);
  out.result({ verdict: "inconclusive", reason: error.message } satisfies ModelOutput);
  return EXIT.unknown;
}

/**
 * @param modelsOf which of a protocol's models there are to choose from
 * @throws InputError
 */
export function choose(
  name: string,
  config: string,
  modelsOf: (protocol: CheckedProtocol) => readonly BoundedModel[],
): { readonly protocol: CheckedProtocol; readonly chosen: readonly BoundedModel[] } {
  const protocol = CHECKED.find((one) => one.name === name);
  const names = CHECKED.map((one) => one.name).join(", ");
  if (protocol === undefined)
    throw new InputError({ file: "protocol", path: "", expected: `one of ${names}`, found: shown(name) });
  const models = modelsOf(protocol);
  if (config === "all" || config === "list") return { protocol, chosen: models };
  const chosen = models.filter((one) => one.name.toLowerCase() === config.toLowerCase());
  if (chosen.length > 0) return { protocol, chosen };
  const expected = `all, or one of ${models.map((one) => one.name).join(", ")}`;
  throw new InputError({ file: "--config", path: "", expected, found: shown(config) });
}

function say(protocol: CheckedProtocol, { name, about }: BoundedModel, result: CheckResult, out: Terminal): void {
  const { verdict, reason, violation, counterexample, distinctStates, generatedStates, depth, wallMs } = result;
  const words = { ok: "every property holds", violated: "VIOLATED", inconclusive: "not decided" }[verdict];
  out.say(
    `${protocol.title}, model ${name} (${about}): ${words} in ${distinctStates} states (${generatedStates} generated, depth ${depth}, ${milliseconds(wallMs)}).`,
  );
  if (reason !== null) out.say(`  ${reason}`);
  if (violation !== null) out.say(`  ${violation.property ?? violation.kind}: ${violation.message}`);
  for (const state of counterexample?.states ?? []) out.say(`  ${state.number}: ${state.action}`);
}

function outputOf({ name }: BoundedModel, result: CheckResult): ModelResult {
  const { verdict, reason, distinctStates, generatedStates, depth, wallMs, jarSha256, violation, counterexample } =
    result;
  return {
    name,
    verdict,
    distinctStates,
    generatedStates,
    depth,
    wallMs,
    jarSha256,
    ...(reason === null ? {} : { reason }),
    ...(violation === null ? {} : { property: violation.property ?? violation.kind, counterexample }),
  };
}
