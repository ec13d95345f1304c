/** One simulated process: boot, loop turns, effects, crash. */
import { assert, type NodeId, unreachable, fail } from "../../../protocols/core/index.js";
import { cancelTimer, dropTimers, localTime, resetClock, setTimer } from "./clock.js";
import { completeWrites, crashDisk, startSync } from "./disk.js";
import { hashArrival, hashEffect, hashInput } from "./fingerprint.js";
import { hostOf } from "./hosts.js";
import type { Ledger } from "./ledger.js";
import { clientReply, requestOf } from "./reply.js";
import { createPacket, resetConnection, transmit, transmitPacket } from "./network.js";
import { dropReceived, environment, persists, traceActions } from "./traceStep.js";
import { expectWord, tell } from "./transfers.js";
import { decoded } from "./wire.js";
import {
  type Body,
  CRASH_TRIGGER,
  type Driven,
  IDLE,
  type Link,
  NS_PER_MS,
  type Packet,
  type PendingWrite,
  type Persist,
  RESTART,
  type SavedImage,
  type SimEffect,
  type SimInput,
  type SimNode,
  TURN,
  type Transfer,
  type World,
} from "./world.js";

/** What handling one input costs a healthy CPU. Real replicas spend 2 to 10 microseconds on a message. */
const INPUT_NS = 4_000;
const TURN_END: SimInput = { type: "turnEnd" };

/** Starts the process from what its disk holds. A damaged disk refuses, and the node stays down for good. */
export function boot(world: World, ledger: Ledger, node: SimNode): void {
  const { disk } = node;
  assert(node.host === null, `${node.id} is booted while it runs`);
  if (disk.damage !== null) {
    if (node.corrupt === null) world.counts.refusedToStart += 1;
    node.corrupt = disk.damage;
    environment(world, node, "Corrupt", [node.id, disk.damage]);
    return;
  }
  node.incarnation += 1;
  resetClock(node, world.now);
  node.timers = new Map();
  node.inbox.clear();
  node.turnScheduled = false;
  node.turnEndWanted = false;
  node.busyUntil = world.now;
  disk.durableSeq = 0;
  node.host = hostOf(world, node);
  listRunning(world);
  ledger.onBoot(node);
  enqueue(world, ledger, node, { type: "start" });
}

function listRunning(world: World): void {
  world.running = [];
  for (const node of world.nodes) if (node.host !== null) world.running.push(node.host.state);
}

/** The process is gone: memory, timers, what waited for it, and a random suffix of what was not synced. */
export function crash(world: World, ledger: Ledger, node: SimNode, tornWrite: number): void {
  if (node.host === null) return;
  world.counts.crashes += 1;
  const { pending } = node.disk;
  const inFlight = world.trace === null ? [] : pending.slice(0, pending.length);
  const { kept, lost, torn } = crashDisk(node, tornWrite, ledger);
  world.counts.writesLost += lost;
  world.counts.writesTorn += torn;
  world.hash.word(0x4a000000 | (node.number << 16) | (kept & 0xffff));
  node.host = null;
  if (world.trace !== null) dropReceived(world, node, inFlight);
  node.inbox.clear();
  dropTimers(node);
  listRunning(world);
  ledger.onCrash(node);
  environment(world, node, "Crash", [node.id, persists(inFlight.slice(0, kept)), persists(inFlight.slice(kept))]);
  const count = world.nodes.length;
  for (let other = 0; other < count; other += 1) {
    resetConnection(world, world.links[node.number * count + other] as Link);
    resetConnection(world, world.links[other * count + node.number] as Link);
  }
}

/** Crashes the node and boots it again after `forNs`; Infinity: never. */
export function takeDown(world: World, ledger: Ledger, node: SimNode, tornWrite: number, forNs: number): void {
  node.down += 1;
  crash(world, ledger, node, tornWrite);
  if (forNs !== Number.POSITIVE_INFINITY) world.queue.push(world.now + forNs, RESTART, node.number, 0, null);
}

/** A RESTART event: one of the reasons to be down is over. */
export function bringUp(world: World, ledger: Ledger, node: SimNode): void {
  if (node.down === 0) return; // It was mended before its time.
  node.down -= 1;
  if (node.down === 0 && node.host === null) boot(world, ledger, node);
}

/** Gives the node an input: at once if it is idle, else in its next loop turn. */
export function enqueue(world: World, ledger: Ledger, node: SimNode, input: SimInput): void {
  node.inbox.push(input);
  if (node.paused > 0) return;
  if (node.busyUntil > world.now) scheduleTurn(world, node);
  else runTurn(world, ledger, node);
}

export function scheduleTurn(world: World, node: SimNode): void {
  if (node.turnScheduled) return;
  node.turnScheduled = true;
  world.queue.push(Math.max(world.now, node.busyUntil), TURN, node.number, node.incarnation, null);
}

/** A TURN event, or a pause that ended. */
export function resumeTurns(world: World, ledger: Ledger, node: SimNode): void {
  if (node.host === null || node.paused > 0 || node.inbox.length === 0) return;
  if (node.busyUntil > world.now) scheduleTurn(world, node);
  else runTurn(world, ledger, node);
}

