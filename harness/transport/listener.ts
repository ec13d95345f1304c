/** Accepts connections, and keeps those that introduce themselves in time and belong here. */
import { createServer, type Server, type Socket } from "node:net";
import { readerOf } from "../../protocols/core/index.js";
import { Connection, type Log } from "./connection.js";
import { type Hello, readHello, type Welcome, writeRefused, writeWelcome } from "./handshake.js";
import { HELLO, HELLO_BYTES_MAX } from "./kinds.js";

export interface ListenerOptions {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  readonly log: Log;
  readonly welcome: Welcome;
  /** Why this caller is not wanted; null: it is. */
  readonly refusal: (hello: Hello) => string | null;
  /** Sets `onFrame`, `onClose` and `bytesMax` of a connection that was let in. */
  readonly onConnection: (connection: Connection, hello: Hello) => void;
  readonly onDirty: (connection: Connection) => void;
  /** With more than this unread by the caller, its connection is closed. Bytes. @default no limit */
  readonly queueBytesMax?: number;
  /** How long a caller may take to say who it is. Milliseconds. @default 5000 */
  readonly helloMs?: number;
}

export interface Listener {
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Rejects where the address cannot be had. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const open = new Set<Connection>();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 }, (socket) =>
    accept(socket, options, open),
  );
  await listening(server, options);
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : options.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const connection of open) connection.close(null);
      await closed;
    },
  };
}

function listening(server: Server, { host, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off("error", reject);
      // A process without descriptors left cannot accept; those who call will call again.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function accept(socket: Socket, options: ListenerOptions, open: Set<Connection>): void {
  const { log, onDirty, queueBytesMax = Number.POSITIVE_INFINITY } = options;
  const name = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
  const connection = new Connection(socket, name, { log, bytesMax: HELLO_BYTES_MAX, queueBytesMax, onDirty });
  open.add(connection);
  const late = setTimeout(() => connection.close("it did not say who it is"), options.helloMs ?? 5000);
  late.unref();
  connection.onClose = () => {
    clearTimeout(late);
    open.delete(connection);
  };
  connection.onFrame = (kind, bytes, from, to) => {
    clearTimeout(late);
    if (kind !== HELLO) {
      connection.close(`a frame of kind ${kind} where a HELLO was expected`);
      return false;
    }
    const hello = readHello(readerOf(bytes.subarray(from, to)));
    const refusal = options.refusal(hello);
    if (refusal !== null) {
      log.warn({ connection: name, why: refusal }, "caller refused");
      writeRefused(connection.writer, refusal);
      connection.finish();
      return false;
    }
    writeWelcome(connection.writer, options.welcome);
    connection.dirty();
    options.onConnection(connection, hello);
    const { onClose } = connection;
    connection.onClose = () => {
      open.delete(connection);
      onClose();
    };
    return true;
  };
}
