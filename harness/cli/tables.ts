/** What stands below the table of medians: how sure they are, and one protocol against another. */
import type { Comparison, MetricName, PairedRow } from "../record/index.js";
import { list, trimmed } from "./numbers.js";
import { titleOf } from "./protocols.js";

const NAMES: readonly (readonly [MetricName, string])[] = [
  ["committed", "committed"],
  ["p50Ms", "p50 ms"],
  ["p99Ms", "p99 ms"],
  ["unavailableMs", "ms without commits"],
  ["messagesPerOp", "messages"],
  ["bytesPerOp", "bytes"],
  ["syncsPerOp", "syncs"],
];

function nameOf(metric: MetricName): string {
  return NAMES.find(([name]) => name === metric)?.[1] ?? metric;
}

function interval(bounds: readonly [number, number] | null): string {
  return bounds === null ? "" : ` [${trimmed(bounds[0])}, ${trimmed(bounds[1])}]`;
}

/** 95 % intervals of the medians, a line for each scenario and protocol; none where there are too few seeds. */
export function intervalLines(comparison: Comparison): string[] {
  const lines: string[] = [];
  for (const { name } of comparison.scenarios)
    for (const protocol of comparison.protocols) {
      const rows = comparison.summary.filter((row) => row.scenario === name && row.protocol === protocol);
      const parts = NAMES.flatMap(([metric, words]) => {
        const row = rows.find((candidate) => candidate.metric === metric);
        return row === undefined || row.ci95 === null ? [] : [`${words}${interval(row.ci95)}`];
      });
      if (parts.length > 0) lines.push(`${name}, ${titleOf(protocol)}: ${parts.join(", ")}`);
    }
  return lines;
}

/** Ratios to the first protocol, seed by seed, with their 95 % intervals. */
export function pairedLines(comparison: Comparison): string[] {
  const lines: string[] = [];
  for (const { name } of comparison.scenarios) {
    const rows = comparison.paired.filter((row) => row.scenario === name && row.ratio !== null);
    for (const a of comparison.protocols) {
      const own = rows.filter((row) => row.a === a);
      const b = own[0]?.b;
      if (b !== undefined) lines.push(`${name}, ${titleOf(a)} / ${titleOf(b)}: ${list(own.map(ratio))}`);
    }
  }
  return lines;
}

function ratio(row: PairedRow): string {
  return `${nameOf(row.metric)} ${trimmed(row.ratio)}${interval(row.ci95)}`;
}

/** Reads that saw a value already overwritten, by level, summed over seeds: they are rare, and a median would hide them. */
export function staleLines(comparison: Comparison): string[] {
  const lines: string[] = [];
  for (const { name } of comparison.scenarios)
    for (const protocol of comparison.protocols) {
      const totals = new Map<string, number>();
      for (const run of comparison.runs)
        if (run.scenario === name && run.protocol === protocol)
          for (const [level, count] of Object.entries(run.staleReads))
            totals.set(level, (totals.get(level) ?? 0) + count);
      const parts = [...totals].filter(([, count]) => count > 0).map(([level, count]) => `${count} ${level}`);
      if (parts.length > 0) lines.push(`${name}, ${titleOf(protocol)}: ${parts.join(", ")}`);
    }
  return lines;
}
