/**
 * One replica with its disk as the spec's models see it, interned: a number for each distinct state, and a memo of what
 * each choice of the environment does to it. Exploring is then arithmetic on numbers.
 */
import {
  assert,
  type Configuration,
  type Effect,
  type Entry,
  type Input,
  nodeId,
  type NodeId,
  type ProtocolModule,
} from "../../../protocols/core/index.js";
import {
  type MultiPaxos,
  type MultiPaxosHard,
  type MultiPaxosMessage,
  type MultiPaxosOptions,
  type MultiPaxosState,
  specEntry,
  specMessage,
} from "../../../protocols/multipaxos/index.js";
import { canonical, sortedTexts } from "./canonical.js";

export type MultiPaxosModule = ProtocolModule<MultiPaxos>;

/** A message on its way, known by its number. */
export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly message: MultiPaxosMessage;
  /** In the spec's words, with sender and receiver. */
  readonly text: string;
}

interface Durable {
  readonly hard: MultiPaxosHard | null;
  readonly snapshot: number;
  readonly entries: readonly Entry[];
}

interface Write {
  readonly seq: number;
  readonly hard: MultiPaxosHard;
  readonly snapshot: number;
  readonly entries: readonly Entry[];
  /** Numbers of the packets held behind it, sorted; one may be there more than once. */
  readonly held: readonly number[];
}

export interface Replica {
  readonly id: string;
  readonly state: MultiPaxosState;
  readonly durable: Durable;
  readonly pending: readonly Write[];
  readonly durableSeq: number;
  /** In the spec's words. */
  readonly text: string;
  /** Messages held on its disk. */
  readonly held: number;
}

/** A choice of the environment that is about one replica. */
export type Choice =
  | { readonly type: "deliver"; readonly packet: number }
  | { readonly type: "timeout"; readonly timer: "leader" | "heartbeat" | "learn" }
  | { readonly type: "propose"; readonly value: string }
  | { readonly type: "persist"; readonly count: number }
  | { readonly type: "restart"; readonly kept: number }
  | { readonly type: "snapshot"; readonly index: number }
  | { readonly type: "snapshotSent"; readonly to: string }
  | { readonly type: "read" };

export interface Outcome {
  /** Number of the replica as it becomes. */
  readonly replica: number;
  /** Numbers of the packets that leave. */
  readonly sent: readonly number[];
  /** Names of the actions it took. */
  readonly actions: readonly string[];
}

export interface ReplicasConfig {
  readonly module: MultiPaxosModule;
  readonly ids: readonly string[];
  readonly learners: readonly string[];
  readonly options: MultiPaxosOptions;
  /** Messages that the network always loses. */
  readonly lost: readonly string[];
  /** Whether the network keeps every message for ever. */
  readonly keeps: boolean;
  /** Commands by the values that the spec knows them by. */
  readonly commands: ReadonlyMap<string, Uint8Array>;
}

export class Replicas {
  readonly list: Replica[] = [];
  readonly packets: Packet[] = [];
  /** Calls of `step`: the rest was remembered. */
  steps = 0;
  private readonly config: ReplicasConfig;
  private readonly cluster: Configuration;
  private readonly byText = new Map<string, number>();
  private readonly packetByText = new Map<string, number>();
  private readonly memo = new Map<string, Outcome>();

  constructor(config: ReplicasConfig) {
    this.config = config;
    const members = config.ids.map((id, at) => ({
      id: nodeId(id),
      ordinal: at + 1,
      role: config.learners.includes(id) ? ("learner" as const) : ("voter" as const),
    }));
    this.cluster = { members, quorums: null };
  }

  boot(id: string): number {
    return this.started(id, 1, { hard: null, snapshot: 0, entries: [] }).replica;
  }

  packetNumber(text: string): number | undefined {
    return this.packetByText.get(text);
  }

  apply(replica: number, choice: Choice): Outcome {
    const key = `${replica} ${keyOf(choice)}`;
    let outcome = this.memo.get(key);
    if (outcome === undefined) {
      outcome = this.compute(this.list[replica] as Replica, choice);
      this.memo.set(key, outcome);
    }
    return outcome;
  }

  private compute(replica: Replica, choice: Choice): Outcome {
    switch (choice.type) {
      case "deliver": {
        const { from, message } = this.packets[choice.packet] as Packet;
        if (message.type !== "InstallSnapshot")
          return this.step(replica, { type: "message", from: nodeId(from), message });
        const snapshot = { id: `s${message.decidedIndex}`, index: message.decidedIndex, round: 0, bytes: 1 };
        return this.step(replica, { type: "snapshotReceived", from: nodeId(from), message, snapshot });
      }
      case "timeout":
        return this.step(replica, { type: "timeout", timer: choice.timer });
      case "propose": {
        const command = this.config.commands.get(choice.value);
        assert(command !== undefined, `no command for ${choice.value}`);
        return this.step(replica, { type: "propose", request: 1, command });
      }
      case "persist":
        return this.persist(replica, choice.count);
      case "restart":
        return this.started(replica.id, replica.state.incarnation + 1, written(replica, choice.kept));
      case "snapshot": {
        const { index } = choice;
        return this.step(replica, { type: "snapshotTaken", index, id: `s${index}`, bytes: 1 });
      }
      case "snapshotSent":
        return this.step(replica, { type: "snapshotSent", to: nodeId(choice.to), id: "", ok: true });
      case "read":
        return this.step(replica, { type: "read", request: 1, level: "linearizable" });
    }
  }

