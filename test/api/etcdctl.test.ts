/** The real etcdctl against a real cluster of three processes, for each of the protocols. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EtcdCluster } from "./cluster.js";
import { INSTALL_ETCDCTL, isInstalled } from "./support.js";

describe.each(["raft", "multipaxos", "zab"])("etcdctl against %s", (protocol) => {
  let cluster: EtcdCluster;

  beforeAll(async () => {
    if (!isInstalled("etcdctl")) throw new Error(INSTALL_ETCDCTL);
    cluster = await EtcdCluster.start(protocol, 3);
    await cluster.leader();
  });

  afterAll(async () => cluster?.close());

  /** What it prints; fails if it fails. */
  async function say(line: string, input = ""): Promise<string> {
    const { code, out, error } = await cluster.etcdctl(line.split(" "), input);
    expect({ line, code, error: code === 0 ? "" : error }).toEqual({ line, code: 0, error: "" });
    return out;
  }

  test("put, get, get --prefix, get --rev, del", async () => {
    expect(await say("put k/1 one")).toBe("OK\n");
    expect(await say("put k/2 two")).toBe("OK\n");
    expect(await say("put --prev-kv k/1 uno")).toBe("OK\nk/1\none\n");
    expect(await say("get k/1")).toBe("k/1\nuno\n");
    expect(await say("get --prefix k/")).toBe("k/1\nuno\nk/2\ntwo\n");
    expect(await say("get --prefix --keys-only k/")).toBe("k/1\n\nk/2\n\n");
    expect(await say("get --from-key --limit=1 --order=DESCEND k/")).toBe("k/2\ntwo\n");
    const { header, kvs } = JSON.parse(await say("get k/1 -w json")) as {
      header: { revision: number; raft_term: number };
      kvs: { create_revision: number; mod_revision: number; version: number }[];
    };
    expect(kvs).toMatchObject([{ version: 2, mod_revision: header.revision }]);
    expect(header.raft_term).toBeGreaterThan(0);
    expect(await say(`get --rev=${header.revision - 1} k/1`)).toBe("k/1\none\n");
    expect(await say("del --prev-kv k/1")).toBe("1\nk/1\nuno\n");
    expect(await say("get k/1")).toBe("");
    expect(await say(`get --rev=${header.revision} k/1`)).toBe("k/1\nuno\n");
    expect(await say("del --prefix k/")).toBe("1\n");
  });

  test("txn from standard input, both branches", async () => {
    await say("put t 1");
    const script = 'value("t") = "1"\nver("t") > "0"\n\nput t 2\nget t\n\nput t wrong\n\n';
    expect(await say("txn", script)).toBe("SUCCESS\n\nOK\n\nt\n2\n");
    expect(await say("txn", script.replace("wrong", "3"))).toBe("FAILURE\n\nOK\n");
    expect(await say("get t")).toBe("t\n3\n");
  });

  test("binary keys and values, and a large one", async () => {
    const value = "v".repeat(1_000_000);
    // No command line takes a megabyte: from standard input.
    expect(await say("put large", value)).toBe("OK\n");
    expect(await say("get large --print-value-only")).toBe(`${value}\n`);
    const { code, error } = await cluster.etcdctl(["put", "larger"], "v".repeat(1_700_000));
    expect(code).not.toBe(0);
    expect(error).toContain("etcdserver: request is too large");
  });

  test("compact, and what was before it", async () => {
    await say("put c 1");
    await say("put c 2");
    const { header } = JSON.parse(await say("get c -w json")) as { header: { revision: number } };
    expect(await say(`compact ${header.revision}`)).toBe(`compacted revision ${header.revision}\n`);
    const { code, error } = await cluster.etcdctl(["get", "c", `--rev=${header.revision - 1}`]);
    expect(code).not.toBe(0);
    expect(error).toContain("required revision has been compacted");
  });

  test("member list, endpoint status and endpoint health", async () => {
    const list = await say("member list -w table");
    for (const { id, etcd } of cluster.members)
      expect(list).toMatch(new RegExp(`started \\|\\s+${id} .*http://${etcd}`, "u"));
    await pause(500);
    const table = await say("endpoint status -w table");
    for (const { etcd } of cluster.members) expect(table).toContain(etcd);
    expect(table.match(/\| {6}true \|/gu) ?? table.match(/true/gu)).toHaveLength(1); // IS LEADER
    const { code, out, error } = await cluster.etcdctl(["endpoint", "health"]);
    expect([code, (out + error).match(/is healthy/gu)?.length]).toEqual([0, 3]);
  });

  test("what is not served is refused in words", async () => {
    for (const [args, method] of [
      [["lease", "grant", "10"], "Lease.LeaseGrant"],
      [["watch", "k"], "Watch.Watch"],
      [["member", "add", "n4", "--peer-urls=http://127.0.0.1:1"], "Cluster.MemberAdd"],
      [["auth", "enable"], "Auth.AuthEnable"],
      [["defrag"], "Maintenance.Defragment"],
    ] as const) {
      const { out, error } = await cluster.etcdctl(args);
      expect(out + error).toContain("Synod");
      expect(out + error).toContain(method);
    }
  });
});
