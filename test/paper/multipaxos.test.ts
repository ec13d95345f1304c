/** Sentences of the Paxos papers, each against one replica. Keys of the papers: protocols/multipaxos/README.md. */
import { describe, expect, test } from "vitest";
import { ballot, command, n1, n2, n3, n4, n5, noop, shown, Subject } from "./multipaxosNode.js";

describe("Lamport 2001 §2.2: the acceptor", () => {
  test("P1 an acceptor accepts the first proposal that it receives", () => {
    const acceptor = new Subject({ ordinal: 2 });
    const b = ballot(1, 1);
    acceptor.receive(n1, { type: "Accept", ballot: b, decidedIndex: 0, entries: [command(1, b, "x")] });
    expect(acceptor.messageTo(n1, "Accepted").slots).toEqual([1]);
    expect(shown(acceptor.state.log.slots as never)).toEqual(["1=x"]);
  });

  test("P1a it accepts n unless it has responded to a prepare request with a number greater than n", () => {
    const acceptor = new Subject({ ordinal: 2 });
    acceptor.receive(n3, { type: "Prepare", ballot: ballot(2, 3), fromSlot: 1 });
    const low = ballot(1, 1);
    acceptor.receive(n1, { type: "Accept", ballot: low, decidedIndex: 0, entries: [command(1, low, "x")] });
    expect(acceptor.messages("Accepted")).toEqual([]);
    expect(acceptor.messageTo(n1, "Nack")).toEqual({ type: "Nack", ballot: low, promisedBallot: ballot(2, 3) });
    expect(acceptor.of("persist")).toEqual([]);
    const same = ballot(2, 3);
    acceptor.receive(n3, { type: "Accept", ballot: same, decidedIndex: 0, entries: [command(1, same, "y")] });
    expect(acceptor.messageTo(n3, "Accepted").slots).toEqual([1]);
  });

  test("accepting n is a promise too: a prepare below n is refused afterwards", () => {
    const acceptor = new Subject({ ordinal: 2, options: { stickiness: false, readMechanism: "quorumRead" } });
    const high = ballot(3, 1);
    acceptor.receive(n1, { type: "Accept", ballot: high, decidedIndex: 0, entries: [command(1, high, "x")] });
    acceptor.receive(n3, { type: "Prepare", ballot: ballot(2, 3), fromSlot: 1 });
    expect(acceptor.messages("Promise")).toEqual([]);
    expect(acceptor.messageTo(n3, "Nack").promisedBallot).toBe(high);
  });

  test("a promise carries the highest-numbered proposal accepted, if any, of every slot asked for", () => {
    const acceptor = new Subject({ ordinal: 2, options: { stickiness: false, readMechanism: "quorumRead" } });
    const [one, two] = [ballot(1, 1), ballot(2, 1)];
    const entries = [command(1, one, "a"), command(2, one, "b"), command(4, one, "d")];
    acceptor.receive(n1, { type: "Accept", ballot: one, decidedIndex: 0, entries });
    acceptor.receive(n1, { type: "Accept", ballot: two, decidedIndex: 0, entries: [command(4, two, "e")] });
    acceptor.receive(n3, { type: "Prepare", ballot: ballot(3, 3), fromSlot: 2 });
    const promise = acceptor.messageTo(n3, "Promise");
    expect(shown(promise.entries)).toEqual(["2=b", "4=e"]);
    expect(promise.entries.map(({ round }) => round)).toEqual([one, two]);
  });

  test("a repeated prepare is answered again, a lower one is not", () => {
    const acceptor = new Subject({ ordinal: 2 });
    const prepare = { type: "Prepare", ballot: ballot(2, 3), fromSlot: 1 } as const;
    acceptor.receive(n3, prepare).receive(n3, prepare);
    expect(acceptor.messageTo(n3, "Promise").ballot).toBe(prepare.ballot);
    expect(acceptor.of("persist")).toEqual([]);
    acceptor.receive(n1, { type: "Prepare", ballot: ballot(2, 1), fromSlot: 1 });
    expect(acceptor.messages("Promise")).toEqual([]);
  });
});

