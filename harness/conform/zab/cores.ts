/** Cores of ZAB for exploration: states, messages and disks as numbers, and every step remembered. */
import { type Effect, type Input, nodeId, type NodeId, type ProtocolModule } from "../../../protocols/core/index.js";
import type { Zab, ZabMessage, ZabOptions, ZabState } from "../../../protocols/zab/index.js";
import { canonical } from "../multipaxos/canonical.js";
import { DiskImage, messageView, type Written } from "./view.js";

export type ZabModule = ProtocolModule<Zab>;

/** Values kept once, by their text in the spec's words. */
export class Interner<T> {
  readonly values: T[] = [];
  readonly texts: string[] = [];
  private readonly places = new Map<string, number>();

  add(text: string, value: () => T): number {
    const known = this.places.get(text);
    if (known !== undefined) return known;
    this.values.push(value());
    this.texts.push(text);
    this.places.set(text, this.values.length - 1);
    return this.values.length - 1;
  }

  /** undefined: it never came up. */
  find(text: string): number | undefined {
    return this.places.get(text);
  }

  get(place: number): T {
    return this.values[place] as T;
  }
}

export interface Packet {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: ZabMessage;
}

/** What a step, or several that count as one, did. */
export interface Outcome {
  readonly node: number;
  /** Place of a packet, and among how many of the writes then pending the one that holds it is; 0: none. */
  readonly sent: readonly (readonly [packet: number, after: number])[];
  readonly writes: readonly Written[];
}

export interface Settings {
  readonly module: ZabModule;
  readonly ids: readonly string[];
  readonly options: ZabOptions;
  /** Types of messages that the network always loses. */
  readonly lost: ReadonlySet<string>;
}

const NO_VOTE = { leader: 0, peerEpoch: 0, zxidEpoch: 0, zxidIndex: 0 };
const TICKS_MAX = 20;

/**
 * A state as models with an oracle have it: what belongs to the election alone is left out. Two states that differ only
 * there, in timers or in counts of ticks, are taken for one.
 */
export function withoutElection(view: unknown): unknown {
  const none = { logicalClock: 0, vote: NO_VOTE, recvVotes: {}, outOfElection: {}, shunned: [], finalizing: false };
  const { leader } = view as { readonly leader: string | null };
  // TraceIO reads null as "null".
  return { ...(view as object), ...none, leader: leader ?? "null" };
}

export class Cores {
  readonly nodes = new Interner<ZabState>();
  readonly packets = new Interner<Packet>();
  readonly images = new Interner<DiskImage>();
  /** Calls of the core: everything else was remembered. */
  steps = 0;
  readonly settings: Settings;
  private readonly memo = new Map<string, Outcome>();
  private readonly imageMemo = new Map<string, number>();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  addImage(image: DiskImage): number {
    return this.images.add(canonical(image.view()), () => image);
  }

  /** The disk after a write. */
  write(image: number, written: Written): number {
    const key = `${image} ${JSON.stringify(written, (_, value) => (value instanceof Uint8Array ? 0 : value))}`;
    let after = this.imageMemo.get(key);
    if (after === undefined) {
      const copy = this.images.get(image).clone();
      copy.write(written);
      after = this.addImage(copy);
      this.imageMemo.set(key, after);
    }
    return after;
  }

  /** A server that boots from a disk and starts. */
  boot(id: string, image: number, incarnation: number): number {
    const { module, options, ids } = this.settings;
    const { hard, log, snapshot } = this.images.get(image);
    const members = ids.map((one, at) => ({ id: nodeId(one), ordinal: at + 1, role: "voter" as const }));
    const bootstrap = { members, quorums: null };
    const entries = log.slots.filter((entry) => entry !== undefined);
    const state = module.create(
      { id: nodeId(id), incarnation, bootstrap, options, tracing: false },
      { hard, snapshot, entries },
    );
    this.steps += 1;
    module.step(state, { type: "start" }, 0);
    return this.addNode(state);
  }

