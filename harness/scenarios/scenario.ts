/** The scenario: everything about a run but the protocol, the seed and the driver. Plain JSON; the schema comes from here. */

/**
 * Milliseconds of virtual time in the simulator, of real time on a real cluster.
 * @minimum 0
 */
export type Ms = number;
/**
 * @minimum 0
 * @maximum 1
 */
export type Probability = number;
/** A fixed value, or a range that is drawn from the seed (once per fault, or per link and slot for weather). */
export type Draw = number | { readonly min: number; readonly max: number };

/**
 * Which nodes. A node id ("n2"), a role resolved when the fault fires ("leader", "follower", "learner"; a follower or
 * learner is drawn from the seed), "random" (any running node), "all", "region:NAME", or several of these.
 */
export type NodeSelector = string | readonly string[];

/** A cluster, its links and disks, its clients, and what goes wrong. */
export interface Scenario {
  /**
   * Kebab case, equal to the file name without ".json".
   * @pattern ^[a-z0-9][a-z0-9-]*$
   */
  readonly name: string;
  readonly title: string;
  /** What it does and what to look for, for a person, one to four sentences. */
  readonly about: string;
  readonly cluster: ClusterShape;
  readonly links: Links;
  readonly disk?: DiskModel;
  /**
   * How long a simulated node puts off applying what others proposed, drawn each time; 0: until the inputs of the same
   * instant are through. Real nodes always do it, for as long as they have something more urgent to do. Absent: no node of
   * the simulator does it.
   */
  readonly applyDelayMs?: Draw;
  /** Settings over each protocol's timing profile, by protocol name. An unknown protocol or setting is an error. */
  readonly options?: { readonly [protocol: string]: { readonly [setting: string]: unknown } };
  readonly workload: Workload;
  /** Faults fire on this clock, which starts when the cluster has its first established leader (or after 60 s). */
  readonly faults: readonly Fault[];
  /** Length of the measured part, from the first leader on. */
  readonly durationMs: Ms;
  /**
   * A time without a commit, while clients ask, counts as unavailable when it is longer than this.
   * @default 1000
   */
  readonly unavailableGapMs?: Ms;
  /**
   * compare: measures. safety: searches for broken invariants, time is nothing. liveness: faults stop for a majority at
   * `faultsEndMs` and from then on progress is required.
   */
  readonly mode: "compare" | "safety" | "liveness";
  /** For mode liveness (and safety, where absent means no liveness check). */
  readonly faultsEndMs?: Ms;
  /** What must hold, asserted by `compare` and by tests. */
  readonly expect?: Expectation;
  /** By protocol name: laid over `expect` for that protocol, field by field. An unknown protocol is an error. */
  readonly expectOf?: { readonly [protocol: string]: Expectation };
}

/** Who is there, and where. */
export interface ClusterShape {
  /**
   * n1, n2, … in this order.
   * @minItems 1
   */
  readonly nodes: readonly { readonly region: string; readonly role: "voter" | "learner" }[];
  /**
   * The node that leads first: it gets the highest ordinal and the shortest first timer.
   * @default "n1"
   */
  readonly firstLeader?: string;
  /** Absent: majorities. */
  readonly quorums?: {
    /** @asType integer */
    readonly election: number;
    /** @asType integer */
    readonly replication: number;
  };
  /** Must be true to run quorums that do not intersect: the point of such a run is to see it go wrong. */
  readonly unsafeQuorums?: boolean;
}

/** The network while no weather fault lies over it. */
export interface Links {
  /** datagram: loss, duplication, reordering. stream: ordered; loss turns into retransmission delay, a break loses what was in flight. */
  readonly kind: "datagram" | "stream";
  /** Inside a region. */
  readonly local: Weather;
  /** Between regions; every pair that occurs must be named. */
  readonly between?: readonly { readonly regions: readonly [string, string]; readonly weather: Weather }[];
  /**
   * Client to node in the same region; between regions clients meet `between`.
   * @default {"delayMs": 0.1}
   */
  readonly client?: Weather;
}

/** The regime of a link. One way; both directions get it. */
export interface Weather {
  /** One-way base delay. */
  readonly delayMs: Draw;
  /**
   * Added per message, uniform from 0 to this. On datagrams it reorders.
   * @default 0
   */
  readonly jitterMs?: Draw;
  /** @default 0 */
  readonly loss?: Draw;
  /**
   * Datagrams only.
   * @default 0
   */
  readonly duplicate?: Draw;
  /**
   * Chance that a datagram waits for an extra delay of up to ten times the base.
   * @default 0
   */
  readonly reorder?: Draw;
  /**
   * Bytes per second; absent: unlimited.
   * @minimum 1
   */
  readonly bandwidth?: number;
}

/** How long a disk takes. What it loses in a crash is drawn: a suffix of the unsynced writes. */
export interface DiskModel {
  /**
   * Duration of one sync; one sync at a time per node, group commit of what waits.
   * @default {"min": 0.1, "max": 0.3}
   */
  readonly syncMs: Draw;
}

/** Who asks for what. */
export interface Workload {
  /** @minItems 1 */
  readonly clients: readonly ClientGroup[];
  readonly keys: {
    /**
     * @minimum 1
     * @asType integer
     */
    readonly count: number;
    readonly distribution: "uniform" | "zipfian";
  };
  /**
   * Bytes of a written value, at least 16 (values are unique).
   * @default 64
   * @minimum 16
   * @asType integer
   */
  readonly valueBytes?: number;
}

