/** Simulated runs against the specification of their protocol, by the beginning of each. */
import type { TimingProfile } from "../../protocols/core/index.js";
import { configurationOf, runSimulation, type SimulationOutcome, type Subject } from "../drivers/sim/index.js";
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
  /** The invariant that broke while the run was traced; null: none did. Such a run is never called accepted. */
  readonly broken: Broken;
}

type Broken = SimulationOutcome["record"]["broken"];

/** The events of a run's first `inputsMax` step inputs: the run is made again, which gives the same beginning. */
export function tracedEvents(run: RunToValidate, inputsMax: number): readonly TraceEvent[] {
  return tracedRun(run, inputsMax).events;
}

type TracedRun = { readonly events: readonly TraceEvent[]; readonly broken: Broken };

function tracedRun(run: RunToValidate, inputsMax: number): TracedRun {
  const protocol = tracedProtocol(run.module.name);
  if (protocol === undefined) throw new Error(`there is no trace specification for ${run.module.name}`);
  const collector = protocol.collector();
  const { record } = runSimulation({ ...run, history: false, trace: collector, eventsMax: inputsMax });
  const config = protocol.config(configurationOf(run.scenario), run.options);
  return { events: [config, ...collector.events()], broken: record.broken };
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
    broken: null,
  }));
  for (const name of new Set(runs.map(({ module }) => module.name))) {
    const protocol = tracedProtocol(name);
    if (protocol === undefined) continue;
    const own = runs.flatMap((run, at) => (run.module.name === name ? [at] : []));
    const traced = own.map((at) => tracedRun(runs[at] as RunToValidate, inputsMax));
    const traces = traced.map(({ events }) => events);
    const { results } = await validateEvents(protocol, traces, settings);
    for (const [k, at] of own.entries())
      verdicts[at] = verdictOf(results[k] as TraceResult, (traced[k] as TracedRun).broken);
  }
  return verdicts;
}

/** The trace of a run that broke ends before the step that broke it: what the specification accepts of it shows nothing. */
function verdictOf(result: TraceResult, broken: Broken): RunVerdict {
  if (broken === null || result.verdict === "rejected") return { result, words: traceWords(result), broken };
  return { result: null, words: `not validated: the run broke "${broken.invariant}" at event ${broken.event}`, broken };
}

/** Begins with the verdict. */
export function traceWords({ verdict, events, rejectedAt, event, reason }: TraceResult): string {
  if (verdict === "accepted") return `accepted: the first ${events} events`;
  if (verdict === "rejected") return `rejected at event ${rejectedAt} of ${events}, ${event?.action} of ${event?.node}`;
  return `inconclusive: ${reason}`;
}