  private addNode(state: ZabState): number {
    const view = { id: state.id, view: withoutElection(this.settings.module.specState(state)) };
    return this.nodes.add(canonical(view), () => state);
  }

  nodeText(node: number): string {
    const text = this.nodes.texts[node] as string;
    return text.slice(text.indexOf('"view":') + 7, -1);
  }

  /** One input. `key` names it among all inputs of a state. */
  step(node: number, key: string, input: (state: ZabState) => Input<Zab>): Outcome {
    return this.remembered(node, key, (state) => this.run(state, input(state)));
  }

  private remembered(node: number, key: string, act: (state: ZabState) => Effect<Zab>[]): Outcome {
    const place = `${node} ${key}`;
    const known = this.memo.get(place);
    if (known !== undefined) return known;
    const state = this.settings.module.clone(this.nodes.get(node));
    const outcome = this.outcome(state, act(state));
    this.memo.set(place, outcome);
    return outcome;
  }

  private run(state: ZabState, input: Input<Zab>): Effect<Zab>[] {
    this.steps += 1;
    return [...this.settings.module.step(state, input, 0)];
  }

  private outcome(state: ZabState, effects: readonly Effect<Zab>[]): Outcome {
    const sent: [number, number][] = [];
    const writes: Written[] = [];
    for (const effect of effects) {
      if (effect.type === "persist") writes.push(effect);
      if (effect.type !== "send" && effect.type !== "sendSnapshot") continue;
      const { to, message, after } = effect;
      if (message.type === "Notification" || this.settings.lost.has(message.type)) continue;
      const text = canonical({ from: state.id, to, message: messageView(message) });
      const packet = this.packets.add(text, () => ({ from: state.id, to, message }));
      sent.push([packet, Math.max(0, after - state.durableSeq)]);
    }
    return { node: this.addNode(state), sent, writes };
  }

  /** Spec: Elect(i, leader). Votes that no other server cast make the election end as the oracle wants. */
  elect(node: number, leader: string): Outcome {
    const { ids } = this.settings;
    return this.remembered(node, `elect ${leader}`, (state) => {
      const ordinal = ids.indexOf(leader) + 1;
      const others = ids.filter((id) => id !== state.id);
      const round = state.logicalClock + 1;
      const own = { ...state.vote, ...ownVote(state, ordinal) };
      if (leader === state.id) {
        this.tell(state, others[0] as string, { type: "Notification", state: "LOOKING", round, vote: own });
        return this.run(state, { type: "timeout", timer: "finalize" });
      }
      // With two servers the own vote must be among those that name the leader.
      this.tell(state, leader, { type: "Notification", state: "LOOKING", round, vote: { ...own, peerEpoch: 9999 } });
      const follower = others.find((id) => id !== leader);
      const vote = { ...own, peerEpoch: 9999 };
      if (follower !== undefined) this.tell(state, follower, { type: "Notification", state: "FOLLOWING", round, vote });
      return this.tell(state, leader, { type: "Notification", state: "LEADING", round, vote });
    });
  }

  private tell(state: ZabState, from: string, message: ZabMessage): Effect<Zab>[] {
    return this.run(state, { type: "message", from: nodeId(from), message });
  }

  /** Spec: GiveUp(i), LeaderTick(i, everybody, ...). Ticks until it looks for a leader; what earlier ticks send is lost. */
  giveUp(node: number): Outcome {
    return this.remembered(node, "give up", (state) => {
      let effects: Effect<Zab>[] = [];
      for (let ticks = 0; state.serverState !== "LOOKING"; ticks += 1) {
        if (ticks === TICKS_MAX) throw new Error(`${state.id} does not give up`);
        effects = this.run(state, { type: "timeout", timer: "tick" });
      }
      return effects;
    });
  }
}

function ownVote(state: ZabState, leader: number): { leader: number; peerEpoch: number } {
  return { leader, peerEpoch: state.currentEpoch };
}
