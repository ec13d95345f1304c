/** What peers send to this node. */
import { type AnyModule, CodecError, type NodeId } from "../../../protocols/core/index.js";
import type { Storage } from "../../storage/index.js";
import {
  type Connection,
  type Hello,
  listen,
  type Listener,
  type Log,
  MESSAGE,
  MESSAGE_TRACED,
  type NodeCounters,
  PEER_FRAME_BYTES_MAX,
  type PeerCounters,
  PING,
  PONG,
  type ServedMember,
  SNAPSHOT_BEGIN,
  SNAPSHOT_CHUNK,
  SNAPSHOT_END,
  type Welcome,
} from "../../transport/index.js";
import { parseAddress } from "./checkConfig.js";
import type { Links } from "./links.js";
import type { Runtime } from "./runtime.js";
import { SnapshotReceiver } from "./snapshots.js";

export interface PeerPortOptions {
  readonly module: AnyModule;
  readonly self: ServedMember;
  readonly members: readonly ServedMember[];
  readonly welcome: Welcome;
  readonly log: Log;
  readonly counters: NodeCounters;
  readonly storage: Storage<object>;
  readonly runtime: Runtime;
  readonly links: Links;
}

/** Rejects where the address cannot be had. */
export function openPeerPort(options: PeerPortOptions): Promise<Listener> {
  const { self, log, welcome, runtime } = options;
  const { host, port } = parseAddress(self.peer);
  const current = new Map<string, Connection>();
  return listen({
    host,
    port,
    log,
    welcome,
    refusal: (hello) => refusal(hello, options),
    onConnection: (connection, hello) => accept(connection, hello, current, options),
    onDirty: (connection) => runtime.onDirtyPeer(connection),
  });
}

function refusal(hello: Hello, { welcome, self, members }: PeerPortOptions): string | null {
  if (hello.caller !== "peer") return "this is the peers' address: clients have another one";
  if (hello.cluster !== welcome.cluster)
    return `this is cluster ${JSON.stringify(welcome.cluster)}, not ${JSON.stringify(hello.cluster)}`;
  if (hello.protocol !== welcome.protocol)
    return `this cluster speaks ${welcome.protocol}, not ${JSON.stringify(hello.protocol)}`;
  if (hello.expected !== self.ordinal) return `this is member ${self.ordinal}, not ${hello.expected}`;
  const known = members.some(({ ordinal }) => ordinal === hello.ordinal && ordinal !== self.ordinal);
  return known ? null : `${hello.ordinal} is no other member of this cluster`;
}

function accept(
  connection: Connection,
  hello: Hello,
  current: Map<string, Connection>,
  options: PeerPortOptions,
): void {
  if (hello.caller !== "peer") return;
  const { module, members, log, counters, storage, runtime, links } = options;
  const from = members[hello.ordinal - 1]?.id as NodeId;
  const peer = links.peerCounters[from] as PeerCounters;
  connection.name = from;
  connection.bytesMax = PEER_FRAME_BYTES_MAX;
  // A peer has one connection: what still comes on an earlier one is older than what comes on this one.
  current.get(from)?.close(null);
  current.set(from, connection);
  links.hurry(from);
  const snapshots = new SnapshotReceiver(
    {
      module,
      storage,
      log,
      onReceived: (...received) => {
        counters.snapshotsReceived += 1;
        runtime.snapshotReceived(...received);
      },
    },
    from,
    connection,
  );
  connection.onClose = () => {
    if (current.get(from) === connection) current.delete(from);
  };
  connection.onFrame = (kind, bytes, begin, end) => {
    counters.bytesReceived += end - begin + 5;
    peer.bytesReceived += end - begin + 5;
    switch (kind) {
      case MESSAGE:
        counters.messagesReceived += 1;
        runtime.message(from, module.codec.decode(bytes.subarray(begin, end)), 0);
        return true;
      case MESSAGE_TRACED:
        counters.messagesReceived += 1;
        if (end - begin < 8) throw new CodecError("a traced message without its time");
        runtime.message(from, module.codec.decode(bytes.subarray(begin + 8, end)), lamportAt(bytes, begin));
        return true;
      case SNAPSHOT_BEGIN:
      case SNAPSHOT_CHUNK:
      case SNAPSHOT_END:
        snapshots.onFrame(kind, bytes.subarray(begin, end));
        return true;
      case PING:
        if (end - begin !== 8) throw new CodecError("a ping without its number");
        connection.writer.begin(PONG, 8);
        connection.writer.raw(bytes.subarray(begin, end));
        connection.dirty();
        return true;
      default:
        throw new CodecError(`a peer's frame of kind ${kind}`);
    }
  };
}

function lamportAt(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32BE(at);
  if (high >= 2 ** 21) throw new CodecError("a time beyond 2^53");
  return high * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
