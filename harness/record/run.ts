/** What is kept of one run: the row of every table, and the series that the report draws. */

/** Three-valued: a check that could not finish is not ok. */
export type Verdict = "ok" | "violated" | "unknown";

/** One run: what was asked, what came of it, and what the report draws. */
export interface RunRecord {
  readonly scenario: string;
  readonly protocol: string;
  /** 0 .. 2^32-1 */
  readonly seed: number;
  readonly driver: "sim" | "real";
  readonly clock: "virtual" | "wall";
  readonly timing: "matched" | "native";
  /**
   * Simulated: 16 hex digits over every input and effect; equal seeds give equal hashes on every machine. Real: over the
   * client history; no two runs are equal.
   */
  readonly traceHash: string;
  /** `step` inputs of all nodes; real: turns of their loops. */
  readonly events: number;
  /** Time on the run's clock at its end: virtual, or real from the start of the first process on. */
  readonly virtualMs: number;
  readonly wallMs: number;
  /** `trace`: against the TLA+ spec; "not validated" with the reason where it was not done. */
  readonly verdicts: {
    readonly linearizable: Verdict;
    readonly invariants: "ok" | "violated";
    /** "not asked": the scenario requires no progress. */
    readonly liveness: Verdict | "not asked";
    readonly trace: string;
    /** What the scenario itself expects; "unknown": nothing was committed, so nothing was shown. Absent: not looked at. */
    readonly expectations?: Verdict;
  };
  /** Invariants that other protocols are checked for and that mean nothing for this one. Absent: none. */
  readonly notApplicable?: readonly string[];
  /**
   * All verdicts against what the scenario expects, in one: where it expects a history that is not linearizable, such a
   * one is ok. Absent: the worst verdict counts.
   */
  readonly outcome?: Verdict;
  /** Why a verdict is not ok, one line each. */
  readonly reasons: readonly string[];
  /** Which invariant broke first, where and how. */
  readonly broken: {
    readonly invariant: string;
    readonly detail: string;
    readonly atMs: number;
    readonly event: number;
  } | null;
  /** Writes acknowledged as done. */
  readonly committed: number;
  /** Reads answered. */
  readonly reads: number;
  readonly failed: number;
  readonly unknown: number;
  /** Commit latency of acknowledged writes, milliseconds from the client's send to the client's receipt. null: none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Time in which no write commits though clients ask, in gaps longer than the scenario's threshold. */
  readonly unavailableMs: number;
  /** The longest such gap. */
  readonly longestGapMs: number;
  /** Established leaders after the first. */
  readonly elections: number;
  readonly messagesPerOp: number | null;
  readonly bytesPerOp: number | null;
  readonly syncsPerOp: number | null;
  /** Reads that saw a value already overwritten before they began, by read level. */
  readonly staleReads: { readonly [level: string]: number };
  readonly timeline: Timeline;
  readonly latency: LatencyDistribution;
  /** The command that repeats this run. */
  readonly command: string;
}

/** A run over its own time. Milliseconds on the fault clock, which starts with the first leader. */
export interface Timeline {
  /** Width of a bin. */
  readonly binMs: number;
  /** Acknowledged writes per bin, from the fault clock's 0. */
  readonly commits: readonly number[];
  /** Median commit latency of the writes acknowledged in the bin; null where there is none. */
  readonly p50Ms: readonly (number | null)[];
  readonly leaders: readonly {
    readonly fromMs: number;
    readonly toMs: number;
    readonly node: string;
    readonly round: number;
  }[];
  readonly faults: readonly FaultBand[];
}

/** A fault as it happened, for people. */
export interface FaultBand {
  readonly type: string;
  readonly label: string;
  readonly nodes: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Why it did not happen (no leader to crash, for example); null: it happened. */
  readonly skipped: string | null;
}

/** Commit latencies in buckets of about 5 %: `counts[i]` of latencies in (`upperMs[i-1]`, `upperMs[i]`]. */
export interface LatencyDistribution {
  readonly upperMs: readonly number[];
  readonly counts: readonly number[];
}
