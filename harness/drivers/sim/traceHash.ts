/**
 * The hash of a run: over every input and every effect of every node, in order. Two lanes of 32 bits; equal runs have
 * equal hashes on every machine, since only 32-bit integer arithmetic and byte values enter.
 *
 * What covers what: a message is hashed when it is sent, as the bytes of its encoded header (which lists the index,
 * round and length of every entry), and its delivery by the number of its sending; the bytes of a command are hashed
 * once, when its index is first applied anywhere; requests and replies are hashed with their contents.
 */
export class TraceHash {
  private low = 0x243f6a88;
  private high = 0x13198a2e;

  /** One 32-bit word; a larger or negative integer is cut to 32 bits. */
  word(value: number): void {
    const low = Math.imul(this.low ^ value, 0x9e3779b1);
    this.low = (low << 15) | (low >>> 17);
    this.high = (Math.imul(this.high, 31) + (low ^ value)) | 0;
  }

  /** A non-negative integer below 2^53. */
  number(value: number): void {
    this.word(value);
    if (value >= 0x100000000) this.word(Math.floor(value / 0x100000000));
  }

  text(text: string): void {
    this.word(text.length);
    for (let i = 0; i < text.length; i += 1) this.word(text.charCodeAt(i));
  }

  /** Four bytes at a time, big-endian. */
  bytes(bytes: Uint8Array, from: number, to: number): void {
    this.word(to - from);
    let at = from;
    for (; at + 4 <= to; at += 4) {
      const word =
        ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number);
      this.word(word);
    }
    for (; at < to; at += 1) this.word(bytes[at] as number);
  }

  /** 16 hex digits. */
  digest(): string {
    return hex(mixDown(this.high ^ (this.low >>> 3))) + hex(mixDown(this.low ^ Math.imul(this.high, 0x85ebca6b)));
  }
}

function mixDown(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x45d9f3b);
  return (h ^ (h >>> 15)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
