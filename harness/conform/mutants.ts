/** What is written down of the bugs planted into a protocol's code; the tests make and re-check it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { specFolder } from "./protocol.js";

export interface MutantRow {
  readonly id: string;
  /** What goes wrong, in a line. */
  readonly what: string;
  /** The earliest event, from 1, at which a trace is rejected; null: none was. */
  readonly trace: { readonly seed: number; readonly event: number } | null;
  /** The model in which the fewest edges show it, counted from the initial state; `ms` of replay. null: none does. */
  readonly replay: { readonly model: string; readonly edge: number; readonly ms: number } | null;
  /** The model in which the graphs differ after the fewest states; null: all are equal. */
  readonly graph: {
    readonly model: string;
    readonly onlyInSpec: number;
    readonly onlyInCode: number;
    readonly codeStates: number;
    readonly ms: number;
  } | null;
}

export function mutantsFile(protocol: string): string {
  return join(specFolder(), "results", "mutants", `${protocol}.json`);
}

/** How many bugs were planted, and how many of them caught; null: nothing is written down here. */
export function recordedMutants(protocol: string): { readonly mutants: number; readonly caught: number } | null {
  const file = mutantsFile(protocol);
  if (!existsSync(file)) return null;
  const rows = JSON.parse(readFileSync(file, "utf8")) as readonly MutantRow[];
  const caught = rows.filter(({ trace, replay, graph }) => trace !== null || replay !== null || graph !== null);
  return { mutants: rows.length, caught: caught.length };
}
