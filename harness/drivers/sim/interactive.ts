/**
 * The simulator by hand: the same world, moved event by event or by spans of virtual time, with clients that ask what
 * they are told and faults that fire when they are told. Equal calls on an equal spec give an equal trace hash.
 */
import { assert, type Index, type NodeId, type ReadLevel, type Status } from "../../../protocols/core/index.js";
import { Host, type Operation } from "../../host/index.js";
import type { HistoryEvent } from "../../record/history.js";
import type { Fault, Scenario } from "../../scenarios/index.js";
import { bringUp } from "./node.js";
import { Simulation } from "./simulation.js";
import type { EnvironmentCounts, MachineDigest, SimulationOutcome, SimulationSpec } from "./spec.js";
import {
  ARRIVE,
  type Broken,
  CLIENT,
  CRASH_TRIGGER,
  DISK,
  END,
  FAULT,
  IDLE,
  type Link,
  LINK_BREAK,
  NS_PER_MS,
  type Packet,
  RESTART,
  type SimNode,
  SNAPSHOT_SENT,
  TIMER,
  TURN,
} from "./world.js";

/** A fault without its time: it fires when it is given. `forMs`, if it has one, is a number. */
export type FaultNow = Fault extends infer F ? (F extends Fault ? Omit<F, "atMs" | "everyMs"> : never) : never;

/** An operation that a client was told to do. `outcome` is filled in when the client hears or gives up. */
export interface Ask {
  readonly client: number;
  readonly operation: Operation;
  readonly level: ReadLevel;
  /** Virtual milliseconds since the boot. */
  readonly invokedAtMs: number;
  /** The second event of the operation in the history; null while it is under way. */
  outcome: HistoryEvent | null;
}

export interface NodeView {
  readonly id: NodeId;
  readonly region: string;
  readonly voter: boolean;
  readonly running: boolean;
  readonly paused: boolean;
  /** Why its disk refuses to start; null: it does not. */
  readonly corrupt: string | null;
  /** null: the process does not run, or its protocol has no leader and no log. */
  readonly status: Status | null;
  readonly appliedIndex: Index;
}

/** One direction between two nodes. */
export interface LinkView {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly cut: boolean;
  /** A weather fault lies over it. */
  readonly overlaid: boolean;
}

/** What one step of the world was. */
export interface Stepped {
  readonly kind: EventKind;
  /** The node it happened at; null: not at a node. */
  readonly node: NodeId | null;
  readonly atMs: number;
}

export type EventKind = (typeof KINDS)[keyof typeof KINDS];

const KINDS = {
  [ARRIVE]: "arrive",
  [TIMER]: "timer",
  [TURN]: "turn",
  [DISK]: "synced",
  [CLIENT]: "client",
  [FAULT]: "fault",
  [LINK_BREAK]: "linkBreak",
  [CRASH_TRIGGER]: "crashTrigger",
  [SNAPSHOT_SENT]: "snapshotSent",
  [END]: "end",
  [RESTART]: "restart",
  [IDLE]: "idle",
} as const;

/** Kinds whose first argument is the number of a node. */
const AT_NODE: ReadonlySet<number> = new Set([TIMER, TURN, DISK, CRASH_TRIGGER, RESTART, SNAPSHOT_SENT, IDLE]);

const DEFAULT_TIMEOUT_MS = 2_000;

export interface InteractiveOptions {
  /** How long a told client waits before the outcome is unknown. Milliseconds, > 0. @default 2000 */
  readonly clientTimeoutMs?: number;
}

export class InteractiveSimulation {
  private readonly simulation: Simulation;
  /** Per region, the group of the clients that ask only what they are told. */
  private readonly groups: ReadonlyMap<string, number>;
  /** By session, which is the process in the history. */
  private readonly underWay = new Map<number, Ask>();
  private readonly injected: Fault[] = [];
  private readonly numbers: number[] = [];
  private seen = 0;
  private ended = false;

  /**
   * Boots the cluster of `spec` at virtual time 0. The scenario's own clients and faults, if it lists any, run besides
   * what is told; its duration does not end the run. The history is always kept.
   */
  constructor(spec: SimulationSpec, options: InteractiveOptions = {}) {
    const timeoutMs = options.clientTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    assert(timeoutMs > 0, "a client waits for more than 0 ms");
    const { scenario, groups } = withToldClients(spec.scenario, timeoutMs);
    this.groups = groups;
    this.simulation = new Simulation({ ...spec, scenario, history: true });
    this.simulation.begin();
  }

