/** What coordinators and replicas say to each other. */
import type { Cell } from "../core/index.js";
import type { RegisterOptions } from "./options.js";
import type { RegisterState } from "./state.js";

/** Names a phase's operation: answers to an earlier incarnation of the coordinator are nobody's. */
interface Named {
  readonly incarnation: number;
  /** 1-based per incarnation; 0: nobody waits for the answer (read repair). */
  readonly operation: number;
}

/** Everything that travels between replicas. */
export type RegisterMessage =
  /** ABD's first phase: what is your cell of this key? */
  | ({ readonly type: "Query"; readonly key: string } & Named)
  /** `cell` null: never written here. */
  | ({ readonly type: "QueryResponse"; readonly cell: Cell | null } & Named)
  /** ABD's second phase: take this cell unless yours is newer. */
  | ({ readonly type: "Propagate"; readonly cell: Cell } & Named)
  /** This cell, or a newer one, is on the replica's disk. */
  | ({ readonly type: "PropagateResponse" } & Named);

/** The protocol's types, as the contract asks for them. */
export interface QuorumRegister {
  readonly State: RegisterState;
  readonly Options: RegisterOptions;
  readonly Message: RegisterMessage;
  readonly Timer: "retransmit";
}
