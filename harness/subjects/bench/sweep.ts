/** Raises the rate of an open loop until a subject does not keep up: the knee. */
import type { Cell } from "./cell.js";

/** Shares of what the closed loop reached, in the order they are tried. */
export const SWEEP_SHARES: readonly number[] = [0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1, 1.1];

/** Less than this share of the requests answered: it does not keep up. */
const ANSWERED_MIN = 0.99;

export interface Knee {
  readonly subject: string;
  readonly round: number;
  /** The highest rate that was kept up with; null: not even the lowest was. */
  readonly rate: number | null;
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  /** Closed loop, many clients: what the rates are shares of. */
  readonly closedOpsPerSecond: number;
}

/** Whether every request was answered, as good as, and the slowest hundredth within `p99MaxUs`. */
export function keptUp(cell: Cell, p99MaxUs: number): boolean {
  const due = cell.ops + cell.unanswered;
  return due > 0 && cell.ops / due >= ANSWERED_MIN && cell.latency.p99Us <= p99MaxUs;
}

/** The knee is the last rate before the first that was not kept up with. `cells` by rising rate. */
export function kneeOf(cells: readonly Cell[], closedOpsPerSecond: number, p99MaxUs: number): Knee {
  const [first] = cells;
  if (first === undefined) throw new Error("no rate was tried");
  let last: Cell | null = null;
  for (const cell of cells) {
    if (!keptUp(cell, p99MaxUs)) break;
    last = cell;
  }
  return {
    subject: first.subject,
    round: first.round,
    rate: last?.rate ?? null,
    p50Us: last?.latency.p50Us ?? null,
    p99Us: last?.latency.p99Us ?? null,
    closedOpsPerSecond,
  };
}
