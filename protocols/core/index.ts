export * from "./assert.js";
export * from "./bytes.js";
export * from "./contract.js";
export * from "./entry.js";
export * from "./log.js";
export * from "./membership.js";
export * from "./quorums.js";
export * from "./register.js";