/** One loop turn: everything that waits, then `turnEnd`, then one sync for all of it. */
export function runTurn(world: World, ledger: Ledger, node: SimNode): void {
  const { inbox } = node;
  const cost = Math.round(INPUT_NS * node.slowness);
  let at = world.now;
  for (let left = inbox.length; left > 0; left -= 1) {
    const input = inbox.shift();
    if (input.type === "timeout" && !takeFired(node, input.timer)) continue;
    at += cost;
    step(world, ledger, node, input, at);
    if (world.broken !== null) return;
  }
  if (node.turnEndWanted) {
    node.turnEndWanted = false;
    step(world, ledger, node, TURN_END, at);
  }
  node.busyUntil = at;
  startSync(world, node, at);
}

/** An earlier input of the same turn may have re-armed or cancelled the timer: then it does not fire. */
function takeFired(node: SimNode, name: string): boolean {
  const timer = node.timers.get(name);
  if (timer === undefined || !timer.fired) return false;
  timer.fired = false;
  return true;
}

function step(world: World, ledger: Ledger, node: SimNode, input: SimInput, at: number): void {
  const host = node.host as Driven;
  world.events += 1;
  node.lamport += 1;
  hashInput(world, node.number, input);
  const effects = host.step(input, localTime(node.clock, at) / NS_PER_MS);
  if (world.trace !== null) traceActions(world, node, input, effects, at);
  for (const effect of effects) perform(world, ledger, node, effect, at);
  ledger.afterStep(node);
}

function perform(world: World, ledger: Ledger, node: SimNode, effect: SimEffect, at: number): void {
  hashEffect(world, effect);
  switch (effect.type) {
    case "send":
      send(world, node, effect.to, { type: "message", from: node.id, message: effect.message }, 0, effect.after, at);
      break;
    case "persist":
      persist(world, ledger, node, effect, at);
      break;
    case "store":
      ledger.onStore(node, effect);
      write(world, node, effect);
      triggerCrashes(world, node, at);
      break;
    case "setTimer":
      setTimer(world, node, effect.timer, effect.minMs, effect.maxMs, at);
      break;
    case "cancelTimer":
      cancelTimer(node, effect.timer);
      break;
    case "apply":
      ledger.onApply(node, effect.entry);
      break;
    case "installSnapshot":
      ledger.onInstall(node, effect.snapshot);
      break;
    case "reply":
      ledger.onReply(node, requestOf(world, effect.token), effect.reply, effect.cell);
      clientReply(world, node, effect.token, effect.reply, at);
      break;
    case "needTurnEnd":
      node.turnEndWanted = true;
      break;
    case "saveSnapshot":
      ledger.onSnapshot(node, effect.index, effect.bytes);
      write(world, node, {
        type: "image",
        id: effect.id,
        index: effect.index,
        bytes: effect.bytes,
        input: { type: "snapshotSaved", id: effect.id },
        transfer: null,
      });
      break;
    case "sendSnapshot":
      sendSnapshot(world, node, effect, at);
      break;
    case "action":
      break;
    case "needIdle":
      idleLater(world, node, at);
      break;
    default:
      unreachable(effect);
  }
}

/** The node has something better to do for a while. */
function idleLater(world: World, node: SimNode, at: number): void {
  const delay = world.scenario.applyDelayMs ?? 0;
  const ms = typeof delay === "number" ? delay : node.idleRandom.between(delay.min, delay.max);
  world.queue.push(at + Math.round(ms * NS_PER_MS), IDLE, node.number, node.incarnation, null);
}

/** A CRASH_TRIGGER event, if the process it was meant for still runs. */
export function onCrashTrigger(world: World, ledger: Ledger, node: SimNode, incarnation: number, why: unknown): void {
  if (node.host === null || node.incarnation !== incarnation) return;
  if (why !== "full-disk") {
    takeDown(world, ledger, node, 0.5, Math.floor(node.triggerRandom.between(20, 600) * NS_PER_MS));
    return;
  }
  if (node.disk.full === 0) {
    // There is space again, but the write has failed.
    takeDown(world, ledger, node, 0, 100 * NS_PER_MS);
    return;
  }
  node.killedByFullDisk = true;
  node.down += 1;
  crash(world, ledger, node, 0);
}

function persist(world: World, ledger: Ledger, node: SimNode, effect: Persist, at: number): void {
  ledger.onPersist(node, effect);
  write(world, node, effect);
  triggerCrashes(world, node, at);
}

function triggerCrashes(world: World, node: SimNode, at: number): void {
  for (const { chance, within } of node.triggers) {
    if (!node.triggerRandom.chance(chance)) continue;
    const delay = Math.floor(node.triggerRandom.unit() * within);
    world.queue.push(at + delay, CRASH_TRIGGER, node.number, node.incarnation, null);
  }
}

