/**
 * Wire form: a type byte, fixed-width fields, entry headers; then the entries' payloads. What decodes is a message that
 * a correct replica could have sent as far as its own fields tell; everything else is a CodecError.
 */
import {
  type Codec,
  CodecError,
  entriesHeaderBytes,
  entriesPayloadBytes,
  type Entry,
  entryPayloads,
  readBool,
  readEnd,
  readEntries,
  readEntryHeaders,
  type Reader,
  readerOf,
  readU32,
  readU53,
  readU8,
  type Round,
  unreachable,
  writeBool,
  writeEntries,
  type Writer,
  writerAt,
  writeU32,
  writeU53,
  writeU8,
} from "../core/index.js";
import { type MultiPaxosMessage, ownerOf } from "./messages.js";
import type { MultiPaxosHard } from "./state.js";

const TYPES: readonly MultiPaxosMessage["type"][] = [
  "Probe",
  "ProbeReply",
  "Prepare",
  "Promise",
  "Accept",
  "Accepted",
  "Nack",
  "Heartbeat",
  "HeartbeatAck",
  "Decided",
  "LearnRequest",
  "Learn",
  "InstallSnapshot",
  "ReadQuery",
  "ReadReply",
];
const TAG_OF: ReadonlyMap<string, number> = new Map(TYPES.map((type, at) => [type, at]));
const NO_PAYLOADS: readonly Uint8Array[] = [];

function headerBytes(m: MultiPaxosMessage): number {
  switch (m.type) {
    case "Probe":
    case "LearnRequest":
    case "InstallSnapshot":
      return 1 + 8;
    case "Prepare":
    case "Nack":
    case "Decided":
    case "ReadQuery":
      return 1 + 16;
    case "ProbeReply":
      return 1 + 16 + 1;
    case "Heartbeat":
    case "HeartbeatAck":
    case "ReadReply":
      return 1 + 24;
    case "Accepted":
      return 1 + 8 + 4 + 8 * m.slots.length;
    case "Promise":
    case "Accept":
      return 1 + 16 + entriesHeaderBytes(m.entries);
    case "Learn":
      return 1 + 8 + entriesHeaderBytes(m.entries);
    default:
      return unreachable(m);
  }
}

function totalBytes(m: MultiPaxosMessage): number {
  const header = headerBytes(m);
  return "entries" in m ? header + entriesPayloadBytes(m.entries) : header;
}

function encode(m: MultiPaxosMessage, into: Uint8Array, at: number): readonly Uint8Array[] {
  const w = writerAt(into, at);
  writeU8(w, TAG_OF.get(m.type) as number);
  switch (m.type) {
    case "Promise":
    case "Accept":
      writeU53(w, m.ballot);
      writeU53(w, m.decidedIndex);
      writeEntries(w, m.entries);
      return entryPayloads(m.entries);
    case "Learn":
      writeU53(w, m.decidedIndex);
      writeEntries(w, m.entries);
      return entryPayloads(m.entries);
    default:
      encodeFixed(m, w);
      return NO_PAYLOADS;
  }
}

function encodeFixed(m: Exclude<MultiPaxosMessage, { readonly entries: unknown }>, w: Writer): void {
  switch (m.type) {
    case "Probe":
      return writeU53(w, m.ballot);
    case "ProbeReply":
      writeTwo(w, m.ballot, m.promisedBallot);
      return writeBool(w, m.granted);
    case "Prepare":
      return writeTwo(w, m.ballot, m.fromSlot);
    case "Accepted":
      writeU53(w, m.ballot);
      writeU32(w, m.slots.length);
      for (const slot of m.slots) writeU53(w, slot);
      return;
    case "Nack":
      return writeTwo(w, m.ballot, m.promisedBallot);
    case "Heartbeat":
      writeTwo(w, m.ballot, m.sequence);
      return writeU53(w, m.decidedIndex);
    case "HeartbeatAck":
      writeTwo(w, m.ballot, m.sequence);
      return writeU53(w, m.acceptedSlot);
    case "Decided":
      return writeTwo(w, m.ballot, m.decidedIndex);
    case "LearnRequest":
      return writeU53(w, m.fromSlot);
    case "InstallSnapshot":
      return writeU53(w, m.decidedIndex);
    case "ReadQuery":
      return writeTwo(w, m.incarnation, m.sequence);
    case "ReadReply":
      writeTwo(w, m.incarnation, m.sequence);
      return writeU53(w, m.acceptedSlot);
    default:
      return unreachable(m);
  }
}

function writeTwo(w: Writer, a: number, b: number): void {
  writeU53(w, a);
  writeU53(w, b);
}

function decode(bytes: Uint8Array): MultiPaxosMessage {
  const r = readerOf(bytes);
  const tag = readU8(r);
  const type = TYPES[tag];
  if (type === undefined) throw new CodecError(`a message type below ${TYPES.length} expected, found ${tag}`);
  const message = decodeBody(r, type);
  readEnd(r);
  return message;
}

