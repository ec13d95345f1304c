/** What comes to a node that does not belong there, and what a node does not start from. */
import { once } from "node:events";
import { closeSync, openSync, readdirSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readNodeConfig } from "../../harness/drivers/real/checkConfig.js";
import { FrameReader, FrameWriter, type Hello, LeanClient, writeHello } from "../../harness/transport/index.js";
import { freePorts, pause, RealCluster, startProcess } from "./support.js";

const REFUSED = 0x03;
const WELCOME = 0x02;

let cluster: RealCluster;

beforeAll(async () => {
  cluster = await RealCluster.start("raft", 1);
  await cluster.leader();
});

afterAll(async () => {
  await cluster.stop();
});

function portOf(address: string | undefined): number {
  return Number(address?.split(":")[1]);
}

const peerPort = (): number => portOf(cluster.members[0]?.peer);
const clientPort = (): number => portOf(cluster.members[0]?.client);

interface Heard {
  readonly frames: { readonly kind: number; readonly body: string }[];
  readonly closed: Promise<void>;
  readonly socket: Socket;
}

function call(port: number, ...chunks: Uint8Array[]): Heard {
  const socket = connect({ host: "127.0.0.1", port });
  const frames: { kind: number; body: string }[] = [];
  const reader = new FrameReader(1 << 20, (kind, bytes, from, to) => {
    frames.push({ kind, body: bytes.toString("latin1", from, to) });
    return true;
  });
  socket.on("data", (chunk: Buffer) => reader.push(chunk));
  socket.on("error", () => undefined);
  for (const chunk of chunks) socket.write(chunk);
  return { frames, closed: once(socket, "close").then(() => undefined), socket };
}

function hello(of: Hello): Uint8Array {
  const w = new FrameWriter();
  writeHello(w, of);
  return Buffer.concat(w.take());
}

const PEER = { caller: "peer", cluster: "test", protocol: "raft", ordinal: 2, expected: 1, incarnation: 1 } as const;

async function stillServes(): Promise<void> {
  const { status } = await cluster.client.session().request({ f: "put", key: "k", value: "v" });
  expect(status).toBe("ok");
  expect(cluster.node("n1").process.exitCode).toBe(null);
}

test.each<[string, Hello, string]>([
  ["a node of another cluster", { ...PEER, cluster: "other" }, "cluster"],
  ["a node of another protocol", { ...PEER, protocol: "zab" }, "raft"],
  ["a node that wants another member", { ...PEER, expected: 3 }, "member 1"],
  ["a node that is no member", { ...PEER, ordinal: 9 }, "no other member"],
  ["a node that is this one", { ...PEER, ordinal: 1 }, "no other member"],
  ["a client", { caller: "client", cluster: "test" }, "peers' address"],
])("the peers' address refuses %s", async (_who, of, why) => {
  const { frames, closed } = call(peerPort(), hello(of));
  await closed;
  expect(frames.map(({ kind }) => kind)).toEqual([REFUSED]);
  expect(frames[0]?.body).toContain(why);
  await stillServes();
});

test("the clients' address refuses a client of another cluster and takes one that names none", async () => {
  const refused = call(clientPort(), hello({ caller: "client", cluster: "other" }));
  await refused.closed;
  expect(refused.frames.map(({ kind }) => kind)).toEqual([REFUSED]);
  const welcome = call(clientPort(), hello({ caller: "client", cluster: "" }));
  while (welcome.frames.length === 0) await pause(5);
  expect(welcome.frames[0]?.kind).toBe(WELCOME);
  welcome.socket.destroy();
});

const CLIENT = hello({ caller: "client", cluster: "test" });

function frame(kind: number, body: string): Uint8Array {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.writeUInt32BE(1 + body.length, 0);
  bytes[4] = kind;
  bytes.write(body, 5, "latin1");
  return bytes;
}

const NAME = "\0\0\0\x07\0\0\0\0\0\0\0\x01";

test.each<[string, Uint8Array[]]>([
  ["no HELLO", [frame(0x10, NAME)]],
  ["a HELLO of another version", [frame(0x01, "\x09\x01\x04test")]],
  ["a HELLO longer than any", [Buffer.from([0, 0, 0x10, 0, 0x01])]],
  ["a frame of no bytes", [CLIENT, Buffer.alloc(4)]],
  ["a frame longer than is allowed", [CLIENT, Buffer.from([0x7f, 0, 0, 0, 0x10])]],
  ["a kind that is none", [CLIENT, frame(0x77, "")]],
  ["a protocol message", [CLIENT, frame(0x30, "abc")]],
  ["a write without an operation", [CLIENT, frame(0x10, NAME)]],
  ["a write of an unknown kind", [CLIENT, frame(0x10, `${NAME}\x09\0\0\0\x01k`)]],
  ["a write whose value is cut off", [CLIENT, frame(0x10, `${NAME}\x01\0\0\0\x01k\0\0\0\x05v`)]],
  ["a write with bytes left over", [CLIENT, frame(0x10, `${NAME}\x02\0\0\0\x01kk`)]],
  ["a write whose number is beyond 2^53", [CLIENT, frame(0x10, "\0\0\0\x07\xff\0\0\0\0\0\0\x01\x02\0\0\0\x01k")]],
  ["a read of an unknown level", [CLIENT, frame(0x11, `${NAME}\x09\x01\0\0\0\x01k`)]],
  ["noise", [Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7919) % 251))]],
])("a client that sends %s is closed, and nothing else happens", async (_what, chunks) => {
  const { closed } = call(clientPort(), ...chunks);
  await closed;
  await stillServes();
});

