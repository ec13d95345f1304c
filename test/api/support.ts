/** What the tests of etcd's interface share: a client made from our own .proto files, a backend in memory, a real etcd. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  Client,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { Backend } from "../../harness/api/backend.js";
import { type EtcdServer, serveEtcd } from "../../harness/api/server.js";
import { EtcdService } from "../../harness/api/service.js";
import { Machine } from "../../harness/host/machine.js";
import type { Log, ServedMember } from "../../harness/transport/index.js";
import { freePorts } from "../real/support.js";

export const QUIET: Log = { info: () => undefined, warn: () => undefined };

export const INSTALL_ETCDCTL = "etcdctl is needed: apt-get install etcd-client (macOS: brew install etcd)";

/** Whether a program can be started. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ["--help"], { stdio: "ignore" }).error === undefined;
}

export type Reply = { readonly ok: unknown } | { readonly code: number; readonly details: string };

/** Calls any method of any service of rpc.proto with plain objects. */
export class GrpcClient {
  readonly #clients = new Map<string, Client>();
  readonly #services: { readonly [service: string]: ServiceClientConstructor };
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
    const folder = fileURLToPath(new URL("../../harness/api/proto", import.meta.url));
    const options = {
      includeDirs: [folder],
      keepCase: true,
      longs: Number,
      defaults: true,
      arrays: true,
      oneofs: true,
    };
    this.#services = loadPackageDefinition(loadSync("rpc.proto", options))["etcdserverpb"] as never;
  }

  async call(service: string, method: string, message: object): Promise<Reply> {
    let client = this.#clients.get(service);
    if (client === undefined) {
      client = new (this.#services[service] as ServiceClientConstructor)(this.#address, credentials.createInsecure());
      this.#clients.set(service, client);
    }
    const definition = (this.#services[service] as ServiceClientConstructor).service[method];
    if (definition === undefined) throw new Error(`no method ${service}.${method}`);
    const { path, requestSerialize, responseDeserialize } = definition;
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, value: unknown): void =>
        resolve(error === null ? { ok: value } : { code: error.code, details: error.details });
      if (definition.responseStream) {
        const both = definition.requestStream
          ? client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
          : null;
        const call = both ?? client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message);
        call.on("data", () => undefined);
        call.on("error", (error: ServiceError) => done(error, undefined));
        both?.write(message);
        return;
      }
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, done);
    });
  }

  /** The answer; throws if the call failed. */
  async ok(service: string, method: string, message: object): Promise<unknown> {
    const reply = await this.call(service, method, message);
    if ("ok" in reply) return reply.ok;
    throw new Error(`${service}.${method}: ${reply.code} ${reply.details}`);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

const SELF: ServedMember = {
  id: "n1",
  ordinal: 1,
  role: "voter",
  peer: "127.0.0.1:1",
  client: "127.0.0.1:2",
  etcd: "127.0.0.1:3",
  metrics: null,
};

/** One machine without a cluster. */
export function memoryBackend(machine: Machine): Backend {
  const bytesOf = (result: ReturnType<Machine["read"]>): Uint8Array => {
    if (result.type !== "bytes") throw new Error("bytes expected");
    return result.bytes;
  };
  return {
    cluster: "test",
    protocol: "none",
    self: SELF,
    members: [SELF],
    write: async (request) => bytesOf(machine.write({ f: "txn", request })),
    read: async (request) => bytesOf(machine.read({ f: "query", request })),
    round: 1,
    status: () => ({
      revision: machine.store.revision,
      round: 1,
      leader: 1,
      lastIndex: 0,
      appliedIndex: 0,
      storeBytes: machine.store.figures().bytes,
    }),
  };
}

export interface Served {
  readonly machine: Machine;
  readonly server: EtcdServer;
  readonly client: GrpcClient;
  close(): Promise<void>;
}

export async function serveMachine(historyMax: number): Promise<Served> {
  const machine = new Machine(historyMax);
  const server = await serveEtcd(new EtcdService(memoryBackend(machine)), "127.0.0.1:0", QUIET, () => undefined);
  const client = new GrpcClient(server.address);
  return {
    machine,
    server,
    client,
    close: async () => {
      client.close();
      await server.close();
    },
  };
}

/** A real etcd of one member on the loopback, with its data in a temporary folder. */
export class RealEtcd {
  readonly client: GrpcClient;
  readonly #process: ChildProcess;
  readonly #dir: string;

  private constructor(address: string, process: ChildProcess, dir: string) {
    this.client = new GrpcClient(address);
    this.#process = process;
    this.#dir = dir;
  }

  static async start(): Promise<RealEtcd> {
    const [clientPort, peerPort] = await freePorts(2);
    const dir = mkdtempSync(join(tmpdir(), "synod-etcd-"));
    const client = `http://127.0.0.1:${clientPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    const args = [
      "--name=only",
      `--data-dir=${dir}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
    ];
    const peers = [
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=only=${peer}`,
    ];
    const process = spawn("etcd", [...args, ...peers, "--logger=zap", "--log-level=error"], { stdio: "ignore" });
    const etcd = new RealEtcd(`127.0.0.1:${clientPort}`, process, dir);
    for (let tries = 0; tries < 200; tries += 1) {
      const reply = await etcd.client.call("KV", "Range", { key: Buffer.from("probe") });
      if ("ok" in reply) return etcd;
      await pause(100);
    }
    await etcd.close();
    throw new Error("etcd does not answer");
  }

  async close(): Promise<void> {
    this.client.close();
    const ended = new Promise((resolve) => {
      this.#process.once("exit", resolve);
    });
    this.#process.kill("SIGKILL");
    await ended;
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
