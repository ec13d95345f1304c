export * from "./kinds.js";
export type * from "./nodeService.js";
