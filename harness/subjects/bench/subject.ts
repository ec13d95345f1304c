/** What can be measured: a system of several processes on this machine, or one that is running already. */
import type { SyncCounter } from "./syncs.js";

/** How the load generator speaks to it. */
export type Target = "lean" | "etcd" | "zookeeper";

export interface SubjectSpec {
  /** As the user wrote it: a name and its settings, "raft/5voters/grpc". */
  readonly name: string;
  readonly kind: SubjectKind;
  readonly voters: number;
  readonly learners: number;
  readonly store: "wal" | "level" | "memory";
  readonly sync: "adaptive" | "loop" | "async";
  /** Acknowledge before the disk has it. */
  readonly noSync: boolean;
  /** Ask nodes of ours through etcd's interface. */
  readonly grpc: boolean;
  /** Linearizable reads by a lease; otherwise as the protocol's default says. */
  readonly lease: boolean;
  /** The plain loop applies to a machine. */
  readonly machine: boolean;
}

export type SubjectKind = (typeof SUBJECT_KINDS)[number];
export const SUBJECT_KINDS = ["raft", "multipaxos", "zab", "plainLoop", "hraft", "etcd", "zookeeper"] as const;

/** Processes that run and answer. */
export interface RunningSubject {
  readonly target: Target;
  /** The cluster's id, for the lean protocol. */
  readonly cluster: string;
  /** Where clients reach each node, in the order of the members. */
  readonly endpoints: readonly string[];
  /** In the same order. */
  readonly pids: readonly number[];
  /** Name and version as the system says them. */
  readonly version: string;
  /** What was set about it beside addresses and folders, for people. */
  readonly settings: string;
  /** Syncs of all nodes since their start. */
  readonly syncs: SyncCounter;
  /** Ends the processes; their data stays. */
  stop(): Promise<void>;
}

/** A system that this machine does not have. */
export class MissingPeer extends Error {
  override readonly name = "MissingPeer";
  readonly peer: string;
  /** The line that installs it. */
  readonly install: string;
  constructor(peer: string, what: string, install: string) {
    super(`${peer} is left out: ${what}. To install it: ${install}`);
    this.peer = peer;
    this.install = install;
  }
}
