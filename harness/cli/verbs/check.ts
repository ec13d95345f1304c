/** `synod check HISTORY`: a client history against a consistency level. */
import { checkLinearizable, historyFromEvents, type LinearizableResult, staleReads } from "../../check/index.js";
import { decodeHistory } from "../../record/history.js";
import { readText } from "../../scenarios/index.js";
import { escapeHtml } from "../../report/escape.js";
import { exitOf, type ExitCode } from "../exit.js";
import { milliseconds, plural } from "../numbers.js";
import type { CheckOutput } from "../output.js";
import { type Terminal, wrap } from "../terminal.js";
import { writeWhole } from "../write.js";
import { loadManifest } from "./replay.js";

export interface CheckOptions {
  readonly level: "linearizable";
  readonly model: "kv";
  /** The run that the history comes from; its faults are named in the HTML. */
  readonly manifest: string | undefined;
  readonly html: string | undefined;
  readonly deadlineMs: number;
}

export function check(file: string, options: CheckOptions, out: Terminal): ExitCode {
  const run = options.manifest === undefined ? null : loadManifest(options.manifest);
  const begun = performance.now();
  const history = historyFromEvents(decodeHistory(readText(file), file), {}, file);
  const parseMs = Math.round(performance.now() - begun);
  const result = checkLinearizable(history, { model: options.model, deadlineMs: options.deadlineMs });
  const stale = staleReads(history);
  const output = outputOf(result, stale, parseMs, options);
  if (options.html !== undefined) writeWhole(options.html, page(file, output, run?.manifest.protocol ?? null));
  sayCheck(file, output, out);
  if (options.html !== undefined) out.say(`Page: ${options.html}`);
  out.result(output);
  return exitOf(output.verdict);
}

function outputOf(
  result: LinearizableResult,
  stale: { readonly [level: string]: number },
  parseMs: number,
  { level, model }: CheckOptions,
): CheckOutput {
  const { verdict, operations, wallMs, reason, witness } = result;
  const base: CheckOutput = { verdict, level, model, operations, parseMs, wallMs, staleReads: stale };
  const reasoned = reason === undefined ? base : { ...base, reason };
  return witness === undefined ? reasoned : { ...reasoned, witness };
}

const WORDS = { ok: "is linearizable", violated: "is not linearizable", unknown: "could not be decided" } as const;

function sayCheck(file: string, output: CheckOutput, out: Terminal): void {
  const { verdict, operations, reason, witness, parseMs, wallMs } = output;
  out.say(`${file} ${WORDS[verdict]}: ${plural(operations, "operation")}${reason === undefined ? "" : `, ${reason}`}.`);
  for (const operation of witness ?? []) for (const line of wrap(JSON.stringify(operation), 120, "  ")) out.say(line);
  for (const [level, count] of Object.entries(output.staleReads))
    if (count > 0) out.say(`${plural(count, "stale read")} at level ${level}.`);
  out.say(`Read in ${milliseconds(parseMs)}, checked in ${milliseconds(wallMs)}.`);
}

/** One self-contained page: the verdict and, where there is one, the witness. */
function page(file: string, output: CheckOutput, protocol: string | null): string {
  const { verdict, operations, reason, witness } = output;
  const title = `${file} ${WORDS[verdict]}`;
  const rows = (witness ?? []).map((operation) => `<li><code>${escapeHtml(JSON.stringify(operation))}</code></li>`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}code{overflow-wrap:anywhere}</style>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(plural(operations, "operation"))}${protocol === null ? "" : ` of a run of ${escapeHtml(protocol)}`}${
    reason === undefined ? "" : `; ${escapeHtml(reason)}`
  }.</p>
${rows.length === 0 ? "" : `<h2>Operations that no order can satisfy together</h2>\n<ol>\n${rows.join("\n")}\n</ol>`}
</html>
`;
}
