/** Makes a failing run small, whatever failed: an invariant, progress, the history, or an expectation. */
import { checkLinearizable, historyFromEvents } from "../check/index.js";
import { sameFailure, shrink, type SimulationOutcome } from "../drivers/sim/index.js";
import type { RunManifest } from "../record/index.js";
import { unmet } from "./expectation.js";
import { plural } from "./numbers.js";
import type { SimOutput } from "./output.js";
import { subjectByName } from "./protocols.js";
import { type FullRun, prepare, type RunRequest } from "./run.js";
import type { Terminal } from "./terminal.js";

export interface Shrunk {
  /** Of the smallest failing run found. */
  readonly manifest: RunManifest;
  readonly summary: NonNullable<SimOutput["shrunk"]>;
  readonly words: readonly string[];
}

/** Runs to spend: minutes at most. */
const RUNS_MAX = 400;

export function shrinkRun(request: RunRequest, failing: FullRun, out: Terminal): Shrunk {
  const { module } = subjectByName(request.protocol);
  const { scenario, timing, seed } = request;
  const fails = failureTest(request, failing);
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
  return {
    manifest: { ...small.manifest, verdict: "violated" },
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

/** The same failure as before: one must not be traded for another. */
function failureTest(request: RunRequest, { record, simulation }: FullRun): (outcome: SimulationOutcome) => boolean {
  if (record.broken !== null || record.verdicts.liveness === "violated") return sameFailure(simulation);
  if (record.verdicts.linearizable === "violated")
    return ({ history }) =>
      checkLinearizable(historyFromEvents(history), { deadlineMs: request.checkDeadlineMs }).verdict === "violated";
  return (outcome) => unmet(request.scenario, outcome.record).length > 0;
}
