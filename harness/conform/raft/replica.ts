/**
 * Raft replicas with their disks as values: each is stored once, and what a step makes of one is remembered. A replica's
 * identity is everything that its core may ever look at, not only what the spec sees.
 */
import {
  AssertionError,
  compactTo,
  type Configuration,
  createLog,
  type Effect,
  type Entry,
  type Input,
  lastIndex,
  type Log,
  type NodeId,
  type ProtocolModule,
  putEntry,
  type Snapshot,
  truncateFrom,
} from "../../../protocols/core/index.js";
import {
  type Raft,
  type RaftMessage,
  type RaftOptions,
  type RaftState,
  specEntry,
} from "../../../protocols/raft/index.js";
import { canonical } from "../multipaxos/canonical.js";
import { addressed } from "./trace.js";

export type RaftModule = ProtocolModule<Raft>;
type Persist = Extract<Effect<Raft>, { readonly type: "persist" }>;

/** A message on its way, stored once. */
export interface Packet {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: RaftMessage;
  readonly snapshot: Snapshot | null;
  readonly text: string;
}

interface Durable {
  readonly hard: Raft["Hard"] | null;
  readonly snapshot: Snapshot | null;
  readonly log: Log;
}

interface PendingWrite {
  readonly persist: Persist;
  /** Term and vote as of this write. */
  readonly currentTerm: number;
  readonly votedFor: number;
  /** Packets that wait for it, sorted. */
  readonly held: readonly number[];
}

interface Replica {
  readonly state: RaftState;
  readonly durable: Durable;
  readonly pending: readonly PendingWrite[];
}

/** What a step made. */
export interface Stepped {
  readonly replica: number;
  /** Packets that are on the network now. */
  readonly sent: readonly number[];
  /** Why the core threw, or null. */
  readonly thrown: string | null;
}

export class Replicas {
  private readonly module: RaftModule;
  private readonly cluster: Configuration;
  private readonly options: RaftOptions;
  private readonly replicas: Replica[] = [];
  private readonly ids = new Map<string, number>();
  private readonly views: string[] = [];
  private readonly packets: Packet[] = [];
  private readonly packetIds = new Map<string, number>();
  private readonly known = new Map<string, Stepped>();
  /** Steps that the core really took; all others were remembered. */
  steps = 0;

  constructor(module: RaftModule, cluster: Configuration, options: RaftOptions) {
    this.module = module;
    this.cluster = cluster;
    this.options = options;
  }

  boot(id: NodeId): number {
    return this.booted(id, { hard: null, snapshot: null, log: createLog(null, []) }).replica;
  }

  private booted(id: NodeId, durable: Durable): Stepped {
    const config = { id, incarnation: 1, bootstrap: this.cluster, options: this.options, tracing: false };
    const { hard, snapshot, log } = durable;
    const entries = log.slots.filter((entry) => entry !== undefined);
    const state = this.module.create(config, { hard, snapshot, entries });
    return this.perform({ state, durable, pending: [] }, { type: "start" });
  }

  state(replica: number): RaftState {
    return (this.replicas[replica] as Replica).state;
  }

  pendingCount(replica: number): number {
    return (this.replicas[replica] as Replica).pending.length;
  }

  heldCount(replica: number): number {
    let count = 0;
    for (const write of (this.replicas[replica] as Replica).pending) count += write.held.length;
    return count;
  }

  packet(id: number): Packet {
    return this.packets[id] as Packet;
  }

  /** `node` and `disk` of the spec for this replica, as canonical text. */
  view(replica: number): string {
    return this.views[replica] as string;
  }

  step(replica: number, key: string, input: Input<Raft>): Stepped {
    return this.remember(replica, key, () => this.perform(this.copy(replica), input));
  }

  /** The `count` oldest writes become durable, and the replica hears of it. */
  persist(replica: number, count: number): Stepped {
    return this.remember(replica, `persist ${count}`, () => {
      const { state, durable, pending } = this.copy(replica);
      const done = pending.slice(0, count);
      const upTo = (done[count - 1] as PendingWrite).persist.seq;
      const next = { state, durable: applied(durable, done), pending: pending.slice(count) };
      const stepped = this.perform(next, { type: "durable", upTo });
      return { ...stepped, sent: [...done.flatMap((write) => write.held), ...stepped.sent] };
    });
  }

  /** Crash and boot: the `kept` oldest writes survive, what they held never leaves. */
  restart(replica: number, kept: number): Stepped {
    return this.remember(replica, `restart ${kept}`, () => {
      const { state, durable, pending } = this.replicas[replica] as Replica;
      return this.booted(state.id, applied(durable, pending.slice(0, kept)));
    });
  }

  private remember(replica: number, key: string, make: () => Stepped): Stepped {
    const name = `${replica} ${key}`;
    let found = this.known.get(name);
    if (found === undefined) {
      this.steps += 1;
      found = make();
      this.known.set(name, found);
    }
    return found;
  }

  private copy(replica: number): Replica {
    const { state, durable, pending } = this.replicas[replica] as Replica;
    return { state: this.module.clone(state), durable, pending };
  }

