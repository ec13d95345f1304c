/** Bugs that real systems had, planted into the core of Raft. Written before the models were tuned. */
import { type Effect, lastIndex, lastRound, nthLargest, roundAt } from "../../../../protocols/core/index.js";
import { type Raft, type RaftState, raft } from "../../../../protocols/raft/index.js";
import { afterwards, atOnce, type Effects, messageOf, mutant } from "./mutant.js";
import type { Mutant } from "../suite.js";

/** Commits what a quorum has, whatever its term. */
function commitOldTerm(r: RaftState, effects: Effects): Effects {
  if (r.role !== "Leader") return effects;
  const index = nthLargest(r.quorum.voters, r.matchIndex, r.quorum.replication);
  if (index <= r.commitIndex || roundAt(r.log, index) === r.currentTerm) return effects;
  const applied: Effect<Raft>[] = [];
  for (let at = r.commitIndex + 1; at <= index; at += 1) {
    const entry = r.log.slots[at - r.log.snapshotIndex - 1];
    if (entry !== undefined) applied.push({ type: "apply", entry });
  }
  r.commitIndex = index;
  const name = "AdvanceCommitIndex";
  if (r.tracing) applied.push({ type: "action", name, args: [r.id, index], specState: raft.specState(r) });
  return [...effects, ...applied];
}

const elections: readonly Mutant<Raft>[] = [
  mutant("R-ELECT-01", "a vote counts whatever its term", (r, input, next) => {
    const m = messageOf(input, "RequestVoteResponse");
    if (m === null || input.type !== "message" || m.term >= r.currentTerm) return next(input);
    return next({ ...input, message: { ...m, term: r.currentTerm } });
  }),
  mutant("R-ELECT-02", "the vote is not written, only the term", (_r, input, next) =>
    next(input).map((effect) =>
      effect.type === "persist" && effect.hard !== null ? { ...effect, hard: { ...effect.hard, votedFor: 0 } } : effect,
    ),
  ),
  mutant("R-ELECT-03", "a second vote in the same term", (r, input, next) => {
    const m = messageOf(input, "RequestVote");
    if (m !== null && m.term === r.currentTerm && r.role === "Follower" && r.leader === null) r.votedFor = 0;
    return next(input);
  }),
  mutant("R-ELECT-06", "a leader grants pre-votes", (r, input, next) =>
    next(input).map((effect) =>
      effect.type === "send" && effect.message.type === "RequestPreVoteResponse" && r.role === "Leader"
        ? { ...effect, message: { ...effect.message, voteGranted: true } }
        : effect,
    ),
  ),
  mutant("R-ELECT-10", "logs are compared by term alone", (r, input, next) => {
    const m = messageOf(input, "RequestVote");
    if (m === null || input.type !== "message" || m.lastLogTerm !== lastRound(r.log)) return next(input);
    return next({ ...input, message: { ...m, lastLogIndex: Math.max(m.lastLogIndex, lastIndex(r.log)) } });
  }),
  mutant("vote-before-durable", "a vote is told before it is durable", (_r, input, next) =>
    next(input).map(atOnce("RequestVoteResponse")),
  ),
];

const commitment: readonly Mutant<Raft>[] = [
  mutant("R-COMMIT-01", "an old term's entries are counted", (r, input, next) => commitOldTerm(r, next(input))),
  mutant("R-COMMIT-04", "a follower's commit index goes back", (r, input, next) => {
    const m = messageOf(input, "Heartbeat");
    const effects = next(input);
    if (m === null || m.term !== r.currentTerm || m.leaderCommit >= r.commitIndex) return effects;
    r.commitIndex = Math.max(m.leaderCommit, r.snapshot?.index ?? 0);
    return afterwards(r, effects, (effect) => effect);
  }),
  mutant("R-COMMIT-05", "an old answer lowers what is known to match", (r, input, next) => {
    const m = messageOf(input, "AppendEntriesResponse");
    const effects = next(input);
    if (m === null || input.type !== "message" || !m.success || r.role !== "Leader" || m.term !== r.currentTerm)
      return effects;
    r.matchIndex.set(input.from, m.matchIndex);
    return afterwards(r, effects, (effect) => effect);
  }),
  mutant("R-COMMIT-08", "a follower acknowledges its whole log", (r, input, next) =>
    next(input).map((effect) =>
      effect.type === "send" && effect.message.type === "AppendEntriesResponse" && effect.message.success
        ? { ...effect, message: { ...effect.message, matchIndex: lastIndex(r.log) } }
        : effect,
    ),
  ),
];