describe("Lamport 2001 §2.2, P2c: the proposer", () => {
  test("proposes the value of the highest-numbered proposal among the responses, slot by slot", () => {
    const proposer = new Subject({ ordinal: 3, voters: 5 });
    const b = proposer.campaign([n1, n2]);
    proposer.sync();
    const [low, high] = [ballot(0, 4), ballot(0, 5)];
    const entries = [command(1, high, "high"), command(2, low, "low")];
    proposer.receive(n1, { type: "Promise", ballot: b, decidedIndex: 0, entries });
    const others = [command(1, low, "other"), command(2, high, "top")];
    proposer.receive(n2, { type: "Promise", ballot: b, decidedIndex: 0, entries: others });
    const accept = proposer.messageTo(n1, "Accept");
    expect(shown(accept.entries)).toEqual(["1=high", "2=top"]);
    expect(accept.entries.every(({ round }) => round === b)).toBe(true);
  });

  test("its own acceptor's proposals are responses as well", () => {
    const proposer = new Subject({ ordinal: 2 });
    const old = ballot(1, 1);
    proposer.receive(n1, { type: "Accept", ballot: old, decidedIndex: 0, entries: [command(1, old, "mine")] });
    proposer.sync();
    proposer.lead([n3]);
    expect(shown(proposer.messageTo(n3, "Accept").entries)).toEqual(["1=mine"]);
  });

  test("does not propose before a quorum has promised, whoever repeats itself", () => {
    const proposer = new Subject({ voters: 5 });
    const b = proposer.campaign([n2, n3]);
    proposer.sync();
    const promise = { type: "Promise", ballot: b, decidedIndex: 0, entries: [] } as const;
    proposer.receive(n2, promise).receive(n2, promise);
    expect(proposer.state.role).toBe("candidate");
    proposer.receive(n3, promise);
    expect(proposer.state.role).toBe("leader");
  });

  test("a promise for another ballot counts for nothing", () => {
    const proposer = new Subject();
    const b = proposer.campaign();
    proposer.sync();
    proposer.receive(n2, { type: "Promise", ballot: b - 65536, decidedIndex: 0, entries: [] });
    expect(proposer.state.role).toBe("candidate");
  });
});

describe("Lamport 2001 §2.5: stable storage", () => {
  test("an acceptor records its intended response before actually sending it", () => {
    const acceptor = new Subject({ ordinal: 2 });
    const b = ballot(1, 1);
    acceptor.receive(n1, { type: "Prepare", ballot: b, fromSlot: 1 });
    const [promised] = acceptor.of("persist");
    expect(promised?.hard?.promisedBallot).toBe(b);
    expect(acceptor.sent()[0]?.after).toBe(promised?.seq);
    acceptor.receive(n1, { type: "Accept", ballot: b, decidedIndex: 0, entries: [command(1, b, "x")] });
    const [accepted] = acceptor.of("persist");
    expect(shown(accepted?.entries ?? [])).toEqual(["1=x"]);
    expect(acceptor.sent()[0]?.after).toBe(accepted?.seq);
  });

  test("a repeated Accept is acknowledged no earlier than the first one", () => {
    const acceptor = new Subject({ ordinal: 2 });
    const b = ballot(1, 1);
    const accept = { type: "Accept", ballot: b, decidedIndex: 0, entries: [command(1, b, "x")] } as const;
    acceptor.receive(n1, accept).receive(n1, accept);
    expect(acceptor.of("persist")).toEqual([]);
    expect(acceptor.sent()[0]?.after).toBe(1);
  });

  test("a proposer never uses a ballot again: the own promise is durable before the prepare leaves", () => {
    const proposer = new Subject();
    const b = proposer.campaign();
    const [write] = proposer.of("persist");
    expect(write?.hard?.promisedBallot).toBe(b);
    expect(proposer.sent().map(({ message, after }) => [message.type, after])).toEqual([
      ["Prepare", write?.seq],
      ["Prepare", write?.seq],
    ]);
    const again = new Subject({
      recovered: { hard: { promisedBallot: b, decidedIndex: 0 }, snapshot: null, entries: [] },
    });
    expect(again.campaign()).toBeGreaterThan(b);
  });

  test("different proposers choose from disjoint sets of numbers", () => {
    const ballots = [1, 2, 3].map((ordinal) => new Subject({ ordinal }).campaign([n1, n2, n3]));
    expect(new Set(ballots).size).toBe(3);
    expect(ballots.map((b) => b % 65536)).toEqual([1, 2, 3]);
  });

  test("the leader's own copy counts when its disk has it", () => {
    const leader = new Subject();
    leader.lead();
    leader.propose(7, "x").accepted(n2, 1);
    expect(leader.applied()).toEqual([]);
    leader.sync();
    expect(leader.applied()).toEqual(["1=x"]);
  });

  test("and a write that is done says nothing of the next one", () => {
    const leader = new Subject();
    leader.lead();
    const before = leader.state.seq;
    leader.propose(1, "a").propose(2, "b").accepted(n2, 1, 2);
    leader.input({ type: "durable", upTo: before + 1 });
    expect(leader.applied()).toEqual(["1=a"]);
    leader.sync();
    expect(leader.applied()).toEqual(["2=b"]);
  });

  test("a proposer that others promised still waits for its own promise to be durable", () => {
    const proposer = new Subject();
    const b = proposer.campaign();
    for (const id of [n2, n3]) proposer.receive(id, { type: "Promise", ballot: b, decidedIndex: 0, entries: [] });
    expect(proposer.state.role).toBe("candidate");
    expect(proposer.sync().state.role).toBe("leader");
  });
});

