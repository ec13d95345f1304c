/** Every stable state that the code reaches under a model's bounds, by its text in the spec's words. */
import { type Choice, type Packet, type Replica, Replicas, type ReplicasConfig } from "./replicas.js";

/** The bounds and choices of a model: the same as its .cfg gives to MCMultiPaxos.tla. */
export interface Bounds extends ReplicasConfig {
  /** Whose leader timeout may fire, outside the prefix. */
  readonly candidates: readonly string[];
  readonly counterMax: number;
  readonly restartsMax: number;
  readonly messagesMax: number;
  readonly heartbeatsMax: number;
  readonly learnAttemptsMax: number;
  readonly readsMax: number;
  readonly values: readonly string[];
  /** Choices of the environment that are left out, by the spec's action. */
  readonly leftOut: readonly string[];
}

/** A state of the whole cluster, in numbers. */
export interface Cluster {
  readonly replicas: readonly number[];
  /** Sorted numbers of packets. */
  readonly network: readonly number[];
  /** Bit mask over `values`. */
  readonly asked: number;
  readonly restarts: number;
}

/** One choice of the environment, under the name of the spec's action. */
export interface Move {
  readonly action: string;
  /** Place of the replica it is about; -1: of the network alone. */
  readonly at: number;
  readonly choice:
    | Choice
    | { readonly type: "drop"; readonly packet: number }
    | { readonly type: "duplicate"; readonly packet: number };
}

export interface Taken {
  readonly to: Cluster;
  readonly actions: readonly string[];
}

const OWNERS = 65536;

