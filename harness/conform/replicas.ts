/**
 * Replicas with their disks as values: each is stored once, and what a step makes of one is remembered. A replica's
 * identity is everything that its core may ever look at, not only what the spec sees.
 */
import type { Effect, Input, NodeId, Protocol, Snapshot } from "../../protocols/core/index.js";
import {
  type Adapter,
  type Effects,
  type Packet,
  type Replica,
  replicaText,
  type Write,
  writeText,
} from "./adapter.js";
import { canonical } from "./canonical.js";
import { Texts } from "./intTable.js";

/** What a step made. */
export interface Outcome {
  /** Number of the replica as it becomes; -1: the core threw. */
  readonly replica: number;
  /** Numbers of the packets that are on the network now, sorted. */
  readonly sent: readonly number[];
  /** The core's names for what it did. */
  readonly actions: readonly string[];
  /** Why the core threw, or null. */
  readonly thrown: string | null;
}

/** A choice about one replica, with what comes of it once it was taken. */
export interface OwnMove {
  readonly name: string;
  readonly args: string;
  /** Place of the counter that it takes from; -1: none. */
  readonly spends: number;
  outcome: Outcome | null;
  readonly make: () => Outcome;
}

export class Replicas<P extends Protocol, D extends object> {
  readonly adapter: Adapter<P, D>;
  readonly packets: Packet<P>[] = [];
  /** Place of each packet's receiver. */
  readonly receivers: number[] = [];
  /** What the spec sees of each replica. */
  readonly views: string[] = [];
  /** Messages held on each replica's disk. */
  readonly heldCounts: number[] = [];
  /** Steps that the core really took; all others were remembered. */
  steps = 0;
  private readonly replicas: Replica<P, D>[] = [];
  private readonly identities = new Texts();
  private readonly packetTexts = new Texts();
  /** The same by texts that are cheaper to make, and of which one value may have several. */
  private readonly quickIdentities = new Map<string, number>();
  private readonly quickPackets = new Map<string, number>();
  private readonly durableTexts = new WeakMap<D, string>();
  private readonly received: Map<number, Outcome>[] = [];
  private readonly owned: { free: readonly OwnMove[] | null; bounded: readonly OwnMove[] | null }[] = [];

  constructor(adapter: Adapter<P, D>) {
    this.adapter = adapter;
  }

  /** @throws Error where the core cannot even start */
  first(id: NodeId): number {
    const { replica, thrown } = this.booted(id, this.adapter.emptyDisk(), null);
    if (thrown !== null) throw new Error(`${id} does not start: ${thrown}`);
    return replica;
  }

  /** What comes of the packet at the replica that it is for. */
  deliver(replica: number, packet: number): Outcome {
    const known = this.received[replica] as Map<number, Outcome>;
    let outcome = known.get(packet);
    if (outcome === undefined) {
      const input = this.adapter.deliver(this.packets[packet] as Packet<P>);
      outcome = this.perform(this.copy(replica), (_state, step) => step(input), []);
      known.set(packet, outcome);
    }
    return outcome;
  }

  /** Everything but deliveries that may be done to the replica. */
  own(replica: number, bounded: boolean): readonly OwnMove[] {
    const known = this.owned[replica] as { free: readonly OwnMove[] | null; bounded: readonly OwnMove[] | null };
    const found = bounded ? known.bounded : known.free;
    if (found !== null) return found;
    const made = this.ownMoves(replica, bounded);
    if (bounded) known.bounded = made;
    else known.free = made;
    return made;
  }

  private ownMoves(place: number, bounded: boolean): OwnMove[] {
    const { adapter } = this;
    const { id, state, pending } = this.replicas[place] as Replica<P, D>;
    const moves: OwnMove[] = [];
    const add = (name: string, args: readonly unknown[], spends: string | null, make: () => Outcome): void => {
      const counter = spends === null ? -1 : adapter.counters.findIndex((one) => one.name === spends);
      moves.push({ name, args: canonical([id, ...args]), spends: counter, outcome: null, make });
    };
    for (const { action, args, spends, act } of adapter.choices(state, bounded)) {
      const make = (): Outcome => this.perform(this.copy(place), act, []);
      if (typeof args !== "function") {
        add(action, args, spends, make);
        continue;
      }
      const outcome = make();
      add(action, args(outcome.sent.map((packet) => (this.packets[packet] as Packet<P>).to)), spends, () => outcome);
    }
    for (let n = 1; n <= pending.length; n += 1) add(adapter.persistName, [n], null, () => this.persist(place, n));
    if (bounded && !adapter.allows("Restart")) return moves;
    for (let k = 0; k <= pending.length; k += 1) add("Restart", [k], "restarts", () => this.restart(place, k));
    return moves;
  }

  /** The `count` oldest writes become durable, and the replica hears of it. */
  private persist(place: number, count: number): Outcome {
    const { id, state, pending } = this.copy(place);
    const done = pending.slice(0, count);
    const last = done[count - 1] as Write<P, D>;
    const next = { id, state, durable: last.image, pending: pending.slice(count) };
    const released = done.flatMap((write) => write.held);
    return this.perform(next, (_state, step) => step({ type: "durable", upTo: last.persist.seq }), released);
  }

