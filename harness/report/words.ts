/** Sentences that follow from the numbers. Nothing here knows how a protocol ought to behave. */
import type { Comparison, MetricName, Prediction, RunRecord, ScenarioNote, Verdict } from "../record/index.js";
import { formatCount, formatMs, formatNumber, formatSeeds, joinWords, plural, sentence } from "./format.js";
import { medianOf, metric, pairedOf, pairsOf } from "./metrics.js";
import { brokeAsExpected, outcomeOf, runsOf, tally, verdictOf } from "./outcome.js";
import { protocolName } from "./protocolLook.js";
import { type FaultSide, underFaults } from "./timeline.js";

/** Fewest runs for which a 95 % interval of the median exists. */
const INTERVAL_RUNS_MIN = 6;

/** The verdict at the head of the page. */
export interface Headline {
  readonly outcome: Verdict;
  /** A few words for a badge. */
  readonly badge: string;
  /** The one sentence to read. */
  readonly lead: string;
  readonly more: readonly string[];
}

/** The comparison's own verdict, unless its runs say worse: then what the runs say. */
export function headline(comparison: Comparison): Headline {
  const empty = comparison.runs.length === 0 && (comparison.matrix?.rows.length ?? 0) === 0;
  const outcome = empty && comparison.outcome === "ok" ? "unknown" : outcomeOf(comparison);
  const counted = countSentence(comparison);
  if (comparison.verdict.length === 0 || outcome !== comparison.outcome) {
    return { outcome, badge: badgeWords(outcome), lead: counted, more: comparison.verdict };
  }
  const [lead, ...more] = comparison.verdict as readonly [string, ...string[]];
  return { outcome, badge: badgeWords(outcome), lead, more };
}

/** The outcome in three words. */
export function badgeWords(outcome: Verdict): string {
  if (outcome === "ok") return "Every check passed";
  return outcome === "violated" ? "A check failed" : "Some checks are undecided";
}

/** How many runs passed, from the runs alone. */
export function countSentence(comparison: Comparison): string {
  const { ok, violated, unknown, total } = tally(comparison.runs);
  if (total === 0) return "There are no single runs to judge.";
  const silent = comparison.runs.filter((r) => r.committed === 0).length;
  const vacuous = silent === 0 ? "" : ` ${sentence(plural(silent, "run"))} committed nothing.`;
  const parts = [
    ...(violated > 0 ? [`${formatCount(violated)} violated a property`] : []),
    ...(unknown > 0 ? [`${formatCount(unknown)} could not be decided`] : []),
  ];
  const all = total === 1 ? "The one run" : `All ${formatCount(total)} runs`;
  const shown = comparison.runs.filter(brokeAsExpected).length;
  const asMeant =
    shown === 0 ? "" : ` In ${formatCount(shown)} of them something broke that the scenario is there to break.`;
  if (parts.length === 0) return `${all} passed every check.${asMeant}${vacuous}`;
  return `Of ${plural(total, "run")}, ${joinWords([...parts, `${formatCount(ok)} passed every check`])}.${vacuous}`;
}

/** What happened in one scenario: availability, latency, leaders, paired differences, verdicts. A sentence or two each. */
export function scenarioWords(comparison: Comparison, note: ScenarioNote): readonly string[] {
  const runs = runsOf(comparison, note.name);
  if (runs.length === 0) return ["This scenario has no runs in this comparison."];
  const protocols = comparison.protocols.filter((p) => runs.some((r) => r.protocol === p));
  return [
    ...availabilityWords(comparison, note, protocols),
    ...latencyWords(comparison, note, protocols),
    ...faultWords(runs, protocols),
    ...electionWords(comparison, note, protocols),
    ...pairedWords(comparison, note),
    verdictWords(runs),
  ];
}

