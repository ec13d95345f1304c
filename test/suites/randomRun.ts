/**
 * A cluster of bare replicas under random events: reordered, lost and doubled messages, partial syncs, crashes, restarts,
 * proposals, reads and snapshots. It knows the contract and nothing of the protocol.
 */
import { ScriptDisk, type Write } from "../../harness/drivers/script/disk.js";
import { Random } from "../../harness/drivers/sim/random.js";
import {
  type AnyModule,
  type AnyProtocol,
  type Configuration,
  type Effect,
  type Input,
  type Member,
  type NodeId,
  nodeId,
  type ReadLevel,
  type Snapshot,
} from "../../protocols/core/index.js";

export type AnyInput = Input<AnyProtocol>;
export type AnyEffect = Effect<AnyProtocol>;

export interface RunNode {
  readonly member: Member;
  readonly disk: ScriptDisk;
  /** null: down. */
  state: object | null;
  incarnation: number;
  durable: number;
  lastRequest: number;
  held: { readonly after: number; readonly travelling: Travelling }[];
  readonly timers: Map<string, number>;
}

interface Travelling {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: AnyProtocol["Message"];
  readonly transfer: { readonly snapshot: Snapshot; readonly incarnation: number } | null;
}

/** Called around every step. `before` may step a clone; it must leave the replica alone. */
export interface Observer {
  boot?(node: RunNode, run: RandomRun): void;
  before?(node: RunNode, input: AnyInput, nowMs: number): void;
  after?(node: RunNode, input: AnyInput, effects: readonly AnyEffect[], run: RandomRun): void;
}

export interface RunOptions {
  readonly module: AnyModule;
  readonly options: object;
  readonly seed: number;
  readonly voters: number;
  readonly learners: number;
  readonly tracing: boolean;
  readonly observer: Observer;
}

export class RandomRun {
  readonly nodes: readonly RunNode[];
  nowMs = 0;
  private readonly config: RunOptions;
  private readonly bootstrap: Configuration;
  private readonly random: Random;
  private flight: Travelling[] = [];
  private snapshots = 0;

  constructor(config: RunOptions) {
    this.config = config;
    this.random = new Random(config.seed, "suite");
    const members = Array.from({ length: config.voters + config.learners }, (_, at): Member => {
      return { id: nodeId(`n${at + 1}`), ordinal: at + 1, role: at < config.voters ? "voter" : "learner" };
    });
    this.bootstrap = { members, quorums: null };
    this.nodes = members.map((member) => ({
      member,
      disk: new ScriptDisk(),
      state: null,
      incarnation: 0,
      durable: 0,
      lastRequest: 0,
      held: [],
      timers: new Map(),
    }));
    for (const node of this.nodes) this.boot(node);
  }

  /** @param events Random events; one of them can be several steps (a restart, a crash). */
  run(events: number): void {
    for (let i = 0; i < events; i += 1) this.event();
  }

  running(): readonly RunNode[] {
    return this.nodes.filter((node) => node.state !== null);
  }

  private event(): void {
    this.nowMs += this.random.u32() % 3;
    const draw = this.random.u32() % 1000;
    if (draw < 3) this.crash();
    else if (draw < 25) this.restart();
    else if (draw < 45) this.dropOne();
    else if (draw < 65) this.duplicateOne();
    else if (draw < 165) this.propose();
    else if (draw < 205) this.read();
    else if (draw < 460) this.syncOne();
    else if (draw < 960 && this.flight.length > 0) this.deliverOne();
    else this.fireNext();
  }

  private boot(node: RunNode): void {
    node.incarnation += 1;
    const { module, options, tracing } = this.config;
    const { id } = node.member;
    const replica = { id, incarnation: node.incarnation, bootstrap: this.bootstrap, options, tracing };
    node.state = module.create(replica, node.disk.recovered());
    this.config.observer.boot?.(node, this);
    this.step(node, { type: "start" });
  }

  private crash(): void {
    const node = this.pick(this.running());
    if (node === null) return;
    node.disk.crash(this.random.u32() % (node.disk.pending().length + 1));
    node.state = null;
    node.durable = 0;
    node.lastRequest = 0;
    node.held = [];
    node.timers.clear();
  }

  private restart(): void {
    const node = this.pick(this.nodes.filter((candidate) => candidate.state === null));
    if (node !== null) this.boot(node);
  }

  private propose(): void {
    const node = this.leaderOrAny();
    if (node === null) return;
    node.lastRequest += 1;
    const command = Uint8Array.from({ length: this.random.u32() % 24 }, () => this.random.u32() & 0xff);
    this.step(node, { type: "propose", request: node.lastRequest, command });
  }

  private read(): void {
    const node = this.leaderOrAny();
    if (node === null) return;
    node.lastRequest += 1;
    const levels: readonly ReadLevel[] = ["linearizable", "sync", "local"];
    const level = levels[this.random.u32() % 3] as ReadLevel;
    this.step(node, { type: "read", request: node.lastRequest, level });
  }

