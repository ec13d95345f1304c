export type * from "./manifest.js";
export type * from "./run.js";
