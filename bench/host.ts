/**
 * What a write costs in JavaScript alone: three hosts with machine and sessions in one process, messages through their codec,
 * writes durable at once, and no socket, file or clock. The rest of a real node's cost is the kernel's.
 */
import { Bench } from "tinybench";
import { createHost, type Host, type HostEffect, type HostInput } from "../harness/host/index.js";
import { FrameWriter, writeWrite } from "../harness/transport/index.js";
import {
  type AnyModule,
  anyModule,
  type AnyProtocol,
  type Configuration,
  type NodeId,
  nodeId,
} from "../protocols/core/index.js";
import { multipaxos } from "../protocols/multipaxos/index.js";
import { raft } from "../protocols/raft/index.js";
import { zab } from "../protocols/zab/index.js";

const IDS: readonly NodeId[] = ["n1", "n2", "n3"].map(nodeId);
const BATCHES: readonly number[] = [1, 128];
const VALUE = "v".repeat(256);
const FRAME_HEADER_BYTES = 5;
const TIMEOUTS_MAX = 200;

interface Work {
  readonly to: number;
  readonly input: HostInput<AnyProtocol>;
}

/** Hosts whose only clock is the order of their queue. */
class Hosts {
  answered = 0;
  readonly #module: AnyModule;
  readonly #hosts: Host<AnyProtocol>[];
  readonly #queue: Work[] = [];
  readonly #timers: Map<string, number>[] = IDS.map(() => new Map());
  readonly #turns = new Set<number>();

  constructor(module: AnyModule) {
    this.#module = module;
    const bootstrap: Configuration = {
      members: IDS.map((id, i) => ({ id, ordinal: i + 1, role: "voter" })),
      quorums: null,
    };
    const options = module.defaultOptions("matched");
    const images = new Map<string, Uint8Array>();
    this.#hosts = IDS.map((id) =>
      createHost<AnyProtocol>({
        module,
        replica: { id, incarnation: 1, bootstrap, options, tracing: false },
        recovered: { hard: null, snapshot: null, entries: [] },
        loadSnapshot: (name) => images.get(name) ?? new Uint8Array(),
        sessionsMax: 100_000,
        batchBytesMax: 2 ** 20,
      }),
    );
    for (let node = 0; node < IDS.length; node += 1) this.#queue.push({ to: node, input: { type: "start" } });
    this.drain();
    for (let i = 0; this.leader() === -1; i += 1) {
      if (i > TIMEOUTS_MAX) throw new Error(`${module.name}: no leader after ${TIMEOUTS_MAX} timeouts`);
      this.#fire();
    }
  }

  leader(): number {
    return this.#hosts.findIndex((host) => host.status().role === "leader");
  }

  write(node: number, bytes: Uint8Array, from: number, to: number): void {
    this.#take(node, (this.#hosts[node] as Host<AnyProtocol>).rawWrite(0, bytes, from, to, 0));
  }

  drain(): void {
    do {
      for (const node of this.#turns) this.#queue.push({ to: node, input: { type: "turnEnd" } });
      this.#turns.clear();
      for (let at = 0; at < this.#queue.length; at += 1) {
        const { to, input } = this.#queue[at] as Work;
        this.#take(to, (this.#hosts[to] as Host<AnyProtocol>).step(input, 0));
      }
      this.#queue.length = 0;
    } while (this.#turns.size > 0);
  }

  #take(node: number, effects: readonly HostEffect<AnyProtocol>[]): void {
    for (const effect of effects) {
      if (effect.type === "send") this.#carry(node, effect.to, effect.message);
      else if (effect.type === "persist") this.#queue.push({ to: node, input: { type: "durable", upTo: effect.seq } });
      else if (effect.type === "reply") {
        if (effect.reply.status !== "ok") throw new Error(`${this.#module.name}: a write was not done`);
        this.answered += 1;
      } else if (effect.type === "needTurnEnd") this.#turns.add(node);
      else if (effect.type === "setTimer") this.#timers[node]?.set(effect.timer, effect.maxMs + node);
      else if (effect.type === "cancelTimer") this.#timers[node]?.delete(effect.timer);
      else if (effect.type === "saveSnapshot")
        this.#queue.push({ to: node, input: { type: "snapshotSaved", id: effect.id } });
    }
  }

  /** As over a wire: encoded here, decoded there. */
  #carry(from: number, to: NodeId, message: AnyProtocol["Message"]): void {
    const { codec } = this.#module;
    const bytes = new Uint8Array(codec.totalBytes(message));
    let at = codec.headerBytes(message);
    for (const payload of codec.encode(message, bytes, 0)) {
      bytes.set(payload, at);
      at += payload.length;
    }
    const input = { type: "message", from: IDS[from] as NodeId, message: codec.decode(bytes) } as const;
    this.#queue.push({ to: IDS.indexOf(to), input });
  }

  #fire(): void {
    const armed = this.#timers.flatMap((timers, node) => [...timers].map(([timer, ms]) => ({ node, timer, ms })));
    const [first] = armed.sort((a, b) => a.ms - b.ms);
    if (first === undefined) throw new Error(`${this.#module.name}: no timer is armed`);
    // Time passes for the others, so that every timer has its turn.
    for (const timers of this.#timers) for (const [name, ms] of timers) timers.set(name, ms - first.ms);
    this.#timers[first.node]?.delete(first.timer);
    this.#queue.push({ to: first.node, input: { type: "timeout", timer: first.timer } });
    this.drain();
  }
}

/** Writes of one client each, as a turn of the loop brings them. */
function turnOf(hosts: Hosts, count: number): () => void {
  const leader = hosts.leader();
  const seqs = new Array<number>(count).fill(0);
  const writer = new FrameWriter();
  return () => {
    for (let client = 0; client < count; client += 1) {
      seqs[client] = (seqs[client] as number) + 1;
      const key = `bench${String(client).padStart(7, "0")}`;
      writeWrite(writer, 1000 * count + client, seqs[client] as number, { f: "put", key, value: VALUE });
    }
    const bytes = Buffer.concat(writer.take());
    writer.release();
    for (let at = 0; at < bytes.length; ) {
      const end = at + 4 + bytes.readUInt32BE(at);
      hosts.write(leader, bytes, at + FRAME_HEADER_BYTES, end);
      at = end;
    }
    hosts.drain();
  };
}

/** Prints microseconds of one process for each write, all three replicas together. */
export async function benchHosts(): Promise<void> {
  const rows: object[] = [];
  for (const module of [anyModule(raft), anyModule(multipaxos), anyModule(zab)]) {
    for (const count of BATCHES) {
      const hosts = new Hosts(module);
      const bench = new Bench({ time: 1500, warmupTime: 500 });
      bench.add(module.name, turnOf(hosts, count));
      await bench.run();
      const result = bench.tasks[0]?.result;
      if (result === undefined || !("latency" in result)) throw new Error(`${module.name}: no result`);
      if (hosts.answered === 0) throw new Error(`${module.name}: no write was answered`);
      const us = (ms: number): string => ((ms * 1000) / count).toFixed(2);
      const { p50, p99 } = result.latency;
      rows.push({ protocol: module.name, "writes a turn": count, "p50 us": us(p50), "p99 us": us(p99) });
    }
  }
  console.table(rows);
}
