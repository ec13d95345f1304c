/** One run with everything that is said about it: the simulator's record, the checked history, the expectations. */
import type { TimingProfile } from "../../protocols/core/index.js";
import { checkLinearizable, historyFromEvents, staleReads } from "../check/index.js";
import { runSimulation, type SimulationOutcome, type TraceSink } from "../drivers/sim/index.js";
import type { HistoryEvent } from "../record/history.js";
import { quantileOfSorted, type RunManifest, type RunRecord } from "../record/index.js";
import {
  checkScenario,
  InputError,
  type Expectation,
  resolveOptions,
  type Scenario,
  shown,
} from "../scenarios/index.js";
import { expectationVerdict, expectedViolation, marked, type Outcome, outcomeOf, unmet } from "./expectation.js";
import { invariantNames, subjectByName } from "./protocols.js";

/** Plain data, so that it can go to another thread. */
export interface RunRequest {
  readonly protocol: string;
  readonly scenario: Scenario;
  /** The scenario as the command line names it. */
  readonly scenarioName: string;
  readonly timing: TimingProfile;
  readonly seed: number;
  /** Replaces the scenario's duration; for the command that repeats the run. Absent: the scenario's own. */
  readonly durationMs?: number;
  /** Measure the writes of this stretch of the fault clock apart. */
  readonly windowMs?: readonly [number, number];
  /** Give up the check of the history after this long; the verdict is unknown then. Milliseconds. */
  readonly checkDeadlineMs: number;
}

/** A run and what is said of it; plain data, without what is large. */
export interface CheckedRun {
  readonly record: RunRecord;
  readonly outcome: Outcome;
  readonly window: WindowStatistics | null;
}

