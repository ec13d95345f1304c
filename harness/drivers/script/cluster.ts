/** A cluster under a script: hosts, disks, held and travelling messages, timers. Nothing happens unless it is called. */
import {
  type AnyModule,
  type AnyProtocol,
  assert,
  type Entry,
  type Member,
  type NodeId,
  type ReadLevel,
  type RequestId,
  type Snapshot,
  type WriteSeq,
} from "../../../protocols/core/index.js";
import {
  createHost,
  type Host,
  type HostEffect,
  type HostInput,
  type Operation,
  type Reply,
} from "../../host/index.js";
import type { ClusterOptions } from "./clusterOptions.js";
import { ScriptDisk } from "./disk.js";
import {
  actionText,
  entryOperations,
  entryText,
  operationText,
  replyText,
  replyWord,
  type Shown,
  writeText,
} from "./print.js";
import { ScriptError } from "./scriptError.js";

type Message = AnyProtocol["Message"];

export interface Travelling {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: Message;
  /** Bytes beside the message, for `sendSnapshot`; null: a plain message. */
  readonly image: { readonly snapshot: Snapshot; readonly bytes: Uint8Array; readonly incarnation: number } | null;
}

interface Timer {
  readonly maxMs: number;
  readonly armedAtMs: number;
}

export interface ScriptNode {
  readonly member: Member;
  readonly disk: ScriptDisk;
  /** null: down. */
  host: Host<AnyProtocol> | null;
  incarnation: number;
  /** The last write that is durable in this incarnation. */
  durable: WriteSeq;
  held: { readonly after: WriteSeq; readonly travelling: Travelling }[];
  timers: Map<string, Timer>;
  saving: { readonly id: string; readonly index: number; readonly bytes: Uint8Array }[];
}

export class ScriptCluster {
  readonly module: AnyModule;
  readonly nodes: readonly ScriptNode[];
  /** Messages on their way, in the order in which they were sent. */
  flight: Travelling[] = [];
  /** Virtual time; only timers that fire and `wait` move it. */
  nowMs = 0;
  /** Complete every write as soon as it is asked for. */
  autosync = false;
  private readonly options: ClusterOptions;
  private readonly show: (shown: Shown) => void;
  private readonly cuts = new Set<string>();
  private readonly labels = new Map<RequestId, string>();
  private lastToken: RequestId = 0;
  private received = 0;
  /** Snapshot transfers that a cut link ended within the current step; told after it. */
  private broken: Travelling[] = [];

  constructor(options: ClusterOptions, show: (shown: Shown) => void) {
    this.options = options;
    this.module = options.module;
    this.show = show;
    this.nodes = options.bootstrap.members.map((member) => ({
      member,
      disk: new ScriptDisk(),
      host: null,
      incarnation: 0,
      durable: 0,
      held: [],
      timers: new Map(),
      saving: [],
    }));
  }

  node(name: string): ScriptNode {
    const found = this.nodes.find((node) => node.member.id === name);
    if (found === undefined) throw new ScriptError(`there is no node "${name}" in this cluster`);
    return found;
  }

  running(): readonly ScriptNode[] {
    return this.nodes.filter((node) => node.host !== null);
  }

  boot(node: ScriptNode): void {
    if (node.host !== null) throw new ScriptError(`${node.member.id} is running already`);
    node.incarnation += 1;
    node.host = createHost<AnyProtocol>({
      module: this.module,
      replica: {
        id: node.member.id,
        incarnation: node.incarnation,
        bootstrap: this.options.bootstrap,
        options: this.options.options,
        tracing: true,
      },
      recovered: node.disk.recovered(),
      loadSnapshot: (id) => node.disk.loadImage(id),
      sessionsMax: this.options.sessionsMax,
      batchBytesMax: this.options.batchBytesMax,
    });
    const verb = node.incarnation === 1 ? "starts" : `restarts, incarnation ${node.incarnation}`;
    this.step(node, `${node.member.id} ${verb}`, { type: "start" });
  }

  /** @param kept How many of the oldest unsynced writes reached the disk. */
  crash(node: ScriptNode, kept: number): void {
    if (node.host === null) throw new ScriptError(`${node.member.id} is down already`);
    const lost = node.disk.crash(kept);
    const id = node.member.id;
    const text = `${id} lost ${lost} unsynced write(s), ${node.held.length} held message(s)`;
    node.host = null;
    node.durable = 0;
    node.held = [];
    node.timers = new Map();
    node.saving = [];
    this.show({ node: id, text, quiet: { text: `${id} crashed`, kind: "note", order: 0 } });
  }

