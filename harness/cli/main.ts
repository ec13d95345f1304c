#!/usr/bin/env node
/** The `synod` command. */
import { CommanderError } from "commander";
import { AssertionError } from "../../protocols/core/index.js";
import { ScriptError } from "../drivers/script/index.js";
import { HistoryFormatError } from "../record/history.js";
import { InputError } from "../scenarios/index.js";
import { StartFailure } from "../subjects/cluster/nodeProcess.js";
import { EXIT } from "./exit.js";
import { createProgram } from "./program.js";

/** What a person did wrong is one line; what this program did wrong comes with its stack. */
async function main(): Promise<number> {
  try {
    return await createProgram(process.argv.slice(2)).run();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // Commander has said why.
    if (error instanceof InputError || error instanceof HistoryFormatError || error instanceof ScriptError) {
      process.stderr.write(`synod: ${error.message}\n`);
      return EXIT.usage;
    }
    if (error instanceof StartFailure) {
      process.stderr.write(`synod: ${error.message}\n`);
      return EXIT.unknown;
    }
    const what = error instanceof AssertionError ? "a bug: an invariant broke outside a run" : "a bug";
    process.stderr.write(
      `synod: ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return EXIT.unknown;
  }
}

// A reader that has seen enough (`| head`) is no error of ours.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });

process.exitCode = await main();
