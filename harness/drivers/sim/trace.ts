/** The trace of a run: the same lines under every driver. */
export { NO_STEP, type TraceLine, traceList, type TraceSink, traceWriter } from "../../record/index.js";
