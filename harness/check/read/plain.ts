// One JSONL event in plain form, in one pass over its bytes: field names without escapes, whole numbers, strings
// without escapes, null, true, false, and lists of those. Whatever is not plain is for JSON.parse.
//
// What stands between the values that differ from line to line is a run: `,"time":`, or `,"type":"invoke","f":"put"` with
// its values. The runs of earlier lines are remembered by their place in the line and recognised eight bytes a step.

import { block } from "./block.js";
import { countIn, eightDigits, numberIn, upToEight } from "./digits.js";
import * as Fields from "./fields.js";
import { textOf } from "./lines.js";
import * as Run from "./runs.js";
import { hashEnd, hashOf, hashStart, hashStep, hashTwoSteps } from "./textHash.js";

// Constants of this module: see fields.ts.
const {
  KEY,
  VALUE,
  OBSERVED,
  PROCESS,
  FIRST,
  SECOND,
  SKIPPED,
  TIME,
  TYPE,
  NAME,
  LEVEL,
  END,
  NOTHING,
  SAID_KEY,
  SAYING,
  START,
  STOP,
  WORD,
  TYPE_ID,
  NAME_ID,
  LEVEL_ID,
  LINE_END,
  ABSENT,
  TEXT,
  COUNT,
  NULL,
  SCALAR,
  PAIR,
  LIST,
  SAID,
} = Fields;

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

/** A type is its place here. */
const types = ["invoke", "ok", "fail", "info"];

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

/** A number of more digits may not be exact, or not be in canonical form. */
const digitsMax = 15;
const countDigitsMax = 9;
/** A longer text that nobody needs is not worth remembering. */
const saidBytesMax = 32;
/** `}` and a line end, lowest byte first. */
const endOfLine = 0x0a7d;
const wordNull = 0x6c6c756e; // "null", lowest byte first

/** What the numbers of names, levels and keys are; -1 = there are too many. */
export type Names = { nameId(name: string): number; levelId(level: string): number; keyId(json: string): number };

// Arrays that never change their place, and long enough to lie outside the heap that moves: see block.ts.
const view = new DataView(block.buffer);
const said = new Int32Array(32);
const times = new Float64Array(16);
const powers = Float64Array.from({ length: 16 }, (_, n) => 10 ** n);
const runs = Run.runTable();
const { FIELD, KEY_ID, TYPE: RUN_TYPE, NAME: RUN_NAME, LEVEL: RUN_LEVEL } = Run;
const EIGHT = eightDigits;
let names: Names = { nameId: () => -1, levelId: () => -1, keyId: () => -1 };
/** Keys, and texts nobody needs, are few so far: they belong to runs too. */
let few = true;
// What `pieceEnd` found besides the end.
let field = 0;
let id = 0;

/** A new history comes. What a line says is in the first array; the time of its event in the other, NaN = not given. */
export function startScanning(of: Names): { readonly said: Int32Array; readonly times: Float64Array } {
  names = of;
  few = true;
  Run.clearRuns();
  return { said, times };
}

/** Scans the line at `from` in the block. False: it is not in plain form. */
export function scanLine(from: number): boolean {
  said[KEY] = ABSENT;
  said[VALUE] = ABSENT;
  said[OBSERVED] = ABSENT;
  said[PROCESS] = ABSENT;
  said[TYPE_ID] = -1;
  said[NAME_ID] = -1;
  said[LEVEL_ID] = -1;
  times[0] = Number.NaN;
  let at = from;
  let what = NOTHING;
  for (let place = 0; ; place++) {
    if ((view.getInt32(at, true) & 0xffff) === endOfLine && place > 0) {
      said[LINE_END] = at + 1;
      return true;
    }
    let run = Run.findRun(at, place);
    if (run < 0) run = learn(at, place, what === SAID_KEY);
    if (run < 0) return false;
    at += runs[run] as number;
    what = runs[run + FIELD] as number;
    if (what >= SAYING) {
      takeIds(run);
      what -= SAYING;
    }
    if (what === SKIPPED) at = skip(at);
    else if (what < SKIPPED) at = scanSlot(at, what);
    else if (what === TIME) at = scanTime(at);
    else if (what === END) {
      said[LINE_END] = at - 1;
      return true;
    }
    if (at < 0) return false;
  }
}

function takeIds(run: number): void {
  const type = runs[run + RUN_TYPE] as number;
  const name = runs[run + RUN_NAME] as number;
  const level = runs[run + RUN_LEVEL] as number;
  const key = runs[run + KEY_ID] as number;
  if (type >= 0) said[TYPE_ID] = type;
  if (name >= 0) said[NAME_ID] = name;
  if (level >= 0) said[LEVEL_ID] = level;
  if (key < 0) return;
  said[KEY] = SAID;
  said[KEY + WORD] = key;
}

