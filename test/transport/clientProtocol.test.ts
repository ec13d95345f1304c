/** Requests and replies come out of a frame as they went in, and hostile bytes are refused. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { decodeCommand, isRawWrite, type Result } from "../../harness/host/index.js";
import {
  type ClientReply,
  FrameWriter,
  type Hello,
  readHello,
  readRead,
  readReply,
  type ReadOperation,
  readStatus,
  readWelcome,
  type WriteOperation,
  writeHello,
  writeRead,
  writeReply,
  writeStatus,
  writeWelcome,
  writeWrite,
} from "../../harness/transport/index.js";
import { CodecError, readerOf } from "../../protocols/core/index.js";

const bytes = fc.uint8Array({ maxLength: 40 });
const text = bytes.map((list) => Buffer.from(list).toString("latin1"));
const client = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const write: fc.Arbitrary<WriteOperation> = fc.oneof(
  fc.record({ f: fc.constant("put" as const), key: text, value: text }),
  fc.record({ f: fc.constant("delete" as const), key: text }),
  fc.record({ f: fc.constant("cas" as const), key: text, expected: fc.option(text), value: text }),
  fc.record({ f: fc.constant("append" as const), key: text, value: text }),
  fc.record({ f: fc.constant("txn" as const), request: bytes }),
);
const read: fc.Arbitrary<ReadOperation> = fc.oneof(
  fc.record({ f: fc.constant("get" as const), key: text }),
  fc.record({ f: fc.constant("range" as const), from: text, to: text, limit: fc.nat(2 ** 32 - 1) }),
  fc.record({ f: fc.constant("query" as const), request: bytes }),
);
const result: fc.Arbitrary<Result> = fc.oneof(
  fc.constant({ type: "done" as const }),
  fc.record({ type: fc.constant("value" as const), value: fc.option(text) }),
  fc.record({ type: fc.constant("cas" as const), swapped: fc.boolean(), observed: fc.option(text) }),
  fc.record({ type: fc.constant("range" as const), pairs: fc.array(fc.tuple(text, text), { maxLength: 5 }) }),
  fc.record({ type: fc.constant("bytes" as const), bytes }),
);
const reply: fc.Arbitrary<ClientReply> = fc.oneof(
  fc.record({ status: fc.constant("ok" as const), index: fc.maxSafeNat(), result }),
  fc.record({
    status: fc.constantFrom("failed" as const, "unknown" as const),
    reason: fc.constantFrom("notLeader", "notReady", "overloaded", "unsupported", "sessionExpired"),
    leader: fc.nat(65535),
  }),
);

/** The body of the one frame that `fill` writes. */
function body(fill: (w: FrameWriter) => void): Buffer {
  const w = new FrameWriter();
  fill(w);
  const frame = Buffer.concat(w.take());
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  return frame.subarray(5);
}

/** Byte arrays as lists: a Buffer with the same bytes is the same. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

describe("the client protocol", () => {
  test.prop([client, seq, write])("a write is, byte for byte, a request inside a command", (of, number, operation) => {
    const raw = body((w) => writeWrite(w, of, number, operation));
    expect(isRawWrite(raw, 0, raw.length)).toBe(true);
    const command = Buffer.concat([Buffer.from([0, 0, 0, 1]), raw]);
    const [request] = decodeCommand(command);
    expect(request?.client).toBe(of);
    expect(request?.seq).toBe(number);
    expect(plain(request?.operation)).toEqual(plain(operation));
  });

  test.prop([client, seq, write, fc.nat(), fc.nat(255), fc.nat(3)])(
    "what passes for a raw write can be applied, whatever was done to its bytes",
    (of, number, operation, at, value, cut) => {
      const raw = Buffer.from(body((w) => writeWrite(w, of, number, operation)));
      raw[at % raw.length] = value;
      const end = raw.length - cut;
      if (!isRawWrite(raw, 0, end)) return;
      const command = Buffer.concat([Buffer.from([0, 0, 0, 1]), raw.subarray(0, end)]);
      expect(decodeCommand(command)).toHaveLength(1);
    },
  );

  test.prop([fc.uint8Array({ maxLength: 80 })])("of random bytes nothing passes that cannot be applied", (raw) => {
    if (!isRawWrite(raw, 0, raw.length)) return;
    expect(decodeCommand(Buffer.concat([Buffer.from([0, 0, 0, 1]), raw]))).toHaveLength(1);
  });

  test.prop([client, seq, read, fc.constantFrom("linearizable" as const, "sync" as const, "local" as const)])(
    "a read comes out as it went in",
    (of, number, operation, level) => {
      const found = readRead(readerOf(body((w) => writeRead(w, of, number, operation, level))));
      expect({ ...found, operation: plain(found.operation) }).toEqual({
        client: of,
        seq: number,
        level,
        operation: plain(operation),
      });
    },
  );

  test.prop([client, seq, reply])("a reply comes out as it went in", (of, number, said) => {
    const found = readReply(readerOf(body((w) => writeReply(w, of, number, said))));
    expect(plain(found)).toEqual(plain({ client: of, seq: number, reply: said }));
  });

  test.prop([client, seq, fc.boolean()])("a question for the status comes out as it went in", (of, number, digest) => {
    const found = readStatus(readerOf(body((w) => writeStatus(w, of, number, digest))));
    expect(found).toEqual({ client: of, seq: number, digest });
  });

  test.prop([fc.string({ maxLength: 60 }), fc.nat(65535), fc.nat(65535), fc.maxSafeNat()])(
    "the handshake comes out as it went in",
    (name, ordinal, expected, incarnation) => {
      const hellos: Hello[] = [
        { caller: "client", cluster: name },
        { caller: "peer", cluster: name, protocol: "raft", ordinal, expected, incarnation },
      ];
      for (const hello of hellos) expect(readHello(readerOf(body((w) => writeHello(w, hello))))).toEqual(hello);
      const welcome = { cluster: name, protocol: "zab", ordinal, id: "n1", incarnation };
      expect(readWelcome(readerOf(body((w) => writeWelcome(w, welcome))))).toEqual(welcome);
    },
  );

  test.prop([fc.uint8Array({ maxLength: 120 })])("random bytes are read, or refused with a CodecError", (raw) => {
    for (const readOne of [readRead, readReply, readStatus, readHello, readWelcome]) {
      try {
        readOne(readerOf(Buffer.from(raw)));
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }
  });

  test.prop([client, seq, reply, fc.nat()])("a reply that is cut short is refused", (of, number, said, cut) => {
    const whole = body((w) => writeReply(w, of, number, said));
    expect(() => readReply(readerOf(whole.subarray(0, cut % whole.length)))).toThrow(CodecError);
  });
});