  /** Crash and boot: the `kept` oldest writes survive, what they held never leaves. */
  private restart(place: number, kept: number): Outcome {
    const { id, state, durable, pending } = this.replicas[place] as Replica<P, D>;
    return this.booted(id, kept === 0 ? durable : (pending[kept - 1] as Write<P, D>).image, state);
  }

  private booted(id: NodeId, durable: D, before: P["State"] | null): Outcome {
    try {
      const state = this.adapter.boot(id, durable, before);
      return this.perform({ id, state, durable, pending: [] }, (_state, step) => step({ type: "start" }), []);
    } catch (error) {
      return { replica: -1, sent: [], actions: [], thrown: wordsOf(error) };
    }
  }

  private copy(place: number): Replica<P, D> {
    const { id, state, durable, pending } = this.replicas[place] as Replica<P, D>;
    return { id, state: this.adapter.module.clone(state), durable, pending };
  }

  /** Lets the core step, takes its effects, stores what came of it. */
  private perform(
    { id, state, durable, pending }: Replica<P, D>,
    act: (state: P["State"], step: (input: Input<P>) => Effects<P>) => Effects<P>,
    released: readonly number[],
  ): Outcome {
    const { adapter } = this;
    const sent = [...released];
    const actions: string[] = [];
    const writes = [...pending];
    try {
      const effects = act(state, (input) => {
        this.steps += 1;
        return adapter.module.step(state, input, 0);
      });
      let disk = writes[writes.length - 1]?.image ?? durable;
      for (const effect of effects) {
        if (effect.type !== "persist") continue;
        disk = adapter.written(disk, effect);
        writes.push({ persist: effect, image: disk, held: [] });
      }
      for (const effect of effects) {
        if (effect.type === "action") actions.push(effect.name);
        if (effect.type === "send" || effect.type === "sendSnapshot") this.send(id, effect, writes, sent);
      }
      sent.sort((a, b) => a - b);
      return { replica: this.intern({ id, state, durable, pending: writes }), sent, actions, thrown: null };
    } catch (error) {
      return { replica: -1, sent: [], actions: [], thrown: wordsOf(error) };
    }
  }

  private send(
    id: NodeId,
    effect: Extract<Effect<P>, { readonly type: "send" | "sendSnapshot" }>,
    writes: Write<P, D>[],
    sent: number[],
  ): void {
    const { to, message, after } = effect;
    if (this.adapter.loses(message)) return;
    const packet = this.store(id, to, message, effect.type === "send" ? null : effect.snapshot);
    const at = writes.findIndex((write) => write.persist.seq === after);
    const write = writes[at];
    if (write === undefined) {
      sent.push(packet);
      return;
    }
    if (this.adapter.network === "set" && write.held.includes(packet)) return;
    writes[at] = { ...write, held: [...write.held, packet].sort((a, b) => a - b) };
  }

  private store(from: NodeId, to: NodeId, message: P["Message"], snapshot: Snapshot | null): number {
    const view = this.adapter.packetView(from, to, message);
    const quick = JSON.stringify(view);
    const known = this.quickPackets.get(quick);
    if (known !== undefined) return known;
    const text = canonical(view);
    const packet = this.packetTexts.add(text);
    this.quickPackets.set(quick, packet);
    if (packet < this.packets.length) return packet;
    this.packets.push({ from, to, message, snapshot, text });
    this.receivers.push(this.adapter.nodes.indexOf(to));
    return packet;
  }

  private intern(replica: Replica<P, D>): number {
    const { id, state, durable, pending } = replica;
    const { adapter } = this;
    const node = adapter.nodeView(state);
    const writes = pending.map((write, at) => adapter.writeView(write, state, at));
    const hidden = adapter.hidden(state);
    const disk = this.durableText(durable);
    const quick = JSON.stringify([id, node, disk, writes, pending.map(({ held }) => held), hidden]);
    let place = this.quickIdentities.get(quick);
    if (place !== undefined) return place;
    const texts = pending.map(({ held }, at) =>
      writeText(
        canonical(writes[at]),
        held.map((packet) => (this.packets[packet] as Packet<P>).text),
      ),
    );
    const view = replicaText(canonical(node), disk, texts);
    // Equal views of two replicas are two states: what a replica sends names it.
    place = this.identities.add(`${id} ${view} ${hidden}`);
    this.quickIdentities.set(quick, place);
    if (place < this.replicas.length) return place;
    this.replicas.push(replica);
    this.views.push(view);
    this.heldCounts.push(pending.reduce((sum, write) => sum + write.held.length, 0));
    this.received.push(new Map());
    this.owned.push({ free: null, bounded: null });
    return place;
  }

  private durableText(disk: D): string {
    let text = this.durableTexts.get(disk);
    if (text === undefined) {
      text = canonical(this.adapter.durableView(disk));
      this.durableTexts.set(disk, text);
    }
    return text;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
