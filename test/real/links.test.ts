/** What becomes of messages that may wait for the next one to the same node. */
import { afterEach, expect, test } from "vitest";
import { emptyCounters } from "../../harness/drivers/real/counters.js";
import { Links } from "../../harness/drivers/real/links.js";
import {
  type Connection,
  listen,
  type Listener,
  MESSAGE_TRACED,
  PEER_FRAME_BYTES_MAX,
} from "../../harness/transport/index.js";
import { type AnyModule, anyModule, nodeId } from "../../protocols/core/index.js";
import { ballotOf, multipaxos } from "../../protocols/multipaxos/index.js";
import { raft } from "../../protocols/raft/index.js";
import { zab } from "../../protocols/zab/index.js";
import { pause } from "./support.js";

const QUIET = { info: () => undefined, warn: () => undefined };
const PEER = nodeId("n2");
const BALLOT = ballotOf(1, 1);

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i += 1) await pause(5);
  expect(holds()).toBe(true);
}

const open: { readonly links: Links; readonly listener: Listener }[] = [];
afterEach(async () => {
  for (const { links, listener } of open.splice(0)) {
    links.close();
    await listener.close();
  }
});

/** A node's ways to one peer, and what came there, as text. */
async function wayTo(module: AnyModule) {
  const came: string[] = [];
  const flushSoon = (connection: Connection): void => void setImmediate(() => connection.flush());
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    log: QUIET,
    welcome: { cluster: "c", protocol: module.name, ordinal: 2, id: "n2", incarnation: 1 },
    refusal: () => null,
    onDirty: flushSoon,
    onConnection: (connection) => {
      connection.bytesMax = PEER_FRAME_BYTES_MAX;
      connection.onFrame = (kind, bytes, from, to) => {
        came.push(module.describe(module.codec.decode(bytes.subarray(kind === MESSAGE_TRACED ? from + 8 : from, to))));
        return true;
      };
    },
  });
  const member = (ordinal: number, port: number) =>
    ({
      id: `n${ordinal}`,
      ordinal,
      role: "voter",
      peer: `127.0.0.1:${port}`,
      client: "",
      etcd: null,
      metrics: null,
    }) as const;
  const [self, peer] = [member(1, 1), member(2, listener.port)];
  const links = new Links({
    module,
    cluster: "c",
    self,
    members: [self, peer],
    dial: {},
    incarnation: 1,
    log: QUIET,
    counters: emptyCounters(),
    observers: [],
    onDirty: flushSoon,
    onSnapshotAck: () => undefined,
    onDown: () => undefined,
  });
  open.push({ links, listener });
  await until(() => links.connectionTo(PEER) !== null);
  return { links, came };
}

const notice = (leaderCommit: number) => ({ type: "Heartbeat", term: 2, leaderCommit, round: 0 }) as const;
const append = (leaderCommit: number, term = 2) =>
  ({ type: "AppendEntries", term, prevLogIndex: 5, prevLogTerm: 1, entries: [], leaderCommit }) as const;
const decided = (decidedIndex: number) => ({ type: "Decided", ballot: BALLOT, decidedIndex }) as const;
const NOOP = { kind: "noop", index: 9, round: BALLOT } as const;
const accept = (decidedIndex: number) => ({ type: "Accept", ballot: BALLOT, decidedIndex, entries: [NOOP] }) as const;
const commit = (index: number) => ({ type: "COMMIT", session: 1, epoch: 1, index }) as const;
const RAFT = anyModule(raft);
const MULTIPAXOS = anyModule(multipaxos);

const CASES = [
  ["a notice that the next request repeats is not sent", RAFT, [notice(5), append(5)], [1]],
  ["nor one that a later notice repeats", RAFT, [notice(5), notice(6), append(7)], [2]],
  ["a request that says less comes after it", RAFT, [notice(5), append(4)], [0, 1]],
  ["and so does one of another term", RAFT, [notice(5), append(5, 3)], [0, 1]],
  ["a decision that the next Accept repeats is not sent", MULTIPAXOS, [decided(5), accept(6)], [1]],
  ["an Accept that says less comes after it", MULTIPAXOS, [decided(5), accept(4)], [0, 1]],
  ["ZAB's channels lose nothing", anyModule(zab), [commit(5), commit(6)], [0, 1]],
] as const;

test.each(CASES)("%s", async (_name, module, sent, expected) => {
  const { links, came } = await wayTo(module);
  for (const message of sent) links.send(PEER, message, 0);
  const wanted = expected.map((i) => module.describe(sent[i] as (typeof sent)[number]));
  await until(() => came.length >= wanted.length);
  await pause(20);
  expect(came).toEqual(wanted);
});

test("without a next message a notice leaves in a moment", async () => {
  const { links, came } = await wayTo(RAFT);
  links.send(PEER, notice(5), 0);
  expect(came).toEqual([]);
  await until(() => came.length === 1);
});

test("a node that traces sends all of them", async () => {
  const { links, came } = await wayTo(RAFT);
  links.send(PEER, notice(5), 7);
  links.send(PEER, append(5), 8);
  await until(() => came.length === 2);
  expect(came).toEqual([RAFT.describe(notice(5)), RAFT.describe(append(5))]);
});

test("who writes to the connection himself comes after what was sent before", async () => {
  const { links } = await wayTo(RAFT);
  links.send(PEER, notice(5), 0);
  expect(links.connectionTo(PEER)?.queuedBytes).toBeGreaterThan(0);
});