  /** Lets the core step, takes its effects, stores what came of it. */
  private perform({ state, durable, pending }: Replica, input: Input<Raft>): Stepped {
    let effects: readonly Effect<Raft>[];
    try {
      effects = this.module.step(state, input, 0);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      return { replica: -1, sent: [], thrown: error.message };
    }
    const writes = pending.slice();
    const sent: number[] = [];
    const { currentTerm, votedFor } = state;
    for (const effect of effects) {
      if (effect.type === "persist") writes.push({ persist: effect, currentTerm, votedFor, held: [] });
      if (effect.type !== "send" && effect.type !== "sendSnapshot") continue;
      const packet = this.store(state.id, effect.to, effect.message, effect.type === "send" ? null : effect.snapshot);
      const at = writes.findIndex((write) => write.persist.seq >= effect.after);
      const write = writes[at];
      // Below the oldest write under way: durable already.
      if (effect.after === 0 || write === undefined || write.persist.seq !== effect.after) sent.push(packet);
      else writes[at] = { ...write, held: [...write.held, packet].sort((a, b) => a - b) };
    }
    return { replica: this.intern({ state, durable, pending: writes }), sent, thrown: null };
  }

  private store(from: NodeId, to: NodeId, message: RaftMessage, snapshot: Snapshot | null): number {
    const text = canonical(addressed(from, to, message));
    let id = this.packetIds.get(text);
    if (id === undefined) {
      id = this.packets.length;
      this.packets.push({ from, to, message, snapshot, text });
      this.packetIds.set(text, id);
    }
    return id;
  }

  /** The packets of a bag as the spec has them: sorted pairs of message and count. */
  bagText(packets: readonly number[]): string {
    const counts = new Map<number, number>();
    for (const id of packets) counts.set(id, (counts.get(id) ?? 0) + 1);
    const pairs = [...counts].map(([id, count]) => `[${this.packet(id).text},${count}]`);
    return `[${pairs.sort(byText).join(",")}]`;
  }

  private intern(replica: Replica): number {
    const view = this.viewOf(replica);
    const key = `${view} ${hiddenText(replica.state)}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.replicas.length;
      this.replicas.push(replica);
      this.views.push(view);
      this.ids.set(key, id);
    }
    return id;
  }

  private viewOf({ state, durable, pending }: Replica): string {
    const names = state.idOfOrdinal;
    const { lastIndex: _i, lastTerm: _t, lastValue: _v, ...shown } = this.module.specState(state) as Shown;
    const node = canonical({ ...shown, log: logView(state.log) });
    const disk = canonical({
      currentTerm: durable.hard?.currentTerm ?? 0,
      votedFor: names.get(durable.hard?.votedFor ?? 0) ?? "Nil",
      snapshot: positionOf(durable.snapshot),
      log: logView(durable.log),
    });
    const writes = pending.map(({ persist, currentTerm, votedFor, held }, at) => {
      const { hard, truncateFrom: from, snapshot, entries } = persist;
      const fields = {
        hard: hard !== null,
        currentTerm,
        votedFor: names.get(votedFor) ?? "Nil",
        from: from ?? 0,
        snapshot: positionOf(snapshot),
        entries: entries.map(specEntry),
        index: state.writes[at]?.index ?? -1,
      };
      return `{"fields":${canonical(fields)},"held":${this.bagText(held)}}`;
    });
    return `{"node":${node},"durable":${disk},"pending":[${writes.join(",")}]}`;
  }
}

type Shown = Readonly<Record<string, unknown>>;

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function positionOf(snapshot: Snapshot | null): object {
  return { index: snapshot?.index ?? 0, term: snapshot?.round ?? 0 };
}

function logView(log: Log): object[] {
  return log.slots.map((entry) => specEntry(entry as Entry));
}

function applied(durable: Durable, writes: readonly PendingWrite[]): Durable {
  let { hard, snapshot } = durable;
  const log: Log = { ...durable.log, slots: durable.log.slots.slice() };
  for (const { persist } of writes) {
    hard = persist.hard ?? hard;
    if (persist.truncateFrom !== null && persist.truncateFrom <= lastIndex(log))
      truncateFrom(log, persist.truncateFrom);
    if (persist.snapshot !== null) {
      snapshot = persist.snapshot;
      compactTo(log, snapshot.index, snapshot.round);
      if (log.snapshotIndex === snapshot.index) log.snapshotRound = snapshot.round;
    }
    for (const entry of persist.entries) putEntry(log, entry);
  }
  return { hard, snapshot, log };
}

/** What the core keeps beside the spec's state; numbers of writes relative to the last one. */
function hiddenText(r: RaftState): string {
  return JSON.stringify([
    r.confirmedRound,
    r.snapshotRequested,
    r.uncommittedBytes,
    r.proposals.map(({ index, bytes }) => [index, bytes]),
    r.hardSeq > r.durableSeq ? r.seq - r.hardSeq : -1,
    r.writes.map(({ seq }) => r.seq - seq),
    r.peers.map((p) => [p.inflightSizes, p.inflightBytes]),
    r.votedFor,
    r.role,
  ]);
}