  private syncOne(): void {
    const node = this.pick(this.running().filter((candidate) => candidate.disk.pending().length > 0));
    if (node === null) return;
    const upTo = node.disk.sync(1 + (this.random.u32() % node.disk.pending().length));
    node.durable = upTo;
    const free = node.held.filter((held) => held.after <= upTo);
    node.held = node.held.filter((held) => held.after > upTo);
    for (const { travelling } of free) this.flight.push(travelling);
    this.step(node, { type: "durable", upTo });
  }

  private deliverOne(): void {
    // Mostly in order, so that the cluster gets on; often enough not.
    const travelling = this.takeFlight(this.random.u32() % 10 < 7 ? 0 : this.random.u32() % this.flight.length);
    const node = this.nodes.find((candidate) => candidate.member.id === travelling.to);
    if (node === undefined || node.state === null) {
      this.transferEnded(travelling, false);
      return;
    }
    const { from, message, transfer } = travelling;
    if (transfer === null) {
      this.step(node, { type: "message", from, message });
      return;
    }
    this.snapshots += 1;
    const snapshot = { ...transfer.snapshot, id: `received.${this.snapshots}` };
    node.disk.saveImage(snapshot.id, new Uint8Array(0));
    this.step(node, { type: "snapshotReceived", from, message, snapshot });
    this.transferEnded(travelling, true);
  }

  private dropOne(): void {
    if (this.flight.length === 0) return;
    this.transferEnded(this.takeFlight(this.random.u32() % this.flight.length), false);
  }

  private duplicateOne(): void {
    const travelling = this.flight[this.random.u32() % Math.max(1, this.flight.length)];
    if (travelling !== undefined) this.flight.push(travelling);
  }

  /** The timer that is due first, in the whole cluster. */
  private fireNext(): void {
    let first: { readonly node: RunNode; readonly timer: string; readonly dueMs: number } | null = null;
    for (const node of this.running()) {
      for (const [timer, dueMs] of node.timers) {
        if (first === null || dueMs < first.dueMs) first = { node, timer, dueMs };
      }
    }
    if (first === null) return;
    this.nowMs = Math.max(this.nowMs, first.dueMs);
    first.node.timers.delete(first.timer);
    this.step(first.node, { type: "timeout", timer: first.timer });
  }

  private step(node: RunNode, input: AnyInput): void {
    const { module, observer } = this.config;
    if (node.state === null) return;
    observer.before?.(node, input, this.nowMs);
    const effects = [...module.step(node.state, input, this.nowMs)];
    observer.after?.(node, input, effects, this);
    const snapshotsDue: number[] = [];
    for (const effect of effects) this.perform(node, effect, snapshotsDue);
    for (const index of snapshotsDue) this.takeSnapshot(node, index);
  }

  private perform(node: RunNode, effect: AnyEffect, snapshotsDue: number[]): void {
    const from = node.member.id;
    switch (effect.type) {
      case "persist":
        node.disk.write(effect satisfies Write);
        break;
      case "send":
        this.send(node, { from, to: effect.to, message: effect.message, transfer: null }, effect.after);
        break;
      case "sendSnapshot": {
        const transfer = { snapshot: effect.snapshot, incarnation: node.incarnation };
        this.send(node, { from, to: effect.to, message: effect.message, transfer }, effect.after);
        break;
      }
      case "setTimer": {
        const spread = effect.maxMs - effect.minMs;
        node.timers.set(effect.timer, this.nowMs + effect.minMs + (this.random.u32() % 1001) * 0.001 * spread);
        break;
      }
      case "cancelTimer":
        node.timers.delete(effect.timer);
        break;
      case "takeSnapshot":
        snapshotsDue.push(effect.index);
        break;
      case "accepted":
      case "action":
      case "apply":
      case "installSnapshot":
      case "reject":
      case "serve":
        break; // Outcomes and applied entries are the observer's.
    }
  }

  private takeSnapshot(node: RunNode, index: number): void {
    this.snapshots += 1;
    const id = `taken.${this.snapshots}`;
    node.disk.saveImage(id, new Uint8Array(0));
    this.step(node, { type: "snapshotTaken", index, id, bytes: 0 });
  }

  private send(node: RunNode, travelling: Travelling, after: number): void {
    if (after <= node.durable) this.flight.push(travelling);
    else node.held.push({ after, travelling });
  }

  private transferEnded(travelling: Travelling, ok: boolean): void {
    const { transfer, from, to } = travelling;
    if (transfer === null) return;
    const sender = this.nodes.find((node) => node.member.id === from);
    if (sender === undefined || sender.state === null || sender.incarnation !== transfer.incarnation) return;
    this.step(sender, { type: "snapshotSent", to, id: transfer.snapshot.id, ok });
  }

  private takeFlight(at: number): Travelling {
    const [travelling] = this.flight.splice(at, 1);
    if (travelling === undefined) throw new RangeError(`no message ${at} on its way`);
    return travelling;
  }

  private leaderOrAny(): RunNode | null {
    const { module } = this.config;
    const running = this.running();
    const leaders = running.filter((node) => node.state !== null && module.status(node.state).role === "leader");
    return this.pick(leaders.length > 0 && this.random.u32() % 10 < 8 ? leaders : running);
  }

  private pick(nodes: readonly RunNode[]): RunNode | null {
    return nodes[this.random.u32() % Math.max(1, nodes.length)] ?? null;
  }
}
