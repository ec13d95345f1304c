// Text that operations can append to: states are texts, made when the search first reaches them.

import type { HistoryValue } from "../record/history.js";
import { APPEND, CAS, NEVER, NOT_EQUAL, READ, WRITE } from "./history.js";
import type { Budget } from "./budget.js";
import { GrowingMap } from "./maps.js";
import { IMPOSSIBLE, type Machine } from "./machine.js";
import type { Part } from "./parts.js";

/** Every state from which no observed text can be reached by appending. */
const DEAD_TEXT = "(unobservable)";

/** About what a state takes beside its text, and an entry of a map of numbers. */
const stateBytes = 128;
const pairBytes = 48;

/** READ, WRITE, CAS, NOT_EQUAL and APPEND on one key. Appending to an absent value gives the appended text. */
export class TextMachine implements Machine {
  readonly initial: number;
  private readonly part: Part;
  private readonly texts: (string | null)[] = [];
  private readonly idOfText = new GrowingMap<string | null>();
  private readonly valueState: Int32Array;
  private readonly dead: number;
  /** Observed texts in code unit order: a text is alive if it is a prefix of one of them. */
  private readonly observed: string[];
  private readonly appended = new GrowingMap<number>();
  private readonly casClasses: Map<number, number> = new Map();
  /** By state: the observed texts that it is a prefix of, as a range of `observed`; empty if not known yet. */
  private readonly rangeStart: number[] = [];
  private readonly rangeEnd: number[] = [];
  /** By state: required observers not yet linearized. */
  private readonly need: number[] = [];
  /** With appends of non-empty text only, a text never comes back and never gets shorter. */
  private readonly onlyGrows: boolean;
  /** Lengths of the texts that must be read, ascending, and who needs them. */
  private readonly readStates: number[];

  private readonly budget: Budget;
  private bytes = 0;

  /** @throws {BudgetExceeded} as `step` does: states take memory. */
  constructor(part: Part, valueOf: (value: number) => HistoryValue, budget: Budget) {
    this.part = part;
    this.budget = budget;
    const text = (v: number): string | null => {
      budget.spend(20);
      const value = valueOf(v);
      return value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
    };
    this.valueState = new Int32Array(part.valueCount);
    for (let v = 0; v < part.valueCount; v++) this.valueState[v] = this.stateOf(text(v));
    this.dead = this.texts.push(DEAD_TEXT) - 1;
    this.need.push(0);
    const seen = new Set<string>();
    let onlyGrows = true;
    for (let i = 0; i < part.count; i++) {
      const kind = part.kind[i];
      const a = text(part.a[i] as number);
      if (kind === READ || kind === CAS || kind === NOT_EQUAL) seen.add(a ?? "");
      if (kind === WRITE || kind === CAS || (kind === APPEND && a === "")) onlyGrows = false;
    }
    this.observed = [...seen].sort((x, y) => {
      budget.spend(4);
      return x < y ? -1 : 1;
    });
    this.onlyGrows = onlyGrows;
    for (let i = 0; i < part.count; i++) this.count(i, 1);
    this.readStates = this.need.flatMap((n, state) => (n > 0 ? [state] : []));
    this.readStates.sort((x, y) => this.lengthOf(x) - this.lengthOf(y));
    this.initial = this.aliveOrDead(this.valueState[part.initial] as number);
  }

  step(state: number, i: number): number {
    const { kind, a, b } = this.part;
    const v = a[i] as number;
    switch (kind[i]) {
      case READ:
        return state === this.valueState[v] ? state : IMPOSSIBLE;
      case WRITE:
        return this.aliveOrDead(this.valueState[v] as number);
      case CAS:
        return state === this.valueState[v] ? this.aliveOrDead(this.valueState[b[i] as number] as number) : IMPOSSIBLE;
      case NOT_EQUAL:
        return state === this.valueState[v] ? IMPOSSIBLE : state;
      case APPEND:
        return this.append(state, v);
      default:
        return state;
    }
  }

  isPure(i: number): boolean {
    const kind = this.part.kind[i];
    return kind === READ || kind === NOT_EQUAL;
  }

