/** The simulated world as plain data: what the pieces of the simulator share. Behaviour lives in the other files. */
import type {
  AnyProtocol,
  AnyRegister,
  Cell,
  Configuration,
  Log,
  NodeId,
  Snapshot,
} from "../../../protocols/core/index.js";
import type { ClientRequest, HostEffect, HostInput, RegisterHostEffect, Reply } from "../../host/index.js";
import type { Scenario, Weather } from "../../scenarios/index.js";
import type { Fifo } from "./fifo.js";
import type { EventQueue } from "./queue.js";
import type { Random } from "./random.js";
import type { EnvironmentCounts, Subject } from "./spec.js";
import type { TraceHash } from "./traceHash.js";
import type { TraceSink } from "./trace.js";

export const NS_PER_MS = 1_000_000;

/** Kinds of events in the heap. */
export const ARRIVE = 1;
export const TIMER = 2;
export const TURN = 3;
export const DISK = 4;
export const CLIENT = 5;
export const FAULT = 6;
export const LINK_BREAK = 7;
export const CRASH_TRIGGER = 8;
export const SNAPSHOT_SENT = 9;
export const END = 10;
export const RESTART = 11;
export const IDLE = 12;

export type SimInput = HostInput<AnyProtocol>;
export type SimEffect = HostEffect<AnyProtocol> | RegisterHostEffect<AnyRegister>;
export type Persist = Extract<SimEffect, { readonly type: "persist" }>;
/** A register's write. */
export type Store = Extract<SimEffect, { readonly type: "store" }>;

/** What runs in a process: the host of a log's replica, or of a register's. */
export interface Driven {
  readonly state: object;
  /** A register's host is only given the inputs that it knows: it asks for none of the others. */
  step(input: SimInput, nowMs: number): readonly SimEffect[];
}

/** What travels over a link. */
export type Body =
  /** Already in the form of the input that it becomes: nothing has to be made again where it arrives. */
  | Extract<SimInput, { readonly type: "message" | "request" }>
  | {
      readonly type: "snapshot";
      readonly message: AnyProtocol["Message"];
      readonly snapshot: Snapshot;
      readonly image: Uint8Array;
      readonly transfer: Transfer;
    }
  /** `reply` null: the node's process is gone, its kernel says so. */
  | { readonly type: "reply"; readonly token: number; readonly reply: Reply | null }
  /** Bytes of a live connection: what a real process wrote on its way to another. */
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

/** A snapshot on its way from one process to another node. */
export interface Transfer {
  readonly from: number;
  /** Of the process that sent it: a later one knows nothing of it. */
  readonly incarnation: number;
  readonly to: number;
  readonly id: string;
  /** Its sender has not been told what became of it. */
  open: boolean;
}

export interface Packet {
  readonly link: Link;
  /** Number of the sending; a duplicate has the number of its original. */
  readonly id: number;
  readonly body: Body;
  readonly bytes: number;
  /** The write it waits for; 0: none. */
  readonly after: number;
  /** When it left, and the how manyth to leave it was: a message may be held behind a write after it was made. */
  sentAt: number;
  order: number;
  /** The connection it was sent on; a packet of a broken connection is lost. */
  epoch: number;
  readonly lamport: number;
}

/** One direction between two endpoints. Endpoints below `nodes.length` are nodes, the others clients. */
export interface Link {
  readonly from: number;
  readonly to: number;
  /** Hash of (seed, from, to): everything drawn for this link starts from it. */
  readonly key: number;
  readonly stream: boolean;
  /** Regions of its two ends. */
  readonly regions: readonly [string, string];
  readonly base: Weather;
  /** Regimes laid over the base by faults that are on; the last one counts. */
  overlays: { readonly fault: number; readonly weather: Weather }[];
  /** Number of faults that cut this link; 0: whole. */
  cuts: number;
  readonly regime: Regime;
  /** Nanosecond at which the wire is free again, where there is a bandwidth. */
  wireFreeAt: number;
  readonly connection: Connection | null;
}

