// The bytes between the values of a JSONL line, as earlier lines had them, in one flat table. Short runs stand in a list
// by place. Long ones have the values of a few fields in them, so there are more: they are found by a hash.

const places = 16;
/** Runs remembered by place; more of them are read byte by byte every time. */
const shortRuns = 8;
const longSlots = 64;
const longRuns = 32;
/** A run of so many bytes is long. */
const longBytes = 24;
/** Longer runs are not remembered. */
export const runBytesMax = 64;
// A run in the table: its length (0 = none), its field, its ids, the offset of the word that is compared first with a
// mask and that word, then the words at 0, 4, …
const FIELD = 1;
const TYPE = 2;
const NAME = 3;
const LEVEL = 4;
const OFFSET = 5;
const MASK = 6;
const WORD = 7;
const WORDS = 8;
const stride = WORDS + runBytesMax / 4;
const perPlace = (shortRuns + longSlots) * stride;

/** What a run says: what follows it, and numbers of a type, a name and a read level, or -1. */
export type RunMeaning = {
  readonly field: number;
  readonly type: number;
  readonly name: number;
  readonly level: number;
};

/** The runs seen, by their place in the line. A run is a number, good until the next {@link RunTable.add}. */
export class RunTable {
  private readonly table = new Int32Array(places * perPlace + stride);
  private readonly longCount = new Int32Array(places);

  /** A run that stands at `at`, or -1. At least `runBytesMax` bytes follow. */
  find(view: DataView, at: number, place: number): number {
    if (place >= places) return -1;
    const { table } = this;
    const from = place * perPlace;
    const end = from + shortRuns * stride;
    for (let run = from; run < end; run += stride) {
      if (table[run] === 0) break;
      // The ends differ where the beginnings do not.
      const word = view.getInt32(at + (table[run + OFFSET] as number), true) & (table[run + MASK] as number);
      if (word === table[run + WORD] && this.isAt(run, view, at)) return run;
    }
    return this.longCount[place] === 0 ? -1 : this.findLong(view, at, end);
  }

  lengthOf(run: number): number {
    return this.table[run] as number;
  }

  fieldOf(run: number): number {
    return this.table[run + FIELD] as number;
  }

  typeOf(run: number): number {
    return this.table[run + TYPE] as number;
  }

  nameOf(run: number): number {
    return this.table[run + NAME] as number;
  }

  levelOf(run: number): number {
    return this.table[run + LEVEL] as number;
  }

  /** Remembers the run of `length` bytes at `at` if there is room. */
  add(view: DataView, at: number, length: number, place: number, meaning: RunMeaning): number {
    const { table } = this;
    const run = length > runBytesMax || place >= places ? places * perPlace : this.freeSlot(view, at, length, place);
    table[run] = length;
    table[run + FIELD] = meaning.field;
    table[run + TYPE] = meaning.type;
    table[run + NAME] = meaning.name;
    table[run + LEVEL] = meaning.level;
    table[run + OFFSET] = Math.max(0, length - 4);
    table[run + MASK] = length > 3 ? -1 : (1 << (8 * length)) - 1;
    table[run + WORD] = view.getInt32(at + (table[run + OFFSET] as number), true) & (table[run + MASK] as number);
    for (let i = 0; i < Math.min(length, runBytesMax); i += 4) {
      table[run + WORDS + (i >> 2)] = view.getInt32(at + i, true);
    }
    return run;
  }

  private findLong(view: DataView, at: number, from: number): number {
    const { table } = this;
    for (let slot = slotOf(view, at); ; slot = (slot + 1) & (longSlots - 1)) {
      const run = from + slot * stride;
      const length = table[run] as number;
      if (length === 0) return -1;
      if (view.getInt32(at + length - 4, true) === table[run + WORD] && this.isAt(run, view, at)) return run;
    }
  }

  /** Where there is no room: a place that is no run's. */
  private freeSlot(view: DataView, at: number, length: number, place: number): number {
    const from = place * perPlace;
    if (length < longBytes) {
      for (let n = 0; n < shortRuns; n++) if (this.table[from + n * stride] === 0) return from + n * stride;
      return places * perPlace;
    }
    if (this.longCount[place] === longRuns) return places * perPlace;
    this.longCount[place] = (this.longCount[place] as number) + 1;
    let slot = slotOf(view, at);
    while (this.table[from + (shortRuns + slot) * stride] !== 0) slot = (slot + 1) & (longSlots - 1);
    return from + (shortRuns + slot) * stride;
  }

  /** Do all words but the last stand at `at`? */
  private isAt(run: number, view: DataView, at: number): boolean {
    const { table } = this;
    const end = (table[run] as number) - 4;
    let word = run + WORDS;
    for (let i = 0; i < end; i += 4) if (view.getInt32(at + i, true) !== table[word++]) return false;
    return true;
  }
}

/** From some words within the first `longBytes`. */
function slotOf(view: DataView, at: number): number {
  const hash =
    Math.imul(view.getInt32(at + 8, true), 0x9e3779b1) ^
    Math.imul(view.getInt32(at + 16, true), 0x85ebca6b) ^
    Math.imul(view.getInt32(at + 20, true), 0x2c1b3c6d);
  return hash >>> 26;
}
