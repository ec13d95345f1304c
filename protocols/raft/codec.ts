/** Raft on the wire and in the write-ahead log. Commands are referred to, not copied. */
import {
  type Codec,
  CodecError,
  ENTRY_HEADER_BYTES,
  type Entry,
  entriesPayloadBytes,
  entryPayloads,
  type Reader,
  readBool,
  readEnd,
  readEntries,
  readEntryHeaders,
  readerOf,
  readU16,
  readU53,
  readU8,
  unreachable,
  type Writer,
  writeBool,
  writeEntries,
  writerAt,
  writeU16,
  writeU53,
  writeU8,
} from "../core/index.js";
import type { RaftHard, RaftMessage } from "./messages.js";

/** First byte of a message. Never renumbered: nodes of different versions talk to each other. */
const TYPES: readonly RaftMessage["type"][] = [
  "RequestVote",
  "RequestVoteResponse",
  "RequestPreVote",
  "RequestPreVoteResponse",
  "AppendEntries",
  "AppendEntriesResponse",
  "Heartbeat",
  "HeartbeatResponse",
  "InstallSnapshot",
  "InstallSnapshotResponse",
  "ReadIndexRequest",
  "ReadIndexResponse",
];

const NO_PAYLOADS: readonly Uint8Array[] = [];
/** Type and term. */
const PREFIX_BYTES = 1 + 8;

function headerBytes(m: RaftMessage): number {
  switch (m.type) {
    case "RequestVote":
    case "RequestPreVote":
    case "InstallSnapshot":
      return PREFIX_BYTES + 16;
    case "RequestVoteResponse":
      return PREFIX_BYTES + 1;
    case "RequestPreVoteResponse":
      return PREFIX_BYTES + 9;
    case "AppendEntries":
      return PREFIX_BYTES + 24 + 4 + m.entries.length * ENTRY_HEADER_BYTES;
    case "AppendEntriesResponse":
      return PREFIX_BYTES + 1 + (m.success ? 8 : 24);
    case "HeartbeatResponse":
    case "InstallSnapshotResponse":
      return PREFIX_BYTES + 8;
    case "Heartbeat":
    case "ReadIndexRequest":
      return PREFIX_BYTES + 16;
    case "ReadIndexResponse":
      return PREFIX_BYTES + 24;
    default:
      return unreachable(m);
  }
}

function totalBytes(m: RaftMessage): number {
  return headerBytes(m) + (m.type === "AppendEntries" ? entriesPayloadBytes(m.entries) : 0);
}

function encode(m: RaftMessage, into: Uint8Array, at: number): readonly Uint8Array[] {
  const w = writerAt(into, at);
  writeU8(w, TYPES.indexOf(m.type) + 1);
  writeU53(w, m.term);
  if (m.type !== "AppendEntries") {
    writeBody(w, m);
    return NO_PAYLOADS;
  }
  writeU53(w, m.prevLogIndex);
  writeU53(w, m.prevLogTerm);
  writeU53(w, m.leaderCommit);
  writeEntries(w, m.entries);
  return entryPayloads(m.entries);
}

function writeBody(w: Writer, m: Exclude<RaftMessage, { type: "AppendEntries" }>): void {
  switch (m.type) {
    case "RequestVote":
    case "RequestPreVote":
      writeU53(w, m.lastLogIndex);
      writeU53(w, m.lastLogTerm);
      break;
    case "RequestVoteResponse":
      writeBool(w, m.voteGranted);
      break;
    case "RequestPreVoteResponse":
      writeU53(w, m.nextTerm);
      writeBool(w, m.voteGranted);
      break;
    case "AppendEntriesResponse":
      writeBool(w, m.success);
      if (m.success) {
        writeU53(w, m.matchIndex);
        break;
      }
      writeU53(w, m.prevLogIndex);
      writeU53(w, m.conflictIndex);
      writeU53(w, m.conflictTerm);
      break;
    case "Heartbeat":
      writeU53(w, m.leaderCommit);
      writeU53(w, m.round);
      break;
    case "HeartbeatResponse":
      writeU53(w, m.round);
      break;
    case "InstallSnapshot":
      writeU53(w, m.lastIncludedIndex);
      writeU53(w, m.lastIncludedTerm);
      break;
    case "InstallSnapshotResponse":
      writeU53(w, m.matchIndex);
      break;
    case "ReadIndexRequest":
      writeU53(w, m.incarnation);
      writeU53(w, m.context);
      break;
    case "ReadIndexResponse":
      writeU53(w, m.incarnation);
      writeU53(w, m.context);
      writeU53(w, m.readIndex);
      break;
    default:
      unreachable(m);
  }
}