/** What a link's weather is in one slot of virtual time. Delays in nanoseconds. */
export interface Regime {
  slot: number;
  slotKey: number;
  /** Messages sent on the link in this slot so far. */
  ordinal: number;
  delay: number;
  jitter: number;
  loss: number;
  duplicate: number;
  reorder: number;
  /** Bytes per second; 0: unlimited. */
  bandwidth: number;
}

/** The state of a stream. */
export interface Connection {
  epoch: number;
  connected: boolean;
  /** When the handshake is through. */
  openAt: number;
  lastArrival: number;
  /** Packets waiting for a cut to end, oldest first. */
  blocked: Packet[];
  /** A break has been scheduled and still counts; `breaks` numbers them. */
  breaking: boolean;
  breaks: number;
  windowBytes: number;
  windowUsed: number;
  windowEnd: number;
  /** Snapshots that were sent on it; those that are still open fail with it. */
  readonly transfers: Set<Transfer>;
}

export interface Timer {
  readonly input: SimInput;
  /** On the node's own clock, nanoseconds. */
  deadline: number;
  armed: boolean;
  /** It fired and its input waits for the node's next turn. */
  fired: boolean;
  /** Virtual time of the event that is in the heap for it; Infinity: none. */
  scheduledAt: number;
  generation: number;
}

export interface Clock {
  /** Anchor: at virtual time `real` the node's clock showed `local` (both nanoseconds). */
  real: number;
  local: number;
  ppm: number;
}

/** What waits for a sync: a write of the core, or bytes for the snapshot store. */
export type PendingWrite = Persist | Store | SavedImage;

export interface SavedImage {
  readonly type: "image";
  readonly id: string;
  readonly index: number;
  readonly bytes: Uint8Array;
  /** What tells the node that the image is durable. */
  readonly input: SimInput;
  /** Whose sender waits to hear that it arrived; null: it was made here. */
  readonly transfer: Transfer | null;
}

/** A disk at the level of records. */
export interface Disk {
  /** What is on stable storage. */
  hard: AnyProtocol["Hard"] | null;
  snapshot: Snapshot | null;
  log: Log;
  /** A register's cells by key, in place of hard state and log. */
  readonly cells: Map<string, Cell>;
  images: Map<string, SavedImage>;
  /** Records since the last compaction that damage may hit. */
  records: number;
  /** What is damaged; found at the next boot. */
  damage: string | null;
  /** Writes the process has issued and that are not durable yet, oldest first. */
  readonly pending: Fifo<PendingWrite>;
  /** How many of `pending` the running sync covers; 0: none runs. */
  syncing: number;
  /** Voids the event of a sync that a crash interrupted. */
  generation: number;
  durableSeq: number;
  /** Messages held behind a write, in the order they were sent. */
  readonly held: Fifo<Packet>;
  readonly random: Random;
  /** Faults: durations that replace the scenario's (last one counts), syncs that will fail, no space left. */
  slow: { readonly fault: number; readonly minMs: number; readonly maxMs: number }[];
  /** For each sync that will fail: how long the node then stays down, nanoseconds; Infinity: for good. */
  failing: number[];
  full: number;
}

/** A node as links, clients and the schedule of faults see it, whether it is simulated or a live process. */
export interface Station {
  readonly number: number;
  readonly id: NodeId;
  readonly region: string;
  readonly voter: boolean;
  /** What runs there; null: nothing. */
  readonly host: object | null;
  /** Round in which it is an established leader; -1: it is not. */
  leaderRound: number;
}

