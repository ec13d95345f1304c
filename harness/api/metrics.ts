/**
 * What a node tells Prometheus. A name of etcd's is used where the meaning is etcd's; every other name begins with
 * `synod_`. README.md has the table.
 */
import { status } from "@grpc/grpc-js";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NodeCounters, NodeService, NodeStatus, PeerCounters } from "../transport/index.js";

/** etcd's: powers of two from 1 ms, and from 0.1 ms for round trips. Seconds. */
const SYNC_BUCKETS = powersOfTwo(0.001, 14);
const ROUND_TRIP_BUCKETS = powersOfTwo(0.0001, 15);
const COMMIT_BUCKETS = powersOfTwo(0.0001, 16);

function powersOfTwo(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from * 2 ** i);
}

/** A value that is read off the node's status when somebody asks. */
type Reading = readonly [name: string, help: string, value: (status: NodeStatus) => number];

/** Gauges, as in etcd, also where a value only grows. */
const GAUGES: readonly Reading[] = [
  ["etcd_server_has_leader", "Whether this node knows an established leader.", ({ leader }) => flag(leader !== null)],
  ["etcd_server_is_leader", "Whether this node is the established leader.", ({ role }) => flag(role === "leader")],
  ["etcd_server_is_learner", "Whether this node is a learner.", ({ role }) => flag(role === "learner")],
  [
    "etcd_server_proposals_committed_total",
    "Log position up to which this node knows all to be committed.",
    ({ commitIndex }) => commitIndex,
  ],
  [
    "etcd_server_proposals_applied_total",
    "Log position up to which this node has applied all.",
    ({ appliedIndex }) => appliedIndex,
  ],
  [
    "etcd_server_proposals_pending",
    "Write requests of clients that wait for their outcome.",
    ({ counters }) => counters.writesPending,
  ],
  ["etcd_debugging_mvcc_keys_total", "Keys of the machine.", ({ store }) => store.keys],
  ["etcd_debugging_mvcc_current_revision", "The machine's revision.", ({ store }) => store.revision],
  [
    "etcd_debugging_mvcc_compact_revision",
    "The last revision that a compaction was asked for; -1: none.",
    ({ store }) => store.compacted,
  ],
  ["synod_machine_bytes", "Bytes of keys and values, those of earlier revisions included.", ({ store }) => store.bytes],
  [
    "synod_round",
    "The highest round this node has promised to: term, ballot or epoch.",
    ({ promisedRound }) => promisedRound,
  ],
  ["synod_last_index", "The last position of this node's log.", ({ lastIndex }) => lastIndex],
  [
    "synod_client_connections",
    "Connections of clients of the lean protocol.",
    ({ counters }) => counters.clientConnections,
  ],
];

const COUNTERS: readonly Reading[] = [
  [
    "etcd_server_leader_changes_seen_total",
    "Times this node saw another leader, or the same in another round.",
    ({ counters }) => counters.leaderChanges,
  ],
  [
    "etcd_server_proposals_failed_total",
    "Write requests that certainly did not happen.",
    ({ counters }) => counters.writesFailed,
  ],
  ["etcd_mvcc_put_total", "Puts that this node has applied, replayed ones included.", ({ store }) => store.puts],
  ["etcd_mvcc_delete_total", "Keys that applied deletions took away.", ({ store }) => store.deletes],
  [
    "synod_proposals_total",
    "Entries given to the protocol; each holds the writes of one turn or more.",
    ({ counters }) => counters.proposals,
  ],
  ["synod_reads_total", "Read requests.", ({ counters }) => counters.reads],
  ["synod_messages_sent_total", "Protocol messages that left.", ({ counters }) => counters.messagesSent],
  ["synod_messages_received_total", "Protocol messages that came.", ({ counters }) => counters.messagesReceived],
  [
    "synod_messages_dropped_total",
    "Protocol messages whose peer could not be reached or did not read.",
    ({ counters }) => counters.messagesDropped,
  ],
  [
    "synod_client_sent_bytes_total",
    "Bytes to clients of the lean protocol.",
    ({ counters }) => counters.clientBytesSent,
  ],
  [
    "synod_client_received_bytes_total",
    "Bytes from clients of the lean protocol.",
    ({ counters }) => counters.clientBytesReceived,
  ],
  [
    "synod_connections_closed_total",
    "Connections closed for what they sent or did not read.",
    ({ counters }) => counters.connectionsClosed,
  ],
  ["synod_snapshots_sent_total", "Snapshots sent whole to peers.", ({ counters }) => counters.snapshotsSent],
  [
    "synod_snapshots_received_total",
    "Snapshots received whole from peers.",
    ({ counters }) => counters.snapshotsReceived,
  ],
  ["synod_wal_writes_total", "Writes of the protocol to its log.", ({ counters }) => counters.walWrites],
  ["synod_wal_batches_total", "Batches they were written in.", ({ counters }) => counters.walBatches],
  ["synod_wal_bytes_total", "Bytes written to the log.", ({ counters }) => counters.walBytes],
  [
    "synod_loop_turns_total",
    "Turns of the event loop in which the node did something.",
    ({ counters }) => counters.turns,
  ],
];

/** Counters that share a name and differ in one label. */
const FAMILIES: readonly {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly of: { readonly [value: string]: keyof NodeCounters };
}[] = [
  {
    name: "synod_writes_total",
    help: "Write requests of clients, by how they ended.",
    label: "outcome",
    of: { ok: "writesOk", failed: "writesFailed", unknown: "writesUnknown" },
  },
  {
    name: "synod_syncs_total",
    help: "Syncs of files, by where they ran: on the loop, beside it, or for other files than the log.",
    label: "where",
    of: { loop: "syncsOnLoop", beside: "syncsBeside", else: "syncsElse" },
  },
];

