// The ladder: a partial order of consistency levels.

import type { OperationView } from "../history.js";

/**
 * `linearizable` Herlihy & Wing 1990 · `regular` Lamport 1986, for many writers: every read returns a write that is
 * concurrent with it or not certainly overwritten · `sequential` Lamport 1979 · `causal-memory` (CM), `causal-convergence`
 * (CCv), `causal` (CC): Bouajjani, Enea, Guerraoui, Hamza, "On verifying causal consistency", POPL 2017 · the four session
 * guarantees: Terry et al. 1994 · `bounded-staleness`: Golab, Li, Shah, "Analyzing consistency properties for fun and
 * profit", PODC 2011 (Delta-atomicity, with some finite Delta) · `eventual`: reads agree after the last write.
 */
export type Level =
  | "linearizable"
  | "regular"
  | "sequential"
  | "causal-memory"
  | "causal-convergence"
  | "causal"
  | "read-your-writes"
  | "monotonic-reads"
  | "monotonic-writes"
  | "writes-follow-reads"
  | "bounded-staleness"
  | "eventual";

/** What follows directly from a level. A history at a level is at all levels below it. */
export const implied: { readonly [level in Level]: readonly Level[] } = {
  linearizable: ["regular", "sequential", "bounded-staleness", "eventual"],
  regular: [],
  sequential: ["causal-memory", "causal-convergence"],
  "causal-memory": ["causal"],
  "causal-convergence": ["causal"],
  causal: ["read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"],
  "read-your-writes": [],
  "monotonic-reads": [],
  "monotonic-writes": [],
  "writes-follow-reads": [],
  "bounded-staleness": [],
  eventual: [],
};

/** Every level, strongest first as far as they can be compared. */
export const allLevels = Object.keys(implied) as readonly Level[];

/** True if every history at `stronger` is at `weaker`. */
export function includes(stronger: Level, weaker: Level): boolean {
  return stronger === weaker || implied[stronger].some((level) => includes(level, weaker));
}

/** One level's verdict. */
export type LevelResult = {
  readonly level: Level;
  readonly verdict: "ok" | "violated" | "unknown";
  /** Why, in words; always there unless the verdict is ok. */
  readonly reason?: string;
  /** Operations that break the level. */
  readonly witness?: readonly OperationView[];
  /** Set if the verdict follows from that of another level. */
  readonly from?: Level;
  /** `bounded-staleness`: the smallest bound that holds, nanoseconds (events, if the history has no times). */
  readonly bound?: number;
  /** `bounded-staleness`: how old the values were that reads returned. */
  readonly ages?: StaleAges;
};

/** Age = how long before the call of a read its value had certainly been overwritten; 0 = not stale. */
export type StaleAges = {
  readonly reads: number;
  readonly stale: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
};
