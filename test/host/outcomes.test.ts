/** What a client is told, and when: the rules at the top of host.ts. */
import { describe, expect, test } from "vitest";
import { type Effect, nodeId } from "../../protocols/core/index.js";
import { commandEntry, HostLab, noop, type Puppet, replies } from "./puppet.js";

const PUT = { f: "put", key: "x", value: "1" } as const;
const APPEND = { f: "append", key: "x", value: "a" } as const;
const DONE = { type: "done" } as const;
const n9 = nodeId("n9");

function reject(request: number, outcome: "failed" | "unknown"): Effect<Puppet> {
  return { type: "reject", request, outcome, reason: "notLeader", leaderHint: n9 };
}

describe("a write", () => {
  test("is answered when its command is applied, wherever `accepted` said it would go", () => {
    const lab = new HostLab();
    const { token } = lab.request(7, 1, PUT);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 2 });
    const effects = lab.apply(commandEntry(1, command));
    expect(replies(effects)).toEqual([[token, { status: "ok", result: DONE, index: 1 }]]);
    // The index it was accepted at has nothing to say any more.
    expect(replies(lab.apply(noop(2)))).toEqual([]);
    expect(lab.host.pairs()).toEqual([["x", "1"]]);
  });

  test("is answered when another node's proposal brings it, before this node's own is accepted", () => {
    const first = new HostLab();
    first.request(7, 1, PUT);
    const { command } = first.propose();
    const lab = new HostLab();
    const { token } = lab.request(7, 1, PUT);
    lab.propose();
    expect(replies(lab.apply(commandEntry(1, command)))).toEqual([[token, { status: "ok", result: DONE, index: 1 }]]);
  });

  test("failed if its log position is applied without it", () => {
    const lab = new HostLab();
    const { token } = lab.request(7, 1, PUT);
    const { request } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    const failed = { status: "failed", reason: "notLeader", leaderHint: n9 };
    expect(replies(lab.apply(noop(1)))).toEqual([[token, failed]]);
    expect(lab.host.pairs()).toEqual([]);
  });

  test("waits while only other log positions are applied", () => {
    const lab = new HostLab();
    lab.request(7, 1, PUT);
    const { request } = lab.propose();
    lab.effects({ type: "accepted", request, index: 3 });
    expect(replies(lab.apply(noop(1)))).toEqual([]);
    expect(replies(lab.apply(noop(2)))).toEqual([]);
    expect(replies(lab.apply(noop(3)))).toHaveLength(1);
  });

  test("two proposals that were put at the same index, in two leaderships, are both settled there", () => {
    const lab = new HostLab();
    const first = lab.request(7, 1, PUT);
    lab.effects({ type: "accepted", request: lab.propose().request, index: 1 });
    const second = lab.request(8, 1, APPEND);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    const answers = new Map(replies(lab.apply(commandEntry(1, command))));
    expect(answers.get(second.token)).toEqual({ status: "ok", result: DONE, index: 1 });
    expect(answers.get(first.token)?.status).toBe("failed");
  });

  test.each(["failed", "unknown"] as const)(
    "that the core rejects as %s is told so, each request of the batch",
    (outcome) => {
      const lab = new HostLab();
      const a = lab.request(7, 1, PUT);
      const b = lab.request(8, 1, APPEND);
      const { request } = lab.propose();
      const reply = { status: outcome, reason: "notLeader", leaderHint: n9 };
      expect(replies(lab.effects(reject(request, outcome)))).toEqual([
        [a.token, reply],
        [b.token, reply],
      ]);
      // One request has one answer.
      expect(replies(lab.effects(reject(request, outcome)))).toEqual([]);
    },
  );

  test("that was given up as unknown may still happen: it is executed, and a retry is told", () => {
    const lab = new HostLab();
    lab.request(7, 1, APPEND);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    expect(replies(lab.effects(reject(request, "unknown")))).toHaveLength(1);
    expect(replies(lab.apply(commandEntry(1, command)))).toEqual([]);
    const retry = lab.request(7, 1, APPEND);
    expect(replies(retry.effects)).toEqual([[retry.token, { status: "ok", result: DONE, index: 1 }]]);
    expect(lab.host.pairs()).toEqual([["x", "a"]]);
  });

  test("a compare-and-set is told what it saw, a retry of it the same", () => {
    const lab = new HostLab();
    lab.request(7, 1, { f: "cas", key: "x", expected: null, value: "1" });
    lab.request(8, 1, { f: "cas", key: "x", expected: null, value: "2" });
    const effects = lab.apply(commandEntry(1, lab.propose().command));
    const results = replies(effects).map(([, reply]) => (reply.status === "ok" ? reply.result : null));
    expect(results).toEqual([
      { type: "cas", swapped: true, observed: null },
      { type: "cas", swapped: false, observed: "1" },
    ]);
    lab.request(9, 1, { f: "delete", key: "x" });
    lab.apply(commandEntry(2, lab.propose().command));
    const retry = lab.request(8, 1, { f: "cas", key: "x", expected: null, value: "2" });
    expect(replies(retry.effects)).toEqual([[retry.token, { status: "ok", result: results[1], index: 1 }]]);
  });

  test.each([
    ["a key that is no byte string", 7, 1, { f: "put", key: "naïve ✓", value: "1" }],
    ["a client id of 0", 0, 1, PUT],
    ["a client id beyond 32 bits", 2 ** 32, 1, PUT],
    ["a sequence number of 0", 7, 0, PUT],
    ["a sequence number that is no integer", 7, 1.5, PUT],
  ] as const)("%s is refused before it reaches the core", (_what, client, seq, operation) => {
    const lab = new HostLab();
    const { token, effects } = lab.request(client, seq, operation);
    expect(replies(effects)).toEqual([[token, { status: "failed", reason: "unsupported", leaderHint: null }]]);
    lab.turnEnd();
    expect(lab.proposals()).toEqual([]);
  });
});

