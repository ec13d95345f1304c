/** The connections of a run's clients to live nodes: one for each node, shared by all clients of this process. */
import { type NodeId, readerOf } from "../../../protocols/core/index.js";
import { clientReply, type Packet } from "../../drivers/sim/index.js";
import type { ClientRequest, Reply } from "../../host/index.js";
import { type ClientReply, readReply, writeRead, writeStatus, writeWrite } from "../../transport/clientProtocol.js";
import type { Connection } from "../../transport/connection.js";
import { Dialer } from "../../transport/dialer.js";
import { CLIENT_FRAME_BYTES_MAX, type NodeStatus, REPLY, STATUS_REPLY } from "../../transport/index.js";
import type { LiveNode } from "./liveNode.js";
import type { Stage } from "./stage.js";

/** Client ids from here on are those of lean clients; a run's sessions count from 1. */
const SESSIONS_FROM = 2 ** 31;
const SILENT = { info: () => undefined, warn: () => undefined };
/** A node that has just been started is found soon. */
const BACK_OFF_MAX_MS = 100;

interface Line {
  readonly node: LiveNode;
  readonly dialer: Dialer;
  /**
   * Who waits for the answer to what is under way, by client and sequence number, oldest first: a client may ask the same
   * node twice. A token of a run's clients, or a call.
   */
  readonly underway: Map<string, (number | OnReply)[]>;
}

/** null: the connection is gone, or there is none. */
type OnReply = (reply: Reply | null) => void;

export class ClientLines {
  readonly #stage: Stage;
  readonly #onStatus: (node: LiveNode, status: NodeStatus) => void;
  readonly #lines: Line[];
  readonly #dirty = new Set<Connection>();
  readonly #ids: ReadonlyMap<number, NodeId>;
  #polls = 0;

  /** @param addresses of the nodes, in their order */
  constructor(
    stage: Stage,
    cluster: string,
    addresses: readonly string[],
    onStatus: (node: LiveNode, status: NodeStatus) => void,
  ) {
    this.#stage = stage;
    this.#onStatus = onStatus;
    this.#ids = new Map(stage.world.nodes.map(({ ordinal, id }) => [ordinal, id]));
    this.#lines = stage.world.nodes.map((node, i) => this.#open(node, cluster, addresses[i] as string));
  }

  #open(node: LiveNode, cluster: string, address: string): Line {
    const colon = address.lastIndexOf(":");
    const dialer = new Dialer({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      name: node.id,
      log: SILENT,
      hello: { caller: "client", cluster },
      refusal: (welcome) => (welcome.id === node.id ? null : `it is ${welcome.id}`),
      onUp: (connection) => {
        connection.bytesMax = CLIENT_FRAME_BYTES_MAX;
        connection.onFrame = (kind, bytes, from, to) => {
          this.#stage.act(() => this.#onFrame(line, kind, bytes.subarray(from, to)));
          return true;
        };
      },
      onDown: () => this.#stage.act(() => this.#gone(line)),
      onDirty: (connection) => this.#dirty.add(connection),
      backOffMaxMs: BACK_OFF_MAX_MS,
    });
    const line: Line = { node, dialer, underway: new Map() };
    return line;
  }

  /** A request has come to the end of its way to the node. */
  deliver(packet: Packet): void {
    if (packet.body.type !== "request") return;
    const line = this.#lines[packet.link.to] as Line;
    const { request } = packet.body;
    const { connection } = line.dialer;
    if (connection === null) {
      // Nobody listens: the kernel says so.
      this.#answer(line, request.token, null);
      return;
    }
    expectReply(line, request, request.token);
    write(connection, request);
  }

  /** Asks a node at once, without weather. `request.token` is not looked at. */
  ask(node: LiveNode, request: ClientRequest): Promise<Reply | null> {
    return new Promise((resolve) => {
      const line = this.#lines[node.number] as Line;
      const { connection } = line.dialer;
      if (connection === null) {
        resolve(null);
        return;
      }
      expectReply(line, request, resolve);
      write(connection, request);
      this.flush();
    });
  }

  /** Asks every node that listens how it is. */
  poll(digest = false): void {
    this.#polls += 1;
    for (const { dialer } of this.#lines) {
      if (dialer.connection === null) continue;
      writeStatus(dialer.connection.writer, SESSIONS_FROM, this.#polls, digest);
      dialer.connection.dirty();
    }
    this.flush();
  }

  flush(): void {
    for (const connection of this.#dirty) connection.flush();
    this.#dirty.clear();
  }

  close(): void {
    for (const { dialer } of this.#lines) dialer.close();
  }

  #onFrame(line: Line, kind: number, body: Buffer): void {
    if (kind === STATUS_REPLY) {
      // Behind client and sequence number.
      this.#onStatus(line.node, JSON.parse(body.subarray(12).toString()) as NodeStatus);
      return;
    }
    if (kind !== REPLY) return;
    const { client, seq, reply } = readReply(readerOf(body));
    const key = `${client - SESSIONS_FROM} ${seq}`;
    const tokens = line.underway.get(key);
    const token = tokens?.shift();
    if (tokens?.length === 0) line.underway.delete(key);
    if (token !== undefined) this.#answer(line, token, this.#replyOf(reply));
  }

  #replyOf(reply: ClientReply): Reply {
    if (reply.status === "ok") return reply;
    const leaderHint = this.#ids.get(reply.leader) ?? null;
    if (reply.status === "failed") return { status: "failed", reason: reply.reason, leaderHint };
    // A session that has expired is always answered with failed.
    const reason = reply.reason === "sessionExpired" ? "notReady" : reply.reason;
    return { status: "unknown", reason, leaderHint };
  }

  /** The connection is gone: what was under way may have happened or not. */
  #gone(line: Line): void {
    const tokens = [...line.underway.values()].flat();
    line.underway.clear();
    for (const token of tokens) this.#answer(line, token, null);
  }

  #answer({ node }: Line, token: number | OnReply, reply: Reply | null): void {
    const { world } = this.#stage;
    if (typeof token === "function") token(reply);
    else clientReply(world, node, token, reply, world.now);
  }
}

function expectReply(line: Line, { client, seq }: ClientRequest, who: number | OnReply): void {
  const key = `${client} ${seq}`;
  const waiting = line.underway.get(key);
  if (waiting === undefined) line.underway.set(key, [who]);
  else waiting.push(who);
}

function write(connection: Connection, { client, seq, operation, level }: ClientRequest): void {
  const id = SESSIONS_FROM + client;
  switch (operation.f) {
    case "get":
    case "range":
    case "query":
      writeRead(connection.writer, id, seq, operation, level);
      break;
    default:
      writeWrite(connection.writer, id, seq, operation);
  }
  connection.dirty();
}
