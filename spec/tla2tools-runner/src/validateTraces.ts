/** Trace validation: many traces against one trace specification in one JVM. */
import { interpret, overridesLoaded } from "./check.js";
import { runTlc, type TlcInput, type TlcOptions } from "./tlc.js";

export interface Difference {
  /** What was compared, in the trace specification's words: "state", "sent". */
  readonly what: string;
  /** What the specification allows there. */
  readonly expected: unknown;
  /** What the trace says. */
  readonly actual: unknown;
}

export interface TraceVerdict {
  /** Place among the traces, from 1. */
  readonly trace: number;
  readonly verdict: "accepted" | "rejected" | "inconclusive";
  /** Lines of the trace that the specification can follow. */
  readonly matched: number;
  readonly length: number;
  /** The line that it cannot follow, from 1; null where accepted. */
  readonly rejectedAt: number | null;
  /** Differences at that line; empty where no action of that name was possible at all. */
  readonly differences: readonly Difference[];
}

export interface ValidateResult {
  readonly traces: readonly TraceVerdict[];
  /** Why the run as a whole says nothing, one line; null otherwise. */
  readonly reason: string | null;
  readonly wallMs: number;
  readonly jarSha256: string;
}

export interface ValidateOptions extends TlcOptions {
  /**
   * NDJSON, one JSON array of events a line; the spec reads it by `NdJsonLoad(Env("TRACES", ""))`. A file, or the text itself
   * in pieces, which are asked for while the JVM starts.
   */
  readonly traces: string | TlcInput;
  /** How many lines it has: a trace of which nothing is heard is inconclusive. */
  readonly count: number;
}

/** As NdJsonLoad knows it. */
const STANDARD_INPUT = "-";

interface Reported {
  readonly trace: number;
  readonly matched: number;
  readonly length: number;
  readonly differences: readonly Difference[];
}

/**
 * The trace specification calls `Matched(trace, lines, length)` for every state it reaches and `Same` where it compares. A trace is
 * accepted if all its lines were matched, and only if it has any: an empty trace proves nothing.
 */
export async function validateTraces(options: ValidateOptions): Promise<ValidateResult> {
  const { traces: source } = options;
  const [file, input] = typeof source === "string" ? [source, null] : [STANDARD_INPUT, source];
  const run = await runTlc({ ...options, environment: { ...options.environment, TRACES: file } }, [], input);
  const result = interpret(run, true);
  const reported = new Map<number, Reported>();
  for (const line of run.lines) {
    if (!line.startsWith("@TRACE ")) continue;
    const report = JSON.parse(line.slice("@TRACE ".length)) as Reported;
    reported.set(report.trace, report);
  }
  const loaded = overridesLoaded(run.frames, ["Matched", "NdJsonLoad"]);
  const reason = loaded
    ? (result.reason ?? (result.violation === null ? null : result.violation.message))
    : (result.reason ?? "the Java overrides were not loaded");
  const traces = Array.from({ length: options.count }, (_, i) => judge(i + 1, reported.get(i + 1), reason));
  return { traces, reason, wallMs: run.wallMs, jarSha256: run.jarSha256 };
}

function judge(trace: number, report: Reported | undefined, reason: string | null): TraceVerdict {
  if (report === undefined)
    return { trace, verdict: "inconclusive", matched: 0, length: 0, rejectedAt: null, differences: [] };
  const { matched, length, differences } = report;
  if (length > 0 && matched === length && reason === null)
    return { trace, verdict: "accepted", matched, length, rejectedAt: null, differences: [] };
  if (length === 0 || reason !== null)
    return { trace, verdict: "inconclusive", matched, length, rejectedAt: null, differences };
  return { trace, verdict: "rejected", matched, length, rejectedAt: matched + 1, differences };
}
