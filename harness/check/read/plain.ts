// One JSONL event in plain form, in one pass over its bytes: field names without escapes, whole numbers, strings
// without escapes, null, true, false, and lists of those. Whatever is not plain is for JSON.parse.
//
// What stands between the values that differ from line to line is a run: `,"key":`, or `,"type":"invoke"` with its value.
// The runs of earlier lines are remembered by their place in the line and recognised four bytes a step.

import { textOf } from "./lines.js";
import { runBytesMax, RunTable } from "./runs.js";
import { hashEnd, hashOf, hashStart, hashStep } from "./textHash.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
const BACKSLASH = 0x5c;
const BLANK = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Slots: values of their own in every line; the numbers index `kinds`, `starts`, … `FIRST` and `SECOND` are a pair's. */
export const KEY = 0;
export const VALUE = 1;
export const OBSERVED = 2;
export const PROCESS = 3;
export const FIRST = 4;
export const SECOND = 5;
const SKIPPED = 6;
const slots = 7;
// Other fields. The values of type, f and level are few and belong to their runs.
const TIME = 7;
const TYPE = 8;
const NAME = 9;
const LEVEL = 10;
const END = 11;
const NOTHING = 12;
/** Added to the field that follows a run which says a type, f or level. */
const SAYING = 16;

const fieldOfName: ReadonlyMap<string, number> = new Map([
  ["f", NAME],
  ["key", KEY],
  ["value", VALUE],
  ["observed", OBSERVED],
  ["level", LEVEL],
  ["process", PROCESS],
  ["time", TIME],
  ["type", TYPE],
]);

/** What a slot holds. `COUNT`: a whole number of 1 to 9 digits. `LIST`: a list that is not a pair of scalars. */
export const ABSENT = 0;
export const TEXT = 1;
export const COUNT = 2;
export const NULL = 3;
export const SCALAR = 4;
export const PAIR = 5;
export const LIST = 6;

export const INVOKE = 0;
export const OK = 1;
export const FAIL = 2;
/** A type is its place here. */
const types = ["invoke", "ok", "fail", "info"];

/** A number of more digits may not be exact, or not be in canonical form. */
const digitsMax = 15;
const countDigitsMax = 9;

const wordNull = 0x6c6c756e; // "null", lowest byte first

/** What the numbers of names and levels are; -1 = there are too many. */
export type Names = { nameId(name: string): number; levelId(level: string): number };

/** Scans a line and keeps what it says, until the next scan. */
export class PlainLine {
  /** All of `kinds` at once. */
  private readonly kindWords = new Int32Array(2);
  /** By slot. */
  readonly kinds = new Uint8Array(this.kindWords.buffer);
  readonly starts = new Int32Array(slots);
  readonly ends = new Int32Array(slots);
  /** Of a `COUNT` the number, of a `TEXT` its hash. */
  readonly words = new Int32Array(slots);
  /** `INVOKE` to `FAIL`, 3 = info, or -1 = not given. */
  type = -1;
  /** Ids from {@link Names}, -1 = not given. */
  name = -1;
  level = -1;
  /** Place of the line end. */
  end = 0;
  private readonly timeOf = new Float64Array(1);
  private readonly names: Names;
  private readonly runs = new RunTable();
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  // What `pieceEnd` found besides the end.
  private field = 0;
  private id = 0;

  constructor(names: Names) {
    this.names = names;
  }

  /** NaN = not given. */
  get time(): number {
    return this.timeOf[0] as number;
  }

  /** Scans of `bytes` follow. The last line in it has a line end, and at least 64 bytes come after that. */
  use(bytes: Uint8Array, view: DataView): void {
    this.bytes = bytes;
    this.view = view;
  }

  /** Scans the line at `from`. False: it is not in plain form. */
  scan(from: number): boolean {
    const { kindWords, timeOf, runs, view } = this;
    kindWords[0] = 0;
    kindWords[1] = 0;
    this.type = -1;
    this.name = -1;
    this.level = -1;
    timeOf[0] = Number.NaN;
    let at = from;
    for (let place = 0; ; place++) {
      let run = runs.find(view, at, place);
      if (run < 0) run = this.learn(at, place);
      if (run < 0) return false;
      at += runs.lengthOf(run);
      const field = runs.fieldOf(run);
      if (field >= SAYING) this.takeIds(run);
      const what = field & (SAYING - 1);
      if (what < SKIPPED) at = this.scanSlot(at, what);
      else if (what === SKIPPED) at = this.skip(at);
      else if (what === TIME) at = this.scanTime(at);
      else if (what === END) {
        this.end = at - 1;
        return true;
      }
      if (at < 0) return false;
    }
  }

