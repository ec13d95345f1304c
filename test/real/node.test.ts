/** Clusters of real processes with real files and sockets. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { tracedProtocol, validateEvents } from "../../harness/conform/index.js";
import { mergeTraces, type NodeConfig } from "../../harness/drivers/real/index.js";
import type { TraceLine } from "../../harness/record/index.js";
import { pause, RealCluster, startProcess } from "./support.js";

/** A cluster that ends with the test that it is for. */
async function clusterFor(
  { onTestFinished }: TestContext,
  protocol: string,
  settings: Partial<NodeConfig> = {},
  count = 3,
): Promise<RealCluster> {
  const cluster = await RealCluster.start(protocol, count, settings);
  onTestFinished(() => cluster.stop());
  return cluster;
}

async function put(of: RealCluster, count: number, prefix: string): Promise<void> {
  const session = of.client.session();
  for (let i = 0; i < count; i += 1) {
    const { status, reason } = await session.request({ f: "put", key: `${prefix}${i}`, value: `value of ${i}` });
    expect([status, reason]).toEqual(["ok", null]);
  }
}

async function get(of: RealCluster, key: string): Promise<string | null> {
  const { result, status } = await of.client.session().request({ f: "get", key });
  expect(status).toBe("ok");
  return result?.type === "value" ? result.value : null;
}

// Three at a time, side by side: most of the time they wait.
test.concurrent.for([
  ["raft", { snapshotEveryEntries: 8, snapshotKeepEntries: 2 }],
  ["multipaxos", { snapshotEveryEntries: 8, snapshotTrailingEntries: 2 }],
  ["zab", { snapshotEveryEntries: 8, trailingEntries: 2 }],
] as const)(
  "%s: acknowledged writes survive kill -9 and a loss of power, who missed much gets a snapshot, all nodes come to the same state, and the merged trace is one of the specification's",
  { timeout: 180_000 },
  async ([protocol, options], context) => {
    const started = await clusterFor(context, protocol, { trace: { file: "" }, options });
    await put(started, 10, "a");
    const leader = await started.leader();
    await started.kill(leader);
    await put(started, 20, "b");
    await started.startNode(leader);
    expect(await snapshotsReceived(started, leader)).toBeGreaterThan(0);
    const next = await started.leader();
    const victim = started.members.find(({ id }) => id !== next)?.id as string;
    started.order(victim, { type: "powerLoss" });
    await started.node(victim).exited;
    await put(started, 5, "c");
    await started.startNode(victim);
    expect(await get(started, "a9")).toBe("value of 9");
    expect(await get(started, "b4")).toBe("value of 4");
    expect(await get(started, "none")).toBe(null);
    const statuses = await started.settled();
    expect(new Set(statuses.map(({ digest }) => digest)).size).toBe(1);
    expect(statuses.map(({ incarnation }) => incarnation).sort((a, b) => a - b)).toEqual(
      victim === leader ? [1, 1, 3] : [1, 2, 2],
    );
    for (const { id } of started.members) await started.kill(id);
    const merged = mergeTraces(started.members.map(({ id }) => readFileSync(started.traceFile(id), "utf8")));
    await expectAccepted(protocol, merged);
  },
);

/** Waits until the node has got one. */
async function snapshotsReceived(of: RealCluster, id: string): Promise<number> {
  for (;;) {
    const status = await of.client.status(of.ordinal(id));
    if (status !== null && status.counters.snapshotsReceived > 0) return status.counters.snapshotsReceived;
    await pause(20);
  }
}

async function expectAccepted(protocol: string, trace: string): Promise<void> {
  const texts = trace.trim().split("\n");
  const [config, ...lines] = texts.map((line) => JSON.parse(line) as TraceLine);
  const header = config?.args[0] as { cluster: never; options: never };
  expect(lines.filter(({ action }) => action === "Crash").length).toBe(2);
  const traced = tracedProtocol(protocol);
  if (traced === undefined) throw new Error(`${protocol} has no trace specification`);
  const collector = traced.collector();
  for (const line of lines) collector.line(line);
  const events = [traced.config(header.cluster, header.options), ...collector.events()];
  const { results } = await validateEvents(traced, [events], { timeoutMs: 120_000 });
  expect(results.map(({ verdict, event, reason }) => ({ verdict, event, reason }))).toMatchObject([
    { verdict: "accepted" },
  ]);
}

describe("a bad disk", () => {
  test.concurrent("power that goes while every sync is slow loses no acknowledged write", {
    timeout: 60_000,
  }, async (context) => {
    // With segments of the size that nodes have of themselves, as nowhere else here.
    const started = await clusterFor(context, "raft", { storage: {} });
    for (const { id } of started.members) started.order(id, { type: "slowDisk", extraMs: 20 });
    const writers = Array.from({ length: 8 }, () => started.client.session());
    const acknowledged: string[] = [];
    let going = true;
    const writing = writers.map(async (session, writer) => {
      for (let i = 0; going; i += 1) {
        const key = `w${writer}-${i}`;
        const { status } = await session.request({ f: "put", key, value: key }, { requestMs: 2000 });
        if (status === "ok") acknowledged.push(key);
      }
    });
    await started.leader();
    while (acknowledged.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    // All at once: nothing is left but what the disks have.
    for (const { id } of started.members) started.order(id, { type: "powerLoss" });
    for (const { id } of started.members) await started.node(id).exited;
    going = false;
    await Promise.all(writing);
    await Promise.all(started.members.map(({ id }) => started.startNode(id)));
    expect(await Promise.all(acknowledged.map((key) => get(started, key)))).toEqual(acknowledged);
  });

  test.concurrent("a node whose sync fails stops with a code of its own, and the others go on", {
    timeout: 60_000,
  }, async (context) => {
    const started = await clusterFor(context, "raft");
    await put(started, 1, "a");
    const leader = await started.leader();
    const victim = started.members.find(({ id }) => id !== leader)?.id as string;
    started.order(victim, { type: "failSync" });
    await put(started, 2, "b");
    expect((await started.node(victim).exited).code).toBe(66);
    expect(started.node(victim).log()).toContain("sync-failed");
    await put(started, 2, "c");
  });
});

test.concurrent("segments have the size that is set, are used again while the log grows, and may have another size later", {
  timeout: 60_000,
}, async (context) => {
  const MIB = 2 ** 20;
  const started = await clusterFor(context, "raft", { storage: { segmentBytes: MIB } }, 1);
  const folder = join(started.dir, "n1");
  const sizes = (): number[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".wal"))
      .map((name) => statSync(join(folder, name)).size);
  expect(sizes()).toEqual([MIB]);
  const session = started.client.session();
  const value = "x".repeat(32 * 1024);
  for (let i = 0; i < 160; i += 1) expect((await session.request({ f: "put", key: "k", value })).status).toBe("ok");
  expect(new Set(sizes())).toEqual(new Set([MIB]));
  // Five segments went by: the one in use, two to be used again, and at most what the last snapshot has not freed yet.
  expect(sizes().length).toBeLessThanOrEqual(4);
  await started.kill("n1");
  const again = await startProcess(started.configFile("n1", { storage: { segmentBytes: 2 * MIB } }));
  started.nodes.set("n1", again);
  expect(await get(started, "k")).toBe(value);
  await put(started, 1, "later");
});
