/** What a protocol's bounded models can be asked for, by name. */
import type { CheckResult, TlcOptions } from "tla2tools-runner";

export type CheckSettings = Pick<TlcOptions, "timeoutMs" | "workers" | "heapMiB" | "onProgress" | "signal">;

export interface BoundedModel {
  readonly name: string;
  /** What it is for. */
  readonly about: string;
  /** small: seconds, for every test run; medium: minutes. */
  readonly size: "small" | "medium";
}

/** Spec and code of one model against each other. Stable states and edges: what a replica does by itself is part of an edge. */
export interface ModelOutcome {
  readonly name: string;
  readonly specStates: number;
  readonly specEdges: number;
  readonly edgesReplayed: number;
  readonly divergences: number;
  readonly codeStates: number;
  readonly onlyInSpec: number;
  readonly onlyInCode: number;
  /** The code's states a second. */
  readonly statesPerSecond: number;
  readonly wallMs: number;
  /** The shortest ways to where they part; empty where they agree. */
  readonly first: readonly { readonly path: readonly string[]; readonly problem: string }[];
}

export interface CheckedProtocol {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  readonly models: readonly BoundedModel[];
  /** Safety, refinement of the abstract log. @throws ToolError without Java or jar */
  check(model: string, settings: CheckSettings): Promise<CheckResult>;
  /** @throws ToolError without Java or jar, Error where TLC gave no graph */
  conform(model: string, settings: Pick<TlcOptions, "timeoutMs">): Promise<ModelOutcome>;
}
