/** What is counted, how it is written, and what it means. */
import type { Comparison, MetricName, PairedRow, SummaryRow } from "../record/index.js";
import { formatBytes, formatMs, formatNumber } from "./format.js";

/** A number that every run has, as tables show it. */
export interface Metric {
  readonly name: MetricName;
  /** Row title of a table. */
  readonly title: string;
  /** Column title of the terminal's table, with its unit. */
  readonly short: string;
  /** One or two sentences. */
  readonly meaning: string;
  readonly format: (value: number | null) => string;
  /** Whether it is a duration on the run's clock, so that its tables must say which clock. */
  readonly duration: boolean;
}

const NUMBER = { format: formatNumber, duration: false } as const;
const DURATION = { format: formatMs, duration: true } as const;

/** In the order of the rows. */
export const METRICS: readonly Metric[] = [
  {
    name: "committed",
    title: "Committed writes",
    short: "committed",
    meaning: "Writes that a client was told are done.",
    ...NUMBER,
  },
  {
    name: "p50Ms",
    title: "Commit latency, p50",
    short: "p50",
    meaning: "Half of the committed writes took at most this long, from the client's send to the client's receipt.",
    ...DURATION,
  },
  {
    name: "p99Ms",
    title: "Commit latency, p99",
    short: "p99",
    meaning: "99 of 100 committed writes took at most this long. Writes that were never acknowledged are not in it.",
    ...DURATION,
  },
  {
    name: "unavailableMs",
    title: "Time without commits",
    short: "no commits",
    meaning:
      "Unavailable: the time in which no write commits though clients ask, added up over all gaps longer than the scenario's threshold.",
    ...DURATION,
  },
  {
    name: "longestGapMs",
    title: "Longest gap",
    short: "longest gap",
    meaning: "The longest single stretch without a commit though clients asked.",
    ...DURATION,
  },
  {
    name: "elections",
    title: "Elections",
    short: "elections",
    meaning:
      "Established leaders after the first. Raft: elected. Multi-Paxos: Phase 1 done. ZAB: a quorum acknowledged NEWLEADER. Attempts that failed do not count.",
    ...NUMBER,
  },
  {
    name: "messagesPerOp",
    title: "Messages per committed operation",
    short: "msgs/op",
    meaning: "Protocol messages between nodes, heartbeats and retries included, divided by committed operations.",
    ...NUMBER,
  },
  {
    name: "bytesPerOp",
    title: "Bytes per committed operation",
    short: "bytes/op",
    meaning: "Encoded bytes of those messages, divided by committed operations.",
    format: formatBytes,
    duration: false,
  },
  {
    name: "syncsPerOp",
    title: "Syncs per committed operation",
    short: "syncs/op",
    meaning:
      "Disk syncs of all nodes, divided by committed operations. Less than one a node means that writes shared a sync.",
    ...NUMBER,
  },
  {
    name: "unknown",
    title: "Unknown outcomes",
    short: "unknown",
    meaning: "Requests whose client gave up waiting: they may have happened, or may still happen.",
    ...NUMBER,
  },
  {
    name: "failed",
    title: "Failed requests",
    short: "failed",
    meaning: "Requests that certainly did not happen, for example sent to a node that does not lead.",
    ...NUMBER,
  },
  {
    name: "staleReads",
    title: "Stale reads",
    short: "stale reads",
    meaning:
      "Reads that returned a value already overwritten before they began. Allowed for local reads, a violation for linearizable ones.",
    ...NUMBER,
  },
];

/** Every name has one: the type sees to it. */
export function metric(name: MetricName): Metric {
  return METRICS.find((m) => m.name === name) as Metric;
}

/** undefined: no run of the protocol is in the comparison. */
export function summaryOf(
  comparison: Comparison,
  scenario: string,
  protocol: string,
  name: MetricName,
): SummaryRow | null {
  return (
    comparison.summary.find((s) => s.scenario === scenario && s.protocol === protocol && s.metric === name) ?? null
  );
}

/** The median over seeds; null where there is none. */
export function medianOf(comparison: Comparison, scenario: string, protocol: string, name: MetricName): number | null {
  return summaryOf(comparison, scenario, protocol, name)?.median ?? null;
}

/** a/b for this metric as it was computed, whichever way round the row stands; null: there is no such row. */
export function pairedOf(
  comparison: Comparison,
  scenario: string,
  a: string,
  b: string,
  name: MetricName,
): PairedRow | null {
  return comparison.paired.find((p) => p.scenario === scenario && p.a === a && p.b === b && p.metric === name) ?? null;
}

/** The pairs (a, b) that the comparison holds ratios for, in their order. */
export function pairsOf(
  comparison: Comparison,
  scenario: string,
): readonly { readonly a: string; readonly b: string }[] {
  const seen = new Map<string, { readonly a: string; readonly b: string }>();
  for (const { scenario: of, a, b } of comparison.paired) {
    if (of === scenario) seen.set(`${a} ${b}`, { a, b });
  }
  return [...seen.values()];
}
