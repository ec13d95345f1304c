/** The ways to the other members: one connection each, on which this node sends and nobody else. */
import type { AnyModule, AnyProtocol, NodeId } from "../../../protocols/core/index.js";
import { readerOf, readEnd, readU53 } from "../../../protocols/core/index.js";
import {
  type Connection,
  Dialer,
  type Hello,
  type Log,
  MESSAGE,
  MESSAGE_TRACED,
  type NodeCounters,
  type NodeObserver,
  type PeerCounters,
  PING,
  PONG,
  type ServedMember,
  SNAPSHOT_ACK,
} from "../../transport/index.js";
import { parseAddress } from "./checkConfig.js";
import { emptyPeerCounters } from "./counters.js";

/** Beyond so many bytes that a peer does not take, messages to it are dropped, as on a link that loses them. */
const QUEUE_BYTES_MAX = 32 * 2 ** 20;
/** How long a message that may wait does so without another to ride with. */
const WAIT_MS = 3;
const PING_EVERY_MS = 1000;
/** Without an answer to a ping for so long, the connection counts as dead. */
const SILENCE_MS_MAX = 5000;

export interface LinksOptions {
  readonly module: AnyModule;
  readonly cluster: string;
  readonly self: ServedMember;
  readonly members: readonly ServedMember[];
  /** Addresses in place of the members' own. */
  readonly dial: { readonly [id: string]: string };
  readonly incarnation: number;
  readonly log: Log;
  readonly counters: NodeCounters;
  readonly observers: readonly NodeObserver[];
  readonly onDirty: (connection: Connection) => void;
  /** An answer to a snapshot's transfer came on this connection. */
  readonly onSnapshotAck: (from: NodeId, bytes: Uint8Array) => void;
  /** Whatever was under way on the connection is lost. */
  readonly onDown: (to: NodeId) => void;
}

/** With the sender's Lamport time. */
interface Waiting {
  readonly message: AnyProtocol["Message"];
  readonly lamport: number;
}

interface Link {
  readonly id: NodeId;
  readonly dialer: Dialer;
  /** A message that may wait, and leaves with the next one or in a moment. */
  waiting: Waiting | null;
  /** Number of the ping that waits for its answer, and since when; 0: none waits. */
  ping: number;
  pingSince: number;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<string, Link>();
  readonly #pinging: NodeJS.Timeout;
  #pings = 0;
  #waitTimer: NodeJS.Timeout | null = null;

  /** By id, for every other member. */
  readonly peerCounters: { readonly [id: string]: PeerCounters };

  constructor(options: LinksOptions) {
    this.#options = options;
    this.peerCounters = emptyPeerCounters(options.members, options.self);
    for (const member of options.members) if (member.id !== options.self.id) this.#add(member);
    this.#pinging = setInterval(() => this.#pingAll(), PING_EVERY_MS);
  }

  /** For whoever writes to it himself: what was sent before is written. null: not up. */
  connectionTo(to: string): Connection | null {
    const link = this.#links.get(to);
    if (link === undefined) return null;
    this.#sendWaitingOn(link);
    return link.dialer.connection;
  }

  /** @param lamport 0: this node does not trace */
  send(to: NodeId, message: AnyProtocol["Message"], lamport: number): void {
    const { module, counters } = this.#options;
    const link = this.#links.get(to);
    const connection = link?.dialer.connection ?? null;
    if (link === undefined || connection === null || connection.queuedBytes > QUEUE_BYTES_MAX) {
      counters.messagesDropped += 1;
      (this.peerCounters[to] as PeerCounters).messagesDropped += 1;
      return;
    }
    const { waiting } = link;
    if (waiting !== null) {
      link.waiting = null;
      // In a trace every message that was sent arrives, unless a fault took it.
      if (lamport !== 0 || module.replaces?.(message, waiting.message) !== true) this.#write(to, connection, waiting);
    }
    const next = { message, lamport };
    if (module.mayWait?.(message) === true) {
      link.waiting = next;
      this.#waitTimer ??= setTimeout(() => this.#sendWaiting(), WAIT_MS);
      return;
    }
    this.#write(to, connection, next);
    connection.dirty();
  }