function availabilityWords(comparison: Comparison, note: ScenarioNote, protocols: readonly string[]): string[] {
  const value = (p: string, name: MetricName): number | null => medianOf(comparison, note.name, p, name);
  const silent = protocols.filter((p) => value(p, "committed") === 0);
  const steady = protocols.filter((p) => !silent.includes(p) && value(p, "unavailableMs") === 0);
  const broken = protocols.filter((p) => !silent.includes(p) && (value(p, "unavailableMs") ?? 0) > 0);
  const out: string[] = [];
  if (broken.length > 0) {
    const parts = broken.map((p) => {
      const gap = value(p, "longestGapMs");
      const longest = gap === null ? "" : ` (longest stretch ${formatMs(gap)})`;
      return `${protocolName(p)} ${formatMs(value(p, "unavailableMs"))}${longest}`;
    });
    out.push(`Time without commits in the median run, of ${formatMs(note.durationMs)}: ${parts.join("; ")}.`);
  }
  if (steady.length > 0) {
    const never = `committed without a gap longer than ${formatMs(note.unavailableGapMs)} in the median run`;
    out.push(`${joinWords(steady.map(protocolName))} ${never}.`);
  }
  if (silent.length > 0) {
    out.push(`${joinWords(silent.map(protocolName))} committed nothing at all in the median run.`);
  }
  return out;
}

function latencyWords(comparison: Comparison, note: ScenarioNote, protocols: readonly string[]): string[] {
  const parts = protocols.flatMap((p) => {
    const p50 = medianOf(comparison, note.name, p, "p50Ms");
    const p99 = medianOf(comparison, note.name, p, "p99Ms");
    if (p50 === null || p99 === null) return [];
    return [`${protocolName(p)} ${formatMs(p50)} and ${formatMs(p99)}`];
  });
  if (parts.length === 0) return ["No write was acknowledged, so there are no commit latencies."];
  return [`Commit latency, p50 and p99 of the whole run: ${parts.join("; ")}.`];
}

function electionWords(comparison: Comparison, note: ScenarioNote, protocols: readonly string[]): string[] {
  const counts = protocols.map((p) => ({ p, n: medianOf(comparison, note.name, p, "elections") }));
  if (counts.every(({ n }) => n === null)) return [];
  const runs = runsOf(comparison, note.name);
  if (runs.every((r) => r.elections === 0)) return ["The first leader led to the end in every run."];
  const parts = counts.map(({ p, n }) => `${protocolName(p)} ${formatNumber(n)}`);
  return [`New leaders established in the median run: ${parts.join(", ")}.`];
}

/** A difference below one percent is no difference to anybody, however sure it is. */
const RATIO_MIN = 0.01;

/** Whether an interval of a ratio says that there is a difference worth telling. */
export function isClearOfOne([low, high]: readonly [number, number]): boolean {
  return low > 1 + RATIO_MIN || high < 1 - RATIO_MIN;
}

/** Only differences whose interval excludes 1 are told; where no interval can exist, that is told instead. */
function pairedWords(comparison: Comparison, note: ScenarioNote): string[] {
  const pairs = pairsOf(comparison, note.name);
  if (pairs.length === 0) return [];
  const rows = pairs.flatMap(({ a, b }) =>
    (["p50Ms", "unavailableMs"] as const).flatMap((name) => {
      const row = pairedOf(comparison, note.name, a, b, name);
      return row === null ? [] : [row];
    }),
  );
  const most = Math.max(0, ...rows.map((r) => r.pairs));
  if (most < INTERVAL_RUNS_MIN) {
    return [
      `With ${plural(most, "seed")} a pair no 95 % interval exists (it takes ${String(INTERVAL_RUNS_MIN)}): read the ratios as what these seeds did, not as what the protocols do.`,
    ];
  }
  const told = rows.flatMap((r) => {
    if (r.ratio === null || r.ci95 === null || !isClearOfOne(r.ci95)) return [];
    const title = metric(r.metric).title.toLowerCase();
    const interval = `95 % interval ${formatNumber(r.ci95[0])} to ${formatNumber(r.ci95[1])}`;
    return [`${protocolName(r.a)} / ${protocolName(r.b)}, ${title}: ${formatNumber(r.ratio)} (${interval})`];
  });
  if (told.length === 0)
    return ["Paired by seed, no ratio of median latency or of time without commits is clear of 1."];
  return [`Paired by seed, clear of 1 by more than 1 %: ${told.join("; ")}.`];
}

/** Rates and latencies under the faults beside those outside them, since the whole run's median mixes the two. */
function faultWords(runs: readonly RunRecord[], protocols: readonly string[]): string[] {
  const parts = protocols.flatMap((p) => {
    const { under, outside } = underFaults(runs.filter((r) => r.protocol === p).map((r) => r.timeline));
    if (under.seconds === 0 || outside.seconds === 0) return [];
    const told = (side: FaultSide): string =>
      `${formatNumber(side.commits / side.seconds)} a second${side.p50Ms === null ? "" : `, half within ${formatMs(side.p50Ms)}`}`;
    return [`${protocolName(p)} ${told(under)} (outside: ${told(outside)})`];
  });
  return parts.length === 0 ? [] : [`Commits while any fault lasted, all seeds together: ${parts.join("; ")}.`];
}

