/** Clusters of real processes with real files and sockets. */
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { mergeTraces } from "../../harness/drivers/real/index.js";
import { tracedProtocol, validateEvents } from "../../harness/conform/index.js";
import type { TraceLine } from "../../harness/record/index.js";
import { RealCluster } from "./support.js";

let cluster: RealCluster | null = null;

afterEach(async () => {
  await cluster?.stop();
  cluster = null;
});

async function put(of: RealCluster, count: number, prefix = "k"): Promise<void> {
  const session = of.client.session();
  for (let i = 0; i < count; i += 1) {
    const { status, reason } = await session.request({ f: "put", key: `${prefix}${i}`, value: `v${i}` });
    expect([status, reason]).toEqual(["ok", null]);
  }
}

async function get(of: RealCluster, key: string): Promise<string | null> {
  const { result, status } = await of.client.session().request({ f: "get", key });
  expect(status).toBe("ok");
  return result?.type === "value" ? result.value : null;
}

test.each(["raft", "multipaxos", "zab"])(
  "%s: writes survive kill -9 of each node in turn, and all come to the same state",
  async (protocol) => {
    cluster = await RealCluster.start(protocol, 3);
    await put(cluster, 20);
    for (const id of ["n1", "n2", "n3"]) {
      await cluster.kill(id);
      await put(cluster, 5, `without-${id}-`);
      await cluster.startNode(id);
    }
    expect(await get(cluster, "k19")).toBe("v19");
    expect(await get(cluster, "without-n2-4")).toBe("v4");
    const statuses = await cluster.settled();
    expect(new Set(statuses.map(({ digest }) => digest)).size).toBe(1);
    expect(statuses.map(({ incarnation }) => incarnation)).toEqual([2, 2, 2]);
  },
  30_000,
);

test.each(["raft", "multipaxos", "zab"])(
  "%s: the merged trace of a cluster with kills and a loss of power is one of the specification's",
  async (protocol) => {
    cluster = await RealCluster.start(protocol, 3, { trace: { file: "" } });
    await put(cluster, 5);
    const leader = await cluster.leader();
    await cluster.kill(leader);
    await put(cluster, 5, "a");
    await cluster.startNode(leader);
    const next = await cluster.leader();
    const victim = cluster.members.find(({ id }) => id !== next)?.id as string;
    cluster.order(victim, { type: "powerLoss" });
    await cluster.node(victim).exited;
    await cluster.startNode(victim);
    await put(cluster, 5, "b");
    await cluster.settled();
    const ids = cluster.members.map(({ id }) => id);
    for (const id of ids) await cluster.kill(id);
    const merged = mergeTraces(ids.map((id) => readFileSync((cluster as RealCluster).traceFile(id), "utf8")));
    const [config, ...lines] = merged
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as TraceLine);
    const header = config?.args[0] as { cluster: never; options: never };
    expect(lines.filter(({ action }) => action === "Crash").length).toBe(2);
    const traced = tracedProtocol(protocol);
    if (traced === undefined) throw new Error(`${protocol} has no trace specification`);
    const collector = traced.collector();
    for (const line of lines) collector.line(line);
    const events = [traced.config(header.cluster, header.options), ...collector.events()];
    const { results } = await validateEvents(traced, [events], { timeoutMs: 60_000 });
    if (results[0]?.verdict !== "accepted") {
      const { writeFileSync } = await import("node:fs");
      writeFileSync(`/tmp/tw/merged-${protocol}.ndjson`, merged);
    }
    expect(results[0]?.verdict).toBe("accepted");
  },
  60_000,
);
