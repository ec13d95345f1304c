/**
 * The network. Datagrams are lost, doubled and reordered. Streams keep their order: a loss costs a retransmission after
 * a timeout that doubles, everything behind it waits, and a connection that gets nothing through for five seconds is
 * reset and loses what was in flight. Clients always use streams.
 */
import type { Weather } from "../../scenarios/index.js";
import { NO_STEP } from "./trace.js";
import { notMade, tell } from "./transfers.js";
import {
  changeWeather,
  delayOf,
  emptyRegime,
  isDuplicated,
  isLost,
  linkKey,
  nextFate,
  refreshRegime,
} from "./weather.js";
import {
  ARRIVE,
  type Body,
  type Connection,
  type Link,
  LINK_BREAK,
  NS_PER_MS,
  type Packet,
  type Regime,
  type Surroundings,
} from "./world.js";

/** Linux's retransmission timeout of a thin stream: the round trip and at least 200 ms (RFC 6298, TCP_RTO_MIN). */
const RETRANSMIT_NS = 200 * NS_PER_MS;
/** A connection that gets nothing through for this long is given up, as etcd's peer transport does. */
const BREAK_NS = 5_000 * NS_PER_MS;
/** Ten segments of 1,460 bytes: the first window of a connection (RFC 6928). */
const FIRST_WINDOW_BYTES = 14_600;
/** A window this large is no limit any more. */
const OPEN_WINDOW_BYTES = 1 << 24;

/** Every datagram of IPv4 and UDP, every segment of TCP: what a frame costs besides its payload. */
const FRAME_BYTES = 40;

const CLIENT_WEATHER: Weather = { delayMs: 0.1 };

function createLink(
  world: Surroundings,
  from: number,
  to: number,
  stream: boolean,
  regions: readonly [string, string],
  base: Weather,
): Link {
  return {
    from,
    to,
    key: linkKey(world.seed, from, to),
    stream,
    regions,
    base,
    overlays: [],
    cuts: 0,
    regime: emptyRegime(),
    wireFreeAt: 0,
    connection: stream ? newConnection() : null,
  };
}

function newConnection(): Connection {
  return {
    epoch: 0,
    // The cluster has been up for a while when a run begins.
    connected: true,
    openAt: 0,
    lastArrival: 0,
    blocked: [],
    breaking: false,
    breaks: 0,
    windowBytes: OPEN_WINDOW_BYTES,
    windowUsed: 0,
    windowEnd: 0,
    transfers: new Set(),
  };
}

/** All links between nodes: `links[from * nodes + to]`; a node's link to itself is there and never used. */
export function connectNodes(world: Surroundings): void {
  const count = world.nodes.length;
  const stream = world.scenario.links.kind === "stream";
  for (let from = 0; from < count; from += 1) {
    for (let to = 0; to < count; to += 1) {
      const a = (world.nodes[from] as Surroundings["nodes"][number]).region;
      const b = (world.nodes[to] as Surroundings["nodes"][number]).region;
      world.links.push(
        createLink(world, from, to, stream, [a, b], weatherBetween(world, a, b, world.scenario.links.local)),
      );
    }
  }
}

/**
 * The way back of the connections that `from`'s peer `to` has dialled: a stream of its own under the weather, cuts and
 * faults of the link from `from` to `to`. Only live connections have one: simulated ones carry one direction.
 */
export function wayBack(world: Surroundings, from: number, to: number): Link {
  const { regions, base } = world.links[from * world.nodes.length + to] as Link;
  const link = createLink(world, from, to, true, regions, base);
  world.links.push(link);
  return link;
}

export function weatherBetween(world: Surroundings, a: string, b: string, inside: Weather): Weather {
  if (a === b) return inside;
  for (const { regions, weather } of world.scenario.links.between ?? []) {
    if ((regions[0] === a && regions[1] === b) || (regions[0] === b && regions[1] === a)) return weather;
  }
  throw new Error(`links.between names no weather for ${a} and ${b}`);
}

/** The stream of a client to or from a node. */
export function clientLink(
  world: Surroundings,
  from: number,
  to: number,
  clientRegion: string,
  nodeRegion: string,
): Link {
  const key = from * 65_536 + to;
  let link = world.clientLinks.get(key);
  if (link === undefined) {
    const inside = world.scenario.links.client ?? CLIENT_WEATHER;
    const base = weatherBetween(world, clientRegion, nodeRegion, inside);
    link = createLink(world, from, to, true, [clientRegion, nodeRegion], base);
    for (const { fault, weather, regions } of world.clientOverlays) {
      if (joins(link, regions)) link.overlays.push({ fault, weather });
    }
    world.clientLinks.set(key, link);
  }
  return link;
}

/** Hands a body to a link at virtual time `at`; it arrives as an ARRIVE event, or not at all. */
export function transmit(
  world: Surroundings,
  link: Link,
  body: Body,
  payloadBytes: number,
  at: number,
  lamport: number,
): void {
  transmitPacket(world, createPacket(world, link, body, payloadBytes, 0, lamport), at);
}

