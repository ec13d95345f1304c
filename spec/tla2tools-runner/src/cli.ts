#!/usr/bin/env node
/** The command: the same functions, with JSON or a line in words on standard output. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { check, type CheckResult, simulate } from "./check.js";
import { ToolError } from "./errors.js";
import { graph } from "./graph.js";
import { parse } from "./parse.js";
import type { Progress, TlcOptions } from "./tlc.js";
import { validateTraces } from "./validateTraces.js";
import { version } from "./version.js";

/** 0 all well, 1 violated or rejected, 2 inconclusive, 64 wrong usage or something missing. */
const EXIT = { ok: 0, accepted: 0, violated: 1, rejected: 1, inconclusive: 2 } as const;
const EXIT_USAGE = 64;

interface CommonFlags {
  readonly config?: string;
  readonly library?: string[];
  readonly java?: string;
  readonly jar?: string;
  readonly heap?: number;
  readonly workers?: string;
  readonly timeout?: number;
  readonly seed?: number;
  readonly deadlock?: boolean;
  readonly quick?: boolean;
  readonly json?: boolean;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new ToolError("bad-input", `A positive integer was expected, found "${text}".`);
  return value;
}

function onProgress({ text }: Progress): void {
  if (process.stderr.isTTY) process.stderr.write(`${text.split("\n")[0]}\n`);
}

function optionsOf(spec: string, flags: CommonFlags): TlcOptions {
  return {
    spec,
    ...(flags.config === undefined ? {} : { config: flags.config }),
    ...(flags.library === undefined ? {} : { library: flags.library }),
    ...(flags.java === undefined ? {} : { java: flags.java }),
    ...(flags.jar === undefined ? {} : { jar: { jar: flags.jar } }),
    ...(flags.heap === undefined ? {} : { heapMiB: flags.heap }),
    ...(flags.workers === undefined ? {} : { workers: flags.workers === "auto" ? "auto" : positive(flags.workers) }),
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1000 }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    deadlock: flags.deadlock === true,
    quickStart: flags.quick === true,
    onProgress,
  };
}

function withCommon(command: Command): Command {
  return command
    .option("--config <file>", "model file (default: the spec's name with .cfg)")
    .option("--library <folder...>", "more folders with modules")
    .option("--java <path>", "Java executable")
    .option("--jar <path>", "TLC jar of your own")
    .option("--heap <MiB>", "heap", positive)
    .option("--workers <n|auto>", "threads")
    .option("--timeout <seconds>", "kill after this time", positive)
    .option("--seed <n>", "seed of random choices", Number)
    .option("--deadlock", "a state without a successor is a violation")
    .option("--quick", "JVM flags for short runs")
    .option("--json", "one JSON object on standard output");
}

function say(flags: CommonFlags, value: unknown, words: string): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(value)}\n` : `${words}\n`);
}

function inWords(result: CheckResult): string {
  const counts = `${result.distinctStates} distinct states, depth ${result.depth}, ${Math.round(result.wallMs)} ms`;
  if (result.verdict === "ok") return `ok: ${counts}`;
  if (result.verdict === "inconclusive") return `inconclusive: ${result.reason} (${counts})`;
  const states =
    result.counterexample?.states.map((state) => `${state.number}: ${state.action}\n${state.text.trimEnd()}`) ?? [];
  return [`violated: ${result.violation?.message} (${counts})`, ...states].join("\n");
}

const program = new Command("tla2tools-runner")
  .description("Runs TLC, the TLA+ model checker, with typed results.")
  .exitOverride();

withCommon(program.command("check <spec>").description("explore every state")).action(
  async (spec: string, flags: CommonFlags) => {
    const result = await check(optionsOf(spec, flags));
    say(flags, result, inWords(result));
    process.exitCode = EXIT[result.verdict];
  },
);

withCommon(program.command("simulate <spec>").description("random behaviours"))
  .option("--behaviours <n>", "how many", positive, 1000)
  .option("--depth <n>", "length at most", positive, 100)
  .action(async (spec: string, flags: CommonFlags & { readonly behaviours: number; readonly depth: number }) => {
    const result = await simulate({ ...optionsOf(spec, flags), behaviours: flags.behaviours, depth: flags.depth });
    say(flags, result, inWords(result));
    process.exitCode = EXIT[result.verdict];
  });

withCommon(program.command("graph <spec>").description("states and edges as NDJSON on standard output")).action(
  async (spec: string, flags: CommonFlags) => {
    const items = graph(optionsOf(spec, flags));
    for (;;) {
      const next = await items.next();
      if (next.done !== true) process.stdout.write(`${JSON.stringify(next.value)}\n`);
      else {
        process.stderr.write(`${inWords(next.value)}\n`);
        process.exitCode = EXIT[next.value.verdict];
        return;
      }
    }
  },
);

withCommon(
  program
    .command("validate <spec> <traces>")
    .description("traces (NDJSON, an array of events a line) against a trace specification"),
).action(async (spec: string, traces: string, flags: CommonFlags) => {
  const count = readFileSync(traces, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "").length;
  const result = await validateTraces({ ...optionsOf(spec, flags), traces, count });
  const lines = result.traces.map(
    (trace) =>
      `trace ${trace.trace}: ${trace.verdict}${trace.rejectedAt === null ? "" : ` at event ${trace.rejectedAt}`} (${trace.matched} of ${trace.length} events matched)`,
  );
  say(flags, result, [...(result.reason === null ? [] : [`inconclusive: ${result.reason}`]), ...lines].join("\n"));
  const verdicts = result.traces.map((trace) => trace.verdict);
  process.exitCode = verdicts.includes("rejected")
    ? EXIT.rejected
    : verdicts.length === 0 || verdicts.includes("inconclusive")
      ? EXIT.inconclusive
      : EXIT.ok;
});

withCommon(program.command("parse <spec>").description("syntax and semantics only")).action(
  async (spec: string, flags: CommonFlags) => {
    const result = await parse(optionsOf(spec, flags));
    say(flags, result, result.ok ? "ok" : result.problems.join("\n"));
    process.exitCode = result.ok ? EXIT.ok : EXIT.violated;
  },
);

withCommon(program.command("version").description("which Java and which jar would be used")).action(
  async (flags: CommonFlags) => {
    const { java, jar } = await version({
      ...(flags.java === undefined ? {} : { java: flags.java }),
      ...(flags.jar === undefined ? {} : { jar: { jar: flags.jar } }),
    });
    say(flags, { java, jar }, `${java.banner} (${java.path})\n${jar.path} (${jar.source}, SHA-256 ${jar.sha256})`);
  },
);

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof ToolError || (error instanceof Error && "code" in error);
  if (!known) throw error;
  const usage = error instanceof Error && "exitCode" in error ? Number(error.exitCode) : 1;
  // commander has printed its own line; help ends with 0.
  if (error instanceof ToolError) process.stderr.write(`tla2tools-runner: ${error.message}\n`);
  process.exitCode = usage === 0 ? 0 : EXIT_USAGE;
}
