/** Raft for exploration: its choices, its disk, and both in the words of MCRaft.tla. */
import {
  compactTo,
  type Configuration,
  createLog,
  type Entry,
  lastIndex,
  type Log,
  type ProtocolModule,
  putEntry,
  type Snapshot,
  truncateFrom,
} from "../../../protocols/core/index.js";
import {
  type Raft,
  type RaftMessage,
  type RaftOptions,
  type RaftState,
  specEntry,
} from "../../../protocols/raft/index.js";
import type { Adapter, Choice, Persist, SpecShape, Write } from "../adapter.js";
import { addressed } from "./trace.js";

export type RaftModule = ProtocolModule<Raft>;

/** The constants of MCRaft.tla. */
export interface Bounds {
  readonly cluster: Configuration;
  readonly options: RaftOptions;
  readonly leftOut: ReadonlySet<string>;
  readonly termMax: number;
  readonly logMax: number;
  readonly roundsMax: number;
  readonly restartsMax: number;
  readonly readsMax: number;
  readonly messagesMax: number;
  readonly starters: ReadonlySet<string>;
}

export interface RaftDisk {
  readonly hard: Raft["Hard"] | null;
  readonly snapshot: Snapshot | null;
  readonly log: Log;
}

const COMMAND = new TextEncoder().encode("a");

const HANDLERS: Readonly<Record<RaftMessage["type"], string>> = {
  RequestVote: "HandleRequestVoteRequest",
  RequestVoteResponse: "HandleRequestVoteResponse",
  RequestPreVote: "HandleRequestPreVoteRequest",
  RequestPreVoteResponse: "HandleRequestPreVoteResponse",
  AppendEntries: "HandleAppendEntriesRequest",
  AppendEntriesResponse: "HandleAppendEntriesResponse",
  Heartbeat: "HandleHeartbeatRequest",
  HeartbeatResponse: "HandleHeartbeatResponse",
  InstallSnapshot: "HandleInstallSnapshotRequest",
  InstallSnapshotResponse: "HandleInstallSnapshotResponse",
  ReadIndexRequest: "HandleReadIndexRequest",
  ReadIndexResponse: "HandleReadIndexResponse",
};

export function raftAdapter(module: RaftModule, bounds: Bounds, tracing: boolean): Adapter<Raft, RaftDisk> {
  return {
    module,
    nodes: bounds.cluster.members.map(({ id }) => id),
    network: "bag",
    messagesMax: bounds.messagesMax,
    counters: [
      { name: "restarts", max: bounds.restartsMax },
      { name: "reads", max: bounds.readsMax },
    ],
    prefixCounts: true,
    persistName: "SyncPersist",
    allows: (name) => !bounds.leftOut.has(name),
    emptyDisk: () => ({ hard: null, snapshot: null, log: createLog(null, []) }),
    boot: (id, { hard, snapshot, log }) => {
      const config = { id, incarnation: 1, bootstrap: bounds.cluster, options: bounds.options, tracing };
      return module.create(config, { hard, snapshot, entries: entriesOf(log) });
    },
    written,
    loses: () => false,
    packetView: addressed,
    handler: ({ type }) => HANDLERS[type],
    packetArgs: (_action, { text }) => `[${text}]`,
    deliver: ({ from, message, snapshot }) =>
      message.type === "InstallSnapshot" && snapshot !== null
        ? { type: "snapshotReceived", from, message, snapshot }
        : { type: "message", from, message },
    choices: (r, bounded) => choicesOf(r, bounded ? bounds : null),
    nodeView: (r) => {
      const { lastIndex: _i, lastTerm: _t, lastValue: _v, ...shown } = module.specState(r) as Shown;
      return { ...shown, log: logView(r.log) };
    },
    durableView: ({ hard, snapshot, log }) => ({
      currentTerm: hard?.currentTerm ?? 0,
      // Ordinals go by the order of the members.
      votedFor: bounds.cluster.members[(hard?.votedFor ?? 0) - 1]?.id ?? "Nil",
      snapshot: positionOf(snapshot),
      log: logView(log),
    }),
    writeView: (write, r, at) => writeView(write, r, at, bounds.cluster),
    hidden: hiddenText,
    shapeOf: (state, prefixLength) => shapeOf(state as RaftShape, prefixLength, bounds.cluster),
    edgeOf: (name, args) => ({ name, args }),
    actionNames,
  };
}

type Shown = Readonly<Record<string, unknown>>;