export function createPacket(
  world: Surroundings,
  link: Link,
  body: Body,
  payloadBytes: number,
  after: number,
  lamport: number,
): Packet {
  world.packets += 1;
  const bytes = payloadBytes + FRAME_BYTES;
  return { link, id: world.packets, body, bytes, after, sentAt: 0, order: 0, epoch: 0, lamport };
}

export function transmitPacket(world: Surroundings, packet: Packet, at: number): void {
  const { link } = packet;
  world.sendings += 1;
  packet.sentAt = at;
  packet.order = world.sendings;
  if (link.connection === null) sendDatagram(world, packet, at);
  else sendOnStream(world, link, link.connection, packet, at);
}

function sendDatagram(world: Surroundings, packet: Packet, at: number): void {
  const { link } = packet;
  const regime = refreshRegime(link, at);
  const fate = nextFate(regime);
  if (link.cuts > 0 || isLost(fate, regime, 0)) {
    dropped(world, packet);
    return;
  }
  const leaves = at + wireTime(link, regime, packet.bytes, at);
  world.queue.push(leaves + delayOf(fate, regime, 0), ARRIVE, link.to, 0, packet);
  if (!isDuplicated(fate, regime)) return;
  world.counts.duplicated += 1;
  environment(world, "Duplicate", packet);
  world.queue.push(leaves + delayOf(fate, regime, 1), ARRIVE, link.to, 0, packet);
}

/** Nanoseconds until the last byte is on the wire, which takes one packet at a time. */
function wireTime(link: Link, regime: Regime, bytes: number, at: number): number {
  if (regime.bandwidth === 0) return 0;
  const start = Math.max(at, link.wireFreeAt);
  link.wireFreeAt = start + Math.ceil((bytes * 1e9) / regime.bandwidth);
  return link.wireFreeAt - at;
}

function sendOnStream(world: Surroundings, link: Link, connection: Connection, packet: Packet, at: number): void {
  const regime = refreshRegime(link, at);
  const transfer = packet.body.type === "snapshot" ? packet.body.transfer : null;
  if (!connection.connected && !connect(world, link, connection, regime, at)) {
    dropped(world, packet);
    if (transfer !== null) notMade(world, transfer, at);
    return;
  }
  packet.epoch = connection.epoch;
  if (transfer !== null) connection.transfers.add(transfer);
  if (link.cuts > 0) {
    block(world, link, connection, packet, at);
    return;
  }
  const fate = nextFate(regime);
  const roundTrip = 2 * regime.delay;
  let leaves = windowTime(connection, packet.bytes, Math.max(at, connection.openAt), roundTrip);
  leaves += wireTime(link, regime, packet.bytes, leaves);
  const waited = retransmissionTime(world, fate, regime, roundTrip);
  if (waited > 0) connection.windowBytes = Math.max(FIRST_WINDOW_BYTES, Math.min(connection.windowBytes, 1 << 20) >> 1);
  if (waited >= BREAK_NS) breakLater(world, link, connection, at + BREAK_NS);
  const arrival = Math.max(connection.lastArrival, leaves + waited + delayOf(fate, regime, 0));
  connection.lastArrival = arrival;
  world.queue.push(arrival, ARRIVE, link.to, 0, packet);
}

/** The handshake takes one round trip, longer if the weather eats its packets. False: nobody answers. */
function connect(world: Surroundings, link: Link, connection: Connection, regime: Regime, at: number): boolean {
  if (link.cuts > 0) return false;
  const waited = retransmissionTime(world, nextFate(regime), regime, 2 * regime.delay);
  if (waited >= BREAK_NS) return false;
  connection.connected = true;
  connection.openAt = at + 2 * regime.delay + waited;
  connection.lastArrival = 0;
  connection.windowBytes = FIRST_WINDOW_BYTES;
  connection.windowUsed = 0;
  connection.windowEnd = 0;
  return true;
}

/** How long the losses of one packet hold it up. */
function retransmissionTime(world: Surroundings, fate: number, regime: Regime, roundTrip: number): number {
  if (regime.loss === 0) return 0;
  let waited = 0;
  let timeout = RETRANSMIT_NS + roundTrip;
  for (let attempt = 0; isLost(fate, regime, attempt); attempt += 1) {
    world.counts.retransmitted += 1;
    waited += timeout;
    timeout *= 2;
    if (waited >= BREAK_NS) return waited;
  }
  return waited;
}

/** Slow start: a new connection sends ten segments in its first round trip and twice as many in each that it fills. */
function windowTime(connection: Connection, bytes: number, at: number, roundTrip: number): number {
  if (connection.windowBytes >= OPEN_WINDOW_BYTES) return at;
  let leaves = at;
  if (leaves >= connection.windowEnd) {
    connection.windowUsed = 0;
    connection.windowEnd = leaves + roundTrip;
  } else if (connection.windowUsed + bytes > connection.windowBytes) {
    leaves = connection.windowEnd;
    connection.windowBytes *= 2;
    connection.windowUsed = 0;
    connection.windowEnd = leaves + roundTrip;
  }
  connection.windowUsed += bytes;
  return leaves;
}

