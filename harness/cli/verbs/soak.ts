/** `synod soak`: live clusters under everything that can happen to them, and a count of every acknowledged write. */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { RunRecord } from "../../record/index.js";
import type { NodeStorage } from "../../drivers/real/index.js";
import type { Fault } from "../../scenarios/index.js";
import {
  healedAtMs,
  type LiveOutcome,
  type Loss,
  missingWrites,
  soakCrashKind,
  soakKeys,
  soakScenario,
} from "../../subjects/cluster/index.js";
import { exitOf, type ExitCode, worst } from "../exit.js";
import type { Outcome } from "../expectation.js";
import { type CheckedLiveRun, liveWallMs, prepareLive, runLiveChecked } from "../liveRun.js";
import { milliseconds, plural } from "../numbers.js";
import type { SoakOutput, SoakRow } from "../output.js";
import { protocolNames, titleOf } from "../protocols.js";
import type { RunRequest } from "../run.js";
import { type Terminal, wrap } from "../terminal.js";

/** What `synod soak` was asked for. */
export interface SoakOptions {
  readonly protocols: readonly string[];
  readonly durationMs: number;
  readonly seed: number;
  /** Events of each node's trace; 0: no trace. */
  readonly tracedMax: number;
  readonly out: string;
  readonly checkDeadlineMs: number;
  /** For tests that plant a bug: how nodes store, and these faults in place of those that the seed draws. */
  readonly storage?: NodeStorage;
  readonly faults?: readonly Fault[];
}

/** Some minutes for TLC. */
const TRACED = 5_000;
const SEED_MAX = 2 ** 32;
const LOSSES_SHOWN = 5;

/** Another seed each time. */
export function soakDefaults(): Omit<SoakOptions, "durationMs" | "out" | "checkDeadlineMs"> {
  return { protocols: protocolNames(), seed: randomInt(SEED_MAX), tracedMax: TRACED };
}

/** One protocol after the other. Exit 1 where any lost an acknowledged write. */
export async function soak(options: SoakOptions, out: Terminal): Promise<ExitCode> {
  const requests = options.protocols.map((protocol) => requestOf(options, protocol));
  for (const request of requests) prepareLive(request);
  out.say(
    `${plural(requests.length, "soak")} of ${milliseconds(options.durationMs)} with seed ${options.seed}: about ${milliseconds(liveWallMs(requests))} of real time, and the checks.`,
  );
  const rows: SoakRow[] = [];
  for (const request of requests) {
    const title = titleOf(request.protocol);
    const row = await soakOne(options, request, (words) => out.progress(`${title}: ${words}`));
    out.progress(null);
    sayRow(row, out);
    rows.push(row);
  }
  const outcome = worst(rows.map((row) => row.outcome));
  const result: SoakOutput = { outcome, runs: rows };
  out.result(result);
  return exitOf(outcome);
}

function requestOf({ durationMs, seed, checkDeadlineMs, faults }: SoakOptions, protocol: string): RunRequest {
  const drawn = soakScenario(seed, durationMs);
  const scenario = faults === undefined ? drawn : { ...drawn, faults };
  return { protocol, scenario, scenarioName: scenario.name, timing: "matched", seed, checkDeadlineMs };
}

/** One protocol. For tests too. */
export async function soakProtocol(options: SoakOptions, protocol: string): Promise<SoakRow> {
  return soakOne(options, requestOf(options, protocol), () => undefined);
}

