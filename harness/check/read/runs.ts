// The bytes between the values of a JSONL line, as earlier lines had them.

const places = 24;
/** Runs remembered by place. More of them are read byte by byte. */
const runsByPlace = 12;
const bytesMax = 28;

/** Bytes in front of a value, or with a value that few others take turns with; the words are those at 0, 4, … and the last. */
export type Run = {
  readonly length: number;
  /** What follows or what it says. */
  readonly field: number;
  readonly id: number;
  readonly last: number;
  /** Which bits of `word0` count: fewer than four bytes are one word. */
  readonly mask: number;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly word4: number;
  readonly word5: number;
};

/** The runs seen, by their place in the line. */
export class RunTable {
  private readonly runs: Run[][] = Array.from({ length: places }, () => []);

  /** A run that stands at `at`, or undefined. At least 32 bytes follow. */
  find(view: DataView, at: number, place: number): Run | undefined {
    if (place >= places) return undefined;
    const runs = this.runs[place] as Run[];
    for (let n = 0; n < runs.length; n++) {
      const run = runs[n] as Run;
      // The ends differ where the beginnings do not.
      if (run.length > 3 && view.getInt32(at + run.length - 4, true) !== run.last) continue;
      if (isRun(view, at, run)) return run;
    }
    return undefined;
  }

  /** Remembers the run of `length` bytes at `at` if there is room. */
  add(view: DataView, at: number, length: number, place: number, field: number, id: number): Run {
    const wordAt = (offset: number): number => (length >= offset + 4 ? view.getInt32(at + offset, true) : 0);
    const mask = length > 3 ? -1 : (1 << (8 * length)) - 1;
    const run: Run = {
      length,
      field,
      id,
      mask,
      last: length > 3 ? wordAt(length - 4) : 0,
      word0: view.getInt32(at, true) & mask,
      word1: wordAt(4),
      word2: wordAt(8),
      word3: wordAt(12),
      word4: wordAt(16),
      word5: wordAt(20),
    };
    const runs = this.runs[place];
    if (runs !== undefined && runs.length < runsByPlace && length <= bytesMax) runs.push(run);
    return run;
  }
}

function isRun(view: DataView, at: number, run: Run): boolean {
  const { length } = run;
  if ((view.getInt32(at, true) & run.mask) !== run.word0) return false;
  if (length < 8) return true;
  if (view.getInt32(at + 4, true) !== run.word1) return false;
  if (length < 12) return true;
  if (view.getInt32(at + 8, true) !== run.word2) return false;
  if (length < 16) return true;
  if (view.getInt32(at + 12, true) !== run.word3) return false;
  if (length < 20) return true;
  if (view.getInt32(at + 16, true) !== run.word4) return false;
  return length < 24 || view.getInt32(at + 20, true) === run.word5;
}
