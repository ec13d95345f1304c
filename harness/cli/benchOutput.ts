/** What `synod bench --json` prints. Fields only grow. */
import type { Machine, Versions } from "../record/index.js";
import type { BenchRatio, BenchRow, Cell, Knee } from "../subjects/bench/index.js";

/** What `bench --json` prints. */
export interface BenchOutput {
  /** In words, the first line standing alone. */
  readonly verdict: readonly string[];
  readonly machine: Machine;
  readonly versions: Versions;
  readonly subjects: readonly { readonly name: string; readonly version: string; readonly settings: string }[];
  /** This machine without any system: one a round, medians in microseconds. */
  readonly floors: readonly FloorRow[];
  /** Every measurement. */
  readonly rounds: readonly Cell[];
  readonly table: readonly BenchRow[];
  readonly ratios: readonly BenchRatio[];
  readonly knees: readonly Knee[];
  readonly missing: readonly { readonly subject: string; readonly why: string; readonly install: string }[];
  readonly troubles: readonly { readonly subject: string; readonly why: string }[];
  /** Files written; null: none. */
  readonly results: string | null;
  readonly report: string | null;
}

/** What the machine did without any system, in one run of the benchmark. */
export interface FloorRow {
  readonly round: number;
  readonly syncP50Us: number;
  readonly threeSyncsP50Us: number;
  readonly roundTripP50Us: number;
}
