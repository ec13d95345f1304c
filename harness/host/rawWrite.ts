/**
 * A write request as it lies in a frame: client u32, seq u53, kind u8 and operands, exactly as inside a command. It is
 * looked over and copied, not read: no text is made of it before it is applied.
 */
import { u32At } from "../../protocols/core/index.js";

/** client, seq, kind. */
const HEAD_BYTES = 4 + 8 + 1;

/**
 * Whether [from, to) is one whole request and nothing else. Every node applies what gets into the log, and a command that
 * cannot be read stops them all: nothing may pass here that `decodeCommand` would refuse.
 */
export function isRawWrite(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < HEAD_BYTES || to > bytes.length) return false;
  // The upper half of a u53.
  if (u32At(bytes, from + 4) >= 2 ** 21) return false;
  let at = skip(bytes, from + HEAD_BYTES, to);
  switch (bytes[from + HEAD_BYTES - 1]) {
    case 1:
    case 4:
      at = skip(bytes, at, to);
      break;
    case 2:
    case 5:
      break;
    case 3: {
      const expects = at < to ? bytes[at] : undefined;
      if (expects !== 0 && expects !== 1) return false;
      at = skip(bytes, at + 1, to);
      if (expects === 1) at = skip(bytes, at, to);
      break;
    }
    default:
      return false;
  }
  return at === to;
}

/** Behind the byte string at `at`; beyond `to` where it does not end within. */
function skip(bytes: Uint8Array, at: number, to: number): number {
  return at + 4 > to ? to + 1 : at + 4 + u32At(bytes, at);
}

/** Of a request that `isRawWrite` let pass. */
export function rawClient(bytes: Uint8Array, from: number): number {
  return u32At(bytes, from);
}

export function rawSeq(bytes: Uint8Array, from: number): number {
  return u32At(bytes, from + 4) * 2 ** 32 + u32At(bytes, from + 8);
}

/** As `isBlind` of the machine. */
export function isBlindRaw(bytes: Uint8Array, from: number): boolean {
  const kind = bytes[from + HEAD_BYTES - 1];
  return kind === 1 || kind === 2 || kind === 4;
}