/** The run at `start`, read byte by byte and remembered; -1: this is not plain. */
function learn(start: number, place: number, isKey: boolean): number {
  const ids = [-1, -1, -1];
  let at = isKey ? scanSlot(start, KEY) : start;
  if (at < 0) return -1;
  const key = isKey ? names.keyId(textOf(block, start, at)) : -1;
  if (isKey && key < 0) return -1;
  const first = at;
  let next = NOTHING;
  for (;;) {
    const end = pieceEnd(at, place === 0 && at === start);
    if (at > first && (end < 0 || end - start > Run.runBytesMax)) break;
    if (end < 0) return -1;
    at = end;
    if (field < TYPE || field > LEVEL) {
      next = field;
      if (next !== NOTHING) break;
    } else ids[field - TYPE] = id;
  }
  const [type = -1, name = -1, level = -1] = ids;
  if (type >= 0 || name >= 0 || level >= 0 || key >= 0) next += SAYING;
  const isTooMany = few && Run.isFull(place);
  if (isTooMany) {
    few = false;
    Run.clearRuns();
  }
  return Run.addRun(start, at - start, isTooMany ? Run.noPlace : place, { field: next, type, name, level, key });
}

/** End of what stands before a value, with the value if it is one of few; -1 if it is not plain. Sets `field`, `id`. */
function pieceEnd(start: number, isFirst: boolean): number {
  let at = afterBlanks(start);
  if (!isFirst && block[at] === CLOSE_MAP) {
    if (block[++at] === 0x0d) at += 1;
    field = END;
    return block[at] === 0x0a ? at + 1 : -1;
  }
  if (block[at] !== (isFirst ? OPEN_MAP : COMMA)) return -1;
  at = afterBlanks(at + 1);
  if (block[at] !== QUOTE) return -1;
  const from = at + 1;
  at = textEnd(at, SKIPPED);
  if (at < 0) return -1;
  const known = fieldOfName.get(textOf(block, from, at - 1)) ?? SKIPPED;
  field = known;
  at = afterBlanks(at);
  if (block[at] !== COLON) return -1;
  at = afterBlanks(at + 1);
  if (known >= TYPE) return saidEnd(at, known);
  if (!few || block[at] !== QUOTE) return at;
  if (known === KEY) field = SAID_KEY;
  if (known !== SKIPPED) return at;
  const end = textEnd(at, SKIPPED);
  if (end < 0 || end - at > saidBytesMax) return at;
  field = NOTHING;
  return end;
}

function saidEnd(at: number, known: number): number {
  if (block[at] !== QUOTE) return -1;
  const end = textEnd(at, SKIPPED);
  if (end < 0) return -1;
  const text = textOf(block, at + 1, end - 1);
  if (known === TYPE) id = types.indexOf(text);
  else id = known === NAME ? names.nameId(text) : names.levelId(text);
  return id < 0 ? -1 : end;
}

function afterBlanks(at: number): number {
  let i = at;
  while (block[i] === BLANK) i += 1;
  return i;
}

/** Nanoseconds, whole and >= 0. */
function scanTime(at: number): number {
  const found = upToEight(at);
  let digits = countIn(found);
  let time = numberIn(found);
  if (found >= EIGHT) {
    const more = upToEight(at + 8);
    digits += countIn(more);
    if (digits > digitsMax) return -1;
    time = time * (powers[digits - 8] as number) + numberIn(more);
  }
  if (digits === 0 || ((view.getInt32(at, true) & 0xff) === ZERO && digits > 1)) return -1;
  times[0] = time;
  return at + digits;
}

/** Scans the value at `at` into a slot. Its end, -1 if it is not plain. */
function scanSlot(at: number, slot: number): number {
  const first = view.getInt32(at, true) & 0xff;
  if (first === QUOTE) return textEnd(at, slot);
  if ((first - ZERO) >>> 0 < 10) return countEnd(at, slot);
  let end = -1;
  if (first === OPEN_LIST) end = slot < FIRST ? pairOrListEnd(at, slot) : -1;
  else end = otherEnd(at, slot);
  said[slot + START] = at;
  said[slot + STOP] = end;
  return end;
}

/** End of a value that is not kept. */
function skip(at: number): number {
  let i = at;
  let found = upToEight(i);
  while (found >= EIGHT) {
    i += 8;
    found = upToEight(i);
  }
  i += countIn(found);
  if (i > at) return i - at > 1 && (view.getInt32(at, true) & 0xff) === ZERO ? -1 : i;
  return block[at] === OPEN_LIST ? listEnd(at) : scanSlot(at, SKIPPED);
}

