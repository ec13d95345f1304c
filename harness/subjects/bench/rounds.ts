/**
 * Interleaved rounds: every subject is measured with one number of clients before any is with the next, and every other
 * round goes through them in reverse, so that a neighbour's load, a warm disk or a hot CPU favours none.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Cell, cellOf } from "./cell.js";
import { type FloorResult, type LoadOptions, runFloor, runLoad } from "./load.js";
import { startSubject } from "./start.js";
import { MissingPeer, type RunningSubject, type SubjectSpec } from "./subject.js";

/** One kind of load that every subject gets in every round. */
export interface Demand {
  readonly clients: number;
  /** 0: closed loop. */
  readonly rate: number;
}

export interface BenchPlan {
  readonly subjects: readonly SubjectSpec[];
  readonly demands: readonly Demand[];
  readonly rounds: number;
  readonly durationMs: number;
  readonly warmupMs: number;
  /** Before the first measurement of each start: compilers at run time need it. */
  readonly firstWarmupMs: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly reads: number;
  readonly level: LoadOptions["level"];
  readonly at: string;
  readonly seed: number;
  /** On the disk that is to be measured. A folder is made in it and removed at the end. */
  readonly dir: string;
}

export interface BenchEvents {
  progress(words: string): void;
  floor(round: number, floor: FloorResult): void;
  cell(cell: Cell, subject: Described): void;
  /** A subject that is left out of this round, or of one cell of it. */
  trouble(subject: string, why: string, install: string | null): void;
}

/** What results say of a subject. */
export interface Described {
  readonly name: string;
  readonly version: string;
  readonly settings: string;
}

type Started = { readonly name: string; readonly running: RunningSubject };

/** Runs the whole plan. `program` is the load generator. */
export async function runRounds(program: string, plan: BenchPlan, events: BenchEvents): Promise<void> {
  const missing = new Set<string>();
  mkdirSync(plan.dir, { recursive: true });
  for (let round = 0; round < plan.rounds; round += 1) {
    const folder = mkdtempSync(join(plan.dir, "synod-bench-"));
    const subjects = plan.subjects.filter(({ name }) => !missing.has(name));
    const ordered = round % 2 === 0 ? subjects : subjects.toReversed();
    const started: Started[] = [];
    try {
      for (const spec of ordered) await startOne(spec, folder, started, missing, events);
      events.progress(`round ${round + 1} of ${plan.rounds}: the floor`);
      events.floor(round, await runFloor(program, folder));
      await measureRound(program, plan, round, started, events);
    } finally {
      await Promise.all(started.map(({ running }) => running.stop()));
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function startOne(
  spec: SubjectSpec,
  folder: string,
  started: Started[],
  missing: Set<string>,
  events: BenchEvents,
): Promise<void> {
  events.progress(`starting ${spec.name}`);
  const dir = join(folder, spec.name.replaceAll("/", "_"));
  mkdirSync(dir);
  try {
    started.push({ name: spec.name, running: await startSubject(spec, dir) });
  } catch (error) {
    if (error instanceof MissingPeer) missing.add(spec.name);
    events.trouble(spec.name, (error as Error).message, error instanceof MissingPeer ? error.install : null);
  }
}

async function measureRound(
  program: string,
  plan: BenchPlan,
  round: number,
  started: readonly Started[],
  events: BenchEvents,
): Promise<void> {
  const warmed = new Set<string>();
  const demands = round % 2 === 0 ? plan.demands : plan.demands.toReversed();
  for (const demand of demands) {
    for (const one of started) {
      const words = demand.rate > 0 ? `${demand.rate} a second` : `${demand.clients} client(s)`;
      events.progress(`round ${round + 1} of ${plan.rounds}: ${one.name}, ${words}`);
      const idlePids = started.filter((other) => other !== one).flatMap(({ running }) => running.pids);
      try {
        if (!warmed.has(one.name)) await warmUp(program, plan, one.running);
        warmed.add(one.name);
        const { version, settings } = one.running;
        const cell = await measure(program, plan, demand, round, one, idlePids);
        events.cell(cell, { name: one.name, version, settings });
      } catch (error) {
        events.trouble(one.name, (error as Error).message, null);
      }
    }
  }
}

/** Many clients for a while: what they made the compilers do stands when the first is measured. */
async function warmUp(program: string, plan: BenchPlan, running: RunningSubject): Promise<void> {
  if (plan.firstWarmupMs === 0) return;
  const demand = { clients: 64, rate: 0 };
  await runLoad(program, { ...loadOptions(plan, demand, running, []), warmupMs: 0, durationMs: plan.firstWarmupMs });
}

async function measure(
  program: string,
  plan: BenchPlan,
  demand: Demand,
  round: number,
  { name, running }: Started,
  idlePids: readonly number[],
): Promise<Cell> {
  const before = await running.syncs();
  const load = await runLoad(program, { ...loadOptions(plan, demand, running, idlePids), seed: plan.seed + round });
  return cellOf(name, round, load, { before, after: await running.syncs() });
}

function loadOptions(
  plan: BenchPlan,
  demand: Demand,
  running: RunningSubject,
  idlePids: readonly number[],
): LoadOptions {
  const { durationMs, warmupMs, valueBytes, keys, reads, level, at, seed } = plan;
  const { target, endpoints, cluster, pids } = running;
  return {
    ...{ target, endpoints, cluster, pids, idlePids },
    ...{ durationMs, warmupMs, valueBytes, keys, reads, level, at, seed },
    ...demand,
  };
}
