// Lines of a file as byte ranges, without making strings of them.

import { closeSync, openSync, readSync } from "node:fs";

const chunkBytes = 1 << 20;
const newline = 0x0a;

/** `bytes[from, to)` is line number `line` (from 1) without its line end. The bytes are valid during the call only. */
export type OnLine = (bytes: Uint8Array, from: number, to: number, line: number) => void;

/** Calls `onLine` for every line of a file, read in chunks of 1 MiB. Throws what the file system throws. */
export function forEachLineOfFile(path: string, onLine: OnLine): void {
  const file = openSync(path, "r");
  try {
    let buffer = new Uint8Array(chunkBytes + 64 * 1024);
    let kept = 0;
    let line = 0;
    for (;;) {
      if (buffer.length - kept < chunkBytes) {
        const larger = new Uint8Array(buffer.length * 2);
        larger.set(buffer.subarray(0, kept));
        buffer = larger;
      }
      const got = readSync(file, buffer, kept, chunkBytes, null);
      const end = kept + got;
      let from = 0;
      for (let to = buffer.indexOf(newline, kept); to >= 0 && to < end; to = buffer.indexOf(newline, from)) {
        onLine(buffer, from, to, ++line);
        from = to + 1;
      }
      if (got === 0) {
        if (from < end) onLine(buffer, from, end, ++line);
        return;
      }
      buffer.copyWithin(0, from, end);
      kept = end - from;
    }
  } finally {
    closeSync(file);
  }
}

/** The same for bytes in memory. */
export function forEachLine(bytes: Uint8Array, onLine: OnLine): void {
  let line = 0;
  let from = 0;
  for (let to = bytes.indexOf(newline); to >= 0; to = bytes.indexOf(newline, from)) {
    onLine(bytes, from, to, ++line);
    from = to + 1;
  }
  if (from < bytes.length) onLine(bytes, from, bytes.length, ++line);
}

const decoder = new TextDecoder();

export function textOf(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to));
}
