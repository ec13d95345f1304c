export {
  type AddressedReply,
  type ClientReply,
  type FailureReason,
  readRead,
  readReply,
  readStatus,
  type ReadOperation,
  type WriteOperation,
  writeRead,
  writeReply,
  writeStatus,
  writeWrite,
} from "./clientProtocol.js";
export { Connection, type Log } from "./connection.js";
export { Dialer, type DialerOptions } from "./dialer.js";
export { FrameError, FrameReader, FrameWriter, type OnFrame } from "./frames.js";
export {
  type Hello,
  readHello,
  readWelcome,
  type Welcome,
  writeHello,
  writeRefused,
  writeWelcome,
} from "./handshake.js";
export * from "./kinds.js";
export {
  LeanClient,
  type LeanClientOptions,
  type LeanEndpoint,
  type LeanOutcome,
  type LeanRequestOptions,
  type LeanSession,
} from "./leanClient.js";
export { listen, type Listener, type ListenerOptions } from "./listener.js";
export type * from "./nodeService.js";
