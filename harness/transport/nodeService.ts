/** What a running node offers to interfaces beside the lean protocol, such as etcd's, and to those who watch it. */
import type { Status } from "../../protocols/core/index.js";
import type { ClientRequest, Reply, StoreFigures } from "../host/index.js";

export interface ServedMember {
  readonly id: string;
  readonly ordinal: number;
  readonly role: "voter" | "learner";
  /** host:port, as in the node's configuration. */
  readonly peer: string;
  readonly client: string;
  readonly etcd: string | null;
  readonly metrics: string | null;
}

export interface NodeService {
  readonly cluster: string;
  readonly protocol: string;
  /** This node. */
  readonly self: ServedMember;
  /** All of them, this node included, by ordinal. */
  readonly members: readonly ServedMember[];
  /** Counts the openings of this node's store, from 1. */
  readonly incarnation: number;
  /**
   * Hands a request to the replica within this turn of the loop. `answer` is called once, later, perhaps within this call.
   * Client ids below 2^31 belong to interfaces; a client has one write outstanding, and `seq` grows by one for each.
   */
  request(request: Omit<ClientRequest, "token">, answer: (reply: Reply) => void): void;
  status(): NodeStatus;
  /** 16 hex digits over machine and sessions; takes long where they are large. */
  machineDigest(): string;
  readonly counters: Readonly<NodeCounters>;
  /** Tells from now on. May be called several times. */
  observe(observer: NodeObserver): void;
}

/** What STATUS answers with, as JSON. */
export interface NodeStatus extends Status {
  readonly id: string;
  readonly ordinal: number;
  readonly cluster: string;
  readonly protocol: string;
  readonly incarnation: number;
  readonly pid: number;
  readonly appliedIndex: number;
  readonly store: StoreFigures;
  /** By the peer's id. */
  readonly peers: { readonly [id: string]: Readonly<PeerCounters> };
  /** Of machine and sessions, if it was asked for. */
  readonly digest?: string;
  readonly counters: Readonly<NodeCounters>;
  /** CPU of the process since its start, user and system, microseconds. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

/** To and from one peer since the process began. */
export interface PeerCounters {
  /** Of protocol messages with their frames. */
  bytesSent: number;
  bytesReceived: number;
  /** As `messagesDropped`. */
  messagesDropped: number;
}

/** Since the process began. All grow, except those that say otherwise. */
export interface NodeCounters {
  /** Entries given to the core; each holds the writes of one loop turn or more. */
  proposals: number;
  /** Write requests of clients, and how they ended. */
  writes: number;
  writesOk: number;
  writesFailed: number;
  writesUnknown: number;
  reads: number;
  /** Write requests that wait for their outcome now: may fall. */
  writesPending: number;
  /** Entries applied. */
  applied: number;
  /** How often this node saw another leader, or the same in another round. */
  leaderChanges: number;
  messagesSent: number;
  messagesReceived: number;
  /** Messages that did not leave because their peer could not be reached, or did not read. */
  messagesDropped: number;
  /** Of protocol messages with their frames. */
  bytesSent: number;
  bytesReceived: number;
  clientBytesSent: number;
  clientBytesReceived: number;
  clientConnections: number;
  /** Connections closed for what they sent or did not read. */
  connectionsClosed: number;
  snapshotsSent: number;
  snapshotsReceived: number;
  /** As in `StorageCounts`. */
  walWrites: number;
  walBatches: number;
  walBytes: number;
  syncsOnLoop: number;
  syncsBeside: number;
  syncsElse: number;
  /** Turns of the loop in which the node did something. */
  turns: number;
}

/** Calls must be quick: they are made on the loop of the node. */
export interface NodeObserver {
  /** A sync of the log that took this long, in seconds. */
  sync?(seconds: number): void;
  /** There and back to a peer, in seconds. */
  roundTrip?(peer: string, seconds: number): void;
  /** A write was answered with ok, so long after it had arrived; seconds. */
  commit?(seconds: number): void;
}