/** Clients of one region that behave alike. */
export interface ClientGroup {
  readonly region: string;
  /**
   * @minimum 1
   * @asType integer
   */
  readonly count: number;
  /** closed: the next request follows the reply after `thinkMs`. open: requests start at `ratePerSecond` whatever happens. */
  readonly loop:
    | { readonly type: "closed"; readonly thinkMs: Ms }
    | { readonly type: "open"; readonly ratePerSecond: number };
  /** Weights of operations; they need not sum to 1. */
  readonly mix: {
    /** @minimum 0 */
    readonly get?: number;
    /** @minimum 0 */
    readonly put?: number;
    /** @minimum 0 */
    readonly cas?: number;
    /** @minimum 0 */
    readonly append?: number;
    /** @minimum 0 */
    readonly delete?: number;
    /** @minimum 0 */
    readonly range?: number;
  };
  /** @default "linearizable" */
  readonly readLevel?: "linearizable" | "sync" | "local";
  /**
   * Where reads below linearizable (and follower reads) go: the leader, the nearest node, or a random one.
   * @default "leader"
   */
  readonly readFrom?: "leader" | "nearest" | "any";
  /**
   * After this the outcome is unknown and the client goes on under a new process id.
   * @default 2000
   */
  readonly timeoutMs?: Ms;
  /** From then on, on the fault clock, it asks for nothing new; absent: it goes on to the end. */
  readonly stopMs?: Ms;
}

interface Timed {
  /** When it starts, on the fault clock. */
  readonly atMs: Draw;
  /** How long it lasts; absent: to the end of the run (for a crash: never restarted). */
  readonly forMs?: Draw;
  /** Repeats with this period, measured start to start, until the end of the run (or `faultsEndMs`). */
  readonly everyMs?: Ms;
  /** For people: the label of its band in the report. */
  readonly label?: string;
}

/** What goes wrong, at `atMs` for `forMs` on the fault clock. */
export type Fault =
  /** Groups that cannot reach one another; a node in no group is alone. Clients reach every node. */
  | ({ readonly type: "partition"; readonly groups: readonly NodeSelector[] } & Timed)
  /** `from` cannot reach `to`; with `oneWay` false the way back is cut too. */
  | ({ readonly type: "cut"; readonly from: NodeSelector; readonly to: NodeSelector; readonly oneWay: boolean } & Timed)
  /** Replaces the regime of the links between two selections (both directions), or of all links. */
  | ({
      readonly type: "weather";
      readonly between: readonly [NodeSelector, NodeSelector] | "all";
      readonly weather: Weather;
    } & Timed)
  /** Loses memory and a random suffix of unsynced writes; boots again after `forMs`. */
  | ({ readonly type: "crash"; readonly nodes: NodeSelector; readonly tornWrite?: Probability } & Timed)
  /** The process stands still (SIGSTOP); messages wait. */
  | ({ readonly type: "pause"; readonly nodes: NodeSelector } & Timed)
  /** Every input takes `factor` times as long to handle. */
  | ({ readonly type: "slow-cpu"; readonly nodes: NodeSelector; readonly factor: Draw } & Timed)
  /** The node's clock runs fast or slow, in parts per million. */
  | ({ readonly type: "clock-drift"; readonly nodes: NodeSelector; readonly ppm: Draw } & Timed)
  /** The node's clock jumps forward. */
  | ({ readonly type: "clock-jump"; readonly nodes: NodeSelector; readonly jumpMs: Draw } & Timed)
  | ({ readonly type: "slow-disk"; readonly nodes: NodeSelector; readonly syncMs: Draw } & Timed)
  /** The next sync fails, which kills the node; it boots again after `forMs`. */
  | ({ readonly type: "failed-sync"; readonly nodes: NodeSelector } & Timed)
  /** Writes fail while it lasts: the node is dead until it ends. */
  | ({ readonly type: "full-disk"; readonly nodes: NodeSelector } & Timed)
  /** One durable record of the node is damaged (or written in another's place); found at the next boot, which refuses to start. */
  | ({ readonly type: "bit-rot"; readonly nodes: NodeSelector } & Timed)
  | ({ readonly type: "misdirected-write"; readonly nodes: NodeSelector } & Timed)
  /** Crash 0 to `withinMs` after a persist of the node. Adapts to the protocol: safety searches only. */
  | ({
      readonly type: "crash-after-persist";
      readonly nodes: NodeSelector;
      readonly withinMs: Ms;
      readonly chance: Probability;
    } & Timed)
  /** Every fault above, with probabilities and times drawn per seed; keeps the cluster recoverable. Safety searches only. */
  | ({ readonly type: "swarm"; readonly intensity: Probability } & Timed);

/** What a run must come to. A broken expectation is a violated run. */
export interface Expectation {
  /**
   * Commits in the whole run.
   * @minimum 0
   */
  readonly committedMin?: number;
  /** No write may commit from `fromMs` to `toMs`. */
  readonly noCommitBetweenMs?: readonly [Ms, Ms];
  readonly unavailableMsMax?: Ms;
  readonly linearizable?: "ok" | "violated";
  /** Names of invariants of which one must break first (unsafe quorums); absent or empty: none may. */
  readonly invariantsBroken?: readonly string[];
}