  /** One client attempt. Returns after the core has seen it; `turnEnd` packs the writes of the turn. */
  request(node: ScriptNode, operation: Operation, level: ReadLevel, client: number, seq: number, label: string): void {
    this.lastToken += 1;
    this.labels.set(this.lastToken, label);
    const request = { token: this.lastToken, client, seq, operation, level };
    this.step(node, `${node.member.id} hears ${operationText(operation)}`, { type: "request", request });
  }

  turnEnd(node: ScriptNode): void {
    this.step(node, null, { type: "turnEnd" });
  }

  /** Completes the `count` oldest writes: what they held back leaves, then the replica is told. */
  sync(node: ScriptNode, count: number): void {
    const upTo = node.disk.sync(count);
    if (upTo === 0) return;
    const id = node.member.id;
    this.note(id, `${id} durable #${upTo}`);
    node.durable = upTo;
    const free = node.held.filter((held) => held.after <= upTo);
    node.held = node.held.filter((held) => held.after > upTo);
    for (const { travelling } of free) this.transmit(travelling);
    this.step(node, null, { type: "durable", upTo });
  }

  /** The oldest snapshot that the host asked to be saved is durable now. */
  saveSnapshot(node: ScriptNode): void {
    const saved = node.saving.shift();
    if (saved === undefined) return;
    node.disk.saveImage(saved.id, saved.bytes);
    this.step(node, `${node.member.id} saved the snapshot to ${saved.index}`, { type: "snapshotSaved", id: saved.id });
  }

  /** Takes a message off the network and hands it to its receiver. */
  deliver(travelling: Travelling): void {
    this.take(travelling);
    const { from, to, message, image } = travelling;
    const heading = this.messageText(travelling);
    const node = this.node(to);
    if (node.host === null) {
      this.note(to, `${heading} (lost: ${to} is down)`);
      this.transferEnded(travelling, false);
      return;
    }
    if (image === null) {
      this.step(node, heading, { type: "message", from, message });
      return;
    }
    this.received += 1;
    const snapshot = { ...image.snapshot, id: `received.${this.received}` };
    node.disk.saveImage(snapshot.id, image.bytes);
    this.step(node, heading, { type: "snapshotReceived", from, message, snapshot });
    this.transferEnded(travelling, true);
  }

  drop(travelling: Travelling): void {
    this.take(travelling);
    this.note(travelling.to, `${this.messageText(travelling)} (dropped)`);
    this.transferEnded(travelling, false);
  }

  duplicate(travelling: Travelling): void {
    this.flight.push(travelling);
    this.note(travelling.to, `${this.messageText(travelling)} (again)`);
  }

  /** Fires a timer; time moves on to where it is due at the latest. */
  timeout(node: ScriptNode, name: string): void {
    const timer = node.timers.get(name);
    if (timer === undefined) {
      const armed = [...node.timers.keys()].sort((a, b) => (a < b ? -1 : 1)).join(", ");
      throw new ScriptError(`${node.member.id} has no timer "${name}" running (it has: ${armed || "none"})`);
    }
    node.timers.delete(name);
    this.nowMs = Math.max(this.nowMs, dueAtMs(timer));
    this.step(node, `${node.member.id} timeout ${name}`, { type: "timeout", timer: name });
  }

  /** Names of the running timers, the one due first in front. */
  timersOf(node: ScriptNode): readonly { readonly name: string; readonly dueAtMs: number }[] {
    return [...node.timers]
      .map(([name, timer]) => ({ name, dueAtMs: dueAtMs(timer) }))
      .sort((a, b) => a.dueAtMs - b.dueAtMs || (a.name < b.name ? -1 : 1));
  }

  /** Whatever is sent from `from` to `to` from now on is lost. */
  cut(from: NodeId, to: NodeId): void {
    this.cuts.add(`${from} ${to}`);
  }

  connected(a: ScriptNode, b: ScriptNode): boolean {
    return !this.cuts.has(`${a.member.id} ${b.member.id}`) && !this.cuts.has(`${b.member.id} ${a.member.id}`);
  }

  heal(): void {
    this.cuts.clear();
  }

  messageText(travelling: Travelling): string {
    const { from, to, message, image } = travelling;
    const beside = image === null ? "" : ` with the snapshot to ${image.snapshot.index}`;
    return `${from}->${to} ${this.module.describe(message)}${beside}`;
  }

  private take(travelling: Travelling): void {
    const at = this.flight.indexOf(travelling);
    assert(at >= 0, "only a message on its way can be taken off the network");
    this.flight.splice(at, 1);
  }

