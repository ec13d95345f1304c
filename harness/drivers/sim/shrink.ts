/**
 * The shrinker: leaves faults and client operations out of a failing run, as long as it still fails, until no single one
 * can go (delta debugging; Zeller and Hildebrandt 2002, ddmin).
 */
import type { RunManifest } from "../../record/index.js";
import type { Fault } from "../../scenarios/index.js";
import { runSimulation } from "./simulation.js";
import type { SimulationOutcome, SimulationSpec } from "./spec.js";

export interface Shrunk {
  /** The smallest failing run: its scenario lists the faults that are left. */
  readonly manifest: RunManifest;
  readonly outcome: SimulationOutcome;
  readonly faults: readonly Fault[];
  /** Client operations that still run, and how many there were. */
  readonly operations: number;
  readonly operationsBefore: number;
  readonly runs: number;
  /** False: the budget ended first, a smaller one may exist. */
  readonly minimal: boolean;
}

export interface ShrinkOptions {
  /** Runs to spend. @default 500 */
  readonly runsMax?: number;
}

/**
 * @param stillFails Whether an outcome is the failure that is looked for; see `sameFailure`.
 * @throws Error if the run of `spec` itself does not fail.
 */
export function shrink(
  spec: SimulationSpec,
  stillFails: (outcome: SimulationOutcome) => boolean,
  options: ShrinkOptions = {},
): Shrunk {
  const attempt = new Attempt(spec, stillFails, options.runsMax ?? 500);
  const before = attempt.first();
  const faults = minimize(before.faults, (kept) => attempt.try(kept, attempt.omitted));
  minimizeOperations(attempt);
  // Fewer operations may need fewer faults.
  const last = minimize(faults, (some) => attempt.try(some, attempt.omitted));
  return {
    manifest: attempt.best.manifest,
    outcome: attempt.best,
    faults: last,
    operations: attempt.issued().length,
    operationsBefore: before.operations,
    runs: attempt.runs,
    minimal: attempt.runs < attempt.runsMax,
  };
}

/** Clients that are kept from asking ask later, what they had not got round to before: once more until nothing is won. */
function minimizeOperations(attempt: Attempt): void {
  for (;;) {
    const issued = attempt.issued();
    const all = Array.from({ length: attempt.best.operations }, (_, ordinal) => ordinal);
    minimize(issued, (some) => attempt.try(attempt.faults, without(all, some), attempt.issued().length));
    if (attempt.issued().length >= issued.length) return;
  }
}

/** The failure of an outcome as a test for others: the same invariant, or no progress again. */
export function sameFailure(outcome: SimulationOutcome): (other: SimulationOutcome) => boolean {
  const { broken, verdicts } = outcome.record;
  if (broken === null)
    return (other) => verdicts.liveness === "violated" && other.record.verdicts.liveness === "violated";
  return (other) => other.record.broken?.invariant === broken.invariant;
}

class Attempt {
  readonly runsMax: number;
  runs = 0;
  faults: readonly Fault[] = [];
  omitted: readonly number[];
  best!: SimulationOutcome;
  private readonly spec: SimulationSpec;
  private readonly stillFails: (outcome: SimulationOutcome) => boolean;

  constructor(spec: SimulationSpec, stillFails: (outcome: SimulationOutcome) => boolean, runsMax: number) {
    this.spec = spec;
    this.stillFails = stillFails;
    this.runsMax = runsMax;
    this.omitted = spec.omittedOperations ?? [];
  }

  /** The failing run with its swarm and its repetitions spelled out. */
  first(): SimulationOutcome {
    const outcome = runSimulation(this.spec);
    this.runs += 1;
    if (!this.stillFails(outcome)) throw new Error("the run to shrink does not fail");
    if (!this.try(outcome.faults, this.omitted)) throw new Error("the run does not fail with its faults spelled out");
    return outcome;
  }

  /** Ordinals of the operations that the best run so far asked for. */
  issued(): number[] {
    return issuedBy(this.best, this.omitted);
  }

  /** @param fewerThan the run must ask for fewer operations than this to be the better one */
  try(faults: readonly Fault[], omitted: readonly number[], fewerThan = Number.POSITIVE_INFINITY): boolean {
    if (this.runs >= this.runsMax) return false;
    this.runs += 1;
    const scenario = { ...this.spec.scenario, faults };
    const outcome = runSimulation({ ...this.spec, scenario, omittedOperations: omitted });
    if (!this.stillFails(outcome) || issuedBy(outcome, omitted).length >= fewerThan) return false;
    this.faults = faults;
    this.omitted = omitted;
    this.best = outcome;
    return true;
  }
}

function issuedBy({ operations }: SimulationOutcome, omitted: readonly number[]): number[] {
  const left = new Set(omitted);
  return Array.from({ length: operations }, (_, ordinal) => ordinal).filter((ordinal) => !left.has(ordinal));
}

function without(all: readonly number[], kept: readonly number[]): number[] {
  const keep = new Set(kept);
  return all.filter((ordinal) => !keep.has(ordinal));
}

/** ddmin: a list from which no single item can be left out, given that `fails` holds for `items`. */
export function minimize<T>(items: readonly T[], fails: (kept: readonly T[]) => boolean): readonly T[] {
  if (items.length > 0 && fails([])) return [];
  let kept = items;
  let parts = 2;
  while (kept.length >= 2) {
    const size = Math.ceil(kept.length / parts);
    const smaller = reduced(kept, size, fails);
    if (smaller !== null) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      return kept;
    } else {
      parts = Math.min(kept.length, 2 * parts);
    }
  }
  return kept;
}

/** Everything but one part, for the first part that can go; null: every part is needed. */
function reduced<T>(items: readonly T[], size: number, fails: (kept: readonly T[]) => boolean): readonly T[] | null {
  for (let from = 0; from < items.length; from += size) {
    const rest = [...items.slice(0, from), ...items.slice(from + size)];
    if (rest.length < items.length && fails(rest)) return rest;
  }
  return null;
}
