/** A real cluster of processes with etcd's interface and metrics, and the real etcdctl beside it. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeMember } from "../../harness/drivers/real/index.js";
import { freePorts, SMALL_SEGMENTS, type Started, startProcess } from "../real/support.js";
import { GrpcClient } from "./support.js";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export class EtcdCluster {
  readonly members: readonly Required<NodeMember>[];
  readonly clients = new Map<string, GrpcClient>();
  readonly #protocol: string;
  readonly #dir = mkdtempSync(join(tmpdir(), "synod-api-"));
  readonly #nodes = new Map<string, Started>();

  private constructor(protocol: string, members: readonly Required<NodeMember>[]) {
    this.#protocol = protocol;
    this.members = members;
    for (const { id, etcd } of members) this.clients.set(id, new GrpcClient(etcd));
  }

  static async start(protocol: string, count: number): Promise<EtcdCluster> {
    const ports = await freePorts(4 * count);
    const address = (at: number): string => `127.0.0.1:${ports[at]}`;
    const members = Array.from({ length: count }, (_, i) => ({
      id: `n${i + 1}`,
      role: "voter" as const,
      peer: address(4 * i),
      client: address(4 * i + 1),
      etcd: address(4 * i + 2),
      metrics: address(4 * i + 3),
    }));
    const cluster = new EtcdCluster(protocol, members);
    await Promise.all(members.map(({ id }) => cluster.startNode(id)));
    return cluster;
  }

  async startNode(id: string): Promise<void> {
    const file = join(this.#dir, `${id}.json`);
    const { members } = this;
    const dir = join(this.#dir, id);
    const config = { cluster: "api", protocol: this.#protocol, id, members, dir, storage: SMALL_SEGMENTS };
    writeFileSync(file, JSON.stringify(config));
    const started = await startProcess(file);
    if (started.process.exitCode !== null) throw new Error(`node ${id} ended: ${started.log()}`);
    this.#nodes.set(id, started);
  }

  async killNode(id: string): Promise<void> {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id} runs`);
    this.#nodes.delete(id);
    node.process.kill("SIGKILL");
    await node.exited;
  }

  client(id: string): GrpcClient {
    const client = this.clients.get(id);
    if (client === undefined) throw new Error(`no member ${id}`);
    return client;
  }

  /** The id of the node that all others take for the leader, once they do. */
  async leader(): Promise<string> {
    const until = Date.now() + 30_000;
    for (;;) {
      for (const id of this.#nodes.keys()) {
        const text = await this.http(id, "/metrics").then(({ body }) => body);
        if (/^etcd_server_is_leader 1$/mu.test(text)) return id;
      }
      if (Date.now() > until) throw new Error("there is no leader");
    }
  }

  async http(id: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
    const member = this.members.find((one) => one.id === id);
    const response = await fetch(`http://${member?.metrics ?? ""}${path}`);
    return { status: response.status, body: await response.text() };
  }

  /** Runs etcdctl against all nodes. */
  async etcdctl(args: readonly string[], input = ""): Promise<Said> {
    const endpoints = this.members.map(({ etcd }) => etcd).join(",");
    return new Promise((resolve) => {
      const child = execFile(
        "etcdctl",
        [`--endpoints=${endpoints}`, "--command-timeout=20s", "--dial-timeout=10s", ...args],
        { env: { ...process.env, ETCDCTL_API: "3" }, timeout: 30_000 },
        (error, out, said) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, error: said }),
      );
      child.stdin?.on("error", () => undefined); // It did not read to the end.
      child.stdin?.end(input);
    });
  }

  async close(): Promise<void> {
    for (const client of this.clients.values()) client.close();
    await Promise.all([...this.#nodes.keys()].map((id) => this.killNode(id)));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
