export { decodeCommand, KnownKeys, type WriteRequest } from "./command.js";
export { createHost, Host } from "./host.js";
export {
  createRegisterHost,
  RegisterHost,
  type RegisterHostConfig,
  type RegisterHostEffect,
  type RegisterHostInput,
} from "./registerHost.js";
export type * from "./types.js";
