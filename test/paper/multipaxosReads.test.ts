/** Learning, snapshots, leases and quorum reads, each sentence against one replica. Keys: protocols/multipaxos/README.md. */
import { describe, expect, test } from "vitest";
import { ballot, command, n1, n2, n3, noop, shown, Subject } from "./multipaxosNode.js";

const OLD = ballot(1, 1);
/** A snapshot of slots 1..9. */
const SNAPSHOT = { id: "s", index: 9, round: 0, bytes: 3 };

describe("Lamport 2001 §2.3: learning a chosen value", () => {
  test("a follower takes the watermark only for what it accepted in that ballot, and asks for the rest", () => {
    const follower = new Subject({ ordinal: 2 });
    const entries = [command(1, OLD, "a"), command(2, OLD, "stale")];
    follower.receive(n1, { type: "Accept", ballot: OLD, decidedIndex: 0, entries });
    follower.receive(n1, { type: "Decided", ballot: OLD, decidedIndex: 1 });
    expect(follower.applied()).toEqual(["1=a"]);
    follower.receive(n3, { type: "Decided", ballot: ballot(2, 3), decidedIndex: 2 });
    expect(follower.applied()).toEqual([]);
    expect(follower.messageTo(n3, "LearnRequest").fromSlot).toBe(2);
    follower.receive(n3, { type: "Learn", decidedIndex: 2, entries: [command(2, ballot(2, 3), "chosen")] });
    expect(follower.applied()).toEqual(["2=chosen"]);
    expect(shown(follower.of("persist")[0]?.entries ?? [])).toEqual(["2=chosen"]);
  });

  test("a learned value does not lower the ballot that a promise must report", () => {
    const follower = new Subject({ ordinal: 2 });
    const high = ballot(5, 1);
    follower.receive(n1, { type: "Accept", ballot: high, decidedIndex: 0, entries: [command(1, high, "v")] });
    follower.receive(n3, { type: "Learn", decidedIndex: 1, entries: [command(1, ballot(2, 3), "v")] });
    expect(follower.applied()).toEqual(["1=v"]);
    expect(follower.state.log.slots[0]?.round).toBe(high);
    expect(follower.of("persist")).toEqual([]);
  });

  test("a question without an answer goes to another replica", () => {
    const follower = new Subject({ ordinal: 2 });
    follower.receive(n1, { type: "Heartbeat", ballot: OLD, sequence: 1, decidedIndex: 3 });
    expect(follower.sent().some(({ to, message }) => to === n1 && message.type === "LearnRequest")).toBe(true);
    follower.timeout("learn");
    expect(follower.messageTo(n3, "LearnRequest").fromSlot).toBe(1);
  });

  test("an answer is as long as the limit allows, and one that helped asks on", () => {
    const teacher = new Subject({ options: { messageBytesMax: 2 } });
    teacher.lead();
    teacher.propose(1, "a").propose(2, "b").propose(3, "c").sync().accepted(n2, 1, 2, 3);
    teacher.receive(n3, { type: "LearnRequest", fromSlot: 1 });
    const learn = teacher.messageTo(n3, "Learn");
    expect(shown(learn.entries)).toEqual(["1=a", "2=b"]);
    expect(learn.decidedIndex).toBe(3);
    const pupil = new Subject({ ordinal: 3 });
    pupil.receive(n1, { type: "Heartbeat", ballot: teacher.state.ballot, sequence: 1, decidedIndex: 3 });
    pupil.receive(n1, learn);
    expect(pupil.messageTo(n1, "LearnRequest").fromSlot).toBe(3);
    pupil.receive(n1, learn);
    expect(pupil.sent()).toEqual([]); // The duplicate taught nothing.
  });
});

