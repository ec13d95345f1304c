/** The ways to the other members' client ports, for what this node cannot do itself. Dialled when first needed. */
import { type ReadLevel, readerOf } from "../../protocols/core/index.js";
import {
  type ClientReply,
  type Connection,
  Dialer,
  type Log,
  REPLY,
  type ReadOperation,
  readReply,
  type ServedMember,
  type WriteOperation,
  writeRead,
  writeWrite,
} from "../transport/index.js";

/** Longest reply taken: kind and body, bytes. A range may be long; it comes from a member of this cluster. */
const REPLY_BYTES_MAX = 1 << 30;

export interface Attempt {
  readonly client: number;
  readonly seq: number;
  readonly operation: ReadOperation | WriteOperation;
  readonly level: ReadLevel;
}

interface Link {
  readonly dialer: Dialer;
  /** By client id: each has one request under way. */
  readonly waiting: Map<number, { readonly seq: number; readonly answer: (reply: ClientReply) => void }>;
}

const LOST: ClientReply = { status: "unknown", reason: "notReady", leader: 0 };
const NOT_UP: ClientReply = { status: "failed", reason: "notReady", leader: 0 };

export class Links {
  readonly #cluster: string;
  readonly #log: Log;
  readonly #links = new Map<number, Link>();
  #dirty: Connection[] = [];

  constructor(cluster: string, log: Log) {
    this.#cluster = cluster;
    this.#log = log;
  }

  /** Never rejects: a connection that breaks is an unknown outcome, one that is not up a failure. `answer` is called once. */
  request(member: ServedMember, attempt: Attempt, answer: (reply: ClientReply) => void): void {
    const link = this.#links.get(member.ordinal) ?? this.#dial(member);
    const { connection } = link.dialer;
    if (connection === null) {
      link.dialer.hurry();
      answer(NOT_UP);
      return;
    }
    const { client, seq, operation, level } = attempt;
    link.waiting.get(client)?.answer(LOST); // Given up by its call.
    link.waiting.set(client, { seq, answer });
    if (operation.f === "get" || operation.f === "range" || operation.f === "query")
      writeRead(connection.writer, client, seq, operation, level);
    else writeWrite(connection.writer, client, seq, operation);
    connection.dirty();
  }

  close(): void {
    for (const { dialer } of this.#links.values()) dialer.close();
  }

  #dial(member: ServedMember): Link {
    const at = member.client.lastIndexOf(":");
    const waiting: Link["waiting"] = new Map();
    const dialer = new Dialer({
      host: member.client.slice(0, at).replace(/^\[(.*)\]$/u, "$1"),
      port: Number(member.client.slice(at + 1)),
      name: `client port of ${member.id}`,
      log: this.#log,
      hello: { caller: "client", cluster: this.#cluster },
      refusal: ({ ordinal }) => (ordinal === member.ordinal ? null : `it is member ${ordinal}, not ${member.ordinal}`),
      onUp: (connection) => {
        connection.bytesMax = REPLY_BYTES_MAX;
        connection.onFrame = (kind, bytes, from, to) => {
          if (kind === REPLY) return onReply(waiting, bytes.subarray(from, to));
          connection.close(`a frame of kind ${kind} where a REPLY was expected`);
          return false;
        };
      },
      onDown: () => {
        const lost = [...waiting.values()];
        waiting.clear();
        for (const { answer } of lost) answer(LOST);
      },
      onRefused: (why) => this.#log.warn({ member: member.id, why }, "member refuses this node as a client"),
      onDirty: (connection) => this.#flushLater(connection),
    });
    const link = { dialer, waiting };
    this.#links.set(member.ordinal, link);
    return link;
  }

  /** What one turn of the loop writes leaves together. */
  #flushLater(connection: Connection): void {
    this.#dirty.push(connection);
    if (this.#dirty.length > 1) return;
    setImmediate(() => {
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const one of dirty) one.flush();
    });
  }
}

/** Throws CodecError, which ends the connection. */
function onReply(waiting: Link["waiting"], body: Uint8Array): boolean {
  const { client, seq, reply } = readReply(readerOf(body));
  const found = waiting.get(client);
  if (found === undefined || found.seq !== seq) return true; // Of an attempt that was given up.
  waiting.delete(client);
  found.answer(reply);
  return true;
}
