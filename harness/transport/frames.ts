/** Cuts a stream of bytes into frames, and puts frames together. See kinds.ts for what is in them. */
import { FRAME_HEADER_BYTES } from "./kinds.js";

/** The bytes are no frames of ours. The connection that they came on is of no use any more. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/**
 * One frame: its body is [from, to) of `bytes`, and stays what it is after the call: it may be kept. Throws FrameError or
 * CodecError for what cannot be read. False: no more frames are wanted.
 */
export type OnFrame = (kind: number, bytes: Buffer, from: number, to: number) => boolean;

export class FrameReader {
  /** The longest frame that is allowed now: kind and body, bytes. */
  bytesMax: number;
  readonly #onFrame: OnFrame;
  /** The beginning of a frame whose end has not come. Never more than was received. */
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes of that frame with its length; 0: not known yet. */
  #wanted = 0;

  constructor(bytesMax: number, onFrame: OnFrame) {
    this.bytesMax = bytesMax;
    this.#onFrame = onFrame;
  }

  /** Throws FrameError, and whatever `onFrame` throws. `chunk` belongs to the reader from now on. */
  push(chunk: Buffer): void {
    let at = 0;
    if (this.#held > 0) {
      at = this.#complete(chunk);
      if (at < 0) return;
    }
    const end = chunk.length;
    while (end - at >= 4) {
      const length = this.#lengthAt(chunk, at);
      const next = at + 4 + length;
      if (next > end) {
        this.#wanted = 4 + length;
        break;
      }
      if (!this.#onFrame(chunk[at + 4] as number, chunk, at + FRAME_HEADER_BYTES, next)) return;
      at = next;
    }
    if (at === end) return;
    this.#parts.push(at === 0 ? chunk : chunk.subarray(at));
    this.#held = end - at;
  }

  /** Ends the frame that has begun, if `chunk` does. Returns where in it the next one begins; -1: nowhere. */
  #complete(chunk: Buffer): number {
    if (this.#wanted === 0) {
      // Fewer than four bytes are held: their length takes a copy of at most one chunk.
      const start = Buffer.concat([...this.#parts, chunk]);
      this.#drop();
      this.push(start);
      return -1;
    }
    const missing = this.#wanted - this.#held;
    if (chunk.length < missing) {
      this.#parts.push(chunk);
      this.#held += chunk.length;
      return -1;
    }
    this.#parts.push(chunk.subarray(0, missing));
    const frame = Buffer.concat(this.#parts, this.#wanted);
    this.#drop();
    return this.#onFrame(frame[4] as number, frame, FRAME_HEADER_BYTES, frame.length) ? missing : -1;
  }

  #drop(): void {
    this.#parts = [];
    this.#held = 0;
    this.#wanted = 0;
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length =
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0;
    if (length === 0) throw new FrameError("a frame without a kind");
    if (length > this.bytesMax) throw new FrameError(`a frame of ${length} bytes where ${this.bytesMax} are the most`);
    return length;
  }
}

/** Payloads from this size on are referred to and not copied. Bytes. */
const REFER_FROM_BYTES = 32 * 1024;
const BUFFER_BYTES = 64 * 1024;
const TWO_32 = 2 ** 32;

/** Collects the frames of one turn. A field is written by itself: `begin`, then the body's fields in order. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #at = 0;
  /** Where what is not in `#done` begins. */
  #from = 0;
  #done: Uint8Array[] = [];
  #doneBytes = 0;

  /** Bytes collected. */
  get size(): number {
    return this.#doneBytes + this.#at - this.#from;
  }

  /** A frame with so many bytes of body, which must be written next. */
  begin(kind: number, bodyBytes: number): void {
    this.#reserve(FRAME_HEADER_BYTES);
    this.#u32(bodyBytes + 1);
    this.#bytes[this.#at] = kind;
    this.#at += 1;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#at] = value >>> 8;
    this.#bytes[this.#at + 1] = value;
    this.#at += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#u32(value);
  }

  u53(value: number): void {
    this.#reserve(8);
    this.#u32(value < TWO_32 ? 0 : Math.floor(value / TWO_32));
    this.#u32(value);
  }

  #u32(value: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.#at = at + 4;
  }

  /** Characters above 255 lose their upper byte: the caller has looked. */
  latin1(text: string): void {
    this.#reserve(text.length);
    this.#bytes.write(text, this.#at, "latin1");
    this.#at += text.length;
  }

  /** What is long is sent from where it lies: it must not change until the socket has it. */
  raw(bytes: Uint8Array): void {
    if (bytes.length < REFER_FROM_BYTES) {
      this.#reserve(bytes.length);
      this.#bytes.set(bytes, this.#at);
      this.#at += bytes.length;
      return;
    }
    this.#cut();
    this.#done.push(bytes);
    this.#doneBytes += bytes.length;
  }

  /** Room for so many bytes at `at` of `into`, which the caller fills at once. */
  room(bytes: number): { readonly into: Uint8Array; readonly at: number } {
    this.#reserve(bytes);
    this.#at += bytes;
    return { into: this.#bytes, at: this.#at - bytes };
  }

  /** What was collected. `release` or `renew` must follow before anything else is written. */
  take(): readonly Uint8Array[] {
    this.#cut();
    const done = this.#done;
    this.#done = [];
    this.#doneBytes = 0;
    return done;
  }

  /** The bytes taken have been sent: their memory is used again. */
  release(): void {
    this.#at = 0;
    this.#from = 0;
    // One large turn must not hold on to its memory.
    if (this.#bytes.length > 16 * BUFFER_BYTES) this.#bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** The bytes taken are still being sent: the next go elsewhere. */
  renew(): void {
    this.#bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#at = 0;
    this.#from = 0;
  }

  #cut(): void {
    if (this.#at === this.#from) return;
    this.#done.push(this.#bytes.subarray(this.#from, this.#at));
    this.#doneBytes += this.#at - this.#from;
    this.#from = this.#at;
  }

  #reserve(count: number): void {
    const wanted = this.#at + count;
    if (wanted <= this.#bytes.length) return;
    // What was cut off goes on pointing into the old memory.
    const rest = this.#at - this.#from;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, rest + count));
    larger.set(this.#bytes.subarray(this.#from, this.#at), 0);
    this.#bytes = larger;
    this.#from = 0;
    this.#at = rest;
  }
}
