/** What the interface stands on: a replicated machine, wherever its leader is. */
import type { ServedMember } from "../transport/index.js";

export interface BackendStatus {
  /** etcd's revision of what this node has applied. */
  readonly revision: number;
  /** The round this node is in: term, ballot or epoch. */
  readonly round: number;
  /** The established leader's ordinal; 0: none is known. */
  readonly leader: number;
  readonly lastIndex: number;
  readonly appliedIndex: number;
  /** What the store of this node takes, bytes. */
  readonly storeBytes: number;
}

export interface Backend {
  readonly cluster: string;
  readonly protocol: string;
  readonly self: ServedMember;
  /** By ordinal, this node included. */
  readonly members: readonly ServedMember[];
  /** Runs an encoded request through the log and gives its encoded answer. Rejects with EtcdError. */
  write(request: Uint8Array): Promise<Uint8Array>;
  /** The same for one that only reads. `local`: this node's own state, which may be old. */
  read(request: Uint8Array, level: "linearizable" | "local"): Promise<Uint8Array>;
  status(): BackendStatus;
  /** That of `status`, which takes longer; it may be a moment old. */
  readonly round: number;
}
