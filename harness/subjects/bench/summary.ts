/** From cells to a table: medians over rounds, and ratios paired within each round. */
import { median } from "../../record/index.js";
import type { Cell } from "./cell.js";

/** Above this, other programs had too much of the machine. */
export const FOREIGN_PERCENT_MAX = 10;

/** One row: a subject under one load, medians over its rounds. */
export interface BenchRow {
  readonly subject: string;
  readonly clients: number;
  readonly rate: number;
  readonly rounds: number;
  readonly opsPerSecond: number;
  readonly opsPerSecondRange: readonly [number, number];
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Over all rounds. */
  readonly maxUs: number;
  readonly serverCpuUsPerOp: number | null;
  readonly leaderCpuUsPerOp: number | null;
  readonly followerCpuUsPerOp: number | null;
  readonly clientCpuUsPerOp: number | null;
  readonly syncsPerCommit: number | null;
  readonly foreignCpuPercent: number | null;
  /** Rounds whose foreign CPU was above FOREIGN_PERCENT_MAX: they count all the same, and are named. */
  readonly disturbedRounds: number;
  /** Requests without a good answer, over all rounds. */
  readonly failed: number;
  readonly unknown: number;
  readonly unanswered: number;
}

/** `subject` divided by `against`, in each round in which both were measured. */
export interface BenchRatio {
  readonly subject: string;
  readonly against: string;
  readonly clients: number;
  readonly rate: number;
  readonly rounds: number;
  readonly throughput: number;
  readonly throughputRange: readonly [number, number];
  readonly p50: number;
  readonly p50Range: readonly [number, number];
  readonly p99: number;
  readonly p99Range: readonly [number, number];
}

const demandKey = (cell: { readonly clients: number; readonly rate: number }): string => `${cell.clients}/${cell.rate}`;

/** In the order in which subjects and loads first appear. */
export function rowsOf(cells: readonly Cell[]): BenchRow[] {
  return [...grouped(cells, (cell) => `${demandKey(cell)}/${cell.subject}`).values()].map(rowOf);
}

function rowOf(cells: readonly Cell[]): BenchRow {
  const [first] = cells as readonly [Cell];
  const of = (pick: (cell: Cell) => number): number => median(cells.map(pick)) as number;
  const known = (pick: (cell: Cell) => number | null): number | null =>
    median(cells.map(pick).filter((value) => value !== null));
  const sum = (pick: (cell: Cell) => number): number => cells.reduce((total, cell) => total + pick(cell), 0);
  return {
    subject: first.subject,
    clients: first.clients,
    rate: first.rate,
    rounds: cells.length,
    opsPerSecond: of((cell) => cell.opsPerSecond),
    opsPerSecondRange: rangeOf(cells.map((cell) => cell.opsPerSecond)),
    p50Us: of((cell) => cell.latency.p50Us),
    p90Us: of((cell) => cell.latency.p90Us),
    p99Us: of((cell) => cell.latency.p99Us),
    p999Us: of((cell) => cell.latency.p999Us),
    maxUs: Math.max(...cells.map((cell) => cell.latency.maxUs)),
    serverCpuUsPerOp: known((cell) => cell.serverCpuUsPerOp),
    leaderCpuUsPerOp: known((cell) => cell.leaderCpuUsPerOp),
    followerCpuUsPerOp: known((cell) => cell.followerCpuUsPerOp),
    clientCpuUsPerOp: known((cell) => cell.clientCpuUsPerOp),
    syncsPerCommit: known((cell) => cell.syncsPerCommit),
    foreignCpuPercent: known((cell) => cell.foreignCpuPercent),
    disturbedRounds: cells.filter(({ foreignCpuPercent }) => (foreignCpuPercent ?? 0) > FOREIGN_PERCENT_MAX).length,
    failed: sum((cell) => cell.failed),
    unknown: sum((cell) => cell.unknown),
    unanswered: sum((cell) => cell.unanswered),
  };
}

/** Every subject of `against` that was measured, as a divisor of every other one. */
export function ratiosOf(cells: readonly Cell[], against: readonly string[]): BenchRatio[] {
  const ratios: BenchRatio[] = [];
  for (const ofDemand of grouped(cells, demandKey).values()) {
    const bySubject = grouped(ofDemand, ({ subject }) => subject);
    for (const other of against) {
      const divisors = bySubject.get(other);
      if (divisors === undefined) continue;
      for (const [subject, own] of bySubject) {
        if (subject === other) continue;
        const ratio = ratioOf(own, divisors);
        if (ratio !== null) ratios.push(ratio);
      }
    }
  }
  return ratios;
}

function ratioOf(own: readonly Cell[], divisors: readonly Cell[]): BenchRatio | null {
  const pairs = own.flatMap((cell) => {
    const divisor = divisors.find(({ round }) => round === cell.round);
    return divisor === undefined ? [] : [[cell, divisor] as const];
  });
  const [first] = pairs;
  if (first === undefined) return null;
  const of = (pick: (cell: Cell) => number): number[] => pairs.map(([cell, divisor]) => pick(cell) / pick(divisor));
  const throughput = of((cell) => cell.opsPerSecond);
  const p50 = of((cell) => cell.latency.p50Us);
  const p99 = of((cell) => cell.latency.p99Us);
  return {
    subject: first[0].subject,
    against: first[1].subject,
    clients: first[0].clients,
    rate: first[0].rate,
    rounds: pairs.length,
    throughput: median(throughput) as number,
    throughputRange: rangeOf(throughput),
    p50: median(p50) as number,
    p50Range: rangeOf(p50),
    p99: median(p99) as number,
    p99Range: rangeOf(p99),
  };
}

function rangeOf(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
