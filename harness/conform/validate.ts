/** Traces of runs against their specification: many in one JVM. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Difference, type TlcOptions, type TraceVerdict, validateTraces } from "tla2tools-runner";
import { specFolder, type TracedProtocol, type TraceEvent } from "./protocol.js";

export interface TraceResult {
  readonly verdict: "accepted" | "rejected" | "inconclusive";
  /** Events of the trace, without Config. */
  readonly events: number;
  /** Events that the specification can follow. */
  readonly matched: number;
  /** The event that it cannot follow, from 1; null where there is none. */
  readonly rejectedAt: number | null;
  /** That event. */
  readonly event: TraceEvent | null;
  /** What differs there; empty where no action of that name was possible at all. */
  readonly differences: readonly Difference[];
  /** Why it is inconclusive, one line; null otherwise. */
  readonly reason: string | null;
}

export interface Validation {
  readonly results: readonly TraceResult[];
  readonly wallMs: number;
}

export type ValidateSettings = Pick<TlcOptions, "timeoutMs" | "heapMiB" | "java" | "jar" | "signal"> & {
  /** Another specification, for tests. @default the protocol's own */
  readonly spec?: string;
};

const QUICK_EVENTS_MAX = 50_000;

export interface TraceToCome {
  /** Its first event. */
  readonly config: TraceEvent;
  /** Asked for while the JVM starts. */
  readonly events: () => readonly TraceEvent[];
  readonly eventsMax: number;
}

/** @throws ToolError where Java, the jar or the specification is missing; what `events` throws */
export async function validateTrace(
  protocol: TracedProtocol,
  { config, events, eventsMax }: TraceToCome,
  settings: ValidateSettings = {},
): Promise<{ readonly result: TraceResult; readonly wallMs: number }> {
  let trace: readonly TraceEvent[] = [config];
  const load = (): readonly (readonly TraceEvent[])[] => {
    trace = [config, ...events()];
    return [trace];
  };
  const { results, wallMs } = await validateGroup(protocol, { config, count: 1, load, eventsMax }, settings);
  return { result: emptyResult(trace) ?? (results[0] as TraceResult), wallMs };
}

/**
 * @param traces each begins with its Config event
 * @throws ToolError where Java, the jar or the specification is missing
 */
export async function validateEvents(
  protocol: TracedProtocol,
  traces: readonly (readonly TraceEvent[])[],
  settings: ValidateSettings = {},
): Promise<Validation> {
  const results: (TraceResult | undefined)[] = traces.map(emptyResult);
  let wallMs = 0;
  for (const group of groupsOf(protocol, traces)) {
    const open = group.filter((at) => results[at] === undefined);
    if (open.length === 0) continue;
    const own = open.map((at) => traces[at] as readonly TraceEvent[]);
    const load = (): typeof own => own;
    const eventsMax = own.reduce((sum, trace) => sum + trace.length, 0);
    const shared = { config: own[0]?.[0] as TraceEvent, count: own.length, load, eventsMax };
    const run = await validateGroup(protocol, shared, settings);
    wallMs += run.wallMs;
    for (const [k, at] of open.entries()) results[at] = run.results[k] as TraceResult;
  }
  return { results: results as TraceResult[], wallMs };
}

/** A trace without any step of a replica proves nothing. */
function emptyResult(trace: readonly TraceEvent[]): TraceResult | undefined {
  const steps = trace.filter((event) => event.node !== "" && !isEnvironment(event)).length;
  if (steps > 0) return undefined;
  return {
    verdict: "inconclusive",
    events: Math.max(0, trace.length - 1),
    matched: 0,
    rejectedAt: null,
    event: null,
    differences: [],
    reason: "the trace has no step of a replica",
  };
}

const ENVIRONMENT: ReadonlySet<string> = new Set(["Config", "Drop", "Duplicate", "Sync", "Crash", "Corrupt"]);

export function isEnvironment({ action }: TraceEvent): boolean {
  return ENVIRONMENT.has(action);
}

/** TLC writes states to a file where more than 8,192 wait, which those with shared sequences do not support. */
const TRACES_MAX = 4000;

/** Places of the traces that may share a run of TLC. */
function groupsOf(protocol: TracedProtocol, traces: readonly (readonly TraceEvent[])[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [at, [config]] of traces.entries()) {
    const key = protocol.oneConfigPerRun ? JSON.stringify(config) : "";
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [at]);
    else group.push(at);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / TRACES_MAX) }, (_, k) =>
      group.slice(k * TRACES_MAX, (k + 1) * TRACES_MAX),
    ),
  );
}

/** Traces that share a run of TLC. */
interface Group {
  /** The first event of the first of them. */
  readonly config: TraceEvent;
  readonly count: number;
  readonly load: () => readonly (readonly TraceEvent[])[];
  /** Of all of them. */
  readonly eventsMax: number;
}

async function validateGroup(
  protocol: TracedProtocol,
  { config, count, load, eventsMax }: Group,
  settings: ValidateSettings,
): Promise<Validation> {
  const folder = await mkdtemp(join(tmpdir(), "synod-traces-"));
  try {
    // A specification whose constants come from Config would else read every trace for each of them.
    const configFile = join(folder, "config.ndjson");
    await writeFile(configFile, `${JSON.stringify(config)}\n`);
    const { spec, ...options } = settings;
    let traces: readonly (readonly TraceEvent[])[] = [];
    const run = await validateTraces({
      ...options,
      spec: spec ?? join(specFolder(), protocol.traceSpec),
      library: [join(specFolder(), "common")],
      traces: () => {
        traces = load();
        return textOf(traces);
      },
      environment: { CONFIG: configFile },
      count,
      // Up to here a compiler that optimizes takes more time than it saves.
      quickStart: eventsMax < QUICK_EVENTS_MAX,
    });
    const results = run.traces.map((found, k) => resultOf(found, traces[k] ?? [], run.reason));
    return { results, wallMs: run.wallMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const PIECE_EVENTS = 500;

/** One JSON array a line, in pieces, so that TLC reads while the next one is made. */
function* textOf(traces: readonly (readonly TraceEvent[])[]): Generator<string> {
  for (const trace of traces) {
    for (let at = 0; at < trace.length; at += PIECE_EVENTS) {
      const piece = JSON.stringify(trace.slice(at, at + PIECE_EVENTS));
      yield `${at === 0 ? "[" : ","}${piece.slice(1, -1)}`;
    }
    yield trace.length === 0 ? "[]\n" : "]\n";
  }
}

function resultOf(found: TraceVerdict, trace: readonly TraceEvent[], reason: string | null): TraceResult {
  const place = found.rejectedAt;
  return {
    verdict: found.verdict,
    events: trace.length - 1,
    matched: Math.max(0, found.matched - 1),
    rejectedAt: place === null ? null : place - 1,
    event: place === null ? null : (trace[place - 1] ?? null),
    differences: found.differences,
    reason: found.verdict === "inconclusive" ? (reason ?? "TLC said nothing of it") : null,
  };
}
