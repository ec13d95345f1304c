/** The wire form of Multi-Paxos: what is sent comes back, and no bytes do harm. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodecError, type Entry } from "../../protocols/core/index.js";
import { type MultiPaxosMessage, multipaxos } from "../../protocols/multipaxos/index.js";

const { codec, hardCodec } = multipaxos;

const counter = fc.integer({ min: 0, max: 2 ** 37 - 1 });
const ballots = fc.tuple(counter, fc.integer({ min: 1, max: 65535 })).map(([n, ordinal]) => n * 65536 + ordinal);
const index = fc.maxSafeNat();
const slot = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100 });
const bytes = fc.uint8Array({ maxLength: 20 });
const promisedBallot = fc.oneof(fc.constant(0), ballots);

/** Values at rising slots; `step` 1 leaves no gap. */
function entriesOf(round: fc.Arbitrary<number>, step: number, min: number): fc.Arbitrary<Entry[]> {
  const value = fc.tuple(round, fc.option(bytes), fc.integer({ min: 1, max: step }));
  return fc.tuple(slot, fc.array(value, { minLength: min, maxLength: 5 })).map(([first, values]) => {
    let at = first - 1;
    return values.map(([own, command, gap]): Entry => {
      at += gap;
      return command === null
        ? { kind: "noop", index: at, round: own }
        : { kind: "command", index: at, round: own, command };
    });
  });
}

const accept = ballots.chain((ballot) =>
  fc.record({
    type: fc.constant("Accept" as const),
    ballot: fc.constant(ballot),
    decidedIndex: index,
    entries: entriesOf(fc.constant(ballot), 9, 1),
  }),
);
const learn = entriesOf(ballots, 1, 0).chain((entries) =>
  fc.record({
    type: fc.constant("Learn" as const),
    entries: fc.constant(entries),
    decidedIndex: fc.integer({ min: entries[entries.length - 1]?.index ?? 0, max: Number.MAX_SAFE_INTEGER }),
  }),
);
const type = <T extends string>(name: T) => fc.constant(name);
const messages: fc.Arbitrary<MultiPaxosMessage> = fc.oneof(
  fc.record({ type: type("Probe"), ballot: ballots }),
  fc.record({ type: type("ProbeReply"), ballot: ballots, granted: fc.boolean(), promisedBallot }),
  fc.record({ type: type("Prepare"), ballot: ballots, fromSlot: slot }),
  fc.record({ type: type("Promise"), ballot: ballots, decidedIndex: index, entries: entriesOf(ballots, 9, 0) }),
  accept,
  fc.record({ type: type("Accepted"), ballot: ballots, slots: fc.array(slot) }),
  fc.record({ type: type("Nack"), ballot: ballots, promisedBallot }),
  fc.record({ type: type("Heartbeat"), ballot: ballots, sequence: slot, decidedIndex: index }),
  fc.record({ type: type("HeartbeatAck"), ballot: ballots, sequence: slot, acceptedSlot: index }),
  fc.record({ type: type("Decided"), ballot: ballots, decidedIndex: index }),
  fc.record({ type: type("LearnRequest"), fromSlot: slot }),
  learn,
  fc.record({ type: type("InstallSnapshot"), decidedIndex: index }),
  fc.record({ type: type("ReadQuery"), incarnation: slot, sequence: slot }),
  fc.record({ type: type("ReadReply"), incarnation: slot, sequence: slot, acceptedSlot: index }),
);

/** Header and payloads in one piece, as a frame carries them. */
function framed(message: MultiPaxosMessage): Uint8Array {
  const frame = new Uint8Array(codec.totalBytes(message));
  let at = codec.headerBytes(message);
  for (const payload of codec.encode(message, frame, 0)) {
    frame.set(payload, at);
    at += payload.length;
  }
  expect(at).toBe(frame.length);
  return frame;
}

/** Decodes, and turns the one allowed error into null. Anything else that is thrown fails the test. */
function decodedOrNull(frame: Uint8Array): MultiPaxosMessage | null {
  try {
    return codec.decode(frame);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

describe("messages", () => {
  test("what is encoded decodes to the same", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(codec.decode(framed(message))).toEqual(message);
      }),
    );
  });

  test("payloads are referred to, not copied", () => {
    const command = Uint8Array.of(1, 2, 3);
    const message = {
      type: "Accept",
      ballot: 65537,
      decidedIndex: 0,
      entries: [{ kind: "command", index: 1, round: 65537, command }],
    } as const;
    expect(codec.encode(message, new Uint8Array(200), 7)[0]).toBe(command);
  });

  test("a message cut short or with a byte too many is refused", () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, cut) => {
        const frame = framed(message);
        expect(() => codec.decode(frame.subarray(0, cut % frame.length))).toThrow(CodecError);
        expect(() => codec.decode(Uint8Array.of(...frame, 0))).toThrow(CodecError);
      }),
    );
  });

  test("one changed byte gives a CodecError, or a message that encodes to those very bytes", () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
        const frame = framed(message);
        const place = at % frame.length;
        frame[place] = (frame[place] ?? 0) ^ flip;
        const decoded = decodedOrNull(frame);
        if (decoded !== null) expect(framed(decoded)).toEqual(frame);
      }),
      { numRuns: 500 },
    );
  });

  test("hostile bytes end in a CodecError, and cost no memory", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 16 }), fc.uint8Array({ maxLength: 100 }), (tag, rest) => {
        decodedOrNull(Uint8Array.of(tag, ...rest));
      }),
      { numRuns: 1000 },
    );
    const count = Uint8Array.of(5, 0, 0, 0, 0, 0, 1, 0, 1, 255, 255, 255, 255);
    expect(() => codec.decode(count)).toThrow(CodecError);
    expect(() => codec.decode(new Uint8Array(0))).toThrow(CodecError);
  });

  test.each([
    ["a ballot without an owner", { type: "Prepare", ballot: 65536, fromSlot: 1 }],
    ["slot 0", { type: "LearnRequest", fromSlot: 0 }],
    ["an Accept of another ballot", { type: "Accept", ballot: 65537, decidedIndex: 0, entries: [entry(1, 65538)] }],
    ["an empty Accept", { type: "Accept", ballot: 65537, decidedIndex: 0, entries: [] }],
    ["slots that fall", { type: "Promise", ballot: 65537, decidedIndex: 0, entries: [entry(2, 1), entry(1, 1)] }],
    ["a Learn with a gap", { type: "Learn", decidedIndex: 9, entries: [entry(2, 1), entry(4, 1)] }],
    ["a Learn of what is not decided", { type: "Learn", decidedIndex: 1, entries: [entry(2, 1)] }],
  ] as const satisfies readonly (readonly [string, MultiPaxosMessage])[])("%s is refused", (_, message) => {
    expect(() => codec.decode(framed(message))).toThrow(CodecError);
  });
});

function entry(at: number, round: number): Entry {
  return { kind: "noop", index: at, round };
}

test("the hard state decodes to the same, and nothing else decodes", () => {
  fc.assert(
    fc.property(index, index, (promised, decidedIndex) => {
      const hard = { promisedBallot: promised, decidedIndex };
      const into = new Uint8Array(hardCodec.totalBytes(hard));
      hardCodec.encode(hard, into, 0);
      expect(hardCodec.decode(into)).toEqual(hard);
      expect(() => hardCodec.decode(into.subarray(1))).toThrow(CodecError);
    }),
  );
});

test("every message has one line", () => {
  fc.assert(
    fc.property(messages, (message) => {
      expect(multipaxos.describe(message)).toMatch(/^[A-Z][^\n]*$/);
    }),
  );
});