async function soakOne(options: SoakOptions, run: RunRequest, onProgress: (words: string) => void): Promise<SoakRow> {
  const { scenario } = run;
  const keys = soakKeys(scenario);
  const { storage } = options;
  const done = await runLiveChecked({
    run,
    dir: join(options.out, "soak"),
    tracedMax: options.tracedMax,
    extras: {
      crashKind: soakCrashKind,
      audited: keys,
      healedMs: healedAtMs(scenario),
      ...(storage === undefined ? {} : { storage }),
    },
    onProgress,
  });
  const { record, live } = done;
  const losses = missingWrites(live.history, live.audit);
  const healedMs = healedAtMs(scenario);
  const recovered = live.lastCommittedMs > healedMs;
  const after = committedFrom(live, healedMs);
  const said = [...lossWords(losses), ...openWords(record, live.audit.size, keys.length, recovered)];
  const outcome = worst([done.outcome, losses.length > 0 || !recovered ? "violated" : "ok", auditOutcome(done, keys)]);
  return {
    protocol: run.protocol,
    seed: run.seed,
    outcome,
    durationMs: scenario.durationMs,
    faults: faultCounts(record),
    committed: record.committed,
    committedAfter: after,
    reads: record.reads,
    unknown: record.unknown,
    elections: record.elections,
    unavailableMs: record.unavailableMs,
    audited: live.audit.size,
    keys: keys.length,
    losses: losses.length,
    verdicts: record.verdicts,
    reasons: [...record.reasons, ...said],
    command: `npm run soak -- --protocol ${run.protocol} --minutes ${scenario.durationMs / 60_000} --seed ${run.seed}`,
  };
}

function auditOutcome({ live }: CheckedLiveRun, keys: readonly string[]): Outcome {
  return live.audit.size < keys.length ? "unknown" : "ok";
}

function lossWords(losses: readonly Loss[]): string[] {
  const more = losses.length > LOSSES_SHOWN ? [`and ${losses.length - LOSSES_SHOWN} more like these`] : [];
  return [...losses.slice(0, LOSSES_SHOWN).map(({ words }) => `audit: ${words}`), ...more];
}

function openWords(record: RunRecord, audited: number, keys: number, recovered: boolean): string[] {
  const hit = record.timeline.faults.filter(({ skipped }) => skipped === null).length;
  return [
    ...(audited < keys ? [`audit: ${keys - audited} of ${plural(keys, "key")} could not be read at the end`] : []),
    ...(recovered ? [] : ["progress: nothing was committed after the faults had ended"]),
    ...(hit === 0 ? ["vacuous: no fault hit anybody"] : []),
  ];
}

/** Writes acknowledged from a moment of the fault clock on. */
function committedFrom({ history, startedMs }: LiveOutcome, fromMs: number): number {
  const fromNs = (startedMs + fromMs) * 1e6;
  return history.reduce(
    (sum, { type, f, time }) => (type === "ok" && f === "append" && time >= fromNs ? sum + 1 : sum),
    0,
  );
}

function faultCounts({ timeline }: RunRecord): { readonly [label: string]: number } {
  const counts: Record<string, number> = {};
  for (const { type, label, skipped } of timeline.faults) {
    if (skipped !== null) continue;
    const name = type === "crash" ? label : type;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const WORDS: Readonly<Record<Outcome, string>> = {
  ok: "every acknowledged write is there",
  violated: "a promise was broken",
  unknown: "could not be decided",
};

function sayRow(row: SoakRow, out: Terminal): void {
  const { verdicts } = row;
  out.say(
    `${titleOf(row.protocol)}: ${WORDS[row.outcome]}; ${plural(row.committed, "write")} committed (${row.committedAfter} after the last fault), ${plural(row.reads, "read")} answered, ${row.unknown} of unknown outcome, ${plural(row.elections, "election")}, ${milliseconds(row.unavailableMs)} without commits.`,
  );
  const faults = Object.entries(row.faults).map(([name, count]) => `${count} ${name}`);
  for (const line of wrap(`Faults: ${faults.join(", ")}.`, 100, "  ")) out.say(line);
  out.say(
    `  History ${verdicts.linearizable} (linearizable), trace ${verdicts.trace}, replicas ${verdicts.invariants}.`,
  );
  for (const reason of row.reasons) for (const line of wrap(reason, 100, "  ")) out.say(line);
  out.say(`  Again: ${row.command}`);
}
