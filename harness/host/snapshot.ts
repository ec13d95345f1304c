/**
 * The image of machine and sessions. Deterministic: equal states give equal bytes, whichever way a replica came to them,
 * so that images can be compared and hashed.
 *
 * A key is followed by its versions, the newest first: 1 value · 2 deletion, and 0 after the last one.
 */
import {
  CodecError,
  type Index,
  type Reader,
  readBool,
  readBytes,
  readEnd,
  readerOf,
  readU8,
  readU32,
  readU53,
} from "../../protocols/core/index.js";
import { ByteWriter } from "./byteWriter.js";
import { readText } from "./command.js";
import type { Machine } from "./machine.js";
import { Version } from "./mvcc/version.js";
import type { Session, Sessions } from "./sessions.js";
import type { Result } from "./types.js";

/** "SYN" and the version of the format. */
const MAGIC = 0x53594e02;
const DONE = 0;
const CAS = 1;
const BYTES = 2;
const END = 0;
const VALUE = 1;
const DELETION = 2;

/** @param index The last log position that the state contains. */
export function encodeSnapshot(index: Index, machine: Machine, sessions: Sessions): Uint8Array {
  const w = new ByteWriter(4096);
  w.u32(MAGIC);
  w.u53(index);
  const { store } = machine;
  w.u53(store.revision);
  w.u53(store.compacted + 1);
  w.u32(store.chainCount);
  for (const chain of store.chains()) writeChain(w, chain);
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
  const revision = readU53(r);
  const compacted = readU53(r) - 1;
  const chains = readMany(r, 14, () => readChain(r));
  const restored = readMany(r, 21, () => readSession(r));
  const dropped = readMany(r, 4, () => readU32(r));
  readEnd(r);
  machine.store.load(revision, compacted, chains);
  sessions.load(restored, dropped);
  return index;
}

function writeChain(w: ByteWriter, chain: Version): void {
  w.latin1(chain.key);
  for (let version: Version | null = chain; version !== null; version = version.previous) {
    const { value } = version;
    w.u8(value === null ? DELETION : VALUE);
    w.u53(version.mod);
    if (value === null) continue;
    w.u53(version.create);
    w.u53(version.version);
    w.latin1(value);
  }
  w.u8(END);
}

function readChain(r: Reader): Version {
  const key = readText(r);
  let newest: Version | null = null;
  let oldest: Version | null = null;
  for (let kind = readU8(r); kind !== END; kind = readU8(r)) {
    if (kind !== VALUE && kind !== DELETION) throw new CodecError(`a version of a key expected, found ${kind}`);
    const mod = readU53(r);
    const version = kind === DELETION ? new Version(key, 0, mod, 0, null) : readValue(r, key, mod);
    if (oldest === null) newest = version;
    else oldest.previous = version;
    oldest = version;
  }
  if (newest === null) throw new CodecError("a key without a version");
  return newest;
}

function readValue(r: Reader, key: string, mod: number): Version {
  const version = new Version(key, readU53(r), mod, readU53(r), null);
  version.setText(readText(r));
  return version;
}

function writeSession(w: ByteWriter, session: Session): void {
  w.u32(session.client);
  w.u53(session.seq);
  w.u53(session.index);
  const { result } = session;
  if (result.type === "bytes") {
    w.u8(BYTES);
    w.byteString(result.bytes);
    return;
  }
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
  // A copy: a view would keep the whole image in memory.
  if (kind === BYTES) return { type: "bytes", bytes: readBytes(r, readU32(r)).slice() };
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
