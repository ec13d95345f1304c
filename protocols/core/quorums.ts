/** Quorums as an object: built once from a configuration, asked in the hot path. */
import type { Index } from "./entry.js";
import { type Configuration, type NodeId, voters } from "./membership.js";

/** Who decides, and how many of them it takes (Howard et al. 2016: the two sizes may differ). */
export interface QuorumSystem {
  /** Voter ids, sorted by ordinal. */
  readonly voters: readonly NodeId[];
  /** Voters needed to elect a leader (Raft votes, Paxos promises, ZAB epoch and NEWLEADER acknowledgements). */
  readonly election: number;
  /** Voters that must hold a value before it is committed. */
  readonly replication: number;
}

/**
 * Majorities where the configuration says nothing. Unsafe sizes are taken as they are: see `configurationProblems`.
 */
export function quorumSystem(config: Configuration): QuorumSystem {
  const ids = [...voters(config)].sort((a, b) => a.ordinal - b.ordinal).map((member) => member.id);
  const majority = Math.floor(ids.length / 2) + 1;
  return {
    voters: ids,
    election: config.quorums?.election ?? majority,
    replication: config.quorums?.replication ?? majority,
  };
}

/** Only voters count, whatever else is in the set. */
export function countVoters(quorums: QuorumSystem, ids: ReadonlySet<NodeId>): number {
  let count = 0;
  for (const id of quorums.voters) if (ids.has(id)) count += 1;
  return count;
}

/** Whether enough voters are in the set to elect a leader. */
export function isElectionQuorum(quorums: QuorumSystem, ids: ReadonlySet<NodeId>): boolean {
  return countVoters(quorums, ids) >= quorums.election;
}

/** Whether enough voters are in the set to commit a value. */
export function isReplicationQuorum(quorums: QuorumSystem, ids: ReadonlySet<NodeId>): boolean {
  return countVoters(quorums, ids) >= quorums.replication;
}

/**
 * The highest index that a replication quorum of voters has reached: the `replication`-th largest of their values.
 * A voter without a value counts as 0.
 */
export function quorumIndex(quorums: QuorumSystem, reached: ReadonlyMap<NodeId, Index>): Index {
  return nthLargest(quorums.voters, reached, quorums.replication);
}

/** The n-th largest value among `ids`, n from 1. Insertion sort: clusters are small and this runs at every acknowledgement. */
export function nthLargest(ids: readonly NodeId[], values: ReadonlyMap<NodeId, number>, n: number): number {
  const sorted = new Array<number>(ids.length);
  for (let i = 0; i < ids.length; i += 1) {
    const value = values.get(ids[i] as NodeId) ?? 0;
    let at = i;
    for (; at > 0 && (sorted[at - 1] as number) < value; at -= 1) sorted[at] = sorted[at - 1] as number;
    sorted[at] = value;
  }
  return sorted[n - 1] ?? 0;
}