test("a peer that sends what is no message is closed, and nothing else happens", async () => {
  const { port } = { port: peerPort() };
  // The only member of this cluster knows no other, so a larger one is asked.
  expect(port).toBeGreaterThan(0);
  const trio = await RealCluster.start("raft", 3);
  try {
    const address = portOf(trio.members[0]?.peer);
    for (const body of ["", "\xff\xff", "\x05\0\0"]) {
      const { closed } = call(address, hello({ ...PEER, ordinal: 2 }), frame(0x30, body));
      await closed;
    }
    const { status } = await trio.client.session().request({ f: "put", key: "k", value: "v" });
    expect(status).toBe("ok");
    expect(trio.node("n1").process.exitCode).toBe(null);
  } finally {
    await trio.stop();
  }
}, 60_000);

test("a client that does not read what it asked for is closed", async () => {
  const session = cluster.client.session();
  const value = "x".repeat(1 << 20);
  expect((await session.request({ f: "put", key: "large", value })).status).toBe("ok");
  const w = new FrameWriter();
  writeHello(w, { caller: "client", cluster: "test" });
  const socket = connect({ host: "127.0.0.1", port: clientPort() });
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  socket.write(Buffer.concat(w.take()));
  // Paused from the start: nothing is read, and the node's answers pile up there.
  socket.pause();
  for (let i = 1; i <= 80; i += 1) {
    const name = Buffer.alloc(12);
    name.writeUInt32BE(7, 0);
    name.writeUInt32BE(i, 8);
    socket.write(frame(0x11, `${name.toString("latin1")}\x03\x01\0\0\0\x05large`));
  }
  while (!cluster.node("n1").log().includes("it does not read")) await pause(10);
  socket.resume();
  await closed;
  await stillServes();
}, 30_000);

test("a damaged store: the node does not start, and says what to do", async () => {
  const ports = await freePorts(2);
  const members = [{ id: "n1", peer: `127.0.0.1:${ports[0]}`, client: `127.0.0.1:${ports[1]}` }];
  const dir = join(cluster.dir, "damaged");
  const file = cluster.configFile("damaged", { id: "n1", members, dir });
  const first = await startProcess(file);
  const client = new LeanClient({ endpoints: [{ host: "127.0.0.1", port: ports[1] as number }], cluster: "test" });
  for (let i = 0; i < 5; i += 1) {
    expect((await client.session().request({ f: "put", key: `k${i}`, value: "v" })).status).toBe("ok");
  }
  client.close();
  first.process.kill("SIGTERM");
  expect((await first.exited).code).toBe(0);
  const segment = readdirSync(dir).find((name) => name.startsWith("segment-")) as string;
  const descriptor = openSync(join(dir, segment), "r+");
  // Within the first record's body or header: far before the log's end.
  writeSync(descriptor, Buffer.from([0x5a, 0xa5, 0x5a]), 0, 3, 600);
  closeSync(descriptor);
  const second = await startProcess(file);
  expect((await second.exited).code).toBe(65);
  expect(second.log()).toContain("must not start from this folder");
});

test("a configuration that cannot be is one line and code 64", async () => {
  const started = await startProcess(cluster.configFile("bad", { more: 1 }));
  expect((await started.exited).code).toBe(64);
  expect(started.log().trim().split("\n")).toHaveLength(1);
  expect(started.log()).toContain("bad.json: /more: expected one of the properties");
});

test.each([
  [{ storage: { segmentBytes: 4096 } }, "/storage/segmentBytes: expected a number >= 1048576, found 4096"],
  [{ storage: { segmentBytes: 2 ** 31 } }, "/storage/segmentBytes: expected a number <= 1073741824, found 2147483648"],
  [{ storage: { segmentBytes: 2 ** 20 + 1 } }, "/storage/segmentBytes: expected a multiple of 4096, found 1048577"],
  [
    { storage: { driver: "level", segmentBytes: 2 ** 20 } },
    "/storage/segmentBytes: expected nothing: the driver level has no segments, found 1048576",
  ],
  [{ memory: { heapRoomMiB: 8 } }, "/memory/heapRoomMiB: expected a number >= 16, found 8"],
  [{ memory: { heapRoomMiB: 16.5 } }, "/memory/heapRoomMiB: expected an integer, found 16.5"],
])("a setting out of its bounds is named: %j", (changes, words) => {
  const file = cluster.configFile("unbounded", { id: "n1", storage: {}, ...changes });
  expect(() => readNodeConfig(file)).toThrow(`unbounded.json: ${words}`);
});

test("an address that is taken: code 64, and the line names it", async () => {
  const { peer } = cluster.members[0] as { peer: string };
  const [port] = await freePorts(1);
  const members = [{ id: "n1", peer, client: `127.0.0.1:${port}` }];
  const started = await startProcess(
    cluster.configFile("taken", { id: "n1", members, dir: join(cluster.dir, "taken") }),
  );
  expect((await started.exited).code).toBe(64);
  expect(started.log()).toContain("EADDRINUSE");
});
