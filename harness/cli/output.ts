/** What each verb prints with --json: one object. Scripts depend on these fields, so they only grow. */
import type { CheckFileResult, ManifestResult } from "../check/index.js";
import type { BoundedModel, ModelOutcome, TraceResult } from "../conform/index.js";
import type { PairedRow, RunRecord, SummaryRow } from "../record/index.js";

/** `compare` and `start`. */
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

/** `plan`. */
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

/** What a commit takes with the leader in a site. Milliseconds. */
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

/** Something to know about a topology. `rule` is stable, `words` are not. */
export interface Finding {
  /** problem: do not deploy this. advice: think again. fact: good to know. */
  readonly severity: "problem" | "advice" | "fact";
  readonly rule: string;
  readonly words: string;
}

/** `cluster`, once it is up. */
export interface ClusterOutput {
  readonly protocol: string;
  /** Its name, which callers of its nodes must know. */
  readonly cluster: string;
  readonly dir: string;
  /** Who leads; null: nobody yet. */
  readonly leader: string | null;
  readonly nodes: readonly ClusterNode[];
}

/** A node of a cluster that has come up: its process, and where it listens. */
export interface ClusterNode {
  readonly id: string;
  /** null: it does not run. */
  readonly pid: number | null;
  /** leader, follower, candidate, learner; paused, down or starting. */
  readonly role: string;
  /** Term, ballot or epoch; null where it has not said. */
  readonly round: number | null;
  /** host:port, as the next ones. */
  readonly client: string;
  readonly peer: string;
  readonly etcd?: string;
  readonly metrics?: string;
}

/** `cluster status`, `kill`, `pause`, `resume`, `restart`, `stop`. */
export interface ClusterOrderOutput {
  readonly action: string;
  readonly ok: boolean;
  /** What was done, or why not; empty for `status`. */
  readonly words: string;
  readonly nodes: readonly ClusterNode[];
}

/** `soak`. */
export interface SoakOutput {
  readonly outcome: "ok" | "violated" | "unknown";
  readonly runs: readonly SoakRow[];
}

/** What came of the soak of one protocol. */
export interface SoakRow {
  readonly protocol: string;
  readonly seed: number;
  readonly outcome: "ok" | "violated" | "unknown";
  readonly durationMs: number;
  /** Faults that hit somebody, by label. */
  readonly faults: { readonly [label: string]: number };
  readonly committed: number;
  /** Of these, acknowledged after the last fault had ended. */
  readonly committedAfter: number;
  readonly reads: number;
  readonly unknown: number;
  readonly elections: number;
  readonly unavailableMs: number;
  /** Keys read at the end, of how many. */
  readonly audited: number;
  readonly keys: number;
  /** Acknowledged writes that were not there, or what was there and should not have been. */
  readonly losses: number;
  readonly verdicts: RunRecord["verdicts"];
  readonly reasons: readonly string[];
  /** The command that soaks with the same faults and weather again. */
  readonly command: string;
}

/** `scenarios`. */
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

/** `doctor`. */
export interface DoctorOutput {
  readonly tools: readonly ToolState[];
  readonly synod: string;
  readonly ready: boolean;
}

/** A program that Synod uses, as it was found. */
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

/** `step`: each line that was played, with what it did. */
export interface StepOutput {
  readonly steps: readonly { readonly line: string; readonly output: string }[];
}

/** What `validate --json` prints. */
export interface ValidateOutput {
  readonly verdict: TraceResult["verdict"];
  /** Events of the trace, and how many of them the specification can follow. */
  readonly events: number;
  readonly matched: number;
  /** The event that it cannot follow, from 1, and that event. */
  readonly rejectedAt?: number;
  readonly event?: unknown;
  /** Everything that differs there, in canonical form, and the first of it: the state, where that differs. */
  readonly differences?: readonly { readonly what: string; readonly expected: unknown; readonly actual: unknown }[];
  readonly expected?: unknown;
  readonly actual?: unknown;
  /** Why it is inconclusive. */
  readonly reason?: string;
  readonly wallMs?: number;
}

/** `model`: one model's result, several, or with `--config list` what there is. */
export type ModelOutput =
  | ModelResult
  | { readonly models: readonly ModelResult[] }
  | { readonly models: readonly BoundedModel[] };

/** What TLC says of one model. */
export interface ModelResult {
  /** Absent where nothing was checked at all. */
  readonly name?: string;
  readonly verdict: "ok" | "violated" | "inconclusive";
  readonly distinctStates?: number;
  readonly generatedStates?: number;
  readonly depth?: number;
  readonly wallMs?: number;
  readonly jarSha256?: string;
  readonly reason?: string;
  /** What was violated, and how it came to that. */
  readonly property?: string;
  readonly counterexample?: unknown;
}

/** What `conform --json` prints. */
export interface ConformOutput {
  readonly protocol: string;
  readonly verdict: "equal" | "different" | "inconclusive";
  readonly models: readonly Omit<ModelOutcome, "way">[];
  /** Planted bugs, and those that were caught when their table was made; null: the table is not there. */
  readonly mutants: number | null;
  readonly mutantsCaught: number | null;
  /** Branches of the protocol's handlers, those that the exploration of these models took, and the others by file and line. */
  readonly branches: number;
  readonly branchesHit: number;
  readonly branchesMissed: readonly string[];
  /** Distinct states and edges of the code in a second, over these models. */
  readonly statesPerSecond: number;
  readonly edgesPerSecond: number;
  /** Why not every model was compared. */
  readonly reason?: string;
}
