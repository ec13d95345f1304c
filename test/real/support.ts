/** Real clusters for tests: processes of this machine, with ports that were free a moment ago. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeConfig, NodeMember, NodeOrder } from "../../harness/drivers/real/index.js";
import { LeanClient, type NodeStatus } from "../../harness/transport/index.js";

const MAIN = fileURLToPath(new URL("../../dist/harness/drivers/real/main.js", import.meta.url));

/** Given away already: whoever got one may not listen on it yet. */
const given = new Set<number>();

/** Ports of the loopback that nobody listens on. All are taken at the same time, so that none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  if (ports.some((port) => given.has(port))) return freePorts(count);
  for (const port of ports) given.add(port);
  return ports;
}

export interface Started {
  readonly process: ChildProcess;
  /** Everything on standard error so far. */
  readonly log: () => string;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Starts a node and waits until it listens, or has ended. */
export async function startProcess(configFile: string): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, configFile], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    // Not "exit": what it said last may come after it.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const ready = new Promise<void>((resolve) => {
    child.stdout?.once("data", () => resolve());
  });
  await Promise.race([ready, exited]);
  return { process: child, log: () => log, exited };
}

/** A node fills its first segment with zeros when it starts: 64 MiB each are most of what a test would write. */
export const SMALL_SEGMENTS = { segmentBytes: 4 * 2 ** 20 } as const;

export class RealCluster {
  readonly dir = mkdtempSync(join(tmpdir(), "synod-node-"));
  readonly members: readonly NodeMember[];
  readonly nodes = new Map<string, Started>();
  readonly client: LeanClient;
  readonly #settings: Partial<NodeConfig>;
  readonly #protocol: string;

  private constructor(protocol: string, members: readonly NodeMember[], settings: Partial<NodeConfig>) {
    this.#protocol = protocol;
    this.members = members;
    this.#settings = settings;
    const endpoints = members.map(({ client }) => ({ host: "127.0.0.1", port: Number(client.split(":")[1]) }));
    this.client = new LeanClient({ endpoints, cluster: "test", requestMs: 15_000 });
  }

  static async start(protocol: string, count: number, settings: Partial<NodeConfig> = {}): Promise<RealCluster> {
    const ports = await freePorts(2 * count);
    const members = Array.from({ length: count }, (_, i) => ({
      id: `n${i + 1}`,
      peer: `127.0.0.1:${ports[2 * i]}`,
      client: `127.0.0.1:${ports[2 * i + 1]}`,
    }));
    const cluster = new RealCluster(protocol, members, settings);
    await Promise.all(members.map(({ id }) => cluster.startNode(id)));
    return cluster;
  }

  traceFile(id: string): string {
    return join(this.dir, `${id}.ndjson`);
  }

  configFile(id: string, changes: object = {}): string {
    const config: NodeConfig = {
      cluster: "test",
      protocol: this.#protocol,
      id,
      members: this.members,
      dir: join(this.dir, id),
      faults: true,
      storage: SMALL_SEGMENTS,
      ...this.#settings,
      ...(this.#settings.trace === undefined ? {} : { trace: { file: this.traceFile(id) } }),
      ...changes,
    };
    const file = join(this.dir, `${id}.json`);
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  async startNode(id: string): Promise<Started> {
    const started = await startProcess(this.configFile(id));
    this.nodes.set(id, started);
    return started;
  }

  node(id: string): Started {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`${id} was not started`);
    return node;
  }

  /** Ends a node in the hardest way and waits until it has. */
  async kill(id: string): Promise<void> {
    const node = this.node(id);
    node.process.kill("SIGKILL");
    await node.exited;
  }

  order(id: string, order: NodeOrder): void {
    this.node(id).process.send(order);
  }

  ordinal(id: string): number {
    return this.members.findIndex((member) => member.id === id) + 1;
  }

  /** The established leader of the highest round, once a majority names it. */
  async leader(): Promise<string> {
    for (;;) {
      const named = new Map<string, number>();
      for (const { id } of this.members) {
        if (this.nodes.get(id)?.process.exitCode !== null || this.node(id).process.signalCode !== null) continue;
        const leader = (await this.client.status(this.ordinal(id), false, 500))?.leader?.id;
        if (leader !== undefined) named.set(leader, (named.get(leader) ?? 0) + 1);
      }
      for (const [id, count] of named) if (2 * count > this.members.length) return id;
      await pause(20);
    }
  }

  /** The states of these nodes once all have applied the same index. */
  async settled(ids: readonly string[] = this.members.map(({ id }) => id)): Promise<readonly NodeStatus[]> {
    for (;;) {
      const statuses: NodeStatus[] = [];
      for (const id of ids) {
        const status = await this.client.status(this.ordinal(id), true);
        if (status !== null) statuses.push(status);
      }
      const applied = new Set(statuses.map(({ appliedIndex }) => appliedIndex));
      if (statuses.length === ids.length && applied.size === 1) return statuses;
      await pause(20);
    }
  }

  async stop(): Promise<void> {
    this.client.close();
    for (const { process: child } of this.nodes.values()) if (child.exitCode === null) child.kill("SIGTERM");
    for (const { exited } of this.nodes.values()) await exited;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
