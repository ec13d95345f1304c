/** The verdict of a comparison in words, the most important sentence first. Every number comes from the runs. */
import { median } from "../record/index.js";
import { degradedWindow, type Scenario, tellingCell } from "../scenarios/index.js";
import type { ComparisonParts } from "./comparison.js";
import type { Outcome } from "./expectation.js";
import { list, milliseconds, plural } from "./numbers.js";
import { titleOf } from "./protocols.js";
import type { CheckedRun } from "./run.js";

/** @returns sentences, the one to read first */
export function verdictWords(parts: ComparisonParts, outcome: Outcome): string[] {
  const safety = safetyWords(parts, outcome);
  const story = storyWords(parts);
  const first = story === "" || outcome !== "ok" ? [safety, story] : [lessonWords(parts), story, safety];
  const others = parts.scenarios
    .filter((scenario) => story === "" || tellingCell(scenario.name) === null)
    .map((scenario) => scenarioWords(scenario, parts));
  return [...first, ...others].filter((line) => line !== "");
}

function safetyWords({ runs, rows, matrixSeeds, notes }: ComparisonParts, outcome: Outcome): string {
  const total = runs.length + rows.length * matrixSeeds.length;
  const shown = runs.filter(({ record }) => record.broken !== null || record.verdicts.linearizable === "violated");
  if (outcome === "ok" && shown.length > 0)
    return `All ${total} runs came out as their scenarios expect: ${shown.length} of them break what they are there to break, the others kept what they promise.`;
  if (outcome === "ok" && notes !== undefined)
    return `All ${plural(total, "run")} on live clusters kept what they promise: no process ended by itself, no round had two leaders, every history is linearizable.`;
  if (outcome === "ok")
    return `All ${total} runs kept what they promise: every invariant held at every step, no acknowledged write was lost, every history is linearizable.`;
  if (outcome === "violated") {
    const bad = runs.filter((run) => run.outcome === "violated");
    const cells = rows.filter((row) => row.outcome.verdict === "violated").map((row) => row.scenario);
    const first = bad[0]?.record;
    const what =
      first === undefined
        ? `in the cells ${list(cells)}`
        : `first ${titleOf(first.protocol)} in ${first.scenario}, seed ${first.seed}: ${first.reasons[0] ?? "no reason"}. Repeat it with: ${first.command}`;
    return `${bad.length + cells.length} of ${total} runs broke what was promised, ${what}`;
  }
  const open = runs.filter((run) => run.outcome === "unknown");
  const why = open[0]?.record.reasons[0] ?? "a cell of the matrix";
  return `Nothing was violated, but ${plural(open.length, "run")} of ${total} could not be decided: ${why}.`;
}

/** The incident's two telling cells against each other; empty unless both were run. */
function storyWords({ runs, protocols, scenarios }: ComparisonParts): string {
  const tell = (name: string): string[] =>
    protocols.flatMap((protocol) => {
      const own = runs.filter(({ record }) => record.scenario === name && record.protocol === protocol);
      return own.length === 0 ? [] : [`${titleOf(protocol)} ${degradedWords(own)}`];
    });
  const voters = tell("incident-one-down");
  const fixed = tell("incident-fix");
  if (voters.length === 0 || fixed.length === 0) return "";
  // Under --duration the run may end before the link is well again.
  const [from, to] = degradedWindow();
  const cells = scenarios.filter(({ name }) => tellingCell(name) !== null);
  const stretch = milliseconds(Math.min(to, ...cells.map(({ durationMs }) => durationMs)) - from);
  return `${stretch} of a link that takes 200 ms and loses half of its packets, with one of three local voters down. With two voters beyond the link: ${voters.join("; ")}. With two learners there instead: ${fixed.join("; ")}.`;
}

/** What the two telling cells come to, in a sentence; empty where they do not differ so in every protocol. */
function lessonWords({ runs, protocols }: ComparisonParts): string {
  const gaps = (name: string): number[] =>
    protocols.map((protocol) => {
      const own = runs.filter(({ record }) => record.scenario === name && record.protocol === protocol);
      return median(own.map(({ record }) => record.unavailableMs)) ?? 0;
    });
  const voters = gaps("incident-one-down");
  const learners = gaps("incident-fix");
  if (voters.includes(0) || learners.some((gap) => gap > 0)) return "";
  const least = milliseconds(Math.min(...voters));
  return `With a local voter down, two voters beyond a bad link keep ${list(protocols.map(titleOf))} from committing for ${least} or more; with two learners in their place there is no gap.`;
}

/** Medians over seeds of what happened while the link was degraded. */
function degradedWords(runs: readonly CheckedRun[]): string {
  const bad = runs.filter((run) => run.outcome === "violated").length;
  if (bad > 0) return `breaks a promise in ${bad} of ${plural(runs.length, "run")}`;
  const over = (value: (run: CheckedRun) => number | null): number | null =>
    median(runs.map(value).filter((number) => number !== null));
  const gap = over((run) => run.record.unavailableMs) ?? 0;
  const writes = Math.round(over((run) => run.window?.committed ?? null) ?? 0);
  if (gap === 0)
    return `has no gap and commits half of its writes within ${milliseconds(over((run) => run.window?.p50Ms ?? null))}`;
  return `commits ${writes === 0 ? "nothing" : plural(writes, "write")}, with ${milliseconds(gap)} without commits`;
}

/** For example "The leader crashes: Raft commits in 1.6 ms (median), 2.4 s of 35 s without commits; ...". */
function scenarioWords(scenario: Scenario, { runs, protocols }: ComparisonParts): string {
  const parts = protocols.flatMap((protocol) => {
    // What broke stopped there: its numbers are no measurement.
    const own = runs
      .filter((run) => run.outcome !== "violated" && run.record.broken === null)
      .map((run) => run.record)
      .filter((run) => run.scenario === scenario.name && run.protocol === protocol);
    if (own.length === 0) return [];
    const gap = median(own.map((run) => run.unavailableMs)) ?? 0;
    const p50 = median(own.map((run) => run.p50Ms).filter((value) => value !== null));
    const gaps = gap === 0 ? "no gap" : `${milliseconds(gap)} of ${milliseconds(scenario.durationMs)} without commits`;
    return [`${titleOf(protocol)} commits in ${milliseconds(p50)} (median), ${gaps}`];
  });
  return parts.length === 0 ? "" : `${scenario.title}: ${parts.join("; ")}.`;
}
