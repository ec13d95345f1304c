/** One scenario on one live cluster, with everything that is said about it: the wall clock's twin of `run.ts`. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mergeTraces } from "../drivers/real/index.js";
import { encodeHistory } from "../record/history.js";
import { InputError } from "../scenarios/index.js";
import { type LiveOutcome, runLive, type LiveRunSpec } from "../subjects/cluster/index.js";
import { sayWhatEnds } from "./endings.js";
import { protocolByName } from "./protocols.js";
import { type CheckedRun, commandOf, judged, prepare, type RunRequest } from "./run.js";
import { liveTraceVerdict, withTraceVerdict } from "./traces.js";

/** A run on a live cluster, and where its files go. */
export interface LiveRequest {
  readonly run: RunRequest;
  /** Holds the run's folder: configurations, logs, data, traces and the history. */
  readonly dir: string;
  /** Events of each node's trace; 0: no trace. */
  readonly tracedMax: number;
  /** What a soak asks for besides. */
  readonly extras?: Pick<LiveRunSpec, "crashKind" | "audited" | "healedMs" | "storage" | "signal">;
  readonly onProgress?: (words: string) => void;
}

/** A live run with everything that is said about it. */
export interface CheckedLiveRun extends CheckedRun {
  readonly live: LiveOutcome;
  readonly dir: string;
}

/** Starting, electing, settling and stopping besides the scenario's own time. Milliseconds, about. */
const AROUND_MS = 9_000;

/** How long live runs take, without the validation of their traces. Milliseconds, about. */
export function liveWallMs(requests: readonly RunRequest[]): number {
  return requests.reduce((sum, { scenario }) => sum + scenario.durationMs + AROUND_MS, 0);
}

/** @throws InputError for settings and protocols that cannot run on processes */
export function prepareLive(request: RunRequest): void {
  protocolByName(request.protocol);
  prepare(request);
  if (request.scenario.cluster.unsafeQuorums === true)
    throw new InputError({
      file: request.scenarioName,
      path: "/cluster/unsafeQuorums",
      expected: "a scenario for real clusters, which keep their quorums",
      found: "true",
    });
}

/** @throws Error where a node does not come up */
export async function runLiveChecked(request: LiveRequest): Promise<CheckedLiveRun> {
  const { run, tracedMax } = request;
  const { module } = protocolByName(run.protocol);
  const dir = join(request.dir, `${run.protocol}-${run.scenario.name}-${run.seed}`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const { scenario, timing, seed } = run;
  const { onProgress } = request;
  const over = sayWhatEnds();
  const live = await runLive({
    module,
    scenario,
    timing,
    seed,
    dir,
    tracedMax,
    ...request.extras,
    ...(onProgress === undefined ? {} : { onProgress }),
  }).finally(over);
  writeFileSync(join(dir, "history.jsonl"), encodeHistory(live.history));
  onProgress?.("checking the history");
  const checked = judged(run, live, liveCommand(run));
  if (tracedMax === 0) return { ...checked, live, dir };
  const texts = live.traceFiles.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"));
  const merged = mergeTraces(texts);
  writeFileSync(join(dir, "trace.ndjson"), merged);
  onProgress?.("validating the trace");
  const traced = withTraceVerdict(checked, await liveTraceVerdict(run.protocol, merged));
  return { ...traced, live, dir };
}

/** The scenario again on a live cluster: the same weather and the same faults, not the same run. */
function liveCommand(request: RunRequest): string {
  return commandOf(request).replace("npx synod sim", "npx synod compare --real");
}
