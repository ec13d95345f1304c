/** Calls go on while the leader is killed, whichever node they are sent to, and what was acknowledged has happened once. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EtcdCluster } from "./cluster.js";

const CALLERS = 8;
const CALLS_EACH = 25;

// The soak kills leaders of all three; here it is the front that is looked at.
const PROTOCOLS = process.env["SYNOD_LONG"] === undefined ? ["zab"] : ["raft", "multipaxos", "zab"];

describe.each(PROTOCOLS)("%s", (protocol) => {
  let cluster: EtcdCluster;

  beforeAll(async () => {
    cluster = await EtcdCluster.start(protocol, 3);
    await cluster.leader();
  });

  afterAll(async () => cluster?.close());

  test("counts each acknowledged call once over the death of a leader", async () => {
    const leader = await cluster.leader();
    const others = cluster.members.map(({ id }) => id).filter((id) => id !== leader);
    const seen = new Map<number, string>();
    let acknowledged = 0;
    let unknown = 0;
    const kills: Promise<void>[] = [];
    const caller = async (number: number): Promise<void> => {
      const client = cluster.client(others[number % others.length] as string);
      for (let i = 0; i < CALLS_EACH; i += 1) {
        const name = `${number}.${i}`;
        const reply = await client.call("KV", "Put", { key: Buffer.from("counter"), value: Buffer.from(name) });
        if ("ok" in reply) {
          acknowledged += 1;
          const { revision } = (reply.ok as { header: { revision: number } }).header;
          // Two calls with the same revision would be one write that was acknowledged twice.
          expect([revision, seen.get(revision)]).toEqual([revision, undefined]);
          seen.set(revision, name);
        } else {
          expect(reply).toMatchObject({ code: 14 });
          if (reply.details !== "etcdserver: no leader") unknown += 1;
        }
        if (acknowledged >= 40 && kills.length === 0) kills.push(cluster.killNode(leader));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)));
    expect(kills).toHaveLength(1);
    await Promise.all(kills);
    const [answer] = (
      (await cluster.client(others[0] as string).ok("KV", "Range", { key: Buffer.from("counter") })) as {
        kvs: { version: number; value: Buffer; mod_revision: number }[];
      }
    ).kvs;
    expect(answer?.version).toBeGreaterThanOrEqual(acknowledged);
    expect(answer?.version).toBeLessThanOrEqual(acknowledged + unknown);
    expect(acknowledged).toBeGreaterThan(100);
    const last = seen.get(answer?.mod_revision as number);
    if (last !== undefined) expect(answer?.value.toString()).toBe(last);
    // Every node that runs says the same, and so does the one that comes back.
    await cluster.startNode(leader);
    for (const id of cluster.members.map((member) => member.id)) {
      const reply = (await cluster.client(id).ok("KV", "Range", { key: Buffer.from("counter") })) as { kvs: object[] };
      expect(reply.kvs).toEqual([answer]);
    }
  });
});
