export * from "./floor.js";
export * from "./incident.js";
export * from "./inputError.js";
export * from "./load.js";
export * from "./predict.js";
export type * from "./scenario.js";
export type * from "./topology.js";
export * from "./validate.js";
export * from "./topologyCheck.js";
