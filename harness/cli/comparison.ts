/** From runs to a Comparison: summaries, pairs, and the verdict in words. */
import type { TimingProfile } from "../../protocols/core/index.js";
import type { Comparison, IncidentRow, Prediction, ScenarioNote } from "../record/index.js";
import { incidentCellOf, predictIncident, type Scenario, tellingCell } from "../scenarios/index.js";
import { machine, versions } from "./environment.js";
import { worst } from "./exit.js";
import { incidentMatrix } from "./matrix.js";
import { plural } from "./numbers.js";
import { protocolByName, protocolNames } from "./protocols.js";
import type { CheckedRun } from "./run.js";
import { groups, pairUp, summarize } from "./summary.js";
import { verdictWords } from "./verdict.js";

/** What a comparison is made from. */
export interface ComparisonParts {
  readonly title: string;
  readonly timing: TimingProfile;
  readonly protocols: readonly string[];
  readonly seeds: readonly number[];
  readonly scenarios: readonly Scenario[];
  readonly runs: readonly CheckedRun[];
  /** Empty: no matrix. */
  readonly rows: readonly IncidentRow[];
  readonly matrixSeeds: readonly number[];
  readonly command: string;
  readonly startedAt: number;
  /** Of runs on live clusters: what has to be said of them. Absent: the runs are simulated. */
  readonly notes?: readonly string[];
}

/** Gathers the parts. Its outcome is the worst of all runs and cells. */
export function comparisonOf(parts: ComparisonParts): Comparison {
  const records = parts.runs.map((run) => run.record);
  const rows = parts.rows;
  const outcome = worst([...parts.runs.map((run) => run.outcome), ...rows.map((row) => row.outcome.verdict)]);
  const matrix = rows.length === 0 ? null : incidentMatrix(rows, parts.matrixSeeds);
  return {
    kind: "synod-comparison",
    format: 1,
    title: parts.title,
    verdict: verdictWords(parts, outcome),
    outcome,
    timing: parts.timing,
    protocols: parts.protocols,
    seeds: parts.seeds,
    scenarios: parts.scenarios.map((scenario) => scenarioNote(scenario, parts)),
    runs: records,
    summary: summarize(records),
    paired: pairUp(records),
    matrix,
    notes: notes(parts),
    versions: versions(),
    machine: machine(),
    command: parts.command,
    madeAt: new Date().toISOString(),
    wallMs: Date.now() - parts.startedAt,
  };
}

function scenarioNote(scenario: Scenario, { protocols, timing }: ComparisonParts): ScenarioNote {
  const { name, title, about, mode, durationMs, cluster, links } = scenario;
  return {
    name,
    title,
    about,
    mode,
    durationMs,
    shape: shapeWords(cluster),
    links: `${links.kind} links`,
    unavailableGapMs: scenario.unavailableGapMs ?? 1000,
    predictions: predictionsOf(scenario, protocols, timing),
  };
}

function shapeWords({ nodes, firstLeader }: Scenario["cluster"]): string {
  const parts = (["voter", "learner"] as const).map((role) => {
    const counts = [
      ...groups(
        nodes.filter((node) => node.role === role),
        (node) => node.region,
      ),
    ];
    if (counts.length === 0) return "";
    const total = counts.reduce((sum, [, inside]) => sum + inside.length, 0);
    const where = counts.map(([region, inside]) => `${inside.length} in ${region}`).join(", ");
    return counts.length === 1 ? `${plural(total, role)} in ${counts[0]?.[0]}` : `${plural(total, role)}: ${where}`;
  });
  return `${parts.filter((part) => part !== "").join("; ")}; ${firstLeader ?? "n1"} leads first`;
}

function predictionsOf(
  scenario: Scenario,
  protocols: readonly string[],
  timing: TimingProfile,
): { readonly [protocol: string]: Prediction } | null {
  const cell = incidentCellOf(scenario.name) ?? tellingCell(scenario.name);
  if (cell === null) return null;
  // The arithmetic is about leaders.
  const led = protocols.filter((protocol) => protocolNames().includes(protocol));
  const entries = led.map((protocol) => {
    const own = protocol === "raft" ? cell : { ...cell, preVote: null, checkQuorum: null };
    return [protocol, predictIncident(own, scenario, protocolByName(protocol).patience(timing))] as const;
  });
  return Object.fromEntries(entries);
}

function notes({ timing, notes: live }: ComparisonParts): string[] {
  return [
    live === undefined
      ? "Milliseconds are virtual: they come from the modelled network and disks, not from this machine."
      : "Milliseconds are wall clock, measured on this machine: real processes, files and syncs; links pass through shims that give the scenario's weather, right to half a millisecond.",
    ...(live ?? []),
    timing === "matched"
      ? "Timing profile matched: every protocol notices a silent leader after the same time."
      : "Timing profile native: every protocol has the defaults of its real systems.",
    "Without commits: gaps longer than the scenario's threshold in which clients asked and no write was acknowledged.",
    "Intervals are 95 % intervals of the median over seeds, from order statistics; with fewer than six seeds there is none.",
    "Pairs compare two protocols seed by seed under the same weather; the ratio is the median over seeds.",
    live === undefined
      ? "Traces: the beginning of the first seed's run of each protocol and scenario is validated against the TLA+ specification; the verdict of every other run says why it was not."
      : "Traces: the beginning of every run, merged in Lamport's order, is validated against the TLA+ specification.",
  ];
}
