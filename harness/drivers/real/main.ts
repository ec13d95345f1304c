#!/usr/bin/env node
/** One node of a cluster: `node main.js CONFIG.json`. */
import { EXIT } from "./exit.js";
import { runNodeProcess } from "./process.js";

const [file] = process.argv.slice(2);
if (file === undefined || process.argv.length > 3) {
  process.stderr.write("synod: expected one argument, the node's configuration (JSON)\n");
  process.exitCode = EXIT.config;
} else process.exitCode = await runNodeProcess(file);
