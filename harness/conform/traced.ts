/** The protocols whose traces can be validated: those that have a trace specification. */
import type { ZabOptions } from "../../protocols/zab/index.js";
import { multipaxosTraces } from "./multipaxos/index.js";
import type { TracedProtocol, TraceEvent } from "./protocol.js";
import { raftTraces } from "./raft/index.js";
import { configEvent as zabConfig, ZabTrace } from "./zab/trace.js";

const zabTraces: TracedProtocol = {
  name: "zab",
  title: "ZAB",
  traceSpec: "zab/TraceZab.tla",
  oneConfigPerRun: true,
  config: (cluster, options) => zabConfig(cluster, options as ZabOptions) as TraceEvent,
  collector: () => {
    const trace = new ZabTrace();
    // It keeps what it is given, and a core goes on with its own.
    return { line: (line) => trace.line(structuredClone(line)), events: () => trace.end() };
  },
};

export const TRACED: readonly TracedProtocol[] = [raftTraces, multipaxosTraces, zabTraces];

/** undefined: there is no trace specification for it. */
export function tracedProtocol(name: string): TracedProtocol | undefined {
  return TRACED.find((protocol) => protocol.name === name);
}
