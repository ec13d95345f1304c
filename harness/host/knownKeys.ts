/** Keys of earlier commands, and where the machine has them. */
import { latin1Text } from "./byteWriter.js";
import type { Version } from "./mvcc/version.js";

/** A power of two. */
const PLACES = 8192;
/** The length of the key and its bytes: half a line of the processor's cache. */
const PLACE_BYTES = 32;
/** A longer key is made anew each time: comparing it would cost as much. */
const KEY_BYTES_MAX = PLACE_BYTES - 1;
/** No place. */
export const UNKNOWN = -1;

/**
 * Few keys make most of the traffic. What is needed of a key that was met before lies where its hash points to, and not at
 * the end of a chain of objects: in a node that serves many clients each of those would have to come from main memory.
 * One key per place: the latest.
 */
export class KnownKeys {
  private readonly bytes = new Uint8Array(PLACES * PLACE_BYTES);
  private readonly texts = new Array<string>(PLACES).fill("");
  private readonly versions = new Array<Version | null>(PLACES).fill(null);

  constructor() {
    // No key is that long.
    for (let at = 0; at < this.bytes.length; at += PLACE_BYTES) this.bytes[at] = PLACE_BYTES;
  }

  /** The place of the key that is [from, to) of `bytes`; UNKNOWN: it is too long to have one. */
  place(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length > KEY_BYTES_MAX) return UNKNOWN;
    let hash = 0;
    for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const at = place * PLACE_BYTES;
    const known = this.bytes;
    let same = known[at] === length;
    for (let i = 0; i < length && same; i += 1) same = known[at + 1 + i] === bytes[from + i];
    if (!same) this.take(place, bytes, from, to);
    return place;
  }

  private take(place: number, bytes: Uint8Array, from: number, to: number): void {
    const at = place * PLACE_BYTES;
    this.bytes[at] = to - from;
    this.bytes.set(bytes.subarray(from, to), at + 1);
    this.texts[place] = latin1Text(bytes, from, to);
    this.versions[place] = null;
  }

  textAt(place: number): string {
    return this.texts[place] as string;
  }

  /** What the machine had there last; null: it has not looked yet. */
  versionAt(place: number): Version | null {
    return this.versions[place] as Version | null;
  }

  keepVersion(place: number, version: Version): void {
    this.versions[place] = version;
  }

  /** The key that is [from, to) of `bytes`, most of the time the same text for the same bytes. */
  text(bytes: Uint8Array, from: number, to: number): string {
    const place = this.place(bytes, from, to);
    return place === UNKNOWN ? latin1Text(bytes, from, to) : this.textAt(place);
  }
}
