/** Keeps a connection to one address: dials, introduces itself, and dials again after a break. */
import { connect, type Socket } from "node:net";
import { readerOf } from "../../protocols/core/index.js";
import { Connection, type Log } from "./connection.js";
import { type Hello, readText, readWelcome, type Welcome, writeHello } from "./handshake.js";
import { HELLO_BYTES_MAX, REFUSED, WELCOME } from "./kinds.js";

export interface DialerOptions {
  readonly host: string;
  readonly port: number;
  /** For logs. */
  readonly name: string;
  readonly log: Log;
  readonly hello: Hello;
  /** Why the one who answered is not the one that was meant; null: it is. */
  readonly refusal: (welcome: Welcome) => string | null;
  /** The connection is up: set `onFrame` and `bytesMax`. */
  readonly onUp: (connection: Connection, welcome: Welcome) => void;
  readonly onDown: () => void;
  /** The other side refuses; it is asked again later all the same. */
  readonly onRefused?: (why: string) => void;
  readonly onDirty: (connection: Connection) => void;
  /** First pause after a failure; it doubles up to the second. Milliseconds. @default 20 */
  readonly backOffMinMs?: number;
  /** @default 1000 */
  readonly backOffMaxMs?: number;
  /** How long connecting and the handshake may take. Milliseconds. @default 3000 */
  readonly handshakeMs?: number;
}

export class Dialer {
  /** The connection while it is up. */
  connection: Connection | null = null;
  readonly #options: DialerOptions;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #closed = false;

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#dial();
  }

  /** The other side is known to run: no need to wait for the end of the pause. */
  hurry(): void {
    if (this.#timer === null || this.#closed) return;
    this.#failures = 0;
    this.#dial();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.connection !== null) this.connection.close(null);
    else this.#socket?.destroy();
  }

  #dial(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const { host, port, name, log, onDirty } = this.#options;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
    this.#socket = socket;
    const connection = new Connection(socket, name, { log, bytesMax: HELLO_BYTES_MAX, onDirty });
    const late = setTimeout(() => connection.close(null), this.#options.handshakeMs ?? 3000);
    let up = false;
    connection.onClose = () => {
      clearTimeout(late);
      this.connection = null;
      this.#socket = null;
      if (up) this.#options.onDown();
      this.#later();
    };
    connection.onFrame = (kind, bytes, from, to) => {
      const body = readerOf(bytes.subarray(from, to));
      if (kind === REFUSED) {
        this.#options.onRefused?.(readText(body));
        connection.close(null);
        return false;
      }
      if (kind !== WELCOME) {
        connection.close(`a frame of kind ${kind} where a WELCOME was expected`);
        return false;
      }
      const welcome = readWelcome(body);
      const refusal = this.#options.refusal(welcome);
      if (refusal !== null) {
        connection.close(refusal);
        return false;
      }
      clearTimeout(late);
      up = true;
      this.#failures = 0;
      this.connection = connection;
      this.#options.onUp(connection, welcome);
      return true;
    };
    socket.once("connect", () => {
      writeHello(connection.writer, this.#options.hello);
      connection.flush();
    });
  }

  #later(): void {
    if (this.#closed) return;
    const { backOffMinMs = 20, backOffMaxMs = 1000 } = this.#options;
    const pause = Math.min(backOffMaxMs, backOffMinMs * 2 ** this.#failures);
    this.#failures += 1;
    // Drawn from the upper half: those who lost the same peer must not come back in step.
    this.#timer = setTimeout(() => this.#dial(), pause * (0.5 + Math.random() / 2));
    this.#timer.unref();
  }
}
