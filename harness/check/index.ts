export { HistoryBuilder, type InputOptions } from "./builder.js";
export { historyFromEvents } from "./events.js";
export { type History, type OperationView, viewOperation } from "./history.js";
export { checkLinearizable, type LinearizableOptions, type LinearizableResult, type Verdict } from "./linearizable.js";
export { staleReads } from "./stale.js";
