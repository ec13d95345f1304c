/** `synod sim`: one seeded run of one protocol, checked; with a failure, the command that repeats it. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TimingProfile } from "../../../protocols/core/index.js";
import { traceWriter } from "../../drivers/sim/index.js";
import { encodeHistory } from "../../record/history.js";
import type { RunManifest } from "../../record/index.js";
import { InputError, loadScenario } from "../../scenarios/index.js";
import { exitOf, type ExitCode } from "../exit.js";
import { milliseconds, plural, trimmed } from "../numbers.js";
import type { SimOutput } from "../output.js";
import { protocolNames, subjectByName, titleOf } from "../protocols.js";
import { type FullRun, prepare, runChecked, type RunRequest, withDuration } from "../run.js";
import { sealed } from "../seal.js";
import { hasFailure, shrinkRun } from "../shrink.js";
import { type Terminal, wrap } from "../terminal.js";
import { traceHeader, withTraceVerdicts } from "../traces.js";
import { openFor, requireWritable, writeWhole } from "../write.js";

/** As on the command line. */
export interface SimOptions {
  readonly protocol: string;
  readonly scenario: string;
  readonly seed: number;
  readonly timing: TimingProfile;
  readonly durationMs: number | undefined;
  /** Stop after this many step inputs. */
  readonly steps: number | undefined;
  readonly trace: string | undefined;
  readonly history: string | undefined;
  readonly out: string | undefined;
  /** Validate the trace of the run's beginning. */
  readonly validate: boolean;
  readonly shrink: boolean;
  readonly checkDeadlineMs: number;
}

const MANIFEST = "manifest.json";

/** One run; what is asked for besides (trace, history, shrinking) is written before it is told. @throws InputError */
export async function sim(options: SimOptions, out: Terminal): Promise<ExitCode> {
  const request = requestOf(options);
  prepare(request);
  for (const file of filesOf(options)) requireWritable(file);
  const eventsMax = options.steps ?? null;
  const tracing = options.trace === undefined ? null : openTrace(options.trace, request);
  let run: FullRun;
  try {
    run = runChecked(request, tracing === null ? { eventsMax } : { eventsMax, trace: tracing.sink });
  } finally {
    tracing?.close();
  }
  if (options.validate) run = (await withTraceVerdicts([request], [run]))[0] ?? run;
  const files: Record<string, string> = {};
  if (options.trace !== undefined) files["trace"] = options.trace;
  if (options.history !== undefined)
    files["history"] = writeWhole(options.history, encodeHistory(run.simulation.history));
  const shrunk = options.shrink && hasFailure(run) ? shrinkRun(request, run, out) : null;
  if (options.out !== undefined) writeResults(options.out, run, shrunk?.manifest ?? run.manifest, files);
  sayRun(run, out);
  if (shrunk !== null) for (const line of shrunk.words) out.say(line);
  if (options.shrink && shrunk === null) out.say("There is nothing to shrink: the run broke nothing.");
  for (const [what, file] of Object.entries(files)) out.say(`${what}: ${file}`);
  const result: SimOutput =
    shrunk === null ? outputOf(run, files) : { ...outputOf(run, files), shrunk: shrunk.summary };
  out.result(result);
  return exitOf(run.outcome);
}

function filesOf({ trace, history, out }: SimOptions): string[] {
  const files = [trace, history, out === undefined ? undefined : join(out, MANIFEST)];
  return files.filter((file) => file !== undefined);
}

function requestOf(options: SimOptions): RunRequest {
  const { protocol, scenario: name, seed, timing, durationMs, checkDeadlineMs } = options;
  const loaded = loadScenario(name);
  const base = { protocol, scenario: loaded, scenarioName: name, seed, timing, checkDeadlineMs };
  if (durationMs === undefined) return base;
  return { ...base, scenario: withDuration(loaded, durationMs, name), durationMs };
}

