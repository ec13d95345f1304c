/** The states that TLC prints after a violation, as data. */
import { CODE, type Frame } from "./frames.js";
import { parseValue, type TlaValue } from "./values.js";

export interface TraceState {
  /** From 1. */
  readonly number: number;
  /** "Initial predicate" or the action's name. */
  readonly action: string;
  /** Where the action stands, as TLC says it; null for the initial state. */
  readonly location: string | null;
  readonly variables: { readonly [name: string]: TlaValue };
  /** As printed. */
  readonly text: string;
}

export interface Counterexample {
  readonly states: readonly TraceState[];
  /** A behaviour without end: it goes back to this state number, or stays in its last state. null: a finite one. */
  readonly loop: number | "stuttering" | null;
}

const HEADER = /^(\d+): <(.*?)(?: line (.*?))?>$/;
const CONJUNCT = /^(?:\/\\ )?([A-Za-z_]\w*) = /;

export function readCounterexample(frames: readonly Frame[]): Counterexample {
  const states: TraceState[] = [];
  let loop: Counterexample["loop"] = null;
  for (const frame of frames) {
    if (frame.code === CODE.state) states.push(readState(frame.text));
    if (frame.code === CODE.stuttering) loop = "stuttering";
    if (frame.code === CODE.backToState) loop = Number(/\d+/.exec(frame.text)?.[0] ?? 0);
  }
  return { states, loop };
}

function readState(text: string): TraceState {
  const [first = "", ...rest] = text.split("\n");
  const header = HEADER.exec(first);
  const variables: { [name: string]: TlaValue } = {};
  let name: string | null = null;
  let lines: string[] = [];
  const flush = (): void => {
    if (name !== null) variables[name] = parseValue(lines.join("\n"));
  };
  // A value may run over several lines; the next variable begins at the left margin.
  for (const line of rest) {
    const start = CONJUNCT.exec(line);
    if (start === null) {
      lines.push(line);
      continue;
    }
    flush();
    name = start[1] ?? null;
    lines = [line.slice(start[0].length)];
  }
  flush();
  return {
    number: Number(header?.[1] ?? 0),
    action: (header?.[2] ?? first).trim().replace(/^Action$/, "unnamed action"),
    location: header?.[3] === undefined ? null : `line ${header[3]}`,
    variables,
    text: rest.join("\n"),
  };
}
