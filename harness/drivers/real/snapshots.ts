/** Images of the machine between nodes and their stores. */
import {
  type AnyModule,
  type AnyProtocol,
  CodecError,
  type NodeId,
  readBool,
  readEnd,
  readerOf,
  readU32,
  readU53,
  type Snapshot,
} from "../../../protocols/core/index.js";
import type { Storage } from "../../storage/index.js";
import {
  type Connection,
  type Log,
  SNAPSHOT_ACK,
  SNAPSHOT_BEGIN,
  SNAPSHOT_CHUNK,
  SNAPSHOT_END,
} from "../../transport/index.js";
import type { Links } from "./links.js";

const CHUNK_BYTES = 256 * 1024;
/** What a transfer may keep waiting on a connection, so that heartbeats are not held up for long. */
const QUEUE_BYTES_MAX = 1024 * 1024;
/** An image larger than this is refused: it would not fit into memory. Bytes. */
const IMAGE_BYTES_MAX = 2 ** 31;
/** How long the sender waits for the word that an image, once sent, is durable. */
const ACK_MS = 10_000;
/** A transfer that could not be made is told so much later: a core may try again at once, and would be no better off. */
const RETRY_MS = 100;

interface Outgoing {
  readonly to: NodeId;
  readonly id: string;
  timer: NodeJS.Timeout | null;
}

export interface SendersOptions {
  readonly module: AnyModule;
  readonly storage: Storage<object>;
  readonly links: Links;
  readonly log: Log;
  /** The transfer is over. Called once for each. */
  readonly onSent: (to: NodeId, id: string, ok: boolean) => void;
}

/** This node's transfers to others. */
export class SnapshotSenders {
  readonly #options: SendersOptions;
  readonly #outgoing = new Map<number, Outgoing>();
  #transfers = 0;

  constructor(options: SendersOptions) {
    this.#options = options;
  }

  /** @param lamport 0: this node does not trace */
  send(to: NodeId, message: AnyProtocol["Message"], snapshot: Snapshot, lamport: number): void {
    this.#transfers = (this.#transfers + 1) >>> 0;
    const transfer = this.#transfers;
    this.#outgoing.set(transfer, { to, id: snapshot.id, timer: null });
    this.#transfer(transfer, to, message, snapshot, lamport).then(
      (sent) => {
        this.#failLater(transfer, sent ? ACK_MS : RETRY_MS);
      },
      (error: unknown) => {
        // A newer snapshot may have taken this one's place; the core is told, and asks for that one.
        this.#options.log.info({ peer: to, snapshot: snapshot.id, why: String(error) }, "snapshot not sent");
        this.#failLater(transfer, RETRY_MS);
      },
    );
  }

  /** A SNAPSHOT_ACK. Throws CodecError. */
  onAck(from: NodeId, body: Uint8Array): void {
    const r = readerOf(body);
    const transfer = readU32(r);
    const ok = readBool(r);
    readEnd(r);
    if (this.#outgoing.get(transfer)?.to === from) this.#end(transfer, ok);
  }

  /** The connection broke: nothing that was under way on it arrives. */
  onDown(to: NodeId): void {
    for (const [transfer, outgoing] of this.#outgoing) if (outgoing.to === to) this.#end(transfer, false);
  }

  close(): void {
    for (const { timer } of this.#outgoing.values()) if (timer !== null) clearTimeout(timer);
    this.#outgoing.clear();
  }

  async #transfer(
    transfer: number,
    to: NodeId,
    message: AnyProtocol["Message"],
    snapshot: Snapshot,
    lamport: number,
  ): Promise<boolean> {
    const { storage, links } = this.#options;
    if (links.connectionTo(to) === null) return false;
    const image = await storage.readImage(snapshot.id);
    const connection = links.connectionTo(to);
    if (connection === null) return false;
    this.#begin(connection, transfer, message, snapshot, lamport);
    for (let at = 0; at < image.length; at += CHUNK_BYTES) {
      if (connection.queuedBytes > QUEUE_BYTES_MAX) await connection.drained();
      if (connection.closed || !this.#outgoing.has(transfer)) return false;
      const chunk = image.subarray(at, at + CHUNK_BYTES);
      connection.writer.begin(SNAPSHOT_CHUNK, 4 + chunk.length);
      connection.writer.u32(transfer);
      connection.writer.raw(chunk);
      connection.flush();
    }
    connection.writer.begin(SNAPSHOT_END, 4);
    connection.writer.u32(transfer);
    connection.dirty();
    return true;
  }

  #begin(
    { writer }: Connection,
    transfer: number,
    message: AnyProtocol["Message"],
    { id, index, round, bytes }: Snapshot,
    lamport: number,
  ): void {
    const { codec } = this.#options.module;
    writer.begin(SNAPSHOT_BEGIN, 4 + 4 * 8 + 4 + id.length + codec.totalBytes(message));
    writer.u32(transfer);
    writer.u53(lamport);
    writer.u53(index);
    writer.u53(round);
    writer.u53(bytes);
    writer.u32(id.length);
    writer.latin1(id);
    const { into, at } = writer.room(codec.headerBytes(message));
    for (const payload of codec.encode(message, into, at)) writer.raw(payload);
  }

  #failLater(transfer: number, ms: number): void {
    const outgoing = this.#outgoing.get(transfer);
    if (outgoing !== undefined) outgoing.timer = setTimeout(() => this.#end(transfer, false), ms);
  }

  #end(transfer: number, ok: boolean): void {
    const outgoing = this.#outgoing.get(transfer);
    if (outgoing === undefined) return;
    this.#outgoing.delete(transfer);
    if (outgoing.timer !== null) clearTimeout(outgoing.timer);
    this.#options.onSent(outgoing.to, outgoing.id, ok);
  }
}

