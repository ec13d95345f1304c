/** Makes a failing run small, whatever failed: an invariant, progress, the history, or an expectation. */
import { checkLinearizable, historyFromEvents } from "../check/index.js";
import { sameFailure, shrink, type SimulationOutcome } from "../drivers/sim/index.js";
import type { RunManifest } from "../record/index.js";
import { expectedViolation, unmet } from "./expectation.js";
import { plural } from "./numbers.js";
import type { Scenario } from "../scenarios/index.js";
import type { SimOutput } from "./output.js";
import { subjectByName } from "./protocols.js";
import { type FullRun, prepare, type RunRequest, withoutAmounts } from "./run.js";
import type { Terminal } from "./terminal.js";

/** What is left of a failing run. */
export interface Shrunk {
  /** Of the smallest failing run found. */
  readonly manifest: RunManifest;
  readonly summary: NonNullable<SimOutput["shrunk"]>;
  readonly words: readonly string[];
}

/** Runs to spend: minutes at most. */
const RUNS_MAX = 400;

/** Whether a run has anything to shrink: a broken promise, or the violation that its scenario is there to show. */
export function hasFailure({ outcome, record }: FullRun): boolean {
  return outcome === "violated" || record.broken !== null || record.verdicts.linearizable === "violated";
}

/**
 * Leaves out of a run what its failure does not need.
 *
 * @param failing the run of `request`, with `hasFailure`
 */
export function shrinkRun(request: RunRequest, failing: FullRun, out: Terminal): Shrunk {
  const { module } = subjectByName(request.protocol);
  const { scenario, timing, seed } = request;
  const failure = failureOf(request, failing);
  const fails = failureTest(request, failure, failing);
  let runs = 0;
  const stillFails = (outcome: SimulationOutcome): boolean => {
    runs += 1;
    out.progress(`shrinking, ${plural(runs, "run")}: ${plural(outcome.faults.length, "fault")}`);
    return fails(outcome);
  };
  const spec = { module, scenario, options: prepare(request), timing, seed, history: true };
  const small = shrink(spec, stillFails, { runsMax: RUNS_MAX });
  out.progress(null);
  const faultsBefore = failing.simulation.faults.length;
  const { events } = small.outcome.record;
  const left = `${small.faults.length} of ${plural(faultsBefore, "fault")}, ${small.operations} of ${plural(small.operationsBefore, "operation")} and ${plural(events, "event")} are left after ${plural(small.runs, "run")}.`;
  // What is left commits less: amounts would be missed, and a replay would speak of that.
  const rest = small.manifest.scenario as Scenario;
  const asked = failure === "expectation" ? rest : withoutAmounts(rest);
  return {
    manifest: { ...small.manifest, scenario: asked, verdict: failing.outcome === "violated" ? "violated" : "ok" },
    summary: {
      faults: small.faults.length,
      faultsBefore,
      omittedOperations: small.manifest.omittedOperations.length,
      events,
      runs: small.runs,
    },
    words: [`Shrunk: ${left}${small.minimal ? "" : " The budget ended first; a smaller one may exist."}`],
  };
}

type Failure = "simulation" | "history" | "expectation";

/** What is shrunk. Where the scenario expects a violation and something else broke as well, that is what matters. */
function failureOf({ scenario }: RunRequest, { record, outcome }: FullRun): Failure {
  if (record.broken !== null || record.verdicts.liveness === "violated") return "simulation";
  if (record.verdicts.linearizable !== "violated") return "expectation";
  const elsewhere = outcome === "violated" && expectedViolation(scenario, record) === "linearizable";
  return elsewhere ? "expectation" : "history";
}

/** The same failure as before: one must not be traded for another. */
function failureTest(
  { scenario, checkDeadlineMs }: RunRequest,
  failure: Failure,
  { simulation }: FullRun,
): (outcome: SimulationOutcome) => boolean {
  switch (failure) {
    case "simulation":
      return sameFailure(simulation);
    case "history":
      return ({ history }) =>
        checkLinearizable(historyFromEvents(history), { deadlineMs: checkDeadlineMs }).verdict === "violated";
    case "expectation":
      return ({ record }) => unmet(scenario, record).length > 0;
  }
}
