/** `synod bench`: commit latency and throughput of systems, side by side. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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
  readonly machine = machine();
  readonly versions = versions();
  readonly #request: BenchRequest;
  readonly #out: Terminal;
  #floor: CellRecord["floor"] = { syncP50Us: 0, threeSyncsP50Us: 0, roundTripP50Us: 0 };

  constructor(request: BenchRequest, out: Terminal) {
    this.#request = request;
    this.#out = out;
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

  knee(knee: Knee): void {
    this.knees.push(knee);
  }

  trouble(subject: string, why: string, install: string | null): void {
    if (install === null) this.troubles.push({ subject, why });
    else this.missing.push({ subject, why, install });
    this.#out.say(why);
  }
}

export async function bench(request: BenchRequest, out: Terminal): Promise<ExitCode> {
  let program: string;
  try {
    program = await goProgram("load");
  } catch (error) {
    if (!(error instanceof MissingPeer)) throw error;
    out.say(`Nothing can be measured: ${error.message}.`);
    return EXIT.unknown;
  }
  const ledger = new Ledger(request, out);
  await runRounds(program, request.plan, ledger);
  out.progress(null);
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
  const result: BenchOutput = { verdict: verdictOf(draft, request.plan.rounds), ...draft };
  if (request.html !== null) await writePage(request, result, request.html);
  say(result, out);
  out.result(result);
  const incomplete = cells.length === 0 || troubles.length > 0 || (request.named && missing.length > 0);
  return incomplete ? EXIT.unknown : EXIT.ok;
}

async function writePage(request: BenchRequest, result: BenchOutput, file: string): Promise<void> {
  // Loaded only here: what draws takes longer to load than the rest.
  const { renderBench } = await import("../../report/index.js");
  const { valueBytes, reads, level, at, durationMs, rounds } = request.plan;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, renderBench({ ...result, plan: { valueBytes, reads, level, at, durationMs, rounds } }));
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
