/**
 * The in-memory log, plain data. It may have holes and entries may be replaced (Multi-Paxos); Raft and ZAB append and
 * truncate. A snapshot compacts it from the front.
 */
import { fail } from "./assert.js";
import type { Entry, Index, Round, Snapshot } from "./entry.js";

/** Entries above a snapshot, by index. Change it by the functions of this file only. */
export interface Log {
  /** Everything up to here lives in the snapshot; 0 if nothing was compacted. */
  snapshotIndex: Index;
  /** Round of the entry at `snapshotIndex`. */
  snapshotRound: Round;
  /** `slots[k]` is the entry at `snapshotIndex + 1 + k`, or undefined for a hole. The last slot is never a hole. */
  slots: (Entry | undefined)[];
}

/** `entries` sorted by index, all above the snapshot. */
export function createLog(snapshot: Snapshot | null, entries: readonly Entry[]): Log {
  const log: Log = { snapshotIndex: snapshot?.index ?? 0, snapshotRound: snapshot?.round ?? 0, slots: [] };
  for (const entry of entries) putEntry(log, entry);
  return log;
}

/** Entries are shared: nobody changes one. The list of them is not. */
export function cloneLog(log: Log): Log {
  return { snapshotIndex: log.snapshotIndex, snapshotRound: log.snapshotRound, slots: log.slots.slice() };
}

/** The first index that may be held: everything before it is compacted away. */
export function firstIndex(log: Log): Index {
  return log.snapshotIndex + 1;
}

/** The highest index held, or the snapshot's where nothing is. */
export function lastIndex(log: Log): Index {
  return log.snapshotIndex + log.slots.length;
}

/** Round of the last entry, or the snapshot's. */
export function lastRound(log: Log): Round {
  return entryAt(log, lastIndex(log))?.round ?? log.snapshotRound;
}

/** undefined: a hole, compacted away, or beyond the end. */
export function entryAt(log: Log, index: Index): Entry | undefined {
  const { slots } = log;
  const at = index - log.snapshotIndex - 1;
  // An array that is asked beyond its ends looks the place up as a property, along its prototypes.
  return at >= 0 && at < slots.length ? slots[at] : undefined;
}

/** Round at `index`; the snapshot's own index and 0 (before the first) included. undefined where it is not known. */
export function roundAt(log: Log, index: Index): Round | undefined {
  if (index === log.snapshotIndex) return log.snapshotRound;
  return entryAt(log, index)?.round;
}

/** Puts an entry at its own index: appends, fills a hole, leaves holes before it, or replaces. */
export function putEntry(log: Log, entry: Entry): void {
  const at = entry.index - log.snapshotIndex - 1;
  if (at < 0) fail(`entry ${entry.index} is below the snapshot at ${log.snapshotIndex}`);
  // Never write past the end by more than one: that would turn the array into a slow sparse one.
  while (log.slots.length < at) log.slots.push(undefined);
  if (at === log.slots.length) log.slots.push(entry);
  else log.slots[at] = entry;
}

/** Drops every index >= `from`, and holes that would then be last. */
export function truncateFrom(log: Log, from: Index): void {
  if (from <= log.snapshotIndex) fail(`truncation at ${from} reaches into the snapshot at ${log.snapshotIndex}`);
  const length = from - log.snapshotIndex - 1;
  if (length < log.slots.length) log.slots.length = length;
  while (log.slots.length > 0 && log.slots[log.slots.length - 1] === undefined) log.slots.pop();
}

/** Drops entries <= `index` that a snapshot now stands for. Entries above it stay. */
export function compactTo(log: Log, index: Index, round: Round): void {
  if (index <= log.snapshotIndex) return;
  log.slots.splice(0, index - log.snapshotIndex);
  log.snapshotIndex = index;
  log.snapshotRound = round;
  // Everything was below: a leading hole can only be last if nothing follows it.
  while (log.slots.length > 0 && log.slots[log.slots.length - 1] === undefined) log.slots.pop();
}

/** Entries of [from, to], both inclusive, up to `bytesMax` of commands but at least one. Stops at a hole. */
export function entriesBetween(log: Log, from: Index, to: Index, bytesMax: number): Entry[] {
  const found: Entry[] = [];
  let bytes = 0;
  for (let index = from; index <= to; index += 1) {
    const entry = entryAt(log, index);
    if (entry === undefined) break;
    bytes += entry.kind === "command" ? entry.command.length : 0;
    if (found.length > 0 && bytes > bytesMax) break;
    found.push(entry);
  }
  return found;
}
