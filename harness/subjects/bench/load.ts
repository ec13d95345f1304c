/** Runs the load generator of bench/peers and reads what it prints. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Target } from "./subject.js";

/** One measurement. */
export interface LoadOptions {
  readonly target: Target;
  readonly endpoints: readonly string[];
  readonly cluster: string;
  /** Where requests go: leader, follower, any, or a place from 1. */
  readonly at: string;
  readonly clients: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Requests a second, 0: closed loop. */
  readonly rate: number;
  readonly valueBytes: number;
  readonly keys: number;
  /** Share of reads, 0 to 1. */
  readonly reads: number;
  readonly level: ReadLevelName;
  readonly seed: number;
  readonly pids: readonly number[];
  /** Processes of other subjects that wait meanwhile. */
  readonly idlePids: readonly number[];
}

export type ReadLevelName = "linearizable" | "sync" | "local";

/** Percentiles of a histogram with three significant digits; microseconds. */
export interface Latency {
  readonly count: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** The histogram in HdrHistogram's own compressed form, so that it can be merged with others. */
  readonly hdr: string;
}

export interface LoadResult {
  readonly target: string;
  /** Endpoints that were asked, and the leader's; from 1. */
  readonly at: readonly number[];
  readonly leader: number;
  readonly clients: number;
  readonly connections: number;
  readonly rate: number;
  readonly seconds: number;
  readonly opsPerSecond: number;
  /** Answered in the window; and with warm-up. */
  readonly ops: number;
  readonly totalOps: number;
  readonly failed: number;
  readonly unknown: number;
  /** Open loop: due in the window and never answered. */
  readonly unanswered: number;
  readonly lastError?: string;
  readonly all: Latency | null;
  readonly writes: Latency | null;
  readonly reads: Latency | null;
  /** Open loop: how late requests left. */
  readonly late: Latency | null;
  /** False where there is no /proc: then every CPU time is 0. */
  readonly cpuKnown: boolean;
  readonly processesUs: readonly number[] | null;
  readonly clientUs: number;
  readonly idleUs: number;
  readonly busyUs: number;
  readonly allUs: number;
}

/** What this machine does without any system. */
export interface FloorResult {
  /** 4 KiB and a sync of a file of zeros: alone, and three at once as three nodes on one disk do. */
  readonly syncUs: Latency;
  readonly threeSyncsUs: Latency;
  /** 256 bytes there and back on loopback. */
  readonly roundTripUs: Latency;
}

const run = promisify(execFile);
/** A run that takes so much longer than it was told hangs. */
const PATIENCE_MS = 60_000;

/** Rejects with what the generator says. */
export async function runLoad(program: string, options: LoadOptions): Promise<LoadResult> {
  const args = [
    "-target",
    options.target,
    "-endpoints",
    options.endpoints.join(","),
    "-cluster",
    options.cluster,
    "-at",
    options.at,
    "-clients",
    String(options.clients),
    "-rate",
    String(options.rate),
    "-warmup",
    `${options.warmupMs}ms`,
    "-duration",
    `${options.durationMs}ms`,
    "-value",
    String(options.valueBytes),
    "-keys",
    String(options.keys),
    "-reads",
    String(options.reads),
    "-level",
    options.level,
    "-seed",
    String(options.seed),
    "-pids",
    options.pids.join(","),
    "-idle-pids",
    options.idlePids.join(","),
  ];
  return JSON.parse(await output(program, args, options.warmupMs + options.durationMs + PATIENCE_MS)) as LoadResult;
}

/** `dir` is on the disk that the subjects use. */
export async function runFloor(program: string, dir: string): Promise<FloorResult> {
  return JSON.parse(await output(program, ["-target", "floor", "-dir", dir], PATIENCE_MS)) as FloorResult;
}

async function output(program: string, args: readonly string[], timeout: number): Promise<string> {
  try {
    // Its input stays open as long as this process lives.
    return (await run(program, ["-while-stdin", ...args], { timeout, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stderr = "", killed } = error as { readonly stderr?: string; readonly killed?: boolean };
    const said = stderr.trim().split("\n").slice(-1)[0] ?? "";
    throw new Error(killed === true ? `the load generator hung for ${timeout} ms` : said || String(error), {
      cause: error,
    });
  }
}