  private takeIds(run: number): void {
    const { runs } = this;
    if (runs.typeOf(run) >= 0) this.type = runs.typeOf(run);
    if (runs.nameOf(run) >= 0) this.name = runs.nameOf(run);
    if (runs.levelOf(run) >= 0) this.level = runs.levelOf(run);
  }

  /** The run at `start`, read byte by byte and remembered; -1: this is not plain. */
  private learn(start: number, place: number): number {
    const ids = [-1, -1, -1];
    let at = start;
    let field = NOTHING;
    for (;;) {
      const end = this.pieceEnd(at, place === 0 && at === start);
      if (at > start && (end < 0 || end - start > runBytesMax)) break;
      if (end < 0) return -1;
      at = end;
      if (this.field < TYPE || this.field > LEVEL) {
        field = this.field;
        break;
      }
      ids[this.field - TYPE] = this.id;
    }
    const [type = -1, name = -1, level = -1] = ids;
    if (type >= 0 || name >= 0 || level >= 0) field += SAYING;
    return this.runs.add(this.view, start, at - start, place, { field, type, name, level });
  }

  /** End of what stands before a value, with the value if it is a type, f or level; -1 if it is not plain. Sets `field`, `id`. */
  private pieceEnd(start: number, isFirst: boolean): number {
    const { bytes } = this;
    let at = this.afterBlanks(start);
    if (!isFirst && bytes[at] === CLOSE_MAP) {
      if (bytes[++at] === 0x0d) at += 1;
      this.field = END;
      return bytes[at] === 0x0a ? at + 1 : -1;
    }
    if (bytes[at] !== (isFirst ? OPEN_MAP : COMMA)) return -1;
    at = this.afterBlanks(at + 1);
    if (bytes[at] !== QUOTE) return -1;
    const from = at + 1;
    at = this.textEnd(at, SKIPPED);
    if (at < 0) return -1;
    this.field = fieldOfName.get(textOf(bytes, from, at - 1)) ?? SKIPPED;
    at = this.afterBlanks(at);
    if (bytes[at] !== COLON) return -1;
    at = this.afterBlanks(at + 1);
    return this.field < TYPE || this.field > LEVEL ? at : this.saidEnd(at);
  }

  private saidEnd(at: number): number {
    if (this.bytes[at] !== QUOTE) return -1;
    const end = this.textEnd(at, SKIPPED);
    if (end < 0) return -1;
    const text = textOf(this.bytes, at + 1, end - 1);
    if (this.field === TYPE) this.id = types.indexOf(text);
    else this.id = this.field === NAME ? this.names.nameId(text) : this.names.levelId(text);
    return this.id < 0 ? -1 : end;
  }

  private afterBlanks(at: number): number {
    let i = at;
    while (this.bytes[i] === BLANK) i += 1;
    return i;
  }

  /** Nanoseconds, whole and >= 0. */
  private scanTime(at: number): number {
    const { bytes, view, timeOf } = this;
    // Four digits a step. In two halves, since sums in floating point wait longer for each other.
    let high = 0;
    let low = 0;
    let scale = 1;
    let i = at;
    for (let word = view.getInt32(i, true); i - at < 8 && isFourDigits(word); word = view.getInt32(i, true)) {
      high = high * 10_000 + fourDigits(word);
      i += 4;
    }
    const word = view.getInt32(i, true);
    if (i - at === 8 && isFourDigits(word)) {
      low = fourDigits(word);
      scale = 10_000;
      i += 4;
    }
    for (let digit = (bytes[i] as number) - ZERO; digit >>> 0 < 10; digit = (bytes[++i] as number) - ZERO) {
      if (i - at >= digitsMax) return -1;
      low = low * 10 + digit;
      scale *= 10;
    }
    if (i === at || (bytes[at] === ZERO && i - at > 1)) return -1;
    timeOf[0] = high * scale + low;
    return i;
  }

  /** Scans the value at `at` into a slot. Its end, -1 if it is not plain. */
  private scanSlot(at: number, slot: number): number {
    const first = this.bytes[at] as number;
    let end = -1;
    if (first === QUOTE) end = this.textEnd(at, slot);
    else if ((first - ZERO) >>> 0 < 10) end = this.countEnd(at, slot);
    else if (first === OPEN_LIST) end = slot < FIRST ? this.pairOrListEnd(at, slot) : -1;
    else end = this.otherEnd(at, slot);
    this.starts[slot] = at;
    this.ends[slot] = end;
    return end;
  }

  /** End of a value that is not kept. */
  private skip(at: number): number {
    const { bytes, view } = this;
    let i = at;
    while (isFourDigits(view.getInt32(i, true))) i += 4;
    while (((bytes[i] as number) - ZERO) >>> 0 < 10) i += 1;
    if (i > at) return i - at > 1 && bytes[at] === ZERO ? -1 : i;
    return bytes[at] === OPEN_LIST ? this.listEnd(at) : this.scanSlot(at, SKIPPED);
  }

