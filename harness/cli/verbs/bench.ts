/** `synod bench`: commit latency and throughput of systems, side by side. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type BenchEvents,
  type Cell,
  type CellRecord,
  floorOf,
  goProgram,
  type Knee,
  MissingPeer,
  ratiosOf,
  rowsOf,
  runRounds,
  type RunningSubject,
} from "../../subjects/bench/index.js";
import type { BenchOutput, FloorRow } from "../benchOutput.js";
import type { BenchRequest } from "../benchRequest.js";
import { floorWords, kneeTable, ratioTable, rowTable, verdictOf } from "../benchWords.js";
import type { BenchPage } from "../../report/index.js";
import type { Machine, Versions } from "../../record/index.js";
import { markdown } from "../benchMarkdown.js";
import { readResults } from "../benchResults.js";
import { machine, versions } from "../environment.js";
import { EXIT, type ExitCode } from "../exit.js";
import { type Terminal, wrap } from "../terminal.js";

/** Keeps what the rounds bring, and writes each measurement as soon as it is there. */
class Ledger implements BenchEvents {
  readonly floors: FloorRow[] = [];
  readonly cells: Cell[] = [];
  readonly knees: Knee[] = [];
  readonly subjects = new Map<string, { readonly name: string; readonly version: string; readonly settings: string }>();
  readonly missing: { readonly subject: string; readonly why: string; readonly install: string }[] = [];
  readonly troubles: { readonly subject: string; readonly why: string }[] = [];
  machine: Machine = machine();
  versions: Versions = versions();
  /** What every measurement had in common. */
  asked: BenchPage["plan"];
  readonly #request: BenchRequest;
  readonly #out: Terminal;
  #floor: CellRecord["floor"] = { syncP50Us: 0, threeSyncsP50Us: 0, roundTripP50Us: 0 };

  constructor(request: BenchRequest, out: Terminal) {
    this.#request = request;
    this.#out = out;
    const { valueBytes, reads, level, at, durationMs, rounds } = request.plan;
    this.asked = { valueBytes, reads, level, at, durationMs, rounds };
    if (request.results !== null) mkdirSync(dirname(request.results), { recursive: true });
  }

  progress(words: string): void {
    this.#out.progress(words);
  }

