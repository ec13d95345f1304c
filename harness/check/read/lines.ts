// The lines of a file as byte ranges, without making strings of them.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const chunkBytes = 1 << 18;
/** Bytes behind the last line that belong to the buffer. */
const slackBytes = 80;
const newline = 0x0a;

/**
 * `bytes[from, to)` are whole lines, each with its line end. The bytes are valid during the call only. `shareLeft`: bytes
 * of the file still to come, guessed from its size, over the bytes of this call.
 */
export type OnLines = (bytes: Uint8Array, from: number, to: number, shareLeft: number) => void;
/** `bytes[from, to)` is line number `line` (from 1) without its line end. */
export type OnLine = (bytes: Uint8Array, from: number, to: number, line: number) => void;

/** Calls `onLines` for a file read in chunks; a last line without a line end gets one. Throws what the file system throws. */
export function forEachLinesOfFile(path: string, onLines: OnLines): void {
  const file = openSync(path, "r");
  try {
    let buffer = Buffer.alloc(2 * chunkBytes + slackBytes);
    let kept = 0;
    let isStart = true;
    let left = fstatSync(file).size;
    for (;;) {
      if (buffer.length - slackBytes - kept < chunkBytes) {
        const larger = Buffer.alloc(buffer.length * 2);
        larger.set(buffer.subarray(0, kept));
        buffer = larger;
      }
      const got = readSync(file, buffer, kept, chunkBytes, null);
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
  } finally {
    closeSync(file);
  }
}

/** The same for text in memory. */
export function forEachLinesOfText(text: string, onLines: OnLines): void {
  const length = Buffer.byteLength(text);
  if (length === 0) return;
  const buffer = Buffer.alloc(length + slackBytes);
  buffer.write(text, "utf8");
  const from = afterMark(buffer);
  if (buffer[length - 1] === newline) return onLines(buffer, from, length, 0);
  buffer[length] = newline;
  onLines(buffer, from, length + 1, 0);
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