  /** Virtual milliseconds since the boot. */
  get nowMs(): number {
    return this.simulation.world.now / NS_PER_MS;
  }

  /** The first invariant that broke; nothing happens any more after it. */
  get broken(): Broken | null {
    return this.simulation.world.broken;
  }

  get counts(): Readonly<EnvironmentCounts> {
    return this.simulation.world.counts;
  }

  /** Step inputs given to replicas so far. */
  get events(): number {
    return this.simulation.world.events;
  }

  /** Leaderships that were established so far. */
  get leaderships(): number {
    return this.simulation.ledger.leaders.count;
  }

  /** The longest delay any replica has asked a timer for, milliseconds: how slow this protocol is by its own account. */
  get longestTimerMs(): number {
    return this.simulation.world.longestTimerMs;
  }

  get history(): readonly HistoryEvent[] {
    return this.simulation.clients.recorder.events;
  }

  /** Of everything so far. */
  traceHash(): string {
    return this.simulation.world.hash.digest();
  }

  /** The running node with an established leadership of the highest round; null: there is none. */
  leader(): NodeId | null {
    return this.simulation.ledger.leaders.leader()?.id ?? null;
  }

  nodes(): NodeView[] {
    const { module } = this.simulation.world;
    return this.simulation.world.nodes.map(({ id, region, voter, host, paused, corrupt, appliedIndex }) => ({
      id,
      region,
      voter,
      running: host !== null,
      paused: paused > 0,
      corrupt,
      status: host === null || module.kind === "register" ? null : module.status(host.state),
      appliedIndex,
    }));
  }

  /** A running replica's state under the variable names of its specification; null: it does not run or has none. */
  specState(id: NodeId): unknown {
    const { host } = this.node(id);
    const { module } = this.simulation.world;
    return host === null || module.kind === "register" ? null : module.specState(host.state);
  }

  links(): LinkView[] {
    const { nodes, links } = this.simulation.world;
    const idOf = (number: number): NodeId => (nodes[number] as SimNode).id;
    return links
      .filter(({ from, to }) => from !== to)
      .map(({ from, to, cuts, overlays }) => ({
        from: idOf(from),
        to: idOf(to),
        cut: cuts > 0,
        overlaid: overlays.length > 0,
      }));
  }

  /** Of the running replicas: equal digests at equal indexes mean equal states. Costs a serialization each. */
  machineDigests(): MachineDigest[] {
    const digests: MachineDigest[] = [];
    for (const { id, host } of this.simulation.world.nodes) {
      if (host instanceof Host) digests.push({ node: id, applied: host.appliedIndex, digest: host.machineDigest() });
    }
    return digests;
  }

  /** Handles the next event and says what it was; null: an invariant is broken, or nothing is left to happen. */
  step(): Stepped | null {
    if (!this.next()) return null;
    const { queue } = this.simulation.world;
    return { kind: KINDS[queue.kind as keyof typeof KINDS], node: this.nodeOfEvent(), atMs: this.nowMs };
  }

  /** Lets `ms` of virtual time pass. Returns early only if an invariant breaks. */
  advance(ms: number): void {
    assert(ms >= 0, "virtual time does not run backwards");
    const { world } = this.simulation;
    const until = world.now + Math.round(ms * NS_PER_MS);
    while (world.queue.nextTime() <= until && this.next());
    if (world.broken === null) world.now = until;
  }

  /** Lets time pass until the condition holds, `maxMs` at most. Asked after every event. Returns whether it holds. */
  until(holds: () => boolean, maxMs: number): boolean {
    const { world } = this.simulation;
    const limit = world.now + Math.round(maxMs * NS_PER_MS);
    while (!holds()) {
      if (world.queue.nextTime() > limit || !this.next()) {
        if (world.broken === null) world.now = limit;
        return holds();
      }
    }
    return true;
  }

  /** A client in one of the scenario's regions (absent: the first node's). Returns its number. */
  openClient(region?: string): number {
    const where = region ?? (this.simulation.world.nodes[0] as SimNode).region;
    const group = this.groups.get(where);
    assert(group !== undefined, `no node is in the region ${where}`);
    return this.simulation.clients.create(group).number;
  }

  /** Whether the client has no operation under way. */
  isIdle(client: number): boolean {
    return this.client(client).request === null;
  }

