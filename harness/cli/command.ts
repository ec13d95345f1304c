/** The `synod` command as a function: in a process of its own (main.ts), or of a caller that wants to read what it said. */
import { CommanderError } from "commander";
import { AssertionError } from "../../protocols/core/index.js";
import { ScriptError } from "../drivers/script/index.js";
import { HistoryFormatError } from "../record/history.js";
import { InputError } from "../scenarios/index.js";
import { StartFailure } from "../subjects/cluster/nodeProcess.js";
import { EXIT } from "./exit.js";
import { createProgram } from "./program.js";
import type { Streams } from "./terminal.js";

/**
 * What a person did wrong is one line; what this program did wrong comes with its stack.
 * @param argv without node and script
 * @returns the exit code
 */
export async function runCommand(argv: readonly string[], streams: Streams): Promise<number> {
  try {
    return await createProgram(argv, streams).run();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // Commander has said why.
    if (error instanceof InputError || error instanceof HistoryFormatError || error instanceof ScriptError) {
      streams.err(`synod: ${error.message}\n`);
      return EXIT.usage;
    }
    if (error instanceof StartFailure) {
      streams.err(`synod: ${error.message}\n`);
      return EXIT.unknown;
    }
    const what = error instanceof AssertionError ? "a bug: an invariant broke outside a run" : "a bug";
    streams.err(`synod: ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EXIT.unknown;
  }
}
