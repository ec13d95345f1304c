/** The incident's matrix: every cell with its prediction beside what happened, and the story in words. */
import { assert, type TimingProfile } from "../../protocols/core/index.js";
import { type IncidentCell, type IncidentMatrix, type IncidentRow, median, type Prediction } from "../record/index.js";
import { DEGRADED_MS, degradedWindow, incidentCells, incidentScenario, predictIncident } from "../scenarios/index.js";
import { worst } from "./exit.js";
import { list, milliseconds, percent, plural } from "./numbers.js";
import { protocolByName, titleOf } from "./protocols.js";
import type { CheckedRun, RunRequest } from "./run.js";

/** Commits that take longer than this have crossed the link. One way on the healthy link. */
const SLOW_MS = 35;
/** Less than this share of the stretch without commits is a disturbance; more is an outage. */
const OUTAGE_SHARE = 0.05;

/** One cell with one protocol, to be run with every seed. */
export interface CellTask {
  readonly cell: IncidentCell;
  readonly protocol: string;
  readonly prediction: Prediction;
  readonly requests: readonly RunRequest[];
}

/** Every cell for every protocol, with its prediction made before anything is run. */
export function cellTasks(
  protocols: readonly string[],
  seeds: readonly number[],
  timing: TimingProfile,
  checkDeadlineMs: number,
): CellTask[] {
  return protocols.flatMap((protocol) =>
    incidentCells(protocol).map((cell) => {
      const scenario = incidentScenario(cell);
      const base = {
        protocol,
        scenario,
        scenarioName: scenario.name,
        timing,
        windowMs: degradedWindow(),
        checkDeadlineMs,
      };
      return {
        cell,
        protocol,
        prediction: predictIncident(cell, scenario, protocolByName(protocol).patience(timing)),
        requests: seeds.map((seed) => ({ ...base, seed })),
      };
    }),
  );
}

/** @param runs one for each request of the task */
export function incidentRow(task: CellTask, runs: readonly CheckedRun[]): IncidentRow {
  assert(runs.length > 0 && runs.length === task.requests.length, "a cell was run with every seed");
  const { cell, protocol, prediction } = task;
  const over = (value: (run: CheckedRun) => number | null): number | null =>
    median(runs.map(value).filter((number) => number !== null));
  const outcome = {
    committed: over((run) => run.window?.committed ?? null) ?? 0,
    p50Ms: over((run) => run.window?.p50Ms ?? null),
    p99Ms: over((run) => run.window?.p99Ms ?? null),
    unavailableMs: over((run) => run.record.unavailableMs) ?? 0,
    longestGapMs: over((run) => run.record.longestGapMs) ?? 0,
    elections: over((run) => run.record.elections) ?? 0,
    verdict: worst(runs.map((run) => run.outcome)),
  };
  const story = storyOf(outcome.p50Ms, outcome.unavailableMs);
  const agrees = runs.every((run) => disagreement(prediction, run) === null);
  const row = { scenario: task.requests[0]?.scenarioName ?? "", protocol, cell, prediction, outcome, agrees, story };
  return { ...row, words: rowWords(row, runs) };
}

function storyOf(p50Ms: number | null, unavailableMs: number): IncidentRow["story"] {
  const outage = unavailableMs >= OUTAGE_SHARE * DEGRADED_MS;
  const slow = p50Ms !== null && p50Ms > SLOW_MS;
  if (slow && outage) return "slow and outage";
  if (slow) return "slow";
  return outage ? "outage" : "none";
}

/** How a run departs from its prediction, or null. */
export function disagreement({ floorMs, unavailableMs }: Prediction, { record, window }: CheckedRun): string | null {
  const p50Ms = window?.p50Ms ?? null;
  if (p50Ms !== null && floorMs.degraded !== null && p50Ms < floorMs.degraded)
    return `half of the commits took less than ${milliseconds(floorMs.degraded)}`;
  if (unavailableMs.max !== null && record.unavailableMs > unavailableMs.max)
    return `${milliseconds(record.unavailableMs)} without commits, at most ${milliseconds(unavailableMs.max)} predicted`;
  if (unavailableMs.min !== null && record.unavailableMs < unavailableMs.min)
    return `${milliseconds(record.unavailableMs)} without commits, at least ${milliseconds(unavailableMs.min)} predicted`;
  return null;
}

