/**
 * The image of machine and sessions. Deterministic: equal states give equal bytes, whichever way a replica came to them,
 * so that images can be compared and hashed.
 */
import {
  CodecError,
  type Index,
  type Reader,
  readBool,
  readEnd,
  readerOf,
  readU8,
  readU32,
  readU53,
} from "../../protocols/core/index.js";
import { ByteWriter } from "./byteWriter.js";
import { readText } from "./command.js";
import type { Machine } from "./machine.js";
import type { Session, Sessions } from "./sessions.js";
import type { Result } from "./types.js";

/** "SYN" and the version of the format. */
const MAGIC = 0x53594e01;
const DONE = 0;
const CAS = 1;

/** @param index The last log position that the state contains. */
export function encodeSnapshot(index: Index, machine: Machine, sessions: Sessions): Uint8Array {
  const w = new ByteWriter(4096);
  w.u32(MAGIC);
  w.u53(index);
  w.u32(machine.size);
  for (const key of machine.keys()) {
    w.latin1(key);
    w.latin1(machine.get(key) as string);
  }
  w.u32(sessions.size);
  for (const session of sessions.inLogOrder()) writeSession(w, session);
  const dropped = sessions.droppedRanges();
  w.u32(dropped.length);
  for (const value of dropped) w.u32(value);
  return w.take();
}

/** Replaces the state of both. Throws CodecError on any bad byte, before anything is changed. */
export function restoreSnapshot(bytes: Uint8Array, machine: Machine, sessions: Sessions): Index {
  const r = readerOf(bytes);
  const magic = readU32(r);
  if (magic !== MAGIC) throw new CodecError(`not a snapshot: starts with ${magic.toString(16)}`);
  const index = readU53(r);
  const pairs = readMany(r, 8, () => [readText(r), readText(r)] as const);
  const restored = readMany(r, 21, () => readSession(r));
  const dropped = readMany(r, 4, () => readU32(r));
  readEnd(r);
  machine.load(pairs);
  sessions.load(restored, dropped);
  return index;
}

function writeSession(w: ByteWriter, session: Session): void {
  w.u32(session.client);
  w.u53(session.seq);
  w.u53(session.index);
  const { result } = session;
  if (result.type !== "cas") {
    w.u8(DONE);
    return;
  }
  w.u8(CAS);
  w.u8(result.swapped ? 1 : 0);
  w.u8(result.observed === null ? 0 : 1);
  if (result.observed !== null) w.latin1(result.observed);
}

function readSession(r: Reader): Session {
  const client = readU32(r);
  const seq = readU53(r);
  const index = readU53(r);
  return { client, seq, index, result: readResult(r) };
}

function readResult(r: Reader): Result {
  const kind = readU8(r);
  if (kind === DONE) return { type: "done" };
  if (kind !== CAS) throw new CodecError(`the kind of a result expected, found ${kind}`);
  const swapped = readBool(r);
  return { type: "cas", swapped, observed: readBool(r) ? readText(r) : null };
}

/** A count and that many items of at least `bytesMin` each, so that a hostile count ends before it allocates. */
function readMany<T>(r: Reader, bytesMin: number, readOne: () => T): T[] {
  const count = readU32(r);
  if (count * bytesMin > r.bytes.length - r.at)
    throw new CodecError(`${count} items do not fit the rest of the snapshot`);
  const items: T[] = [];
  for (let i = 0; i < count; i += 1) items.push(readOne());
  return items;
}
