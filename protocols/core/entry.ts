/** What a replicated log is made of. */

/** Log position, 1-based; 0 is "before the first". Raft index, Paxos slot, place in ZAB's history. */
export type Index = number;
/** Leadership generation: Raft term, Paxos ballot, ZAB epoch. Non-negative integer below 2^53. */
export type Round = number;
/**
 * One log position. A command is a batch of client requests packed by the host; the core treats it as immutable bytes.
 *
 * `round` belongs to its protocol. Raft and ZAB: the round that created the entry. Multi-Paxos: the ballot this replica
 * accepted it under, which differs between replicas for the same decided slot. Nothing outside the protocol's folder
 * hashes, compares or applies it.
 */
export type Entry = { readonly index: Index; readonly round: Round } & (
  | { readonly kind: "command"; readonly command: Uint8Array }
  | { readonly kind: "noop" }
);

/** A state-machine image that stands for the log prefix up to and including `index`. */
export interface Snapshot {
  /** Names the bytes in the node's own snapshot store. Unique per node and incarnation. */
  readonly id: string;
  readonly index: Index;
  /** Round of the entry at `index` (Raft, ZAB); 0 in Multi-Paxos, whose decided slots need none. */
  readonly round: Round;
  /** Size of the image in bytes. */
  readonly bytes: number;
}
