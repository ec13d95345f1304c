/** Traces of runs, written for others and validated here. */
import { ToolError } from "tla2tools-runner";
import {
  type RunVerdict,
  tracedProtocol,
  type TraceResult,
  traceWords,
  validateEvents,
  validateRuns,
} from "../conform/index.js";
import { configurationOf, type TraceLine } from "../drivers/sim/index.js";
import { worst } from "./exit.js";
import { subjectByName } from "./protocols.js";
import { type FullRun, prepare, type RunRequest } from "./run.js";

/** Step inputs of a run's beginning that are validated: enough for elections and faults, a few seconds for TLC. */
const INPUTS_MAX = 1500;
const TIMEOUT_MS = 100_000;
/** A live trace is longer, and nobody waits for the others meanwhile. */
const LIVE_TIMEOUT_MS = 600_000;

/** What a trace's first line holds: enough to choose the specification and its constants. */
export interface TraceHeader {
  readonly protocol: string;
  readonly cluster: ReturnType<typeof configurationOf>;
  readonly options: object;
}

/** The first line of a trace file: whose trace it is. */
export function traceHeader(request: RunRequest): TraceLine {
  const { protocol, scenario } = request;
  const header: TraceHeader = { protocol, cluster: configurationOf(scenario), options: prepare(request) };
  const rest = { sent: [], received: null, wrote: null, state: null, time: 0, lamport: 0 };
  return { seq: 0, node: "", action: "Config", args: [header], ...rest };
}

/** The verdict for each run; without Java or the jar, why there is none. */
export async function traceVerdicts(
  requests: readonly RunRequest[],
  inputsMax: number,
): Promise<readonly RunVerdict[]> {
  const runs = requests.map((request) => {
    const { module } = subjectByName(request.protocol);
    const { scenario, timing, seed } = request;
    return { module, scenario, options: prepare(request), timing, seed };
  });
  try {
    return await validateRuns(runs, inputsMax, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return runs.map(() => ({ result: null, words: notValidated(error), broken: null }));
  }
}

function notValidated({ code }: ToolError): string {
  return `not validated: ${code === "no-java" || code === "old-java" ? "no Java 11 or later" : "no TLA+ tools"}`;
}

/** The verdict for the merged trace of a live run: a Config line and then the lines of all nodes in Lamport's order. */
export async function liveTraceVerdict(protocolName: string, text: string): Promise<RunVerdict> {
  const protocol = tracedProtocol(protocolName);
  if (protocol === undefined)
    return { result: null, words: `not validated: no specification for ${protocolName}`, broken: null };
  const lines = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as TraceLine]));
  const header = lines[0]?.args[0] as TraceHeader | undefined;
  if (header === undefined) return { result: null, words: "not validated: nothing was traced", broken: null };
  const collector = protocol.collector();
  for (const line of lines.slice(1)) collector.line(line);
  const events = [protocol.config(header.cluster, header.options), ...collector.events()];
  try {
    const { results } = await validateEvents(protocol, [events], { timeoutMs: LIVE_TIMEOUT_MS });
    const result = results[0] as TraceResult;
    return { result, words: traceWords(result), broken: null };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { result: null, words: notValidated(error), broken: null };
  }
}

/** The runs with what the specification says of them. A run that it rejects has broken a promise. */
export async function withTraceVerdicts<R extends Pick<FullRun, "record" | "outcome">>(
  requests: readonly RunRequest[],
  runs: readonly R[],
  inputsMax = INPUTS_MAX,
): Promise<R[]> {
  const verdicts = await traceVerdicts(requests, inputsMax);
  return runs.map((run, at) => withTraceVerdict(run, verdicts[at] as RunVerdict));
}

/** The run with what the specification says of it: one that it rejects has broken a promise. */
export function withTraceVerdict<R extends Pick<FullRun, "record" | "outcome">>(run: R, verdict: RunVerdict): R {
  const { words, result, broken } = verdict;
  const reasons = [...run.record.reasons];
  let said: FullRun["outcome"] = "ok";
  if (broken !== null && run.record.broken === null) {
    // The same run broke nothing without its trace: tracing changed it, or broke by itself.
    reasons.push(`trace: ${broken.invariant} broke while the run was traced: ${broken.detail}`);
    said = "violated";
  } else if (result !== null && result.verdict !== "accepted") {
    reasons.push(`trace: ${words}`);
    said = result.verdict === "rejected" ? "violated" : "unknown";
  }
  const outcome = worst([run.outcome, said]);
  const record = { ...run.record, reasons, verdicts: { ...run.record.verdicts, trace: words }, outcome };
  return { ...run, record, outcome };
}