interface Incoming {
  readonly message: AnyProtocol["Message"];
  readonly snapshot: Snapshot;
  readonly lamport: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

export interface ReceiverOptions {
  readonly module: AnyModule;
  readonly storage: Storage<object>;
  readonly log: Log;
  /** The image is durable here. */
  readonly onReceived: (
    from: NodeId,
    message: AnyProtocol["Message"],
    snapshot: Snapshot,
    image: Uint8Array,
    lamport: number,
  ) => void;
}

/** The transfers of one connection from a peer; a broken connection forgets them. */
export class SnapshotReceiver {
  readonly #options: ReceiverOptions;
  readonly #from: NodeId;
  readonly #connection: Connection;
  readonly #incoming = new Map<number, Incoming>();

  constructor(options: ReceiverOptions, from: NodeId, connection: Connection) {
    this.#options = options;
    this.#from = from;
    this.#connection = connection;
  }

  /** Throws CodecError. `body` may be kept. */
  onFrame(kind: number, body: Uint8Array): void {
    const r = readerOf(body);
    const transfer = readU32(r);
    if (kind === SNAPSHOT_BEGIN) {
      this.#incoming.set(transfer, this.#begin(body.subarray(r.at)));
      return;
    }
    const incoming = this.#incoming.get(transfer);
    if (incoming === undefined) throw new CodecError(`no transfer ${transfer} has begun`);
    if (kind === SNAPSHOT_CHUNK) {
      incoming.parts.push(body.subarray(r.at));
      incoming.bytes += body.length - r.at;
      if (incoming.bytes > incoming.snapshot.bytes) throw new CodecError("a snapshot longer than it was said to be");
      return;
    }
    readEnd(r);
    this.#incoming.delete(transfer);
    if (incoming.bytes !== incoming.snapshot.bytes) throw new CodecError("a snapshot shorter than it was said to be");
    this.#save(transfer, incoming).catch((error: unknown) => {
      this.#options.log.warn({ peer: this.#from, snapshot: incoming.snapshot.id, why: String(error) }, "snapshot lost");
      this.#acknowledge(transfer, false);
    });
  }

  #begin(body: Uint8Array): Incoming {
    const r = readerOf(body);
    const lamport = readU53(r);
    const index = readU53(r);
    const round = readU53(r);
    const bytes = readU53(r);
    if (bytes > IMAGE_BYTES_MAX) throw new CodecError(`a snapshot of ${bytes} bytes`);
    const length = readU32(r);
    if (length > 100 || length > body.length - r.at) throw new CodecError(`a snapshot's name of ${length} bytes`);
    const id = Buffer.from(body.subarray(r.at, r.at + length)).toString("latin1");
    // It becomes the name of a file.
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(id)) throw new CodecError("a snapshot's name that none of us gives");
    const message = this.#options.module.codec.decode(body.subarray(r.at + length));
    return { message, snapshot: { id, index, round, bytes }, lamport, parts: [], bytes: 0 };
  }

  async #save(transfer: number, { message, snapshot, lamport, parts }: Incoming): Promise<void> {
    const { storage, onReceived } = this.#options;
    const image = Buffer.concat(parts);
    // Sent before, and the answer was lost: its name says that it is the same.
    const known = await storage.readImage(snapshot.id).then(
      (found) => found.length === image.length,
      () => false,
    );
    if (!known) await storage.writeImage({ id: snapshot.id, index: snapshot.index }, [image]);
    onReceived(this.#from, message, snapshot, image, lamport);
    this.#acknowledge(transfer, true);
  }

  #acknowledge(transfer: number, ok: boolean): void {
    const { writer } = this.#connection;
    if (this.#connection.closed) return;
    writer.begin(SNAPSHOT_ACK, 5);
    writer.u32(transfer);
    writer.u8(ok ? 1 : 0);
    this.#connection.dirty();
  }
}
