/** The real thing of the model-based tests: a simulated cluster, its clients, and the model of every key beside it. */
import { type Ask, type FaultNow, InteractiveSimulation } from "../../harness/drivers/sim/index.js";
import type { Operation } from "../../harness/host/index.js";
import type { HistoryEvent } from "../../harness/record/history.js";
import { resolveOptions, type Scenario } from "../../harness/scenarios/index.js";
import type { AnyModule, NodeId, ReadLevel } from "../../protocols/core/index.js";
import { scenarioOf } from "../sim/support.js";
import { KeyModel, ModelViolation, type WriteOperation } from "./keyModel.js";

export const KEYS = ["a", "b"] as const;
export const CLIENTS = 3;
/** Short, so that outcomes become unknown within a run. */
const CLIENT_TIMEOUT_MS = 1_000;
/** A cluster without faults has this many of its own longest timers' time to serve again. */
const RECOVERY_TIMERS = 10;
const RECOVERY_MS = 3_000;
/** A snapshot that the weather ate is only missed after ten seconds; nobody but its receiver has to wait for it. */
const SNAPSHOT_LOST_MS = 10_000;
const FIRST_LEADER_MS = 30_000;

/** What happened over some runs: a search that never acknowledges a write or never hits a node finds nothing. */
export interface Tally {
  acknowledged: number;
  refusedSwaps: number;
  unknown: number;
  failed: number;
  linearizableReads: number;
  staleReads: number;
  /** Reads that the cluster, being sound, had to answer. */
  owedReads: number;
  leaderships: number;
  crashes: number;
  writesLost: number;
  dropped: number;
  faults: Record<string, number>;
}

export function emptyTally(): Tally {
  return {
    acknowledged: 0,
    refusedSwaps: 0,
    unknown: 0,
    failed: 0,
    linearizableReads: 0,
    staleReads: 0,
    owedReads: 0,
    leaderships: 0,
    crashes: 0,
    writesLost: 0,
    dropped: 0,
    faults: {},
  };
}

/** Times a few times shorter than the profile's and snapshots after a few entries, so that a short run meets both. */
function optionsOf(lease: boolean): NonNullable<Scenario["options"]> {
  const snapshotEveryEntries = 12;
  return {
    raft: {
      heartbeatIntervalMs: 40,
      electionTimeoutMinMs: 200,
      electionTimeoutMaxMs: 400,
      readMechanism: lease ? "lease" : "readIndex",
      snapshotEveryEntries,
      snapshotKeepEntries: 3,
    },
    multipaxos: {
      heartbeatMs: 40,
      leaderTimeoutMinMs: 200,
      leaderTimeoutMaxMs: 400,
      retransmitMs: 80,
      learnRetryMs: 80,
      leaseMs: 150,
      readMechanism: lease ? "lease" : "quorumRead",
      snapshotEveryEntries,
      snapshotTrailingEntries: 3,
    },
    zab: {
      tickTimeMs: 50,
      finalizeWaitMs: 50,
      notificationMinMs: 50,
      notificationMaxMs: 200,
      connectRetryMs: 30,
      snapshotEveryEntries,
      trailingEntries: 3,
    },
  };
}

export interface Setup {
  readonly seed: number;
  readonly nodes: number;
  /** Linearizable reads by a lease, where the protocol has one. */
  readonly lease: boolean;
}

interface Open {
  readonly id: number;
  readonly ask: Ask;
  readonly model: KeyModel;
}

export class Cluster {
  readonly sim: InteractiveSimulation;
  readonly nodeIds: readonly NodeId[];
  readonly tally: Tally;
  private readonly models = new Map<string, KeyModel>(KEYS.map((key) => [key, new KeyModel(key)]));
  private readonly clients: readonly number[];
  /** One reader per key looks at it after every command. */
  private readonly probes: readonly number[];
  private open: Open[] = [];
  private asked = 0;
  /** Since when nothing has changed and nothing keeps the cluster from serving; Infinity: something does. */
  private soundSinceMs = 0;
  private environment = "";