/** One sentence over the verdicts of some runs. */
export function verdictWords(runs: readonly RunRecord[]): string {
  const { violated, unknown, total } = tally(runs);
  const who = (verdict: Verdict, kind: "linearizable" | "invariants" | "liveness"): number =>
    runs.filter((r) => r.verdicts[kind] === verdict).length;
  const meant = runs.filter(brokeAsExpected);
  if (violated === 0 && unknown === 0 && meant.length > 0) {
    const torn = meant.filter((r) => r.verdicts.linearizable === "violated").length;
    const broken = meant.filter((r) => r.broken !== null).length;
    return `As the scenario expects, ${plural(torn, "run")} of ${formatCount(total)} ${torn === 1 ? "has" : "have"} a history that is not linearizable, and in ${formatCount(broken)} an invariant broke; the others kept every promise.`;
  }
  if (violated === 0 && unknown === 0) {
    const all =
      total === 1 ? "The run's history is linearizable" : `All ${formatCount(total)} histories are linearizable`;
    return `${all}, no invariant broke, and no check was left undecided.${unaskedWords(runs)}`;
  }
  const parts: string[] = [];
  const add = (count: number, words: string): void => {
    if (count > 0) parts.push(`${plural(count, "run")} ${words}`);
  };
  add(who("violated", "linearizable"), "with a history that is not linearizable");
  add(who("violated", "invariants"), "with a broken invariant");
  add(who("violated", "liveness"), "without the progress that was due");
  add(runs.filter((r) => /^(rejected|violated)/i.test(r.verdicts.trace)).length, "whose trace the spec rejects");
  add(unknown, "with a check left undecided");
  return `Of ${plural(total, "run")}: ${joinWords(parts)}.`;
}

/** What no run was judged by, so that "every check passed" is not taken for more than it is. */
function unaskedWords(runs: readonly RunRecord[]): string {
  const liveness = runs.every((r) => verdictOf(r, "liveness") === null) ? " Progress was not asked for." : "";
  const trace = runs.every((r) => verdictOf(r, "trace") === null) ? " Traces were not validated." : "";
  return liveness + trace;
}

/** What was run, in one sentence. */
export function extentWords(comparison: Comparison): string {
  const { protocols, scenarios, seeds, runs } = comparison;
  const names = protocols.length === 0 ? "no protocol" : joinWords(protocols.map(protocolName));
  const seedWords = seeds.length === 1 ? `seed ${formatSeeds(seeds)}` : `seeds ${formatSeeds(seeds)}`;
  return `${sentence(names)} through ${plural(scenarios.length, "scenario")} with ${seedWords}: ${plural(runs.length, "run")} under ${comparison.timing} timing.`;
}

/** How the runs of one protocol departed from arithmetic's bounds, one line each; empty: they kept them. */
export function departures(runs: readonly RunRecord[], prediction: Prediction): readonly string[] {
  const { healthy, degraded } = prediction.floorMs;
  const floor = Math.min(healthy, degraded ?? healthy);
  const { min, max } = prediction.unavailableMs;
  return runs.flatMap((r) => {
    const out: string[] = [];
    if (r.p50Ms !== null && r.p50Ms < floor) {
      out.push(`seed ${String(r.seed)}: p50 ${formatMs(r.p50Ms)} is under the floor of ${formatMs(floor)}`);
    }
    if (min !== null && r.unavailableMs < min) {
      out.push(
        `seed ${String(r.seed)}: ${formatMs(r.unavailableMs)} without commits, at least ${formatMs(min)} predicted`,
      );
    }
    if (max !== null && r.unavailableMs > max) {
      out.push(
        `seed ${String(r.seed)}: ${formatMs(r.unavailableMs)} without commits, at most ${formatMs(max)} predicted`,
      );
    }
    return out;
  });
}

const OUTAGE_WORDS: { readonly [outage in Prediction["outage"]]: string } = {
  none: "no outage",
  brief: "a brief outage at most",
  possible: "an outage is possible",
  expected: "an outage",
  total: "next to no commits",
};

/** A prediction about outages in a few words. */
export function outageWords(outage: Prediction["outage"]): string {
  return OUTAGE_WORDS[outage];
}