describe("a retry", () => {
  test("of a pending request is not proposed again, and every token gets the one answer once", () => {
    const lab = new HostLab();
    const first = lab.request(7, 1, APPEND);
    const second = lab.request(7, 1, APPEND);
    const { command } = lab.propose();
    const third = lab.request(7, 1, APPEND);
    lab.turnEnd();
    expect(lab.proposals()).toHaveLength(1);
    const reply = { status: "ok", result: DONE, index: 1 };
    expect(replies(lab.apply(commandEntry(1, command)))).toEqual(
      [first, second, third].map(({ token }) => [token, reply]),
    );
    expect(lab.host.pairs()).toEqual([["x", "a"]]);
  });

  test("that the link doubled under the same token is answered once", () => {
    const lab = new HostLab();
    const request = { token: 5, client: 7, seq: 1, operation: PUT, level: "linearizable" } as const;
    lab.host.step({ type: "request", request }, 0);
    lab.host.step({ type: "request", request }, 0);
    expect(replies(lab.apply(commandEntry(1, lab.propose().command)))).toHaveLength(1);
  });

  test("at another replica is executed once, however often the log has it", () => {
    const lab = new HostLab();
    lab.request(7, 1, APPEND);
    const { command } = lab.propose();
    lab.apply(commandEntry(1, command));
    expect(replies(lab.apply(commandEntry(2, command)))).toEqual([]);
    expect(lab.host.pairs()).toEqual([["x", "a"]]);
  });

  test("of an operation older than the client's last is refused, not executed", () => {
    const lab = new HostLab();
    lab.request(7, 1, APPEND);
    const old = lab.propose().command;
    lab.request(7, 2, APPEND);
    lab.apply(commandEntry(1, lab.propose().command));
    lab.apply(commandEntry(2, old));
    expect(lab.host.pairs()).toEqual([["x", "a"]]);
    const { token, effects } = lab.request(7, 1, APPEND);
    expect(replies(effects)).toEqual([[token, { status: "unknown", reason: "unsupported", leaderHint: null }]]);
  });

  test("of an expired session is refused, here and when it is applied", () => {
    const lab = new HostLab({ sessionsMax: 2 });
    lab.request(7, 1, APPEND);
    const first = lab.propose().command;
    lab.apply(commandEntry(1, first));
    for (const client of [8, 9]) lab.request(client, 1, PUT);
    lab.apply(commandEntry(2, lab.propose().command));
    // Client 7 was unused for longest.
    const retry = lab.request(7, 1, APPEND);
    const expired = { status: "failed", reason: "sessionExpired", leaderHint: null };
    expect(replies(retry.effects)).toEqual([[retry.token, expired]]);
    lab.apply(commandEntry(3, first));
    expect(lab.host.pairs()).toEqual([["x", "1"]]);
  });

  test("that was proposed while its session stood, and applied after it expired, is refused", () => {
    const lab = new HostLab({ sessionsMax: 1 });
    lab.request(7, 1, APPEND);
    lab.apply(commandEntry(1, lab.propose().command));
    const late = lab.request(7, 2, APPEND);
    const { command } = lab.propose();
    const other = new HostLab();
    other.request(8, 1, APPEND);
    lab.apply(commandEntry(2, other.propose().command));
    const expired = { status: "failed", reason: "sessionExpired", leaderHint: null };
    expect(replies(lab.apply(commandEntry(3, command)))).toEqual([[late.token, expired]]);
    expect(lab.host.pairs()).toEqual([["x", "aa"]]);
  });

  test("a client that goes on without waiting gets `unknown` for what it left behind", () => {
    const lab = new HostLab();
    const first = lab.request(7, 1, APPEND);
    const second = lab.request(7, 2, APPEND);
    expect(replies(second.effects)).toEqual([
      [first.token, { status: "unknown", reason: "unsupported", leaderHint: null }],
    ]);
    const effects = lab.apply(commandEntry(1, lab.propose().command));
    expect(replies(effects)).toEqual([[second.token, { status: "ok", result: DONE, index: 1 }]]);
  });
});

