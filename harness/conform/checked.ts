/** What a protocol's bounded models can be asked for, by name. */
import type { CheckResult, TlcOptions } from "tla2tools-runner";
import type { Protocol, ProtocolModule } from "../../protocols/core/index.js";
import type { Adapter } from "./adapter.js";
import type { Divergence } from "./replay.js";

export type CheckSettings = Pick<TlcOptions, "timeoutMs" | "workers" | "heapMiB" | "onProgress" | "signal">;

/** One forced action of a prefix: its name and the texts that its arguments must contain. */
export type Step = readonly [action: string, ...parts: readonly string[]];

export interface BoundedModel {
  readonly name: string;
  /** What it is for. */
  readonly about: string;
  /** small: seconds, for every test run; medium: minutes. */
  readonly size: "small" | "medium";
}

export interface Model extends BoundedModel {
  /** What both sides do first. Empty also where the specification itself has the prefix. */
  readonly prefix: readonly Step[];
}

/** A model of the specification alone: the code has no counterpart to abstract time, fairness, or so many states. */
export interface SpecModel extends Model {
  /** The specification, below the folder of the specs, where it is not that of the other models. */
  readonly spec?: string;
  /** Whether a state without a next one is a violation. @default false */
  readonly deadlock?: boolean;
}

/** Spec and code of one model against each other. Stable states and edges: what a replica does by itself is part of an edge. */
export interface ModelOutcome {
  readonly name: string;
  readonly specStates: number;
  /** Those of the prefix, too. */
  readonly specEdges: number;
  readonly edgesReplayed: number;
  readonly divergences: number;
  /** Number of the first edge that diverged; 0: none did. */
  readonly firstAt: number;
  readonly codeStates: number;
  readonly codeEdges: number;
  readonly onlyInSpec: number;
  readonly onlyInCode: number;
  /** The code's distinct states, and its edges, in a second of exploring. Remembered steps included. */
  readonly statesPerSecond: number;
  readonly edgesPerSecond: number;
  /** Calls of the core; everything else was remembered. */
  readonly coreSteps: number;
  /** Of the fastest of up to four explorations, each with a core that has not stepped before. */
  readonly exploreMs: number;
  readonly replayMs: number;
  /** TLC's distinct states in a second, its start and the writing of the graph included. */
  readonly tlcStatesPerSecond: number;
  readonly wallMs: number;
  /** The shortest ways to where they part: by replay, by comparison. Empty where they agree. */
  readonly first: readonly Divergence[];
  /** Labels of the prefix's steps; null: the code cannot take them. */
  readonly way: readonly string[] | null;
}

/** Branches of a protocol's code. */
export interface BranchCoverage {
  readonly branches: number;
  readonly branchesHit: number;
  /** `file:line`, of each branch that was not taken. */
  readonly missed: readonly string[];
}

export interface CheckedProtocol {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  readonly models: readonly BoundedModel[];
  /** Those of the specification alone, which can be checked but not compared. */
  readonly specModels: readonly BoundedModel[];
  /** Safety, refinement of the abstract log. @throws ToolError without Java or jar */
  check(model: string, settings: CheckSettings): Promise<CheckResult>;
  /** @throws ToolError without Java or jar, Error where TLC gave no graph */
  conform(model: string, settings: Pick<TlcOptions, "timeoutMs">): Promise<ModelOutcome>;
  /** Explores the code alone, from where these labels lead. @throws Error where they lead nowhere */
  explore(model: string, way: readonly string[]): void;
}

/** One protocol's models, its types known. */
export interface ModelledProtocol<P extends Protocol, D extends object> {
  readonly name: string;
  readonly title: string;
  readonly models: readonly Model[];
  readonly specModels: readonly SpecModel[];
  readonly module: ProtocolModule<P>;
  /** The specification of the models, below the folder of the specs. */
  readonly spec: string;
  /** The model's .cfg file, below the folder of the specs: with what must hold, or for its graph. */
  config(model: Model, purpose: "check" | "graph"): string;
  /**
   * @param tracing whether the core names its actions, which costs time
   * @throws Error where the .cfg file lacks a bound
   */
  adapter(module: ProtocolModule<P>, model: Model, tracing: boolean): Adapter<P, D>;
}
