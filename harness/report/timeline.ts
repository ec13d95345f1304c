/** Timelines as plots need them: fewer bins, gaps as spans, fault bands in lanes. */
import type { FaultBand, LatencyDistribution, RunRecord, Timeline } from "../record/index.js";

/** Bins a panel keeps: about three pixels each. */
export const BINS_MAX = 240;

/** A stretch of a run's time. */
export interface Bin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
}

/** From and to, on the fault clock. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** At most `binsMax` bins of equal width (the last may be narrower): neighbours are merged, rates are kept. */
export function downsample(timeline: Timeline, binsMax = BINS_MAX): readonly Bin[] {
  const { binMs, commits, p50Ms } = timeline;
  const merged = Math.max(1, Math.ceil(commits.length / binsMax));
  const bins: Bin[] = [];
  for (let i = 0; i < commits.length; i += merged) {
    const counts = commits.slice(i, i + merged);
    const total = counts.reduce((a, b) => a + b, 0);
    bins.push({
      fromMs: i * binMs,
      toMs: (i + counts.length) * binMs,
      perSecond: (total * 1000) / (counts.length * binMs),
      p50Ms: weightedMedian(counts.map((count, j) => ({ count, value: p50Ms[i + j] ?? null }))),
    });
  }
  return bins;
}

/** The median of the bins' medians, each weighing as much as it has commits. */
function weightedMedian(parts: readonly { readonly count: number; readonly value: number | null }[]): number | null {
  const counts = new Map<number, number>();
  let total = 0;
  for (const { count, value } of parts) {
    if (value === null || count === 0) continue;
    counts.set(value, (counts.get(value) ?? 0) + count);
    total += count;
  }
  let seen = 0;
  for (const [value, count] of [...counts].sort(([x], [y]) => x - y)) {
    seen += count;
    if (2 * seen >= total) return value;
  }
  return null;
}

/**
 * Stretches without commits longer than the threshold, to the width of a bin: from the undivided bins, so that merging
 * hides none. The bins at either end of a gap hold commits but are part of it, on average by half a bin each. The run's
 * own figures count to the millisecond.
 */
export function gapsOf(timeline: Timeline, thresholdMs: number): readonly Span[] {
  const { binMs, commits } = timeline;
  const gaps: Span[] = [];
  let start = 0;
  for (let i = 0; i <= commits.length; i += 1) {
    if (i < commits.length && commits[i] === 0) continue;
    if (i > start && (i - start + 1) * binMs > thresholdMs) gaps.push({ fromMs: start * binMs, toMs: i * binMs });
    start = i + 1;
  }
  return gaps;
}

/** Spans that overlap go to different lanes; what finds no lane under `lanesMax` shares the last. */
export function lanes<T extends Span>(
  spans: readonly T[],
  lanesMax: number,
): readonly { readonly span: T; readonly lane: number }[] {
  const ends: number[] = [];
  const ordered = [...spans].sort((a, b) => a.fromMs - b.fromMs || b.toMs - a.toMs);
  return ordered.map((span) => {
    const free = ends.findIndex((end) => end <= span.fromMs);
    const lane = free >= 0 ? free : Math.min(ends.length, lanesMax - 1);
    ends[lane] = Math.max(ends[lane] ?? 0, span.toMs);
    return { span, lane };
  });
}

/**
 * The fault bands of several runs under the same schedule as one list: a band that all share appears once. Where a role
 * was resolved to different nodes, `nodes` says whose is which.
 */
export function mergeBands(runs: readonly RunRecord[], name: (protocol: string) => string): readonly FaultBand[] {
  const groups = new Map<string, { readonly band: FaultBand; readonly of: string[]; readonly nodes: string[] }>();
  for (const run of runs) {
    for (const band of run.timeline.faults) {
      const skipped = band.skipped === null ? "" : "skipped";
      const key = [band.type, band.label, band.fromMs, band.toMs, skipped].join("|");
      const group = groups.get(key) ?? { band, of: [], nodes: [] };
      group.of.push(run.protocol);
      group.nodes.push(band.nodes.join(", "));
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ band, of, nodes }) => {
    const same = nodes.every((n) => n === nodes[0]) && of.length === runs.length;
    const told = of.map((protocol, i) => `${name(protocol)}: ${nodes[i] === "" ? "all" : (nodes[i] as string)}`);
    return same ? band : { ...band, nodes: told };
  });
}

/** The length of the shared time axis: the end of the last bin of any run. */
export function lengthMs(runs: readonly RunRecord[]): number {
  return Math.max(1, ...runs.map((r) => r.timeline.commits.length * r.timeline.binMs));
}

/**
 * The seeds to draw, at most `max`: those with a violation first (they are what a reader comes for), then the
 * comparison's own order.
 */
export function seedsToDraw(runs: readonly RunRecord[], failed: (run: RunRecord) => boolean, max: number): number[] {
  const all = [...new Set(runs.map((r) => r.seed))];
  const bad = new Set(runs.filter(failed).map((r) => r.seed));
  return [...all.filter((s) => bad.has(s)), ...all.filter((s) => !bad.has(s))].slice(0, max);
}

/** Commits while any fault lasted, or while none did. */
export interface FaultSide {
  readonly commits: number;
  readonly seconds: number;
  /** Median of the bins' medians, by commits; null: no commits. */
  readonly p50Ms: number | null;
}

/** Bins that lie wholly under a fault, and bins that no fault touches; bins at an edge belong to neither. */
export function underFaults(timelines: readonly Timeline[]): {
  readonly under: FaultSide;
  readonly outside: FaultSide;
} {
  const under: Weighed[] = [];
  const outside: Weighed[] = [];
  for (const { binMs, commits, p50Ms, faults } of timelines) {
    const bands = faults.filter((f) => f.skipped === null);
    commits.forEach((count, i) => {
      const [from, to] = [i * binMs, (i + 1) * binMs];
      const bin = { count, value: p50Ms[i] ?? null, seconds: binMs / 1000 };
      if (bands.some((f) => f.fromMs <= from && to <= f.toMs)) under.push(bin);
      else if (!bands.some((f) => f.fromMs < to && from < f.toMs)) outside.push(bin);
    });
  }
  return { under: sideOf(under), outside: sideOf(outside) };
}

interface Weighed {
  readonly count: number;
  readonly value: number | null;
  readonly seconds: number;
}

function sideOf(bins: readonly Weighed[]): FaultSide {
  return {
    commits: bins.reduce((sum, b) => sum + b.count, 0),
    seconds: bins.reduce((sum, b) => sum + b.seconds, 0),
    p50Ms: weightedMedian(bins),
  };
}

/** A latency, and the share of writes that took longer. */
export interface TailPoint {
  readonly ms: number;
  /** Share of writes slower than `ms`, 0..1. */
  readonly slower: number;
}

/** Distributions of several runs as one tail: the share of writes slower than each bucket's upper edge. Empty: no writes. */
export function pooledTail(distributions: readonly LatencyDistribution[]): readonly TailPoint[] {
  const pooled = new Map<number, number>();
  for (const { upperMs, counts } of distributions) {
    upperMs.forEach((upper, i) => {
      const count = counts[i] ?? 0;
      if (count > 0) pooled.set(upper, (pooled.get(upper) ?? 0) + count);
    });
  }
  const total = [...pooled.values()].reduce((a, b) => a + b, 0);
  if (total === 0) return [];
  let left = total;
  return [...pooled.entries()]
    .sort(([a], [b]) => a - b)
    .map(([ms, count]) => {
      left -= count;
      return { ms, slower: left / total };
    });
}
