/** Simulated runs against the specification of their protocol, by the beginning of each. */
import type { TimingProfile } from "../../protocols/core/index.js";
import { configurationOf, runSimulation, type Subject } from "../drivers/sim/index.js";
import type { Scenario } from "../scenarios/index.js";
import type { TraceEvent } from "./protocol.js";
import { tracedProtocol } from "./traced.js";
import { type TraceResult, validateEvents, type ValidateSettings } from "./validate.js";

export interface RunToValidate {
  readonly module: Subject;
  readonly scenario: Scenario;
  /** Complete and checked, as `resolveOptions` gives them. */
  readonly options: object;
  readonly timing: TimingProfile;
  readonly seed: number;
}

export interface RunVerdict {
  /** null: it could not be validated; `words` say why. */
  readonly result: TraceResult | null;
  /** For `verdicts.trace` of a run's record: begins with accepted, rejected, inconclusive or not validated. */
  readonly words: string;
}

/** The events of a run's first `inputsMax` step inputs: the run is made again, which gives the same beginning. */
export function tracedEvents(run: RunToValidate, inputsMax: number): readonly TraceEvent[] {
  const protocol = tracedProtocol(run.module.name);
  if (protocol === undefined) throw new Error(`there is no trace specification for ${run.module.name}`);
  const collector = protocol.collector();
  runSimulation({ ...run, history: false, trace: collector, eventsMax: inputsMax });
  return [protocol.config(configurationOf(run.scenario), run.options), ...collector.events()];
}

/**
 * One verdict for each run, in their order. Runs of one protocol share a JVM as far as their settings allow.
 * @param inputsMax step inputs of each run's beginning
 * @throws ToolError where Java or the jar is missing
 */
export async function validateRuns(
  runs: readonly RunToValidate[],
  inputsMax: number,
  settings: ValidateSettings = {},
): Promise<readonly RunVerdict[]> {
  const verdicts: RunVerdict[] = runs.map(({ module }) => ({
    result: null,
    words: `not validated: no specification for ${module.name} in this version`,
  }));
  for (const name of new Set(runs.map(({ module }) => module.name))) {
    const protocol = tracedProtocol(name);
    if (protocol === undefined) continue;
    const own = runs.flatMap((run, at) => (run.module.name === name ? [at] : []));
    const traces = own.map((at) => tracedEvents(runs[at] as RunToValidate, inputsMax));
    const { results } = await validateEvents(protocol, traces, settings);
    for (const [k, at] of own.entries()) {
      const result = results[k] as TraceResult;
      verdicts[at] = { result, words: traceWords(result) };
    }
  }
  return verdicts;
}

/** Begins with the verdict. */
export function traceWords({ verdict, events, rejectedAt, event, reason }: TraceResult): string {
  if (verdict === "accepted") return `accepted: the first ${events} events`;
  if (verdict === "rejected") return `rejected at event ${rejectedAt} of ${events}, ${event?.action} of ${event?.node}`;
  return `inconclusive: ${reason}`;
}
