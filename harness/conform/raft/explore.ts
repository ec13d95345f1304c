/** A bounded cluster of Raft replicas: what may happen to it, and everything it can come to. */
import type { Configuration, Input, NodeId } from "../../../protocols/core/index.js";
import type { Raft, RaftOptions } from "../../../protocols/raft/index.js";
import { canonical } from "../multipaxos/canonical.js";
import { type RaftModule, Replicas, type Stepped } from "./replica.js";

/** The constants of MCRaft.tla. */
export interface Bounds {
  readonly cluster: Configuration;
  readonly options: RaftOptions;
  readonly leftOut: ReadonlySet<string>;
  readonly termMax: number;
  readonly logMax: number;
  readonly roundsMax: number;
  readonly restartsMax: number;
  readonly messagesMax: number;
  readonly starters: ReadonlySet<string>;
}

export interface Cluster {
  readonly replicas: readonly number[];
  /** Packets on the network, sorted. */
  readonly bag: readonly number[];
  readonly restarts: number;
}

/** One choice of the environment: the spec's action and arguments as text, and how the code does it. */
export interface Move {
  readonly name: string;
  readonly args: string;
  readonly at: number;
  /** Packet that it takes from the network (+1: puts there once more); null: none. */
  readonly packet: number | null;
  readonly run: (() => Stepped) | null;
}

export type Taken =
  | { readonly type: "moved"; readonly to: Cluster }
  /** More messages than the bound allows. */
  | { readonly type: "cut" }
  | { readonly type: "thrown"; readonly why: string };

const COMMAND = new TextEncoder().encode("a");

const HANDLERS: Readonly<Record<string, string>> = {
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
};

export class Explorer {
  readonly bounds: Bounds;
  readonly replicas: Replicas;
  readonly nodes: readonly NodeId[];

  constructor(module: RaftModule, bounds: Bounds) {
    this.bounds = bounds;
    this.replicas = new Replicas(module, bounds.cluster, bounds.options);
    this.nodes = bounds.cluster.members.map(({ id }) => id);
  }

  initial(): Cluster {
    return { replicas: this.nodes.map((id) => this.replicas.boot(id)), bag: [], restarts: 0 };
  }

  /** One text for everything that the spec sees equal. */
  text(cluster: Cluster): string {
    const parts = cluster.replicas.map((replica) => this.replicas.view(replica));
    return `${parts.join("\n")}\n${this.replicas.bagText(cluster.bag)}\n${cluster.restarts}`;
  }

  key(cluster: Cluster): string {
    return `${cluster.replicas.join(" ")}|${cluster.bag.join(" ")}|${cluster.restarts}`;
  }

  /** @param bounded false while a prefix is forced */
  moves(cluster: Cluster, bounded: boolean): Move[] {
    const found: Move[] = [];
    for (const [place, id] of cluster.bag.entries()) {
      if (cluster.bag[place - 1] !== id) this.network(cluster, id, bounded, found);
    }
    for (const at of this.nodes.keys()) this.own(cluster, at, bounded, found);
    return found;
  }

  private has(name: string, bounded: boolean): boolean {
    return !bounded || !this.bounds.leftOut.has(name);
  }

  private network(cluster: Cluster, id: number, bounded: boolean, found: Move[]): void {
    const { from, to, message, snapshot, text } = this.replicas.packet(id);
    const at = this.nodes.indexOf(to);
    const replica = cluster.replicas[at] as number;
    const args = `[${text}]`;
    const input: Input<Raft> =
      message.type === "InstallSnapshot" && snapshot !== null
        ? { type: "snapshotReceived", from, message, snapshot }
        : { type: "message", from, message };
    const name = HANDLERS[message.type];
    if (name !== undefined)
      found.push({ name, args, at, packet: id, run: () => this.replicas.step(replica, `packet ${id}`, input) });
    if (this.has("Drop", bounded)) found.push({ name: "Drop", args, at, packet: id, run: null });
    if (this.has("Duplicate", bounded)) found.push({ name: "Duplicate", args, at, packet: id, run: null });
  }

