/** A few Raft replicas whose every event is picked by the test: a wire, disks that sync on demand, no time of its own. */
import {
  compactTo,
  createLog,
  type Effect,
  entryAt,
  type Index,
  type Input,
  type Log,
  lastIndex,
  type NodeId,
  nodeId,
  putEntry,
  type Quorums,
  type Recovered,
  type Snapshot,
  truncateFrom,
} from "../../protocols/core/index.js";
import { type Raft, type RaftMessage, type RaftOptions, type RaftState, raft } from "../../protocols/raft/index.js";

type Persist = Extract<Effect<Raft>, { type: "persist" }>;
type Send = Extract<Effect<Raft>, { type: "send" | "sendSnapshot" }>;
export type Sent = { readonly from: NodeId; readonly to: NodeId; readonly message: RaftMessage; snapshot?: Snapshot };

export interface Replica {
  state: RaftState;
  incarnation: number;
  hard: Raft["Hard"] | null;
  snapshot: Snapshot | null;
  log: Log;
  writes: Persist[];
  held: Send[];
  durable: number;
  timers: Map<Raft["Timer"], { minMs: number; maxMs: number }>;
  /** Everything since the start, of every incarnation. */
  effects: Effect<Raft>[];
}

export class RaftLab {
  readonly replicas = new Map<NodeId, Replica>();
  readonly options: RaftOptions;
  readonly quorums: Quorums | null;
  readonly learners: number;
  readonly ids: readonly NodeId[];
  wire: Sent[] = [];
  nowMs = 0;

  constructor(voters: number, options: Partial<RaftOptions> = {}, learners = 0, quorums: Quorums | null = null) {
    this.options = { ...raft.defaultOptions("matched"), snapshotEveryEntries: 0, ...options };
    this.quorums = quorums;
    this.learners = learners;
    this.ids = Array.from({ length: voters + learners }, (_, i) => nodeId(`n${i + 1}`));
    for (const id of this.ids) this.boot(id, { hard: null, snapshot: null, entries: [] });
  }

  /** Boots a replica from the given storage, as a new incarnation. */
  boot(id: NodeId, from: Recovered<Raft>): Replica {
    const voters = this.ids.length - this.learners;
    const members = this.ids.map((member, i) => ({
      id: member,
      ordinal: i + 1,
      role: i < voters ? ("voter" as const) : ("learner" as const),
    }));
    const before = this.replicas.get(id);
    const incarnation = (before?.incarnation ?? 0) + 1;
    const bootstrap = { members, quorums: this.quorums };
    const replica: Replica = {
      state: raft.create({ id, incarnation, bootstrap, options: this.options, tracing: true }, from),
      incarnation,
      hard: from.hard,
      snapshot: from.snapshot,
      log: createLog(from.snapshot, from.entries),
      writes: [],
      held: [],
      durable: 0,
      timers: new Map(),
      effects: before?.effects ?? [],
    };
    this.replicas.set(id, replica);
    this.input(id, { type: "start" });
    return replica;
  }

  at(id: string): Replica {
    const replica = this.replicas.get(nodeId(id));
    if (replica === undefined) throw new Error(`there is no ${id}`);
    return replica;
  }

  input(id: string, input: Input<Raft>): readonly Effect<Raft>[] {
    const replica = this.at(id);
    const effects = raft.step(replica.state, input, this.nowMs);
    const all = [...this.replicas.values()].map((other) => other.state);
    for (const invariant of raft.invariants) {
      const problem = invariant.check(replica.state, all);
      if (problem !== null) throw new Error(`${invariant.name}: ${problem}`);
    }
    for (const effect of effects) {
      replica.effects.push(effect);
      if (effect.type === "persist") replica.writes.push(effect);
      else if (effect.type === "setTimer") replica.timers.set(effect.timer, effect);
      else if (effect.type === "cancelTimer") replica.timers.delete(effect.timer);
      else if (effect.type === "send" || effect.type === "sendSnapshot") {
        if (effect.after > replica.durable) replica.held.push(effect);
        else this.post(nodeId(id), effect);
      }
    }
    return effects;
  }

  private post(from: NodeId, { to, message, ...rest }: Send): void {
    this.wire.push("snapshot" in rest ? { from, to, message, snapshot: rest.snapshot } : { from, to, message });
  }

