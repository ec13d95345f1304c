export { decodeCommand, type WriteRequest } from "./command.js";
export { KnownKeys } from "./knownKeys.js";
export { decodeAnswer } from "./mvcc/answerCodec.js";
export { encodeRequest } from "./mvcc/requestCodec.js";
export type * as Mvcc from "./mvcc/types.js";
export { createHost, Host } from "./host.js";
export { isRawWrite } from "./rawWrite.js";
export {
  createRegisterHost,
  RegisterHost,
  type RegisterHostConfig,
  type RegisterHostEffect,
  type RegisterHostInput,
} from "./registerHost.js";
export type * from "./types.js";
