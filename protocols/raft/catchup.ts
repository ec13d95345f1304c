/** The leader's flow control: what each follower is sent next, and how a lost or refused message is repaired. */
import {
  assert,
  ENTRY_HEADER_BYTES,
  entriesBetween,
  entriesPayloadBytes,
  type Index,
  lastIndex,
  roundAt,
  fail,
} from "../core/index.js";
import type { AppendEntriesResponse } from "./messages.js";
import { type Out, persistHard, send } from "./output.js";
import { clearInflight, type Progress, type RaftState } from "./state.js";

/** One message at a time until the follower's log is found to agree (etcd's word; Raft §5.3 backtracks so). */
export function becomeProbe(p: Progress, nextIndex: Index): void {
  p.phase = "Probe";
  p.paused = false;
  p.nextIndex = nextIndex;
  clearInflight(p);
}

function becomeReplicate(p: Progress, matchIndex: Index): void {
  p.phase = "Replicate";
  p.paused = false;
  p.nextIndex = matchIndex + 1;
  clearInflight(p);
}

function isWindowFull(r: RaftState, p: Progress): boolean {
  return p.inflightLast.length >= r.options.inflightMessagesMax || p.inflightBytes >= r.options.inflightBytesMax;
}

/** Sends what the follower lacks, as far as its phase and window allow. */
export function sendEntries(r: RaftState, p: Progress, out: Out): void {
  const last = lastIndex(r.log);
  while (p.nextIndex <= last) {
    if (p.phase === "Snapshot" || (p.phase === "Probe" && p.paused)) return;
    if (p.phase === "Replicate" && isWindowFull(r, p)) return;
    if (!sendAppend(r, p, out)) return;
    if (p.phase !== "Replicate") return;
  }
}

/**
 * Sends one AppendEntries from nextIndex on, empty if there is nothing; a snapshot if the log no longer reaches that
 * far back. Spec: AppendEntries(i, j). Returns whether entries or a probe left.
 */
export function sendAppend(r: RaftState, p: Progress, out: Out): boolean {
  const prevLogIndex = p.nextIndex - 1;
  const prevLogTerm = roundAt(r.log, prevLogIndex);
  if (prevLogTerm === undefined) {
    sendSnapshot(r, p, out);
    return false;
  }
  const bytesMax = r.options.appendEntriesBytesMax;
  // The headers of many tiny entries must not exceed the limit either.
  const to = Math.min(lastIndex(r.log), p.nextIndex + Math.floor(bytesMax / ENTRY_HEADER_BYTES));
  const entries = entriesBetween(r.log, p.nextIndex, to, bytesMax);
  const leaderCommit = r.commitIndex;
  send(r, p.id, { type: "AppendEntries", term: r.currentTerm, prevLogIndex, prevLogTerm, entries, leaderCommit }, out);
  const told = Math.min(leaderCommit, prevLogIndex + entries.length);
  if (told > p.commitSent) p.commitSent = told;
  if (p.phase === "Probe") p.paused = true;
  else if (entries.length > 0) {
    const bytes = entriesPayloadBytes(entries);
    p.nextIndex += entries.length;
    p.inflightLast.push(p.nextIndex - 1);
    p.inflightSizes.push(bytes);
    p.inflightBytes += bytes;
  }
  return true;
}

function sendSnapshot(r: RaftState, p: Progress, out: Out): void {
  // A member that does not answer would be sent image after image.
  if (!p.active) return;
  const snapshot = r.snapshot;
  assert(snapshot !== null, "the log is compacted without a snapshot");
  p.phase = "Snapshot";
  p.paused = false;
  p.snapshotIndex = snapshot.index;
  clearInflight(p);
  persistHard(r, out);
  out.push({
    type: "sendSnapshot",
    to: p.id,
    message: {
      type: "InstallSnapshot",
      term: r.currentTerm,
      lastIncludedIndex: snapshot.index,
      lastIncludedTerm: snapshot.round,
    },
    snapshot,
    // The leader's term was durable before it won, and the image is durable before its write is asked for.
    after: 0,
  });
}

