/** Wire form: a tag, fixed-width fields, entry headers; payloads follow. See core/bytes for the helpers. */
import {
  type Codec,
  CodecError,
  type Entry,
  type Reader,
  type Writer,
  entriesHeaderBytes,
  entriesPayloadBytes,
  entryPayloads,
  readBool,
  readEnd,
  readEntries,
  readEntryHeaders,
  readU16,
  readU32,
  readU53,
  readU8,
  readerOf,
  unreachable,
  writeBool,
  writeEntries,
  writeU16,
  writeU32,
  writeU53,
  writeU8,
  writerAt,
} from "../core/index.js";
import type { AckEpoch, EpochEnd, Notification, PlanHeader, ServerState, ZabMessage } from "./messages.js";
import type { ZabHard } from "./state.js";

/** The tag of a type is its place here, from 1; never reorder. */
const TYPES: readonly ZabMessage["type"][] = [
  "Notification",
  "FOLLOWERINFO",
  "LEADERINFO",
  "ACKEPOCH",
  "DIFF",
  "TRUNC",
  "SNAP",
  "BODY",
  "NEWLEADER",
  "ACKLD",
  "UPTODATE",
  "PROPOSE",
  "ACK",
  "COMMIT",
  "INFORM",
  "PING",
  "PONG",
  "RESEND",
  "SYNC",
  "SYNCED",
  "CLOSE",
];
const TAGS: ReadonlyMap<string, number> = new Map(TYPES.map((type, at) => [type, at + 1]));
const STATES: readonly ServerState[] = ["LOOKING", "FOLLOWING", "LEADING", "OBSERVING"];

const U53 = 8;
const EPOCH_END_BYTES = 2 * U53;

/** The numbers after (session, epoch) of the messages that consist of nothing else, in wire order. */
function numbersAfterEpoch(type: ZabMessage["type"]): number {
  switch (type) {
    case "NEWLEADER":
    case "ACKLD":
    case "UPTODATE":
    case "ACK":
    case "COMMIT":
    case "PONG":
    case "SYNC":
      return 1;
    case "PING":
    case "RESEND":
    case "SYNCED":
      return 2;
    default:
      return 4;
  }
}

function headerBytes(m: ZabMessage): number {
  switch (m.type) {
    case "Notification":
      return 1 + 1 + U53 + 2 + 3 * U53;
    case "FOLLOWERINFO":
    case "LEADERINFO":
      return 1 + 2 * U53;
    case "CLOSE":
      return 1 + U53;
    case "ACKEPOCH":
      return 1 + 2 * U53 + 1 + 2 * U53 + 4 + m.epochs.length * EPOCH_END_BYTES;
    case "BODY":
    case "INFORM":
      return 1 + 3 * U53 + entriesHeaderBytes(m.entries);
    case "PROPOSE":
      return 1 + 2 * U53 + entriesHeaderBytes(m.entries);
    default:
      return 1 + (2 + numbersAfterEpoch(m.type)) * U53;
  }
}

function entriesOf(m: ZabMessage): readonly Entry[] {
  return m.type === "PROPOSE" || m.type === "INFORM" || m.type === "BODY" ? m.entries : [];
}

function encode(m: ZabMessage, into: Uint8Array, at: number): readonly Uint8Array[] {
  const w = writerAt(into, at);
  writeU8(w, TAGS.get(m.type) ?? 0);
  if (m.type === "Notification") {
    writeNotification(w, m);
    return [];
  }
  writeU53(w, m.session);
  if (m.type === "CLOSE") return [];
  writeU53(w, m.type === "FOLLOWERINFO" ? m.acceptedEpoch : m.epoch);
  writeFields(w, m);
  return entryPayloads(entriesOf(m));
}

function writeNotification(w: Writer, m: Notification): void {
  writeU8(w, STATES.indexOf(m.state));
  writeU53(w, m.round);
  writeU16(w, m.vote.leader);
  writeU53(w, m.vote.peerEpoch);
  writeU53(w, m.vote.zxidEpoch);
  writeU53(w, m.vote.zxidIndex);
}

function writeFields(w: Writer, m: Exclude<ZabMessage, { type: "Notification" | "CLOSE" }>): void {
  switch (m.type) {
    case "FOLLOWERINFO":
    case "LEADERINFO":
      return;
    case "ACKEPOCH":
      return writeAckEpoch(w, m);
    case "DIFF":
    case "TRUNC":
    case "SNAP":
      return writeNumbers(w, m.plan, m.from, m.fromEpoch, m.to);
    case "BODY":
      writeU53(w, m.plan);
      return writeEntries(w, m.entries);
    case "PROPOSE":
      return writeEntries(w, m.entries);
    case "INFORM":
      writeU53(w, m.committed);
      return writeEntries(w, m.entries);
    case "NEWLEADER":
      return writeU53(w, m.plan);
    case "ACKLD":
      return writeU53(w, m.to);
    case "UPTODATE":
      return writeU53(w, m.committed);
    case "ACK":
    case "COMMIT":
    case "PONG":
      return writeU53(w, m.index);
    case "PING":
      return writeNumbers(w, m.last, m.committed);
    case "RESEND":
      return writeNumbers(w, m.plan, m.from);
    case "SYNC":
      return writeU53(w, m.id);
    case "SYNCED":
      return writeNumbers(w, m.id, m.index);
    default:
      return unreachable(m);
  }
}

function writeNumbers(w: Writer, ...numbers: readonly number[]): void {
  for (const value of numbers) writeU53(w, value);
}