  /** Completes the `count` oldest writes, all by default, and lets go what waited for them. */
  sync(id: string, count = Number.POSITIVE_INFINITY): void {
    const replica = this.at(id);
    const done = replica.writes.splice(0, count);
    const last = done[done.length - 1];
    if (last === undefined) return;
    for (const write of done) apply(replica, write);
    replica.durable = last.seq;
    const held = replica.held;
    replica.held = held.filter((send) => send.after > last.seq);
    for (const send of held) if (send.after <= last.seq) this.post(nodeId(id), send);
    this.input(id, { type: "durable", upTo: last.seq });
  }

  /** Takes the matching messages off the wire. */
  take(from: string, to: string, type?: RaftMessage["type"]): Sent[] {
    const matches = (sent: Sent) =>
      sent.from === from && sent.to === to && (type === undefined || sent.message.type === type);
    const taken = this.wire.filter(matches);
    this.wire = this.wire.filter((sent) => !matches(sent));
    return taken;
  }

  deliver(sent: Sent): readonly Effect<Raft>[] {
    const { from, to, message, snapshot } = sent;
    if (snapshot === undefined) return this.input(to, { type: "message", from, message });
    const effects = this.input(to, { type: "snapshotReceived", from, message, snapshot });
    this.input(from, { type: "snapshotSent", to, id: snapshot.id, ok: true });
    return effects;
  }

  /** Syncs and delivers among `ids` until nothing is left; what goes to or comes from others is lost. */
  settle(ids: readonly string[] = this.ids): void {
    for (let turn = 0; turn < 10_000; turn += 1) {
      const writer = ids.find((id) => this.at(id).writes.length > 0);
      if (writer !== undefined) {
        this.sync(writer);
        continue;
      }
      const next = this.wire.shift();
      if (next === undefined) return;
      if (ids.includes(next.from) && ids.includes(next.to)) this.deliver(next);
    }
    throw new Error("the cluster does not settle");
  }

  fire(id: string, timer: Raft["Timer"]): readonly Effect<Raft>[] {
    if (!this.at(id).timers.delete(timer)) throw new Error(`${id} has no ${timer} timer`);
    return this.input(id, { type: "timeout", timer });
  }

  /** The minimum election timeout passes at these replicas: a leader counts as heard no more. */
  silence(...ids: string[]): void {
    for (const id of ids) if (this.at(id).state.leaderHeard) this.fire(id, "election");
  }

  /** `id` times out and is elected by the others of `ids`. */
  elect(id: string, ids: readonly string[] = this.ids): void {
    this.silence(...ids);
    this.fire(id, "election");
    this.settle(ids);
    if (this.at(id).state.role !== "Leader") throw new Error(`${id} was not elected`);
  }

  propose(id: string, text: string, request = 1): readonly Effect<Raft>[] {
    return this.input(id, { type: "propose", request, command: Uint8Array.from(Buffer.from(text)) });
  }

  /** Power goes: only the `kept` oldest unsynced writes made it to the disk. Then the node boots again. */
  restart(id: string, kept = 0): Replica {
    const replica = this.at(id);
    for (const write of replica.writes.slice(0, kept)) apply(replica, write);
    const entries = replica.log.slots.filter((entry) => entry !== undefined);
    return this.boot(nodeId(id), { hard: replica.hard, snapshot: replica.snapshot, entries });
  }

  /** The log in memory, as `term` or `term:command` per entry. */
  logOf(id: string): string[] {
    return this.at(id).state.log.slots.map((entry) =>
      entry?.kind === "command" ? `${entry.round}:${Buffer.from(entry.command).toString()}` : `${entry?.round}`,
    );
  }

  appliedBy(id: string): Index[] {
    return this.effectsOf(id, "apply").map((effect) => effect.entry.index);
  }

  effectsOf<T extends Effect<Raft>["type"]>(id: string, type: T): Extract<Effect<Raft>, { type: T }>[] {
    return this.at(id).effects.filter((effect): effect is Extract<Effect<Raft>, { type: T }> => effect.type === type);
  }
}

function apply(replica: Replica, write: Persist): void {
  if (write.hard !== null) replica.hard = write.hard;
  if (write.truncateFrom !== null) truncateFrom(replica.log, write.truncateFrom);
  if (write.snapshot !== null) {
    replica.snapshot = write.snapshot;
    if (entryAt(replica.log, write.snapshot.index) === undefined) replica.log = createLog(write.snapshot, []);
    else compactTo(replica.log, write.snapshot.index, write.snapshot.round);
  }
  for (const entry of write.entries) {
    if (entry.index !== lastIndex(replica.log) + 1) throw new Error(`the disk would have a hole at ${entry.index}`);
    putEntry(replica.log, entry);
  }
}
