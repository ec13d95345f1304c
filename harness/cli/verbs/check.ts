/** `synod check HISTORY`: a client history against a consistency level; or all histories that a manifest lists. */
import { checkFile, type CheckFileOptions, type CheckFileResult, checkManifest } from "../../check/index.js";
import { InputError } from "../../scenarios/index.js";
import { EXIT, exitOf, type ExitCode } from "../exit.js";
import { milliseconds, plural } from "../numbers.js";
import type { CheckManifestOutput, CheckOutput } from "../output.js";
import type { Terminal } from "../terminal.js";
import { requireWritable, writeWhole } from "../write.js";

/** As on the command line. */
export interface CheckOptions {
  readonly level: NonNullable<CheckFileOptions["level"]>;
  readonly model: NonNullable<CheckFileOptions["model"]>;
  readonly html: string | undefined;
  readonly deadlineMs: number;
  readonly memoryBytesMax: number;
  /** What the file leaves open. */
  readonly reading: Pick<CheckFileOptions, "format" | "initial" | "failedCas" | "nullRead">;
}

/** @throws InputError or HistoryFormatError for what cannot be read. */
export function check(file: string, options: CheckOptions, out: Terminal): ExitCode {
  const { level, model, deadlineMs, memoryBytesMax, html, reading } = options;
  if (html !== undefined) requireWritable(html);
  const result = readable(file, () => checkFile(file, { level, model, deadlineMs, memoryBytesMax, ...reading }));
  if (html !== undefined) writeWhole(html, result.page());
  if (result.operations === 0) return nothingToCheck(file, result, out);
  for (const line of result.text.split("\n")) out.say(line);
  for (const [asked, count] of Object.entries(result.staleReads))
    if (count > 0) out.say(`${plural(count, "read")} at level ${asked} saw a value that had been overwritten.`);
  out.say(`Read in ${milliseconds(result.parseMs)}, checked in ${milliseconds(result.wallMs)}.`);
  if (html !== undefined) out.say(`Page: ${html}`);
  out.result(outputOf(result));
  return exitOf(result.verdict);
}

/** A recorder that was never switched on must not look like a system that is right. */
function nothingToCheck(file: string, result: CheckFileResult, out: Terminal): ExitCode {
  const reason = `nothing to check: ${file} holds no operation that level ${result.level} speaks of`;
  out.say(`Unknown: ${reason}.`);
  out.result({ ...outputOf(result), verdict: "unknown", reason });
  return EXIT.unknown;
}

function outputOf(result: CheckFileResult): CheckOutput {
  // oxlint-disable-next-line typescript/unbound-method -- left out, not called
  const { text: _text, page: _page, ...fields } = result;
  return fields;
}

/** @throws InputError or HistoryFormatError for what cannot be read. */
export function checkAll(manifest: string, options: CheckOptions, out: Terminal): ExitCode {
  const { deadlineMs, memoryBytesMax, reading } = options;
  const limits = { deadlineMs, memoryBytesMax, ...reading };
  const { text, ...fields } = readable(manifest, () => checkManifest(manifest, limits));
  for (const line of text.split("\n")) out.say(line);
  out.say(`${plural(fields.operations, "operation")}, checked in ${milliseconds(fields.wallMs)}.`);
  const result: CheckManifestOutput = fields;
  out.result(result);
  return exitOf(fields.verdict);
}

/** Names the file that could not be read, which for a manifest may be one of those that it lists. */
function readable<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EISDIR" && code !== "EACCES") throw error;
    const found = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : "no permission to read it";
    throw new InputError({ file: path ?? file, path: "/", expected: "a readable file", found });
  }
}
