/** ZAB for the tools that hold code and specification together. */
import type { ZabOptions } from "../../../protocols/zab/index.js";
import type { TracedProtocol, TraceEvent } from "../protocol.js";
import { configEvent, ZabTrace } from "./trace.js";

export const zabTraces: TracedProtocol = {
  name: "zab",
  title: "ZAB",
  traceSpec: "zab/TraceZab.tla",
  oneConfigPerRun: true,
  config: (cluster, options) => configEvent(cluster, options as ZabOptions) as TraceEvent,
  collector: (live = true) => {
    const trace = new ZabTrace();
    // It keeps what it is given, and a core goes on with its own.
    return { line: (line) => trace.line(live ? structuredClone(line) : line), events: () => trace.end() };
  },
};
