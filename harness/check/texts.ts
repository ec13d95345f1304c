// Tier 0 for texts: if every piece that is put or appended is different and a text can be cut into pieces in one way
// only, then a text that was seen tells in which order its pieces came. Each of its appends is a compare-and-set from
// the text before it to the text behind it, and a piece that nobody saw is a write of a value that nobody saw: until
// the next put no text that was seen can come about. That is a register with unique values, for the zone test.
//
// All keys can be cut at once: values are beginnings of texts, and a beginning belongs to one key. Pieces that come
// twice on a key are told apart by time where that is possible: see twins.ts.
//
// Texts are cut as bytes of JSON, where the interner has them: a code in which no character begins another one.

import type { Budget } from "./budget.js";
import { type Clusters, VIRTUAL } from "./clusters.js";
import * as H from "./history.js";
import type { Interner } from "./interner.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";
import { type Seen, seenIn, spreadToReads } from "./seen.js";
import { OPEN, Twins } from "./twins.js";

// Constants of this module: see read/fields.ts.
const { APPEND, NEVER, NOTHING, READ, WRITE } = H;

/** `notUnique`: pieces repeat, or a text can be cut in several ways. */
export type TextResult =
  | { readonly verdict: "notUnique" }
  | { readonly verdict: "violated"; readonly rule: TextRule; readonly suspects: readonly number[] }
  | {
      readonly verdict: "register";
      /** The operations under the same numbers, with beginnings as values. */
      readonly part: Part;
      readonly clusters: Clusters;
      /** A read that tells where the piece of operation `i` belongs, or -1. */
      readonly seenBy: (i: number) => number;
      /** False: which of two equal pieces is which was guessed, so that a violation shows nothing. */
      readonly certain: boolean;
    };

/** `torn`: two reads saw one piece behind different texts. `twins`: see twins.ts. */
export type TextRule = "thinAir" | "twoCas" | "zonesOverlap" | "torn" | "twins";

const notUnique: TextResult = { verdict: "notUnique" };
const NONE = -1;
/** Instead of a state: the text can be cut in several ways, or it is part of a violation. */
const STOP = -2;

/** Pieces of more lengths are for the search. */
const lengthsMax = 16;

/**
 * Turns a part with appends into one of reads, writes and compare-and-sets with equal linearizations. The result lives
 * as long as `loan`. `placeOf`: scratch room for a number by value id. `keys`: keys are below this number.
 */
export function textsAsRegister(
  part: Part,
  values: Interner,
  placeOf: Int32Array,
  keys: number,
  budget: Budget,
  loan: Loan,
): TextResult {
  const initial = idOf(part, part.initial);
  if (values.hasHalves || (initial !== 0 && values.stringLength(initial) !== 0)) return notUnique;
  const roots = part.keyOf === null ? 1 : keys;
  const bytes = 4 * part.valueCount + 40 * (part.count + roots);
  budget.take(bytes);
  const cutter = new TextCutter(part, values, placeOf, roots, budget, loan);
  try {
    return cutter.run();
  } finally {
    budget.give(bytes + (cutter.twins?.bytes ?? 0));
  }
}

function idOf(part: Part, value: number): number {
  return part.valueIds === null ? value : (part.valueIds[value] as number);
}

/** States are numbers: the empty text of every key, then one for every beginning that was seen, up to a piece's end. */
export class TextCutter {
  readonly part: Part;
  private readonly values: Interner;
  readonly budget: Budget;
  private readonly loan: Loan;
  readonly roots: number;
  private readonly size: number;
  /** By value id: its mutation; holds anything for what is no mutation's value. */
  private readonly placeOf: Int32Array;
  /** Lengths of pieces, each once. */
  private readonly lengths: number[] = [];
  /** The byte that ends every piece and stands nowhere else in one, or -1. */
  private end = -1;
  /** By operation: the state that it saw, or that its piece led to; or -1. */
  readonly stateOf: Int32Array;
  /** By state. */
  readonly parent: Int32Array;
  private readonly length: Int32Array;
  readonly writer: Int32Array;
  readonly next: Int32Array;
  readonly firstRead: Int32Array;
  readonly lastRead: Int32Array;
  states: number;
  /** By key: id and state of the last text that was longer than its own last one. */
  private readonly lastText: Int32Array;
  private readonly lastState: Int32Array;
  private pieceEnd = 0;
  twins: Twins | null = null;
  private stop: TextResult = notUnique;

