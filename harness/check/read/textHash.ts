// The hash of a text in a block of bytes, four bytes a step, and its comparison. Shared by the interner and the scanner,
// which hashes a text while it looks for its end.

/** Bytes that must belong to a block behind every text in it: the last step may read beyond the end. */
export const textSlackBytes = 8;

/** Start of {@link hashStep}. */
export const hashStart = 0x3c6ef372;

/** Takes in four bytes. */
export function hashStep(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 15);
}

/** Takes in eight bytes. */
export function hashTwoSteps(hash: number, word: number, next: number): number {
  const mixed = Math.imul(hash ^ word, 0x2c1b3c6d) ^ Math.imul(next, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/**
 * Takes in the last bytes of a text, 0 to 3 of them in `rest`, lowest first. What is lowest in them only chooses among
 * neighbouring slots of a table: texts that count upwards stay together in the cache.
 */
export function hashEnd(hash: number, rest: number, length: number): number {
  const mixed = Math.imul(hash ^ (rest & 0x00f0f0f0) ^ (length << 24), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13) ^ ((rest & 15) << 8) ^ ((rest >>> 4) & 0xf0) ^ ((rest >>> 16) & 15);
}

/** The hash of `[from, to)`; see {@link textSlackBytes}. */
export function hashOf(view: DataView, from: number, to: number): number {
  let hash = hashStart;
  let at = from;
  for (; at + 8 <= to; at += 8) hash = hashTwoSteps(hash, view.getInt32(at, true), view.getInt32(at + 4, true));
  if (at + 4 <= to) {
    hash = hashStep(hash, view.getInt32(at, true));
    at += 4;
  }
  const rest = at === to ? 0 : view.getInt32(at, true) & ((1 << (8 * (to - at))) - 1);
  return hashEnd(hash, rest, to - from);
}

/**
 * Are the texts of `length` bytes at `at` and `otherAt` equal? Eight bytes a step, as numbers in floating point, and no
 * text is NaN or zero. See {@link textSlackBytes}.
 */
export function isSameText(view: DataView, at: number, other: DataView, otherAt: number, length: number): boolean {
  if (length < 8) return isSameShortText(view, at, other, otherAt, length);
  const last = length - 8;
  if (view.getFloat64(at + last, true) !== other.getFloat64(otherAt + last, true)) return false;
  let i = 0;
  for (; i + 16 <= last; i += 16) {
    if (view.getFloat64(at + i, true) !== other.getFloat64(otherAt + i, true)) return false;
    if (view.getFloat64(at + i + 8, true) !== other.getFloat64(otherAt + i + 8, true)) return false;
  }
  for (; i < last; i += 8) if (view.getFloat64(at + i, true) !== other.getFloat64(otherAt + i, true)) return false;
  return true;
}

function isSameShortText(view: DataView, at: number, other: DataView, otherAt: number, length: number): boolean {
  let i = 0;
  if (length >= 4) {
    if (view.getInt32(at, true) !== other.getInt32(otherAt, true)) return false;
    i = 4;
  }
  const mask = (1 << (8 * (length - i))) - 1;
  return ((view.getInt32(at + i, true) ^ other.getInt32(otherAt + i, true)) & mask) === 0;
}
