export type * from "./comparison.js";
export * from "./history.js";
export type * from "./manifest.js";
export type * from "./run.js";
export * from "./statistics.js";
export * from "./trace.js";
export * from "./version.js";
