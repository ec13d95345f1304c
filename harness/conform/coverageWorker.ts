/** The thread of coverage.ts. What it explores is loaded after V8 has begun to count. */
import { existsSync, readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector";
import { SourceMap, type SourceMapPayload } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { branchesOf } from "./branches.js";
import type { BranchCoverage } from "./checked.js";
import type { CoverageTask } from "./coverage.js";

const NO_HANDLERS: ReadonlySet<string> = new Set([
  "codec.js",
  "describe.js",
  "index.js",
  "invariants.js",
  "messages.js",
  "options.js",
]);

const { protocol, models } = workerData as CoverageTask;
const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
const { CHECKED } = await import("./models.js");
const checked = CHECKED.find(({ name }) => name === protocol);
for (const { name, way } of models) checked?.explore(name, way);
session.post("Profiler.takePreciseCoverage", (error, found) => {
  if (error !== null) throw error;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread's port, not a window.
  (parentPort as MessagePort).postMessage(countBranches(found.result));
});

function countBranches(scripts: readonly Profiler.ScriptCoverage[]): BranchCoverage {
  let [branches, branchesHit] = [0, 0];
  const missed: string[] = [];
  for (const { url, functions } of scripts) {
    if (!url.includes(`/protocols/${protocol}/`) || NO_HANDLERS.has(basename(url))) continue;
    const file = fileURLToPath(url);
    const source = readFileSync(file, "utf8");
    const ranges = functions.flatMap((one) => one.ranges);
    const lineOf = lines(file, source);
    for (const place of branchesOf(source)) {
      branches += 1;
      if (countAt(ranges, place) > 0) branchesHit += 1;
      else missed.push(lineOf(place));
    }
  }
  return { branches, branchesHit, missed: missed.sort(byPlace) };
}

/** How often the innermost block around a place ran. */
function countAt(ranges: readonly Profiler.CoverageRange[], place: number): number {
  let [count, width] = [0, Number.POSITIVE_INFINITY];
  for (const { startOffset, endOffset, count: times } of ranges) {
    if (place < startOffset || place >= endOffset || endOffset - startOffset > width) continue;
    [count, width] = [times, endOffset - startOffset];
  }
  return count;
}

/** Name and line of the source; of the compiled file where there is no map. */
function lines(file: string, source: string): (place: number) => string {
  const mapFile = `${file}.map`;
  const map = existsSync(mapFile) ? new SourceMap(JSON.parse(readFileSync(mapFile, "utf8")) as SourceMapPayload) : null;
  return (place) => {
    const before = source.slice(0, place).split("\n");
    const line = before.length - 1;
    const entry = map?.findEntry(line, before[line]?.length ?? 0);
    if (entry === undefined || !("originalSource" in entry)) return `${basename(file)}:${line + 1}`;
    return `${basename(entry.originalSource)}:${entry.originalLine + 1}`;
  };
}

function byPlace(a: string, b: string): number {
  const [[fileA = "", lineA = ""], [fileB = "", lineB = ""]] = [a.split(":"), b.split(":")];
  return fileA === fileB ? Number(lineA) - Number(lineB) : fileA < fileB ? -1 : 1;
}