  constructor(part: Part, values: Interner, placeOf: Int32Array, roots: number, budget: Budget, loan: Loan) {
    const size = part.count + roots;
    this.size = size;
    this.part = part;
    this.loan = loan;
    this.values = values;
    this.budget = budget;
    this.roots = roots;
    this.states = roots;
    this.placeOf = placeOf;
    this.stateOf = loan.filled(part.count, NONE);
    this.parent = loan.any(size);
    this.length = loan.any(size);
    this.writer = loan.any(size);
    this.next = loan.any(size);
    this.firstRead = loan.any(size);
    this.lastRead = loan.any(size);
    this.lastText = loan.filled(roots, NONE);
    this.lastState = loan.any(roots);
    for (let root = 0; root < roots; root++) {
      this.setState(root, NONE, VIRTUAL, 0);
      this.lastState[root] = root;
    }
  }

  run(): TextResult {
    if (!this.gatherPieces()) return notUnique;
    const seen = seenIn(this.part, this.roots, this.budget, this.loan);
    if (seen.again !== null && this.isOnce(seen.again[2])) {
      return { verdict: "violated", rule: "zonesOverlap", suspects: seen.again.filter((i) => i >= 0) };
    }
    if (!this.gatherReads(seen)) return this.twins === null || this.twins.certain ? this.stop : notUnique;
    const unclear = this.twins?.settle();
    if (unclear !== undefined) return unclear;
    return this.register();
  }

  private gatherPieces(): boolean {
    const { part, values, placeOf, budget } = this;
    const { kind, a, count, valueIds } = part;
    let end = -2;
    for (let i = 0; i < count; i++) {
      const k = kind[i];
      if (k === READ || k === NOTHING) continue;
      if (k !== WRITE && k !== APPEND) return false;
      const v = a[i] as number;
      const piece = valueIds === null ? v : (valueIds[v] as number);
      const n = values.stringLength(piece);
      if (n <= 0) return false;
      const before = this.writerOf(piece);
      if (before >= 0 && before < i) {
        this.twins ??= new Twins(this);
        if (!this.twins.add(before, i)) return false;
        continue;
      }
      placeOf[piece] = i;
      budget.spend(4 + (n >> 3));
      if (end === -2) end = values.stringByte(piece, n - 1);
      if (end >= 0 && values.stringIndexOf(piece, end, 0) !== n - 1) end = NONE;
    }
    this.end = end;
    return end >= 0 || this.gatherLengths();
  }

  /** False: a long list of lengths makes cutting slow; such pieces are for the search. */
  private gatherLengths(): boolean {
    const { part, values, lengths } = this;
    for (let i = 0; i < part.count; i++) {
      if (part.kind[i] !== WRITE && part.kind[i] !== APPEND) continue;
      const n = values.stringLength(idOf(part, part.a[i] as number));
      this.budget.spend(2);
      if (!lengths.includes(n)) lengths.push(n);
      if (lengths.length > lengthsMax) return false;
    }
    return true;
  }

  /** The first operation that puts or appends the value, or -1. */
  private writerOf(id: number): number {
    const { kind, a, count, valueIds } = this.part;
    const i = this.placeOf[id] as number;
    if (i < 0 || i >= count || (kind[i] !== APPEND && kind[i] !== WRITE)) return NONE;
    const v = a[i] as number;
    return (valueIds === null ? v : (valueIds[v] as number)) === id ? i : NONE;
  }

