/** `synod compare`: protocols x scenarios x seeds, everything checked, told in words, as a table and as a report. */
import { join } from "node:path";
import type { TimingProfile } from "../../../protocols/core/index.js";
import type { Comparison, IncidentRow } from "../../record/index.js";
import { renderReport, renderTable, renderVerdict } from "../../report/index.js";
import { degradedWindow, loadScenario, type Scenario, tellingCell } from "../../scenarios/index.js";
import { comparisonOf } from "../comparison.js";
import { exitOf, type ExitCode } from "../exit.js";
import { type CellTask, cellTasks, incidentRow } from "../matrix.js";
import { runLiveComparison } from "../liveCompare.js";
import { milliseconds, plural } from "../numbers.js";
import type { CompareOutput } from "../output.js";
import { createPool, type RunPool } from "../pool.js";
import { protocolNames, subjectByName } from "../protocols.js";
import { type CheckedRun, prepare, type RunRequest, withDuration } from "../run.js";
import { intervalLines, pairedLines, staleLines } from "../tables.js";
import { type Terminal, wrap } from "../terminal.js";
import { withTraceVerdicts } from "../traces.js";
import { requireWritable, writeWhole } from "../write.js";

/** As on the command line. */
export interface CompareOptions {
  readonly title: string;
  readonly protocols: readonly string[];
  readonly scenarios: readonly string[];
  readonly seeds: readonly number[];
  /** Seeds of the incident's matrix; empty: without the matrix. */
  readonly matrixSeeds: readonly number[];
  readonly timing: TimingProfile;
  readonly durationMs: number | undefined;
  readonly out: string;
  readonly checkDeadlineMs: number;
  /** On clusters of processes, in real time. */
  readonly real: boolean;
  /** Events of each node's trace in a real run; 0: no trace. */
  readonly tracedMax: number;
  readonly command: string;
}

const REPORT = "report.html";
/** Give up the check of one history after this long. */
const DEADLINE_MS = 20_000;
/** Step inputs of the first seed of each scenario and protocol whose trace is validated. */
const TRACED_INPUTS = 800;
/** Events of each node's trace in a real run: some seconds for TLC. */
const LIVE_TRACED = 1000;
/** A provisional verdict is worth its lines only if the final one is further away than this. */
const EARLY_MS = 5000;

/** What is compared unless somebody asks for something else. */
export function compareDefaults(command: string): CompareOptions {
  return {
    title: "Comparison",
    protocols: protocolNames(),
    scenarios: ["calm", "leader-crash", "minority-partition", "power-loss-all"],
    seeds: [1, 2, 3, 4, 5, 6, 7, 8],
    matrixSeeds: [],
    timing: "matched",
    durationMs: undefined,
    out: "out",
    checkDeadlineMs: DEADLINE_MS,
    real: false,
    tracedMax: LIVE_TRACED,
    command,
  };
}

interface Named {
  /** As on the command line: a name or a file. */
  readonly name: string;
  readonly scenario: Scenario;
}

/** All runs, checked, as a table, a report and a file with one run a line. */
export async function compare(options: CompareOptions, out: Terminal): Promise<ExitCode> {
  const startedAt = Date.now();
  const scenarios = options.scenarios.map((name) => ({ name, scenario: loadWithDuration(name, options.durationMs) }));
  const requests = requestsOf(options, scenarios);
  requireWritable(join(options.out, REPORT));
  if (options.real) return compareLive(options, scenarios, requests, startedAt, out);
  // The matrix is about leaders: only consensus protocols can be asked for it.
  const led = options.matrixSeeds.length === 0 ? [] : options.protocols;
  const cells = cellTasks(led, options.matrixSeeds, options.timing, options.checkDeadlineMs);
  const parts = { ...options, scenarios: scenarios.map((one) => one.scenario), startedAt };
  const pool = createPool();
  try {
    const seen = {
      done: 0,
      total: requests.length + cells.length * options.matrixSeeds.length,
      violated: 0,
      startedAt,
    };
    const onDone = (run: CheckedRun): void => showProgress(out, seen, run);
    // One seed of everything first: whoever waits for the rest has something to read.
    const firstCount = scenarios.length * options.protocols.length;
    const first = await pool.runAll(requests.slice(0, firstCount), onDone);
    const more = seen.total - firstCount;
    if ((more / firstCount) * (Date.now() - startedAt) > EARLY_MS) {
      const early = comparisonOf({
        ...parts,
        runs: first,
        rows: [],
        matrixSeeds: [],
        seeds: options.seeds.slice(0, 1),
      });
      sayVerdict(early, out, `This is the first seed; ${plural(more, "run")} more will tell how sure it is.`);
    }
    const rest = await pool.runAll(requests.slice(firstCount), onDone);
    const rows = options.matrixSeeds.length === 0 ? [] : await runMatrix(pool, cells, onDone);
    out.progress("validating the first seed's traces");
    const traced = await withTraceVerdicts(requests.slice(0, firstCount), first, TRACED_INPUTS);
    out.progress(null);
    return finish(comparisonOf({ ...parts, runs: [...traced, ...rest.map(untraced)], rows }), options, out);
  } finally {
    await pool.close();
  }
}

