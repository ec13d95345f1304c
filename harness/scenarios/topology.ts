/** What `plan` reads: a cluster before it is deployed. Plain JSON; the schema comes from here. */
import type { Ms } from "./scenario.js";

/** A cluster as it is planned. Names are of one line, without spaces at their ends; times are up to a day. */
export interface Topology {
  readonly name: string;
  /** @minItems 1 */
  readonly sites: readonly Site[];
  /** Between sites; every pair that holds nodes must be named. */
  readonly roundTrips?: readonly RoundTrip[];
  /** Between two nodes of one site. */
  readonly localRoundTrip?: Spread;
  /** One sync of a log to disk. */
  readonly sync?: Spread;
  /** @minItems 1 */
  readonly nodes: readonly PlannedNode[];
  /** Absent: majorities. */
  readonly quorums?: {
    /** @asType integer */
    readonly election: number;
    /** @asType integer */
    readonly replication: number;
  };
  readonly timeouts?: Timeouts;
}

/** A place with nodes: their way to one another is short. */
export interface Site {
  readonly name: string;
  /** What fails as one: a building, an availability zone, a provider. Absent: the site itself. */
  readonly failureDomain?: string;
}

/** The way from one site to another and back. */
export interface RoundTrip {
  readonly between: readonly [string, string];
  readonly p50Ms: Ms;
  /** Absent: `p50Ms`. */
  readonly p99Ms?: Ms;
}

/** A duration by its median and 99th percentile. */
export interface Spread {
  readonly p50Ms: Ms;
  /** Absent: `p50Ms`. */
  readonly p99Ms?: Ms;
}

/** One replica, and where it will stand. */
export interface PlannedNode {
  readonly id: string;
  readonly site: string;
  readonly role: "voter" | "learner";
}

/** As they will be set on every node; each > 0. */
export interface Timeouts {
  readonly heartbeatMs: Ms;
  /** The shortest time without a leader's word after which a voter stands for election. */
  readonly electionTimeoutMs: Ms;
}