export interface SimNode extends Station {
  readonly ordinal: number;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timerRandom: Random;
  readonly clockRandom: Random;
  readonly idleRandom: Random;
  /** null: the process does not run. */
  host: Driven | null;
  incarnation: number;
  /** Faults that keep the process down; it boots when the last one ends. */
  down: number;
  paused: number;
  /** A write met a full disk, which keeps the process down until there is space again. */
  killedByFullDisk: boolean;
  /** Why its disk refuses to start; null: it does not. */
  corrupt: string | null;
  /** Products of the slow-cpu faults that are on. */
  slowness: number;
  busyUntil: number;
  turnScheduled: boolean;
  turnEndWanted: boolean;
  /** Inputs that wait for the next loop turn. */
  readonly inbox: Fifo<SimInput>;
  timers: Map<string, Timer>;
  lamport: number;
  /** Chance and window of crash-after-persist faults that are on. */
  triggers: { readonly fault: number; readonly chance: number; readonly within: number }[];
  readonly triggerRandom: Random;
  /** What the invariants remember about this incarnation. */
  commitIndex: number;
  appliedIndex: number;
  /** The prefix of its log that was compared with what is applied (leader completeness). */
  verifiedIndex: number;
}

/** One client session at a time; a timed-out write ends the session and starts the next. */
export interface Client {
  readonly number: number;
  readonly group: number;
  readonly region: string;
  /** Nodes, those of its own region first: where it looks for a leader. */
  readonly nodes: readonly number[];
  readonly random: Random;
  /** Session id, and process id in the history. */
  session: number;
  seq: number;
  /** The node it believes to lead, and the one the running attempt went to. */
  leader: number;
  target: number;
  /** The operation in progress; null: idle. */
  request: ClientRequest | null;
  invokedAt: number;
  /** Attempts of this operation start with this number; `attempt` is the latest. */
  firstAttempt: number;
  attempt: number;
  redirects: number;
  /** Attempts of which it is not certain that they failed. */
  unresolved: number;
  /** Virtual times; Infinity: none. */
  retryAt: number;
  attemptUntil: number;
  deadline: number;
  /** Virtual times of the events in the heap, of the pause and of the timeout; Infinity: none. */
  pauseAt: number;
  wakeAt: number;
  generation: number;
  /** What it last saw of each key: the expectation of its compare-and-sets. */
  readonly seen: Map<string, string | null>;
}

export interface Broken {
  readonly invariant: string;
  readonly detail: string;
  readonly atNs: number;
  readonly event: number;
}

/**
 * Everything around the replicas: links, clients, the clock and its queue. The simulator and a run on live processes share
 * it, and with it the code of weather, clients and faults.
 */
export interface Surroundings {
  readonly module: Subject;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly configuration: Configuration;
  readonly queue: EventQueue;
  readonly hash: TraceHash;
  readonly trace: TraceSink | null;
  readonly nodes: readonly Station[];
  readonly numbers: ReadonlyMap<NodeId, number>;
  readonly clients: Client[];
  /** Node to node: `links[from * nodes + to]`. A live run has more behind them: the ways back of its connections. */
  readonly links: Link[];
  /** Client to node and back, made when first used: `from * 65536 + to`. */
  readonly clientLinks: Map<number, Link>;
  /** Weather faults between regions, for the links of clients that have not sent anything yet. */
  clientOverlays: { readonly fault: number; readonly weather: Weather; readonly regions: readonly [string, string] }[];
  readonly counts: EnvironmentCounts;
  /** Told when a stream is reset; null: nobody wants to know. */
  readonly onReset: ((link: Link) => void) | null;
  /** Nanoseconds since the run's beginning. */
  now: number;
  packets: number;
  /** Packets handed to a link so far. */
  sendings: number;
  traceSeq: number;
  /** Time of the first established leader; -1 before. The fault clock's 0. */
  startedAt: number;
  /** The longest delay any replica asked a timer for, milliseconds: how slow this protocol is by its own account. */
  longestTimerMs: number;
}

export interface World extends Surroundings {
  readonly options: object;
  readonly wire: boolean;
  readonly nodes: SimNode[];
  /** Number of the node that is to lead first. */
  readonly firstLeader: number;
  /** States of the running replicas, for the module's invariants. */
  running: object[];
  events: number;
  broken: Broken | null;
}
