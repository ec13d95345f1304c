/** What a scenario says must hold, against what a run did. */
import type { RunRecord } from "../record/index.js";
import type { Expectation, Scenario } from "../scenarios/index.js";

/** A verdict: ok, violated, or nobody knows. */
export type Outcome = "ok" | "violated" | "unknown";

/** What the scenario expects of this protocol. */
export function expectationOf(scenario: Scenario, protocol: string): Expectation {
  return { ...scenario.expect, ...scenario.expectOf?.[protocol] };
}

/** One line for every expectation that the run did not meet. */
export function unmet(scenario: Scenario, run: RunRecord): string[] {
  const lines: string[] = [];
  const expect = expectationOf(scenario, run.protocol);
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
  if (expect.linearizable === "violated" && run.verdicts.linearizable === "ok")
    lines.push("expected a history that is not linearizable, found one that is");
  const { invariantsBroken = [] } = expect;
  if (invariantsBroken.length > 0 && !invariantsBroken.includes(run.broken?.invariant ?? ""))
    lines.push(
      `expected a broken invariant (${invariantsBroken.join(" or ")}), found ${run.broken?.invariant ?? "none"}`,
    );
  return lines;
}

/** A reason why a verdict is not ok, with the remark that the scenario expects it. */
export function marked(reason: string, expected: boolean): string {
  return expected ? `as expected: ${reason}` : reason;
}

/** What the run broke because its scenario is there to break it. Behind a broken invariant the history may be anything. */
export function expectedViolation(scenario: Scenario, run: RunRecord): "invariants" | "linearizable" | null {
  const expect = expectationOf(scenario, run.protocol);
  if (run.broken !== null && (expect.invariantsBroken ?? []).includes(run.broken.invariant)) return "invariants";
  return run.verdicts.linearizable === "violated" && expect.linearizable === "violated" ? "linearizable" : null;
}

/** Counts whole bins only: a bin that reaches over an edge may hold commits of either side. */
function commitsBetween(run: RunRecord, [fromMs, toMs]: readonly [number, number]): number {
  const { binMs, commits } = run.timeline;
  let count = 0;
  for (const [i, inBin] of commits.entries()) if (i * binMs >= fromMs && (i + 1) * binMs <= toMs) count += inBin;
  return count;
}

/** The scenario's expectations as one verdict. */
export function expectationVerdict(scenario: Scenario, run: RunRecord): Outcome {
  const expect = expectationOf(scenario, run.protocol);
  const expected = expect.invariantsBroken ?? [];
  // The point of such a scenario is to see an invariant break. Nothing else is asked of the run.
  if (expected.length > 0) return run.broken !== null && expected.includes(run.broken.invariant) ? "ok" : "violated";
  if (run.committed === 0 && (expect.committedMin ?? 0) === 0) return "unknown";
  return unmet(scenario, run).length > 0 ? "violated" : "ok";
}

/** All verdicts of a run in one: invariants, linearizability, progress and the scenario's own expectations. */
export function outcomeOf(scenario: Scenario, run: RunRecord): Outcome {
  const expectations = expectationVerdict(scenario, run);
  const expect = expectationOf(scenario, run.protocol);
  if ((expect.invariantsBroken ?? []).length > 0) return expectations;
  const { invariants, linearizable, liveness } = run.verdicts;
  const asExpected = linearizable === (expect.linearizable ?? "ok");
  if (invariants === "violated" || liveness === "violated" || expectations === "violated") return "violated";
  if (!asExpected && linearizable !== "unknown") return "violated";
  return !asExpected || liveness === "unknown" || expectations === "unknown" ? "unknown" : "ok";
}
