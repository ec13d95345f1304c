/** Bugs planted in the core of Multi-Paxos, as replacements in its source; each text to find must be there exactly once. */

export interface Mutant {
  readonly id: string;
  readonly about: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const mutants: readonly Mutant[] = [
  {
    id: "P-ACC-01",
    about: "an acceptor that accepts does not raise its promise",
    file: "role.ts",
    find: "  raisePromise(r, ballot, out);\n  // Ends a probe",
    replace: "  // Ends a probe",
  },
  {
    id: "P-ACC-02",
    about: "the promised ballot is forgotten at a restart",
    file: "state.ts",
    find: "promisedBallot: recovered.hard?.promisedBallot ?? 0,",
    replace: "promisedBallot: 0,",
  },
  {
    id: "P-ACC-03",
    about: "accepted values are forgotten at a restart",
    file: "state.ts",
    find: "log: createLog(recovered.snapshot, recovered.entries),",
    replace:
      "log: createLog(recovered.snapshot, recovered.entries.filter((e) => e.index <= (recovered.hard?.decidedIndex ?? 0))),",
  },
  {
    id: "P-PROP-01",
    about: "Phase 1a leaves before the own promise is durable",
    file: "election.ts",
    find: 'sendAll(r.topology.voterPeers, { type: "Prepare", ballot: r.ballot, fromSlot: r.decidedIndex + 1 }, r.seq, out);\n  if (r.tracing) action(r, "Prepare"',
    replace:
      'sendAll(r.topology.voterPeers, { type: "Prepare", ballot: r.ballot, fromSlot: r.decidedIndex + 1 }, 0, out);\n  if (r.tracing) action(r, "Prepare"',
  },
  {
    id: "P-GAP-01",
    about: "a new leader does not fill holes",
    file: "recovery.ts",
    find: "    const entry = withRound(highestBallotValue(r, slot) ?? noop(slot, r.ballot), r.ballot);",
    replace:
      "    const found = highestBallotValue(r, slot);\n    if (found === undefined) continue;\n    const entry = withRound(found ?? noop(slot, r.ballot), r.ballot);",
  },
  {
    id: "P-GAP-02",
    about: "promises are merged by place in the message, not by slot",
    file: "recovery.ts",
    find: "  for (const entry of message.entries) {\n    const best = r.recovered.get(entry.index);\n    if (best === undefined || best.round < entry.round) r.recovered.set(entry.index, entry);",
    replace:
      "  for (const [at, entry] of message.entries.entries()) {\n    const slot = r.decidedIndex + 1 + at;\n    const best = r.recovered.get(slot);\n    if (best === undefined || best.round < entry.round) r.recovered.set(slot, { ...entry, index: slot });",
  },
  {
    id: "P-GAP-03",
    about: "a new leader takes up only what lies above its own log",
    file: "recovery.ts",
    find: "  for (let slot = r.learnTo + 1; slot <= end; slot += 1) {",
    replace: "  for (let slot = Math.max(r.learnTo, lastIndex(r.log)) + 1; slot <= end; slot += 1) {",
  },
  {
    id: "LOWEST-BALLOT",
    about: "the first report of a slot wins, whatever its ballot",
    file: "recovery.ts",
    find: "if (own === undefined || (reported !== undefined && reported.round > own.round)) return reported;",
    replace: "if (reported !== undefined) return reported;",
  },
  {
    id: "PROMISE-EARLY",
    about: "a promise is told before it is durable",
    file: "election.ts",
    find: 'send(from, { type: "Promise", ballot, decidedIndex: r.decidedIndex, entries }, r.seq, out);',
    replace: 'send(from, { type: "Promise", ballot, decidedIndex: r.decidedIndex, entries }, 0, out);',
  },
  {
    id: "ACCEPTED-EARLY",
    about: "an acceptance is told before it is durable",
    file: "replication.ts",
    find: '{ type: "Accepted", ballot: message.ballot, slots }, r.seq, out);',
    replace: '{ type: "Accepted", ballot: message.ballot, slots }, 0, out);',
  },
  {
    id: "OWN-COPY-EARLY",
    about: "a leader counts its own copy before it is durable",
    file: "replication.ts",
    find: "own !== undefined && own.seq <= r.durableSeq;",
    replace: "own !== undefined && own.seq <= r.durableSeq + 1;",
  },
  {
    id: "DUPLICATE-COUNTS",
    about: "a repeated Accepted counts twice",
    file: "replication.ts",
    find: "  if ((proposal.accepted & bit) !== 0) return; // A duplicate counts once.\n",
    replace: "",
  },
  {
    id: "STALE-PROMISE",
    about: "a promise of an earlier ballot counts",
    file: "recovery.ts",
    find: 'if (r.role !== "candidate" || message.ballot !== r.ballot || position === undefined)',
    replace: 'if (r.role !== "candidate" || position === undefined)',
  },
  {
    id: "WATERMARK-ANY-BALLOT",
    about: "the watermark decides what was accepted in any ballot",
    file: "commit.ts",
    find: "if (entry === undefined || entry.round !== r.leaderBallot) return;",
    replace: "if (entry === undefined) return;",
  },
  {
    id: "ACCEPT-BELOW-PROMISE",
    about: "an acceptor follows a ballot below its promise",
    file: "role.ts",
    find: "if (ballot < r.promisedBallot) {",
    replace: "if (ballot < r.promisedBallot && ballot < 0) {",
  },
  {
    id: "LEARN-KEEPS-OLD",
    about: "a learned value does not replace one of a lower ballot",
    file: "catchup.ts",
    find: "if (held === undefined || held.round < entry.round) store(r, entry, out);",
    replace: "if (held === undefined) store(r, entry, out);",
  },
  {
    id: "RECOVER-DECIDED",
    about: "a new leader proposes where a promise told that it is decided",
    file: "recovery.ts",
    find: "  r.learnTo = Math.max(r.learnTo, r.decidedIndex);",
    replace: "  r.learnTo = r.decidedIndex;",
  },
];
