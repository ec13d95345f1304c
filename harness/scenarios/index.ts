export * from "./inputError.js";
export * from "./load.js";
export type * from "./scenario.js";
export type * from "./topology.js";
export * from "./validate.js";