  /**
   * Tells an idle client to ask. `node`: whom it asks first (absent: the node it believes to lead); it goes on to others
   * as clients do, so that `node` only names where the first attempt goes.
   */
  ask(client: number, operation: Operation, level: ReadLevel = "linearizable", node?: NodeId): Ask {
    const asker = this.client(client);
    const ask: Ask = { client, operation, level, invokedAtMs: this.nowMs, outcome: null };
    const target = node === undefined ? asker.leader : this.node(node).number;
    this.simulation.clients.ask(asker, operation, level, target);
    this.underWay.set(asker.session, ask);
    return ask;
  }

  /** Fires a fault. Returns its handle for `end`, or in words why it hit nothing. Not before the first leader. */
  inject(fault: FaultNow): number | string {
    const { world, faults } = this.simulation;
    assert(world.startedAt >= 0, "the fault clock has not started: wait for the first leader");
    const timed = { ...fault, atMs: (world.now - world.startedAt) / NS_PER_MS } as Fault;
    const number = faults.inject(timed);
    const { skipped } = faults.hit(number);
    if (skipped !== null) return skipped;
    this.injected.push(timed);
    this.numbers.push(number);
    return number;
  }

  /** Ends a fault that lasts. A crash has no end: `restart` the node. */
  end(fault: number): void {
    this.simulation.faults.finish(fault);
  }

  /** Boots a node that is down, whatever keeps it down. A damaged disk still refuses. */
  restart(id: NodeId): void {
    const { world, ledger } = this.simulation;
    const node = this.node(id);
    while (node.down > 0) bringUp(world, ledger, node);
  }

  /** Ends every fault that was injected and boots every node. What a fault has destroyed stays destroyed. */
  healAll(): void {
    for (const number of this.numbers) this.end(number);
    for (const { id } of this.simulation.world.nodes) this.restart(id);
  }

  /** The end: operations under way become unknown, durability is checked once more. Nothing can be done after it. */
  finish(): SimulationOutcome {
    assert(!this.ended, "the run has ended before");
    this.ended = true;
    const outcome = this.simulation.finish(0);
    this.settle();
    return { ...outcome, faults: [...outcome.faults, ...this.injected] };
  }

  private next(): boolean {
    assert(!this.ended, "the run has ended");
    const more = this.simulation.next();
    if (this.history.length > this.seen) this.settle();
    return more;
  }

  /** Fills in the outcomes of what the history says has ended. */
  private settle(): void {
    const { history } = this;
    for (; this.seen < history.length; this.seen += 1) {
      const event = history[this.seen] as HistoryEvent;
      if (event.type === "invoke") continue;
      const ask = this.underWay.get(event.process as number);
      if (ask === undefined) continue; // A client of the scenario.
      ask.outcome = event;
      this.underWay.delete(event.process as number);
    }
  }

  private nodeOfEvent(): NodeId | null {
    const { queue, nodes } = this.simulation.world;
    if (queue.kind === ARRIVE) return nodes[(queue.payload as Packet).link.to]?.id ?? null;
    if (queue.kind === LINK_BREAK) return nodes[(queue.payload as Link).to]?.id ?? null;
    return AT_NODE.has(queue.kind) ? (nodes[queue.first]?.id ?? null) : null;
  }

  private node(id: NodeId): SimNode {
    const number = this.simulation.world.numbers.get(id);
    assert(number !== undefined, `there is no node ${id}`);
    return this.simulation.world.nodes[number] as SimNode;
  }

  private client(number: number): Simulation["world"]["clients"][number] {
    const client = this.simulation.world.clients[number];
    assert(client !== undefined, `there is no client ${number}`);
    return client;
  }
}

/** The scenario with one more group of clients per region: none at first, and they never think of anything to ask. */
function withToldClients(
  scenario: Scenario,
  timeoutMs: number,
): { readonly scenario: Scenario; readonly groups: ReadonlyMap<string, number> } {
  const { workload, cluster } = scenario;
  const regions = [...new Set(cluster.nodes.map(({ region }) => region))];
  const groups = new Map(regions.map((region, i) => [region, workload.clients.length + i]));
  const told = regions.map((region) => ({
    region,
    count: 0,
    loop: { type: "closed" as const, thinkMs: Number.POSITIVE_INFINITY },
    mix: {},
    timeoutMs,
  }));
  return { scenario: { ...scenario, workload: { ...workload, clients: [...workload.clients, ...told] } }, groups };
}
