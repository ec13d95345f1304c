// The lines of a file as byte ranges, without making strings of them.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { block, slackBytes } from "./block.js";

const chunkBytes = 1 << 18;
const newline = 0x0a;

/**
 * `bytes[from, to)` are whole lines, each with its line end, and `slackBytes` more belong to `bytes`. They are valid during
 * the call only; `bytes` is the block unless a line is too long for it. `shareLeft`: bytes of the file still to come,
 * guessed from its size, over the bytes of this call.
 */
export type OnLines = (bytes: Buffer, from: number, to: number, shareLeft: number) => void;
/** `bytes[from, to)` is line number `line` (from 1) without its line end. */
export type OnLine = (bytes: Buffer, from: number, to: number, line: number) => void;
/** Puts up to `length` bytes into `into` at `at` and says how many; 0 = there are no more. */
type Read = (into: Buffer, at: number, length: number) => number;

/** Calls `onLines` for a file read in chunks; a last line without a line end gets one. Throws what the file system throws. */
export function forEachLinesOfFile(path: string, onLines: OnLines): void {
  const file = openSync(path, "r");
  try {
    forEachLines((into, at, length) => readSync(file, into, at, length, null), fstatSync(file).size, onLines);
  } finally {
    closeSync(file);
  }
}

/** The same for text in memory. */
export function forEachLinesOfText(text: string, onLines: OnLines): void {
  const bytes = Buffer.from(text);
  let next = 0;
  const read: Read = (into, at, length) => {
    const got = bytes.copy(into, at, next, Math.min(bytes.length, next + length));
    next += got;
    return got;
  };
  forEachLines(read, bytes.length, onLines);
}

function forEachLines(read: Read, size: number, onLines: OnLines): void {
  let buffer: Buffer = block;
  let kept = 0;
  let isStart = true;
  let left = size;
  for (;;) {
    buffer = withRoom(buffer, kept);
    const got = read(buffer, kept, chunkBytes);
    let end = kept + got;
    left -= got;
    if (got === 0) {
      if (end === 0) return;
      buffer[end] = newline;
      end += 1;
    }
    const last = buffer.subarray(kept, end).lastIndexOf(newline);
    const to = last < 0 ? 0 : kept + last + 1;
    if (to > 0) {
      onLines(buffer, isStart ? afterMark(buffer) : 0, to, Math.max(0, left) / to);
      isStart = false;
    }
    if (got === 0) return;
    buffer.copyWithin(0, to, end);
    kept = end - to;
  }
}

/** A buffer that begins with the first `kept` bytes of `buffer` and has room for a chunk; the block if it can be. */
function withRoom(buffer: Buffer, kept: number): Buffer {
  const needed = kept + chunkBytes + slackBytes;
  const isEnough = needed <= block.length ? buffer === block : needed <= buffer.length;
  if (isEnough) return buffer;
  const other = needed <= block.length ? block : Buffer.alloc(2 * needed);
  other.set(buffer.subarray(0, kept));
  return other;
}

/** The text of a file in pieces, without a byte order mark. Bytes that are not UTF-8 become U+FFFD. */
export function* piecesOfFile(path: string): Generator<string> {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(chunkBytes);
    const text = new TextDecoder();
    for (;;) {
      const got = readSync(file, bytes, 0, chunkBytes, null);
      yield text.decode(bytes.subarray(0, got), { stream: got > 0 });
      if (got === 0) return;
    }
  } finally {
    closeSync(file);
  }
}

/** Some editors begin a file with a byte order mark, which is no part of its text. */
function afterMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Splits what the functions above give into single lines. */
export function lineByLine(onLine: OnLine): OnLines {
  let line = 0;
  return (bytes, from, to) => {
    for (let at = from; at < to; ) {
      const end = bytes.indexOf(newline, at);
      line += 1;
      onLine(bytes, at, end, line);
      at = end + 1;
    }
  };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes that are not UTF-8 become U+FFFD. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to));
}