function textEnd(at: number, slot: number): number {
  let hash = hashStart;
  let i = at + 1;
  for (;;) {
    let word = view.getInt32(i, true);
    let special = specialIn(word);
    if (special === 0) {
      const next = view.getInt32(i + 4, true);
      special = specialIn(next);
      if (special === 0) {
        hash = hashTwoSteps(hash, word, next);
        i += 8;
        continue;
      }
      hash = hashStep(hash, word);
      word = next;
      i += 4;
    }
    const bits = (31 - Math.clz32(special & -special)) & 24;
    i += bits >> 3;
    const byte = view.getInt32(i, true) & 0xff;
    if (byte > 0x7f) return foreignTextEnd(at, i, slot);
    if (byte !== QUOTE) return -1;
    said[slot] = TEXT;
    said[slot + START] = at;
    said[slot + STOP] = i + 1;
    said[slot + WORD] = hashEnd(hash, word & ((1 << bits) - 1), i - at - 1);
    return i + 1;
  }
}

/** The same for a text that is not ASCII from `from` on. */
function foreignTextEnd(at: number, from: number, slot: number): number {
  let i = from;
  while ((block[i] as number) >= 0x20 && block[i] !== QUOTE && block[i] !== BACKSLASH) i += 1;
  if (block[i] !== QUOTE) return -1;
  said[slot] = TEXT;
  said[slot + START] = at;
  said[slot + STOP] = i + 1;
  said[slot + WORD] = hashOf(view, at + 1, i);
  return i + 1;
}

/** Bit 7 of the lowest byte that is a quote, a backslash, below 0x20 or above 0x7f, and perhaps of higher ones. */
function specialIn(word: number): number {
  const isQuote = (word ^ 0x22222222) - 0x01010101;
  const isBackslash = (word ^ 0x5c5c5c5c) - 0x01010101;
  return (isQuote | isBackslash | (word - 0x20202020) | word) & 0x80808080;
}

function countEnd(at: number, slot: number): number {
  const found = upToEight(at);
  let digits = countIn(found);
  let n = numberIn(found);
  if (found >= EIGHT) {
    const more = upToEight(at + 8);
    digits += countIn(more);
    if (digits > digitsMax) return -1;
    if (digits === countDigitsMax) n = Math.imul(n, 10) + numberIn(more);
  }
  if (digits > 1 && (view.getInt32(at, true) & 0xff) === ZERO) return -1;
  said[slot] = digits <= countDigitsMax ? COUNT : SCALAR;
  said[slot + START] = at;
  said[slot + STOP] = at + digits;
  said[slot + WORD] = n;
  return at + digits;
}

/** End of null, true, false or a number below zero. */
function otherEnd(at: number, slot: number): number {
  if (view.getInt32(at, true) === wordNull) {
    said[slot] = NULL;
    return at + 4;
  }
  if (block[at] === MINUS) {
    // Minus zero is not canonical.
    const digit = (block[at + 1] as number) - ZERO;
    if (digit < 1 || digit > 9) return -1;
    const end = countEnd(at + 1, slot);
    said[slot] = SCALAR;
    return end;
  }
  said[slot] = SCALAR;
  const text = textOf(block, at, at + 5);
  if (text === "false") return at + 5;
  return text.startsWith("true") ? at + 4 : -1;
}

/** End of a list at `at`: a `PAIR` if it is `[x,y]` of two scalars, which `FIRST` and `SECOND` then hold, else a `LIST`. */
function pairOrListEnd(at: number, slot: number): number {
  const end = slot === VALUE ? pairEnd(at) : -1;
  said[slot] = end < 0 ? LIST : PAIR;
  return end < 0 ? listEnd(at) : end;
}

function pairEnd(at: number): number {
  const middle = scanSlot(at + 1, FIRST);
  if (middle < 0 || block[middle] !== COMMA) return -1;
  const end = scanSlot(middle + 1, SECOND);
  return end < 0 || block[end] !== CLOSE_LIST ? -1 : end + 1;
}

/** The elements are no lists, so that deep nesting is for JSON.parse. */
function listEnd(at: number): number {
  let i = afterBlanks(at + 1);
  if (block[i] === CLOSE_LIST) return i + 1;
  for (;;) {
    i = scanSlot(i, SKIPPED);
    if (i < 0) return -1;
    i = afterBlanks(i);
    if (block[i] === CLOSE_LIST) return i + 1;
    if (block[i] !== COMMA) return -1;
    i = afterBlanks(i + 1);
  }
}
