/** ZAB's wire form: whatever is encoded comes back, and bad bytes end in CodecError, never in anything else. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodecError, type Entry } from "../../protocols/core/index.js";
import { zab, type ZabMessage } from "../../protocols/zab/index.js";

const number = fc.oneof(fc.nat(1000), fc.maxSafeNat());
const session = number;
const epoch = number;

const entries: fc.Arbitrary<Entry[]> = fc
  .tuple(fc.nat(1_000_000), fc.array(fc.tuple(fc.nat(), fc.option(fc.uint8Array({ maxLength: 20 }))), { maxLength: 5 }))
  .map(([first, list]) =>
    list.map(([round, command], i) =>
      command === null
        ? { kind: "noop", index: first + i, round }
        : { kind: "command", index: first + i, round, command },
    ),
  );

const epochs = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 })), { maxLength: 6 })
  .map((steps) => {
    let at = { epoch: 0, last: 0 };
    return steps.map(([up, on]) => {
      at = { epoch: at.epoch + up, last: at.last + on };
      return at;
    });
  });

function type<T extends string>(name: T): fc.Arbitrary<T> {
  return fc.constant(name);
}

const one = { session, epoch };
const message: fc.Arbitrary<ZabMessage> = fc.oneof(
  fc.record({
    type: type("Notification"),
    state: fc.constantFrom("LOOKING", "FOLLOWING", "LEADING", "OBSERVING"),
    round: number,
    vote: fc.record({ leader: fc.nat(65_535), peerEpoch: number, zxidEpoch: number, zxidIndex: number }),
  }),
  fc.record({ type: type("FOLLOWERINFO"), session, acceptedEpoch: epoch }),
  fc.record({ type: type("LEADERINFO"), ...one }),
  fc.record({
    type: type("ACKEPOCH"),
    ...one,
    promised: fc.boolean(),
    currentEpoch: number,
    floor: fc.constant(0),
    epochs,
  }),
  fc
    .record({ type: fc.constantFrom("DIFF", "TRUNC", "SNAP"), ...one, plan: number, from: fc.nat(), fromEpoch: number })
    .chain((m) => fc.nat(1000).map((more) => ({ ...m, to: m.from + more }))),
  fc.record({ type: type("BODY"), ...one, plan: number, entries }),
  fc.record({ type: type("NEWLEADER"), ...one, plan: number }),
  fc.record({ type: type("ACKLD"), ...one, to: number }),
  fc.record({ type: type("UPTODATE"), ...one, committed: number }),
  fc.record({ type: type("PROPOSE"), ...one, entries }),
  fc.record({ type: fc.constantFrom("ACK", "COMMIT", "PONG"), ...one, index: number }),
  fc.record({ type: type("INFORM"), ...one, committed: number, entries }),
  fc.record({ type: type("PING"), ...one, last: number, committed: number }),
  fc.record({ type: type("RESEND"), ...one, plan: number, from: number }),
  fc.record({ type: type("SYNC"), ...one, id: number }),
  fc.record({ type: type("SYNCED"), ...one, id: number, index: number }),
  fc.record({ type: type("CLOSE"), session }),
) as fc.Arbitrary<ZabMessage>;

function bytesOf(m: ZabMessage): Uint8Array {
  const bytes = new Uint8Array(zab.codec.totalBytes(m));
  let at = zab.codec.headerBytes(m);
  for (const payload of zab.codec.encode(m, bytes, 0)) {
    bytes.set(payload, at);
    at += payload.length;
  }
  expect(at).toBe(bytes.length);
  return bytes;
}

/** Either a message or a CodecError; anything else fails the test. */
function decodes(bytes: Uint8Array): boolean {
  try {
    zab.codec.decode(bytes);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return false;
  }
}

describe("the codec", () => {
  test("every message comes back as it was", () => {
    fc.assert(
      fc.property(message, (m) => {
        expect(zab.codec.decode(bytesOf(m))).toEqual(m);
      }),
      { numRuns: 500 },
    );
  });

  test("a message that is cut short, or too long, is refused", () => {
    fc.assert(
      fc.property(message, fc.nat(), (m, n) => {
        const bytes = bytesOf(m);
        expect(decodes(bytes.subarray(0, n % bytes.length))).toBe(false);
        expect(decodes(Uint8Array.of(...bytes, 0))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("changed and random bytes are a message or a CodecError", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), (m, at, value) => {
        const bytes = bytesOf(m);
        bytes[at % bytes.length] = value;
        decodes(bytes);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodes(bytes)),
      { numRuns: 500 },
    );
  });

  test("a count of entries that the message cannot hold allocates nothing", () => {
    const bytes = bytesOf({ type: "PROPOSE", session: 1, epoch: 1, entries: [] });
    bytes.fill(255, 17, 21);
    expect(decodes(bytes)).toBe(false);
  });

  test("the epochs come back, and a currentEpoch above the accepted one is corrupt", () => {
    const bytes = new Uint8Array(16);
    zab.hardCodec.encode({ acceptedEpoch: 7, currentEpoch: 5 }, bytes, 0);
    expect(zab.hardCodec.decode(bytes)).toEqual({ acceptedEpoch: 7, currentEpoch: 5 });
    zab.hardCodec.encode({ acceptedEpoch: 5, currentEpoch: 7 }, bytes, 0);
    expect(() => zab.hardCodec.decode(bytes)).toThrow(CodecError);
  });
});
