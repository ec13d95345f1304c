/** The simulator: one seed, one virtual world, the same run on every machine. */
import { assert, type Configuration, nodeId, type NodeId } from "../../../protocols/core/index.js";
import type { Scenario } from "../../scenarios/index.js";
import { Clients } from "./clients.js";
import { timerIsDue } from "./clock.js";
import { createDisk } from "./disk.js";
import { Faults } from "./faults.js";
import { Fifo } from "./fifo.js";
import { type Ledger, LogLedger } from "./ledger.js";
import { LivenessWatch } from "./liveness.js";
import { arrives, onLinkBreak } from "./network.js";
import { RegisterLedger } from "./registerLedger.js";
import { boot, bringUp, enqueue, onCrashTrigger, onSynced, receive, resumeTurns } from "./node.js";
import { traceRefused } from "./traceStep.js";
import { outcomeOf } from "./outcome.js";
import { Random } from "./random.js";
import { clientReply } from "./reply.js";
import { explicitFaults } from "./schedule.js";
import { SimFaults } from "./simFaults.js";
import type { SimulationOutcome, SimulationSpec } from "./spec.js";
import { createSurroundings } from "./surroundings.js";
import { heard, notMade } from "./transfers.js";
import {
  ARRIVE,
  CLIENT,
  type Client,
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
  type Timer,
  TURN,
  type World,
} from "./world.js";

/** A cluster without a leader by then starts its fault clock anyway. */
const FIRST_LEADER_MS = 60_000;

export class Simulation {
  readonly spec: SimulationSpec;
  readonly world: World;
  readonly ledger: Ledger;
  readonly clients: Clients;
  readonly faults: Faults;
  readonly explicit: ReturnType<typeof explicitFaults>;
  readonly liveness: LivenessWatch;
  /** Virtual time of the end; moves when a liveness check needs longer. */
  private endAt = Number.POSITIVE_INFINITY;
  private started = false;
  private ended = false;

  constructor(spec: SimulationSpec) {
    this.spec = spec;
    this.world = createWorld(spec);
    this.ledger =
      spec.module.kind === "register"
        ? new RegisterLedger(this.world, spec.module)
        : new LogLedger(this.world, spec.module);
    this.clients = new Clients(this.world, spec.history, spec.omittedOperations ?? []);
    this.explicit = explicitFaults(spec.scenario, spec.seed);
    const hands = new SimFaults(this.world, this.ledger, this.clients);
    this.faults = new Faults(this.world, this.ledger.leaders, hands, this.explicit);
    this.liveness = new LivenessWatch(this.world, this.faults, this.clients);
  }

  run(): SimulationOutcome {
    const wallFrom = process.hrtime.bigint();
    const { world } = this;
    this.begin();
    const eventsMax = this.spec.eventsMax ?? Number.POSITIVE_INFINITY;
    while (!this.ended && world.events < eventsMax && this.next());
    return this.finish(Number(process.hrtime.bigint() - wallFrom) / 1e6);
  }

  /** Boots every node. Once, before the first `next`. */
  begin(): void {
    const { world } = this;
    for (const node of world.nodes) boot(world, this.ledger, node);
    world.queue.push(FIRST_LEADER_MS * NS_PER_MS, END, 0, 0, "first leader");
    if (world.startedAt >= 0) this.start(); // Nobody has to lead.
  }

  /** Handles the next event. False: an invariant is broken, or nothing is left to happen. */
  next(): boolean {
    const { world } = this;
    if (world.broken !== null || !world.queue.pop()) return false;
    world.now = world.queue.time;
    this.dispatchCaught();
    if (!this.started && world.startedAt >= 0) this.start();
    return true;
  }

  /** Ends the clients and gathers what happened. Once, after the last `next`. */
  finish(wallMs: number): SimulationOutcome {
    this.clients.end();
    if (this.world.broken === null) this.ledger.finalCheck();
    return outcomeOf(this, wallMs);
  }

  /** The first leader is there: clients, faults and the measured time begin. */
  private start(): void {
    const { world } = this;
    this.started = true;
    this.clients.start();
    this.faults.start();
    this.liveness.start();
    this.endAt = world.startedAt + Math.round(world.scenario.durationMs * NS_PER_MS);
    world.queue.push(this.endAt, END, 0, 0, "duration");
  }

  /** A core or host that throws has found a bug in itself. */
  private dispatchCaught(): void {
    try {
      this.dispatch();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const place = error.stack?.split("\n")[2]?.trim() ?? "";
      this.ledger.break(
        "no replica throws",
        `${error.name}: ${error.message} (${place.replace(/\(.*\/(.*)\)/, "$1")})`,
      );
    }
  }

