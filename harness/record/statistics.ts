/**
 * Statistics over seeds. Medians, because latencies have heavy tails; intervals from order statistics, because they
 * assume nothing about the distribution and need no random numbers, so that a table is the same every time.
 */
import { median as medianOf } from "simple-statistics";

/** null for an empty sample. */
export function median(values: readonly number[]): number | null {
  return values.length === 0 ? null : medianOf([...values]);
}

/**
 * Distribution-free interval of the median: the k-th smallest to the k-th largest value, with the greatest k whose
 * coverage is still at least `confidence` (Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2).
 *
 * @returns null where even the whole range covers less (95 %: fewer than six values).
 */
export function medianInterval(values: readonly number[], confidence = 0.95): readonly [number, number] | null {
  const sorted = [...values].sort((a, b) => a - b);
  const k = intervalRank(sorted.length, confidence);
  if (k === 0) return null;
  return [sorted[k - 1] as number, sorted[sorted.length - k] as number];
}

/** The greatest k with P(k <= X <= n - k) >= confidence for X binomial(n, 1/2); 0 if there is none. */
function intervalRank(n: number, confidence: number): number {
  // P(X = 0). Below 2^-1000 for huge n, where it underflows to 0 and the loop still adds up the bulk.
  let logProbability = -n * Math.LN2;
  let tail = 0;
  let k = 0;
  for (let i = 0; i < n / 2; i += 1) {
    tail += Math.exp(logProbability);
    if (2 * tail > 1 - confidence) break;
    k = i + 1;
    logProbability += Math.log((n - i) / (i + 1));
  }
  return k;
}

/** The value below which a share `p` of the sorted sample lies: the smallest value with at least that share at or below it. */
export function quantileOfSorted(sorted: readonly number[], p: number): number | null {
  if (sorted.length === 0) return null;
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1));
  return sorted[at] as number;
}