  private textEnd(at: number, slot: number): number {
    const { view, bytes } = this;
    let hash = hashStart;
    let i = at + 1;
    for (;;) {
      const word = view.getInt32(i, true);
      // Bit 7 of the lowest byte that is a quote, a backslash, below 0x20 or above 0x7f, and perhaps of higher ones.
      const special =
        (((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | (word - 0x20202020) | word) &
        0x80808080;
      if (special === 0) {
        hash = hashStep(hash, word);
        i += 4;
        continue;
      }
      const ordinary = (31 - Math.clz32(special & -special)) >> 3;
      i += ordinary;
      const byte = bytes[i] as number;
      if (byte > 0x7f) return this.foreignTextEnd(at, i, slot);
      if (byte !== QUOTE) return -1;
      this.kinds[slot] = TEXT;
      this.words[slot] = hashEnd(hash, word & ((1 << (8 * ordinary)) - 1), i - at - 1);
      return i + 1;
    }
  }

  /** The same for a text that is not ASCII from `from` on. */
  private foreignTextEnd(at: number, from: number, slot: number): number {
    const { bytes } = this;
    let i = from;
    while ((bytes[i] as number) >= 0x20 && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH) i += 1;
    if (bytes[i] !== QUOTE) return -1;
    this.kinds[slot] = TEXT;
    this.words[slot] = hashOf(this.view, at + 1, i);
    return i + 1;
  }

  private countEnd(at: number, slot: number): number {
    const { view, bytes } = this;
    let n = 0;
    let i = at;
    for (let word = view.getInt32(i, true); i - at < 8 && isFourDigits(word); word = view.getInt32(i, true)) {
      n = n * 10_000 + fourDigits(word);
      i += 4;
    }
    for (let digit = (bytes[i] as number) - ZERO; digit >>> 0 < 10; digit = (bytes[++i] as number) - ZERO) {
      n = (n * 10 + digit) | 0;
    }
    const digits = i - at;
    if (digits > digitsMax || (digits > 1 && bytes[at] === ZERO)) return -1;
    this.kinds[slot] = digits <= countDigitsMax ? COUNT : SCALAR;
    this.words[slot] = n;
    return i;
  }

  /** End of null, true, false or a number below zero. */
  private otherEnd(at: number, slot: number): number {
    const { bytes, view } = this;
    this.kinds[slot] = SCALAR;
    if (view.getInt32(at, true) === wordNull) {
      this.kinds[slot] = NULL;
      return at + 4;
    }
    if (bytes[at] === MINUS) {
      // Minus zero is not canonical.
      const digit = (bytes[at + 1] as number) - ZERO;
      if (digit < 1 || digit > 9) return -1;
      const end = this.countEnd(at + 1, slot);
      this.kinds[slot] = SCALAR;
      return end;
    }
    const text = textOf(bytes, at, at + 5);
    if (text === "false") return at + 5;
    return text.startsWith("true") ? at + 4 : -1;
  }

  /** End of a list at `at`: a `PAIR` if it is `[x,y]` of two scalars, which `FIRST` and `SECOND` then hold, else a `LIST`. */
  private pairOrListEnd(at: number, slot: number): number {
    const end = slot === VALUE ? this.pairEnd(at) : -1;
    this.kinds[slot] = end < 0 ? LIST : PAIR;
    return end < 0 ? this.listEnd(at) : end;
  }

  private pairEnd(at: number): number {
    const middle = this.scanSlot(at + 1, FIRST);
    if (middle < 0 || this.bytes[middle] !== COMMA) return -1;
    const end = this.scanSlot(middle + 1, SECOND);
    return end < 0 || this.bytes[end] !== CLOSE_LIST ? -1 : end + 1;
  }

  /** The elements are no lists, so that deep nesting is for JSON.parse. */
  private listEnd(at: number): number {
    const { bytes } = this;
    let i = this.afterBlanks(at + 1);
    if (bytes[i] === CLOSE_LIST) return i + 1;
    for (;;) {
      i = this.scanSlot(i, SKIPPED);
      if (i < 0) return -1;
      i = this.afterBlanks(i);
      if (bytes[i] === CLOSE_LIST) return i + 1;
      if (bytes[i] !== COMMA) return -1;
      i = this.afterBlanks(i + 1);
    }
  }
}

function isFourDigits(word: number): boolean {
  const t = word ^ 0x30303030;
  return ((t | (t + 0x06060606)) & 0xf0f0f0f0) === 0;
}

/** The number that four digits make, the first in the lowest byte. */
function fourDigits(word: number): number {
  const t = word & 0x0f0f0f0f;
  const pairs = (t * 10 + (t >>> 8)) & 0x00ff00ff;
  return (pairs * 100 + (pairs >>> 16)) & 0xffff;
}
