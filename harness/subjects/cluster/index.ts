export {
  type Action,
  ACTIONS,
  type Answer,
  type ClusterState,
  giveOrder,
  type NodeRow,
  openControl,
  readState,
  writeState,
} from "./control.js";
export { LiveCluster } from "./liveCluster.js";
export type { LiveNode } from "./liveNode.js";
export { type LiveOutcome, runLive, type LiveRunSpec } from "./liveRun.js";
export { ProcessFaults } from "./processFaults.js";
export { obey, rowsOf } from "./orders.js";
export { type Loss, missingWrites } from "./audit.js";
export { healedAtMs, soakCrashKind, soakKeys, soakScenario } from "./soak.js";
