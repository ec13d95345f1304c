/** Feeds inputs and effects into the trace hash. */
import { unreachable } from "../../../protocols/core/index.js";
import type { ClientRequest, Reply } from "../../host/index.js";
import { hashText } from "./random.js";
import { keyOf } from "./recorder.js";
import type { Persist, SimEffect, SimInput, Store, World } from "./world.js";

/** Timer names and the like: few texts, hashed often. */
const texts = new Map<string, number>();

function textKey(text: string): number {
  let key = texts.get(text);
  if (key === undefined) {
    key = hashText(text);
    texts.set(text, key);
  }
  return key;
}

/** Header bytes are written here; grows to the largest message of the process. */
let scratch = new Uint8Array(4096);

function scratchOf(bytes: number): Uint8Array {
  if (bytes > scratch.length) scratch = new Uint8Array(2 * bytes);
  return scratch;
}

/** A message is hashed where it is sent; what arrives is hashed as the number of its packet, by `hashArrival`. */
export function hashMessage(world: World, message: { readonly type: string }): void {
  const { codec } = world.module;
  const bytes = codec.headerBytes(message);
  const into = scratchOf(bytes);
  codec.encode(message, into, 0);
  world.hash.bytes(into, 0, bytes);
}

export function hashArrival(world: World, node: number, packet: number): void {
  world.hash.word(0x41000000 | node);
  world.hash.number(packet);
  world.hash.number(world.now);
}

export function hashInput(world: World, node: number, input: SimInput): void {
  const { hash } = world;
  hash.word(0x42000000 | (node << 8) | input.type.length);
  switch (input.type) {
    case "message":
    case "start":
    case "turnEnd":
      break;
    case "timeout":
      hash.word(textKey(input.timer));
      break;
    case "durable":
      hash.number(input.upTo);
      break;
    case "request":
      hashRequest(world, input.request);
      break;
    case "snapshotReceived":
      hash.text(input.snapshot.id);
      break;
    case "snapshotSent":
    case "snapshotSaved":
      hash.text(input.id);
      break;
    case "idle":
      break;
    default:
      unreachable(input);
  }
}

function hashRequest(world: World, request: ClientRequest): void {
  const { hash } = world;
  const { operation } = request;
  hash.word(request.client);
  hash.number(request.seq);
  hash.word(textKey(operation.f) ^ textKey(request.level));
  // The written value follows from client and number, and is hashed as part of the command that carries it.
  hash.text(keyOf(operation));
}

export function hashEffect(world: World, effect: SimEffect): void {
  const { hash } = world;
  switch (effect.type) {
    case "persist":
      hashPersist(world, effect);
      return;
    case "send":
    case "sendSnapshot":
      hash.word(0x43000000 ^ (world.numbers.get(effect.to) ?? -1));
      hash.number(effect.after);
      hashMessage(world, effect.message);
      return;
    case "store":
      hashStore(world, effect);
      return;
    case "setTimer":
      hash.word(0x44000000 ^ textKey(effect.timer));
      hash.word(Math.round(effect.minMs * 1000));
      hash.word(Math.round(effect.maxMs * 1000));
      return;
    case "cancelTimer":
      hash.word(0x45000000 ^ textKey(effect.timer));
      return;
    case "apply":
      hash.word(0x46000000);
      hash.number(effect.entry.index);
      return;
    case "reply":
      hashReply(world, effect.token, effect.reply);
      return;
    case "saveSnapshot":
      hash.text(effect.id);
      hash.bytes(effect.bytes, 0, effect.bytes.length);
      return;
    case "installSnapshot":
      hash.text(effect.snapshot.id);
      return;
    case "action":
      // Present only when tracing is on, and tracing may not change the hash.
      return;
    case "needTurnEnd":
      hash.word(0x47000000);
      return;
    case "needIdle":
      return;
    default:
      unreachable(effect);
  }
}

function hashPersist(world: World, effect: Persist): void {
  const { hash } = world;
  hash.word(0x48000000);
  hash.number(effect.seq);
  hash.word(effect.truncateFrom ?? -1);
  hash.word(effect.snapshot?.index ?? -1);
  if (effect.hard !== null && world.module.kind === undefined) {
    const codec = world.module.hardCodec;
    const bytes = codec.headerBytes(effect.hard);
    const into = scratchOf(bytes);
    codec.encode(effect.hard, into, 0);
    hash.bytes(into, 0, bytes);
  }
  for (const entry of effect.entries) {
    hash.number(entry.index);
    hash.number(entry.round);
    hash.word(entry.kind === "command" ? entry.command.length : -1);
  }
}

function hashStore(world: World, { seq, cells }: Store): void {
  const { hash } = world;
  hash.word(0x4d000000);
  hash.number(seq);
  for (const { key, timestamp, value } of cells) {
    hash.text(key);
    hash.number(timestamp.counter);
    hash.word((timestamp.ordinal << 16) ^ timestamp.incarnation);
    hash.bytes(value, 0, value.length);
  }
}

function hashReply(world: World, token: number, reply: Reply): void {
  const { hash } = world;
  hash.word(0x49000000 ^ textKey(reply.status));
  hash.number(token);
  if (reply.status !== "ok") {
    hash.word(textKey(reply.reason));
    return;
  }
  hash.number(reply.index);
  const { result } = reply;
  hash.word(textKey(result.type));
  if (result.type === "value") hash.text(result.value ?? "-");
  if (result.type === "cas") hash.text(`${result.swapped}${result.observed ?? "-"}`);
  if (result.type === "range") for (const [key, value] of result.pairs) hash.text(key + value);
}
