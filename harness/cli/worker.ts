/** What a worker thread runs: one simulation, checked. Compiled code only; a loader would make it a thousand times slower. */
import { type CheckedRun, runChecked, type RunRequest } from "./run.js";

export default function work(request: RunRequest): CheckedRun {
  const { record, outcome, window } = runChecked(request);
  // Not the history: it is large and has been checked.
  return { record, outcome, window };
}