  constructor(module: AnyModule, setup: Setup, tally: Tally) {
    const scenario = {
      ...scenarioOf([], { nodes: setup.nodes, options: optionsOf(setup.lease) }),
      workload: { clients: [], keys: { count: KEYS.length, distribution: "uniform" as const } },
    };
    const options = resolveOptions(scenario, module, "matched", scenario.name);
    this.sim = new InteractiveSimulation(
      { module, scenario, options, timing: "matched", seed: setup.seed, history: true },
      { clientTimeoutMs: CLIENT_TIMEOUT_MS },
    );
    this.tally = tally;
    this.nodeIds = this.sim.nodes().map(({ id }) => id);
    if (!this.sim.until(() => this.sim.leader() !== null, FIRST_LEADER_MS)) this.problem("no first leader");
    this.clients = Array.from({ length: CLIENTS }, () => this.sim.openClient());
    this.probes = KEYS.map(() => this.sim.openClient());
  }

  model(key: string): KeyModel {
    return this.models.get(key) as KeyModel;
  }

  isIdle(client: number): boolean {
    return this.sim.isIdle(this.clients[client] as number);
  }

  /** Tells one of the clients; its first attempt goes to `node`, or to the node it believes to lead. */
  ask(client: number, operation: Operation, level: ReadLevel, node?: NodeId): void {
    this.tell(this.clients[client] as number, operation, level, node);
  }

  private tell(client: number, operation: Operation, level: ReadLevel, node?: NodeId): void {
    this.asked += 1;
    const id = this.asked;
    const model = this.model("key" in operation ? operation.key : "");
    if (operation.f !== "get") model.askWrite(id, operation as WriteOperation);
    else if (level === "linearizable") model.askRead(id);
    this.open.push({ id, ask: this.sim.ask(client, operation, level, node), model });
  }

  /** Fires a fault and counts it; null: there was nothing to hit. */
  fault(fault: FaultNow): number | null {
    const hit = this.sim.inject(fault);
    if (typeof hit === "string") return null;
    this.tally.faults[fault.type] = (this.tally.faults[fault.type] ?? 0) + 1;
    return hit;
  }

  /**
   * After every command: a linearizable read of every key is under way, through whichever node is next, and time
   * passes. What is answered meanwhile must agree with the model.
   */
  pass(ms: number): void {
    this.watchSoundness();
    for (const [i, probe] of this.probes.entries()) {
      if (!this.sim.isIdle(probe)) continue;
      const node = this.nodeIds[(this.asked + i) % this.nodeIds.length] as NodeId;
      this.tell(probe, { f: "get", key: KEYS[i] as string }, "linearizable", node);
    }
    this.sim.advance(ms);
    this.settle();
  }

  /** Throws if an invariant is broken; gives the outcomes to the models, in the order in which clients heard them. */
  settle(): void {
    const { broken } = this.sim;
    const ended = this.open.filter(({ ask }) => ask.outcome !== null);
    this.open = this.open.filter(({ ask }) => ask.outcome === null);
    ended.sort((a, b) => indexOf(a) - indexOf(b));
    for (const one of ended) this.end(one, one.ask.outcome as HistoryEvent);
    if (broken !== null) this.problem(`${broken.invariant}: ${broken.detail} (event ${broken.event})`);
  }

  private end({ id, ask, model }: Open, outcome: HistoryEvent): void {
    const { tally } = this;
    if (ask.operation.f !== "get") {
      model.endWrite(id, outcome);
      if (outcome.type === "ok") tally.acknowledged += 1;
      else if (outcome.type === "info") tally.unknown += 1;
      else if (outcome.error === "cas") tally.refusedSwaps += 1;
      else tally.failed += 1;
    } else if (ask.level === "linearizable") {
      model.endRead(id, outcome);
      this.isOwed(ask, outcome);
      if (outcome.type === "ok") tally.linearizableReads += 1;
    } else {
      model.endStaleRead(outcome);
      if (outcome.type === "ok") tally.staleReads += 1;
    }
  }

  /** A cluster that has been sound for long enough owes every client an answer. */
  private isOwed(ask: Ask, outcome: HistoryEvent): void {
    if (ask.invokedAtMs < this.soundSinceMs + this.recoveryMs) return;
    this.tally.owedReads += 1;
    if (outcome.type === "ok") return;
    const since = Math.round(ask.invokedAtMs - this.soundSinceMs);
    this.problem(`nobody answers a linearizable read ${since} ms after the last fault (${outcome.error ?? ""})`);
  }

  private get recoveryMs(): number {
    return Math.max(RECOVERY_MS, RECOVERY_TIMERS * this.sim.longestTimerMs);
  }