/** The follower's log equals the own one up to `index`. Never moves back: answers come late and twice. */
export function acknowledge(r: RaftState, p: Progress, index: Index): void {
  if (index > lastIndex(r.log)) fail(`${p.id} acknowledges ${index}, the leader's log ends at ${lastIndex(r.log)}`);
  const known = r.matchIndex.get(p.id) ?? 0;
  const matchIndex = index > known ? index : known;
  r.matchIndex.set(p.id, matchIndex);
  if (index > known) p.resend = false;
  if (p.phase === "Snapshot" && matchIndex < p.snapshotIndex) {
    // An entry sent before the image was; the image is still under way.
    if (p.nextIndex <= matchIndex) p.nextIndex = matchIndex + 1;
    return;
  }
  // What matches is certain, so whatever was probed, the next entry after it cannot be refused.
  if (p.phase !== "Replicate") becomeReplicate(p, matchIndex);
  if (p.nextIndex <= matchIndex) p.nextIndex = matchIndex + 1;
  while (p.inflightLast.length > 0 && (p.inflightLast[0] as Index) <= matchIndex) {
    p.inflightLast.shift();
    p.inflightBytes -= p.inflightSizes.shift() as number;
  }
}

/**
 * Moves nextIndex back after a refusal, past a whole run of conflicting terms at once (Raft §5.3, end). The follower
 * named its highest entry that may agree; the leader looks for its own highest entry that may agree with that one.
 */
export function backtrack(
  r: RaftState,
  p: Progress,
  m: Extract<AppendEntriesResponse, { success: false }>,
): "stale" | "moved" {
  const matchIndex = r.matchIndex.get(p.id) ?? 0;
  // The logs are known to agree there by now, so this refusal is late.
  if (m.prevLogIndex <= matchIndex || p.phase === "Snapshot") return "stale";
  // A probe has one message out; a refusal of another one is late.
  if (p.phase === "Probe" && m.prevLogIndex !== p.nextIndex - 1) return "stale";
  const agreed = lastAgreeing(r.log, Math.min(m.conflictIndex, m.prevLogIndex - 1), m.conflictTerm);
  becomeProbe(p, Math.max(agreed, matchIndex) + 1);
  return "moved";
}

/** The highest index <= `index` whose term is <= `term`, down to where the log is compacted. */
export function lastAgreeing(log: RaftState["log"], index: Index, term: number): Index {
  let at = Math.min(index, lastIndex(log));
  while (at > log.snapshotIndex && (roundAt(log, at) as number) > term) at -= 1;
  return at;
}

/**
 * A heartbeat came back while nothing was acknowledged for a whole interval: whatever was out may be lost. A probe is
 * repeated. A pipeline is probed at its end by an empty AppendEntries, which is refused if anything before it is missing.
 */
export function resendAfterSilence(r: RaftState, p: Progress, out: Out): void {
  if (!p.resend || p.phase === "Snapshot") return;
  p.resend = false;
  if ((r.matchIndex.get(p.id) ?? 0) >= lastIndex(r.log)) return;
  p.paused = false;
  if (p.phase === "Probe") sendAppend(r, p, out);
  else if (p.inflightLast.length > 0) sendEmptyAppend(r, p, out);
  else sendEntries(r, p, out);
}

function sendEmptyAppend(r: RaftState, p: Progress, out: Out): void {
  const prevLogIndex = p.nextIndex - 1;
  const prevLogTerm = roundAt(r.log, prevLogIndex);
  // Compacted up to here while in flight: start over, which ends in a snapshot.
  if (prevLogTerm === undefined) {
    becomeProbe(p, (r.matchIndex.get(p.id) ?? 0) + 1);
    sendAppend(r, p, out);
    return;
  }
  const leaderCommit = r.commitIndex;
  send(
    r,
    p.id,
    { type: "AppendEntries", term: r.currentTerm, prevLogIndex, prevLogTerm, entries: [], leaderCommit },
    out,
  );
}