describe("a read", () => {
  const GET = { f: "get", key: "x" } as const;

  test("is served within the step if its index is applied", () => {
    const lab = new HostLab({
      answer: (input) => (input.type === "read" ? [{ type: "serve", request: input.request, atIndex: 0 }] : []),
    });
    const { token, effects } = lab.request(7, 1, GET);
    expect(replies(effects)).toEqual([[token, { status: "ok", result: { type: "value", value: null }, index: 0 }]]);
  });

  test("waits for its index, and sees what was applied by then", () => {
    const lab = new HostLab();
    lab.request(8, 1, PUT);
    const { command } = lab.propose();
    const { token } = lab.request(7, 1, GET);
    const read = lab.host.state.inputs.find((input) => input.type === "read");
    expect(replies(lab.effects({ type: "serve", request: read?.request ?? 0, atIndex: 2 }))).toEqual([]);
    expect(replies(lab.apply(noop(1)))).toEqual([]);
    expect(new Map(replies(lab.apply(commandEntry(2, command)))).get(token)).toEqual({
      status: "ok",
      result: { type: "value", value: "1" },
      index: 2,
    });
    expect(replies(lab.apply(noop(3)))).toEqual([]);
  });

  test("reads with different indexes are served as each is reached", () => {
    const lab = new HostLab();
    const tokens = [3, 1, 2].map((atIndex) => {
      const { token } = lab.request(10 + atIndex, 1, GET);
      const reads = lab.host.state.inputs.flatMap((input) => (input.type === "read" ? input.request : []));
      lab.effects({ type: "serve", request: reads[reads.length - 1] ?? 0, atIndex });
      return token;
    });
    const order = [1, 2, 3].flatMap((index) => replies(lab.apply(noop(index))).map(([token]) => token));
    expect(order).toEqual([tokens[1], tokens[2], tokens[0]]);
  });

  test("that the core rejects is told so", () => {
    const lab = new HostLab({ answer: (input) => (input.type === "read" ? [reject(input.request, "failed")] : []) });
    const { token, effects } = lab.request(7, 1, GET);
    expect(replies(effects)).toEqual([[token, { status: "failed", reason: "notLeader", leaderHint: n9 }]]);
  });

  test("leaves no trace in the session: the next write of the client may have a gap in its numbers", () => {
    const lab = new HostLab();
    lab.request(7, 1, PUT);
    lab.apply(commandEntry(1, lab.propose().command));
    lab.request(7, 5, APPEND);
    expect(replies(lab.apply(commandEntry(2, lab.propose().command)))).toHaveLength(1);
    expect(lab.host.pairs()).toEqual([["x", "1a"]]);
  });
});
