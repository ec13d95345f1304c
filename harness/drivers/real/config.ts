/** What one node process is started with: a JSON file, checked at the edge. Every address is host:port. */
import type { TimingProfile } from "../../../protocols/core/index.js";

export interface NodeConfig {
  /** Which cluster this is: a node refuses callers of another one. 1..64 characters. */
  readonly cluster: string;
  /** "raft", "multipaxos" or "zab". */
  readonly protocol: string;
  /** This node: one of `members`. */
  readonly id: string;
  /** Every member of the cluster, the same list for each node. The position gives the ordinal, from 1. */
  readonly members: readonly NodeMember[];
  /** The folder of this node's data; made if need be. */
  readonly dir: string;
  /** @default "matched" */
  readonly timing?: TimingProfile;
  /** Settings over the timing profile. An unknown one is an error. */
  readonly options?: { readonly [setting: string]: unknown };
  readonly quorums?: { readonly election: number; readonly replication: number };
  readonly storage?: NodeStorage;
  readonly memory?: NodeMemory;
  /** Addresses to dial in place of a member's own, by id: where a shim stands in between. */
  readonly dial?: { readonly [id: string]: string };
  /** Write a trace: NDJSON, each line before its message leaves. */
  readonly trace?: {
    readonly file: string /** Ends after this many events. @default 200000 */;
    readonly eventsMax?: number;
  };
  /** Whether faults may be ordered over the process's IPC channel (slow disk, loss of what was not synced). @default false */
  readonly faults?: boolean;
}

export interface NodeMember {
  readonly id: string;
  /** @default "voter" */
  readonly role?: "voter" | "learner";
  /** Where peers reach it. */
  readonly peer: string;
  /** Where clients reach it. */
  readonly client: string;
  /** Where its etcd v3 interface listens; absent: none. */
  readonly etcd?: string;
  /** Where its Prometheus endpoint listens; absent: none. */
  readonly metrics?: string;
}

export interface NodeStorage {
  /** wal: the write-ahead log. level: LevelDB. memory: nothing survives; for measuring. @default "wal" */
  readonly driver?: "wal" | "level" | "memory";
  /** When a sync runs on the event loop. @default "adaptive" */
  readonly sync?: "adaptive" | "loop" | "async";
  /** Acknowledge before the disk has it. For measuring what syncs cost. @default false */
  readonly unsafeNoSync?: boolean;
  /**
   * Size of a segment of the write-ahead log, for driver wal only. A node fills one with zeros when it first starts. The
   * log between two snapshots is less than half of it, so a smaller one means more snapshots. Segments that exist keep
   * their size. Bytes.
   * @asType integer
   * @minimum 1048576
   * @maximum 1073741824
   * @multipleOf 4096
   * @default 67108864
   */
  readonly segmentBytes?: number;
}

export interface NodeMemory {
  /**
   * Garbage that the node lets pile up before everything is collected. Less costs processor time under load: the log's
   * commands count as garbage once they are compacted. MiB.
   * @asType integer
   * @minimum 16
   * @maximum 4096
   * @default 256
   */
  readonly heapRoomMiB?: number;
}

/** The one line on standard output once a node listens. */
export interface NodeReady {
  readonly ready: true;
  readonly id: string;
  readonly pid: number;
  readonly peer: string;
  readonly client: string;
  readonly etcd?: string;
  readonly metrics?: string;
}
