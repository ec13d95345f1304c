export { decodeCommand, type WriteRequest } from "./command.js";
export { createHost, Host } from "./host.js";
export type * from "./types.js";
