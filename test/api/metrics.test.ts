/** The endpoint of Prometheus: the names that operators know are there, and the values behind them move. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EtcdCluster } from "./cluster.js";

const ETCD_NAMES = [
  "etcd_debugging_mvcc_compact_revision",
  "etcd_debugging_mvcc_current_revision",
  "etcd_debugging_mvcc_keys_total",
  "etcd_disk_wal_fsync_duration_seconds",
  "etcd_mvcc_delete_total",
  "etcd_mvcc_put_total",
  "etcd_network_peer_received_bytes_total",
  "etcd_network_peer_round_trip_time_seconds",
  "etcd_network_peer_sent_bytes_total",
  "etcd_network_peer_sent_failures_total",
  "etcd_server_has_leader",
  "etcd_server_is_leader",
  "etcd_server_is_learner",
  "etcd_server_leader_changes_seen_total",
  "etcd_server_proposals_applied_total",
  "etcd_server_proposals_committed_total",
  "etcd_server_proposals_failed_total",
  "etcd_server_proposals_pending",
];

// Nothing here depends on the protocol but its words for rounds: one of them in each run, all in the long one.
const PROTOCOLS = process.env["SYNOD_LONG"] === undefined ? ["raft"] : ["raft", "multipaxos", "zab"];

describe.each(PROTOCOLS)("metrics of %s", (protocol) => {
  let cluster: EtcdCluster;

  beforeAll(async () => {
    cluster = await EtcdCluster.start(protocol, 3);
    await cluster.leader();
  });

  afterAll(async () => cluster?.close());

  async function text(id: string): Promise<string> {
    const { status, body } = await cluster.http(id, "/metrics");
    expect(status).toBe(200);
    return body;
  }

  /** The sum over all labels. */
  async function value(id: string, name: string): Promise<number> {
    const lines = (await text(id))
      .split("\n")
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    expect(lines, name).not.toEqual([]);
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** Until it is at least so much: a follower lags behind, and pings go once a second. */
  async function reaches(id: string, name: string, least: number): Promise<void> {
    await expect
      .poll(async () => value(id, name), { timeout: 10_000, message: `${id} ${name}` })
      .toBeGreaterThanOrEqual(least);
  }

  test("carry etcd's names where they mean the same, and Synod's else", async () => {
    const names = [...(await text("n1")).matchAll(/^# TYPE (\S+)/gmu)].map(([, name]) => name as string);
    expect(names.filter((name) => name.startsWith("etcd_")).sort()).toEqual(ETCD_NAMES);
    const others = names.filter((name) => !/^(etcd|synod|process|nodejs|grpc_server)_/u.test(name));
    expect(others).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test("agree about the leader", async () => {
    const leaders = await Promise.all(["n1", "n2", "n3"].map((id) => value(id, "etcd_server_is_leader")));
    expect(leaders.reduce((sum, one) => sum + one, 0)).toBe(1);
    for (const id of ["n1", "n2", "n3"]) {
      await reaches(id, "etcd_server_has_leader", 1);
      await reaches(id, "etcd_server_leader_changes_seen_total", 1);
      expect(await value(id, "etcd_server_is_learner")).toBe(0);
      expect(await value(id, "synod_round")).toBeGreaterThan(0);
      expect(await cluster.http(id, "/health")).toEqual({ status: 200, body: '{"health":"true"}' });
    }
  });

  test("move with what is written", async () => {
    const names = ["n1", "n2", "n3"];
    const leader = await cluster.leader();
    const follower = names.find((id) => id !== leader) as string;
    const before = new Map<string, number>();
    const watched = [
      "etcd_disk_wal_fsync_duration_seconds_count",
      "etcd_disk_wal_fsync_duration_seconds_sum",
      "etcd_server_proposals_applied_total",
      "etcd_server_proposals_committed_total",
      "synod_messages_sent_total",
      "etcd_network_peer_received_bytes_total",
      "etcd_network_peer_sent_bytes_total",
      "synod_wal_bytes_total",
    ];
    for (const id of names) for (const name of watched) before.set(`${id} ${name}`, await value(id, name));
    for (let i = 0; i < 10; i += 1)
      await cluster.client(follower).ok("KV", "Put", { key: Buffer.from(`k${i}`), value: Buffer.alloc(100) });
    await cluster.client(follower).ok("KV", "DeleteRange", { key: Buffer.from("k0") });
    await cluster.client(follower).call("KV", "Range", { key: Buffer.from("k"), revision: 999 });
    for (const id of names) {
      await reaches(id, "etcd_mvcc_put_total", 10);
      await reaches(id, "etcd_mvcc_delete_total", 1);
      await reaches(id, "etcd_debugging_mvcc_current_revision", 12);
      expect(await value(id, "etcd_debugging_mvcc_keys_total")).toBe(9);
      expect(await value(id, "synod_machine_bytes")).toBeGreaterThanOrEqual(900);
      for (const name of watched) {
        const at = before.get(`${id} ${name}`) as number;
        await expect
          .poll(async () => value(id, name), { timeout: 10_000, message: `${id} ${name}` })
          .toBeGreaterThan(at);
      }
      await reaches(id, "etcd_network_peer_round_trip_time_seconds_count", 1);
    }
    expect(await text(follower)).toMatch(/etcd_network_peer_round_trip_time_seconds_count\{To="n\d"\}/u);
    const handled =
      'grpc_server_handled_total{grpc_service="etcdserverpb.KV",grpc_method="Range",grpc_code="OutOfRange"} 1';
    expect(await text(follower)).toContain(handled);
    await reaches(leader, "synod_commit_duration_seconds_count", 11);
    await reaches(leader, "synod_proposals_total", 1);
  });

  test("tell of the loss of the leader, and health of that of a quorum", async () => {
    const leader = await cluster.leader();
    const [a, b] = ["n1", "n2", "n3"].filter((id) => id !== leader) as [string, string];
    const seen = await value(a, "etcd_server_leader_changes_seen_total");
    await cluster.killNode(leader);
    await reaches(a, "etcd_server_leader_changes_seen_total", seen + 1);
    // Whoever leads now goes on asking for the dead one; the other has nothing to say to it.
    const failures = "etcd_network_peer_sent_failures_total";
    await expect.poll(async () => (await value(a, failures)) + (await value(b, failures))).toBeGreaterThan(0);
    await cluster.killNode(b);
    await expect.poll(async () => (await cluster.http(a, "/health")).status, { timeout: 15_000 }).toBe(503);
    expect(JSON.parse((await cluster.http(a, "/health")).body)).toMatchObject({ health: "false" });
    expect((await cluster.http(a, "/nothing")).status).toBe(404);
  });
});
