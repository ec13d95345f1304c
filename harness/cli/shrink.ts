/** Makes a failing run small: leaves out faults, then client operations, while it still fails in the same way. */
import type { Terminal } from "./terminal.js";
import { plural } from "./numbers.js";
import type { SimOutput } from "./output.js";
import { type FullRun, runChecked, type RunRequest } from "./run.js";

export interface Shrunk {
  /** The smallest failing run found; its manifest repeats it. */
  readonly run: FullRun;
  readonly summary: NonNullable<SimOutput["shrunk"]>;
  readonly words: readonly string[];
}

/** A smaller failure found late is not worth waiting for longer. Milliseconds. */
const BUDGET_MS = 120_000;

export function shrinkRun(request: RunRequest, failing: FullRun, out: Terminal): Shrunk {
  const deadline = Date.now() + BUDGET_MS;
  const kind = failureOf(failing);
  let best = failing;
  let runs = 0;
  const fails = (faults: readonly Fault[], omitted: readonly number[]): boolean => {
    if (Date.now() > deadline) return false;
    runs += 1;
    out.progress(`shrinking: ${plural(runs, "run")}, ${plural(best.simulation.faults.length, "fault")} left`);
    const run = runChecked({ ...request, scenario: { ...request.scenario, faults } }, { omittedOperations: omitted });
    if (failureOf(run) !== kind) return false;
    best = run;
    return true;
  };
  const all = failing.simulation.faults;
  // Every drawn value spelled out: then a fault can go without changing what is drawn for the others.
  if (!fails(all, []))
    return result(failing, failing, runs, "The failure needs the faults as they are drawn; nothing was left out.");
  const faults = minimize(all, (some) => fails(some, []));
  const operations = Array.from({ length: best.simulation.operations }, (_, i) => i);
  minimize(operations, (kept) => {
    const set = new Set(kept);
    return fails(
      faults,
      operations.filter((operation) => !set.has(operation)),
    );
  });
  out.progress(null);
  const late = Date.now() > deadline ? " Time ran out before nothing more could go." : "";
  return result(failing, best, runs, `Shrunk in ${plural(runs, "run")}.${late}`);
}

type Fault = FullRun["simulation"]["faults"][number];

/** What failed, so that one failure is not traded for another. */
function failureOf({ record, outcome }: FullRun): string {
  if (outcome !== "violated") return "none";
  if (record.broken !== null) return record.broken.invariant;
  if (record.verdicts.linearizable === "violated") return "linearizable";
  return record.verdicts.liveness === "violated" ? "liveness" : "expectation";
}

/**
 * Delta debugging (Zeller and Hildebrandt 2002, ddmin by complements): halves first, then finer pieces, until no single
 * element can be left out.
 *
 * @param fails is never asked for the whole list
 */
export function minimize<T>(items: readonly T[], fails: (kept: readonly T[]) => boolean): readonly T[] {
  let kept = items;
  let pieces = 2;
  while (kept.length > 0) {
    const size = Math.ceil(kept.length / pieces);
    const smaller = withoutOnePiece(kept, size, fails);
    if (smaller !== null) {
      kept = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) break;
    else pieces = Math.min(kept.length, pieces * 2);
  }
  return kept;
}

function withoutOnePiece<T>(
  kept: readonly T[],
  size: number,
  fails: (kept: readonly T[]) => boolean,
): readonly T[] | null {
  for (let at = 0; at < kept.length; at += size) {
    const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
    if (fails(rest)) return rest;
  }
  return null;
}

function result(before: FullRun, after: FullRun, runs: number, words: string): Shrunk {
  const faultsBefore = before.simulation.faults.length;
  const faults = after.simulation.faults.length;
  const omittedOperations = after.manifest.omittedOperations.length;
  const left = `${faults} of ${plural(faultsBefore, "fault")}, ${after.simulation.operations - omittedOperations} of ${plural(before.simulation.operations, "operation")}, ${plural(after.record.events, "event")} left.`;
  return {
    run: after,
    summary: { faults, faultsBefore, omittedOperations, events: after.record.events, runs },
    words: [words, left],
  };
}