export class Explorer {
  readonly bounds: Bounds;
  readonly replicas: Replicas;
  private all = false;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
    this.replicas = new Replicas(bounds);
  }

  initial(): Cluster {
    return { replicas: this.bounds.ids.map((id) => this.replicas.boot(id)), network: [], asked: 0, restarts: 0 };
  }

  key({ replicas, network, asked, restarts }: Cluster): string {
    return `${replicas.join(",")}|${network.join(",")}|${asked}|${restarts}`;
  }

  /** As `Seen` of MCMultiPaxos.tla prints it. */
  text({ replicas, network, asked, restarts }: Cluster): string {
    const { ids, values } = this.bounds;
    const askedFor = values.filter((_, at) => (asked & (1 << at)) !== 0).map((value) => JSON.stringify(value));
    const each = ids.map((id, at) => `"${id}":${this.replica(replicas[at]).text}`).sort((a, b) => (a < b ? -1 : 1));
    const asks = askedFor.sort((a, b) => (a < b ? -1 : 1)).join(",");
    return `{"asked":[${asks}],"messages":${this.replicas.bagText(network)},"replicas":{${each.join(",")}},"restarts":${restarts}}`;
  }

  replica(number: number | undefined): Replica {
    return this.replicas.list[number as number] as Replica;
  }

  withinBounds({ replicas, network }: Cluster): boolean {
    let count = network.length;
    for (const number of replicas) count += this.replica(number).held;
    return count <= this.bounds.messagesMax;
  }

  take(from: Cluster, { at, choice }: Move): Taken {
    if (choice.type === "drop")
      return { to: { ...from, network: without(from.network, choice.packet) }, actions: ["Drop"] };
    if (choice.type === "duplicate")
      return { to: { ...from, network: [...from.network, choice.packet].sort(ascending) }, actions: ["Duplicate"] };
    return this.takeAt(from, at, choice);
  }

  private takeAt(from: Cluster, at: number, choice: Choice): Taken {
    const { replica, sent, actions } = this.replicas.apply(from.replicas[at] as number, choice);
    const received = choice.type === "deliver" && !this.bounds.keeps;
    let network = received ? without(from.network, choice.packet) : from.network;
    if (sent.length > 0) {
      network = [...network, ...sent].sort(ascending);
      if (this.bounds.keeps) network = network.filter((packet, place) => packet !== network[place - 1]);
    }
    const replicas = from.replicas.with(at, replica);
    const asked = choice.type === "propose" ? from.asked | (1 << this.bounds.values.indexOf(choice.value)) : from.asked;
    const restarts = choice.type === "restart" ? from.restarts + 1 : from.restarts;
    // A reboot is the environment's; the replica names it only once it runs.
    const names = choice.type === "persist" ? ["SyncPersist", ...actions.slice(1)] : actions;
    return { to: { replicas, network, asked, restarts }, actions: names };
  }

  /** Everything the environment may do, without looking at the bound on messages; `all`: also what the model leaves out. */
  moves(from: Cluster, all = false): Move[] {
    this.all = all;
    const moves: Move[] = [];
    let previous = -1;
    for (const packet of from.network) {
      if (packet === previous) continue;
      previous = packet;
      const { to, message } = this.replicas.packets[packet] as Packet;
      const at = this.bounds.ids.indexOf(to);
      moves.push({ action: `Handle${message.type}`, at, choice: { type: "deliver", packet } });
      if (this.bounds.keeps) continue;
      if (this.in("Drop")) moves.push({ action: "Drop", at: -1, choice: { type: "drop", packet } });
      if (this.in("Duplicate")) moves.push({ action: "Duplicate", at: -1, choice: { type: "duplicate", packet } });
    }
    for (let at = 0; at < from.replicas.length; at += 1) {
      this.ownMoves(from, at, moves);
      this.diskMoves(from, at, moves);
    }
    return moves;
  }

  private in(name: string): boolean {
    return this.all || !this.bounds.leftOut.includes(name);
  }

  private ownMoves(from: Cluster, at: number, moves: Move[]): void {
    const { bounds } = this;
    const { id, state } = this.replica(from.replicas[at]);
    const counter = Math.floor(Math.max(state.promisedBallot, state.highestSeen) / OWNERS) + 1;
    const add = (action: string, choice: Choice) => moves.push({ action, at, choice });
    const campaigns = this.all ? !bounds.learners.includes(id) : bounds.candidates.includes(id);
    if (campaigns && state.role !== "leader" && counter <= bounds.counterMax)
      add(bounds.options.stickiness ? "Probe" : "Prepare", { type: "timeout", timer: "leader" });
    if (state.role === "leader") {
      for (const [bit, value] of bounds.values.entries())
        if ((from.asked & (1 << bit)) === 0) add("ClientRequest", { type: "propose", value });
      if (this.in("Heartbeat") && state.heartbeatSequence < bounds.heartbeatsMax)
        add("Heartbeat", { type: "timeout", timer: "heartbeat" });
    }
    if (this.in("LearnTimeout") && state.learning && state.learnAttempt < bounds.learnAttemptsMax)
      add("LearnTimeout", { type: "timeout", timer: "learn" });
    if (this.in("TakeSnapshot"))
      for (let index = (state.snapshot?.index ?? 0) + 1; index <= state.decidedIndex; index += 1)
        add("TakeSnapshot", { type: "snapshot", index });
    if (this.in("SnapshotSent")) for (const to of state.snapshotsTo) add("SnapshotSent", { type: "snapshotSent", to });
    const reads = bounds.options.readMechanism === "quorumRead" && this.in("Read");
    if (reads && state.readQuery === null && state.readSequence < bounds.readsMax) add("Read", { type: "read" });
  }

  private diskMoves(from: Cluster, at: number, moves: Move[]): void {
    const writes = this.replica(from.replicas[at]).pending.length;
    for (let count = 1; count <= writes; count += 1)
      moves.push({ action: "SyncPersist", at, choice: { type: "persist", count } });
    if (from.restarts >= this.bounds.restartsMax) return;
    for (let kept = 0; kept <= writes; kept += 1)
      moves.push({ action: "Restart", at, choice: { type: "restart", kept } });
  }
}

export interface Explored {
  /** Text of every stable state. */
  readonly texts: ReadonlySet<string>;
  readonly edges: number;
  readonly wallMs: number;
}

/** Breadth first from `start`, which counts as within the bounds. Throws above `statesMax`. */
export function explore(explorer: Explorer, start: Cluster, statesMax: number): Explored {
  const began = process.hrtime.bigint();
  const seen = new Set([explorer.key(start)]);
  const queue = [start];
  let edges = 0;
  for (let next = queue[0], at = 0; next !== undefined; at += 1, next = queue[at]) {
    for (const move of explorer.moves(next)) {
      const { to } = explorer.take(next, move);
      if (!explorer.withinBounds(to)) continue;
      edges += 1;
      const key = explorer.key(to);
      if (seen.has(key)) continue;
      if (seen.size >= statesMax) throw new Error(`the code reaches more than ${statesMax} states`);
      seen.add(key);
      queue.push(to);
    }
  }
  const wallMs = Number(process.hrtime.bigint() - began) / 1e6;
  return { texts: new Set(queue.map((cluster) => explorer.text(cluster))), edges, wallMs };
}

function ascending(a: number, b: number): number {
  return a - b;
}

function without(network: readonly number[], packet: number): readonly number[] {
  const at = network.indexOf(packet);
  return [...network.slice(0, at), ...network.slice(at + 1)];
}
