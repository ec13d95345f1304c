/** What one protocol gives to the tools that hold its code and its specification together. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Configuration } from "../../protocols/core/index.js";
import type { TraceLine } from "../drivers/sim/index.js";

/** An event of a trace as its trace specification reads it. Fields beyond these are the protocol's own. */
export interface TraceEvent {
  /** Empty in the first event of a trace, which is named Config and gives cluster and settings. */
  readonly node: string;
  readonly action: string;
  /** Place of the line in the run's trace. */
  readonly seq?: number;
}

/** Collects the events of one run, line by line. */
export interface EventCollector {
  line(line: TraceLine): void;
  /** The events of every line so far, without Config. */
  events(): readonly TraceEvent[];
}

export interface TracedProtocol {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** The trace specification, a path below the folder of the specs. */
  readonly traceSpec: string;
  /** Whether every trace of a run of TLC must have the same Config event. */
  readonly oneConfigPerRun: boolean;
  /** The Config event: the first of every trace. */
  config(cluster: Configuration, options: object): TraceEvent;
  /** @param live whether a core runs on with what its lines hold. @default true */
  collector(live?: boolean): EventCollector;
}

/** The folder of the specifications: of the clone, or of the installed package. */
export function specFolder(): string {
  const own = fileURLToPath(new URL(".", import.meta.url));
  // Compiled code lies one level deeper than its source, below dist.
  const root = /[\\/]dist[\\/]harness[\\/]conform[\\/]?$/.test(own) ? join(own, "../../..") : join(own, "../..");
  return join(root, "spec");
}
