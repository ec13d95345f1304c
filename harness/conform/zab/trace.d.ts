/** Lines of a traced run as events of TraceZab.tla: one event for each step of a core. */
import { type Configuration } from "../../../protocols/core/index.js";
import type { ZabOptions } from "../../../protocols/zab/index.js";
import type { TraceLine } from "../../drivers/sim/index.js";
export interface ZabEvent {
  readonly node: string;
  /** The first action of the step, or the environment's. */
  readonly action: string;
  readonly args: readonly unknown[];
  /** [from, message], or empty. */
  readonly received: readonly unknown[];
  /** Every action of the step, in order. */
  readonly then: readonly string[];
  /** [to, message, how many], sorted by text. */
  readonly sent: readonly unknown[];
  /** The disk once this step's write is on it; empty where nothing was written. */
  readonly wrote: readonly unknown[];
  readonly state: unknown;
  /** Place of the step's first line in the run's trace. */
  readonly seq: number;
}
/** The first event of a trace: which cluster, and the settings that the spec has. */
export declare function configEvent(cluster: Configuration, options: ZabOptions): unknown;
export declare class ZabTrace {
  readonly events: ZabEvent[];
  private readonly disks;
  private readonly running;
  line(line: TraceLine): void;
  /** The events of everything seen so far. */
  end(): readonly ZabEvent[];
  private disk;
  private environment;
  private sync;
  private crash;
  private flush;
  private step;
}
