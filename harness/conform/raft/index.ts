/** Raft for the tools that hold code and specification together. */
import type { RaftOptions } from "../../../protocols/raft/index.js";
import type { TracedProtocol } from "../protocol.js";
import { configEvent, RaftTrace } from "./trace.js";

export const raftTraces: TracedProtocol = {
  name: "raft",
  title: "Raft",
  traceSpec: "raft/TraceRaft.tla",
  oneConfigPerRun: true,
  config: (cluster, options) => configEvent(cluster, options as RaftOptions),
  collector: () => new RaftTrace(),
};