/** Counters by peer, as etcd has them. */
const BY_PEER: readonly (readonly [name: string, help: string, label: "To" | "From", field: keyof PeerCounters])[] = [
  ["etcd_network_peer_sent_bytes_total", "Bytes of protocol messages to a peer, with their frames.", "To", "bytesSent"],
  ["etcd_network_peer_received_bytes_total", "Bytes from a peer, with their frames.", "From", "bytesReceived"],
  [
    "etcd_network_peer_sent_failures_total",
    "Protocol messages to a peer that could not be reached or did not read.",
    "To",
    "messagesDropped",
  ],
];

function flag(value: boolean): number {
  return value ? 1 : 0;
}

interface Calls {
  readonly service: string;
  started: number;
  readonly handled: Map<status, number>;
}

/** The metrics of one node, each node its own: several can be in one process, as in tests. */
export class NodeMetrics {
  readonly #registry = new Registry();
  readonly #service: NodeService;
  readonly #refresh: (now: NodeStatus) => void;
  readonly #started: Counter<"grpc_service" | "grpc_method">;
  readonly #handled: Counter<"grpc_service" | "grpc_method" | "grpc_code">;
  /** By method: no name is in two services. Counted here, because a counter with labels takes microseconds. */
  readonly #calls = new Map<string, Calls>();

  constructor(service: NodeService) {
    this.#service = service;
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#refresh = this.#readings();
    this.#observed();
    const labels = {
      name: "synod_build_info",
      help: "What this node is; always 1.",
      labelNames: ["protocol", "cluster", "member"],
      registers,
    };
    new Gauge(labels).set({ protocol: service.protocol, cluster: service.cluster, member: service.self.id }, 1);
    this.#started = new Counter({
      name: "grpc_server_started_total",
      help: "Calls of etcd's interface that began.",
      labelNames: ["grpc_service", "grpc_method"] as const,
      registers,
    });
    this.#handled = new Counter({
      name: "grpc_server_handled_total",
      help: "Calls of etcd's interface that were answered, by code.",
      labelNames: ["grpc_service", "grpc_method", "grpc_code"] as const,
      registers,
    });
  }

  /** @param code null: the call has begun */
  onCall(service: string, method: string, code: status | null): void {
    let calls = this.#calls.get(method);
    if (calls === undefined) {
      calls = { service, started: 0, handled: new Map() };
      this.#calls.set(method, calls);
    }
    if (code === null) calls.started += 1;
    else calls.handled.set(code, (calls.handled.get(code) ?? 0) + 1);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    this.#refresh(this.#service.status());
    for (const [method, { service, started, handled }] of this.#calls) {
      const of = { grpc_service: `etcdserverpb.${service}`, grpc_method: method };
      setCounter(this.#started, started, of);
      for (const [code, count] of handled) setCounter(this.#handled, count, { ...of, grpc_code: codeName(code) });
    }
    return this.#registry.metrics();
  }

  /** Registers what is read off the node's status; the function that is returned does so. */
  #readings(): (now: NodeStatus) => void {
    const registers = [this.#registry];
    const gauges = GAUGES.map(([name, help, value]) => ({ gauge: new Gauge({ name, help, registers }), value }));
    const counters = COUNTERS.map(([name, help, value]) => ({
      counter: new Counter({ name, help, registers }),
      value,
    }));
    const families = FAMILIES.map(({ name, help, label, of }) => ({
      counter: new Counter({ name, help, labelNames: [label], registers }),
      label,
      of,
    }));
    const byPeer = BY_PEER.map(([name, help, label, field]) => ({
      counter: new Counter({ name, help, labelNames: [label], registers }),
      label,
      field,
    }));
    return (now) => {
      for (const { counter, label, field } of byPeer)
        for (const [id, peer] of Object.entries(now.peers)) setCounter(counter, peer[field], { [label]: id });
      for (const { gauge, value } of gauges) gauge.set(value(now));
      for (const { counter, value } of counters) setCounter(counter, value(now));
      for (const { counter, label, of } of families)
        for (const [text, field] of Object.entries(of)) setCounter(counter, now.counters[field], { [label]: text });
    };
  }

  #observed(): void {
    const registers = [this.#registry];
    const sync = new Histogram({
      name: "etcd_disk_wal_fsync_duration_seconds",
      help: "How long a sync of the log took.",
      buckets: SYNC_BUCKETS,
      registers,
    });
    const roundTrip = new Histogram({
      name: "etcd_network_peer_round_trip_time_seconds",
      help: "There and back to a peer.",
      labelNames: ["To"] as const,
      buckets: ROUND_TRIP_BUCKETS,
      registers,
    });
    const commit = new Histogram({
      name: "synod_commit_duration_seconds",
      help: "From the proposal of an entry by this node to its application.",
      buckets: COMMIT_BUCKETS,
      registers,
    });
    const { members } = this.#service;
    const peers = new Map(members.map(({ id }) => [id, id]));
    this.#service.observe({
      sync: (seconds) => sync.observe(seconds),
      roundTrip: (peer, seconds) => roundTrip.observe({ To: peers.get(peer) ?? "stranger" }, seconds),
      commit: (seconds) => commit.observe(seconds),
    });
  }
}

/** The node counts; this counter only repeats. */
function setCounter(counter: Counter, value: number, labels: { readonly [label: string]: string } = {}): void {
  counter.remove(labels);
  counter.inc(labels, value);
}

/** As gRPC's own middleware for Prometheus writes it: OutOfRange, not OUT_OF_RANGE. */
function codeName(code: status): string {
  const words = (status[code] ?? "UNKNOWN").toLowerCase().split("_");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return name === "Ok" ? "OK" : name === "Cancelled" ? "Canceled" : name;
}
