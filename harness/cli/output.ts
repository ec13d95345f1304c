/** What each verb prints with --json: one object. Scripts depend on these fields, so they only grow. */
import type { CheckFileResult, ManifestResult } from "../check/index.js";
import type { PairedRow, RunRecord, SummaryRow } from "../record/index.js";

export interface CompareOutput {
  /** The verdict in words, the first line standing alone. */
  readonly verdict: readonly string[];
  readonly outcome: "ok" | "violated" | "unknown";
  /** The report's file; null where none was written. */
  readonly report: string | null;
  /** The file with one run a line; null where none was written. */
  readonly results: string | null;
  readonly runs: readonly RunRow[];
  readonly summary: readonly SummaryRow[];
  readonly paired: readonly PairedRow[];
  readonly wallMs: number;
}

/** A run without the series that only the report draws. */
export type RunRow = Omit<RunRecord, "timeline" | "latency">;

/** `sim` and `replay`. */
export interface SimOutput {
  readonly protocol: string;
  readonly scenario: string;
  readonly seed: number;
  readonly timing: "matched" | "native";
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly wallMs: number;
  readonly committed: number;
  readonly verdicts: RunRecord["verdicts"];
  readonly reasons: readonly string[];
  readonly broken: RunRecord["broken"];
  readonly staleReads: { readonly [level: string]: number };
  /** The command that repeats the run. */
  readonly command: string;
  /** Files written, by what they hold. */
  readonly files: { readonly [what: string]: string };
  /** `replay`: whether the hash came out equal; absent for `sim`. */
  readonly sameHash?: boolean;
  /** `sim --shrink`: what is left of the faults and the operations. */
  readonly shrunk?: {
    readonly faults: number;
    readonly faultsBefore: number;
    readonly omittedOperations: number;
    readonly events: number;
    readonly runs: number;
  };
}

/** `check HISTORY`. */
export type CheckOutput = Omit<CheckFileResult, "text" | "page">;

/** `check --manifest FILE`. */
export type CheckManifestOutput = Omit<ManifestResult, "text">;

export interface PlanOutput {
  readonly name: string;
  readonly verdict: "ok" | "problems";
  readonly voters: number;
  readonly learners: number;
  readonly quorums: { readonly election: number; readonly replication: number };
  /** Voters that may be down while commits go on. */
  readonly tolerance: number;
  /** One row a site that holds a voter, the best first. */
  readonly leaderSites: readonly LeaderSite[];
  readonly findings: readonly Finding[];
}

export interface LeaderSite {
  readonly site: string;
  /** From the leader's send to the commit: the round trip to the voter that completes the quorum, and the syncs. */
  readonly commitFloorMs: number;
  readonly commitP99Ms: number;
  /** Whether that voter is in another site. */
  readonly crossesLink: boolean;
  /** The floor after the fastest other voter is gone. */
  readonly oneDownFloorMs: number | null;
}

export interface Finding {
  /** problem: do not deploy this. advice: think again. fact: good to know. */
  readonly severity: "problem" | "advice" | "fact";
  readonly rule: string;
  readonly words: string;
}

export interface ScenariosOutput {
  readonly scenarios: readonly {
    readonly name: string;
    readonly title: string;
    readonly about: string;
    readonly mode: string;
    readonly nodes: number;
    readonly durationMs: number;
    readonly file: string;
  }[];
  readonly protocols: readonly string[];
}

export interface DoctorOutput {
  readonly tools: readonly ToolState[];
  readonly synod: string;
  readonly ready: boolean;
}

export interface ToolState {
  readonly name: string;
  readonly found: boolean;
  /** First line of what it says about itself; null where it is absent. */
  readonly version: string | null;
  /** Whether the main job needs it. */
  readonly required: boolean;
  /** What it is for. */
  readonly purpose: string;
  /** The line that installs it; null where nothing is missing. */
  readonly install: string | null;
}
