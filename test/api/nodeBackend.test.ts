/** How a call finds the leader and what it says when it does not: against a node that answers as it is told. */
import { afterEach, expect, test, vi } from "vitest";
import { ClientIds } from "../../harness/api/clientIds.js";
import { Links } from "../../harness/api/links.js";
import { NodeBackend } from "../../harness/api/nodeBackend.js";
import type { ClientRequest, Reply } from "../../harness/host/index.js";
import type { NodeService, NodeStatus, ServedMember } from "../../harness/transport/index.js";
import { QUIET } from "./support.js";

const REQUEST = Uint8Array.of(1, 2, 3);
const ANSWER = Uint8Array.of(4, 5, 6);
const OK: Reply = { status: "ok", result: { type: "bytes", bytes: ANSWER }, index: 1 };
const NOT_READY: Reply = { status: "failed", reason: "notReady", leaderHint: null };
const EXPIRED: Reply = { status: "failed", reason: "sessionExpired", leaderHint: null };
const UNKNOWN: Reply = { status: "unknown", reason: "notLeader", leaderHint: null };

const SELF: ServedMember = {
  id: "n1",
  ordinal: 1,
  role: "voter",
  peer: "p:1",
  client: "c:1",
  etcd: null,
  metrics: null,
};

/** The node's answers, in order; null: none comes. After the last one every request is answered with it. */
function backendOf(answers: readonly (Reply | null)[], requestTimeoutMs = 1000, attemptMs = 1000) {
  const asked: Omit<ClientRequest, "token">[] = [];
  const status = { leader: { id: "n1", round: 1 }, store: { revision: 1 } } as unknown as NodeStatus;
  const service = {
    cluster: "c",
    protocol: "raft",
    self: SELF,
    members: [SELF],
    incarnation: 1,
    status: () => status,
    request: (request: Omit<ClientRequest, "token">, answer: (reply: Reply) => void) => {
      asked.push(request);
      const reply = answers[Math.min(asked.length, answers.length) - 1];
      if (reply !== null && reply !== undefined) answer(reply);
    },
  } as unknown as NodeService;
  return { backend: new NodeBackend({ service, links: new Links("c", QUIET), requestTimeoutMs, attemptMs }), asked };
}

afterEach(() => void vi.useRealTimers());

test("an attempt of unknown outcome is made again under the same name", async () => {
  const { backend, asked } = backendOf([UNKNOWN, NOT_READY, OK]);
  expect(await backend.write(REQUEST)).toBe(ANSWER);
  expect(asked).toHaveLength(3);
  expect(new Set(asked.map(({ client, seq }) => `${client} ${seq}`)).size).toBe(1);
  expect(asked[0]?.operation).toEqual({ f: "txn", request: REQUEST });
});

test("each call has a name of its own", async () => {
  const { backend, asked } = backendOf([OK]);
  await Promise.all([backend.write(REQUEST), backend.read(REQUEST, "linearizable"), backend.write(REQUEST)]);
  await backend.write(REQUEST);
  expect(new Set(asked.map(({ client, seq }) => `${client} ${seq}`)).size).toBe(4);
  for (const { client } of asked) expect(client).toBeLessThan(2 ** 31);
});

test("what certainly did not happen is told as having no leader, what may have as timed out", async () => {
  const certain = backendOf([NOT_READY], 60);
  await expect(certain.backend.write(REQUEST)).rejects.toMatchObject({ details: "etcdserver: no leader", code: 14 });
  const unknown = backendOf([UNKNOWN, NOT_READY], 60);
  await expect(unknown.backend.write(REQUEST)).rejects.toMatchObject({
    details: "etcdserver: request timed out",
    code: 14,
  });
});

test("an answer that never comes is unknown", async () => {
  const { backend, asked } = backendOf([null], 100, 30);
  await expect(backend.write(REQUEST)).rejects.toMatchObject({ details: "etcdserver: request timed out" });
  expect(asked.length).toBeGreaterThan(1);
});

test("a session that is gone is replaced, but not behind an attempt that may have happened under it", async () => {
  const fresh = backendOf([EXPIRED, OK]);
  expect(await fresh.backend.write(REQUEST)).toBe(ANSWER);
  expect(fresh.asked[0]?.client).not.toBe(fresh.asked[1]?.client);
  const doubtful = backendOf([UNKNOWN, EXPIRED, OK]);
  await expect(doubtful.backend.write(REQUEST)).rejects.toMatchObject({ details: "etcdserver: request timed out" });
});

test("client ids do not repeat over nodes, and their numbers not over incarnations", () => {
  const names = new Set<number>();
  for (const ordinal of [1, 2, 2047]) {
    const ids = new ClientIds(ordinal, 1, 5000);
    for (let i = 0; i < 1000; i += 1) names.add(ids.take().client);
  }
  expect(names.size).toBe(3000);
  expect(Math.max(...names)).toBeLessThan(2 ** 31);
  const before = new ClientIds(3, 7, 10).take();
  const after = new ClientIds(3, 8, 10).take();
  expect(after.client).not.toBe(before.client);
  // A node without a disk starts with the same incarnation again: later in time, so above in number.
  vi.useFakeTimers({ now: Date.now() + 1000 });
  expect(new ClientIds(3, 7, 10).take().seq).toBeGreaterThan(before.seq + 1_000_000);
  expect(() => new ClientIds(2048, 1, 1)).toThrow(RangeError);
});

test("more calls than there are names for are refused", () => {
  const ids = new ClientIds(1, 1, 2);
  const first = ids.take();
  ids.take();
  expect(() => ids.take()).toThrow("etcdserver: too many requests");
  const seq = first.seq;
  ids.release(first);
  expect(ids.take()).toEqual({ client: first.client, seq: seq + 1 });
});
