/** A node: a replica that holds cells, and a coordinator of the operations that clients have brought to it. */
import {
  assert,
  type Cell,
  memberById,
  type NodeId,
  quorumSystem,
  type RegisterConfig,
  type RegisterEffect,
  type RequestId,
  type Timestamp,
  type WriteSeq,
} from "../core/index.js";
import type { QuorumRegister, RegisterMessage } from "./messages.js";
import type { RegisterOptions } from "./options.js";

/** A get or put that this replica coordinates. */
export interface Operation {
  readonly id: number;
  readonly request: RequestId;
  readonly f: "get" | "put";
  readonly key: string;
  /** What a put writes; null for a get. */
  readonly value: Uint8Array | null;
  /** `repair`: the get is answered, and late answers to its query may still need repair. */
  phase: "query" | "propagate" | "repair";
  /** Query: the newest cell heard of. Propagate: the cell that is propagated. null: the key was never written. */
  newest: Cell | null;
  /** What the query's answers said, and in `repair` what was sent since. */
  readonly heard: Map<NodeId, Timestamp | null>;
  /** Replicas whose disk is known to hold `newest` or a newer cell. */
  readonly acknowledged: Set<NodeId>;
  retransmissions: number;
}

/** All that a replica knows. Plain data; changed by `step` only. */
export interface RegisterState {
  readonly id: NodeId;
  readonly ordinal: number;
  readonly incarnation: number;
  readonly options: RegisterOptions;
  /** The voters, in the order in which they are sent to: oneself last, since one's own answer may end the phase. */
  readonly replicas: readonly NodeId[];
  readonly readQuorum: number;
  readonly writeQuorum: number;
  readonly cells: Map<string, Cell>;
  seq: WriteSeq;
  durableSeq: WriteSeq;
  /** The write that holds the present cell of a key; absent: it is durable. */
  readonly unsynced: Map<string, WriteSeq>;
  /** Answers of the own replica that wait for a write, in its order. */
  readonly held: { readonly after: WriteSeq; readonly message: RegisterMessage }[];
  lastOperation: number;
  readonly operations: Map<number, Operation>;
  /** The highest counter that this incarnation has given out for a key. */
  readonly issued: Map<string, number>;
  timerArmed: boolean;
}

/** What a step has to say so far. */
export type Out = RegisterEffect<QuorumRegister>[];

/** A replica as it boots with the cells that its disk held. */
export function create(config: RegisterConfig<QuorumRegister>, recovered: readonly Cell[]): RegisterState {
  const { id, incarnation, bootstrap, options } = config;
  const quorums = quorumSystem(bootstrap);
  const member = memberById(bootstrap, id);
  assert(member !== null, `${id} is not a member`);
  const others = quorums.voters.filter((voter) => voter !== id);
  return {
    id,
    ordinal: member.ordinal,
    incarnation,
    options,
    replicas: member.role === "voter" ? [...others, id] : others,
    readQuorum: options.readQuorum === 0 ? quorums.election : options.readQuorum,
    writeQuorum: options.writeQuorum === 0 ? quorums.replication : options.writeQuorum,
    cells: new Map(recovered.map((cell) => [cell.key, cell])),
    seq: 0,
    durableSeq: 0,
    unsynced: new Map(),
    held: [],
    lastOperation: 0,
    operations: new Map(),
    issued: new Map(),
    timerArmed: false,
  };
}