/** @param bounds null: everything that a prefix may do */
function choicesOf(r: RaftState, bounds: Bounds | null): readonly Choice<Raft>[] {
  const found: Choice<Raft>[] = [];
  const has = (name: string): boolean => bounds === null || !bounds.leftOut.has(name);
  const add = (action: string, input: Parameters<Parameters<Choice<Raft>["act"]>[1]>[0], ...args: unknown[]): void =>
    void found.push({ action, args, spends: null, act: (_state, step) => step(input) });
  const leads = r.role === "Leader";
  if (r.leaderHeard && !leads) {
    if (has("LeaderSilent")) add("LeaderSilent", { type: "timeout", timer: "election" });
  } else if (r.voter && !leads && (bounds === null || (r.currentTerm < bounds.termMax && bounds.starters.has(r.id)))) {
    const asks = r.options.preVote && r.quorum.election > 1;
    add(asks ? "TimeoutPreVote" : "Timeout", { type: "timeout", timer: "election" });
  }
  if (leads && has("Heartbeat") && (bounds === null || r.round < bounds.roundsMax))
    add("Heartbeat", { type: "timeout", timer: "heartbeat" });
  if (leads && r.options.checkQuorum && has("CheckQuorum"))
    add("CheckQuorum", { type: "timeout", timer: "checkQuorum" });
  if (leads && has("ClientRequest") && (bounds === null || lastIndex(r.log) < bounds.logMax))
    add("ClientRequest", { type: "propose", request: 0, command: COMMAND });
  if (has("CompactLog") && r.commitIndex > (r.snapshot?.index ?? 0)) {
    const id = `${r.id}-${r.commitIndex}`;
    add("CompactLog", { type: "snapshotTaken", index: r.commitIndex, id, bytes: 1 }, r.commitIndex);
  }
  if (leads && has("SnapshotSent")) {
    for (const p of r.peers) {
      if (p.phase !== "Snapshot") continue;
      for (const ok of [false, true]) add("SnapshotSent", { type: "snapshotSent", to: p.id, id: "", ok }, p.id, ok);
    }
  }
  if (bounds !== null && bounds.readsMax > 0) found.push(...readsOf(r));
  return found;
}

/** A read while the lease runs, if there is one, and one for which it has ended. No clock moves, so it ends for that read alone. */
function readsOf(r: RaftState): readonly Choice<Raft>[] {
  const read = (held: boolean): Choice<Raft> => ({
    action: "ReadIndex",
    args: [held],
    spends: "reads",
    act: (state, step) => {
      const { leaseFromMs } = state;
      if (!held) state.leaseFromMs = Number.NEGATIVE_INFINITY;
      const effects = step({ type: "read", request: 1, level: "linearizable" });
      state.leaseFromMs = leaseFromMs;
      return effects;
    },
  });
  return r.role === "Leader" && r.leaseFromMs >= 0 ? [read(false), read(true)] : [read(false)];
}

function entriesOf(log: Log): Entry[] {
  return log.slots.filter((entry) => entry !== undefined);
}

function written(disk: RaftDisk, write: Persist<Raft>): RaftDisk {
  const log: Log = { ...disk.log, slots: disk.log.slots.slice() };
  if (write.truncateFrom !== null && write.truncateFrom <= lastIndex(log)) truncateFrom(log, write.truncateFrom);
  if (write.snapshot !== null) {
    compactTo(log, write.snapshot.index, write.snapshot.round);
    if (log.snapshotIndex === write.snapshot.index) log.snapshotRound = write.snapshot.round;
  }
  for (const entry of write.entries) putEntry(log, entry);
  return { hard: write.hard ?? disk.hard, snapshot: write.snapshot ?? disk.snapshot, log };
}

function positionOf(snapshot: Snapshot | null): object {
  return { index: snapshot?.index ?? 0, term: snapshot?.round ?? 0 };
}

function logView(log: Log): object[] {
  return log.slots.map((entry) => specEntry(entry as Entry));
}

function writeView(
  { persist, image }: Write<Raft, RaftDisk>,
  r: RaftState,
  at: number,
  cluster: Configuration,
): object {
  const { hard, truncateFrom: from, snapshot, entries } = persist;
  return {
    hard: hard !== null,
    currentTerm: image.hard?.currentTerm ?? 0,
    votedFor: cluster.members[(image.hard?.votedFor ?? 0) - 1]?.id ?? "Nil",
    from: from ?? 0,
    snapshot: positionOf(snapshot),
    entries: entries.map(specEntry),
    index: r.writes[at]?.index ?? -1,
  };
}

/** Numbers of writes relative to the last one. */
function hiddenText(r: RaftState): string {
  return JSON.stringify([
    r.confirmedRound,
    r.leaseFromMs,
    r.snapshotRequested,
    r.uncommittedBytes,
    r.proposals.map(({ index, bytes }) => [index, bytes]),
    r.hardSeq > r.durableSeq ? r.seq - r.hardSeq : -1,
    r.writes.map(({ seq }) => r.seq - seq),
    r.peers.map((p) => [p.inflightSizes, p.inflightBytes]),
    r.votedFor,
    r.role,
  ]);
}

interface RaftShape {
  readonly node: Readonly<Record<string, unknown>>;
  readonly disk: Readonly<Record<string, Pick<SpecShape["replicas"][number], "durable" | "pending">>>;
  readonly messages: unknown;
  readonly restarts: number;
  readonly asks: number;
  readonly pre: number;
  readonly quiet: boolean;
}

function shapeOf(
  { node, disk, messages, restarts, asks, pre, quiet }: RaftShape,
  prefixLength: number,
  { members }: Configuration,
): SpecShape {
  const replicas = members.map(({ id }) => ({ node: node[id], ...(disk[id] as RaftShape["disk"][string]) }));
  return { replicas, messages, spent: [restarts, asks], quiet, forced: prefixLength - pre };
}

/** The disk's names are the environment's; a restart is crash and boot in one, of which the core names the boot alone. */
function actionNames([first, ...rest]: readonly string[]): readonly string[] | null {
  if (first === undefined || first === "Restart" || first === "Drop" || first === "Duplicate") return null;
  return [first === "SyncPersist" ? "Persist" : first, ...rest];
}
