export { type Happening, LiveCluster, type LiveClusterSpec } from "./liveCluster.js";
export type { LiveNode } from "./liveNode.js";
export { type LiveOutcome, runLive, type LiveRunSpec } from "./liveRun.js";
export { ProcessFaults } from "./processFaults.js";
