/** What a live cluster is started from, and what it tells. */
import type { TimingProfile } from "../../../protocols/core/index.js";
import type { NodeStorage } from "../../drivers/real/index.js";
import type { Subject } from "../../drivers/sim/index.js";
import type { Scenario } from "../../scenarios/index.js";
import type { LiveNode } from "./liveNode.js";

export interface LiveClusterSpec {
  readonly module: Subject;
  readonly scenario: Scenario;
  readonly timing: TimingProfile;
  /** 0 .. 2^32-1; weather, clients and faults come from it. */
  readonly seed: number;
  readonly dir: string;
  /** Where nodes listen. @default "127.0.0.1" */
  readonly host?: string;
  /** Steps of each node that its trace holds; 0: no trace. */
  readonly tracedMax: number;
  /** Whether nodes serve etcd's clients and Prometheus. */
  readonly services: boolean;
  /** Whether links between nodes pass through shims. Without: no weather and no partitions, and no cost. */
  readonly shimmed: boolean;
  readonly storage?: NodeStorage;
  readonly storageOf?: { readonly [id: string]: NodeStorage };
  /** The cluster's name, where its data are from an earlier start. @default a new one */
  readonly name?: string;
  /** What a node runs, for tests. @default the compiled entry of the real driver */
  readonly program?: string;
}

/** What happens to a cluster, for those who watch. */
export interface Happening {
  readonly type: "leader" | "lost" | "exit" | "up" | "problem";
  readonly node: LiveNode;
  readonly words: string;
}
