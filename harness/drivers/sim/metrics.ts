/** What a run measures, from the first established leader on. */
import type { LatencyDistribution, Timeline } from "../../record/index.js";
import { NS_PER_MS, type Surroundings } from "./world.js";

const BINS = 600;
const BIN_MS_MIN = 100;
const DEFAULT_GAP_MS = 1_000;

export class Metrics {
  committed = 0;
  reads = 0;
  failed = 0;
  unknown = 0;
  unavailableNs = 0;
  longestGapNs = 0;
  /** Writes in progress. */
  private asking = 0;
  /** Since when clients ask and nothing commits; -1: nobody has to wait. */
  private gapFrom = -1;
  private readonly world: Surroundings;
  private readonly gapNs: number;
  private readonly latencies: number[] = [];
  /** The latencies so far in order, from the last time somebody asked. */
  private inOrder: Float64Array = new Float64Array(0);
  private readonly commitTimes: number[] = [];
  /** Issue times of the writes that committed: a liveness check asks for one issued after a certain moment. */
  lastCommittedIssue = -1;

  constructor(world: Surroundings) {
    this.world = world;
    this.gapNs = (world.scenario.unavailableGapMs ?? DEFAULT_GAP_MS) * NS_PER_MS;
  }

  asked(now: number): void {
    this.asking += 1;
    if (this.gapFrom < 0) this.gapFrom = now;
  }

  acknowledged(invokedAt: number, now: number): void {
    this.asking -= 1;
    this.committed += 1;
    this.latencies.push((now - invokedAt) / NS_PER_MS);
    this.commitTimes.push(now);
    if (invokedAt > this.lastCommittedIssue) this.lastCommittedIssue = invokedAt;
    this.closeGap(now);
    this.gapFrom = this.asking > 0 ? now : -1;
  }

  /** A write that ended without a commit. Its client asked in vain, so the gap goes on. */
  gaveUp(outcome: "fail" | "info"): void {
    this.asking -= 1;
    if (outcome === "fail") this.failed += 1;
    else this.unknown += 1;
  }

  end(now: number): void {
    this.closeGap(now);
    this.gapFrom = -1;
  }

  private closeGap(now: number): void {
    if (this.gapFrom < 0) return;
    const gap = now - this.gapFrom;
    if (gap > this.longestGapNs) this.longestGapNs = gap;
    if (gap > this.gapNs) this.unavailableNs += gap;
  }

  percentile(fraction: number): number | null {
    return percentileOf(this.sorted(), fraction);
  }

  private sorted(): Float64Array {
    if (this.inOrder.length < this.latencies.length) this.inOrder = sortedCopy(this.latencies);
    return this.inOrder;
  }

  timeline(durationMs: number): Pick<Timeline, "binMs" | "commits" | "p50Ms"> {
    const binMs = Math.max(BIN_MS_MIN, Math.ceil(durationMs / BINS / BIN_MS_MIN) * BIN_MS_MIN);
    const bins: number[][] = Array.from({ length: Math.ceil(durationMs / binMs) }, () => []);
    const start = Math.max(0, this.world.startedAt);
    for (let i = 0; i < this.commitTimes.length; i += 1) {
      const at = Math.floor(((this.commitTimes[i] as number) - start) / NS_PER_MS / binMs);
      bins[at]?.push(this.latencies[i] as number);
    }
    return {
      binMs,
      commits: bins.map((bin) => bin.length),
      p50Ms: bins.map((bin) => percentileOf(sortedCopy(bin), 0.5)),
    };
  }

  /** Buckets grow by 5 % from 0.05 ms; empty ones at both ends are left out. */
  distribution(): LatencyDistribution {
    const sorted = this.sorted();
    const upperMs: number[] = [];
    const counts: number[] = [];
    let at = 0;
    for (let upper = 0.05; at < sorted.length; upper *= 1.05) {
      let count = 0;
      while (at < sorted.length && (sorted[at] as number) <= upper) {
        at += 1;
        count += 1;
      }
      if (count === 0 && counts.length === 0) continue;
      upperMs.push(Math.round(upper * 10_000) / 10_000);
      counts.push(count);
    }
    return { upperMs, counts };
  }
}

function sortedCopy(values: readonly number[]): Float64Array {
  return new Float64Array(values).sort();
}

function percentileOf(sorted: Float64Array, fraction: number): number | null {
  if (sorted.length === 0) return null;
  const at = Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1);
  return Math.round((sorted[Math.max(0, at)] as number) * 10_000) / 10_000;
}
