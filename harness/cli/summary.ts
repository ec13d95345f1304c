/** Medians, intervals and paired ratios over the seeds of a comparison. */
import {
  median,
  medianInterval,
  type MetricName,
  type PairedRow,
  type RunRecord,
  type SummaryRow,
} from "../record/index.js";

/** What is summarized, in the order of the rows. */
export const METRICS: readonly MetricName[] = [
  "committed",
  "p50Ms",
  "p99Ms",
  "unavailableMs",
  "longestGapMs",
  "elections",
  "messagesPerOp",
  "bytesPerOp",
  "syncsPerOp",
  "unknown",
  "failed",
  "staleReads",
];

/** What a ratio is worth looking at: counts that are 0 in most runs are not. */
const PAIRED_METRICS: readonly MetricName[] = [
  "committed",
  "p50Ms",
  "p99Ms",
  "unavailableMs",
  "messagesPerOp",
  "bytesPerOp",
  "syncsPerOp",
];

/** null: the run has no such number. */
export function metricOf(run: RunRecord, metric: MetricName): number | null {
  if (metric !== "staleReads") return run[metric];
  return Object.values(run.staleReads).reduce((sum, count) => sum + count, 0);
}

function valuesOf(runs: readonly RunRecord[], metric: MetricName): number[] {
  return runs.map((run) => metricOf(run, metric)).filter((value) => value !== null);
}

/** One row for each scenario, protocol and metric, in the order in which the runs name them. */
export function summarize(runs: readonly RunRecord[]): SummaryRow[] {
  const rows: SummaryRow[] = [];
  for (const [scenario, inScenario] of groups(runs, (run) => run.scenario))
    for (const [protocol, group] of groups(inScenario, (run) => run.protocol))
      for (const metric of METRICS) {
        const values = valuesOf(group, metric);
        rows.push({
          scenario,
          protocol,
          metric,
          median: median(values),
          ci95: medianInterval(values),
          runs: values.length,
        });
      }
  return rows;
}

/** Every protocol against the first one, seed by seed: both met the same weather. */
export function pairUp(runs: readonly RunRecord[]): PairedRow[] {
  const rows: PairedRow[] = [];
  for (const [scenario, inScenario] of groups(runs, (run) => run.scenario)) {
    const byProtocol = groups(inScenario, (run) => run.protocol);
    const [first, ...others] = [...byProtocol.keys()];
    for (const a of others)
      for (const metric of PAIRED_METRICS)
        rows.push(
          pairedRow(
            scenario,
            a,
            first as string,
            metric,
            byProtocol.get(a) ?? [],
            byProtocol.get(first as string) ?? [],
          ),
        );
  }
  return rows;
}

function pairedRow(
  scenario: string,
  a: string,
  b: string,
  metric: MetricName,
  runsA: readonly RunRecord[],
  runsB: readonly RunRecord[],
): PairedRow {
  const bySeed = new Map(runsB.map((run) => [run.seed, metricOf(run, metric)]));
  const ratios: number[] = [];
  for (const run of runsA) {
    const over = metricOf(run, metric);
    const under = bySeed.get(run.seed);
    // A ratio to nothing says nothing; such seeds are left out and `pairs` shows it.
    if (over === null || under === undefined || under === null || under === 0) continue;
    ratios.push(over / under);
  }
  return { scenario, a, b, metric, ratio: median(ratios), ci95: medianInterval(ratios), pairs: ratios.length };
}

/** Insertion order is the order of first appearance. */
export function groups<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = found.get(name);
    if (group === undefined) found.set(name, [item]);
    else group.push(item);
  }
  return found;
}
