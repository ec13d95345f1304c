/** The first frames of a connection: who calls whom, and whether both are of the same cluster. */
import { CodecError, type Reader, readEnd, readU16, readU53, readU8 } from "../../protocols/core/index.js";
import type { FrameWriter } from "./frames.js";
import { CALLER_CLIENT, CALLER_PEER, HELLO, REFUSED, TRANSPORT_VERSION, WELCOME } from "./kinds.js";

export type Hello =
  | { readonly caller: "client"; readonly cluster: string }
  | {
      readonly caller: "peer";
      readonly cluster: string;
      readonly protocol: string;
      readonly ordinal: number;
      /** Whom the caller wants to reach. */
      readonly expected: number;
      readonly incarnation: number;
    };

export interface Welcome {
  readonly cluster: string;
  readonly protocol: string;
  readonly ordinal: number;
  readonly id: string;
  readonly incarnation: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

function writeText(w: FrameWriter, text: Uint8Array): void {
  w.u8(text.length);
  w.raw(text);
}

/** Cut to what a length byte can say; names are checked where they come from. */
function textBytes(text: string): Uint8Array {
  return encoder.encode(text).subarray(0, 255);
}

/** Throws CodecError. */
export function readText(r: Reader): string {
  const length = readU8(r);
  if (r.at + length > r.bytes.length) throw new CodecError(`a text of ${length} bytes at ${r.at}`);
  r.at += length;
  try {
    return decoder.decode(r.bytes.subarray(r.at - length, r.at));
  } catch {
    throw new CodecError(`a text at ${r.at - length} is not UTF-8`);
  }
}

export function writeHello(w: FrameWriter, hello: Hello): void {
  const cluster = textBytes(hello.cluster);
  if (hello.caller === "client") {
    w.begin(HELLO, 2 + 1 + cluster.length);
    w.u8(TRANSPORT_VERSION);
    w.u8(CALLER_CLIENT);
    writeText(w, cluster);
    return;
  }
  const protocol = textBytes(hello.protocol);
  w.begin(HELLO, 2 + 1 + cluster.length + 1 + protocol.length + 2 + 2 + 8);
  w.u8(TRANSPORT_VERSION);
  w.u8(CALLER_PEER);
  writeText(w, cluster);
  writeText(w, protocol);
  w.u16(hello.ordinal);
  w.u16(hello.expected);
  w.u53(hello.incarnation);
}

/** A newer version may add fields that this one does not know: it is refused by its number. Throws CodecError. */
export function readHello(r: Reader): Hello {
  const version = readU8(r);
  if (version !== TRANSPORT_VERSION)
    throw new CodecError(`version ${version} of the transport where ${TRANSPORT_VERSION} is spoken`);
  const caller = readU8(r);
  const cluster = readText(r);
  if (caller === CALLER_CLIENT) {
    readEnd(r);
    return { caller: "client", cluster };
  }
  if (caller !== CALLER_PEER) throw new CodecError(`a caller of 1 or 2 expected, found ${caller}`);
  const protocol = readText(r);
  const ordinal = readU16(r);
  const expected = readU16(r);
  const incarnation = readU53(r);
  readEnd(r);
  return { caller: "peer", cluster, protocol, ordinal, expected, incarnation };
}

export function writeWelcome(w: FrameWriter, welcome: Welcome): void {
  const cluster = textBytes(welcome.cluster);
  const protocol = textBytes(welcome.protocol);
  const id = textBytes(welcome.id);
  w.begin(WELCOME, 3 + cluster.length + protocol.length + id.length + 2 + 8);
  writeText(w, cluster);
  writeText(w, protocol);
  w.u16(welcome.ordinal);
  writeText(w, id);
  w.u53(welcome.incarnation);
}

/** Throws CodecError. */
export function readWelcome(r: Reader): Welcome {
  const cluster = readText(r);
  const protocol = readText(r);
  const ordinal = readU16(r);
  const id = readText(r);
  const incarnation = readU53(r);
  readEnd(r);
  return { cluster, protocol, ordinal, id, incarnation };
}

export function writeRefused(w: FrameWriter, why: string): void {
  const text = textBytes(why);
  w.begin(REFUSED, 1 + text.length);
  writeText(w, text);
}
