/** Multi-Paxos for exploration: its choices, its disk, and both in the words of MCMultiPaxos.tla. */
import { assert, type Entry, nodeId, type ProtocolModule } from "../../../protocols/core/index.js";
import {
  type MultiPaxos,
  type MultiPaxosHard,
  type MultiPaxosOptions,
  type MultiPaxosState,
  specEntry,
  specMessage,
} from "../../../protocols/multipaxos/index.js";
import type { Adapter, Choice, Persist, SpecShape } from "../adapter.js";

export type MultiPaxosModule = ProtocolModule<MultiPaxos>;

/** The bounds and choices of a model: the same as its .cfg gives to MCMultiPaxos.tla. */
export interface Bounds {
  readonly ids: readonly string[];
  readonly learners: readonly string[];
  readonly options: MultiPaxosOptions;
  /** Messages that the network always loses. */
  readonly lost: readonly string[];
  /** Whether the network keeps every message for ever. */
  readonly keeps: boolean;
  /** Commands by the values that the spec knows them by. */
  readonly commands: ReadonlyMap<string, Uint8Array>;
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

export interface MultiPaxosDisk {
  readonly hard: MultiPaxosHard | null;
  /** Index of the snapshot; 0: there is none. */
  readonly snapshot: number;
  readonly entries: readonly Entry[];
}

const OWNERS = 65536;

export function multipaxosAdapter(
  module: MultiPaxosModule,
  bounds: Bounds,
  tracing: boolean,
): Adapter<MultiPaxos, MultiPaxosDisk> {
  const members = bounds.ids.map((id, at) => ({
    id: nodeId(id),
    ordinal: at + 1,
    role: bounds.learners.includes(id) ? ("learner" as const) : ("voter" as const),
  }));
  const bootstrap = { members, quorums: null };
  return {
    module,
    nodes: members.map(({ id }) => id),
    network: bounds.keeps ? "set" : "bag",
    messagesMax: bounds.messagesMax,
    counters: [
      { name: "restarts", max: bounds.restartsMax },
      ...bounds.values.map((value) => ({ name: `asked for ${value}`, max: 1 })),
    ],
    prefixCounts: true,
    persistName: "SyncPersist",
    allows: (name) => !bounds.leftOut.includes(name),
    emptyDisk: () => ({ hard: null, snapshot: 0, entries: [] }),
    boot: (id, { hard, snapshot: index, entries }, before) => {
      const config = { id, incarnation: (before?.incarnation ?? 0) + 1, bootstrap, options: bounds.options, tracing };
      return module.create(config, { hard, snapshot: index === 0 ? null : snapshotOf(index), entries });
    },
    written,
    loses: ({ type }) => bounds.lost.includes(type),
    packetView: (from, to, message) => ({ from, to, ...specMessage(message) }),
    handler: ({ type }) => `Handle${type}`,
    packetArgs: (action, { to, text }) => (action.startsWith("Handle") ? `["${to}",${text}]` : `[${text}]`),
    deliver: ({ from, message }) =>
      message.type === "InstallSnapshot"
        ? { type: "snapshotReceived", from, message, snapshot: snapshotOf(message.decidedIndex) }
        : { type: "message", from, message },
    choices: (state, bounded) => choicesOf(state, bounds, bounded),
    nodeView: (state) =>
      leases(bounds)
        ? { ...(module.specState(state) as object), leased: state.leaseUntilMs > 0 }
        : module.specState(state),
    durableView: ({ hard, snapshot, entries }) => ({
      promisedBallot: hard?.promisedBallot ?? 0,
      decidedIndex: hard?.decidedIndex ?? 0,
      snapshot,
      log: entries.map(specEntry),
    }),
    writeView: ({ persist }) => {
      const { promisedBallot, decidedIndex } = persist.hard as MultiPaxosHard;
      const entries = persist.entries.map(specEntry);
      return { promisedBallot, decidedIndex, snapshot: persist.snapshot?.index ?? 0, entries };
    },
    hidden: () => "",
    shapeOf: (state, prefixLength) => shapeOf(state as MultiPaxosShape, prefixLength, bounds),
    edgeOf: (name, args) => ({ name, args }),
    actionNames: ([first = "", ...rest]) => {
      // A reboot, loss and doubling are the environment's, as is the name of a write's end.
      if (first === "Restart" || first === "Drop" || first === "Duplicate") return null;
      // Neither does anything that the core would name.
      if (first === "Refuse" || first === "LeaseEnds") return [];
      return [first === "SyncPersist" ? "Persist" : first, ...rest];
    },
  };
}

function leases({ options }: Bounds): boolean {
  return options.readMechanism === "lease";
}

function snapshotOf(index: number): { id: string; index: number; round: number; bytes: number } {
  return { id: `s${index}`, index, round: 0, bytes: 1 };
}

function choicesOf(state: MultiPaxosState, bounds: Bounds, bounded: boolean): readonly Choice<MultiPaxos>[] {
  const found: Choice<MultiPaxos>[] = [];
  const has = (name: string): boolean => !bounded || !bounds.leftOut.includes(name);
  const add = (
    action: string,
    input: Parameters<Parameters<Choice<MultiPaxos>["act"]>[1]>[0],
    args: Choice<MultiPaxos>["args"] = [],
    spends: string | null = null,
  ): void => void found.push({ action, args, spends, act: (_state, step) => step(input) });
  const { id } = state;
  const leads = state.role === "leader";
  const counter = Math.floor(Math.max(state.promisedBallot, state.highestSeen) / OWNERS) + 1;
  const campaigns = bounded ? bounds.candidates.includes(id) : !bounds.learners.includes(id);
  if (campaigns && !leads && counter <= bounds.counterMax)
    add(bounds.options.stickiness ? "Probe" : "Prepare", { type: "timeout", timer: "leader" });
  if (leads) {
    for (const value of bounds.values) {
      const command = bounds.commands.get(value);
      assert(command !== undefined, `no command for ${value}`);
      add("ClientRequest", { type: "propose", request: 1, command }, [value], `asked for ${value}`);
    }
    if (has("Heartbeat") && state.heartbeatSequence < bounds.heartbeatsMax)
      add("Heartbeat", { type: "timeout", timer: "heartbeat" });
  }
  if (has("LearnTimeout") && state.learning && state.learnAttempt < bounds.learnAttemptsMax)
    add("LearnTimeout", { type: "timeout", timer: "learn" }, (sentTo) => sentTo.slice(0, 1));
  if (has("TakeSnapshot"))
    for (let index = (state.snapshot?.index ?? 0) + 1; index <= state.decidedIndex; index += 1)
      add("TakeSnapshot", { type: "snapshotTaken", index, id: `s${index}`, bytes: 1 }, [index]);
  if (has("SnapshotSent"))
    for (const to of state.snapshotsTo) add("SnapshotSent", { type: "snapshotSent", to, id: "", ok: true }, [to]);
  if (bounded && leads && leases(bounds)) found.push(...leaseChoices(state, has));
  const reads = bounds.options.readMechanism === "quorumRead" && has("Read");
  if (reads && state.readQuery === null && state.readSequence < bounds.readsMax)
    add("Read", { type: "read", request: 1, level: "linearizable" });
  return found;
}

/**
 * No clock moves: a lease runs until it is said to have ended. Which of the first two a read comes to is the
 * specification's to say; what waits for the next lease is forgotten, as the specification has no such reads.
 */
function leaseChoices(state: MultiPaxosState, has: (name: string) => boolean): readonly Choice<MultiPaxos>[] {
  const read = (action: string): Choice<MultiPaxos> => ({
    action,
    args: [],
    spends: null,
    act: (leader, step) => {
      const effects = step({ type: "read", request: 1, level: "linearizable" });
      leader.reads.length = 0;
      return effects;
    },
  });
  const ends: Choice<MultiPaxos> = {
    action: "LeaseEnds",
    args: [],
    spends: null,
    act: (leader) => {
      leader.leaseUntilMs = 0;
      return [];
    },
  };
  return [
    ...(has("Read") ? [read("Read"), read("Refuse")] : []),
    ...(has("LeaseEnds") && state.leaseUntilMs > 0 ? [ends] : []),
  ];
}

function written(disk: MultiPaxosDisk, persist: Persist<MultiPaxos>): MultiPaxosDisk {
  const { hard } = persist;
  assert(
    hard !== null && persist.truncateFrom === null,
    "a write of Multi-Paxos carries its hard state and cuts nothing",
  );
  const snapshot = Math.max(disk.snapshot, persist.snapshot?.index ?? 0);
  const held = new Map(disk.entries.map((entry) => [entry.index, entry]));
  for (const entry of persist.entries) held.set(entry.index, entry);
  const entries = [...held.values()].filter(({ index }) => index > snapshot).sort((a, b) => a.index - b.index);
  return { hard, snapshot, entries };
}

interface MultiPaxosShape {
  readonly seen: {
    readonly replicas: Readonly<
      Record<
        string,
        { readonly node: unknown; readonly disk: Pick<SpecShape["replicas"][number], "durable" | "pending"> }
      >
    >;
    readonly messages: unknown;
    readonly asked: readonly string[];
    readonly restarts: number;
  };
  readonly quiet: boolean;
  readonly pre: number;
}

function shapeOf({ seen, quiet, pre }: MultiPaxosShape, prefixLength: number, { ids, values }: Bounds): SpecShape {
  const { replicas, messages, asked, restarts } = seen;
  return {
    replicas: ids.map((id) => {
      const { node, disk } = replicas[id] as MultiPaxosShape["seen"]["replicas"][string];
      return { node, ...disk };
    }),
    messages,
    spent: [restarts, ...values.map((value) => (asked.includes(value) ? 1 : 0))],
    quiet,
    forced: prefixLength - pre,
  };
}