function rowWords(row: Omit<IncidentRow, "words">, runs: readonly CheckedRun[]): string {
  const { p50Ms, unavailableMs, longestGapMs, elections } = row.outcome;
  const latency = p50Ms === null ? "Nothing committed" : `Half of the commits took up to ${milliseconds(p50Ms)}`;
  const gaps =
    unavailableMs === 0
      ? "no gap"
      : `${milliseconds(unavailableMs)} without commits, the longest gap ${milliseconds(longestGapMs)}`;
  const led = elections === 0 ? "" : `, ${plural(elections, "election")}`;
  const first = runs.map((run) => disagreement(row.prediction, run)).find((line) => line !== null);
  return `${latency}, ${gaps}${led}.${first === undefined ? "" : ` Not as predicted: ${first}.`}`;
}

/** The rows, and in words what they come to. */
export function incidentMatrix(rows: readonly IncidentRow[], seeds: readonly number[]): IncidentMatrix {
  return { words: matrixWords(rows), rows, seeds, degradedMs: DEGRADED_MS, slowMs: SLOW_MS, outageShare: OUTAGE_SHARE };
}

/** When the article's story happens, in which protocol, and when not. Every number comes from the rows. */
export function matrixWords(all: readonly IncidentRow[]): string[] {
  // A run that broke a promise stopped there: its numbers are no measurement.
  const rows = all.filter((row) => row.outcome.verdict !== "violated");
  const protocols = [...new Set(rows.map((row) => row.protocol))];
  return [
    brokenWords(all),
    localMajorityWords(rows),
    ...protocols.map((protocol) =>
      outageWords(
        protocol,
        rows.filter((row) => row.protocol === protocol),
      ),
    ),
    remoteLeaderWords(rows),
    preVoteWords(rows),
    fixWords(rows),
    agreementWords(rows),
  ].filter((words) => words !== "");
}

/** More names than this are counted, not listed. */
const NAMES_MAX = 5;

function names(rows: readonly IncidentRow[]): string {
  const shown = rows.slice(0, NAMES_MAX).map((row) => `${titleOf(row.protocol)} in ${row.scenario}`);
  const more = rows.length - shown.length;
  return list(more > 0 ? [...shown, `${more} more`] : shown);
}

function brokenWords(rows: readonly IncidentRow[]): string {
  const broken = rows.filter((row) => row.outcome.verdict === "violated");
  if (broken.length === 0) return "";
  return `${plural(broken.length, "row")} broke a promise and ${broken.length === 1 ? "is" : "are"} left out of what follows: ${names(broken)}.`;
}

function select(rows: readonly IncidentRow[], wanted: Partial<IncidentCell>): IncidentRow[] {
  return rows.filter(({ cell }) =>
    Object.entries(wanted).every(([name, value]) => cell[name as keyof IncidentCell] === value),
  );
}

/** Raft as it is meant to be run, and the others, which have no such choice. */
function usual(rows: readonly IncidentRow[]): IncidentRow[] {
  return rows.filter(({ cell }) => cell.preVote !== false && cell.checkQuorum !== false);
}

function localMajorityWords(rows: readonly IncidentRow[]): string {
  const calm = select(usual(rows), { topology: "3+2 voters", leader: "local", localVoters: "all up" });
  if (calm.length === 0) return "";
  const told = calm.filter((row) => row.story !== "none");
  const slowest = Math.max(...calm.map((row) => row.outcome.p50Ms ?? 0));
  if (told.length === 0) {
    const place = { topology: "3+2 voters", leader: "local", localVoters: "all up", preVote: false } as const;
    const disturbed = select(rows, place).some((row) => row.story !== "none");
    // The remote voters of an old Raft do disturb a leader that does not need them.
    const where = disturbed ? "only in Raft without PreVote" : "in no protocol";
    return `While the leader is local and all three local voters are up, the article's story happens ${where}: the local voters are a majority, half of the commits take up to ${milliseconds(slowest)} even at 70 % loss${disturbed ? " everywhere else" : ""}, and remote voters slow nothing down.`;
  }
  return `With a local leader and all three local voters up the link should not matter, but it did in ${plural(told.length, "row")}: ${names(told)}.`;
}

