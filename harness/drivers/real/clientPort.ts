/** What clients of the lean protocol ask of this node. */
import { CodecError, readerOf } from "../../../protocols/core/index.js";
import { isRawWrite } from "../../host/index.js";
import {
  CLIENT_FRAME_BYTES_MAX,
  type Connection,
  listen,
  type Listener,
  type Log,
  type NodeCounters,
  type NodeStatus,
  READ,
  readRead,
  readStatus,
  type ServedMember,
  STATUS,
  STATUS_REPLY,
  type Welcome,
  WRITE,
} from "../../transport/index.js";
import type { Answers } from "./answers.js";
import { parseAddress } from "./checkConfig.js";
import type { Runtime } from "./runtime.js";

/** A client that leaves so many bytes of replies unread is closed. */
const QUEUE_BYTES_MAX = 64 * 2 ** 20;

export interface ClientPortOptions {
  readonly self: ServedMember;
  readonly welcome: Welcome;
  readonly log: Log;
  readonly counters: NodeCounters;
  readonly runtime: Runtime;
  readonly answers: Answers;
  readonly status: (digest: boolean) => NodeStatus;
}

/** Rejects where the address cannot be had. */
export function openClientPort(options: ClientPortOptions): Promise<Listener> {
  const { self, log, welcome, runtime } = options;
  const { host, port } = parseAddress(self.client);
  return listen({
    host,
    port,
    log,
    welcome,
    refusal: (hello) => {
      if (hello.caller !== "client") return "this is the clients' address: peers have another one";
      // A client that names no cluster takes what it finds.
      if (hello.cluster === "" || hello.cluster === welcome.cluster) return null;
      return `this is cluster ${JSON.stringify(welcome.cluster)}, not ${JSON.stringify(hello.cluster)}`;
    },
    onConnection: (connection) => accept(connection, options),
    onDirty: (connection) => runtime.onDirtyClient(connection),
    queueBytesMax: QUEUE_BYTES_MAX,
  });
}

function accept(connection: Connection, options: ClientPortOptions): void {
  const { counters, runtime, answers, status } = options;
  connection.bytesMax = CLIENT_FRAME_BYTES_MAX;
  counters.clientConnections += 1;
  let received = 0;
  let sent = 0;
  // Counted when the connection rests: two more additions for each frame would count nothing else.
  connection.onClose = () => {
    counters.clientConnections -= 1;
    counters.clientBytesReceived += connection.bytesReceived - received;
    counters.clientBytesSent += connection.bytesSent - sent;
    received = connection.bytesReceived;
    sent = connection.bytesSent;
  };
  connection.onFrame = (kind, bytes, from, to) => {
    switch (kind) {
      case WRITE: {
        if (!isRawWrite(bytes, from, to)) throw new CodecError("a write that is none");
        const nowMs = runtime.turnMs();
        const client = bytes.readUInt32BE(from);
        const seq = bytes.readUInt32BE(from + 4) * 2 ** 32 + bytes.readUInt32BE(from + 8);
        const token = answers.expect(connection, client, seq, true, nowMs, null);
        runtime.rawWrite(token, bytes, from, to, nowMs);
        return true;
      }
      case READ: {
        const { client, seq, level, operation } = readRead(readerOf(bytes.subarray(from, to)));
        const token = answers.expect(connection, client, seq, false, performance.now(), null);
        runtime.input({ type: "request", request: { token, client, seq, level, operation } });
        return true;
      }
      case STATUS: {
        const { client, seq, digest } = readStatus(readerOf(bytes.subarray(from, to)));
        const json = Buffer.from(JSON.stringify(status(digest)));
        connection.writer.begin(STATUS_REPLY, 12 + json.length);
        connection.writer.u32(client);
        connection.writer.u53(seq);
        connection.writer.raw(json);
        connection.dirty();
        return true;
      }
      default:
        throw new CodecError(`a client's frame of kind ${kind}`);
    }
  };
}
