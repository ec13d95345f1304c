// The register as the search sees it: the state is the value's number. Values that nobody will look at any more are one
// state, and a value is not left while somebody must still see it and nobody can bring it back.

import type { Budget } from "./budget.js";
import { CAS, NEVER, NOT_EQUAL, NOTHING, READ, WRITE } from "./history.js";
import { IMPOSSIBLE, type Machine } from "./machine.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

/** READ, WRITE, CAS and NOT_EQUAL on one key. */
export class RegisterMachine implements Machine {
  readonly initial: number;
  private readonly part: Part;
  /** Stands for every value without remaining observers. */
  private readonly dead: number;
  /** By value: required observers not yet linearized. */
  private readonly need: Int32Array;
  /** By value: operations not yet linearized that may produce it. */
  private readonly sources: Int32Array;
  /** By value: all observers not yet linearized, with the optional ones. */
  private readonly observers: Int32Array;
  /** By value found: last compare-and-set of its list; by operation: the one before it with the same value found. */
  private readonly casOf: Int32Array;
  private readonly casBefore: Int32Array;
  private casClasses = 0;
  private readonly casClass: Int32Array;

  constructor(part: Part, budget: Budget, loan: Loan) {
    this.part = part;
    this.dead = part.valueCount;
    this.need = loan.filled(part.valueCount + 1, 0);
    this.sources = loan.filled(part.valueCount + 1, 0);
    this.observers = loan.filled(part.valueCount + 1, 0);
    this.casOf = loan.filled(part.valueCount, -1);
    this.casBefore = loan.any(part.count);
    this.casClass = loan.any(part.count);
    for (let i = 0; i < part.count; i++) {
      if ((i & 0xffff) === 0xffff) budget.checkTime();
      this.count(i, 1);
    }
    this.initial = this.canonical(part.initial);
  }

  step(state: number, i: number): number {
    const { kind, a, b } = this.part;
    switch (kind[i]) {
      case READ:
        return state === a[i] ? state : IMPOSSIBLE;
      case WRITE:
        return this.canonical(a[i] as number);
      case CAS:
        return state === a[i] ? this.canonical(b[i] as number) : IMPOSSIBLE;
      case NOT_EQUAL:
        return state === a[i] ? IMPOSSIBLE : state;
      default:
        return state;
    }
  }

  isPure(i: number): boolean {
    const kind = this.part.kind[i];
    return kind === READ || kind === NOT_EQUAL || kind === NOTHING;
  }

  /** Called once per operation, in their order. */
  classOf(i: number): number {
    const { kind, a, b, valueCount } = this.part;
    const v = a[i] as number;
    if (kind[i] === WRITE) return v;
    if (kind[i] !== CAS) return valueCount;
    const last = this.casOf[v] as number;
    let other = last;
    while (other >= 0 && b[other] !== b[i]) other = this.casBefore[other] as number;
    const c = other >= 0 ? (this.casClass[other] as number) : valueCount + 1 + this.casClasses++;
    this.casClass[i] = c;
    // One operation of every class is enough in the list.
    if (other < 0) {
      this.casBefore[i] = last;
      this.casOf[v] = i;
    }
    return c;
  }

  mayLeave(state: number, _next: number, i: number): boolean {
    if (state === this.dead || (this.sources[state] as number) > 0) return true;
    // A required compare-and-set that leaves the value is itself one of those that must see it.
    const own = this.part.kind[i] === CAS && this.part.ret[i] !== NEVER ? 1 : 0;
    return (this.need[state] as number) === own;
  }

  settle(state: number): number {
    return this.canonical(state);
  }

  onLift(i: number): void {
    this.count(i, -1);
  }

  onUnlift(i: number): void {
    this.count(i, 1);
  }

  release(): void {}

  private canonical(value: number): number {
    return this.observers[value] === 0 ? this.dead : value; // The dead state has no observers either.
  }

  private count(i: number, by: number): void {
    const { kind, a, b, ret } = this.part;
    const v = a[i] as number;
    if (kind[i] === WRITE) this.sources[v] = (this.sources[v] as number) + by;
    else if (kind[i] !== NOTHING) {
      this.observers[v] = (this.observers[v] as number) + by;
      if (ret[i] !== NEVER && kind[i] !== NOT_EQUAL) this.need[v] = (this.need[v] as number) + by;
      if (kind[i] === CAS) this.sources[b[i] as number] = (this.sources[b[i] as number] as number) + by;
    }
  }
}