function writeAckEpoch(w: Writer, m: AckEpoch): void {
  writeBool(w, m.promised);
  writeNumbers(w, m.currentEpoch, m.floor);
  writeU32(w, m.epochs.length);
  for (const { epoch, last } of m.epochs) writeNumbers(w, epoch, last);
}

function decode(bytes: Uint8Array): ZabMessage {
  const r = readerOf(bytes);
  const tag = readU8(r);
  const type = TYPES[tag - 1];
  if (type === undefined) throw new CodecError(`no message has the tag ${tag}`);
  const message = readMessage(r, type);
  readEnd(r);
  return message;
}

function readMessage(r: Reader, type: ZabMessage["type"]): ZabMessage {
  if (type === "Notification") return readNotification(r);
  const session = readU53(r);
  if (type === "CLOSE") return { type, session };
  const epoch = readU53(r);
  switch (type) {
    case "FOLLOWERINFO":
      return { type, session, acceptedEpoch: epoch };
    case "LEADERINFO":
      return { type, session, epoch };
    case "ACKEPOCH":
      return readAckEpoch(r, session, epoch);
    case "DIFF":
    case "TRUNC":
    case "SNAP":
      return readPlanHeader(r, type, session, epoch);
    case "BODY":
      return { type, session, epoch, plan: readU53(r), entries: readAllEntries(r) };
    case "PROPOSE":
      return { type, session, epoch, entries: readAllEntries(r) };
    case "INFORM":
      return { type, session, epoch, committed: readU53(r), entries: readAllEntries(r) };
    case "NEWLEADER":
      return { type, session, epoch, plan: readU53(r) };
    case "ACKLD":
      return { type, session, epoch, to: readU53(r) };
    case "UPTODATE":
      return { type, session, epoch, committed: readU53(r) };
    case "ACK":
    case "COMMIT":
    case "PONG":
      return { type, session, epoch, index: readU53(r) };
    case "PING":
      return { type, session, epoch, last: readU53(r), committed: readU53(r) };
    case "RESEND":
      return { type, session, epoch, plan: readU53(r), from: readU53(r) };
    case "SYNC":
      return { type, session, epoch, id: readU53(r) };
    case "SYNCED":
      return { type, session, epoch, id: readU53(r), index: readU53(r) };
    default:
      return unreachable(type);
  }
}

function readNotification(r: Reader): Notification {
  const at = readU8(r);
  const state = STATES[at];
  if (state === undefined) throw new CodecError(`no server state has the tag ${at}`);
  const round = readU53(r);
  const vote = { leader: readU16(r), peerEpoch: readU53(r), zxidEpoch: readU53(r), zxidIndex: readU53(r) };
  return { type: "Notification", state, round, vote };
}

function readPlanHeader(r: Reader, type: PlanHeader["type"], session: number, epoch: number): PlanHeader {
  const plan = readU53(r);
  const from = readU53(r);
  const fromEpoch = readU53(r);
  const to = readU53(r);
  if (to < from) throw new CodecError(`a plan from ${from} to ${to}`);
  return { type, session, epoch, plan, from, fromEpoch, to };
}

function readAckEpoch(r: Reader, session: number, epoch: number): AckEpoch {
  const promised = readBool(r);
  const currentEpoch = readU53(r);
  const floor = readU53(r);
  const count = readU32(r);
  // A hostile count must not allocate before its bytes are known to be there.
  if (count * EPOCH_END_BYTES > r.bytes.length - r.at) throw new CodecError(`${count} epochs do not fit the message`);
  const epochs: EpochEnd[] = [];
  let before: EpochEnd = { epoch: -1, last: floor - 1 };
  for (let i = 0; i < count; i += 1) {
    const end = { epoch: readU53(r), last: readU53(r) };
    if (end.epoch <= before.epoch || end.last <= before.last) throw new CodecError("epochs out of order");
    epochs.push(end);
    before = end;
  }
  return { type: "ACKEPOCH", session, epoch, promised, currentEpoch, floor, epochs };
}

/** Entries of one message follow each other: whatever holds a gap was not written by `encode`. */
function readAllEntries(r: Reader): readonly Entry[] {
  const headers = readEntryHeaders(r);
  for (let i = 1; i < headers.length; i += 1) {
    if (headers[i]?.index !== (headers[i - 1]?.index ?? 0) + 1) throw new CodecError("entries out of order");
  }
  return readEntries(r, headers);
}

/** Messages on the wire: a header of known size, then the commands. */
export const codec: Codec<ZabMessage> = {
  headerBytes,
  totalBytes: (m) => headerBytes(m) + entriesPayloadBytes(entriesOf(m)),
  encode,
  decode,
};

/** The hard state on disk. */
export const hardCodec: Codec<ZabHard> = {
  headerBytes: () => 2 * U53,
  totalBytes: () => 2 * U53,
  encode: (hard, into, at) => {
    writeNumbers(writerAt(into, at), hard.acceptedEpoch, hard.currentEpoch);
    return [];
  },
  decode: (bytes) => {
    const r = readerOf(bytes);
    const hard = { acceptedEpoch: readU53(r), currentEpoch: readU53(r) };
    readEnd(r);
    if (hard.currentEpoch > hard.acceptedEpoch)
      throw new CodecError(`currentEpoch ${hard.currentEpoch} is above acceptedEpoch ${hard.acceptedEpoch}`);
    return hard;
  },
};