  private own(cluster: Cluster, at: number, bounded: boolean, found: Move[]): void {
    const { bounds } = this;
    const replica = cluster.replicas[at] as number;
    const r = this.replicas.state(replica);
    const add = (name: string, more: readonly unknown[], run: () => Stepped): void =>
      void found.push({ name, args: canonical([r.id, ...more]), at, packet: null, run });
    const input = (name: string, given: Input<Raft>, ...more: readonly unknown[]): void =>
      add(name, more, () => this.replicas.step(replica, `${name} ${more.join(" ")}`, given));
    const leads = r.role === "Leader";
    if (r.leaderHeard && !leads) {
      if (this.has("LeaderSilent", bounded)) input("LeaderSilent", { type: "timeout", timer: "election" });
    } else if (r.voter && !leads && (!bounded || (r.currentTerm < bounds.termMax && bounds.starters.has(r.id)))) {
      const asks = r.options.preVote && r.quorum.election > 1;
      input(asks ? "TimeoutPreVote" : "Timeout", { type: "timeout", timer: "election" });
    }
    if (leads && this.has("Heartbeat", bounded) && (!bounded || r.round < bounds.roundsMax))
      input("Heartbeat", { type: "timeout", timer: "heartbeat" });
    if (leads && r.options.checkQuorum && this.has("CheckQuorum", bounded))
      input("CheckQuorum", { type: "timeout", timer: "checkQuorum" });
    const length = r.log.snapshotIndex + r.log.slots.length;
    if (leads && this.has("ClientRequest", bounded) && (!bounded || length < bounds.logMax))
      input("ClientRequest", { type: "propose", request: 0, command: COMMAND });
    if (this.has("CompactLog", bounded) && r.commitIndex > (r.snapshot?.index ?? 0)) {
      const taken = { type: "snapshotTaken", index: r.commitIndex, id: `${r.id}-${r.commitIndex}`, bytes: 1 } as const;
      input("CompactLog", taken, r.commitIndex);
    }
    if (leads && this.has("SnapshotSent", bounded)) {
      for (const p of r.peers) {
        if (p.phase !== "Snapshot") continue;
        for (const ok of [false, true]) input("SnapshotSent", { type: "snapshotSent", to: p.id, id: "", ok }, p.id, ok);
      }
    }
    const pending = this.replicas.pendingCount(replica);
    for (let n = 1; n <= pending; n += 1) add("SyncPersist", [n], () => this.replicas.persist(replica, n));
    if (!this.has("Restart", bounded) || (bounded && cluster.restarts >= bounds.restartsMax)) return;
    for (let k = 0; k <= pending; k += 1) add("Restart", [k], () => this.replicas.restart(replica, k));
  }

  take(cluster: Cluster, move: Move, bounded: boolean): Taken {
    const { packet, name, at, run } = move;
    let bag = cluster.bag;
    if (packet !== null) {
      const place = bag.indexOf(packet);
      bag = name === "Duplicate" ? [...bag, packet] : [...bag.slice(0, place), ...bag.slice(place + 1)];
    }
    let { replicas } = cluster;
    if (run !== null) {
      const { replica, sent, thrown } = run();
      if (thrown !== null) return { type: "thrown", why: thrown };
      replicas = replicas.map((old, k) => (k === at ? replica : old));
      if (sent.length > 0) bag = [...bag, ...sent];
    }
    bag = [...bag].sort((a, b) => a - b);
    const load = bag.length + replicas.reduce((sum, replica) => sum + this.replicas.heldCount(replica), 0);
    if (bounded && load > this.bounds.messagesMax) return { type: "cut" };
    return { type: "moved", to: { replicas, bag, restarts: cluster.restarts + (name === "Restart" ? 1 : 0) } };
  }
}
