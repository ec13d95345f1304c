export { type CheckedConfig, checkNodeConfig, readNodeConfig } from "./checkConfig.js";
export type * from "./config.js";
export { EXIT as NODE_EXIT } from "./exit.js";
export type { NodeOrder } from "./faults.js";
export { ForgetfulFiles } from "./forgetfulFiles.js";
export { CorruptStore, type NodeOptions, type RunningNode, startNode } from "./node.js";
export { runNodeProcess } from "./process.js";
export { mergeTraces } from "./traceFile.js";
export { keepHeapRoom } from "./heapRoom.js";