function write(world: World, node: SimNode, pending: PendingWrite): void {
  if (node.disk.full === 0) {
    node.disk.pending.push(pending);
    return;
  }
  // No space left: the write fails, and a failed write kills the process. The crash must not happen inside its own step.
  world.queue.push(world.now, CRASH_TRIGGER, node.number, node.incarnation, "full-disk");
}

function send(
  world: World,
  node: SimNode,
  to: NodeId,
  body: Body,
  extraBytes: number,
  after: number,
  at: number,
): void {
  const target = world.numbers.get(to);
  if (target === undefined || target === node.number) fail(`${node.id} sends to ${to}`);
  const link = world.links[node.number * world.nodes.length + target] as Link;
  const bytes = body.type === "message" || body.type === "snapshot" ? world.module.codec.totalBytes(body.message) : 0;
  world.counts.messages += 1;
  world.counts.bytes += bytes + extraBytes;
  if (after <= node.disk.durableSeq) {
    transmit(world, link, body, bytes + extraBytes, at, node.lamport);
    return;
  }
  node.disk.held.push(createPacket(world, link, body, bytes + extraBytes, after, node.lamport));
}

function sendSnapshot(
  world: World,
  node: SimNode,
  effect: Extract<SimEffect, { readonly type: "sendSnapshot" }>,
  at: number,
): void {
  const image = node.disk.images.get(effect.snapshot.id);
  assert(image !== undefined, `${node.id} sends snapshot ${effect.snapshot.id}, which it does not have`);
  const { to, message, snapshot } = effect;
  const { number: from, incarnation } = node;
  const transfer: Transfer = { from, incarnation, to: world.numbers.get(to) as number, id: snapshot.id, open: true };
  const body: Body = { type: "snapshot", message, snapshot, image: image.bytes, transfer };
  send(world, node, to, body, image.bytes.length, effect.after, at);
  expectWord(world, transfer, at);
}

/** A DISK event: the running sync is through. */
export function onSynced(world: World, ledger: Ledger, node: SimNode, generation: number): void {
  const { disk } = node;
  if (disk.generation !== generation || node.host === null) return;
  const downtime = disk.failing.shift();
  if (downtime !== undefined) {
    takeDown(world, ledger, node, 0, downtime);
    return;
  }
  const count = disk.syncing;
  const images = imagesAmong(disk, count);
  const wrote = world.trace === null ? 0 : persists(disk.pending.slice(0, count));
  world.counts.syncs += 1;
  disk.syncing = 0;
  const before = disk.durableSeq;
  completeWrites(node, count, ledger);
  environment(world, node, "Sync", [node.id, wrote]);
  releaseHeld(world, node);
  for (const image of images) imageSaved(world, ledger, node, image);
  if (disk.durableSeq > before) enqueue(world, ledger, node, { type: "durable", upTo: disk.durableSeq });
  // What the node wrote while the sync ran goes into the next one.
  startSync(world, node, world.now);
}

const NO_IMAGES: readonly SavedImage[] = [];

function imagesAmong(disk: SimNode["disk"], count: number): readonly SavedImage[] {
  let found: SavedImage[] | null = null;
  for (let i = 0; i < count; i += 1) {
    const write = disk.pending.at(i);
    if (write.type !== "image") continue;
    found ??= [];
    found.push(write);
  }
  return found ?? NO_IMAGES;
}

/** Messages may wait for different writes, and need not be in their order. */
function releaseHeld(world: World, node: SimNode): void {
  const { held, durableSeq } = node.disk;
  for (let left = held.length; left > 0; left -= 1) {
    const packet = held.shift();
    if (packet.after <= durableSeq) transmitPacket(world, packet, world.now);
    else held.push(packet);
  }
}

function imageSaved(world: World, ledger: Ledger, node: SimNode, image: SavedImage): void {
  const { transfer } = image;
  if (transfer !== null) {
    const link = world.links[node.number * world.nodes.length + transfer.from] as Link;
    tell(world, transfer, true, world.now + link.regime.delay);
  }
  enqueue(world, ledger, node, image.input);
}

/** An ARRIVE event at a node. A process that is down receives nothing. */
export function receive(world: World, ledger: Ledger, node: SimNode, packet: Packet): void {
  const { body } = packet;
  if (node.host === null) return;
  hashArrival(world, node.number, packet.id);
  if (packet.lamport > node.lamport) node.lamport = packet.lamport;
  const from = world.nodes[packet.link.from] as SimNode;
  switch (body.type) {
    case "message":
      enqueue(world, ledger, node, world.wire ? { ...body, message: decoded(world, body.message) } : body);
      break;
    case "request":
      enqueue(world, ledger, node, body);
      break;
    case "snapshot": {
      const { message, snapshot, image, transfer } = body;
      const input: SimInput = { type: "snapshotReceived", from: from.id, message, snapshot };
      const { id, index } = snapshot;
      write(world, node, { type: "image", id, index, bytes: image, input, transfer });
      startSync(world, node, world.now);
      break;
    }
    case "reply":
    case "bytes":
      throw new Error(`a packet of the kind ${body.type} came to a simulated node`);
    default:
      unreachable(body);
  }
}