  /** Is it certain that the text which read `i` saw came about only once? Beginnings of texts do, unless twins are guessed. */
  private isOnce(i: number): boolean {
    const { part } = this;
    return part.a[i] === part.initial || (this.read(i) >= 0 && this.twins?.certain !== false);
  }

  /** Finds the state of every text that was seen. False: `stop` says why not. */
  private gatherReads(seen: Seen): boolean {
    const { part, stateOf, firstRead, lastRead, roots } = this;
    const { ret, keyOf } = part;
    for (let root = 0; root < roots; root++) {
      firstRead[root] = seen.first[root] as number;
      lastRead[root] = seen.last[root] as number;
    }
    for (let place = roots; place < seen.count; place++) {
      const i = seen.first[place] as number;
      const last = seen.last[place] as number;
      const state = this.read(i);
      if (state < 0) return false;
      const first = firstRead[state] as number;
      if (first < 0 || (ret[i] as number) < (ret[first] as number)) firstRead[state] = i;
      if (last > (lastRead[state] as number)) lastRead[state] = last;
      stateOf[i] = state;
    }
    // For an order.
    if (keyOf === null) spreadToReads(part, seen, stateOf);
    return true;
  }

  /** State of what read `i` saw, or STOP. */
  private read(i: number): number {
    const { part, values, length, parent } = this;
    const seen = idOf(part, part.a[i] as number);
    const key = part.keyOf === null ? 0 : (part.keyOf[i] as number);
    const seenLength = values.stringLength(seen);
    this.budget.spend(10 + (seenLength >> 2));
    if (seenLength <= 0) return this.violated("thinAir", [i]);
    const lastText = this.lastText[key] as number;
    const lastLength = lastText < 0 ? 0 : values.stringLength(lastText);
    let state = key;
    if (seenLength < lastLength && values.stringStartsWith(lastText, seen)) {
      // A beginning of the last text: one of its states, or it ends within a piece.
      state = this.lastState[key] as number;
      while ((length[state] as number) > seenLength) state = parent[state] as number;
      return length[state] === seenLength ? state : this.violated("thinAir", [i]);
    }
    // Among pieces of several lengths a longer one may reach over the end of the last text: cut from the start then.
    const goesOn = this.lengths.length <= 1 && lastLength > 0 && values.stringStartsWith(seen, lastText);
    if (goesOn) state = this.lastState[key] as number;
    while ((length[state] as number) < seenLength) {
      const at = length[state] as number;
      const piece = this.pieceAt(seen, seenLength, at);
      if (piece === STOP) return STOP;
      if (piece === NONE) return this.violated("thinAir", [i]);
      state = this.follow(state, piece, i, key);
      if (state < 0) return STOP;
    }
    this.lastText[key] = seen;
    this.lastState[key] = state;
    return state;
  }

  /** The state behind `before` and the piece of mutation `found`, or of a twin of it, which read `i` saw there. */
  private follow(before: number, found: number, i: number, key: number): number {
    const { twins, part } = this;
    let piece = found;
    if (twins?.has(found)) {
      piece = twins.writerAt(found, before, before === key, i);
      if (piece === NONE) return this.violated("thinAir", [i]);
      if (piece === OPEN) {
        const open = twins.openState(before);
        if (open >= 0 && twins.isOf(open, found)) return open;
        const state = this.add(NONE, before, i);
        if (state >= 0) {
          const one = twins.open(state, before, found, i);
          this.writer[state] = one;
          this.next[before] = one;
        }
        return state;
      }
    }
    if (part.keyOf !== null && part.keyOf[piece] !== key) return this.violated("thinAir", [i]);
    const isPut = part.kind[piece] === WRITE;
    // A put counts at the start only, so that it cannot be mistaken within.
    if (isPut && before !== key) return this.violated("thinAir", [i]);
    const parent = isPut ? NONE : before;
    const state = this.stateOf[piece] as number;
    if (state === NONE) return this.add(piece, parent, i);
    return this.parent[state] === parent ? state : this.violated("torn", [this.readerOf(state, i), i]);
  }