describe("a new leader behind its followers (Lamport 2001 §3)", () => {
  test("it learns what a promise says is decided, and proposes above it only", () => {
    const leader = new Subject();
    const b = leader.campaign();
    leader.sync();
    const open = [command(4, OLD, "open")];
    leader.receive(n2, { type: "Promise", ballot: b, decidedIndex: 3, entries: open });
    expect(shown(leader.messageTo(n2, "Accept").entries)).toEqual(["4=open"]);
    expect(leader.messageTo(n2, "LearnRequest").fromSlot).toBe(1);
    leader.propose(1, "new");
    expect(shown(leader.messageTo(n2, "Accept").entries)).toEqual(["5=new"]);
    leader.sync().accepted(n3, 4, 5);
    expect(leader.applied()).toEqual([]);
    const entries = ["a", "b", "c"].map((text, at) => command(at + 1, ballot(0, 2), text));
    leader.receive(n2, { type: "Learn", decidedIndex: 3, entries });
    expect(leader.applied()).toEqual(["1=a", "2=b", "3=c", "4=open", "5=new"]);
  });

  test("where nobody can teach it, it gives way to another Phase 1", () => {
    const leader = new Subject();
    const b = leader.campaign();
    leader.sync();
    leader.receive(n2, { type: "Promise", ballot: b, decidedIndex: 3, entries: [] });
    leader.receive(n3, { type: "HeartbeatAck", ballot: b, sequence: 1, acceptedSlot: 3 });
    leader.timeout("checkQuorum");
    expect(leader.state.role).toBe("follower");
  });

  test("values accepted outside its quorum, above its log, are covered by no-ops", () => {
    const leader = new Subject();
    const b = leader.lead();
    leader.receive(n3, { type: "HeartbeatAck", ballot: b, sequence: 1, acceptedSlot: 2 });
    expect(shown(leader.messageTo(n3, "Accept").entries)).toEqual(["1=noop", "2=noop"]);
  });
});

describe("Chandra 2007 §5.5: snapshots", () => {
  test("a snapshot replaces the prefix on disk, and a lagging replica gets it where the log no longer reaches", () => {
    const leader = new Subject({ options: { snapshotEveryEntries: 2, snapshotTrailingEntries: 1 } });
    leader.lead();
    leader.propose(1, "a").propose(2, "b").propose(3, "c").sync().accepted(n2, 1, 2, 3);
    expect(leader.of("takeSnapshot").map(({ index }) => index)).toEqual([2]);
    leader.input({ type: "snapshotTaken", index: 2, id: "image", bytes: 10 });
    expect(leader.of("persist")[0]?.snapshot).toEqual({ id: "image", index: 2, round: 0, bytes: 10 });
    leader.receive(n3, { type: "LearnRequest", fromSlot: 2 });
    expect(shown(leader.messageTo(n3, "Learn").entries)).toEqual(["2=b", "3=c"]); // Slot 2 trails.
    leader.receive(n3, { type: "LearnRequest", fromSlot: 1 });
    expect(leader.of("sendSnapshot").map(({ to, snapshot }) => [to, snapshot.id])).toEqual([[n3, "image"]]);
    leader.receive(n3, { type: "LearnRequest", fromSlot: 1 });
    expect(leader.of("sendSnapshot")).toEqual([]); // One at a time.
  });

  test("an installed snapshot decides its prefix, keeps later values, and is reported as decided", () => {
    const follower = new Subject({ ordinal: 2 });
    const entries = [command(8, OLD, "h"), command(10, OLD, "j")];
    follower.receive(n1, { type: "Accept", ballot: OLD, decidedIndex: 0, entries });
    const message = { type: "InstallSnapshot", decidedIndex: 9 } as const;
    follower.input({ type: "snapshotReceived", from: n1, message, snapshot: SNAPSHOT });
    expect(follower.of("installSnapshot")).toHaveLength(1);
    expect(follower.of("persist")[0]?.hard?.decidedIndex).toBe(9);
    follower.receive(n1, { type: "Decided", ballot: OLD, decidedIndex: 10 });
    expect(follower.applied()).toEqual(["10=j"]);
    follower.receive(n1, { type: "Prepare", ballot: ballot(2, 1), fromSlot: 3 });
    expect(follower.messageTo(n1, "Promise")).toMatchObject({ decidedIndex: 10, entries: [] });
  });

  test("a leader that a snapshot overtakes was preempted, and gives way", () => {
    const leader = new Subject();
    leader.lead();
    leader.propose(1, "a");
    const message = { type: "InstallSnapshot", decidedIndex: 9 } as const;
    leader.input({ type: "snapshotReceived", from: n2, message, snapshot: SNAPSHOT });
    expect(leader.of("reject")[0]).toMatchObject({ request: 1, outcome: "unknown" });
    expect(leader.state.role).toBe("follower");
    expect(leader.lead()).toBeGreaterThan(OLD);
    expect(shown(leader.propose(2, "b").messageTo(n2, "Accept").entries)).toEqual(["10=b"]);
  });

  test("a restarted replica applies what it knew to be decided, and relearns the rest", () => {
    const hard = { promisedBallot: OLD, decidedIndex: 10 };
    const entries = [command(10, OLD, "j"), command(11, OLD, "k")];
    const replica = new Subject({ ordinal: 2, recovered: { hard, snapshot: SNAPSHOT, entries } });
    expect(replica.applied()).toEqual(["10=j"]);
    replica.receive(n1, { type: "Heartbeat", ballot: OLD, sequence: 5, decidedIndex: 11 });
    expect(replica.applied()).toEqual(["11=k"]);
  });
});