  /** Any change, also a node that comes back or a crash that is over already, may cost a new election. */
  private watchSoundness(): void {
    const environment = JSON.stringify([
      this.sim.counts.crashes,
      this.sim.nodes().map(({ running, paused }) => [running, paused]),
      this.sim.links().map(({ cut, overlaid }) => [cut, overlaid]),
    ]);
    if (environment === this.environment) return;
    this.environment = environment;
    this.soundSinceMs = this.isSound() ? this.sim.nowMs : Number.POSITIVE_INFINITY;
  }

  /**
   * A majority runs, is connected within itself by whole links, and every other running node is cut off from it
   * entirely: none of the protocols promises progress while a node reaches only a part of the majority.
   */
  private isSound(): boolean {
    const links = this.sim.links();
    if (links.some((link) => link.overlaid)) return false;
    const up = this.sim.nodes().filter((node) => node.running && !node.paused);
    const cut = new Set(links.filter((link) => link.cut).map(({ from, to }) => `${from} ${to}`));
    const whole = (a: NodeId, b: NodeId): boolean => !cut.has(`${a} ${b}`) && !cut.has(`${b} ${a}`);
    const apart = (a: NodeId, b: NodeId): boolean => cut.has(`${a} ${b}`) && cut.has(`${b} ${a}`);
    return up.some(({ id }) => {
      const group = up.filter((other) => other.id === id || whole(id, other.id)).map((node) => node.id);
      const rest = up.map((node) => node.id).filter((other) => !group.includes(other));
      return (
        2 * group.length > this.nodeIds.length &&
        group.every((a) => group.every((b) => a === b || whole(a, b)) && rest.every((b) => apart(a, b)))
      );
    });
  }

  /** Everything heals: every key is written again, all replicas come to the same state, every key is read. */
  finish(): void {
    this.sim.healAll();
    this.watchSoundness();
    const limitMs = this.recoveryMs;
    this.waitFor("the operations under way end", () => this.allEnded(), limitMs);
    for (const [i, key] of KEYS.entries()) this.mustWrite(i, key, limitMs);
    this.waitFor("all replicas have applied the same", () => this.haveAppliedTheSame(), limitMs + SNAPSHOT_LOST_MS);
    this.mustAgree();
    for (const [i, key] of KEYS.entries()) this.tell(this.probes[i] as number, { f: "get", key }, "linearizable");
    this.waitFor("the last reads end", () => this.allEnded(), limitMs);
    const { counts } = this.sim;
    this.tally.leaderships += this.sim.leaderships;
    this.tally.crashes += counts.crashes;
    this.tally.writesLost += counts.writesLost;
    this.tally.dropped += counts.dropped;
    const { broken } = this.sim.finish().record;
    if (broken !== null) this.problem(`at the end ${broken.invariant}: ${broken.detail}`);
  }

  /** New writes until one is acknowledged; those before it may have met the election. */
  private mustWrite(client: number, key: string, limitMs: number): void {
    const until = this.sim.nowMs + limitMs;
    const { tally } = this;
    const before = tally.acknowledged;
    for (let round = 0; tally.acknowledged === before; round += 1) {
      if (this.sim.nowMs > until) this.problem(`no write to ${key} is acknowledged within ${limitMs} ms after the end`);
      this.ask(client, { f: "put", key, value: `last${round}` }, "linearizable");
      this.waitFor("the last writes end", () => this.allEnded(), limitMs);
    }
  }

  private haveAppliedTheSame(): boolean {
    const nodes = this.sim.nodes();
    return nodes.every((node) => node.running && node.appliedIndex === nodes[0]?.appliedIndex);
  }

  private mustAgree(): void {
    const digests = this.sim.machineDigests();
    if (new Set(digests.map(({ digest }) => digest)).size === 1) return;
    this.problem(`the machines differ at index ${digests[0]?.applied}: ${JSON.stringify(digests)}`);
  }

  private allEnded(): boolean {
    return this.open.every(({ ask }) => ask.outcome !== null);
  }

  private waitFor(what: string, holds: () => boolean, limitMs: number): void {
    const came = this.sim.until(holds, limitMs);
    this.settle();
    if (!came) this.problem(`not within ${Math.round(limitMs)} ms after the end: ${what}`);
  }

  private problem(what: string): never {
    throw new ModelViolation(what);
  }
}

function indexOf({ ask }: Open): number {
  return ask.outcome?.index ?? 0;
}
