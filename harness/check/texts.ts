// Tier 0 for texts: if every piece that is put or appended is different and a text can be cut into pieces in one way
// only, then a text that was seen tells in which order its pieces came. Each of its appends is a compare-and-set from
// the text before it to the text behind it, and a piece that nobody saw is a write of a value that nobody saw: until
// the next put no text that was seen can come about. That is a register with unique values, for the zone test.

import type { HistoryValue } from "../record/history.js";
import type { Budget } from "./budget.js";
import { APPEND, CAS, NO_VALUE, NOTHING, READ, WRITE } from "./history.js";
import type { Part } from "./parts.js";
import type { Loan } from "./pool.js";

/** `notUnique`: pieces repeat, or a text can be cut in several ways. `torn`: two reads saw one piece behind different texts. */
export type TextResult =
  | { readonly verdict: "notUnique" }
  | { readonly verdict: "torn"; readonly suspects: readonly number[] }
  | { readonly verdict: "register"; readonly part: Part; readonly seenBy: (i: number) => number };

const notUnique: TextResult = { verdict: "notUnique" };
const AMBIGUOUS = -2;
const NONE = -1;

/** Value of every register at the start. */
const ROOT = 0;

/** Turns a part with appends into one of reads, writes and compare-and-sets with equal linearizations. The result lives as long as `loan`. */
export function textsAsRegister(
  part: Part,
  valueOf: (value: number) => HistoryValue,
  budget: Budget,
  loan: Loan,
): TextResult {
  const initial = valueOf(part.initial);
  if (initial !== null && initial !== "") return notUnique;
  const bytes = 4 * part.valueCount + 24 * part.count;
  budget.take(bytes);
  try {
    return new TextCutter(part, valueOf, budget, loan).run();
  } finally {
    budget.give(bytes);
  }
}

/** States are numbers: the root, one per piece that was seen, then values of their own for whatever is left. */
class TextCutter {
  private readonly part: Part;
  private readonly valueOf: (value: number) => HistoryValue;
  private readonly budget: Budget;
  private readonly loan: Loan;
  private readonly writerOfPiece = new Map<string, number>();
  /** Lengths of pieces, each once. */
  private readonly lengths: number[] = [];
  /** The character that ends every piece and stands nowhere else in one, or "". */
  private end: string | null = null;
  /** By operation: the state that its piece led to, or -1. */
  private readonly stateOf: Int32Array;
  private readonly stateOfValue: Int32Array;
  private readonly parent: Int32Array;
  private readonly length: Int32Array;
  private readonly seenBy: Int32Array;
  private states = 1;
  private pieceEnd = 0;
  private lastText = "";
  private lastState = ROOT;
  private torn: readonly number[] | null = null;

  constructor(part: Part, valueOf: (value: number) => HistoryValue, budget: Budget, loan: Loan) {
    this.part = part;
    this.loan = loan;
    this.valueOf = valueOf;
    this.budget = budget;
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
      if ((i & 0xff) === 0xff) this.budget.checkTime();
      const v = part.a[i] as number;
      if ((this.stateOfValue[v] as number) >= 0) continue;
      const state = this.read(i, this.valueOf(v));
      if (state === AMBIGUOUS) return notUnique;
      if (this.torn !== null) return { verdict: "torn", suspects: this.torn };
      this.stateOfValue[v] = state;
    }
    return { verdict: "register", part: this.register(), seenBy: (i) => this.reader(i) };
  }

  private gatherPieces(): boolean {
    const { kind, a, count } = this.part;
    for (let i = 0; i < count; i++) {
      const k = kind[i];
      if (k === READ || k === NOTHING) continue;
      if (k !== WRITE && k !== APPEND) return false;
      const piece = this.valueOf(a[i] as number);
      if (typeof piece !== "string" || piece === "") return false;
      this.writerOfPiece.set(piece, i);
      const n = piece.length;
      if (!this.lengths.includes(n)) this.lengths.push(n);
      if (this.end === null) this.end = piece[n - 1] as string;
      if (piece.indexOf(this.end) !== n - 1) this.end = "";
    }
    // A long list of lengths makes cutting slow; such pieces are for the search.
    const pieces = this.writerOfPiece.size;
    if (this.end !== "" && this.end !== null) this.lengths.length = 0;
    return this.lengths.length <= 16 && pieces === this.mutationCount();
  }

  private mutationCount(): number {
    const { kind, count } = this.part;
    let mutations = 0;
    for (let i = 0; i < count; i++) if (kind[i] === WRITE || kind[i] === APPEND) mutations += 1;
    return mutations;
  }

  /** State of what read `i` saw; a state without a writer if nothing leads there. */
  private read(i: number, seen: HistoryValue): number {
    if (typeof seen !== "string" || seen === "") return this.orphan();
    const { lastText, length, parent } = this;
    let state = ROOT;
    if (seen.length < lastText.length && lastText.startsWith(seen)) {
      // A beginning of the last text: one of its states, or it ends within a piece.
      state = this.lastState;
      while ((length[state] as number) > seen.length) state = parent[state] as number;
      return length[state] === seen.length ? state : this.orphan();
    }
    // Among pieces of several lengths a longer one may reach over the end of the last text: cut from the start then.
    if (this.lengths.length <= 1 && seen.startsWith(lastText)) state = this.lastState;
    while ((length[state] as number) < seen.length) {
      const at = length[state] as number;
      const piece = this.pieceAt(seen, at);
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
    this.lastState = state;
    return state;
  }

  /** The operation whose piece stands at `at`. A put counts at the start only, so that it cannot be mistaken within. */
  private pieceAt(text: string, at: number): number {
    if (this.end !== "" && this.end !== null) {
      const end = text.indexOf(this.end, at) + 1;
      if (end === 0) return NONE;
      this.pieceEnd = end;
      return this.writerOfPiece.get(text.slice(at, end)) ?? NONE;
    }
    let found = NONE;
    for (const length of this.lengths) {
      if (at + length > text.length) continue;
      const i = this.writerOfPiece.get(text.slice(at, at + length));
      if (i === undefined) continue;
      if (found !== NONE) return AMBIGUOUS;
      found = i;
      this.pieceEnd = at + length;
    }
    return found;
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
    const { part, stateOf, stateOfValue } = this;
    const kind = this.loan.anyBytes(part.count);
    const a = this.loan.any(part.count);
    const b = this.loan.filled(part.count, NO_VALUE);
    for (let i = 0; i < part.count; i++) {
      const k = part.kind[i] as number;
      const state = stateOf[i] as number;
      kind[i] = k;
      if (k === READ) a[i] = stateOfValue[part.a[i] as number] as number;
      else if (k === APPEND && state >= 0) {
        kind[i] = CAS;
        a[i] = this.parent[state] as number;
        b[i] = state;
      } else if (k !== NOTHING) {
        kind[i] = WRITE;
        a[i] = state >= 0 ? state : this.states++;
      }
    }
    return { ...part, kind, a, b, valueCount: this.states, initial: ROOT, valueIds: null };
  }
}