describe("Chandra 2007 §5.2: master leases", () => {
  test("a read is served without a message while a quorum's grants hold, from when the heartbeat left", () => {
    const leader = new Subject();
    const b = leader.lead();
    const sentMs = leader.nowMs;
    leader.input({ type: "read", request: 1, level: "linearizable" });
    expect(leader.of("serve")).toEqual([]);
    leader.nowMs += 500;
    leader.receive(n2, { type: "HeartbeatAck", ballot: b, sequence: 1, acceptedSlot: 0 });
    expect(leader.of("serve")).toEqual([{ type: "serve", request: 1, atIndex: 0 }]);
    leader.nowMs = sentMs + leader.state.options.leaseMs - 1;
    leader.input({ type: "read", request: 2, level: "linearizable" });
    expect(leader.of("serve")).toHaveLength(1);
    expect(leader.sent()).toEqual([]);
    leader.nowMs += 1;
    leader.input({ type: "read", request: 3, level: "linearizable" });
    expect(leader.of("serve")).toEqual([]);
  });

  test("no read is served before everything Phase 1 reported is decided", () => {
    const leader = new Subject();
    const b = leader.campaign();
    leader.sync();
    leader.receive(n2, { type: "Promise", ballot: b, decidedIndex: 0, entries: [command(1, OLD, "a")] });
    leader.receive(n2, { type: "HeartbeatAck", ballot: b, sequence: 1, acceptedSlot: 1 });
    leader.input({ type: "read", request: 1, level: "linearizable" });
    expect(leader.of("serve")).toEqual([]);
    leader.sync().accepted(n2, 1);
    expect(leader.of("serve")).toEqual([{ type: "serve", request: 1, atIndex: 1 }]);
  });

  test("while the lease lasts, other replicas do not promise to anyone else", () => {
    const acceptor = new Subject({ ordinal: 2 });
    acceptor.nowMs = 50;
    acceptor.receive(n1, { type: "Heartbeat", ballot: OLD, sequence: 1, decidedIndex: 0 });
    const prepare = { type: "Prepare", ballot: ballot(2, 3), fromSlot: 1 } as const;
    acceptor.nowMs += acceptor.state.options.leaderTimeoutMinMs - 1;
    acceptor.receive(n3, { type: "Probe", ballot: prepare.ballot });
    expect(acceptor.messageTo(n3, "ProbeReply").granted).toBe(false);
    acceptor.receive(n3, prepare);
    expect(acceptor.messages("Promise")).toEqual([]);
    acceptor.nowMs += 1;
    acceptor.receive(n3, prepare);
    expect(acceptor.messageTo(n3, "Promise").ballot).toBe(prepare.ballot);
  });

  test("a restarted acceptor does not know to whom it granted one, and waits it out", () => {
    const recovered = { hard: { promisedBallot: OLD, decidedIndex: 0 }, snapshot: null, entries: [] };
    const acceptor = new Subject({ ordinal: 2, recovered });
    const prepare = { type: "Prepare", ballot: ballot(2, 3), fromSlot: 1 } as const;
    acceptor.nowMs = acceptor.state.options.leaderTimeoutMinMs - 1;
    acceptor.receive(n3, prepare);
    expect(acceptor.messages("Promise")).toEqual([]);
    acceptor.timeout("leader");
    expect(acceptor.state.role).toBe("follower"); // Nor does it promise to itself.
    acceptor.nowMs += 1;
    acceptor.receive(n3, prepare);
    expect(acceptor.messages("Promise")).toHaveLength(1);
  });

  test("the leader's own acceptor is bound by the lease that it counts itself for", () => {
    const leader = new Subject();
    const b = leader.lead();
    leader.receive(n2, { type: "HeartbeatAck", ballot: b, sequence: 1, acceptedSlot: 0 });
    leader.receive(n3, { type: "Prepare", ballot: ballot(9, 3), fromSlot: 1 });
    expect(leader.messages("Promise")).toEqual([]);
    expect(leader.state.role).toBe("leader");
  });

  test("a leader that gives way gives the lease up, and fails the reads that waited", () => {
    const leader = new Subject();
    const b = leader.lead();
    leader.input({ type: "read", request: 1, level: "linearizable" });
    leader.receive(n2, { type: "Nack", ballot: b, promisedBallot: b + 65536 });
    expect(leader.of("reject")[0]).toMatchObject({ request: 1, outcome: "failed" });
    expect(leader.state.leaseUntilMs).toBe(0);
  });

  test("a replica that was cut off and returns asks before it raises a ballot", () => {
    const returning = new Subject({ ordinal: 3 });
    returning.nowMs = 5000;
    returning.timeout("leader");
    expect(returning.messages("Probe")).toHaveLength(2);
    returning.receive(n2, { type: "ProbeReply", ballot: returning.state.ballot, granted: false, promisedBallot: OLD });
    expect(returning.state.promisedBallot).toBe(0);
    returning.receive(n1, { type: "Heartbeat", ballot: OLD, sequence: 9, decidedIndex: 0 });
    expect(returning.state.role).toBe("follower");
    expect(returning.messageTo(n1, "HeartbeatAck").sequence).toBe(9);
  });
});

