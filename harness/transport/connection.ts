/** One TCP connection that carries frames: what a turn of the loop writes on it leaves as one write. */
import type { Socket } from "node:net";
import { CodecError } from "../../protocols/core/index.js";
import { FrameError, FrameReader, FrameWriter, type OnFrame } from "./frames.js";

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ConnectionOptions {
  readonly log: Log;
  /** Longest frame accepted at first: kind and body, bytes. */
  readonly bytesMax: number;
  /** With more than this unread by the other side, the connection is closed. Bytes. @default no limit */
  readonly queueBytesMax?: number;
  /** Something waits to be flushed; called once until `flush`. */
  readonly onDirty: (connection: Connection) => void;
}

const UNREAD = "it does not read what it asked for";

export class Connection {
  /** Called for each frame; whoever owns the connection sets it. */
  onFrame: OnFrame = () => false;
  /** Called once, after the last frame. */
  onClose: () => void = () => undefined;
  /** Frames are written here; say `dirty` afterwards. */
  readonly writer = new FrameWriter();
  /** For logs. */
  name: string;
  closed = false;
  bytesReceived = 0;
  bytesSent = 0;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #options: ConnectionOptions;
  readonly #queueBytesMax: number;
  #isDirty = false;

  constructor(socket: Socket, name: string, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#queueBytesMax = options.queueBytesMax ?? Number.POSITIVE_INFINITY;
    this.name = name;
    this.#reader = new FrameReader(options.bytesMax, (kind, bytes, from, to) => {
      if (this.closed) return false;
      return this.onFrame(kind, bytes, from, to) && !this.closed;
    });
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (error) => this.#end(error.message, false));
    socket.on("close", () => this.#end("closed by the other side", false));
    socket.on("end", () => this.#end("closed by the other side", false));
  }

  set bytesMax(bytes: number) {
    this.#reader.bytesMax = bytes;
  }

  /** What the socket has not handed to the kernel yet, and what waits for the next flush. Bytes. */
  get queuedBytes(): number {
    return this.#socket.writableLength + this.writer.size;
  }

  /** Something was written: it leaves with the next flush. */
  dirty(): void {
    if (this.closed) return;
    // One turn alone may ask for more than there is memory.
    if (this.writer.size > this.#queueBytesMax) this.close(UNREAD);
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#options.onDirty(this);
  }

  /** One write for everything since the last flush. */
  flush(): void {
    this.#isDirty = false;
    const { writer } = this;
    if (this.closed || writer.size === 0) return;
    this.bytesSent += writer.size;
    const parts = writer.take();
    const socket = this.#socket;
    if (parts.length === 1) {
      socket.write(parts[0] as Uint8Array);
    } else {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    }
    // Where the kernel took all of it at once, nothing refers to the memory any more.
    if (socket.writableLength === 0) writer.release();
    else writer.renew();
    if (socket.writableLength > this.#queueBytesMax) this.close(UNREAD);
  }

  /** Resolves when the socket has handed everything to the kernel, or is closed. */
  async drained(): Promise<void> {
    if (this.closed || this.#socket.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      this.#socket.once("drain", resolve);
      this.#socket.once("close", resolve);
    });
  }

  /** Sends what is written, then ends. */
  finish(): void {
    this.flush();
    this.closed = true;
    this.#socket.end();
    // A stranger that goes on sending gets no more of our attention.
    this.#socket.destroySoon();
    this.onClose();
  }

  /** `why` goes to the log; an orderly end needs no words. */
  close(why: string | null): void {
    this.#end(why, why !== null);
  }

  #onData(chunk: Buffer): void {
    if (this.closed) return;
    this.bytesReceived += chunk.length;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof CodecError)) throw error;
      this.#end(error.message, true);
    }
  }

  #end(why: string | null, bad: boolean): void {
    if (this.closed) return;
    this.closed = true;
    if (bad) this.#options.log.warn({ connection: this.name, why }, "connection closed");
    this.#socket.destroy();
    this.onClose();
  }
}