  private transferEnded(travelling: Travelling, ok: boolean): void {
    const { from, to, image } = travelling;
    if (image === null) return;
    const sender = this.node(from);
    // The sender has restarted: it knows nothing of this transfer any more.
    if (sender.host === null || sender.incarnation !== image.incarnation) return;
    const heading = `${from} hears that the transfer to ${to} ${ok ? "arrived" : "failed"}`;
    this.step(sender, heading, { type: "snapshotSent", to, id: image.snapshot.id, ok });
  }

  private step(node: ScriptNode, heading: string | null, input: HostInput<AnyProtocol>): void {
    const { host } = node;
    if (host === null) throw new ScriptError(`${node.member.id} is down`);
    if (heading !== null) this.note(node.member.id, heading);
    for (const effect of host.step(input, this.nowMs)) this.onEffect(node, effect);
    this.checkInvariants(node);
    for (const travelling of this.broken.splice(0)) this.transferEnded(travelling, false);
    if (this.autosync) this.sync(node, node.disk.pending().length);
  }

  private onEffect(node: ScriptNode, effect: HostEffect<AnyProtocol>): void {
    const id = node.member.id;
    switch (effect.type) {
      case "persist":
        this.note(id, `  persist ${writeText(effect)}`);
        node.disk.write(effect);
        break;
      case "send":
        this.send(node, { from: id, to: effect.to, message: effect.message, image: null }, effect.after);
        break;
      case "sendSnapshot": {
        const { snapshot, to, message } = effect;
        const image = { snapshot, bytes: node.disk.loadImage(snapshot.id), incarnation: node.incarnation };
        this.send(node, { from: id, to, message, image }, effect.after);
        break;
      }
      case "setTimer":
        node.timers.set(effect.timer, { maxMs: effect.maxMs, armedAtMs: this.nowMs });
        break;
      case "cancelTimer":
        node.timers.delete(effect.timer);
        break;
      case "apply":
        this.onApply(id, effect.entry);
        break;
      case "installSnapshot":
        this.note(id, `  install the snapshot to ${effect.snapshot.index}`);
        break;
      case "action":
        this.show({ node: id, text: `  * ${actionText(effect.name, effect.args)}`, quiet: null, trace: true });
        break;
      case "reply":
        this.onReply(id, effect.token, effect.reply);
        break;
      case "saveSnapshot":
        this.note(id, `  save a snapshot to ${effect.index}`);
        node.saving.push(effect);
        break;
      case "needTurnEnd":
        break; // Every request verb ends its turn.
      case "needIdle":
        throw new Error("a scripted host puts nothing off");
    }
  }

  private onApply(id: NodeId, entry: Entry): void {
    const operations = entryOperations(entry).join("; ");
    const quiet = operations === "" ? null : { text: `${id} applied ${operations}`, kind: "apply" as const, order: 0 };
    this.show({ node: id, text: `  apply ${entryText(entry)}`, quiet });
  }

  private onReply(id: NodeId, token: RequestId, reply: Reply): void {
    const label = this.labels.get(token) ?? `request ${token}`;
    const quiet = { text: `${label}: ${replyWord(reply)}`, kind: "reply" as const, order: token };
    this.show({ node: id, text: `  reply ${label}: ${replyText(reply)}`, quiet });
  }

  private send(node: ScriptNode, travelling: Travelling, after: WriteSeq): void {
    if (after <= node.durable) {
      this.transmit(travelling);
      return;
    }
    this.note(node.member.id, `  hold #${after} ${this.messageText(travelling)}`);
    node.held.push({ after, travelling });
  }

  private transmit(travelling: Travelling): void {
    const { from, to } = travelling;
    const lost = this.cuts.has(`${from} ${to}`);
    this.note(from, `  ${lost ? "lose" : "send"} ${this.messageText(travelling)}`);
    if (lost) this.broken.push(travelling);
    else this.flight.push(travelling);
  }

  private checkInvariants(node: ScriptNode): void {
    const changed = node.host?.state;
    if (changed === undefined) return;
    const all = this.running().map((other) => other.host?.state as object);
    for (const invariant of this.module.invariants) {
      const broken = invariant.check(changed, all);
      if (broken === null) continue;
      const text = `  BROKEN ${invariant.name}: ${broken}`;
      this.show({ node: node.member.id, text, quiet: { text, kind: "note", order: 0 } });
    }
  }

  private note(node: NodeId, text: string): void {
    this.show({ node, text, quiet: null });
  }
}

function dueAtMs(timer: Timer): number {
  return timer.armedAtMs + timer.maxMs;
}
