/** Model checking and simulation: verdict, counts, counterexample. */
import { type Counterexample, readCounterexample } from "./counterexample.js";
import { CODE, type Frame } from "./frames.js";
import { runTlc, type TlcOptions, type TlcRun } from "./tlc.js";

export type ViolationKind =
  | "invariant"
  | "action property"
  | "temporal property"
  | "deadlock"
  | "assertion"
  | "assumption";

export interface CheckResult {
  readonly verdict: "ok" | "violated" | "inconclusive";
  /** Why it is inconclusive, one line; null otherwise. */
  readonly reason: string | null;
  /** What was violated; null where nothing was. */
  readonly violation: {
    readonly kind: ViolationKind;
    readonly property: string | null;
    readonly message: string;
  } | null;
  readonly counterexample: Counterexample | null;
  readonly generatedStates: number;
  readonly distinctStates: number;
  /** Length of the longest shortest path; 0 where TLC did not say. */
  readonly depth: number;
  readonly wallMs: number;
  readonly version: string;
  readonly jarSha256: string;
  /** What the spec printed. */
  readonly output: readonly string[];
}

const VIOLATIONS: readonly (readonly [number, ViolationKind, RegExp])[] = [
  [CODE.invariantInitial, "invariant", /Invariant (\S+) is violated/],
  [CODE.invariantBehaviour, "invariant", /Invariant (\S+) is violated/],
  [CODE.actionProperty, "action property", /[Pp]roperty (.+?) is violated/],
  [CODE.temporalProperty, "temporal property", /[Pp]ropert(?:y|ies) (.+?) (?:is|was|were) violated/],
  [CODE.deadlock, "deadlock", /()Deadlock/],
  [CODE.assertFailed, "assertion", /()assert/i],
  [CODE.assumptionFalse, "assumption", /(line \d+, col \d+)/],
];

/** Explores every reachable state. @throws ToolError where Java, jar or spec are missing. */
export async function check(options: TlcOptions): Promise<CheckResult> {
  return interpret(await runTlc(options, []), true);
}

export interface SimulateOptions extends TlcOptions {
  /** Number of behaviours, over all workers. */
  readonly behaviours: number;
  /** Length of a behaviour at most. @default 100 */
  readonly depth?: number;
}

/** Random behaviours. "ok" says that none of those tried broke anything. */
export async function simulate(options: SimulateOptions): Promise<CheckResult> {
  const workers = typeof options.workers === "number" ? options.workers : 1;
  // TLC takes the number per worker.
  const each = Math.max(1, Math.ceil(options.behaviours / workers));
  return interpret(
    await runTlc({ ...options, workers }, ["-simulate", `num=${each}`, "-depth", String(options.depth ?? 100)]),
    false,
  );
}

/** The exit code is not asked: it is 0 for several failures. What TLC says in its frames decides. */
export function interpret(run: TlcRun, mustSayOk: boolean): CheckResult {
  const totals = run.frames.findLast((frame) => frame.code === CODE.totals);
  const counts = /([\d,]+) states generated.*?([\d,]+) distinct/s.exec(totals?.text ?? "");
  const depth = run.frames.findLast((frame) => frame.code === CODE.depth);
  const base = {
    generatedStates: Number((counts?.[1] ?? "0").replaceAll(",", "")),
    distinctStates: Number((counts?.[2] ?? "0").replaceAll(",", "")),
    depth: Number(/\d+/.exec(depth?.text ?? "")?.[0] ?? 0),
    wallMs: run.wallMs,
    version: run.version,
    jarSha256: run.jarSha256,
    output: run.lines,
  };
  const violation = findViolation(run.frames);
  if (violation !== null) {
    return { ...base, verdict: "violated", reason: null, violation, counterexample: readCounterexample(run.frames) };
  }
  const reason = whyInconclusive(run, mustSayOk);
  return { ...base, verdict: reason === null ? "ok" : "inconclusive", reason, violation: null, counterexample: null };
}

function findViolation(frames: readonly Frame[]): CheckResult["violation"] {
  for (const frame of frames) {
    const known = VIOLATIONS.find(([code]) => code === frame.code);
    if (known === undefined) continue;
    const [, kind, pattern] = known;
    const property = pattern.exec(frame.text)?.[1];
    return { kind, property: property === undefined || property === "" ? null : property, message: frame.text.trim() };
  }
  return null;
}

function whyInconclusive(run: TlcRun, mustSayOk: boolean): string | null {
  if (run.killed === "timeout") return `stopped after ${Math.round(run.wallMs)} ms`;
  if (run.killed === "aborted") return "aborted";
  const problem = run.lines.find((line) => line.startsWith("@PROBLEM "));
  if (problem !== undefined) return problem.slice("@PROBLEM ".length);
  const errors = run.frames.filter(
    (frame) => frame.severity === 1 || frame.severity === 2 || frame.code === CODE.invariantEvaluation,
  );
  const first = errors[0];
  if (first !== undefined)
    return errors
      .map((frame) => frame.text.trim().replaceAll(/\s+/g, " "))
      .join(" ")
      .slice(0, 600);
  if (run.lines.some((line) => line.includes("OutOfMemoryError"))) return "out of memory; raise heapMiB";
  const said = run.frames.some((frame) => frame.code === CODE.success);
  if (mustSayOk && !said) return `TLC ended with ${run.exitCode ?? "a signal"} and did not say that it finished`;
  if (!mustSayOk && run.exitCode !== 0) return `TLC ended with ${run.exitCode ?? "a signal"}`;
  return null;
}

/** Whether TLC said that it replaced these operators by Java. Without that, a stub's answer would be taken for a result. */
export function overridesLoaded(frames: readonly Frame[], names: readonly string[]): boolean {
  const loaded = frames.filter((frame) => frame.code === CODE.overrideLoaded).map((frame) => frame.text);
  return names.every((name) =>
    loaded.some((text) => text.includes(`TraceIO_${name}`) || text.includes(`TraceIO!${name}`) || text.includes(name)),
  );
}
