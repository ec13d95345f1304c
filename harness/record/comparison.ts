/** What `compare` hands to the report: runs, their summaries, the incident's matrix, and where all of it was made. */
import type { RunRecord } from "./run.js";

/** Everything that a report is made from; plain data. */
export interface Comparison {
  readonly kind: "synod-comparison";
  /** Version of this format. */
  readonly format: 1;
  readonly title: string;
  /** The verdict in words: the first line stands alone, the others say why and where. At least one. */
  readonly verdict: readonly string[];
  /** violated: a property broke or an expectation failed; unknown: some check was cut short. */
  readonly outcome: "ok" | "violated" | "unknown";
  readonly timing: "matched" | "native";
  /** In the order of every table. */
  readonly protocols: readonly string[];
  readonly seeds: readonly number[];
  readonly scenarios: readonly ScenarioNote[];
  readonly runs: readonly RunRecord[];
  readonly summary: readonly SummaryRow[];
  readonly paired: readonly PairedRow[];
  /** null: the incident's matrix was not run. */
  readonly matrix: IncidentMatrix | null;
  /** What the numbers mean and what was not done (for example why traces are not validated), one sentence each. */
  readonly notes: readonly string[];
  readonly versions: Versions;
  readonly machine: Machine;
  /** The command that repeats this comparison. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  readonly wallMs: number;
}

/** What a reader must know about a scenario to read its runs. */
export interface ScenarioNote {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly mode: "compare" | "safety" | "liveness";
  readonly durationMs: number;
  /** For example "5 voters: 3 in home, 2 in away; n1 leads first". */
  readonly shape: string;
  /** For example "stream links". */
  readonly links: string;
  readonly unavailableGapMs: number;
  /** Prediction by arithmetic, by protocol; null where the scenario has none. */
  readonly predictions: { readonly [protocol: string]: Prediction } | null;
}

/** What arithmetic on round trips, syncs and quorums says before anything has run. */
export interface Prediction {
  /**
   * Commit latency of a client's write while the first leader leads and nothing is lost, milliseconds: no run may be
   * faster than the floor. Before the fault, and during it; null: no commit is possible (or expected) then.
   */
  readonly floorMs: { readonly healthy: number; readonly degraded: number | null };
  /** Whether every replication quorum of the running voters has to cross the link between the regions. */
  readonly majorityCrossesLink: { readonly healthy: boolean; readonly degraded: boolean };
  /**
   * none: no gap beyond the threshold may appear. brief: at most a few elections' length. possible: chance decides.
   * expected: gaps that add up. total: hardly a commit while the fault lasts.
   */
  readonly outage: "none" | "brief" | "possible" | "expected" | "total";
  /** Inclusive bounds that the run's unavailable time must keep, milliseconds; null: none on that side. */
  readonly unavailableMs: { readonly min: number | null; readonly max: number | null };
  /** The arithmetic and what follows from it, for a person. */
  readonly words: string;
}

/** A statistic over seeds. */
export interface SummaryRow {
  readonly scenario: string;
  readonly protocol: string;
  readonly metric: MetricName;
  /** null: no run had a value. */
  readonly median: number | null;
  /** 95 % interval of the median, lower and upper; null: too few runs to tell (fewer than six). */
  readonly ci95: readonly [number, number] | null;
  /** Runs that had a value. */
  readonly runs: number;
}

/** Ratio a/b per seed, so that both met the same weather; then the median over seeds. */
export interface PairedRow {
  readonly scenario: string;
  readonly a: string;
  readonly b: string;
  readonly metric: MetricName;
  /** null: no seed had both values, or b was always 0. */
  readonly ratio: number | null;
  readonly ci95: readonly [number, number] | null;
  readonly pairs: number;
}

/** A number that is summarized over seeds. */
export type MetricName =
  | "committed"
  | "p50Ms"
  | "p99Ms"
  | "unavailableMs"
  | "longestGapMs"
  | "elections"
  | "messagesPerOp"
  | "bytesPerOp"
  | "syncsPerOp"
  | "unknown"
  | "failed"
  | "staleReads";

/** The incident: every cell with its prediction beside what happened. */
export interface IncidentMatrix {
  /** When the story of the article happens and when it does not, in words; a paragraph an element. */
  readonly words: readonly string[];
  readonly rows: readonly IncidentRow[];
  readonly seeds: readonly number[];
  /** How long the link was degraded, milliseconds of virtual time. */
  readonly degradedMs: number;
  /** Commits count as slow where the median is above this. */
  readonly slowMs: number;
  /** An outage is at least this share of the degraded time without commits. 0..1 */
  readonly outageShare: number;
}

/** One combination of the incident's conditions. */
export interface IncidentCell {
  /** 3+2 voters: five voters over two regions; fix: three local voters and two remote learners. */
  readonly topology: "3+2 voters" | "fix";
  readonly leader: "local" | "remote";
  readonly localVoters: "all up" | "one down";
  readonly link: "healthy" | "slow" | "slow, 10 % loss" | "slow, 50 % loss" | "slow, 70 % loss";
  /** Raft's two options; null for the other protocols. */
  readonly preVote: boolean | null;
  readonly checkQuorum: boolean | null;
}

/** A cell in one protocol: its prediction and what happened. */
export interface IncidentRow {
  readonly scenario: string;
  readonly protocol: string;
  readonly cell: IncidentCell;
  readonly prediction: Prediction;
  /** Medians over seeds; the latencies are of writes acknowledged while the link was degraded. */
  readonly outcome: {
    readonly committed: number;
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
    readonly unavailableMs: number;
    readonly longestGapMs: number;
    readonly elections: number;
    readonly verdict: "ok" | "violated" | "unknown";
  };
  /** Whether every seed kept the prediction's bounds. */
  readonly agrees: boolean;
  /** Whether the article's story happened in this cell: slow commits, an outage, neither or both. */
  readonly story: "none" | "slow" | "outage" | "slow and outage";
  readonly words: string;
}

/** What made a result. */
export interface Versions {
  readonly synod: string;
  readonly node: string;
  /** Commit of the working tree; null where there is none. */
  readonly commit: string | null;
}

/** Where a result was made: times of real runs are worth nothing without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
}
