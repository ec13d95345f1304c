/**
 * Three replicas and nothing else. Writes are durable at once, messages arrive in the order they were sent, no timer fires
 * after the election. What this loop costs beside the cores is a queue; what it leaves out is everything else.
 */
import {
  type AnyModule,
  type AnyProtocol,
  type Configuration,
  type Effect,
  type Input,
  type NodeId,
  nodeId,
} from "../protocols/core/index.js";

export const IDS: readonly NodeId[] = ["n1", "n2", "n3"].map(nodeId);
const CONFIGURATION: Configuration = {
  members: IDS.map((id, i) => ({ id, ordinal: i + 1, role: "voter" })),
  quorums: null,
};
const COMMAND = new Uint8Array(256);
const TIMEOUTS_MAX = 200;

interface Work {
  readonly to: number;
  readonly input: Input<AnyProtocol>;
}

/** A cluster without faults whose only clock is the order of its queue. */
export class Loop {
  steps = 0;
  applied = 0;
  /** Every message sent, if somebody wants them. */
  sent: unknown[] | null = null;
  readonly #module: AnyModule;
  readonly #states: object[];
  readonly #queue: Work[] = [];
  readonly #timers: Map<string, number>[] = IDS.map(() => new Map());

  constructor(module: AnyModule) {
    this.#module = module;
    const options = module.defaultOptions("matched");
    this.#states = IDS.map((id) =>
      module.create(
        { id, incarnation: 1, bootstrap: CONFIGURATION, options, tracing: false },
        { hard: null, snapshot: null, entries: [] },
      ),
    );
    for (let node = 0; node < IDS.length; node += 1) this.#give(node, { type: "start" });
    this.#drain();
    for (let i = 0; !this.#everyoneFollows(); i += 1) {
      if (i > TIMEOUTS_MAX) throw new Error(`${module.name}: no leader after ${TIMEOUTS_MAX} timeouts`);
      this.#fireShortestTimer();
    }
  }

  /** One leads and the others know it: a follower that is still joining would make the steps cheaper than they are. */
  #everyoneFollows(): boolean {
    return this.leader() !== -1 && this.#states.every((state) => this.#module.status(state).leader !== null);
  }

  leader(): number {
    return this.#states.findIndex((state) => this.#module.status(state).role === "leader");
  }

  propose(node: number, request: number): void {
    this.#give(node, { type: "propose", request, command: COMMAND });
    this.#drain();
  }

  #give(to: number, input: Input<AnyProtocol>): void {
    this.#queue.push({ to, input });
  }

  #drain(): void {
    for (let at = 0; at < this.#queue.length; at += 1) {
      const { to, input } = this.#queue[at] as Work;
      this.steps += 1;
      const state = this.#states[to] as object;
      for (const effect of this.#module.step(state, input, 0)) this.#take(to, effect);
    }
    this.#queue.length = 0;
  }

  #take(node: number, effect: Effect<AnyProtocol>): void {
    if (effect.type === "send") {
      this.sent?.push(effect.message);
      this.#give(IDS.indexOf(effect.to), { type: "message", from: IDS[node] as NodeId, message: effect.message });
    } else if (effect.type === "persist") this.#give(node, { type: "durable", upTo: effect.seq });
    else if (effect.type === "apply") this.applied += 1;
    else if (effect.type === "setTimer") this.#timers[node]?.set(effect.timer, effect.maxMs + node);
    else if (effect.type === "cancelTimer") this.#timers[node]?.delete(effect.timer);
    else if (effect.type === "takeSnapshot") {
      this.#give(node, { type: "snapshotTaken", index: effect.index, id: `s${effect.index}`, bytes: 1 });
    }
  }

  #fireShortestTimer(): void {
    let node = -1;
    let timer = "";
    let shortest = Number.POSITIVE_INFINITY;
    this.#timers.forEach((timers, owner) => {
      for (const [name, ms] of timers) {
        if (ms >= shortest) continue;
        shortest = ms;
        node = owner;
        timer = name;
      }
    });
    if (node === -1) throw new Error(`${this.#module.name}: no timer is armed`);
    // Time passes for the others, so that every timer has its turn.
    for (const timers of this.#timers) for (const [name, ms] of timers) timers.set(name, ms - shortest);
    this.#timers[node]?.delete(timer);
    this.#give(node, { type: "timeout", timer });
    this.#drain();
  }
}
