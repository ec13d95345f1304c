/** What fast-check may do to a cluster: client operations, faults, and time. */
import {
  type Arbitrary,
  type Command as ModelCommand,
  commands,
  constant,
  constantFrom,
  integer,
  nat,
  record,
} from "fast-check";
import { unreachable, type NodeId, type ReadLevel } from "../../protocols/core/index.js";
import { CLIENTS, type Cluster, KEYS } from "./cluster.js";
import type { Value, WriteOperation } from "./keyModel.js";

/** Virtual milliseconds that pass after the command, with reads of every key under way. */
interface Timed {
  readonly waitMs: number;
}
interface ByClient extends Timed {
  readonly client: number;
  readonly key: string;
}
/** A node by its place, modulo the size of the cluster; -1: whoever leads. */
type Place = number;

export type Action =
  | ({ readonly type: "put" | "append" | "delete" } & ByClient)
  /** `guess`: which of the possible values it expects, modulo their number; -1: one that was never written. */
  | ({ readonly type: "cas"; readonly guess: number } & ByClient)
  | ({ readonly type: "get"; readonly level: ReadLevel; readonly place: Place } & ByClient)
  | ({ readonly type: "crash"; readonly place: Place; readonly tornWrite: number } & Timed)
  | ({ readonly type: "restart"; readonly place: number } & Timed)
  | ({ readonly type: "powerLoss"; readonly forMs: number; readonly tornWrite: number } & Timed)
  /** `side`: bit i says on which side node i is. */
  | ({ readonly type: "partition"; readonly side: number } & Timed)
  | ({ readonly type: "isolate"; readonly place: Place } & Timed)
  | ({ readonly type: "cutOneWay"; readonly place: Place; readonly to: number } & Timed)
  | ({ readonly type: "healLinks" } & Timed)
  | ({ readonly type: "pause"; readonly place: Place } & Timed)
  | ({ readonly type: "resume"; readonly place: number } & Timed)
  | ({ readonly type: "badWeather"; readonly loss: number } & Timed)
  | ({ readonly type: "goodWeather" } & Timed)
  | ({ readonly type: "pass" } & Timed);

/** What has been done to the cluster and lasts. The keys' models live with the cluster, which hears the answers. */
export class Model {
  /** Numbers of the values written so far: every write is told from every other. */
  written = 0;
  readonly down = new Set<NodeId>();
  readonly paused = new Map<NodeId, number>();
  cuts: number[] = [];
  weather: number | null = null;
  readonly busy = new Set<number>();
  /** Writes per key that may still happen: the orders they can happen in grow with their factorial. */
  readonly open = new Map<string, number>();

  look(cluster: Cluster): void {
    this.busy.clear();
    for (let client = 0; client < CLIENTS; client += 1) if (!cluster.isIdle(client)) this.busy.add(client);
    for (const key of KEYS) this.open.set(key, cluster.model(key).open);
  }
}

const OPEN_MAX = 4;
const COMMANDS_MAX = 60;

export class Command implements ModelCommand<Model, Cluster> {
  readonly action: Action;

  constructor(action: Action) {
    this.action = action;
  }

  check(model: Readonly<Model>): boolean {
    const { action } = this;
    switch (action.type) {
      case "put":
      case "append":
      case "delete":
      case "cas":
        return !model.busy.has(action.client) && (model.open.get(action.key) ?? 0) < OPEN_MAX;
      case "get":
        return !model.busy.has(action.client);
      case "restart":
        return model.down.size > 0;
      case "resume":
        return model.paused.size > 0;
      case "healLinks":
        return model.cuts.length > 0;
      case "badWeather":
        return model.weather === null;
      case "goodWeather":
        return model.weather !== null;
      default:
        return true;
    }
  }

  run(model: Model, cluster: Cluster): void {
    perform(this.action, model, cluster);
    cluster.pass(this.action.waitMs);
    model.look(cluster);
  }

  toString(): string {
    const { type, ...rest } = this.action;
    return `${type}(${Object.entries(rest)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")})`;
  }
}

function perform(action: Action, model: Model, cluster: Cluster): void {
  switch (action.type) {
    case "put":
    case "append":
    case "delete":
    case "cas":
      cluster.ask(action.client, writeOf(action, model, cluster), "linearizable");
      break;
    case "get":
      cluster.ask(action.client, { f: "get", key: action.key }, action.level, nodeAt(cluster, action.place));
      break;
    case "crash":
    case "restart":
    case "powerLoss":
    case "pause":
    case "resume":
      onProcesses(action, model, cluster);
      break;
    case "partition":
    case "isolate":
    case "cutOneWay":
    case "healLinks":
    case "badWeather":
    case "goodWeather":
      onLinks(action, model, cluster);
      break;
    case "pass":
      break;
    default:
      unreachable(action);
  }
}

function writeOf(
  action: Extract<Action, { readonly type: "put" | "append" | "delete" | "cas" }>,
  model: Model,
  cluster: Cluster,
): WriteOperation {
  const { type: f, key } = action;
  if (f === "delete") return { f, key };
  model.written += 1;
  const value = `${model.written};`;
  return f === "cas" ? { f, key, expected: expectedBy(action.guess, key, cluster), value } : { f, key, value };
}

function expectedBy(guess: number, key: string, cluster: Cluster): Value {
  if (guess < 0) return "never written";
  const possible = cluster.model(key).possible();
  return possible[guess % possible.length] as Value;
}

type OnProcesses = Extract<Action, { readonly type: "crash" | "restart" | "powerLoss" | "pause" | "resume" }>;