function outageWords(protocol: string, rows: readonly IncidentRow[]): string {
  const down = select(usual(rows), { topology: "3+2 voters", leader: "local", localVoters: "one down" });
  const parts = down.filter((row) => row.cell.link !== "healthy").map((row) => `${row.cell.link}: ${cellWords(row)}`);
  if (parts.length === 0) return "";
  return `${titleOf(protocol)} with a local leader and one local voter down needs a remote voter for every commit. ${parts.join("; ")}.`;
}

function cellWords({ outcome }: IncidentRow): string {
  const { unavailableMs, committed, p50Ms } = outcome;
  const latency = `half of the commits up to ${milliseconds(p50Ms)}`;
  const share = Math.min(1, unavailableMs / DEGRADED_MS);
  if (unavailableMs === 0) return `no gap, ${latency}`;
  if (share > 0.95)
    return `${committed === 0 ? "no commit" : plural(committed, "commit")} in ${milliseconds(DEGRADED_MS)}`;
  return `no commits for ${percent(share)} of the time, ${latency}`;
}

function remoteLeaderWords(rows: readonly IncidentRow[]): string {
  const remote = select(usual(rows), { topology: "3+2 voters", leader: "remote", localVoters: "all up" });
  const healthy = remote.filter((row) => row.cell.link === "healthy");
  const lossy = remote.filter((row) => row.cell.link === "slow, 50 % loss");
  if (healthy.length === 0 || lossy.length === 0) return "";
  const before = healthy.map((row) => `${titleOf(row.protocol)} ${milliseconds(row.outcome.p50Ms)}`);
  const after = lossy.map((row) => `${milliseconds(row.outcome.p50Ms)} (${titleOf(row.protocol)})`);
  return `With a remote leader every write is slow even on a healthy link (${list(before)}). Loss then moves the leadership home where the protocol lets it: at 50 % loss half of the commits are made within ${list(after)}.`;
}

function preVoteWords(rows: readonly IncidentRow[]): string {
  const place = { topology: "3+2 voters", leader: "local", localVoters: "all up" } as const;
  const without = select(rows, { ...place, preVote: false, checkQuorum: true }).filter(
    (row) => row.outcome.elections > 0,
  );
  const withIt = select(rows, { ...place, preVote: true, checkQuorum: true });
  if (withIt.length === 0) return "";
  if (without.length === 0)
    return "Raft without PreVote came through the lossy link with a local majority as well as with it.";
  const cells = without.map(
    ({ cell, outcome }) =>
      `${cell.link}: ${plural(outcome.elections, "election")}, ${milliseconds(outcome.unavailableMs)} without commits`,
  );
  const most = Math.max(...withIt.map((row) => row.outcome.elections));
  return `Raft without PreVote lets remote voters that hear nothing depose a leader who has a majority at home (${cells.join("; ")}); with PreVote ${most === 0 ? "there was none" : `there were up to ${plural(most, "election")}`}.`;
}

function fixWords(rows: readonly IncidentRow[]): string {
  const fixed = select(rows, { topology: "fix" });
  if (fixed.length === 0) return "";
  const told = fixed.filter((row) => row.story !== "none");
  const slowest = Math.max(...fixed.map((row) => row.outcome.p50Ms ?? 0));
  if (told.length === 0)
    return `With two learners in place of the remote voters no cell of any protocol tells the story, one local voter down or not: half of the commits take up to ${milliseconds(slowest)} at worst.`;
  return `With two learners in place of the remote voters the story still happened in ${plural(told.length, "row")}: ${names(told)}.`;
}

function agreementWords(rows: readonly IncidentRow[]): string {
  if (rows.length === 0) return "";
  const wrong = rows.filter((row) => !row.agrees);
  if (wrong.length === 0) return `Every one of the ${rows.length} rows came out within its prediction.`;
  return `${rows.length - wrong.length} of ${rows.length} rows came out within their prediction; the others: ${names(wrong)}.`;
}
