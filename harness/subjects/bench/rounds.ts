/**
 * Interleaved rounds: every subject is measured with one number of clients before any is with the next, and every other
 * round goes through them in reverse, so that a neighbour's load, a warm disk or a hot CPU favours none.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Cell, cellOf } from "./cell.js";
import { type FloorResult, type LoadOptions, runFloor, runLoad } from "./load.js";
import { MissingPeer, type RunningSubject } from "./subject.js";
import { type Knee, kneeOf, SWEEP_SHARES } from "./sweep.js";

/** Something with a name that can be started in a folder. */
export interface Subject {
  readonly name: string;
  /** Rejects with MissingPeer if this machine does not have it, with Error if it does not come up. */
  start(dir: string): Promise<RunningSubject>;
}

/** One kind of load that every subject gets in every round. */
export interface Demand {
  /** Open loop: requests in flight at most. */
  readonly clients: number;
  /** 0: closed loop. */
  readonly rate: number;
}

export interface BenchPlan {
  readonly subjects: readonly Subject[];
  readonly demands: readonly Demand[];
  /** Instead of the demands: rising rates until a subject does not keep up. */
  readonly sweep: { readonly clients: number; readonly p99MaxUs: number } | null;
  readonly rounds: number;
  /** Start everything once and not anew for each round: faster, and what a start decides (who leads) is the same in all. */
  readonly keepRunning: boolean;
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
  cell(cell: Cell, subject: RunningSubject): void;
  knee(knee: Knee): void;
  /** A subject that is left out of this round, or of one cell of it. */
  trouble(subject: string, why: string, install: string | null): void;
}

interface Started {
  readonly name: string;
  readonly running: RunningSubject;
}

/** Many, so that what they make the compilers and the log do stands when the first is measured. */
const WARMUP_CLIENTS = 256;

/** In flight at most when requests leave at a rate. */
export const OPEN_CLIENTS = 1024;

/** Runs the whole plan. `program` is the load generator. */
export async function runRounds(program: string, plan: BenchPlan, events: BenchEvents): Promise<void> {
  mkdirSync(plan.dir, { recursive: true });
  const missing = new Set<string>();
  let stage: Stage | null = null;
  try {
    for (let round = 0; round < plan.rounds; round += 1) {
      stage ??= await open(plan, round, missing, events);
      events.progress(`round ${round + 1} of ${plan.rounds}: the floor`);
      events.floor(round, await runFloor(program, stage.folder));
      await new Round(program, plan, round, stage, events).measure();
      if (plan.keepRunning) continue;
      await close(stage);
      stage = null;
    }
  } finally {
    if (stage !== null) await close(stage);
  }
}

/** Subjects that run, in the order in which they were started. */
interface Stage {
  readonly folder: string;
  readonly started: readonly Started[];
  /** Those that had their first warm-up. */
  readonly warm: Set<Started>;
}

async function open(plan: BenchPlan, round: number, missing: Set<string>, events: BenchEvents): Promise<Stage> {
  const subjects = plan.subjects.filter(({ name }) => !missing.has(name));
  const folder = mkdtempSync(join(plan.dir, "synod-bench-"));
  const stage = { folder, started: [] as Started[], warm: new Set<Started>() };
  try {
    for (const subject of inTurns(subjects, round)) await startOne(subject, folder, stage.started, missing, events);
  } catch (error) {
    await close(stage);
    throw error;
  }
  return stage;
}

async function close({ folder, started }: Stage): Promise<void> {
  await Promise.all(started.map(({ running }) => running.stop()));
  rmSync(folder, { recursive: true, force: true });
}

/** Odd rounds go through a list in reverse. */
function inTurns<T>(list: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? list : list.toReversed();
}

async function startOne(
  subject: Subject,
  folder: string,
  started: Started[],
  missing: Set<string>,
  events: BenchEvents,
): Promise<void> {
  const { name } = subject;
  events.progress(`starting ${name}`);
  const dir = join(folder, name.replaceAll("/", "_"));
  mkdirSync(dir);
  try {
    started.push({ name, running: await subject.start(dir) });
  } catch (error) {
    if (error instanceof MissingPeer) missing.add(name);
    events.trouble(name, (error as Error).message, error instanceof MissingPeer ? error.install : null);
  }
}

class Round {
  readonly #program: string;
  readonly #plan: BenchPlan;
  readonly #round: number;
  readonly #stage: Stage;
  readonly #events: BenchEvents;

  constructor(program: string, plan: BenchPlan, round: number, stage: Stage, events: BenchEvents) {
    this.#program = program;
    this.#plan = plan;
    this.#round = round;
    this.#stage = stage;
    this.#events = events;
  }

  async measure(): Promise<void> {
    const { demands, sweep } = this.#plan;
    // Where everything is started anew, the order of the start is this one already.
    const started = this.#plan.keepRunning ? inTurns(this.#stage.started, this.#round) : this.#stage.started;
    if (sweep !== null) {
      for (const one of started) await this.#guarded(one, () => this.#sweep(one, sweep.clients, sweep.p99MaxUs));
      return;
    }
    for (const demand of inTurns(demands, this.#round))
      for (const one of started) await this.#guarded(one, async () => void (await this.#cell(one, demand)));
  }

  /** One subject's trouble is no reason to lose the others. */
  async #guarded(one: Started, work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#stage.warm.has(one)) await this.#warmUp(one);
      await work();
    } catch (error) {
      this.#events.trouble(one.name, (error as Error).message, null);
    }
  }

  async #warmUp(one: Started): Promise<void> {
    const { firstWarmupMs } = this.#plan;
    this.#stage.warm.add(one);
    if (firstWarmupMs === 0) return;
    this.#events.progress(`${this.#words(one)}: warming up`);
    await runLoad(this.#program, {
      ...this.#options(one, { clients: WARMUP_CLIENTS, rate: 0 }),
      durationMs: firstWarmupMs,
    });
  }

  async #cell(one: Started, demand: Demand): Promise<Cell> {
    const words = demand.rate > 0 ? `${Math.round(demand.rate)} a second` : `${demand.clients} client(s)`;
    this.#events.progress(`${this.#words(one)}, ${words}`);
    const before = await one.running.syncs();
    const load = await runLoad(this.#program, this.#options(one, demand));
    const cell = cellOf(one.name, this.#round, load, { before, after: await one.running.syncs() });
    this.#events.cell(cell, one.running);
    return cell;
  }

  async #sweep(one: Started, clients: number, p99MaxUs: number): Promise<void> {
    const closed = await this.#cell(one, { clients, rate: 0 });
    const cells: Cell[] = [];
    for (const share of SWEEP_SHARES)
      cells.push(await this.#cell(one, { clients: OPEN_CLIENTS, rate: Math.ceil(closed.opsPerSecond * share) }));
    this.#events.knee(kneeOf(cells, closed.opsPerSecond, p99MaxUs));
  }

  #words(one: Started): string {
    return `round ${this.#round + 1} of ${this.#plan.rounds}: ${one.name}`;
  }

  #options(one: Started, demand: Demand): LoadOptions {
    const { durationMs, warmupMs, valueBytes, keys, reads, level, at, seed } = this.#plan;
    const { target, endpoints, cluster, pids } = one.running;
    return {
      target,
      endpoints,
      cluster,
      pids,
      durationMs,
      warmupMs,
      valueBytes,
      keys,
      reads,
      level,
      at,
      ...demand,
      seed: seed + this.#round,
      idlePids: this.#stage.started.filter((other) => other !== one).flatMap(({ running }) => running.pids),
    };
  }
}
