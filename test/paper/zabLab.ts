/** A few ZAB servers whose every event is picked by the test: a wire, disks that sync on demand, no time of its own. */
import {
  type Effect,
  type Entry,
  type Input,
  type NodeId,
  nodeId,
  type Quorums,
  type Recovered,
  type Snapshot,
} from "../../protocols/core/index.js";
import {
  type Zab,
  type ZabMessage,
  type ZabOptions,
  type ZabState,
  type ZabTimer,
  zab,
} from "../../protocols/zab/index.js";

type Persist = Extract<Effect<Zab>, { type: "persist" }>;
type Send = Extract<Effect<Zab>, { type: "send" | "sendSnapshot" }>;
export type Sent = { readonly from: NodeId; readonly to: NodeId; readonly message: ZabMessage; snapshot?: Snapshot };
export type MessageOf<T extends ZabMessage["type"]> = Extract<ZabMessage, { type: T }>;

export interface Server {
  readonly id: NodeId;
  state: ZabState;
  incarnation: number;
  disk: Recovered<Zab>;
  writes: Persist[];
  held: Send[];
  durable: number;
  timers: Set<ZabTimer>;
  /** Everything since the start, of every incarnation. */
  effects: Effect<Zab>[];
}

export const EMPTY: Recovered<Zab> = { hard: null, snapshot: null, entries: [] };

/** A disk as a test wants to find it: `rounds[k]` is the epoch of the entry at k + 1. */
export function diskOf(acceptedEpoch: number, currentEpoch: number, rounds: readonly number[]): Recovered<Zab> {
  return { hard: { acceptedEpoch, currentEpoch }, snapshot: null, entries: entriesOf(rounds) };
}

export function entriesOf(rounds: readonly number[]): Entry[] {
  return rounds.map((round, i) => ({ kind: "command", index: i + 1, round, command: Uint8Array.of(round, i + 1) }));
}

export class ZabLab {
  readonly servers = new Map<NodeId, Server>();
  readonly ids: readonly NodeId[];
  readonly options: ZabOptions;
  wire: Sent[] = [];
  private readonly voters: number;
  private readonly quorums: Quorums | null;

  constructor(voters: number, disks: readonly Recovered<Zab>[] = [], options: Partial<ZabOptions> = {}, learners = 0) {
    this.voters = voters;
    this.quorums = null;
    this.options = { ...zab.defaultOptions("matched"), snapshotEveryEntries: 0, ...options };
    this.ids = Array.from({ length: voters + learners }, (_, i) => nodeId(`n${i + 1}`));
    this.ids.forEach((id, i) => this.boot(id, disks[i] ?? EMPTY, 1));
  }

  private boot(id: NodeId, disk: Recovered<Zab>, incarnation: number): void {
    const members = this.ids.map((member, i) => ({
      id: member,
      ordinal: i + 1,
      role: i < this.voters ? ("voter" as const) : ("learner" as const),
    }));
    const bootstrap = { members, quorums: this.quorums };
    const state = zab.create({ id, incarnation, bootstrap, options: this.options, tracing: true }, disk);
    const effects = this.servers.get(id)?.effects ?? [];
    this.servers.set(id, {
      id,
      state,
      incarnation,
      disk,
      writes: [],
      held: [],
      durable: 0,
      timers: new Set(),
      effects,
    });
  }

  server(name: string): Server {
    const found = this.servers.get(nodeId(name));
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  }

  state(name: string): ZabState {
    return this.server(name).state;
  }

  start(...names: string[]): void {
    for (const name of names) this.step(name, { type: "start" });
  }

  /** One input; what leaves at once goes on the wire, the rest is held behind its write. Returns the effects. */
  step(name: string, input: Input<Zab>): readonly Effect<Zab>[] {
    const server = this.server(name);
    const effects = zab.step(server.state, input, 0);
    server.effects.push(...effects);
    for (const effect of effects) this.take(server, effect);
    return effects;
  }

  private take(server: Server, effect: Effect<Zab>): void {
    if (effect.type === "persist") server.writes.push(effect);
    else if (effect.type === "setTimer") server.timers.add(effect.timer);
    else if (effect.type === "cancelTimer") server.timers.delete(effect.timer);
    else if (effect.type === "send" || effect.type === "sendSnapshot") {
      if (effect.after <= server.durable) this.wire.push(sentBy(server.id, effect));
      else server.held.push(effect);
    }
  }

  timeout(name: string, timer: ZabTimer): readonly Effect<Zab>[] {
    if (!this.server(name).timers.delete(timer)) throw new Error(`${name} has no timer ${timer}`);
    return this.step(name, { type: "timeout", timer });
  }

