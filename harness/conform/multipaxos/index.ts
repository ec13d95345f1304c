/** Multi-Paxos for the tools that hold code and specification together. */
import type { MultiPaxosOptions } from "../../../protocols/multipaxos/index.js";
import type { TracedProtocol } from "../protocol.js";
import { configEvent, MultiPaxosTrace } from "./trace.js";

export const multipaxosTraces: TracedProtocol = {
  name: "multipaxos",
  title: "Multi-Paxos",
  traceSpec: "multipaxos/TraceMultiPaxos.tla",
  oneConfigPerRun: false,
  config: (cluster, options) => configEvent(cluster, options as MultiPaxosOptions),
  collector: () => new MultiPaxosTrace(),
};
