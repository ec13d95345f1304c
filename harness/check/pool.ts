// Arrays that checks hand on to each other. Small histories are decided in less time than it takes to allocate the
// arrays for it, so short arrays are kept for the next check instead of being left to the garbage collector.

const smallestShift = 5;
/** Arrays above this length are not kept: allocating them costs little beside using them. */
const longestShift = 15;
/** Bytes kept at most, over all lengths. */
const keptBytesMax = 1 << 22;

const freeInts: Int32Array[][] = Array.from({ length: longestShift + 1 }, () => []);
const freeBytes: Uint8Array[][] = Array.from({ length: longestShift + 1 }, () => []);
let keptBytes = 0;

function shiftOf(length: number): number {
  return length <= 1 << smallestShift ? smallestShift : 32 - Math.clz32(length - 1);
}

/** The arrays of one check, or of one part of it. They may be longer than asked for. */
export class Loan {
  private readonly ints: Int32Array[] = [];
  private readonly bytes: Uint8Array[] = [];

  /** At least `length` numbers of any value. */
  any(length: number): Int32Array {
    const shift = shiftOf(length);
    if (shift > longestShift) return new Int32Array(length);
    let array = (freeInts[shift] as Int32Array[]).pop();
    if (array === undefined) array = new Int32Array(1 << shift);
    else keptBytes -= array.byteLength;
    this.ints.push(array);
    return array;
  }

  /** At least `length` numbers; the first `length` of them are `value`. */
  filled(length: number, value: number): Int32Array {
    // Fresh arrays are zero, and the system hands out their pages when they are touched.
    if (value === 0 && shiftOf(length) > longestShift) return new Int32Array(length);
    const array = this.any(length);
    // A call of fill costs more than a short loop.
    if (length > 64) return array.fill(value, 0, length);
    for (let i = 0; i < length; i++) array[i] = value;
    return array;
  }

  /** At least `length` bytes of any value. */
  anyBytes(length: number): Uint8Array {
    const shift = shiftOf(length);
    if (shift > longestShift) return new Uint8Array(length);
    let array = (freeBytes[shift] as Uint8Array[]).pop();
    if (array === undefined) array = new Uint8Array(1 << shift);
    else keptBytes -= array.byteLength;
    this.bytes.push(array);
    return array;
  }

  /** Gives `array` back before the rest. The caller forgets it. */
  give(array: Int32Array): void {
    const at = this.ints.lastIndexOf(array);
    if (at < 0) return;
    this.ints[at] = this.ints[this.ints.length - 1] as Int32Array;
    this.ints.pop();
    keep(array, freeInts);
  }

  /** Gives everything back. Nobody may use the arrays any more. */
  release(): void {
    for (const array of this.ints) keep(array, freeInts);
    for (const array of this.bytes) keep(array, freeBytes);
    this.ints.length = 0;
    this.bytes.length = 0;
  }
}

function keep<T extends Int32Array | Uint8Array>(array: T, free: T[][]): void {
  if (keptBytes + array.byteLength > keptBytesMax) return;
  keptBytes += array.byteLength;
  (free[shiftOf(array.length)] as T[]).push(array);
}
