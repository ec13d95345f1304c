// Tier 0 for texts: if every piece that is put or appended is different and a text can be cut into pieces in one way
// only, then a text that was seen tells in which order its pieces came. Each of its appends is a compare-and-set from
// the text before it to the text behind it, and a piece that nobody saw is a write of a value that nobody saw: until
// the next put no text that was seen can come about. That is a register with unique values, for the zone test.
//
// Texts are cut as bytes of JSON, where the interner has them: a code in which no character begins another one.

import type { Budget } from "./budget.js";
import * as H from "./history.js";
import type { Interner } from "./interner.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

// Constants of this module: see read/fields.ts.
const { APPEND, CAS, NOTHING, NO_VALUE, READ, WRITE } = H;

/** `notUnique`: pieces repeat, or a text can be cut in several ways. `torn`: two reads saw one piece behind different texts. */
export type TextResult =
  | { readonly verdict: "notUnique" }
  | { readonly verdict: "torn"; readonly suspects: readonly number[] }
  | { readonly verdict: "register"; readonly part: Part; readonly seenBy: (i: number) => number };

const notUnique: TextResult = { verdict: "notUnique" };
const AMBIGUOUS = -2;
const NONE = -1;

/** Pieces of more lengths are for the search. */
const lengthsMax = 16;

/** Value of every register at the start. */
const ROOT = 0;

/**
 * Turns a part with appends into one of reads, writes and compare-and-sets with equal linearizations. The result lives
 * as long as `loan`. `placeOf`: scratch room for a number by value id.
 */
export function textsAsRegister(
  part: Part,
  values: Interner,
  placeOf: Int32Array,
  budget: Budget,
  loan: Loan,
): TextResult {
  const initial = idOf(part, part.initial);
  if (values.hasHalves || (initial !== 0 && values.stringLength(initial) !== 0)) return notUnique;
  const bytes = 4 * part.valueCount + 24 * part.count;
  budget.take(bytes);
  try {
    return new TextCutter(part, values, placeOf, budget, loan).run();
  } finally {
    budget.give(bytes);
  }
}

function idOf(part: Part, value: number): number {
  return part.valueIds === null ? value : (part.valueIds[value] as number);
}

/** States are numbers: the root, one per piece that was seen, then values of their own for whatever is left. */
class TextCutter {
  private readonly part: Part;
  private readonly values: Interner;
  private readonly budget: Budget;
  private readonly loan: Loan;
  private readonly mutations: Int32Array;
  private mutationCount = 0;
  /** By value id: a place in `mutations`; means something only if the mutation there has that value. */
  private readonly placeOf: Int32Array;
  /** Lengths of pieces, each once. */
  private readonly lengths: number[] = [];
  /** The byte that ends every piece and stands nowhere else in one, or -1. */
  private end = -1;
  /** By operation: the state that its piece led to, or -1. */
  private readonly stateOf: Int32Array;
  private readonly stateOfValue: Int32Array;
  private readonly parent: Int32Array;
  private readonly length: Int32Array;
  private readonly seenBy: Int32Array;
  private states = 1;
  private pieceEnd = 0;
  /** Id and length of the last text; at first the empty one. */
  private lastText = NONE;
  private lastLength = 0;
  private lastState = ROOT;
  private torn: readonly number[] | null = null;

  constructor(part: Part, values: Interner, placeOf: Int32Array, budget: Budget, loan: Loan) {
    this.part = part;
    this.loan = loan;
    this.values = values;
    this.budget = budget;
    this.mutations = loan.any(part.count);
    this.placeOf = placeOf;
    this.stateOf = loan.filled(part.count, NONE);
    this.stateOfValue = loan.filled(part.valueCount, NONE);
    this.parent = loan.any(2 * part.count + 1);
    this.length = loan.filled(2 * part.count + 1, 0);
    this.seenBy = loan.any(2 * part.count + 1);
  }

  run(): TextResult {
    const { part } = this;
    if (!this.gatherPieces()) return notUnique;
    this.stateOfValue[part.initial] = ROOT;
    for (let i = 0; i < part.count; i++) {
      if (part.kind[i] !== READ) continue;
      const v = part.a[i] as number;
      if ((this.stateOfValue[v] as number) >= 0) continue;
      const state = this.read(i, idOf(part, v));
      if (state === AMBIGUOUS) return notUnique;
      if (this.torn !== null) return { verdict: "torn", suspects: this.torn };
      this.stateOfValue[v] = state;
    }
    return { verdict: "register", part: this.register(), seenBy: (i) => this.reader(i) };
  }

