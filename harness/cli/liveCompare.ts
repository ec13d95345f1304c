/** The runs of a comparison on live clusters, one after the other: each has this machine for itself. */
import { join } from "node:path";
import type { CompareOptions } from "./verbs/compare.js";
import { type CheckedLiveRun, liveWallMs, prepareLive, runLiveChecked } from "./liveRun.js";
import { milliseconds, plural } from "./numbers.js";
import { titleOf } from "./protocols.js";
import type { RunRequest } from "./run.js";
import type { Terminal } from "./terminal.js";

/** Longer than this, and the comparison says beforehand what it will take. */
const LONG_MS = 60_000;

/** The live runs of a comparison, and what of their scenarios could not happen. */
export interface LiveComparison {
  readonly runs: readonly CheckedLiveRun[];
  /** What the scenarios say and live clusters do not do, one sentence each. */
  readonly notes: readonly string[];
}

/** Everything is checked before the first run: a bad setting must not cost the time of the others. */
export async function runLiveComparison(
  requests: readonly RunRequest[],
  options: Pick<CompareOptions, "out" | "tracedMax">,
  out: Terminal,
): Promise<LiveComparison> {
  for (const request of requests) prepareLive(request);
  const expectedMs = liveWallMs(requests);
  if (expectedMs > LONG_MS)
    out.say(
      `${plural(requests.length, "run")} on live clusters, one after the other: about ${milliseconds(expectedMs)} of real time. --duration shortens each.\n`,
    );
  const runs: CheckedLiveRun[] = [];
  const notes = new Set<string>();
  for (const [at, run] of requests.entries()) {
    const name = `${at + 1}/${requests.length} ${titleOf(run.protocol)} in ${run.scenario.name}, seed ${run.seed}`;
    out.progress(`${name}: starting`);
    const done = await runLiveChecked({
      run,
      dir: join(options.out, "real"),
      tracedMax: options.tracedMax,
      onProgress: (words) => out.progress(`${name}: ${words}`),
    });
    runs.push(done);
    for (const what of done.live.notApplied) notes.add(`Not applied to live clusters, ${run.scenario.name}: ${what}.`);
  }
  out.progress(null);
  return { runs, notes: [...notes, carryingNote(runs)] };
}

/** What the links and clients took from the nodes' own time on this machine. */
function carryingNote(runs: readonly CheckedLiveRun[]): string {
  const shares = runs.map(({ live, record }) => live.carrying.cpuMs / Math.max(1, lengthMs(record.timeline)));
  const most = Math.round(100 * Math.max(0, ...shares));
  const latest = Math.max(0, ...runs.map(({ live }) => live.carrying.latestMs));
  return `Links and clients are carried by one process, which took up to ${most} % of one processor and was up to ${milliseconds(latest)} late.`;
}

function lengthMs({ binMs, commits }: { readonly binMs: number; readonly commits: readonly number[] }): number {
  return binMs * commits.length;
}
