// One JSONL event in plain form, in one pass over its bytes: field names without escapes, whole numbers, strings
// without escapes, null, true, false, and lists of those. Whatever is not plain is for JSON.parse.

import { textOf } from "./lines.js";

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

/** Fields with a range of bytes; the numbers index `starts` and `ends`. */
export const F = 0;
export const KEY = 1;
export const VALUE = 2;
export const OBSERVED = 3;
export const LEVEL = 4;
export const PROCESS = 5;
const SKIPPED = 6;
const TIME = 7;
const TYPE = 8;
const rangeCount = 7;

const fieldOfName: { readonly [name: string]: number } = {
  f: F,
  key: KEY,
  value: VALUE,
  observed: OBSERVED,
  level: LEVEL,
  process: PROCESS,
  time: TIME,
  type: TYPE,
};

export const INVOKE = 0;
export const OK = 1;
export const FAIL = 2;
export const INFO = 3;

const wordOk = word('"ok"');
const wordsOfType = [word('"inv'), word('oke"'), word('"fai'), word('ail"'), word('"inf'), word('nfo"')] as const;
const wordNull = word("null");

/** A number of more digits may not be exact, or not be in canonical form. */
const digitsMax = 15;
const planned = 16;
/** Field names up to this length, with what stands around them, are recognised by words. */
const plannedBytes = 16;

/** `,"time":` as words: at 0, 4, 8 and the last four bytes. Length 0 = none. */
type FieldPlan = { length: number; field: number; word0: number; word1: number; word2: number; last: number };
const noPlan: FieldPlan = { length: 0, field: SKIPPED, word0: 0, word1: 0, word2: 0, last: 0 };

/** Texts of 4 to 8 bytes are compared as two words. */
export type ShortText = {
  readonly length: number;
  readonly isShort: boolean;
  readonly first: number;
  readonly last: number;
  readonly bytes: Uint8Array;
};

function word(text: string): number {
  return new DataView(new TextEncoder().encode(text).buffer).getInt32(0);
}

/** Scans a line and keeps what it says, until the next scan. */
export class PlainLine {
  /** Of fields 0 to 6: -1 = not given. */
  readonly starts = new Int32Array(rangeCount);
  readonly ends = new Int32Array(rangeCount);
  /** `INVOKE` to `INFO`, or -1. */
  type = -1;
  /** A process that is a small number, else -1. */
  process = -1;
  /** Place of the line end. */
  end = 0;
  private readonly timeOf = new Float64Array(1);
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  // What stood before the values of earlier lines, two for each place: the next line most likely has one of them.
  private readonly plans: FieldPlan[] = Array.from({ length: 2 * planned }, () => ({ ...noPlan }));
  private field = 0;

  /** NaN = not given. */
  get time(): number {
    return this.timeOf[0] as number;
  }

