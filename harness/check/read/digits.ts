// Decimal digits in the block, four at a time and without a branch for each.

import { block } from "./block.js";

const view = new DataView(block.buffer);
const zeros = 0x30303030;
const countShift = 27;
const valueMask = (1 << countShift) - 1;
// Long enough to lie outside the heap that moves.
const powers = new Int32Array(32);
for (let n = 0; n < 4; n++) powers[n] = 10 ** n;

/** {@link upToEight} of eight digits is not below this. */
export const eightDigits = 8 << countShift;

/** How many of the bytes at `at` are digits, up to eight, and their number: see {@link countIn} and {@link numberIn}. */
export function upToEight(at: number): number {
  const first = view.getInt32(at, true) ^ zeros;
  const firstOthers = othersIn(first);
  if (firstOthers !== 0) {
    const bits = bitsBelow(firstOthers);
    return (bits << (countShift - 3)) | fourDigits((first << 8) << (24 - bits));
  }
  const second = view.getInt32(at + 4, true) ^ zeros;
  const secondOthers = othersIn(second);
  const high = fourDigits(first);
  if (secondOthers === 0) return (8 << countShift) | (Math.imul(high, 10_000) + fourDigits(second));
  const bits = bitsBelow(secondOthers);
  // Two shifts: one of 32 bits would shift by none.
  const low = fourDigits((second << 8) << (24 - bits));
  return ((32 + bits) << (countShift - 3)) | (Math.imul(high, powers[bits >> 3] as number) + low);
}

/** Digits that {@link upToEight} has found. */
export function countIn(found: number): number {
  return found >> countShift;
}

/** The number that they make. */
export function numberIn(found: number): number {
  return found & valueMask;
}

/** Not 0 in the high half of every byte from the first on that is no digit; `word` without {@link zeros}. */
function othersIn(word: number): number {
  return (word | (word + 0x06060606)) & 0xf0f0f0f0;
}

/** Bits in whole bytes below the lowest bit. */
function bitsBelow(others: number): number {
  return (31 - Math.clz32(others & -others)) & 24;
}

/** The number that four digits without {@link zeros} make, the first in the lowest byte. */
function fourDigits(word: number): number {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff00ff;
  return (Math.imul(pairs, 100) + (pairs >>> 16)) & 0xffff;
}
