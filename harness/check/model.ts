// Models: what an object does. The built-in ones (register, cas-register, kv, kv-append) are known to the fast tiers by
// number; any other object is a `Model`, a page of code.

import { type History, type Kind, NO_VALUE, type Outcome, viewOperation } from "./history.js";
import type { HistoryValue } from "../record/history.js";
import { GrowingMap } from "./maps.js";
import type { Budget } from "./budget.js";
import { IMPOSSIBLE, type Machine } from "./machine.js";
import { packedRanks, type Part } from "./parts.js";

/** An operation as a model sees it. */
export type ModelOperation = {
  /** The word in the history: "enqueue", "acquire", … */
  readonly f: string;
  readonly key: HistoryValue;
  readonly input: HistoryValue;
  /** What was answered; undefined if the outcome is unknown: then every answer is possible. */
  readonly output: HistoryValue | undefined;
  readonly process: HistoryValue;
  readonly outcome: Outcome;
};

/**
 * A sequential object. `step` must be a function of its arguments and must not change `state`.
 *
 * A lock, as an example:
 * ```ts
 * const lock: Model<string | null> = {
 *   name: "lock",
 *   perKey: true,
 *   initial: () => null,
 *   step: (holder, op) => {
 *     if (op.f === "acquire") return holder === null ? String(op.process) : undefined;
 *     return holder === String(op.process) ? null : undefined;
 *   },
 *   text: (holder) => holder ?? "",
 * };
 * ```
 */
export interface Model<State> {
  readonly name: string;
  /** True if keys are independent objects, so that each is checked by itself. */
  readonly perKey: boolean;
  initial(): State;
  /** The state after the operation, or undefined if the object could not have answered so. */
  step(state: State, operation: ModelOperation): State | undefined;
  /** Equal texts for equal states. */
  text(state: State): string;
  /** True if the operation never changes the state. Saves branches; leave it out if in doubt. */
  isRead?(operation: ModelOperation): boolean;
}

/** Operation `i` as a model sees it. */
export function modelOperation(h: History, i: number): ModelOperation {
  const { f, key, input, output, process, outcome } = viewOperation(h, i);
  return { f, key, input, output, process, outcome };
}

const stateBytes = 128;
const stepBytes = 48;

/** Runs any model in the search: states get numbers when they are first reached. */
export class ModelMachine<State> implements Machine {
  readonly initial: number;
  private readonly model: Model<State>;
  private readonly operations: readonly ModelOperation[];
  private readonly classes: Int32Array;
  private readonly classCount: number;
  private readonly reads: Uint8Array;
  private readonly states: State[] = [];
  private readonly idOfText = new GrowingMap<string | null>();
  private readonly steps = new GrowingMap<number>();

  private readonly budget: Budget;
  private bytes = 0;

  /** @throws {BudgetExceeded} as `step` does: states take memory. */
  constructor(model: Model<State>, operations: readonly ModelOperation[], budget: Budget) {
    this.model = model;
    this.budget = budget;
    this.operations = operations;
    const classIds = new Map<string, number>();
    this.classes = Int32Array.from(operations, (op) => {
      const text = JSON.stringify([
        op.f,
        op.key,
        op.input,
        op.output ?? null,
        op.output === undefined,
        op.process,
        op.outcome,
      ]);
      let id = classIds.get(text);
      if (id === undefined) {
        id = classIds.size;
        classIds.set(text, id);
      }
      return id;
    });
    this.classCount = classIds.size;
    this.reads = Uint8Array.from(operations, (op) => (model.isRead?.(op) === true ? 1 : 0));
    this.initial = this.idOf(model.initial());
  }

  step(state: number, i: number): number {
    const name = state * this.classCount + (this.classes[i] as number);
    let after = this.steps.get(name);
    if (after === undefined) {
      // Nobody knows how long the caller's own functions take.
      this.budget.checkTime();
      const next = this.model.step(this.states[state] as State, this.operations[i] as ModelOperation);
      after = next === undefined ? IMPOSSIBLE : this.idOf(next);
      this.take(stepBytes);
      this.steps.set(name, after);
    }
    return after;
  }

  isPure(i: number): boolean {
    return this.reads[i] === 1;
  }

  classOf(i: number): number {
    return this.classes[i] as number;
  }

  mayLeave(): boolean {
    return true;
  }

  settle(state: number): number {
    return state;
  }

  onLift(): void {}

  onUnlift(): void {}

  release(): void {
    this.budget.give(this.bytes);
    this.bytes = 0;
  }

  private take(bytes: number): void {
    this.budget.take(bytes);
    this.bytes += bytes;
  }

  private idOf(state: State): number {
    const text = this.model.text(state);
    let id = this.idOfText.get(text);
    if (id === undefined) {
      // The state itself is about as large as its text; nobody can know better.
      this.take(stateBytes + 4 * text.length);
      id = this.states.push(state) - 1;
      this.idOfText.set(text, id);
    }
    return id;
  }
}

/** The operations `rows` of a history (ascending) as one part, ranks packed together, for a `ModelMachine`. */
export function modelPart(h: History, rows: readonly number[], key: number): Part {
  const { call, ret, rankCount } = packedRanks(h.call, h.ret, rows);
  return {
    key,
    count: rows.length,
    row: Int32Array.from(rows),
    kind: Uint8Array.from(rows, (i) => h.kind[i] as Kind),
    a: Int32Array.from(rows, () => NO_VALUE),
    b: Int32Array.from(rows, () => NO_VALUE),
    call,
    ret,
    rankCount,
    valueCount: 1,
    initial: 0,
    valueIds: null,
    keyOf: null,
  };
}
