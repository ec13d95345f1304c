/**
 * What crosses the wire, piece by piece: the protocols' codecs, frames put together and cut apart, requests and replies of
 * clients, and a frame there and back over TCP on loopback.
 */
import { createServer, type Socket, connect } from "node:net";
import { Bench } from "tinybench";
import {
  FrameReader,
  FrameWriter,
  MESSAGE,
  PEER_FRAME_BYTES_MAX,
  readReply,
  WRITE,
  writeReply,
  writeWrite,
} from "../harness/transport/index.js";
import { type AnyModule, anyModule, readerOf } from "../protocols/core/index.js";
import { multipaxos } from "../protocols/multipaxos/index.js";
import { raft } from "../protocols/raft/index.js";
import { zab } from "../protocols/zab/index.js";
import { Loop } from "./loop.js";

/** Pieces handled in one call that is timed: one alone is over before the clock has moved. */
const BATCH = 100;
const VALUE = "v".repeat(256);

interface Piece {
  readonly name: string;
  /** Units of work in one call. */
  readonly units: number;
  readonly run: () => Promise<void> | void;
}

/** The largest message of one proposal of 256 bytes: the one that carries the entry. */
function entryMessage(module: AnyModule): unknown {
  const loop = new Loop(module);
  loop.sent = [];
  loop.propose(loop.leader(), 1);
  const { codec } = module;
  const bySize = loop.sent.toSorted((a, b) => codec.totalBytes(b as never) - codec.totalBytes(a as never));
  if (bySize[0] === undefined) throw new Error(`${module.name}: nothing was sent`);
  return bySize[0];
}

function codecPieces(module: AnyModule): Piece[] {
  const { codec } = module;
  const message = entryMessage(module) as never;
  const bytes = new Uint8Array(codec.totalBytes(message));
  const encode = (): void => {
    let at = codec.headerBytes(message);
    for (const payload of codec.encode(message, bytes, 0)) {
      bytes.set(payload, at);
      at += payload.length;
    }
  };
  encode();
  return [
    { name: `${module.name} codec: encode ${bytes.length} bytes`, units: BATCH, run: times(encode) },
    {
      name: `${module.name} codec: decode ${bytes.length} bytes`,
      units: BATCH,
      run: times(() => void codec.decode(bytes)),
    },
  ];
}

function times(work: () => void): () => void {
  return () => {
    for (let i = 0; i < BATCH; i += 1) work();
  };
}

/** One buffer with as many equal frames as are in a batch. */
function framesOf(write: (w: FrameWriter) => void): Buffer {
  const writer = new FrameWriter();
  for (let i = 0; i < BATCH; i += 1) write(writer);
  return Buffer.concat(writer.take());
}

function framePieces(): Piece[] {
  const writer = new FrameWriter();
  const put = { f: "put", key: "bench0000000", value: VALUE } as const;
  const done = { status: "ok", index: 1, result: { type: "done" } } as const;
  const collect = (write: (w: FrameWriter) => void) => (): void => {
    for (let i = 0; i < BATCH; i += 1) write(writer);
    writer.take();
    writer.release();
  };
  const asks = framesOf((w) => writeWrite(w, 1, 1, put));
  const replies = framesOf((w) => writeReply(w, 1, 1, done));
  return [
    { name: "frame: WRITE of 256 bytes, put together", units: BATCH, run: collect((w) => writeWrite(w, 1, 1, put)) },
    { name: "frame: WRITE of 256 bytes, cut apart", units: BATCH, run: cut(asks, WRITE, () => undefined) },
    { name: "frame: REPLY, put together", units: BATCH, run: collect((w) => writeReply(w, 1, 1, done)) },
    {
      name: "frame: REPLY, cut apart and read",
      units: BATCH,
      run: cut(replies, null, (bytes, from, to) => void readReply(readerOf(bytes.subarray(from, to)))),
    },
  ];
}

function cut(stream: Buffer, kind: number | null, see: (bytes: Buffer, from: number, to: number) => void): () => void {
  let frames = 0;
  const reader = new FrameReader(PEER_FRAME_BYTES_MAX, (found, bytes, from, to) => {
    if (kind !== null && found !== kind) throw new Error(`a frame of kind ${found}`);
    see(bytes, from, to);
    frames += 1;
    return true;
  });
  return () => {
    frames = 0;
    reader.push(stream);
    if (frames !== BATCH) throw new Error(`${frames} of ${BATCH} frames`);
  };
}

/** Answers every frame with itself. */
async function echo(): Promise<{ readonly socket: Socket; readonly close: () => void }> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (chunk: Buffer) => void socket.write(chunk));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const socket = connect({ port: address.port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    close: () => {
      socket.destroy();
      server.close();
    },
  };
}

function roundTrips(socket: Socket, count: number): Piece {
  const frame = framesOf((w) => {
    w.begin(MESSAGE, VALUE.length);
    w.latin1(VALUE);
  }).subarray(0, (5 + VALUE.length) * count);
  let missing = 0;
  let done: () => void = () => undefined;
  const reader = new FrameReader(PEER_FRAME_BYTES_MAX, () => {
    missing -= 1;
    if (missing === 0) done();
    return true;
  });
  const see = (chunk: Buffer): void => reader.push(chunk);
  const run = (): Promise<void> =>
    new Promise((resolve) => {
      missing = count;
      socket.removeAllListeners("data");
      socket.on("data", see);
      done = resolve;
      socket.write(frame);
    });
  return { name: `frame: ${count} of 256 bytes there and back, within one process`, units: count, run };
}

/** Prints nanoseconds for each unit of work. */
export async function benchFrames(): Promise<void> {
  const { socket, close } = await echo();
  const pieces = [
    ...[anyModule(raft), anyModule(multipaxos), anyModule(zab)].flatMap(codecPieces),
    ...framePieces(),
    roundTrips(socket, 1),
    roundTrips(socket, 64),
  ];
  const bench = new Bench({ time: 300, warmupTime: 100 });
  for (const { name, run } of pieces) bench.add(name, run);
  await bench.run();
  close();
  console.table(
    pieces.map(({ name, units }, i) => {
      const result = bench.tasks[i]?.result;
      if (result === undefined || !("latency" in result)) throw new Error(`${name}: no result`);
      const ns = (ms: number): number => Math.round((ms * 1e6) / units);
      return { piece: name, "p50 ns": ns(result.latency.p50), "p99 ns": ns(result.latency.p99) };
    }),
  );
}