  private dispatch(): void {
    const { world, ledger } = this;
    const { queue } = world;
    const { first, second, payload } = queue;
    switch (queue.kind) {
      case ARRIVE:
        this.onArrive(payload as Packet);
        break;
      case TIMER: {
        const node = world.nodes[first] as SimNode;
        const timer = payload as Timer;
        if (timerIsDue(world, node, timer, second)) enqueue(world, ledger, node, timer.input);
        break;
      }
      case TURN:
        this.onTurn(world.nodes[first] as SimNode, second);
        break;
      case DISK:
        onSynced(world, ledger, world.nodes[first] as SimNode, second);
        break;
      case CLIENT:
        this.clients.onWake(world.clients[first] as Client, second);
        break;
      case FAULT:
        if (first < 0) this.liveness.onFaultsEnd();
        else this.faults.onEvent(first, second);
        break;
      case LINK_BREAK:
        onLinkBreak(world, payload as Link, second);
        break;
      case CRASH_TRIGGER: {
        const node = world.nodes[first] as SimNode;
        if (node.host !== null && node.incarnation === second) this.clients.onCrash(node);
        onCrashTrigger(world, ledger, node, second, payload);
        break;
      }
      case RESTART:
        bringUp(world, ledger, world.nodes[first] as SimNode);
        break;
      case SNAPSHOT_SENT: {
        const node = world.nodes[first] as SimNode;
        const input = heard(node, world.nodes, payload);
        if (input !== null) enqueue(world, ledger, node, input);
        break;
      }
      case IDLE: {
        const node = world.nodes[first] as SimNode;
        if (node.host !== null && node.incarnation === second) enqueue(world, ledger, node, { type: "idle" });
        break;
      }
      case END:
        this.onEnd(payload as string);
        break;
      default:
        throw new Error(`no event has the kind ${queue.kind}`);
    }
  }

  private onTurn(node: SimNode, incarnation: number): void {
    if (node.incarnation !== incarnation) return;
    node.turnScheduled = false;
    resumeTurns(this.world, this.ledger, node);
  }

  /** Everything that reaches an idle node at one instant is one loop turn. */
  private onArrive(packet: Packet): void {
    const { world, ledger } = this;
    if (!arrives(world, packet)) return;
    const { to } = packet.link;
    const node = world.nodes[to];
    if (node === undefined) {
      this.clients.onReply(world.clients[to - world.nodes.length] as Client, packet);
      return;
    }
    if (node.host === null) {
      this.refuse(node, packet);
      return;
    }
    receive(world, ledger, node, packet);
  }

  /** Nobody listens: the kernel refuses the connection. */
  private refuse(node: SimNode, packet: Packet): void {
    const { world } = this;
    const { link, body } = packet;
    traceRefused(world, node, packet);
    if (body.type === "request") clientReply(world, node, body.request.token, null, world.now);
    else if (body.type === "snapshot" && link.stream) notMade(world, body.transfer, world.now + link.regime.delay);
  }

  private onEnd(what: string): void {
    const { world } = this;
    if (what === "first leader") {
      if (world.startedAt < 0) world.startedAt = world.now;
      return;
    }
    const wait = this.liveness.waitsUntil();
    if (wait > world.now) world.queue.push(wait, END, 0, 0, "liveness");
    else this.ended = true;
  }
}

/** Runs one seed to its end, or to the first broken invariant. Deterministic but for `wallMs`. */
export function runSimulation(spec: SimulationSpec): SimulationOutcome {
  return new Simulation(spec).run();
}

function createWorld(spec: SimulationSpec): World {
  const { scenario } = spec;
  const configuration = configurationOf(scenario);
  const nodes = scenario.cluster.nodes.map((shape, number) => createNode(spec, configuration, shape.region, number));
  return {
    ...createSurroundings({ ...spec, configuration, nodes, trace: spec.trace ?? null, onReset: null }),
    options: spec.options,
    wire: spec.wire ?? false,
    firstLeader: firstLeaderOf(scenario),
    running: [],
    events: 0,
    broken: null,
  };
}

function idOf(number: number): NodeId {
  return nodeId(`n${number + 1}`);
}

function firstLeaderOf(scenario: Scenario): number {
  const wanted = scenario.cluster.firstLeader ?? "n1";
  return scenario.cluster.nodes.findIndex((_, number) => idOf(number) === wanted);
}

/** The node that is to lead first has the highest ordinal, which decides ZAB's election between equal histories. */
export function configurationOf(scenario: Scenario): Configuration {
  const { nodes, quorums } = scenario.cluster;
  const first = firstLeaderOf(scenario);
  const members = nodes.map(({ role }, number) => {
    const ordinal = number === first ? nodes.length : number > first ? number : number + 1;
    return { id: idOf(number), ordinal, role };
  });
  return { members, quorums: quorums ?? null };
}

function createNode(spec: SimulationSpec, configuration: Configuration, region: string, number: number): SimNode {
  const { seed } = spec;
  const member = configuration.members[number];
  assert(member !== undefined, "every node is a member");
  return {
    number,
    id: member.id,
    ordinal: member.ordinal,
    region,
    voter: member.role === "voter",
    disk: createDisk(seed, number),
    clock: { real: 0, local: 0, ppm: 0 },
    timerRandom: new Random(seed, "timer", number),
    clockRandom: new Random(seed, "clock", number),
    idleRandom: new Random(seed, "idle", number),
    triggerRandom: new Random(seed, "trigger", number),
    host: null,
    incarnation: 0,
    down: 0,
    paused: 0,
    killedByFullDisk: false,
    corrupt: null,
    slowness: 1,
    busyUntil: 0,
    turnScheduled: false,
    turnEndWanted: false,
    inbox: new Fifo(),
    timers: new Map(),
    lamport: 0,
    triggers: [],
    commitIndex: 0,
    appliedIndex: 0,
    leaderRound: -1,
    verifiedIndex: 0,
  };
}