async function compareLive(
  options: CompareOptions,
  named: readonly Named[],
  requests: readonly RunRequest[],
  startedAt: number,
  out: Terminal,
): Promise<ExitCode> {
  const { runs, notes } = await runLiveComparison(requests, options, out);
  const scenarios = named.map((one) => one.scenario);
  const title = `${options.title} on live clusters (wall clock)`;
  return finish(comparisonOf({ ...options, title, scenarios, startedAt, runs, rows: [], notes }), options, out);
}

function loadWithDuration(name: string, durationMs: number | undefined): Scenario {
  const scenario = loadScenario(name);
  return durationMs === undefined ? scenario : withDuration(scenario, durationMs, name);
}

/** Everything is checked before the first run: a bad setting of the last protocol must not cost the time of the others. */
function requestsOf(options: CompareOptions, scenarios: readonly Named[]): RunRequest[] {
  const { timing, checkDeadlineMs, durationMs } = options;
  for (const protocol of options.protocols) subjectByName(protocol);
  for (const { name, scenario } of scenarios)
    for (const protocol of options.protocols) prepare({ protocol, scenario, scenarioName: name, timing });
  const requests: RunRequest[] = [];
  // Seeds outermost: what is shown early has every scenario and protocol in it.
  for (const seed of options.seeds)
    for (const { name, scenario } of scenarios)
      for (const protocol of options.protocols) {
        const windowMs = tellingCell(scenario.name) === null ? {} : { windowMs: degradedWindow() };
        const base = { protocol, scenario, scenarioName: name, timing, seed, checkDeadlineMs, ...windowMs };
        requests.push(durationMs === undefined ? base : { ...base, durationMs });
      }
  return requests;
}

async function runMatrix(
  pool: RunPool,
  cells: readonly CellTask[],
  onDone: (run: CheckedRun) => void,
): Promise<IncidentRow[]> {
  const runs = await pool.runAll(
    cells.flatMap((cell) => cell.requests),
    onDone,
  );
  let at = 0;
  return cells.map((cell) => {
    const own = runs.slice(at, at + cell.requests.length);
    at += cell.requests.length;
    return incidentRow(cell, own);
  });
}

interface Seen {
  done: number;
  readonly total: number;
  violated: number;
  readonly startedAt: number;
}

function showProgress(out: Terminal, seen: Seen, { record, outcome }: CheckedRun): void {
  seen.done += 1;
  if (outcome === "violated") seen.violated += 1;
  const elapsed = Date.now() - seen.startedAt;
  const left = (elapsed / seen.done) * (seen.total - seen.done);
  const bad = seen.violated > 0 ? `, ${seen.violated} violated` : "";
  out.progress(
    `${seen.done}/${seen.total} runs${bad}, about ${milliseconds(left)} left: ${record.protocol} ${record.scenario}`,
  );
}

function sayVerdict(comparison: Comparison, out: Terminal, more: string): void {
  out.say(renderVerdict(comparison));
  out.say();
  if (more !== "") out.say(`${more}\n`);
}

function finish(comparison: Comparison, options: CompareOptions, out: Terminal): ExitCode {
  const report = writeWhole(join(options.out, REPORT), renderReport(comparison));
  const results = writeWhole(
    join(options.out, "results.ndjson"),
    comparison.runs.map((run) => `${JSON.stringify(run)}\n`).join(""),
  );
  writeWhole(join(options.out, "comparison.json"), `${JSON.stringify(comparison)}\n`);
  sayVerdict(comparison, out, "");
  for (const line of comparison.matrix?.words ?? []) {
    for (const piece of wrap(line)) out.say(piece);
    out.say();
  }
  if (comparison.runs.length > 0) {
    out.say(renderTable(comparison));
    section(out, "95 % intervals of the medians", intervalLines(comparison));
    section(out, "Ratios, seed by seed, with 95 % intervals", pairedLines(comparison));
    section(out, "Stale reads by level, over all seeds", staleLines(comparison));
  }
  out.say();
  for (const line of traceLines(comparison)) out.say(line);
  out.say(`Report: ${report}   Results: ${results}   (${milliseconds(comparison.wallMs)} on this machine)`);
  const { verdict, outcome, runs, summary, paired, wallMs } = comparison;
  const result: CompareOutput = {
    verdict,
    outcome,
    report,
    results,
    runs: runs.map(({ timeline: _timeline, latency: _latency, ...row }) => row),
    summary,
    paired,
    wallMs,
  };
  out.result(result);
  return exitOf(outcome);
}

function untraced(run: CheckedRun): CheckedRun {
  const verdicts = { ...run.record.verdicts, trace: "not validated: the first seed stands for all" };
  return { ...run, record: { ...run.record, verdicts } };
}

/** For example "Traces against the TLA+ specifications: 12 accepted (5,210 events)". */
function traceLines({ runs }: Comparison): string[] {
  const words = runs.map(({ verdicts }) => verdicts.trace);
  const accepted = words.filter((text) => text.startsWith("accepted"));
  const events = accepted.reduce((sum, text) => sum + Number(/\d+/.exec(text)?.[0] ?? 0), 0);
  const others = [...new Set(words.filter((text) => !text.startsWith("accepted")))];
  const counted = others.map((text) => `${words.filter((one) => one === text).length} ${text}`);
  const said = accepted.length === 0 ? [] : [`${accepted.length} accepted (${events} events)`];
  return [`Traces against the TLA+ specifications: ${[...said, ...counted].join("; ")}.`];
}

function section(out: Terminal, title: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  out.say();
  out.say(`${title}:`);
  for (const line of lines) out.say(`  ${line}`);
}
