/** The tables of `synod bench` in words. */
import { median } from "../record/index.js";
import { type BenchRatio, type BenchRow, FOREIGN_PERCENT_MAX, type Knee } from "../subjects/bench/index.js";
import type { BenchOutput, FloorRow } from "./benchOutput.js";
import { list, plural, trimmed } from "./numbers.js";
import { table } from "./terminal.js";

const count = (value: number): string => Math.round(value).toLocaleString("en");
const micros = (value: number | null): string =>
  value === null ? "not known" : value >= 100 ? count(value) : trimmed(value);
const span = ([from, to]: readonly [number, number], show: (value: number) => string): string =>
  `[${show(from)} to ${show(to)}]`;
const ratio = (value: number): string => value.toFixed(2);

/** Rows by number of clients, or by rate. */
export function rowTable(rows: readonly BenchRow[]): string[] {
  const open = rows.some(({ rate }) => rate > 0);
  const header = [
    "subject",
    open ? "rate" : "clients",
    "ops/s",
    "[range]",
    "p50 us",
    "p99 us",
    "p99.9 us",
    "server CPU us/op",
    "leader",
    "client",
    "syncs/commit",
    "foreign CPU",
  ];
  return table(
    header,
    rows.map((row) => [
      row.subject,
      count(open && row.rate > 0 ? row.rate : row.clients),
      count(row.opsPerSecond),
      span(row.opsPerSecondRange, count),
      ...[row.p50Us, row.p99Us, row.p999Us].map(micros),
      ...[row.serverCpuUsPerOp, row.leaderCpuUsPerOp, row.clientCpuUsPerOp].map(micros),
      row.syncsPerCommit === null ? "not known" : row.syncsPerCommit.toFixed(2),
      foreignWords(row),
    ]),
  );
}

/** A star marks what other programs disturbed. */
function foreignWords({ foreignCpuPercent, disturbedRounds }: BenchRow): string {
  if (foreignCpuPercent === null) return "not known";
  return `${foreignCpuPercent.toFixed(0)} %${disturbedRounds > 0 ? " *" : ""}`;
}

/** Subjects against the one that all are measured against, as lines. */
export function ratioTable(ratios: readonly BenchRatio[]): string[] {
  return table(
    ["subject", "against", "clients", "throughput", "[range]", "p50", "[range]", "p99"],
    ratios.map((row) => [
      row.subject,
      row.against,
      row.rate > 0 ? `${count(row.rate)}/s` : String(row.clients),
      `${ratio(row.throughput)}x`,
      span(row.throughputRange, ratio),
      `${ratio(row.p50)}x`,
      span(row.p50Range, ratio),
      `${ratio(row.p99)}x`,
    ]),
  );
}

/** How much each subject keeps up with, as lines. */
export function kneeTable(knees: readonly Knee[]): string[] {
  return table(
    ["subject", "round", "knee, ops/s", "p50 us", "p99 us", "closed loop, ops/s"],
    knees.map((knee) => [
      knee.subject,
      String(knee.round + 1),
      knee.rate === null ? "below the lowest rate" : count(knee.rate),
      micros(knee.p50Us),
      micros(knee.p99Us),
      count(knee.closedOpsPerSecond),
    ]),
  );
}

/** What the machine itself costs, in a sentence. */
export function floorWords(floors: readonly FloorRow[]): string {
  const of = (pick: (floor: FloorRow) => number): string => micros(median(floors.map(pick)));
  return (
    `The floor of this machine, in the same rounds: a sync ${of((f) => f.syncP50Us)} us, three at once ` +
    `${of((f) => f.threeSyncsP50Us)} us, a round trip on loopback ${of((f) => f.roundTripP50Us)} us (medians).`
  );
}

/** One or more lines; the first stands alone. */
export function verdictOf(result: Omit<BenchOutput, "verdict">, rounds: number): string[] {
  const { table: rows, missing, troubles } = result;
  const measured = [...new Set(rows.map(({ subject }) => subject))];
  if (measured.length === 0) return ["Nothing was measured."];
  const lines = [`Measured ${list(measured)} in ${plural(rounds, "round")}.`];
  for (const { why } of missing) lines.push(`${why}.`);
  for (const { subject, why } of troubles) lines.push(`${subject} had trouble: ${why}.`);
  const disturbed = rows.filter(({ disturbedRounds }) => disturbedRounds > 0).length;
  if (disturbed > 0)
    lines.push(
      `In ${disturbed} of ${rows.length} rows (with a star) other programs used more than ${FOREIGN_PERCENT_MAX} % of the ` +
        "machine in at least one round: trust no absolute figure there, and ratios only by their range.",
    );
  const unsure = rows.filter(({ failed, unknown }) => failed + unknown > 0);
  for (const { subject, clients, failed, unknown } of unsure)
    lines.push(`${subject} at ${plural(clients, "client")}: ${failed} failed, ${unknown} of unknown outcome.`);
  return lines;
}