const disks: readonly Mutant<Raft>[] = [
  mutant("R-DISK-02", "entries are acknowledged before they are durable", (_r, input, next) =>
    next(input).map(atOnce("AppendEntriesResponse")),
  ),
  mutant("R-DISK-04", "truncation does not lower what counts as durable", (r, input, next) => {
    const before = r.durableIndex;
    const effects = next(input);
    const cuts = effects.some(
      (effect) => effect.type === "persist" && effect.truncateFrom !== null && effect.snapshot === null,
    );
    if (!cuts) return effects;
    r.durableIndex = Math.min(before, lastIndex(r.log));
    return afterwards(r, effects, (effect) => effect);
  }),
  mutant("R-DISK-13", "a leader counts its own copy before it is durable", (r, input, next) => {
    const effects = next(input);
    if (r.role !== "Leader") return effects;
    r.matchIndex.set(r.id, lastIndex(r.log));
    return afterwards(r, effects, (effect) => effect);
  }),
  mutant("truncate-in-memory-only", "the log is cut in memory but not on disk", (_r, input, next) =>
    next(input).map((effect) => (effect.type === "persist" ? { ...effect, truncateFrom: null } : effect)),
  ),
];

const others: readonly Mutant<Raft>[] = [
  mutant("R-REPL-03", "nextIndex stays where it was after an acknowledgement", (r, input, next) => {
    const m = messageOf(input, "AppendEntriesResponse");
    const peer = input.type === "message" ? r.progress.get(input.from) : undefined;
    const before = peer?.nextIndex ?? 0;
    const effects = next(input);
    if (m === null || !m.success || peer === undefined || r.role !== "Leader") return effects;
    peer.nextIndex = Math.max(before, (r.matchIndex.get(peer.id) ?? 0) + 1) - (before > 1 ? 0 : 1) || 1;
    return afterwards(r, effects, (effect) => effect);
  }),
  mutant("R-SNAP-01", "a snapshot is installed over a log that conflicts", (_r, input, next) =>
    next(input).map((effect) =>
      effect.type === "persist" && effect.snapshot !== null ? { ...effect, truncateFrom: null } : effect,
    ),
  ),
  mutant("R-SNAP-06", "a compacted log begins one entry late", (r, input, next) => {
    const effects = next(input);
    if (input.type !== "snapshotTaken" || r.log.slots.length === 0) return effects;
    r.log.slots.shift();
    r.log.snapshotIndex += 1;
    return afterwards(r, effects, (effect) => effect);
  }),
  mutant("R-READ-01", "a read is served before the term's own entry is committed", (r, input, next) => {
    const asked = input.type === "read" || messageOf(input, "ReadIndexRequest") !== null;
    if (!asked || r.role !== "Leader") return next(input);
    const start = r.termStartIndex;
    r.termStartIndex = 0;
    const effects = next(input);
    r.termStartIndex = start;
    return afterwards(r, effects, (effect) => effect);
  }),
  mutant("R-READ-04", "a batch of reads is asked for again under its old context", (r, input, next) => {
    if (input.type === "timeout" && input.timer === "readRetry") r.readContext -= 1;
    return next(input);
  }),
];

export const mutants: readonly Mutant<Raft>[] = [...elections, ...commitment, ...disks, ...others];