  floor(round: number, floor: Parameters<BenchEvents["floor"]>[1]): void {
    this.#floor = floorOf(floor);
    this.floors.push({ round, ...this.#floor });
  }

  cell(cell: Cell, { version, settings }: RunningSubject): void {
    this.cells.push(cell);
    this.subjects.set(cell.subject, { name: cell.subject, version, settings });
    const { plan, results } = this.#request;
    if (results === null) return;
    const record: CellRecord = {
      kind: "synod-bench-cell",
      format: 1,
      at: new Date().toISOString(),
      machine: this.machine,
      versions: this.versions,
      subjectVersion: version,
      subjectSettings: settings,
      valueBytes: plan.valueBytes,
      readShare: plan.reads,
      readLevel: plan.level,
      askedAt: plan.at,
      durationMs: plan.durationMs,
      warmupMs: plan.warmupMs,
      floor: this.#floor,
      ...cell,
    };
    appendFileSync(results, `${JSON.stringify(record)}\n`);
  }

  /** Takes over what an earlier run has written. */
  recall(records: readonly CellRecord[]): void {
    for (const record of records) {
      this.cells.push(record);
      const { subject: name, subjectVersion: version, subjectSettings: settings, floor, round } = record;
      this.subjects.set(name, { name, version, settings });
      if (this.floors.at(-1)?.round !== round) this.floors.push({ round, ...floor });
    }
    const [first] = records;
    if (first === undefined) return;
    this.machine = first.machine;
    this.versions = first.versions;
    const { valueBytes, readShare: reads, readLevel: level, askedAt: at, durationMs } = first;
    this.asked = { valueBytes, reads, level, at, durationMs, rounds: this.floors.length };
  }

  knee(knee: Knee): void {
    this.knees.push(knee);
  }

  trouble(subject: string, why: string, install: string | null): void {
    if (install === null) this.troubles.push({ subject, why });
    else this.missing.push({ subject, why, install });
    this.#out.say(why);
  }
}

/** Measures, or reads what was measured before, and says it in tables. */
export async function bench(request: BenchRequest, out: Terminal): Promise<ExitCode> {
  const ledger = new Ledger(request, out);
  if (request.from !== null) return finish(request, out, ledger, readResults(request.from));
  let program: string;
  try {
    program = await goProgram("load");
  } catch (error) {
    if (!(error instanceof MissingPeer)) throw error;
    out.say(`Nothing can be measured: ${error.message}.`);
    return EXIT.unknown;
  }
  await runRounds(program, request.plan, ledger);
  out.progress(null);
  return finish(request, out, ledger, null);
}

/** @param records what an earlier run has measured; null: the ledger is this run's */
async function finish(
  request: BenchRequest,
  out: Terminal,
  ledger: Ledger,
  records: readonly CellRecord[] | null,
): Promise<ExitCode> {
  if (records !== null) ledger.recall(records);
  const { cells, floors, knees, missing, troubles } = ledger;
  const draft = {
    machine: ledger.machine,
    versions: ledger.versions,
    subjects: [...ledger.subjects.values()],
    floors,
    rounds: cells,
    table: rowsOf(cells),
    ratios: request.plan.sweep === null ? ratiosOf(cells, request.against) : [],
    knees,
    missing,
    troubles,
    results: request.results,
    report: request.html,
  };
  const rounds = new Set(cells.map(({ round }) => round)).size;
  const result: BenchOutput = { verdict: verdictOf(draft, rounds), ...draft };
  if (request.html !== null) await writePage(ledger.asked, result, request.html);
  if (request.svg !== null) await writePlots(result, request.svg);
  if (request.markdown !== null) writeFileSync(request.markdown, markdown(result));
  say(result, out);
  out.result(result);
  const incomplete = cells.length === 0 || troubles.length > 0 || (request.named && missing.length > 0);
  return incomplete ? EXIT.unknown : EXIT.ok;
}

async function writePage(plan: BenchPage["plan"], result: BenchOutput, file: string): Promise<void> {
  // Loaded only here: what draws takes longer to load than the rest.
  const { renderBench } = await import("../../report/index.js");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, renderBench({ ...result, plan }));
}

async function writePlots(result: BenchOutput, folder: string): Promise<void> {
  const { renderBenchPlots } = await import("../../report/index.js");
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(renderBenchPlots(result.table))) writeFileSync(join(folder, name), svg);
}

function say(result: BenchOutput, out: Terminal): void {
  const [headline = "", ...more] = result.verdict;
  out.say(headline);
  for (const line of more) for (const part of wrap(line)) out.say(part);
  if (result.table.length === 0) return;
  out.say();
  for (const line of wrap(floorWords(result.floors))) out.say(line);
  const { cpu, cores } = result.machine;
  out.say(`${cores} cores (${cpu}), Node ${result.versions.node}, commit ${result.versions.commit ?? "not known"}.`);
  for (const { name, version, settings } of result.subjects) out.say(`${name}: ${version}; ${settings}.`);
  // What the others are divided by is compared with each other in --json and on the page only.
  const divisors = new Set(result.ratios.map(({ against }) => against));
  const ratios = result.ratios.filter(({ subject, against }) => against === "plainLoop" || !divisors.has(subject));
  for (const lines of [rowTable(result.table), ratioTable(ratios), kneeTable(result.knees)]) {
    if (lines.length <= 2) continue;
    out.say();
    for (const line of lines) out.say(line);
  }
  for (const [what, file] of [
    ["Measurements", result.results],
    ["Page", result.report],
  ] as const)
    if (file !== null) out.say(`${what}: ${file}`);
}
