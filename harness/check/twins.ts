// Pieces that several operations put or append, as a client does that tries again or counts from the start again. Which
// operation a piece in a text comes from is often clear from time alone: it came behind all that is seen before it in
// the text, and ahead of all that is seen behind it and of the return of every read that saw it.

import * as H from "./history.js";
import type { TextCutter, TextResult } from "./texts.js";

// Constants of this module: see read/fields.ts.
const { APPEND, NEVER, WRITE } = H;

const NONE = -1;
/** Of pieces that come more often than this, time tells nothing. */
const twinsMax = 64;
/** What a twin takes in the tables below, by estimate. */
const twinBytes = 100;
/** Several operations can have written it. */
export const OPEN = -2;

/** What a text cutter knows about pieces that come more than once. */
export class Twins {
  /** Nothing has been guessed. */
  certain = true;
  /** Taken from the budget. */
  bytes = 0;
  private readonly cutter: TextCutter;
  /** By the first operation with a piece: all of them, by call. */
  private readonly groups = new Map<number, number[]>();
  /** By state: the state behind it whose writer is not known yet. */
  private readonly openBehind = new Map<number, number>();
  /** By such a state: the operations with its piece. */
  private readonly groupOf = new Map<number, readonly number[]>();
  /** By key: the first return of an operation that certainly changed it. */
  private firstChange: Int32Array | null = null;

  constructor(cutter: TextCutter) {
    this.cutter = cutter;
  }

  /** False: there are too many. */
  add(first: number, i: number): boolean {
    this.take();
    const group = this.groups.get(first);
    if (group === undefined) this.groups.set(first, [first, i]);
    else group.push(i);
    return group === undefined || group.length <= twinsMax;
  }

  private take(): void {
    this.cutter.budget.spend(10);
    this.cutter.budget.take(twinBytes);
    this.bytes += twinBytes;
  }

  has(first: number): boolean {
    return this.groups.has(first);
  }

  /**
   * The operation that wrote the piece of `first` behind `before` in what read `i` saw; -1: none can have, `OPEN`: that
   * is not clear yet. `isStart`: the piece begins the text, and `before` is the empty one.
   */
  writerAt(first: number, before: number, isStart: boolean, i: number): number {
    const { part, next, stateOf } = this.cutter;
    const { kind, call, ret } = part;
    const group = this.groupOnKey(this.groups.get(first) as number[], i);
    if (!isStart) {
      const appends = group.filter((w) => kind[w] === APPEND);
      return appends.length > 1 ? OPEN : (appends[0] ?? NONE);
    }
    // An append can begin a text only before anything else has changed the key.
    const isFree = (w: number): boolean =>
      next[before] === w ||
      (next[before] === NONE && stateOf[w] === NONE && (call[w] as number) < this.firstChangeOf(i));
    const writers = group.filter((w) => kind[w] !== APPEND || isFree(w));
    if (writers.length <= 1) return writers[0] ?? NONE;
    this.certain = false;
    return writers.findLast((w) => (call[w] as number) < (ret[i] as number)) ?? (writers[0] as number);
  }

  /** The open state behind `before`, or -1. */
  openState(before: number): number {
    return this.openBehind.get(before) ?? NONE;
  }

  /** Has the open state the piece of `first`? */
  isOf(state: number, first: number): boolean {
    return this.groupOf.get(state) === this.groups.get(first);
  }

  /** `state`, behind `before`, has a piece like `first`. Gives one of the operations that may have written it. */
  open(state: number, before: number, first: number, i: number): number {
    this.take();
    const group = this.groups.get(first) as number[];
    this.openBehind.set(before, state);
    this.groupOf.set(state, group);
    const { kind } = this.cutter.part;
    return this.groupOnKey(group, i).find((w) => kind[w] === APPEND) as number;
  }

  /** Finds the writers of the open states. Not undefined: it cannot be done. */
  settle(): TextResult | undefined {
    if (this.groupOf.size === 0) return undefined;
    const { budget, part, parent, states, stateOf, writer, next, lastRead, firstRead } = this.cutter;
    const { call, ret } = part;
    const bytes = 8 * states;
    budget.take(bytes);
    // Operations: the last to be called of all that stands before a state's end, the first to return of all behind it.
    const last = new Int32Array(states).fill(NONE);
    const first = new Int32Array(states).fill(NONE);
    const later = (x: number, y: number): number =>
      y < 0 || (x >= 0 && (call[x] as number) > (call[y] as number)) ? x : y;
    const sooner = (x: number, y: number): number =>
      y < 0 || (x >= 0 && (ret[x] as number) < (ret[y] as number)) ? x : y;
    for (let state = states - 1; state >= 0; state--) {
      budget.spend(2);
      first[state] = sooner(first[state] as number, firstRead[state] as number);
      const above = parent[state] as number;
      if (above < 0) continue;
      const own = this.groupOf.has(state) ? NONE : (writer[state] as number);
      first[above] = sooner(first[above] as number, sooner(first[state] as number, own));
    }
    for (let state = 0; state < states; state++) {
      budget.spend(2);
      const above = parent[state] as number;
      const before = above < 0 ? NONE : (last[above] as number);
      const group = this.groupOf.get(state);
      if (group !== undefined) {
        const behind = first[state] as number;
        const fitting = this.groupOnKey(group, writer[state] as number).filter((w) => {
          budget.spend(1);
          if (part.kind[w] !== APPEND || stateOf[w] !== NONE) return false;
          return (
            (before < 0 || (ret[w] as number) > (call[before] as number)) &&
            (call[w] as number) < (ret[behind] as number)
          );
        });
        const [chosen] = fitting;
        if (chosen === undefined) return this.none(group, state, before, behind);
        if (fitting.length > 1) this.certain = false;
        writer[state] = chosen;
        next[above] = chosen;
        stateOf[chosen] = state;
      }
      last[state] = later(later(before, writer[state] as number), lastRead[state] as number);
    }
    budget.give(bytes);
    return undefined;
  }

  private none(group: readonly number[], state: number, before: number, behind: number): TextResult {
    if (!this.certain) return { verdict: "notUnique" };
    const { writer } = this.cutter;
    const suspects = new Set([...this.groupOnKey(group, writer[state] as number), behind]);
    if (before >= 0) suspects.add(before);
    return { verdict: "violated", rule: "twins", suspects: [...suspects] };
  }

  private groupOnKey(group: readonly number[], i: number): readonly number[] {
    const { keyOf } = this.cutter.part;
    return keyOf === null ? group : group.filter((w) => keyOf[w] === keyOf[i]);
  }

  /** The first return of an operation that certainly changed the key of operation `i`. */
  private firstChangeOf(i: number): number {
    const { part, roots } = this.cutter;
    const { kind, ret, count, keyOf } = part;
    if (this.firstChange === null) {
      this.firstChange = new Int32Array(roots).fill(NEVER);
      for (let w = 0; w < count; w++) {
        if (kind[w] !== APPEND && kind[w] !== WRITE) continue;
        const key = keyOf === null ? 0 : (keyOf[w] as number);
        if ((ret[w] as number) < (this.firstChange[key] as number)) this.firstChange[key] = ret[w] as number;
      }
    }
    return this.firstChange[keyOf === null ? 0 : (keyOf[i] as number)] as number;
  }
}
