/** Writes that are copied as they came, and snapshots that come by the size of the log. */
import { expect, test } from "vitest";
import { createHost, type HostEffect, isRawWrite } from "../../harness/host/index.js";
import { FrameWriter, writeWrite, type WriteOperation } from "../../harness/transport/index.js";
import { anyModule, type AnyProtocol, type Configuration, nodeId } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";

const ALONE: Configuration = { members: [{ id: nodeId("n1"), ordinal: 1, role: "voter" }], quorums: null };

/** A cluster of one, whose disk is done at once. */
function alone(logBytesMax?: number) {
  const module = anyModule(raft);
  const host = createHost<AnyProtocol>({
    module,
    replica: {
      id: nodeId("n1"),
      incarnation: 1,
      bootstrap: ALONE,
      options: module.defaultOptions("matched"),
      tracing: false,
    },
    recovered: { hard: null, snapshot: null, entries: [] },
    loadSnapshot: () => {
      throw new Error("nothing is loaded here");
    },
    sessionsMax: 100,
    batchBytesMax: 1 << 20,
    ...(logBytesMax === undefined ? {} : { logBytesMax }),
  });
  const done: HostEffect<AnyProtocol>[] = [];
  const run = (effects: readonly HostEffect<AnyProtocol>[]): void => {
    const list = effects.slice();
    done.push(...list);
    const last = list.filter((effect) => effect.type === "persist").at(-1);
    if (last !== undefined) run(host.step({ type: "durable", upTo: last.seq }, 0));
  };
  run(host.step({ type: "start" }, 0));
  run(host.step({ type: "timeout", timer: "election" }, 0));
  expect(host.status().role).toBe("leader");
  done.length = 0;
  return { host, run, done };
}

function body(client: number, seq: number, operation: WriteOperation): Buffer {
  const w = new FrameWriter();
  writeWrite(w, client, seq, operation);
  return Buffer.concat(w.take()).subarray(5);
}

const OPERATIONS: readonly WriteOperation[] = [
  { f: "put", key: "a", value: "1" },
  { f: "cas", key: "a", expected: "1", value: "2" },
  { f: "cas", key: "a", expected: null, value: "3" },
  { f: "append", key: "a", value: "x" },
  { f: "delete", key: "b" },
];

test("a raw write has the answer that the same request has", () => {
  const raw = alone();
  const read = alone();
  for (const [i, operation] of OPERATIONS.entries()) {
    const bytes = body(7, i + 1, operation);
    expect(isRawWrite(bytes, 0, bytes.length)).toBe(true);
    raw.run(raw.host.rawWrite(i, bytes, 0, bytes.length, 0));
    raw.run(raw.host.step({ type: "turnEnd" }, 0));
    const request = { token: i, client: 7, seq: i + 1, operation, level: "linearizable" } as const;
    read.run(read.host.step({ type: "request", request }, 0));
    read.run(read.host.step({ type: "turnEnd" }, 0));
  }
  const replies = (effects: readonly HostEffect<AnyProtocol>[]) => effects.filter(({ type }) => type === "reply");
  expect(replies(raw.done)).toHaveLength(OPERATIONS.length);
  expect(replies(raw.done)).toEqual(replies(read.done));
  expect(raw.host.machineDigest()).toBe(read.host.machineDigest());
  expect(raw.host.pairs()).toEqual([["a", "2x"]]);
});

test("a raw write that was executed before is answered from the session, and an older one is not executed", () => {
  const { host, run, done } = alone();
  const [first, second] = [1, 2].map((seq) => body(7, seq, { f: "append", key: "a", value: "x" })) as [Buffer, Buffer];
  for (const [token, bytes] of [first, second, second, first].entries()) {
    run(host.rawWrite(token, bytes, 0, bytes.length, 0));
    run(host.step({ type: "turnEnd" }, 0));
  }
  const statuses = done.flatMap((effect) => (effect.type === "reply" ? [effect.reply.status] : []));
  expect(statuses).toEqual(["ok", "ok", "ok", "unknown"]);
  expect(host.pairs()).toEqual([["a", "xx"]]);
});

test("a client that goes on without waiting learns that its earlier write is unknown, once", () => {
  const { host, run, done } = alone();
  for (const seq of [1, 2]) {
    const bytes = body(7, seq, { f: "append", key: "a", value: "x" });
    run(host.rawWrite(seq, bytes, 0, bytes.length, 0));
  }
  run(host.step({ type: "turnEnd" }, 0));
  const replies = done.flatMap((effect) => (effect.type === "reply" ? [[effect.token, effect.reply.status]] : []));
  expect(replies).toEqual([
    [1, "unknown"],
    [2, "ok"],
  ]);
});

test("a snapshot is taken once so many bytes were applied, and not again until as many were", () => {
  const { host, run, done } = alone(10_000);
  let seq = 0;
  const write = (): void => {
    seq += 1;
    const bytes = body(7, seq, { f: "put", key: "a", value: "v".repeat(1000) });
    run(host.rawWrite(seq, bytes, 0, bytes.length, 0));
    run(host.step({ type: "turnEnd" }, 0));
  };
  const saved = () => done.filter((effect) => effect.type === "saveSnapshot");
  for (let i = 0; i < 9; i += 1) write();
  expect(saved()).toHaveLength(0);
  for (let i = 0; i < 5; i += 1) write();
  expect(saved()).toHaveLength(1);
  const [snapshot] = saved();
  if (snapshot?.type !== "saveSnapshot") throw new Error("no snapshot");
  run(host.step({ type: "snapshotSaved", id: snapshot.id }, 0));
  expect(done.some((effect) => effect.type === "persist" && effect.snapshot?.id === snapshot.id)).toBe(true);
  for (let i = 0; i < 10; i += 1) write();
  expect(saved()).toHaveLength(2);
});

test("while a snapshot is being saved no other is begun for the log's size", () => {
  const { host, run, done } = alone(1000);
  for (let seq = 1; seq <= 20; seq += 1) {
    const bytes = body(7, seq, { f: "put", key: "a", value: "v".repeat(1000) });
    run(host.rawWrite(seq, bytes, 0, bytes.length, 0));
    run(host.step({ type: "turnEnd" }, 0));
  }
  expect(done.filter((effect) => effect.type === "saveSnapshot")).toHaveLength(1);
});