  classOf(i: number): number {
    const { kind, a, b, valueCount: V } = this.part;
    const v = a[i] as number;
    if (kind[i] === APPEND) return v;
    if (kind[i] === WRITE) return V + v;
    if (kind[i] !== CAS) return 2 * V;
    const pair = v * V + (b[i] as number);
    let c = this.casClasses.get(pair);
    if (c === undefined) {
      c = 2 * V + 1 + this.casClasses.size;
      this.casClasses.set(pair, c);
    }
    return c;
  }

  mayLeave(state: number, next: number, _i: number): boolean {
    if (!this.onlyGrows) return true;
    // Every text that must still be read has to be at least as long as the next one.
    const from = state === this.dead ? 0 : this.lengthOf(state);
    const to = next === this.dead ? Number.POSITIVE_INFINITY : this.lengthOf(next);
    let low = 0;
    for (let high = this.readStates.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.lengthOf(this.readStates[middle] as number) < from) low = middle + 1;
      else high = middle;
    }
    for (let r = low; r < this.readStates.length; r++) {
      const read = this.readStates[r] as number;
      if (this.lengthOf(read) >= to) return true;
      if ((this.need[read] as number) > 0) return false;
    }
    return true;
  }

  settle(state: number): number {
    return state;
  }

  onLift(i: number): void {
    this.count(i, -1);
  }

  onUnlift(i: number): void {
    this.count(i, 1);
  }

  release(): void {
    this.budget.give(this.bytes);
    this.bytes = 0;
  }

  private take(bytes: number): void {
    this.budget.take(bytes);
    this.bytes += bytes;
  }

  private count(i: number, by: number): void {
    const kind = this.part.kind[i];
    if ((kind !== READ && kind !== CAS) || this.part.ret[i] === NEVER) return;
    const state = this.valueState[this.part.a[i] as number] as number;
    this.need[state] = (this.need[state] as number) + by;
  }

  private lengthOf(state: number): number {
    const text = this.texts[state] as string | null;
    return text === null ? -1 : text.length;
  }

  private stateOf(text: string | null): number {
    let state = this.idOfText.get(text);
    if (state === undefined) {
      this.take(stateBytes + 2 * (text === null ? 0 : text.length));
      state = this.texts.push(text) - 1;
      this.need.push(0);
      this.idOfText.set(text, state);
    }
    return state;
  }

  private append(state: number, v: number): number {
    if (state === this.dead) return this.dead;
    const pair = state * this.part.valueCount + v;
    let after = this.appended.get(pair);
    if (after === undefined) {
      after = this.appendPiece(state, this.texts[this.valueState[v] as number] ?? "");
      this.take(pairBytes);
      this.appended.set(pair, after);
    }
    return after;
  }

  /** Looks for an observed text that goes on with `piece` after `state`, without building the text first. */
  private appendPiece(state: number, piece: string): number {
    const text = this.texts[state] ?? "";
    const at = text.length;
    const end = at + piece.length;
    let low = this.rangeStart[state] as number;
    let high = this.rangeEnd[state] as number;
    const last = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.observed[middle] as string).slice(at, end) < piece) low = middle + 1;
      else high = middle;
    }
    if (low === last || !(this.observed[low] as string).startsWith(piece, at)) return this.dead;
    this.budget.spend(100 + (end >> 3));
    const after = this.stateOf(text + piece);
    if (this.rangeEnd[after] === undefined) {
      let stop = low + 1;
      while (stop < last && (this.observed[stop] as string).startsWith(piece, at)) stop += 1;
      this.rangeStart[after] = low;
      this.rangeEnd[after] = stop;
    }
    return after;
  }

  /** A state that some observed text begins with, or the dead one. */
  private aliveOrDead(state: number): number {
    if (this.rangeEnd[state] === undefined) {
      const text = this.texts[state] ?? "";
      let low = 0;
      for (let high = this.observed.length; low < high; ) {
        const middle = (low + high) >> 1;
        if ((this.observed[middle] as string) < text) low = middle + 1;
        else high = middle;
      }
      let stop = low;
      while (stop < this.observed.length && (this.observed[stop] as string).startsWith(text)) stop += 1;
      this.rangeStart[state] = low;
      this.rangeEnd[state] = stop;
    }
    return this.rangeEnd[state] > (this.rangeStart[state] as number) ? state : this.dead;
  }
}