/** Of the writes called and acknowledged in a stretch of a run. */
export interface WindowStatistics {
  readonly committed: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** What a single run is asked for besides. */
export interface RunExtras {
  readonly trace?: TraceSink;
  readonly eventsMax?: number | null;
  readonly omittedOperations?: readonly number[];
}

/** A run with its history and the manifest that repeats it. */
export interface FullRun extends CheckedRun {
  readonly simulation: SimulationOutcome;
  readonly manifest: RunManifest;
}

const NOT_VALIDATED = "not validated: it was not asked for";

/** @throws InputError for settings that the protocol does not have, a read level that it does not offer, an invariant that nothing has */
export function prepare(request: Pick<RunRequest, "protocol" | "scenario" | "scenarioName" | "timing">): object {
  const { module } = subjectByName(request.protocol);
  for (const [i, group] of request.scenario.workload.clients.entries()) {
    const level = group.readLevel ?? "linearizable";
    if (!module.readLevels.includes(level))
      throw new InputError({
        file: request.scenarioName,
        path: `/workload/clients/${i}/readLevel`,
        expected: `one of the levels that ${module.name} offers: ${module.readLevels.join(", ")}`,
        found: shown(level),
      });
  }
  checkInvariantNames(request.scenario, request.scenarioName);
  return resolveOptions(request.scenario, module, request.timing, request.scenarioName);
}

/** A name that nothing has could never be met, and would say so only after the run. */
function checkInvariantNames({ expect = {}, expectOf = {} }: Scenario, file: string): void {
  const known = invariantNames();
  const places: readonly (readonly [string, Expectation])[] = [
    ["/expect", expect],
    ...Object.entries(expectOf).map(([protocol, own]) => [`/expectOf/${protocol}`, own] as const),
  ];
  for (const [place, { invariantsBroken = [] }] of places)
    for (const [i, name] of invariantsBroken.entries())
      if (!known.includes(name))
        throw new InputError({
          file,
          path: `${place}/invariantsBroken/${i}`,
          expected: `one of ${known.join(", ")}`,
          found: shown(name),
        });
}

/**
 * A scenario of another length, checked again: its faults must still fit in. How much must commit was said for the
 * length that it had.
 *
 * @throws InputError
 */
export function withDuration(scenario: Scenario, durationMs: number, scenarioName: string): Scenario {
  return checkScenario({ ...withoutAmounts(scenario), durationMs }, `${scenarioName} with --duration`);
}

/** A scenario that expects what it expects but for how much must commit and for how long nothing may. */
export function withoutAmounts(scenario: Scenario): Scenario {
  const { expect = {}, expectOf = {} } = scenario;
  const own = Object.entries(expectOf).map(([protocol, expected]) => [protocol, amountsOut(expected)] as const);
  return { ...scenario, expect: amountsOut(expect), expectOf: Object.fromEntries(own) };
}

function amountsOut(expect: Expectation): Expectation {
  const { committedMin: _committedMin, unavailableMsMax: _unavailableMsMax, ...kept } = expect;
  return kept;
}

/**
 * Runs one seed and checks all of it. Deterministic but for times of the machine. @throws InputError as `prepare`
 * does
 */
export function runChecked(request: RunRequest, extras: RunExtras = {}): FullRun {
  const options = prepare(request);
  const { module } = subjectByName(request.protocol);
  const { scenario, timing, seed } = request;
  const simulation = runSimulation({ module, scenario, options, timing, seed, history: true, ...extras });
  // What was stopped early was not given the time to commit as much.
  const stopped = typeof extras.eventsMax === "number" && simulation.record.events >= extras.eventsMax;
  const asked = stopped ? { ...request, scenario: withoutAmounts(scenario) } : request;
  const checked = judged(asked, simulation, commandOf(request, extras));
  const verdict = checked.outcome === "violated" ? "violated" : "ok";
  return { ...checked, simulation, manifest: { ...simulation.manifest, verdict } };
}

/** A run, simulated or live, with what is said of its history and of the scenario's expectations. */
export function judged(
  request: RunRequest,
  run: Pick<SimulationOutcome, "record" | "history">,
  command: string,
): CheckedRun {
  const { scenario } = request;
  const history = historyFromEvents(run.history);
  const linearizable = checkLinearizable(history, { deadlineMs: request.checkDeadlineMs });
  const stale = staleReads(history);
  const own = run.record;
  const liveness = asksProgress(scenario) ? own.verdicts.liveness : "not asked";
  const verdicts = { ...own.verdicts, linearizable: linearizable.verdict, liveness, trace: NOT_VALIDATED };
  const checked: RunRecord = { ...own, verdicts, staleReads: stale, command };
  const expected = expectedViolation(scenario, checked);
  const reasons = [
    ...own.reasons.map((reason) => marked(reason, expected === "invariants")),
    ...linearizableReasons(linearizable).map((reason) => marked(reason, expected !== null)),
    ...unmet(scenario, checked),
  ];
  const expectations = expectationVerdict(scenario, checked);
  const withReasons: RunRecord = { ...checked, reasons, verdicts: { ...verdicts, expectations } };
  const outcome = outcomeOf(scenario, withReasons);
  const window = request.windowMs === undefined ? null : windowStatistics(run, scenario, request.windowMs);
  return { record: { ...withReasons, outcome }, outcome, window };
}

function asksProgress({ faultsEndMs }: Scenario): boolean {
  return faultsEndMs !== undefined;
}

function linearizableReasons(result: ReturnType<typeof checkLinearizable>): string[] {
  if (result.verdict === "ok") return [];
  return [
    `history: ${result.verdict === "violated" ? "not linearizable" : "unknown"}, ${result.reason ?? "no reason"}`,
  ];
}

/** The command line that repeats a run of these inputs. */
export function commandOf(request: RunRequest, extras: RunExtras = {}): string {
  const { protocol, scenarioName, seed, timing, durationMs } = request;
  const parts = ["npx synod sim", `--protocol ${protocol}`, `--scenario ${quoted(scenarioName)}`, `--seed ${seed}`];
  if (timing !== "matched") parts.push(`--timing ${timing}`);
  if (durationMs !== undefined) parts.push(`--duration ${durationMs}ms`);
  if (typeof extras.eventsMax === "number") parts.push(`--steps ${extras.eventsMax}`);
  return parts.join(" ");
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

const WRITES = new Set(["put", "delete", "cas", "append"]);

/** @returns null for a run that did not reach its end, whose fault clock is not known. */
function windowStatistics(
  { record, history }: Pick<SimulationOutcome, "record" | "history">,
  scenario: Scenario,
  windowMs: readonly [number, number],
): WindowStatistics | null {
  if (record.broken !== null) return null;
  // A history counts from the start of the run, faults from the first leader on; a run ends with its duration.
  const startedMs = record.virtualMs - scenario.durationMs;
  const latencies = writeLatencies(history, startedMs + windowMs[0], startedMs + windowMs[1]);
  latencies.sort((a, b) => a - b);
  return {
    committed: latencies.length,
    p50Ms: quantileOfSorted(latencies, 0.5),
    p99Ms: quantileOfSorted(latencies, 0.99),
  };
}

/** Milliseconds from call to answer, of every write called and answered in the window. */
function writeLatencies(events: readonly HistoryEvent[], fromMs: number, toMs: number): number[] {
  const called = new Map<number | string, number>();
  const latencies: number[] = [];
  for (const event of events) {
    if (!WRITES.has(event.f)) continue;
    if (event.type === "invoke") called.set(event.process, event.time);
    else if (event.type === "ok") {
      const from = called.get(event.process);
      // What was called before the window may have been on its way already, under other weather.
      if (from !== undefined && from / 1e6 >= fromMs && event.time / 1e6 < toMs)
        latencies.push((event.time - from) / 1e6);
    }
  }
  return latencies;
}