describe("Lamport 2001 §3: a state machine", () => {
  test("Phase 1 is executed for infinitely many instances with one message", () => {
    const proposer = new Subject();
    proposer.campaign();
    expect(proposer.messages("Prepare").map(({ fromSlot }) => fromSlot)).toEqual([1, 1]);
  });

  test("the leader fills the gap 136, 137 with no-ops: 135 and 140 are constrained by the responses", () => {
    // The paper's story: 1..134, 138 and 139 are known; 135 and 140 turn up in Phase 1. Here 4 slots stand for 134.
    const leader = new Subject();
    const old = ballot(1, 2);
    const known = [1, 2, 3, 4].map((slot) => command(slot, old, `c${slot}`));
    leader.receive(n2, { type: "Accept", ballot: old, decidedIndex: 0, entries: known });
    leader.receive(n2, { type: "Accept", ballot: old, decidedIndex: 4, entries: [command(8, old, "c8")] });
    leader.receive(n2, { type: "Accept", ballot: old, decidedIndex: 4, entries: [command(9, old, "c9")] });
    const b = leader.campaign();
    leader.sync();
    const entries = [command(5, old, "c5"), command(10, old, "c10")];
    leader.receive(n2, { type: "Promise", ballot: b, decidedIndex: 4, entries });
    const accept = leader.messageTo(n2, "Accept");
    expect(shown(accept.entries)).toEqual(["5=c5", "6=noop", "7=noop", "8=c8", "9=c9", "10=c10"]);
    leader.propose(1, "new");
    expect(shown(leader.messageTo(n2, "Accept").entries)).toEqual(["11=new"]);
  });

  test("commands are executed in order: 2 may be chosen before 1, and waits for it", () => {
    const leader = new Subject();
    leader.lead();
    leader.propose(1, "a").propose(2, "b").sync();
    leader.accepted(n2, 2);
    expect(leader.applied()).toEqual([]);
    leader.accepted(n2, 1);
    expect(leader.applied()).toEqual(["1=a", "2=b"]);
  });

  test("an acceptor accepts a later slot first, and reports the hole", () => {
    const acceptor = new Subject({ ordinal: 2 });
    const b = ballot(1, 1);
    acceptor.receive(n1, { type: "Accept", ballot: b, decidedIndex: 0, entries: [command(3, b, "c")] });
    expect(acceptor.messageTo(n1, "Accepted").slots).toEqual([3]);
    acceptor.receive(n1, { type: "Accept", ballot: b, decidedIndex: 0, entries: [command(1, b, "a")] });
    acceptor.receive(n1, { type: "Prepare", ballot: ballot(2, 1), fromSlot: 1 });
    expect(shown(acceptor.messageTo(n1, "Promise").entries)).toEqual(["1=a", "3=c"]);
  });

  test("a leader can propose α commands ahead; further ones wait, and go as one message", () => {
    const leader = new Subject({ options: { windowSlots: 2 } });
    leader.lead();
    leader.propose(1, "a").propose(2, "b").propose(3, "c");
    expect(leader.messages("Accept")).toEqual([]);
    leader.propose(4, "d").sync();
    leader.accepted(n2, 1, 2);
    expect(shown(leader.messageTo(n2, "Accept").entries)).toEqual(["3=c", "4=d"]);
    expect(leader.of("accepted").map(({ request, index }) => [request, index])).toEqual([
      [3, 3],
      [4, 4],
    ]);
  });

  test("a command chosen under one leader is chosen again, the same, under the next", () => {
    const next = new Subject({ ordinal: 2 });
    const old = ballot(1, 1);
    next.receive(n1, { type: "Accept", ballot: old, decidedIndex: 0, entries: [command(1, old, "x")] }).sync();
    const b = next.lead([n3]);
    next.sync().accepted(n3, 1);
    expect(next.applied()).toEqual(["1=x"]);
    expect(next.of("apply")[0]?.entry.round).toBe(b);
  });
});

