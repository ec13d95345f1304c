/**
 * A door in front of one listener, for one dialler: what passes through it is handed frame by frame to somebody who
 * decides when, and whether, it goes on. The shim itself knows nothing of weather. Ordinary sockets: no rights of the
 * system's administrator, and nothing left behind when the process ends.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { FrameError, FrameReader } from "../frames.js";
import { FRAME_HEADER_BYTES, PEER_FRAME_BYTES_MAX } from "../kinds.js";

/** forward: from the dialler to the one it wants to reach. back: the answers on the same connection. */
export type Way = "forward" | "back";

/** What decides about the frames of a shim's connections. Called on the loop, never from within `deliver` or `reset`. */
export interface Carrier {
  /** A whole frame with its header, on its way. It may be kept. */
  onFrame(passage: Passage, way: Way, frame: Uint8Array): void;
  /** A new connection of the dialler. An older one that is still there has been reset. */
  onOpen(passage: Passage): void;
  /** The connection is gone, by either end or by `reset`. Nothing more can be delivered. */
  onClose(passage: Passage): void;
}

export interface ShimOptions {
  /** The listener behind the door. */
  readonly target: Address;
  /** Where the shim listens. @default "127.0.0.1" */
  readonly host?: string;
  /** @default 0: one that is free */
  readonly port?: number;
  readonly carrier: Carrier;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Bytes under way in one direction beyond which the sender is not read any more. */
const UNDERWAY_BYTES_MAX = 8 * 2 ** 20;

/** One connection through a shim: two sockets and what is between them. */
export class Passage {
  closed = false;
  /** Frames taken in and given out, both ways. */
  framesIn = 0;
  framesOut = 0;
  readonly #carrier: Carrier;
  readonly #target: Address;
  readonly #dialler: Socket;
  /** Made when the first frame is to be delivered: what the weather eats never reaches the target. */
  #answerer: Socket | null = null;
  readonly #underway = { forward: 0, back: 0 };
  readonly #corked = new Set<Socket>();

  constructor(dialler: Socket, target: Address, carrier: Carrier) {
    this.#dialler = dialler;
    this.#target = target;
    this.#carrier = carrier;
    this.#read(dialler, "forward");
  }

  /** Hands a frame to the end it was on its way to. The caller says `flush` after the last one of its turn. */
  deliver(way: Way, frame: Uint8Array): void {
    if (this.closed) return;
    const to = way === "forward" ? this.#reach() : this.#dialler;
    if (!this.#corked.has(to)) {
      to.cork();
      this.#corked.add(to);
    }
    this.framesOut += 1;
    this.#underway[way] -= frame.length;
    to.write(frame);
    this.#mayRead(way);
  }

  /** Writes what was delivered since the last call, one write for each end. */
  flush(): void {
    for (const socket of this.#corked) socket.uncork();
    this.#corked.clear();
  }

  /** The connection breaks: both ends are told by a reset, and what was under way is lost. */
  reset(): void {
    if (this.closed) return;
    this.closed = true;
    this.#corked.clear();
    this.#dialler.resetAndDestroy();
    // A socket that is still connecting has nobody to reset.
    if (this.#answerer?.connecting === true) this.#answerer.destroy();
    else this.#answerer?.resetAndDestroy();
    this.#carrier.onClose(this);
  }

  #reach(): Socket {
    if (this.#answerer !== null) return this.#answerer;
    const socket = connect({ ...this.#target, noDelay: true });
    this.#answerer = socket;
    this.#read(socket, "back");
    return socket;
  }

  #read(socket: Socket, way: Way): void {
    const reader = new FrameReader(PEER_FRAME_BYTES_MAX, (_kind, bytes, from, to) => {
      if (this.closed) return false;
      const frame = bytes.subarray(from - FRAME_HEADER_BYTES, to);
      this.framesIn += 1;
      this.#underway[way] += frame.length;
      this.#carrier.onFrame(this, way, frame);
      return true;
    });
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      if (this.closed) return;
      try {
        reader.push(chunk);
      } catch (error) {
        // Not our frames: nobody behind the door would understand them either.
        if (!(error instanceof FrameError)) throw error;
        this.reset();
        return;
      }
      if (this.#isFull(way)) socket.pause();
    });
    socket.on("drain", () => this.#mayRead(way === "forward" ? "back" : "forward"));
    socket.on("error", () => this.reset());
    socket.on("end", () => this.reset());
    socket.on("close", () => this.reset());
  }

  #isFull(way: Way): boolean {
    const to = way === "forward" ? this.#answerer : this.#dialler;
    return this.#underway[way] + (to?.writableLength ?? 0) > UNDERWAY_BYTES_MAX;
  }

  #mayRead(way: Way): void {
    const from = way === "forward" ? this.#dialler : this.#answerer;
    if (from !== null && from.isPaused() && !this.#isFull(way)) from.resume();
  }
}

export class Shim {
  readonly address: string;
  readonly #server: Server;
  readonly #options: ShimOptions;
  #passage: Passage | null = null;

  private constructor(server: Server, address: string, options: ShimOptions) {
    this.#server = server;
    this.#options = options;
    this.address = address;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Rejects where the address cannot be had. */
  static async open(options: ShimOptions): Promise<Shim> {
    const host = options.host ?? "127.0.0.1";
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: options.port ?? 0 }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    // A process without descriptors left cannot accept; those who call will call again.
    server.on("error", () => undefined);
    const bound = server.address();
    const port = bound !== null && typeof bound === "object" ? bound.port : 0;
    return new Shim(server, `${host}:${port}`, options);
  }

  /** The dialler's connection; null: there is none. */
  get passage(): Passage | null {
    return this.#passage?.closed === false ? this.#passage : null;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.passage?.reset();
    await closed;
  }

  #accept(socket: Socket): void {
    // One dialler has one connection: the older one is a leftover whose end has not come through yet.
    this.passage?.reset();
    const passage = new Passage(socket, this.#options.target, this.#options.carrier);
    this.#passage = passage;
    this.#options.carrier.onOpen(passage);
  }
}
