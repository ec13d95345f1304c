/** Keys of earlier commands, and where the machine has them. */
import { latin1Text } from "./byteWriter.js";
import type { Version } from "./mvcc/version.js";

/** A power of two. */
const PLACES = 8192;
/** A longer key is made anew each time: comparing it would cost as much. */
const KNOWN_BYTES_MAX = 32;

export interface KnownKey {
  readonly text: string;
  /** What a machine had there last, for that machine; null: it has not looked yet. */
  version: Version | null;
}

/**
 * Few keys make most of the traffic. A text that was in use before has its hash, and its version is where it was. One key
 * per place: the latest.
 */
export class KnownKeys {
  private readonly places = new Array<KnownKey | null>(PLACES).fill(null);

  /** The key that is [from, to) of `bytes`. */
  find(bytes: Uint8Array, from: number, to: number): KnownKey {
    if (to - from > KNOWN_BYTES_MAX) return { text: latin1Text(bytes, from, to), version: null };
    let hash = 0;
    for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const known = this.places[place] as KnownKey | null;
    if (known !== null && isText(known.text, bytes, from, to)) return known;
    const found: KnownKey = { text: latin1Text(bytes, from, to), version: null };
    this.places[place] = found;
    return found;
  }
}

function isText(text: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = from; i < to; i += 1) if (text.charCodeAt(i - from) !== bytes[i]) return false;
  return true;
}