function decodeBody(r: Reader, type: MultiPaxosMessage["type"]): MultiPaxosMessage {
  switch (type) {
    case "Probe":
      return { type, ballot: readBallot(r) };
    case "ProbeReply": {
      const ballot = readBallot(r);
      const promisedBallot = readU53(r);
      return { type, ballot, promisedBallot, granted: readBool(r) };
    }
    case "Prepare":
      return { type, ballot: readBallot(r), fromSlot: readPositive(r) };
    case "Promise":
      return { type, ballot: readBallot(r), decidedIndex: readU53(r), entries: readAscending(r) };
    case "Accept":
      return decodeAccept(r);
    case "Accepted":
      return { type, ballot: readBallot(r), slots: readSlots(r) };
    case "Nack":
      return { type, ballot: readBallot(r), promisedBallot: readU53(r) };
    case "Heartbeat":
      return { type, ballot: readBallot(r), sequence: readPositive(r), decidedIndex: readU53(r) };
    case "HeartbeatAck":
      return { type, ballot: readBallot(r), sequence: readPositive(r), acceptedSlot: readU53(r) };
    case "Decided":
      return { type, ballot: readBallot(r), decidedIndex: readU53(r) };
    case "LearnRequest":
      return { type, fromSlot: readPositive(r) };
    case "Learn":
      return decodeLearn(r);
    case "InstallSnapshot":
      return { type, decidedIndex: readU53(r) };
    case "ReadQuery":
      return { type, incarnation: readPositive(r), sequence: readPositive(r) };
    case "ReadReply":
      return { type, incarnation: readPositive(r), sequence: readPositive(r), acceptedSlot: readU53(r) };
    default:
      return unreachable(type);
  }
}

function decodeAccept(r: Reader): MultiPaxosMessage {
  const ballot = readBallot(r);
  const decidedIndex = readU53(r);
  const entries = readAscending(r);
  if (entries.length === 0) throw new CodecError("an Accept without entries");
  for (const { index, round } of entries)
    if (round !== ballot) throw new CodecError(`slot ${index} of an Accept in ballot ${ballot} is of ballot ${round}`);
  return { type: "Accept", ballot, decidedIndex, entries };
}

function decodeLearn(r: Reader): MultiPaxosMessage {
  const decidedIndex = readU53(r);
  const entries = readAscending(r);
  const first = entries[0]?.index ?? 0;
  for (const [at, { index }] of entries.entries())
    if (index !== first + at) throw new CodecError(`slot ${first + at} of a Learn is missing`);
  const last = entries[entries.length - 1];
  if (last !== undefined && last.index > decidedIndex)
    throw new CodecError(`slot ${last.index} of a Learn is above what its sender decided`);
  return { type: "Learn", decidedIndex, entries };
}

function readPositive(r: Reader): number {
  const value = readU53(r);
  if (value === 0) throw new CodecError(`a number above 0 expected at ${r.at - 8}`);
  return value;
}

/** A ballot that some node owns. */
function readBallot(r: Reader): Round {
  const ballot = readU53(r);
  if (ownerOf(ballot) === 0) throw new CodecError(`a ballot at ${r.at - 8} has no owner`);
  return ballot;
}

function readSlots(r: Reader): number[] {
  const count = readU32(r);
  // A hostile count must not allocate before its bytes are known to be there.
  if (count > (r.bytes.length - r.at) / 8) throw new CodecError(`${count} slots expected at ${r.at}`);
  const slots: number[] = [];
  for (let i = 0; i < count; i += 1) slots.push(readPositive(r));
  return slots;
}

/** Entries with their payloads, which end the message. Slots ascend, and every round is a ballot. */
function readAscending(r: Reader): Entry[] {
  const headers = readEntryHeaders(r);
  let previous = 0;
  for (const { index, round } of headers) {
    if (index <= previous) throw new CodecError(`slot ${index} follows slot ${previous}`);
    if (ownerOf(round) === 0) throw new CodecError(`slot ${index} has a ballot without an owner`);
    previous = index;
  }
  return readEntries(r, headers);
}

/** Messages on the wire: a header of known size, then the commands. */
export const codec: Codec<MultiPaxosMessage> = { headerBytes, totalBytes, encode, decode };

const HARD_BYTES = 16;

/** The hard state on disk. */
export const hardCodec: Codec<MultiPaxosHard> = {
  headerBytes: () => HARD_BYTES,
  totalBytes: () => HARD_BYTES,
  encode(hard, into, at) {
    writeTwo(writerAt(into, at), hard.promisedBallot, hard.decidedIndex);
    return NO_PAYLOADS;
  },
  decode(bytes) {
    const r = readerOf(bytes);
    const promisedBallot = readU53(r);
    const decidedIndex = readU53(r);
    readEnd(r);
    return { promisedBallot, decidedIndex };
  },
};