function decode(bytes: Uint8Array): RaftMessage {
  const reader = readerOf(bytes);
  const code = readU8(reader);
  const type = TYPES[code - 1];
  if (type === undefined) throw new CodecError(`message type ${code} is not Raft's`);
  const message = readBody(reader, type, readU53(reader));
  readEnd(reader);
  return message;
}

function readBody(r: Reader, type: RaftMessage["type"], term: number): RaftMessage {
  switch (type) {
    case "RequestVote":
    case "RequestPreVote":
      return { type, term, lastLogIndex: readU53(r), lastLogTerm: readU53(r) };
    case "RequestVoteResponse":
      return { type, term, voteGranted: readBool(r) };
    case "RequestPreVoteResponse":
      return { type, term, nextTerm: readU53(r), voteGranted: readBool(r) };
    case "AppendEntries":
      return readAppendEntries(r, term);
    case "AppendEntriesResponse":
      if (readBool(r)) return { type, term, success: true, matchIndex: readU53(r) };
      return {
        type,
        term,
        success: false,
        prevLogIndex: readU53(r),
        conflictIndex: readU53(r),
        conflictTerm: readU53(r),
      };
    case "Heartbeat":
      return { type, term, leaderCommit: readU53(r), round: readU53(r) };
    case "HeartbeatResponse":
      return { type, term, round: readU53(r) };
    case "InstallSnapshot":
      return { type, term, lastIncludedIndex: readU53(r), lastIncludedTerm: readU53(r) };
    case "InstallSnapshotResponse":
      return { type, term, matchIndex: readU53(r) };
    case "ReadIndexRequest":
      return { type, term, incarnation: readU53(r), context: readU53(r) };
    case "ReadIndexResponse":
      return { type, term, incarnation: readU53(r), context: readU53(r), readIndex: readU53(r) };
    default:
      return unreachable(type);
  }
}

/** The core relies on entries that follow prevLogIndex without a gap, in terms that never fall and never pass the leader's. */
function readAppendEntries(r: Reader, term: number): RaftMessage {
  const prevLogIndex = readU53(r);
  const prevLogTerm = readU53(r);
  const leaderCommit = readU53(r);
  const entries: Entry[] = readEntries(r, readEntryHeaders(r));
  let index = prevLogIndex;
  let round = prevLogTerm;
  for (const entry of entries) {
    index += 1;
    if (entry.index !== index) throw new CodecError(`entry ${entry.index} where ${index} was expected`);
    if (entry.round < round) throw new CodecError(`entry ${index} has term ${entry.round} after ${round}`);
    round = entry.round;
  }
  if (round > term) throw new CodecError(`an entry of term ${round} in a message of term ${term}`);
  return { type: "AppendEntries", term, prevLogIndex, prevLogTerm, entries, leaderCommit };
}

/** Messages on the wire: a header of known size, then the commands. */
export const codec: Codec<RaftMessage> = { headerBytes, totalBytes, encode, decode };

const HARD_BYTES = 8 + 2;

/** The hard state on disk. */
export const hardCodec: Codec<RaftHard> = {
  headerBytes: () => HARD_BYTES,
  totalBytes: () => HARD_BYTES,
  encode(hard, into, at) {
    const w = writerAt(into, at);
    writeU53(w, hard.currentTerm);
    writeU16(w, hard.votedFor);
    return NO_PAYLOADS;
  },
  decode(bytes) {
    const r = readerOf(bytes);
    const hard = { currentTerm: readU53(r), votedFor: readU16(r) };
    readEnd(r);
    return hard;
  },
};
