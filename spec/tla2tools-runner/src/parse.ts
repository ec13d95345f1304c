/** SANY, the parser, alone. */
import { runClass, type TlcOptions } from "./tlc.js";
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { ToolError } from "./errors.js";

export interface ParseResult {
  readonly ok: boolean;
  /** What the parser said, without its list of files. */
  readonly problems: readonly string[];
}

/** @throws ToolError where Java, jar or spec are missing. */
export async function parse(options: Omit<TlcOptions, "config">): Promise<ParseResult> {
  const spec = resolve(options.spec);
  if (!existsSync(spec)) throw new ToolError("bad-input", `${spec} does not exist.`);
  const { output, exitCode } = await runClass(options, "tla2sany.SANY", [basename(spec)]);
  const noise = /^(Parsing file|Semantic processing of module|Linting of module|\s*$|\*+ SANY2)/;
  const problems = output.split("\n").filter((line) => !noise.test(line));
  return { ok: exitCode === 0 && problems.length === 0, problems };
}