  /** Completes every write of a server, or of all. */
  sync(...names: string[]): void {
    for (const name of names.length > 0 ? names : this.ids) {
      const server = this.server(name);
      const last = server.writes[server.writes.length - 1];
      if (last === undefined) continue;
      for (const write of server.writes) server.disk = applied(server.disk, write);
      server.writes = [];
      server.durable = last.seq;
      for (const send of server.held) this.wire.push(sentBy(server.id, send));
      server.held = [];
      this.step(name, { type: "durable", upTo: last.seq });
    }
  }

  /** Loses memory and what is not durable, and boots again as a new incarnation, not yet started. */
  restart(name: string): void {
    const { id, disk, incarnation } = this.server(name);
    this.boot(id, disk, incarnation + 1);
  }

  /** Takes matching messages off the wire. */
  remove(matches: (sent: Sent) => boolean): Sent[] {
    const taken = this.wire.filter(matches);
    this.wire = this.wire.filter((sent) => !matches(sent));
    return taken;
  }

  hand(sent: Sent): readonly Effect<Zab>[] {
    const { from, to, message, snapshot } = sent;
    if (snapshot === undefined) return this.step(to, { type: "message", from, message });
    const effects = this.step(to, { type: "snapshotReceived", from, message, snapshot });
    this.step(from, { type: "snapshotSent", to, id: snapshot.id, ok: true });
    return effects;
  }

  /** Delivers the first message of a type; returns what the receiver did. */
  deliver(from: string, to: string, type: ZabMessage["type"]): readonly Effect<Zab>[] {
    const at = this.wire.findIndex((sent) => sent.from === from && sent.to === to && sent.message.type === type);
    const sent = this.wire[at];
    if (sent === undefined) throw new Error(`no ${type} from ${from} to ${to}; there are: ${this.wireText()}`);
    this.wire.splice(at, 1);
    return this.hand(sent);
  }

  find<T extends ZabMessage["type"]>(from: string, to: string, type: T): MessageOf<T> | undefined {
    const found = this.wire.find((sent) => sent.from === from && sent.to === to && sent.message.type === type);
    return found?.message as MessageOf<T> | undefined;
  }

  wireText(): string {
    return this.wire.map(({ from, to, message }) => `${from}->${to} ${zab.describe(message)}`).join("; ");
  }

  /** Delivers and syncs until nothing moves. `without`: these servers neither receive nor send. */
  settle(without: readonly string[] = []): void {
    const cut = (sent: Sent): boolean => without.includes(sent.from) || without.includes(sent.to);
    for (let round = 0; round < 1000; round += 1) {
      this.remove(cut);
      const sent = this.wire.shift();
      if (sent !== undefined) this.hand(sent);
      else if ([...this.servers.values()].every((server) => server.writes.length === 0)) return;
      else this.sync();
    }
    throw new Error(`still moving: ${this.wireText()}`);
  }

  /** Starts these servers and lets them elect and establish a leader by themselves. Returns its name. */
  elect(...names: string[]): string {
    const away = this.ids.filter((id) => !names.includes(id));
    this.start(...names);
    this.settle(away);
    for (let round = 0; round < 4; round += 1) {
      for (const name of names) if (this.server(name).timers.has("finalize")) this.timeout(name, "finalize");
      for (const name of names) if (this.server(name).timers.has("connect")) this.timeout(name, "connect");
      this.settle(away);
    }
    const leader = names.find((name) => zab.status(this.state(name)).role === "leader");
    if (leader === undefined) throw new Error("nobody leads");
    return leader;
  }

  propose(name: string, request: number): readonly Effect<Zab>[] {
    return this.step(name, { type: "propose", request, command: Uint8Array.of(request) });
  }

  applied(name: string): number[] {
    return this.server(name).effects.flatMap((effect) => (effect.type === "apply" ? [effect.entry.index] : []));
  }

  /** Epochs of a server's history in memory, oldest first. */
  history(name: string): number[] {
    return this.state(name).log.slots.map((entry) => entry?.round ?? -1);
  }
}

function sentBy(from: NodeId, effect: Send): Sent {
  const { to, message } = effect;
  return effect.type === "sendSnapshot" ? { from, to, message, snapshot: effect.snapshot } : { from, to, message };
}

function applied(disk: Recovered<Zab>, write: Persist): Recovered<Zab> {
  const { hard, truncateFrom, snapshot, entries } = write;
  const kept = disk.entries.filter((entry) => truncateFrom === null || entry.index < truncateFrom);
  const base = snapshot ?? disk.snapshot;
  return {
    hard: hard ?? disk.hard,
    snapshot: base,
    entries: [...kept.filter((entry) => entry.index > (snapshot?.index ?? 0)), ...entries],
  };
}