  private started(id: string, incarnation: number, durable: Durable): Outcome {
    const snapshot =
      durable.snapshot === 0 ? null : { id: `s${durable.snapshot}`, index: durable.snapshot, round: 0, bytes: 1 };
    const { module, options } = this.config;
    const state = module.create(
      { id: nodeId(id), incarnation, bootstrap: this.cluster, options, tracing: true },
      { hard: durable.hard, snapshot, entries: durable.entries },
    );
    return this.step({ id, state, durable, pending: [], durableSeq: 0, text: "", held: 0 }, { type: "start" });
  }

  private persist(replica: Replica, count: number): Outcome {
    const done = replica.pending.slice(0, count);
    const durableSeq = done[count - 1]?.seq ?? 0;
    const pending = replica.pending.slice(count);
    const released = done.flatMap((write) => write.held);
    const outcome = this.step(
      { ...replica, durable: written(replica, count), pending, durableSeq },
      { type: "durable", upTo: durableSeq },
    );
    return { ...outcome, sent: [...released, ...outcome.sent] };
  }

  private step(before: Replica, input: Input<MultiPaxos>): Outcome {
    this.steps += 1;
    const { module } = this.config;
    const state = module.clone(before.state);
    const effects = module.step(state, input, 0);
    const pending = [...before.pending];
    for (const effect of effects) if (effect.type === "persist") pending.push(writeOf(effect));
    const sent: number[] = [];
    const actions: string[] = [];
    for (const effect of effects) {
      if (effect.type === "action") actions.push(effect.name);
      if (effect.type !== "send" && effect.type !== "sendSnapshot") continue;
      if (this.config.lost.includes(effect.message.type)) continue;
      const packet = this.packet(before.id, effect.to, effect.message);
      if (effect.after <= before.durableSeq) sent.push(packet);
      else this.hold(pending, effect.after, packet);
    }
    const { id, durable, durableSeq } = before;
    return { replica: this.intern({ id, state, durable, pending, durableSeq }), sent, actions };
  }

  private hold(pending: Write[], after: number, packet: number): void {
    const at = pending.findIndex((write) => write.seq === after);
    const write = pending[at];
    assert(write !== undefined, `no write ${after} is under way`);
    if (this.config.keeps && write.held.includes(packet)) return;
    pending[at] = { ...write, held: [...write.held, packet].sort((a, b) => a - b) };
  }

  private packet(from: string, to: NodeId, message: MultiPaxosMessage): number {
    const text = canonical({ from, to, ...specMessage(message) });
    let number = this.packetByText.get(text);
    if (number === undefined) {
      number = this.packets.push({ from, to, message, text }) - 1;
      this.packetByText.set(text, number);
    }
    return number;
  }

  private intern(replica: Omit<Replica, "text" | "held">): number {
    const disk = `{"durable":${canonical(durableView(replica.durable))},"pending":[${replica.pending.map((write) => this.writeText(write)).join(",")}]}`;
    const text = `{"disk":${disk},"node":${canonical(this.config.module.specState(replica.state))}}`;
    // Equal texts of two replicas are two states: what a replica sends names it.
    const key = `${replica.id} ${text}`;
    let number = this.byText.get(key);
    if (number === undefined) {
      const held = replica.pending.reduce((sum, write) => sum + write.held.length, 0);
      number = this.list.push({ ...replica, text, held }) - 1;
      this.byText.set(key, number);
    }
    return number;
  }

  private writeText({ hard, snapshot, entries, held }: Write): string {
    const { promisedBallot, decidedIndex } = hard;
    const view = { decidedIndex, entries: entries.map(specEntry), promisedBallot, snapshot };
    const text = canonical(view);
    return `${text.slice(0, text.indexOf('"promisedBallot"'))}"held":${this.bagText(held)},${text.slice(text.indexOf('"promisedBallot"'))}`;
  }

  /** A bag of packets as the spec's function from messages to numbers. */
  bagText(packets: readonly number[]): string {
    const counts = new Map<number, number>();
    for (const packet of packets) counts.set(packet, (counts.get(packet) ?? 0) + 1);
    return sortedTexts([...counts].map(([packet, count]) => `[${(this.packets[packet] as Packet).text},${count}]`));
  }
}

function keyOf(choice: Choice): string {
  switch (choice.type) {
    case "deliver":
      return `d${choice.packet}`;
    case "timeout":
      return `t${choice.timer}`;
    case "propose":
      return `p${choice.value}`;
    case "persist":
      return `w${choice.count}`;
    case "restart":
      return `r${choice.kept}`;
    case "snapshot":
      return `s${choice.index}`;
    case "snapshotSent":
      return `x${choice.to}`;
    case "read":
      return "q";
  }
}

function writeOf(effect: Extract<Effect<MultiPaxos>, { readonly type: "persist" }>): Write {
  const { seq, hard, snapshot, entries } = effect;
  assert(
    hard !== null && effect.truncateFrom === null,
    "a write of Multi-Paxos carries its hard state and cuts nothing",
  );
  return { seq, hard, snapshot: snapshot?.index ?? 0, entries, held: [] };
}

/** What is on disk when the `count` oldest writes are. */
function written(replica: Replica, count: number): Durable {
  let { hard, snapshot, entries } = replica.durable;
  for (const write of replica.pending.slice(0, count)) {
    hard = write.hard;
    snapshot = Math.max(snapshot, write.snapshot);
    const held = new Map(entries.map((entry) => [entry.index, entry]));
    for (const entry of write.entries) held.set(entry.index, entry);
    entries = [...held.values()].filter(({ index }) => index > snapshot).sort((a, b) => a.index - b.index);
  }
  return { hard, snapshot, entries };
}

function durableView({ hard, snapshot, entries }: Durable): object {
  const promisedBallot = hard?.promisedBallot ?? 0;
  return { promisedBallot, decidedIndex: hard?.decidedIndex ?? 0, snapshot, log: entries.map(specEntry) };
}