describe("Charapko 2019: Paxos quorum reads", () => {
  const options = { readMechanism: "quorumRead" } as const;

  test("a read at any replica waits for the highest slot that a quorum accepted, not the highest committed", () => {
    const reader = new Subject({ ordinal: 3, voters: 5, options });
    reader.input({ type: "read", request: 4, level: "linearizable" });
    const { incarnation, sequence } = reader.messageTo(n1, "ReadQuery");
    reader.receive(n1, { type: "ReadReply", incarnation, sequence, acceptedSlot: 2 });
    reader.receive(n1, { type: "ReadReply", incarnation, sequence, acceptedSlot: 9 }); // Repeats itself.
    expect(reader.of("serve")).toEqual([]);
    reader.receive(n2, { type: "ReadReply", incarnation, sequence, acceptedSlot: 6 });
    expect(reader.of("serve")).toEqual([{ type: "serve", request: 4, atIndex: 6 }]);
  });

  test("its own acceptances count as an answer, a learner's do not", () => {
    const reader = new Subject({ ordinal: 2, learners: 1, options });
    reader.receive(n1, { type: "Accept", ballot: OLD, decidedIndex: 0, entries: [noop(3, OLD)] });
    reader.input({ type: "read", request: 1, level: "linearizable" });
    const { incarnation, sequence } = reader.messageTo(n1, "ReadQuery");
    const fromLearner = new Subject({ ordinal: 4, learners: 1, options });
    fromLearner.receive(n2, { type: "ReadQuery", incarnation, sequence });
    expect(fromLearner.sent()).toEqual([]);
    reader.receive(n1, { type: "ReadReply", incarnation, sequence, acceptedSlot: 1 });
    expect(reader.of("serve")).toEqual([{ type: "serve", request: 1, atIndex: 3 }]);
  });

  test("an acceptor answers once what it accepted is durable", () => {
    const acceptor = new Subject({ ordinal: 2, options });
    acceptor.receive(n1, { type: "Accept", ballot: OLD, decidedIndex: 0, entries: [command(4, OLD, "d")] });
    acceptor.receive(n3, { type: "ReadQuery", incarnation: 1, sequence: 1 });
    expect(acceptor.sent()[0]).toMatchObject({ message: { acceptedSlot: 4 }, after: 1 });
  });

  test("a read that comes while a question is out is not answered by it", () => {
    const reader = new Subject({ options });
    reader.input({ type: "read", request: 1, level: "linearizable" });
    const { incarnation, sequence } = reader.messageTo(n2, "ReadQuery");
    reader.input({ type: "read", request: 2, level: "linearizable" });
    expect(reader.sent()).toEqual([]);
    reader.receive(n2, { type: "ReadReply", incarnation, sequence, acceptedSlot: 0 });
    expect(reader.of("serve").map(({ request }) => request)).toEqual([1]);
    const next = reader.messageTo(n2, "ReadQuery").sequence;
    reader.receive(n3, { type: "ReadReply", incarnation, sequence, acceptedSlot: 0 }); // Too late.
    expect(reader.of("serve")).toEqual([]);
    reader.receive(n3, { type: "ReadReply", incarnation, sequence: next, acceptedSlot: 0 });
    expect(reader.of("serve").map(({ request }) => request)).toEqual([2]);
  });

  test("a local read is served at once and a sync read refused", () => {
    const replica = new Subject({ ordinal: 2 });
    expect(replica.input({ type: "read", request: 1, level: "local" }).of("serve")).toHaveLength(1);
    expect(replica.input({ type: "read", request: 2, level: "sync" }).of("reject")[0]).toMatchObject({
      outcome: "failed",
      reason: "unsupported",
    });
  });
});