/** Trace lines go to the file as they come: a traced run is too large to hold. */
function openTrace(
  file: string,
  request: RunRequest,
): { readonly sink: ReturnType<typeof traceWriter>; close(): void } {
  if (subjectByName(request.protocol).module.kind === "register")
    throw new InputError({
      file: "--trace",
      path: "",
      expected: `a protocol whose steps are named by a specification: ${protocolNames().join(", ")}`,
      found: request.protocol,
    });
  const fd = openFor(file, () => openSync(file, "w"));
  const sink = traceWriter((text) => writeSync(fd, text));
  // Whoever reads the trace must know which cluster it is of.
  sink.line(traceHeader(request));
  const close = (): void => {
    sink.end();
    closeSync(fd);
  };
  return { sink, close };
}

function writeResults(folder: string, run: FullRun, manifest: RunManifest, files: Record<string, string>): void {
  files["manifest"] = writeWhole(join(folder, MANIFEST), `${JSON.stringify(sealed(manifest), null, 2)}\n`);
  files["run"] = writeWhole(join(folder, "run.json"), `${JSON.stringify(run.record)}\n`);
}

/** A run as `--json` prints it. */
export function outputOf({ record }: FullRun, files: { readonly [what: string]: string }): SimOutput {
  const { protocol, scenario, seed, timing, traceHash, events, virtualMs, wallMs, committed } = record;
  const { verdicts, reasons, broken, staleReads, command } = record;
  const numbers = { events, virtualMs, wallMs, committed };
  return {
    protocol,
    scenario,
    seed,
    timing,
    traceHash,
    ...numbers,
    verdicts,
    reasons,
    broken,
    staleReads,
    command,
    files,
  };
}

const VERDICT: Readonly<Record<FullRun["outcome"], string>> = {
  ok: "kept every promise",
  violated: "broke a promise",
  unknown: "could not be decided",
};

function verdictOf({ verdicts }: FullRun["record"], outcome: FullRun["outcome"]): string {
  const broke = verdicts.invariants === "violated" || verdicts.linearizable === "violated";
  return outcome === "ok" && broke ? "broke what the scenario expects it to break" : VERDICT[outcome];
}

/** A run in words, the verdict first and the command that repeats it last. */
export function sayRun({ record, outcome, simulation }: FullRun, out: Terminal): void {
  const { protocol, scenario, seed, committed, reads, unknown } = record;
  out.say(
    `${titleOf(protocol)} in ${scenario}, seed ${seed}: ${verdictOf(record, outcome)}; ${plural(committed, "write")} committed, ${plural(reads, "read")} answered, ${unknown} of unknown outcome.`,
  );
  for (const reason of record.reasons) for (const line of wrap(reason, 100, "  ")) out.say(line);
  const gap = record.unavailableMs === 0 ? "no gap" : `${milliseconds(record.unavailableMs)} without commits`;
  out.say(
    `Commit latency p50 ${milliseconds(record.p50Ms)}, p99 ${milliseconds(record.p99Ms)} (virtual); ${gap}, longest ${milliseconds(record.longestGapMs)}; ${plural(record.elections, "election")}.`,
  );
  const perOp = `${trimmed(record.messagesPerOp)} messages, ${trimmed(record.bytesPerOp)} bytes and ${trimmed(record.syncsPerOp)} syncs per committed write`;
  out.say(`${perOp}; ${simulation.counts.crashes} crashes, ${simulation.counts.dropped} messages lost.`);
  const { invariants, linearizable, liveness, trace } = record.verdicts;
  const { notApplicable = [] } = record;
  const left = notApplicable.length === 0 ? "" : ` (not applicable: ${notApplicable.join(", ")})`;
  const line = `Invariants ${invariants}${left}, history ${linearizable}, progress ${liveness}, trace ${trace}.`;
  for (const piece of wrap(line, 100)) out.say(piece);
  const rate = Math.round(record.events / Math.max(record.wallMs, 1));
  out.say(
    `Hash ${record.traceHash}: ${record.events} events, ${milliseconds(record.virtualMs)} virtual in ${milliseconds(record.wallMs)} (${rate}k events/s).`,
  );
  out.say(`${outcome === "ok" ? "Again" : "Repeat it with"}: ${record.command}`);
}
