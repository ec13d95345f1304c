/** What a scenario says must hold, against what a run did. */
import type { RunRecord } from "../record/index.js";
import type { Scenario } from "../scenarios/index.js";

export type Outcome = "ok" | "violated" | "unknown";

/** One line for every expectation that the run did not meet. */
export function unmet(scenario: Scenario, run: RunRecord): string[] {
  const lines: string[] = [];
  const expect = scenario.expect ?? {};
  if (expect.committedMin !== undefined && run.committed < expect.committedMin)
    lines.push(`expected at least ${expect.committedMin} commits, found ${run.committed}`);
  if (run.committed === 0) lines.push("vacuous: nothing was committed, so nothing was shown");
  if (expect.unavailableMsMax !== undefined && run.unavailableMs > expect.unavailableMsMax)
    lines.push(`expected at most ${expect.unavailableMsMax} ms without commits, found ${run.unavailableMs}`);
  const { noCommitBetweenMs } = expect;
  if (noCommitBetweenMs !== undefined) {
    const count = commitsBetween(run, noCommitBetweenMs);
    if (count > 0) lines.push(`expected no commit from ${noCommitBetweenMs.join(" to ")} ms, found ${count}`);
  }
  return lines;
}

/** Counts whole bins only: a bin that reaches over an edge may hold commits of either side. */
function commitsBetween(run: RunRecord, [fromMs, toMs]: readonly [number, number]): number {
  const { binMs, commits } = run.timeline;
  let count = 0;
  for (const [i, inBin] of commits.entries()) if (i * binMs >= fromMs && (i + 1) * binMs <= toMs) count += inBin;
  return count;
}

/** All verdicts of a run in one: invariants, linearizability, progress and the scenario's own expectations. */
export function outcomeOf(scenario: Scenario, run: RunRecord): Outcome {
  const expected = scenario.expect?.invariantsBroken ?? [];
  if (expected.length > 0) {
    // The point of such a scenario is to see an invariant break. Nothing else is asked of the run.
    return run.broken !== null && expected.includes(run.broken.invariant) ? "ok" : "violated";
  }
  if (run.verdicts.invariants === "violated") return "violated";
  if (run.verdicts.linearizable !== (scenario.expect?.linearizable ?? "ok"))
    return run.verdicts.linearizable === "unknown" ? "unknown" : "violated";
  if (run.verdicts.liveness === "violated") return "violated";
  if (run.committed === 0 && (scenario.expect?.committedMin ?? 0) === 0) return "unknown";
  if (unmet(scenario, run).length > 0) return "violated";
  return run.verdicts.liveness === "unknown" ? "unknown" : "ok";
}