  private add(piece: number, parent: number, i: number): number {
    if (parent >= 0) {
      if ((this.next[parent] as number) >= 0) return this.twoNext(parent, piece, i);
      this.next[parent] = piece;
    }
    const state = this.states++;
    // More states than operations: some twin would have written two.
    if (state === this.size) return this.giveUp();
    if (piece >= 0) this.stateOf[piece] = state;
    this.setState(state, parent, piece, this.pieceEnd);
    return state;
  }

  private giveUp(): number {
    this.stop = notUnique;
    return STOP;
  }

  private setState(state: number, parent: number, writer: number, length: number): void {
    this.parent[state] = parent;
    this.length[state] = length;
    this.writer[state] = writer;
    this.next[state] = NONE;
    this.firstRead[state] = NONE;
    this.lastRead[state] = NONE;
  }

  private twoNext(before: number, piece: number, i: number): number {
    const other = this.next[before] as number;
    const suspects = [other, this.readerOf(this.childOf(before), i), i];
    if (piece >= 0) suspects.push(piece);
    return this.violated("twoCas", suspects);
  }

  private violated(rule: TextRule, suspects: readonly number[]): number {
    this.stop = { verdict: "violated", rule, suspects: [...new Set(suspects)] };
    return STOP;
  }

  private childOf(state: number): number {
    const op = this.next[state] as number;
    if (op < 0) return NONE;
    const child = this.stateOf[op] as number;
    return child >= 0 && this.parent[child] === state ? child : (this.twins?.openState(state) ?? NONE);
  }

  /** A read that saw a text beginning with `state`; `otherwise` if none has been noted. */
  readerOf(state: number, otherwise: number): number {
    for (let s = state; s >= 0; s = this.childOf(s)) {
      if ((this.firstRead[s] as number) >= 0) return this.firstRead[s] as number;
    }
    return otherwise;
  }

  /** The operation whose piece stands at `at`. */
  private pieceAt(text: number, textLength: number, at: number): number {
    if (this.end >= 0) {
      const end = this.values.stringIndexOf(text, this.end, at) + 1;
      if (end === 0) return NONE;
      this.pieceEnd = end;
      return this.pieceIn(text, at, end);
    }
    let found = NONE;
    for (const length of this.lengths) {
      if (at + length > textLength) continue;
      const i = this.pieceIn(text, at, at + length);
      if (i === NONE) continue;
      if (found !== NONE) return this.giveUp();
      found = i;
      this.pieceEnd = at + length;
    }
    return found;
  }

  private pieceIn(text: number, from: number, to: number): number {
    const id = this.values.findInString(text, from, to);
    return id < 0 ? NONE : this.writerOf(id);
  }

  private register(): TextResult {
    const { part, stateOf, states, parent, roots } = this;
    const { kind, ret, count } = part;
    const alone = this.loan.any(count);
    let aloneCount = 0;
    for (let i = 0; i < count; i++) {
      const k = kind[i];
      if (stateOf[i] === NONE && (k === WRITE || k === APPEND) && ret[i] !== NEVER) alone[aloneCount++] = i;
    }
    let casCount = 0;
    for (let state = roots; state < states; state++) if ((parent[state] as number) >= 0) casCount += 1;
    const { writer, next, firstRead, lastRead } = this;
    const writeCount = states - roots - casCount;
    const clusters = { writer, next, lastRead, firstRead, roots, alone, aloneCount, writeCount, casCount };
    const { key, row, call, rankCount, keyOf } = part;
    // Fields in the order of parts.ts, so that the compiled checkers meet one shape of object.
    const register = {
      key,
      count,
      row,
      kind,
      a: stateOf,
      b: stateOf,
      call,
      ret,
      rankCount,
      valueCount: states,
      initial: 0,
      valueIds: null,
      keyOf,
    };
    const seenBy = (i: number): number => this.readerOf(stateOf[i] as number, NONE);
    return { verdict: "register", part: register, clusters, seenBy, certain: this.twins?.certain !== false };
  }
}
