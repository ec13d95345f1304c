/** The way of a message through its codec. */
import { type AnyProtocol, assert } from "../../../protocols/core/index.js";
import type { World } from "./world.js";

/** With `wire` on, every receiver gets what the codec reads from the bytes that the codec has written. */
export function decoded(world: World, message: AnyProtocol["Message"]): AnyProtocol["Message"] {
  const { codec } = world.module;
  const bytes = new Uint8Array(codec.totalBytes(message));
  let at = codec.headerBytes(message);
  for (const payload of codec.encode(message, bytes, 0)) {
    bytes.set(payload, at);
    at += payload.length;
  }
  assert(at === bytes.length, `totalBytes of ${message.type} says ${bytes.length}, header and payloads are ${at}`);
  return codec.decode(bytes);
}