  private gatherPieces(): boolean {
    const { part, values, mutations, placeOf, budget, lengths } = this;
    const { kind, a, count, valueIds } = part;
    let used = 0;
    let end = NONE;
    let lastLength = 0;
    for (let i = 0; i < count; i++) {
      const k = kind[i];
      if (k === READ || k === NOTHING) continue;
      if (k !== WRITE && k !== APPEND) return false;
      const v = a[i] as number;
      const piece = valueIds === null ? v : (valueIds[v] as number);
      const n = values.stringLength(piece);
      if (n <= 0 || this.writerOf(piece) !== NONE) return false;
      if (used === 0) end = values.stringByte(piece, n - 1);
      placeOf[piece] = used;
      mutations[used++] = i;
      this.mutationCount = used;
      budget.spend(4 + (n >> 3));
      if (end >= 0 && values.stringIndexOf(piece, end, 0) !== n - 1) end = NONE;
      // More of them than that are of no use, see below.
      if (n !== lastLength && lengths.length <= lengthsMax && !lengths.includes(n)) lengths.push(n);
      lastLength = n;
    }
    this.end = end;
    // A long list of lengths makes cutting slow; such pieces are for the search.
    if (this.end >= 0) this.lengths.length = 0;
    return this.lengths.length <= lengthsMax;
  }

  /** The operation that puts or appends the value, or -1. */
  private writerOf(id: number): number {
    const place = this.placeOf[id] as number;
    if (place < 0 || place >= this.mutationCount) return NONE;
    const i = this.mutations[place] as number;
    return idOf(this.part, this.part.a[i] as number) === id ? i : NONE;
  }

  /** State of what read `i` saw; a state without a writer if nothing leads there. */
  private read(i: number, seen: number): number {
    const { values, lastText, lastLength, length, parent } = this;
    const seenLength = values.stringLength(seen);
    this.budget.spend(10 + (seenLength >> 2));
    if (seenLength <= 0) return this.orphan();
    let state = ROOT;
    if (seenLength < lastLength && values.stringStartsWith(lastText, seen)) {
      // A beginning of the last text: one of its states, or it ends within a piece.
      state = this.lastState;
      while ((length[state] as number) > seenLength) state = parent[state] as number;
      return length[state] === seenLength ? state : this.orphan();
    }
    // Among pieces of several lengths a longer one may reach over the end of the last text: cut from the start then.
    const goesOn = this.lengths.length <= 1 && lastLength > 0 && values.stringStartsWith(seen, lastText);
    if (goesOn) state = this.lastState;
    while ((length[state] as number) < seenLength) {
      const at = length[state] as number;
      const piece = this.pieceAt(seen, seenLength, at);
      if (piece === AMBIGUOUS) return AMBIGUOUS;
      if (piece === NONE) return this.orphan();
      const isPut = this.part.kind[piece] === WRITE;
      if (isPut && at > 0) return this.orphan();
      const before = isPut ? NONE : state;
      state = this.stateOf[piece] as number;
      if (state === NONE) state = this.add(piece, before, i, this.pieceEnd);
      else if (parent[state] !== before) {
        this.torn = [this.seenBy[state] as number, i];
        return NONE;
      }
    }
    this.lastText = seen;
    this.lastLength = seenLength;
    this.lastState = state;
    return state;
  }

  /** The operation whose piece stands at `at`. A put counts at the start only, so that it cannot be mistaken within. */
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
      if (found !== NONE) return AMBIGUOUS;
      found = i;
      this.pieceEnd = at + length;
    }
    return found;
  }

  private pieceIn(text: number, from: number, to: number): number {
    const id = this.values.findInString(text, from, to);
    return id < 0 ? NONE : this.writerOf(id);
  }

  private add(i: number, parent: number, reader: number, length: number): number {
    const state = this.states++;
    this.stateOf[i] = state;
    this.parent[state] = parent;
    this.length[state] = length;
    this.seenBy[state] = reader;
    return state;
  }

  private orphan(): number {
    return this.states++;
  }

  /** The read that told where operation `i` belongs, or -1. */
  private reader(i: number): number {
    const state = this.stateOf[i] as number;
    return state === NONE ? NONE : (this.seenBy[state] as number);
  }

  private register(): Part {
    const { part, stateOf, stateOfValue, parent } = this;
    const kind = this.loan.anyBytes(part.count);
    const a = this.loan.any(part.count);
    const b = this.loan.filled(part.count, NO_VALUE);
    const { kind: kinds, a: values } = part;
    for (let i = 0; i < part.count; i++) {
      const k = kinds[i] as number;
      const state = stateOf[i] as number;
      kind[i] = k;
      if (k === READ) a[i] = stateOfValue[values[i] as number] as number;
      else if (k === APPEND && state >= 0) {
        kind[i] = CAS;
        a[i] = parent[state] as number;
        b[i] = state;
      } else if (k !== NOTHING) {
        kind[i] = WRITE;
        a[i] = state >= 0 ? state : this.states++;
      }
    }
    const { key, count, row, call, ret, rankCount } = part;
    const valueCount = this.states;
    // Fields in the order of parts.ts, so that the compiled checkers meet one shape of object.
    return { key, count, row, kind, a, b, call, ret, rankCount, valueCount, initial: ROOT, valueIds: null };
  }
}
