// The bytes between the values of a JSONL line, as earlier lines had them. They are compared eight bytes a step, as
// numbers in floating point: no text is NaN or zero, so equal numbers are equal bytes.

import { block } from "./block.js";

const view = new DataView(block.buffer);
const places = 16;
const slotsPerPlace = 64;
/** Runs remembered by place; more of them are read byte by byte every time. */
const runsPerPlace = 32;
export const noPlace = places;
const runsMax = places * runsPerPlace;
/** Longer runs are not remembered. */
export const runBytesMax = 72;
/** Shorter ones neither. */
const runBytesMin = 4;

// What is known of a run, in `table`.
export const FIELD = 1;
export const TYPE = 2;
export const NAME = 3;
export const LEVEL = 4;
export const KEY_ID = 5;
/** First and last word of a run of less than eight bytes. */
const HEAD = 6;
const TAIL = 7;
const stride = 8;
/** In `texts` eight bytes each: the last of a run, then all from its start. */
const textStride = 1 + runBytesMax / 8;

/** Where the hash looks, three words each, by the length of the shortest run of a place. */
const offsets = Int32Array.of(0, 0, 0, 0, 4, 4, 0, 4, 8, 4, 8, 12, 8, 16, 20, 0, 0);

/** What a run says: what follows it, and numbers of a type, a name, a read level and a key, or -1. */
export type RunMeaning = {
  readonly field: number;
  readonly type: number;
  readonly name: number;
  readonly level: number;
  readonly key: number;
};

/** At `stride` * run: what the constants above say. */
const table = new Int32Array((runsMax + 1) * stride);
const texts = new Float64Array((runsMax + 1) * textStride);
const textView = new DataView(texts.buffer);
/** By place and hash: a run + 1. */
const slots = new Int32Array(places * slotsPerPlace);
const counts = new Int32Array(places + 16);
/** By place: an index of `offsets`. */
const reaches = new Int32Array(places + 16);

/** What is known of runs: the constants above say where. */
export function runTable(): Int32Array {
  return table;
}

/** Forgets all. */
export function clearRuns(): void {
  slots.fill(0);
  counts.fill(0);
}

/** A run that stands at `at`, or -1. */
export function findRun(at: number, place: number): number {
  if (place >= places) return -1;
  const count = counts[place] as number;
  if (count === 1) return isAt(place * runsPerPlace, at) ? place * runsPerPlace * stride : -1;
  if (count === 0) return -1;
  const from = place * slotsPerPlace;
  let slot = slotOf(view, at, place);
  for (;;) {
    const run = (slots[from + slot] as number) - 1;
    if (run < 0) return -1;
    if (isAt(run, at)) return run * stride;
    slot = (slot + 1) & (slotsPerPlace - 1);
  }
}

/** Is there no room for more at `place`? */
export function isFull(place: number): boolean {
  return place < places && counts[place] === runsPerPlace;
}

/** Remembers the run of `length` bytes at `at` if there is room. */
export function addRun(at: number, length: number, place: number, meaning: RunMeaning): number {
  const isKept = length >= runBytesMin && length <= runBytesMax && place < places && !isFull(place);
  const run = isKept ? place * runsPerPlace + (counts[place] as number) : runsMax;
  const i = run * stride;
  table[i] = length;
  table[i + FIELD] = meaning.field;
  table[i + TYPE] = meaning.type;
  table[i + NAME] = meaning.name;
  table[i + LEVEL] = meaning.level;
  table[i + KEY_ID] = meaning.key;
  if (!isKept) return i;
  table[i + HEAD] = view.getInt32(at, true);
  table[i + TAIL] = view.getInt32(at + length - 4, true);
  const text = run * textStride;
  if (length >= 8) texts[text] = view.getFloat64(at + length - 8, true);
  for (let n = 0; 8 * n < length; n++) texts[text + 1 + n] = view.getFloat64(at + 8 * n, true);
  counts[place] = (counts[place] as number) + 1;
  rehash(place);
  return i;
}

/** How far the hash may look: no farther than the shortest run of the place. */
function reachOf(place: number): number {
  let least = runBytesMax;
  for (let n = 0; n < (counts[place] as number); n++) {
    least = Math.min(least, table[(place * runsPerPlace + n) * stride] as number);
  }
  return least >= 24 ? 12 : least >= 16 ? 9 : least >= 12 ? 6 : least >= 8 ? 3 : 0;
}

function rehash(place: number): void {
  const from = place * slotsPerPlace;
  reaches[place] = reachOf(place);
  slots.fill(0, from, from + slotsPerPlace);
  for (let n = 0; n < (counts[place] as number); n++) {
    const run = place * runsPerPlace + n;
    let slot = slotOf(textView, (run * textStride + 1) * 8, place);
    while (slots[from + slot] !== 0) slot = (slot + 1) & (slotsPerPlace - 1);
    slots[from + slot] = run + 1;
  }
}

function slotOf(text: DataView, at: number, place: number): number {
  const reach = reaches[place] as number;
  const hash =
    Math.imul(text.getInt32(at + (offsets[reach] as number), true), 0x9e3779b1) ^
    Math.imul(text.getInt32(at + (offsets[reach + 1] as number), true), 0x85ebca6b) ^
    Math.imul(text.getInt32(at + (offsets[reach + 2] as number), true), 0x2c1b3c6d);
  return hash >>> 26;
}

function isAt(run: number, at: number): boolean {
  const length = table[run * stride] as number;
  if (length < 8) {
    const i = run * stride;
    return view.getInt32(at, true) === table[i + HEAD] && view.getInt32(at + length - 4, true) === table[i + TAIL];
  }
  const text = run * textStride;
  if (view.getFloat64(at + length - 8, true) !== texts[text]) return false;
  if (length === 8) return true;
  if (view.getFloat64(at, true) !== texts[text + 1]) return false;
  if (length <= 16) return true;
  if (view.getFloat64(at + 8, true) !== texts[text + 2]) return false;
  if (length <= 24) return true;
  if (view.getFloat64(at + 16, true) !== texts[text + 3]) return false;
  for (let n = 3; 8 * n + 8 < length; n++) {
    if (view.getFloat64(at + 8 * n, true) !== texts[text + 1 + n]) return false;
  }
  return true;
}