describe("van Renesse & Altinbuken 2015: leaders and replicas", () => {
  test("§2 a preempted leader gives way: in Phase 2 unknown, still waiting failed", () => {
    const leader = new Subject({ options: { windowSlots: 1 } });
    const b = leader.lead();
    leader.propose(1, "a").propose(2, "b");
    leader.receive(n3, { type: "Nack", ballot: b, promisedBallot: b + 65536 });
    expect(leader.of("reject").map(({ request, outcome }) => [request, outcome])).toEqual([
      [1, "unknown"],
      [2, "failed"],
    ]);
    expect(leader.state.role).toBe("follower");
    expect(leader.campaign()).toBeGreaterThan(b + 65536);
  });

  test("a refusal of an older ballot of its own preempts nobody", () => {
    const leader = new Subject();
    const b = leader.lead();
    leader.receive(n3, { type: "Nack", ballot: b - 65536, promisedBallot: b + 65536 });
    expect(leader.state.role).toBe("leader");
  });

  test("§2 a commander counts each acceptor once", () => {
    const leader = new Subject({ voters: 5 });
    leader.lead([n2, n3]);
    leader.propose(1, "a").sync();
    leader.accepted(n2, 1).accepted(n2, 1);
    expect(leader.applied()).toEqual([]);
    leader.accepted(n3, 1);
    expect(leader.applied()).toEqual(["1=a"]);
  });

  test("learners are told, and never counted", () => {
    const leader = new Subject({ learners: 2 });
    leader.lead();
    leader.propose(1, "a");
    expect(leader.sent().map(({ to }) => to)).toEqual([n2, n3, n4, n5]);
    leader.sync().accepted(n4, 1).accepted(n5, 1);
    expect(leader.applied()).toEqual([]);
    leader.accepted(n3, 1);
    expect(leader.applied()).toEqual(["1=a"]);
    const learner = new Subject({ ordinal: 4, learners: 1 });
    const b = ballot(1, 1);
    learner.receive(n1, { type: "Accept", ballot: b, decidedIndex: 0, entries: [command(1, b, "a")] });
    learner.receive(n1, { type: "Prepare", ballot: ballot(2, 1), fromSlot: 1 });
    expect(learner.sent()).toEqual([]);
    learner.receive(n1, { type: "Decided", ballot: b, decidedIndex: 1 });
    expect(learner.applied()).toEqual(["1=a"]);
  });

  test("an Accept without an answer is sent again, to those who have not answered", () => {
    const leader = new Subject();
    leader.lead();
    leader.timeout("retransmit").propose(1, "a").accepted(n2, 1);
    leader.timeout("retransmit");
    expect(leader.messages("Accept")).toEqual([]); // Sent less than a period ago.
    leader.timeout("retransmit");
    expect(leader.sent().map(({ to, message }) => [to, message.type])).toEqual([[n3, "Accept"]]);
  });

  test("a leader that no quorum answers gives way", () => {
    const leader = new Subject();
    leader.lead();
    leader.receive(n3, { type: "HeartbeatAck", ballot: leader.state.ballot, sequence: 1, acceptedSlot: 0 });
    leader.timeout("checkQuorum");
    expect(leader.state.role).toBe("leader");
    leader.timeout("checkQuorum");
    expect(leader.state.role).toBe("follower");
  });

  test("requests elsewhere than at the leader, or above its limit, certainly fail", () => {
    const follower = new Subject({ ordinal: 2 });
    follower.receive(n1, { type: "Heartbeat", ballot: ballot(1, 1), sequence: 1, decidedIndex: 0 });
    const [refusal] = follower.propose(1, "a").of("reject");
    expect(refusal).toMatchObject({ outcome: "failed", reason: "notLeader", leaderHint: n1 });
    const leader = new Subject({ options: { windowSlots: 1, uncommittedEntriesMax: 2 } });
    leader.lead();
    const [overloaded] = leader.propose(1, "a").propose(2, "b").propose(3, "c").of("reject");
    expect(overloaded).toMatchObject({ request: 3, outcome: "failed", reason: "overloaded" });
  });
});

describe("Howard 2016: flexible quorums", () => {
  test("only the quorums of the two phases must meet: 4 of 5 promise, 2 of 5 accept", () => {
    const leader = new Subject({ voters: 5, quorums: { election: 4, replication: 2 } });
    const b = leader.campaign([n2, n3, n4]);
    leader.sync();
    for (const id of [n2, n3]) leader.receive(id, { type: "Promise", ballot: b, decidedIndex: 0, entries: [] });
    expect(leader.state.role).toBe("candidate");
    leader.receive(n4, { type: "Promise", ballot: b, decidedIndex: 0, entries: [noop(1, ballot(0, 5))] });
    expect(leader.state.role).toBe("leader");
    leader.sync().accepted(n5, 1);
    expect(leader.applied()).toEqual(["1=noop"]);
  });
});
