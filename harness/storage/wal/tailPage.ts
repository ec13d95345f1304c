/**
 * The page that the log ends in. A file's bytes are cached in pages; to write a part of one that is not in the cache the kernel
 * reads it from the disk first, and the log's files are written once in minutes, so it often is not. Whole pages need no
 * reading: each write begins with what its first page holds already, and ends with zeros up to the end of its last.
 */
import type { OpenFile } from "../files.js";

const PAGE_BYTES = 4096;
const ZEROS = new Uint8Array(PAGE_BYTES);

export class TailPage {
  /** Up to where the log ends, what is in the file. */
  readonly #bytes = new Uint8Array(PAGE_BYTES);

  /** The log ends at byte `position` of this file. */
  load(file: OpenFile, position: number): void {
    const held = position % PAGE_BYTES;
    file.read(this.#bytes.subarray(0, held), position - held);
  }

  /**
   * Writes parts of `bytes` bytes behind `position`, the end of the log, in whole pages.
   *
   * @param fileBytes the file does not grow beyond this
   */
  write(file: OpenFile, parts: readonly Uint8Array[], bytes: number, position: number, fileBytes: number): void {
    const held = position % PAGE_BYTES;
    const end = position + bytes;
    const rest = Math.min((PAGE_BYTES - (end % PAGE_BYTES)) % PAGE_BYTES, Math.max(0, fileBytes - end));
    file.write([this.#bytes.subarray(0, held), ...parts, ZEROS.subarray(0, rest)], position - held);
    this.#keep(parts, bytes, held);
  }

  /** What is now before the end of the log in its page: taken from the end of the parts, backwards. */
  #keep(parts: readonly Uint8Array[], bytes: number, held: number): void {
    const end = held + bytes;
    const samePage = end <= PAGE_BYTES;
    let at = samePage ? end : end % PAGE_BYTES;
    const stop = samePage ? held : 0;
    for (let i = parts.length - 1; i >= 0 && at > stop; i -= 1) {
      const part = parts[i] as Uint8Array;
      const from = Math.max(0, part.length - at);
      at -= part.length - from;
      this.#bytes.set(part.subarray(from), at);
    }
  }
}
