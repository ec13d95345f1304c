/** A live node as links, clients and the schedule of faults see it. */
import type { NodeId } from "../../../protocols/core/index.js";
import type { Station } from "../../drivers/sim/index.js";
import type { NodeStatus } from "../../transport/index.js";
import type { NodeProcess } from "./nodeProcess.js";

export interface LiveNode extends Station {
  readonly number: number;
  readonly id: NodeId;
  readonly ordinal: number;
  readonly region: string;
  readonly voter: boolean;
  readonly process: NodeProcess;
  /** The process while it listens. */
  host: NodeProcess | null;
  leaderRound: number;
  /** What it last said of itself; null: nothing since it began. */
  status: NodeStatus | null;
  /** Reasons to be down, and to stand still. */
  down: number;
  paused: number;
  /** Starts one after the other that took too long or met a taken address. */
  failedStarts: number;
  /** Slow disks laid over one another: fault and milliseconds that a sync takes longer; the last one counts. */
  slow: { readonly fault: number; readonly extraMs: number }[];
  /** Syncs that will fail: how long the node then stays down, nanoseconds. */
  failing: number[];
}