function onProcesses(action: OnProcesses, model: Model, cluster: Cluster): void {
  switch (action.type) {
    case "crash": {
      const nodes = nodeAt(cluster, action.place);
      if (model.down.has(nodes)) return;
      if (cluster.fault({ type: "crash", nodes, tornWrite: action.tornWrite }) !== null) model.down.add(nodes);
      break;
    }
    case "restart": {
      const node = pick([...model.down].sort(), action.place);
      cluster.sim.restart(node);
      model.down.delete(node);
      break;
    }
    case "powerLoss":
      // Nodes that were down before stay down.
      cluster.fault({ type: "crash", nodes: "all", tornWrite: action.tornWrite, forMs: action.forMs });
      break;
    case "pause": {
      const nodes = nodeAt(cluster, action.place);
      if (model.paused.has(nodes)) return;
      const fault = cluster.fault({ type: "pause", nodes });
      if (fault !== null) model.paused.set(nodes, fault);
      break;
    }
    case "resume": {
      const node = pick([...model.paused.keys()].sort(), action.place);
      cluster.sim.end(model.paused.get(node) as number);
      model.paused.delete(node);
      break;
    }
    default:
      unreachable(action);
  }
}

type OnLinks = Exclude<
  Action,
  OnProcesses | { readonly type: "put" | "append" | "delete" | "cas" | "get" } | { readonly type: "pass" }
>;

function onLinks(action: OnLinks, model: Model, cluster: Cluster): void {
  const { nodeIds } = cluster;
  switch (action.type) {
    case "partition": {
      const one = nodeIds.filter((_, i) => (action.side & (1 << i)) !== 0);
      cutOff(model, cluster, [one, nodeIds.filter((node) => !one.includes(node))]);
      break;
    }
    case "isolate": {
      const alone = nodeAt(cluster, action.place);
      cutOff(model, cluster, [[alone], nodeIds.filter((node) => node !== alone)]);
      break;
    }
    case "cutOneWay": {
      const from = nodeAt(cluster, action.place);
      const to = pick(
        nodeIds.filter((node) => node !== from),
        action.to,
      );
      const fault = cluster.fault({ type: "cut", from, to, oneWay: true });
      if (fault !== null) model.cuts.push(fault);
      break;
    }
    case "healLinks":
      for (const fault of model.cuts) cluster.sim.end(fault);
      model.cuts = [];
      break;
    case "badWeather": {
      const { loss } = action;
      const weather = { delayMs: { min: 0.2, max: 20 }, jitterMs: 40, loss, duplicate: 0.1, reorder: 0.2 };
      model.weather = cluster.fault({ type: "weather", between: "all", weather });
      break;
    }
    case "goodWeather":
      cluster.sim.end(model.weather as number);
      model.weather = null;
      break;
    default:
      unreachable(action);
  }
}

function cutOff(model: Model, cluster: Cluster, groups: readonly (readonly NodeId[])[]): void {
  const fault = cluster.fault({ type: "partition", groups: groups.filter((group) => group.length > 0) });
  if (fault !== null) model.cuts.push(fault);
}

function nodeAt(cluster: Cluster, place: Place): NodeId {
  const leader = place < 0 ? cluster.sim.leader() : null;
  return leader ?? pick(cluster.nodeIds, Math.max(0, place));
}

function pick<T>(items: readonly T[], at: number): T {
  return items[at % items.length] as T;
}

/** Every command the protocol can be asked for; the order says what shrinks to what. */
export function commandsFor(
  readLevels: readonly ReadLevel[],
  replayPath: string | undefined,
): Arbitrary<Iterable<ModelCommand<Model, Cluster>>> {
  const waitMs = constantFrom(10, 0, 1, 3, 30, 100, 400);
  const client = nat({ max: CLIENTS - 1 });
  const key = constantFrom(...KEYS);
  const place = constantFrom(-1, 0, 1, 2, 3, 4);
  const tornWrite = constantFrom(0, 0.5, 1);
  const level = constantFrom(...readLevels);
  const write = { client, key, waitMs };
  const any = nat({ max: 4 });
  const every: readonly (readonly [number, Arbitrary<Action>])[] = [
    [3, record({ type: constant("put" as const), ...write })],
    [2, record({ type: constant("append" as const), ...write })],
    [1, record({ type: constant("delete" as const), ...write })],
    [2, record({ type: constant("cas" as const), ...write, guess: integer({ min: -1, max: 3 }) })],
    [2, record({ type: constant("get" as const), ...write, level, place })],
    [1, record({ type: constant("crash" as const), place, tornWrite, waitMs })],
    [2, record({ type: constant("restart" as const), place: any, waitMs })],
    [1, record({ type: constant("powerLoss" as const), forMs: constantFrom(5, 100), tornWrite, waitMs })],
    [1, record({ type: constant("partition" as const), side: nat({ max: 31 }), waitMs })],
    [1, record({ type: constant("isolate" as const), place, waitMs })],
    [1, record({ type: constant("cutOneWay" as const), place, to: nat({ max: 3 }), waitMs })],
    [2, record({ type: constant("healLinks" as const), waitMs })],
    [1, record({ type: constant("pause" as const), place, waitMs })],
    [2, record({ type: constant("resume" as const), place: any, waitMs })],
    [1, record({ type: constant("badWeather" as const), loss: constantFrom(0.1, 0.3), waitMs })],
    [2, record({ type: constant("goodWeather" as const), waitMs })],
    [2, record({ type: constant("pass" as const), waitMs: constantFrom(500, 1_500, 6_000) })],
  ];
  // Commands are drawn evenly from the list, so that a weight is a number of places in it.
  const actions = every.flatMap(([weight, action]) => Array.from({ length: weight }, () => action));
  return commands(
    actions.map((action) => action.map((one) => new Command(one))),
    { maxCommands: COMMANDS_MAX, size: "max", ...(replayPath === undefined ? {} : { replayPath }) },
  );
}
