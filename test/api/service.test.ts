/** etcd's interface over one machine in memory, over gRPC as clients see it. What a real etcd says is in differential.test.ts. */
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { serveMachine, type Served } from "./support.js";

const A = Buffer.from("a");
const B = Buffer.from("b");
const ALL = { key: Buffer.from([0]), range_end: Buffer.from([0]) };

let served: Served;

beforeEach(async () => {
  served = await serveMachine(3);
});

afterEach(async () => served.close());

async function kv(method: string, message: object): Promise<unknown> {
  return served.client.ok("KV", method, message);
}

describe("keys and values", () => {
  test("have etcd's revisions, in the key space of the lean protocol", async () => {
    served.machine.write({ f: "put", key: "a", value: "lean" });
    expect(await kv("Put", { key: A, value: B, prev_kv: true })).toMatchObject({
      header: { revision: 3, raft_term: 1 },
      prev_kv: { value: Buffer.from("lean"), create_revision: 2, mod_revision: 2, version: 1, lease: 0 },
    });
    expect(served.machine.get("a")).toBe("b");
    expect(await kv("Range", { key: A })).toMatchObject({
      count: 1,
      more: false,
      kvs: [{ key: A, value: B, create_revision: 2, mod_revision: 3, version: 2 }],
    });
  });

  test("are any bytes", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await kv("Put", { key: bytes, value: bytes });
    expect(await kv("Range", { key: bytes })).toMatchObject({ kvs: [{ key: bytes, value: bytes }] });
  });

  test("are kept for as many revisions as the node is told, and refused in etcd's words before", async () => {
    for (let i = 0; i < 6; i += 1) await kv("Put", { key: A, value: Buffer.from([i]) });
    expect(await kv("Range", { key: A, revision: 4 })).toMatchObject({ kvs: [{ value: Buffer.from([2]) }] });
    expect(await served.client.call("KV", "Range", { key: A, revision: 3 })).toEqual({
      code: status.OUT_OF_RANGE,
      details: "etcdserver: mvcc: required revision has been compacted",
    });
  });

  test("a header names cluster and member the same in every answer, and they differ", async () => {
    const { header } = (await kv("Range", ALL)) as { header: { cluster_id: number; member_id: number } };
    const list = (await served.client.ok("Cluster", "MemberList", {})) as { header: object; members: object[] };
    expect(list.header).toMatchObject({ cluster_id: header.cluster_id, member_id: header.member_id });
    expect(header.cluster_id).not.toBe(header.member_id);
    expect(list.members).toMatchObject([
      { ID: header.member_id, name: "n1", clientURLs: ["http://127.0.0.1:3"], isLearner: false },
    ]);
  });
});

describe("what the node says of itself", () => {
  test("status has the revision, the leader and the size of the machine", async () => {
    await kv("Put", { key: A, value: B });
    const { header, leader } = (await served.client.ok("Maintenance", "Status", {})) as {
      header: { member_id: number };
      leader: number;
    };
    expect(leader).toBe(header.member_id);
    expect(await served.client.ok("Maintenance", "Status", {})).toMatchObject({
      header: { revision: 2 },
      version: "3.4.0+synod",
      dbSize: 2,
      raftTerm: 1,
      errors: [],
      isLearner: false,
    });
  });

  test("there are no alarms, and none can be set", async () => {
    expect(await served.client.ok("Maintenance", "Alarm", { action: 0 })).toMatchObject({ alarms: [] });
    expect(await served.client.call("Maintenance", "Alarm", { action: 1 })).toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
});

describe("what is not served", () => {
  test.each([
    ["Watch", "Watch"],
    ["Lease", "LeaseGrant"],
    ["Lease", "LeaseKeepAlive"],
    ["Auth", "Authenticate"],
    ["Cluster", "MemberAdd"],
    ["Cluster", "MemberPromote"],
    ["Maintenance", "HashKV"],
    ["Maintenance", "Snapshot"],
    ["Maintenance", "MoveLeader"],
  ])("%s.%s says so", async (service, method) => {
    expect(await served.client.call(service, method, {})).toEqual({
      code: status.UNIMPLEMENTED,
      details: `Synod does not serve etcd's ${service}.${method}`,
    });
  });

  test("and the server goes on serving the rest", async () => {
    await served.client.call("Watch", "Watch", {});
    expect(await kv("Range", ALL)).toMatchObject({ count: 0 });
  });
});

test("a request that could not be compared, sorted or sent is refused", async () => {
  const call = async (method: string, message: object): Promise<unknown> => served.client.call("KV", method, message);
  expect(await call("Range", { key: A, sort_order: 7 })).toMatchObject({ details: "etcdserver: invalid sort option" });
  expect(await call("Txn", { compare: [{ key: A, result: 9 }] })).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await call("Txn", { compare: [{ key: A, target: 9 }] })).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await call("Put", { key: A, value: Buffer.alloc(3 * 2 ** 20) })).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
  });
  expect(served.machine.store.chainCount).toBe(0);
});
