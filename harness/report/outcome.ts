/** Verdicts: what a run's four verdicts come to, and how many runs came to what. */
import type { Comparison, RunRecord, Verdict } from "../record/index.js";

/** What is judged of a run. */
export type VerdictKind = keyof RunRecord["verdicts"];

/** In the order of the columns. */
export const VERDICT_KINDS: readonly { readonly kind: VerdictKind; readonly title: string }[] = [
  { kind: "linearizable", title: "Linearizable" },
  { kind: "invariants", title: "Invariants" },
  { kind: "liveness", title: "Liveness" },
  { kind: "expectations", title: "Expectations" },
  { kind: "trace", title: "Trace against the spec" },
];

/** violated over unknown over ok. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("violated")) return "violated";
  return verdicts.includes("unknown") ? "unknown" : "ok";
}

/**
 * The trace's verdict is a text: "accepted" and "rejected" are the validator's words; anything else is the reason why it
 * was not validated, which is not a verdict (null) and does not make a run worse.
 */
export function traceVerdict(trace: string): Verdict | null {
  const word = /^[a-z]+/i.exec(trace)?.[0]?.toLowerCase() ?? "";
  if (word === "ok" || word === "accepted") return "ok";
  if (word === "rejected" || word === "violated") return "violated";
  return word === "inconclusive" || word === "unknown" ? "unknown" : null;
}

/** null: it was not asked for, which makes no run worse. */
export function verdictOf(run: RunRecord, kind: VerdictKind): Verdict | null {
  if (kind === "trace") return traceVerdict(run.verdicts.trace);
  const verdict = run.verdicts[kind];
  return verdict === undefined || verdict === "not asked" ? null : verdict;
}

/**
 * The whole run: what it came to against its scenario's expectations, or else the worst of its verdicts. What was not
 * asked for or not validated makes it no worse.
 */
export function runOutcome(run: RunRecord): Verdict {
  return run.outcome ?? worst(VERDICT_KINDS.map(({ kind }) => verdictOf(run, kind) ?? "ok"));
}

/** Whether the run broke something, and that is what its scenario is there to show. */
export function brokeAsExpected(run: RunRecord): boolean {
  const { invariants, linearizable } = run.verdicts;
  return runOutcome(run) === "ok" && (invariants === "violated" || linearizable === "violated");
}

/** The whole comparison: never better than its worst run, whatever it says of itself. */
export function outcomeOf(comparison: Comparison): Verdict {
  return worst([comparison.outcome, ...comparison.runs.map(runOutcome)]);
}

/** How many runs came to what. */
export interface Tally {
  readonly ok: number;
  readonly violated: number;
  readonly unknown: number;
  readonly total: number;
}

/** Counts runs by their outcome. */
export function tally(runs: readonly RunRecord[]): Tally {
  const outcomes = runs.map(runOutcome);
  const count = (verdict: Verdict): number => outcomes.filter((o) => o === verdict).length;
  return { ok: count("ok"), violated: count("violated"), unknown: count("unknown"), total: runs.length };
}

/** A scenario's runs, of one protocol or of all. */
export function runsOf(comparison: Comparison, scenario: string, protocol?: string): readonly RunRecord[] {
  return comparison.runs.filter((r) => r.scenario === scenario && (protocol === undefined || r.protocol === protocol));
}

/** How the clock of these runs is named wherever a duration stands. */
export function clockWords(runs: readonly RunRecord[]): { readonly short: string; readonly long: string } {
  const wall = runs.filter((r) => r.clock === "wall").length;
  if (wall === 0) return { short: "virtual ms", long: "Virtual milliseconds: modelled, not measured." };
  if (wall === runs.length) return { short: "wall ms", long: "Wall-clock milliseconds, measured on this machine." };
  return { short: "virtual and wall ms", long: "Some runs are in virtual milliseconds (modelled), others measured." };
}