  #write(to: NodeId, { writer }: Connection, { message, lamport }: Waiting): void {
    const { module, counters } = this.#options;
    const { codec } = module;
    const bytes = codec.totalBytes(message);
    if (lamport === 0) writer.begin(MESSAGE, bytes);
    else {
      writer.begin(MESSAGE_TRACED, bytes + 8);
      writer.u53(lamport);
    }
    const { into, at } = writer.room(codec.headerBytes(message));
    for (const payload of codec.encode(message, into, at)) writer.raw(payload);
    counters.messagesSent += 1;
    counters.bytesSent += bytes + 5;
    (this.peerCounters[to] as PeerCounters).bytesSent += bytes + 5;
  }

  #sendWaiting(): void {
    this.#waitTimer = null;
    for (const link of this.#links.values()) this.#sendWaitingOn(link);
  }

  #sendWaitingOn(link: Link): void {
    const { waiting, dialer } = link;
    if (waiting === null) return;
    link.waiting = null;
    if (dialer.connection === null) return;
    this.#write(link.id, dialer.connection, waiting);
    dialer.connection.dirty();
  }

  /** This member has just called: it runs. */
  hurry(id: string): void {
    this.#links.get(id)?.dialer.hurry();
  }

  close(): void {
    clearInterval(this.#pinging);
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer);
    for (const { dialer } of this.#links.values()) dialer.close();
  }

  #add(member: ServedMember): void {
    const { cluster, module, self, incarnation, log, dial, onDirty } = this.#options;
    const { id, ordinal } = member;
    const { host, port } = parseAddress(dial[id] ?? member.peer);
    const hello: Hello = {
      caller: "peer",
      cluster,
      protocol: module.name,
      ordinal: self.ordinal,
      expected: ordinal,
      incarnation,
    };
    const dialer = new Dialer({
      host,
      port,
      name: id,
      log,
      hello,
      refusal: (welcome) => {
        if (welcome.cluster !== cluster) return `it is of cluster ${JSON.stringify(welcome.cluster)}`;
        return welcome.ordinal === ordinal ? null : `it is member ${welcome.ordinal}, not ${ordinal}`;
      },
      onUp: (connection) => {
        log.info({ peer: id }, "peer reached");
        link.ping = 0;
        connection.onFrame = (kind, bytes, from, to) => this.#onFrame(link, connection, kind, bytes.subarray(from, to));
      },
      onDown: () => {
        log.info({ peer: id }, "peer lost");
        link.waiting = null;
        this.#options.onDown(link.id);
      },
      onRefused: (why) => log.warn({ peer: id, why }, "peer refuses this node"),
      onDirty,
    });
    const link: Link = { id: id as NodeId, dialer, waiting: null, ping: 0, pingSince: 0 };
    this.#links.set(id, link);
  }

  #onFrame(link: Link, connection: Connection, kind: number, body: Uint8Array): boolean {
    if (kind === SNAPSHOT_ACK) {
      this.#options.onSnapshotAck(link.id, body);
      return true;
    }
    if (kind !== PONG) {
      connection.close(`a frame of kind ${kind} from one who only answers`);
      return false;
    }
    const r = readerOf(body);
    const number = readU53(r);
    readEnd(r);
    if (number !== link.ping || number === 0) return true;
    link.ping = 0;
    const seconds = (performance.now() - link.pingSince) / 1000;
    for (const observer of this.#options.observers) observer.roundTrip?.(link.id, seconds);
    return true;
  }

  #pingAll(): void {
    const now = performance.now();
    for (const link of this.#links.values()) {
      const { connection } = link.dialer;
      if (connection === null) continue;
      if (link.ping !== 0) {
        if (now - link.pingSince > SILENCE_MS_MAX) connection.close("it does not answer");
        continue;
      }
      this.#pings += 1;
      link.ping = this.#pings;
      link.pingSince = now;
      connection.writer.begin(PING, 8);
      connection.writer.u53(link.ping);
      connection.dirty();
    }
  }
}
