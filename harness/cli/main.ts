#!/usr/bin/env node
/** The `synod` command. */
import { runCommand } from "./command.js";
import { processStreams } from "./terminal.js";

// A reader that has seen enough (`| head`) is no error of ours, nor is a terminal that was closed (EIO).
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });

process.exitCode = await runCommand(process.argv.slice(2), processStreams());