function block(world: Surroundings, link: Link, connection: Connection, packet: Packet, at: number): void {
  connection.blocked.push(packet);
  if (connection.blocked.length === 1) breakLater(world, link, connection, at + BREAK_NS);
}

function breakLater(world: Surroundings, link: Link, connection: Connection, at: number): void {
  if (connection.breaking) return;
  connection.breaking = true;
  connection.breaks += 1;
  world.queue.push(at, LINK_BREAK, link.to, connection.breaks, link);
}

/** A LINK_BREAK event: the five seconds are over. A heal or a reset in between has voided it. */
export function onLinkBreak(world: Surroundings, link: Link, scheduled: number): void {
  const connection = link.connection as Connection;
  if (connection.breaks === scheduled && connection.breaking) resetConnection(world, link);
}

/** The connection is gone, with everything on it. The next packet opens a new one. */
export function resetConnection(world: Surroundings, link: Link): void {
  const { connection } = link;
  if (connection === null) return;
  world.counts.connectionsBroken += 1;
  for (const packet of connection.blocked) dropped(world, packet);
  connection.blocked = [];
  connection.epoch += 1;
  connection.connected = false;
  connection.breaking = false;
  // Their sender sees at once that the connection is gone.
  for (const transfer of connection.transfers) if (transfer.open) tell(world, transfer, false, world.now);
  connection.transfers.clear();
  world.onReset?.(link);
}

/** Whether a packet that has come to the end of its way gets in. One that meets a cut is lost, or waits in its stream. */
export function arrives(world: Surroundings, packet: Packet): boolean {
  const { link } = packet;
  const { connection } = link;
  if (connection === null) {
    if (link.cuts === 0) return true;
    dropped(world, packet);
    return false;
  }
  if (packet.epoch !== connection.epoch) {
    dropped(world, packet);
    return false;
  }
  if (link.cuts === 0 && connection.blocked.length === 0) return true;
  block(world, link, connection, packet, world.now);
  return false;
}

export function cutLink(link: Link): void {
  link.cuts += 1;
}

/** When the last cut of a stream ends, its oldest packet goes out with the next retransmission, the others behind it. */
export function healLink(world: Surroundings, link: Link): void {
  link.cuts -= 1;
  const { connection } = link;
  if (link.cuts > 0 || connection === null || connection.blocked.length === 0) return;
  // A packet that met the cut at the end of its way waits behind later ones that met it at the start.
  const blocked = connection.blocked.sort((a, b) => a.order - b.order);
  connection.blocked = [];
  connection.breaking = false;
  connection.windowBytes = FIRST_WINDOW_BYTES;
  connection.windowEnd = 0;
  const first = blocked[0] as Packet;
  const regime = refreshRegime(link, world.now);
  let timeout = RETRANSMIT_NS + 2 * regime.delay;
  let next = first.sentAt + timeout;
  while (next < world.now) {
    timeout *= 2;
    next += timeout;
  }
  connection.openAt = next;
  for (const packet of blocked) sendOnStream(world, link, connection, packet, world.now);
}

/** Whether the link runs between these two regions, either way. */
export function joins(link: Link, regions: readonly [string, string]): boolean {
  const [a, b] = link.regions;
  return (a === regions[0] && b === regions[1]) || (a === regions[1] && b === regions[0]);
}

export function overlayWeather(link: Link, fault: number, weather: Weather): void {
  link.overlays.push({ fault, weather });
  changeWeather(link);
}

export function removeOverlay(link: Link, fault: number): void {
  link.overlays = link.overlays.filter((overlay) => overlay.fault !== fault);
  changeWeather(link);
}

function dropped(world: Surroundings, packet: Packet): void {
  world.counts.dropped += 1;
  environment(world, "Drop", packet);
}

function environment(world: Surroundings, action: "Drop" | "Duplicate", packet: Packet): void {
  const { body } = packet;
  if (world.trace === null || (body.type !== "message" && body.type !== "snapshot")) return;
  const from = world.nodes[packet.link.from];
  const to = world.nodes[packet.link.to];
  if (from === undefined || to === undefined) return;
  traceNetwork(world, action, from.id, to.id, body.message, packet.lamport);
}

/** What the network does to one message. */
export function traceNetwork(
  world: Surroundings,
  action: "Drop" | "Duplicate",
  from: string,
  to: string,
  message: unknown,
  lamport: number,
): void {
  world.traceSeq += 1;
  const { traceSeq: seq, now: time } = world;
  world.trace?.line({ seq, node: from, action, args: [from, to, message], ...NO_STEP, time, lamport });
}