  /** Scans of `bytes` follow. The last line in it has a line end, and at least 32 bytes come after that. */
  use(bytes: Uint8Array): void {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Scans the line at `from`. False: it is not in plain form. */
  scan(from: number): boolean {
    const { bytes, starts, ends } = this;
    for (let field = 0; field < rangeCount; field++) starts[field] = -1;
    this.type = -1;
    this.process = -1;
    this.timeOf[0] = Number.NaN;
    let at = from;
    for (let place = 0; ; place++) {
      const name = this.nameAt(at, place);
      if (name < 0) return false;
      const { field } = this;
      at += name;
      if (field === TIME) at = this.scanTime(at);
      else if (field === TYPE) at = this.scanType(at);
      else {
        starts[field] = at;
        at = field === PROCESS ? this.scanProcess(at) : this.valueEnd(at);
        ends[field] = at;
      }
      if (at < 0) return false;
      if (bytes[at] === COMMA) continue;
      while (bytes[at] === BLANK) at += 1;
      if (bytes[at] === COMMA) continue;
      if (bytes[at] !== CLOSE_MAP) return false;
      at += 1;
      if (bytes[at] === 0x0d) at += 1;
      this.end = at;
      return bytes[at] === 0x0a;
    }
  }

  /** Length of `{"name":` or `,"name":` at `at`, -1 if there is none. Sets `field`. */
  private nameAt(at: number, place: number): number {
    if (place < planned) {
      let plan = this.plans[2 * place] as FieldPlan;
      if (!isPlanned(this.view, at, plan)) plan = this.plans[2 * place + 1] as FieldPlan;
      if (isPlanned(this.view, at, plan)) {
        this.field = plan.field;
        return plan.length;
      }
    }
    return this.learn(at, place);
  }

  private learn(start: number, place: number): number {
    const { bytes, view } = this;
    let at = start;
    if (bytes[at] !== (place === 0 ? OPEN_MAP : COMMA)) return -1;
    at += 1;
    while (bytes[at] === BLANK) at += 1;
    if (bytes[at] !== QUOTE) return -1;
    const from = at + 1;
    at = this.stringEnd(at);
    if (at < 0) return -1;
    this.field = fieldOfName[textOf(bytes, from, at - 1)] ?? SKIPPED;
    while (bytes[at] === BLANK) at += 1;
    if (bytes[at] !== COLON) return -1;
    at += 1;
    while (bytes[at] === BLANK) at += 1;
    const length = at - start;
    if (place >= planned || length < 4 || length > plannedBytes) return length;
    const first = this.plans[2 * place] as FieldPlan;
    const plan = first.length === 0 ? first : (this.plans[2 * place + 1] as FieldPlan);
    plan.length = length;
    plan.field = this.field;
    plan.word0 = view.getInt32(start);
    plan.word1 = length > 8 ? view.getInt32(start + 4) : 0;
    plan.word2 = length > 12 ? view.getInt32(start + 8) : 0;
    plan.last = view.getInt32(at - 4);
    return length;
  }

  private scanTime(at: number): number {
    const { bytes } = this;
    // Whole numbers in two halves, since sums in floating point wait longer for each other.
    let high = 0;
    let low = 0;
    let scale = 1;
    let i = at;
    for (let digit = (bytes[i] as number) - 0x30; digit >>> 0 < 10; digit = (bytes[++i] as number) - 0x30) {
      if (i - at < 8) high = (high * 10 + digit) | 0;
      else {
        low = (low * 10 + digit) | 0;
        scale = (scale * 10) | 0;
      }
    }
    const end = i - at > digitsMax || i === at || bytes[at] === 0x30 ? this.numberEnd(at) : i;
    if (end < 0 || !isAfterValue(bytes[end] as number)) return -1;
    this.timeOf[0] = end === i && i - at <= digitsMax ? high * scale + low : Number(textOf(bytes, at, end));
    return end;
  }

  private scanProcess(at: number): number {
    const { bytes } = this;
    if (bytes[at] === QUOTE) return this.stringEnd(at);
    const end = this.numberEnd(at);
    if (end < 0 || end - at > 6 || bytes[at] === MINUS) return -1;
    let number = 0;
    for (let i = at; i < end; i++) number = number * 10 + ((bytes[i] as number) - 0x30);
    this.process = number;
    return end;
  }

  private scanType(at: number): number {
    const { view } = this;
    const first = view.getInt32(at);
    if (first === wordOk) {
      this.type = OK;
      return at + 4;
    }
    if (first === wordsOfType[0] && view.getInt32(at + 4) === wordsOfType[1]) {
      this.type = INVOKE;
      return at + 8;
    }
    const last = view.getInt32(at + 2);
    if (first === wordsOfType[2] && last === wordsOfType[3]) this.type = FAIL;
    else if (first === wordsOfType[4] && last === wordsOfType[5]) this.type = INFO;
    else return -1;
    return at + 6;
  }

  /** End of the value at `at`, -1 if it is not plain. */
  private valueEnd(at: number): number {
    const first = this.bytes[at] as number;
    if (first === QUOTE) return this.stringEnd(at);
    if (first === OPEN_LIST) return this.listEnd(at);
    if (first <= 0x39) return this.numberEnd(at);
    return this.literalEnd(at);
  }

  private stringEnd(at: number): number {
    const { bytes } = this;
    for (let i = at + 1; ; i++) {
      const byte = bytes[i] as number;
      if (byte === QUOTE) return i + 1;
      if (byte === BACKSLASH || byte < 0x20) return -1;
    }
  }

  /** A whole number without leading zeros; minus zero is not plain. */
  private numberEnd(at: number): number {
    const { bytes } = this;
    const from = bytes[at] === MINUS ? at + 1 : at;
    let i = from;
    while (((bytes[i] as number) - 0x30) >>> 0 < 10) i += 1;
    if (i === from || (bytes[from] === 0x30 && (i - from > 1 || from > at))) return -1;
    // More of the number (a fraction, an exponent) or a mistake.
    return isAfterValue(bytes[i] as number) ? i : -1;
  }

  private literalEnd(at: number): number {
    const first = this.view.getInt32(at);
    if (first === wordNull) return isAfterValue(this.bytes[at + 4] as number) ? at + 4 : -1;
    const text = textOf(this.bytes, at, at + 5);
    const length = text === "false" ? 5 : text.startsWith("true") ? 4 : 0;
    return length > 0 && isAfterValue(this.bytes[at + length] as number) ? at + length : -1;
  }

  private listEnd(at: number): number {
    const { bytes } = this;
    let i = at + 1;
    while (bytes[i] === BLANK) i += 1;
    if (bytes[i] === CLOSE_LIST) return i + 1;
    for (;;) {
      const first = bytes[i] as number;
      i =
        first === QUOTE
          ? this.stringEnd(i)
          : first <= 0x39
            ? this.numberEnd(i)
            : first === 0x6e
              ? this.literalEnd(i)
              : -1;
      if (i < 0) return -1;
      while (bytes[i] === BLANK) i += 1;
      if (bytes[i] === CLOSE_LIST) return i + 1;
      if (bytes[i] !== COMMA) return -1;
      i += 1;
      while (bytes[i] === BLANK) i += 1;
    }
  }

  /** A text to compare others with. */
  shortText(from: number, to: number): ShortText {
    const bytes = Uint8Array.prototype.slice.call(this.bytes, from, to);
    const length = to - from;
    const isShort = length >= 4 && length <= 8;
    const first = isShort ? this.view.getInt32(from) : 0;
    return { length, isShort, first, last: isShort ? this.view.getInt32(to - 4) : 0, bytes };
  }

  isText(from: number, to: number, text: ShortText): boolean {
    if (to - from !== text.length) return false;
    if (text.isShort) return this.view.getInt32(from) === text.first && this.view.getInt32(to - 4) === text.last;
    for (let i = 0; i < text.length; i++) if (this.bytes[from + i] !== text.bytes[i]) return false;
    return true;
  }

  /** Can the value in `[from, to)`, which a scan has found, be a number of its own: a scalar in canonical form? */
  isScalar(from: number, to: number): boolean {
    const first = this.bytes[from];
    if (first === OPEN_LIST) return false;
    return first === QUOTE || to - from <= digitsMax;
  }

  /** The comma in `[x,y]` if a scan has found that in `[from, to)` and x and y are scalars without blanks around; else -1. */
  middleOfPair(from: number, to: number): number {
    const { bytes } = this;
    if (bytes[from] !== OPEN_LIST) return -1;
    const middle = this.valueEnd(from + 1);
    if (middle < 0 || bytes[middle] !== COMMA || this.valueEnd(middle + 1) !== to - 1) return -1;
    return this.isScalar(from + 1, middle) && this.isScalar(middle + 1, to - 1) ? middle : -1;
  }
}

function isPlanned(view: DataView, at: number, plan: FieldPlan): boolean {
  const { length } = plan;
  if (view.getInt32(at) !== plan.word0 || length === 0 || view.getInt32(at + length - 4) !== plan.last) return false;
  if (length > 8 && view.getInt32(at + 4) !== plan.word1) return false;
  return length <= 12 || view.getInt32(at + 8) === plan.word2;
}

function isAfterValue(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_MAP || byte === CLOSE_LIST || byte === BLANK;
}
