import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type Codec, CodecError, type Entry } from "../../protocols/core/index.js";
import { type RaftMessage, raft } from "../../protocols/raft/index.js";

const number = fc.maxSafeNat();
const term = number;

const entries = fc
  .tuple(fc.nat(1_000_000), fc.nat(1000), fc.array(fc.tuple(fc.nat(3), fc.option(fc.uint8Array({ maxLength: 40 })))))
  .map(([prevLogIndex, prevLogTerm, items]) => {
    let round = prevLogTerm;
    const list = items.map(([rise, command], i): Entry => {
      round += rise;
      const index = prevLogIndex + 1 + i;
      return command === null ? { kind: "noop", index, round } : { kind: "command", index, round, command };
    });
    return { prevLogIndex, prevLogTerm, entries: list, last: round };
  });

const message: fc.Arbitrary<RaftMessage> = fc.oneof(
  fc.record({
    type: fc.constantFrom("RequestVote" as const, "RequestPreVote" as const),
    term,
    lastLogIndex: number,
    lastLogTerm: number,
  }),
  fc.record({ type: fc.constant("RequestVoteResponse" as const), term, voteGranted: fc.boolean() }),
  fc.record({
    type: fc.constant("RequestPreVoteResponse" as const),
    term,
    nextTerm: number,
    voteGranted: fc.boolean(),
  }),
  fc.tuple(entries, fc.nat(1000), number).map(([{ last, ...fields }, later, leaderCommit]) => ({
    type: "AppendEntries" as const,
    term: last + later,
    ...fields,
    leaderCommit,
  })),
  fc.record({
    type: fc.constant("AppendEntriesResponse" as const),
    term,
    success: fc.constant(true as const),
    matchIndex: number,
  }),
  fc.record({
    type: fc.constant("AppendEntriesResponse" as const),
    term,
    success: fc.constant(false as const),
    prevLogIndex: number,
    conflictIndex: number,
    conflictTerm: number,
  }),
  fc.record({ type: fc.constant("Heartbeat" as const), term, leaderCommit: number, round: number }),
  fc.record({ type: fc.constant("HeartbeatResponse" as const), term, round: number }),
  fc.record({
    type: fc.constant("InstallSnapshot" as const),
    term,
    lastIncludedIndex: number,
    lastIncludedTerm: number,
  }),
  fc.record({ type: fc.constant("InstallSnapshotResponse" as const), term, matchIndex: number }),
  fc.record({ type: fc.constant("ReadIndexRequest" as const), term, incarnation: number, context: number }),
  fc.record({
    type: fc.constant("ReadIndexResponse" as const),
    term,
    incarnation: number,
    context: number,
    readIndex: number,
  }),
);

/** The bytes of a frame: the header, then what the header refers to. */
function encoded<M>(codec: Codec<M>, value: M): Uint8Array {
  const bytes = new Uint8Array(codec.totalBytes(value));
  const header = codec.headerBytes(value);
  let at = header;
  for (const payload of codec.encode(value, bytes, 0)) {
    bytes.set(payload, at);
    at += payload.length;
  }
  expect(at).toBe(bytes.length);
  return bytes;
}

/** Decodes, or says that the bytes are refused; anything but CodecError is a bug. */
function decoded<M>(codec: Codec<M>, bytes: Uint8Array): M | "refused" {
  try {
    return codec.decode(bytes);
  } catch (error) {
    if (error instanceof CodecError) return "refused";
    throw error;
  }
}

describe("messages", () => {
  test.prop([message])("a message survives the wire", (original) => {
    expect(raft.codec.decode(encoded(raft.codec, original))).toEqual(original);
  });

  test.prop([message, fc.nat()])("every proper prefix of a message is refused", (original, cut) => {
    const bytes = encoded(raft.codec, original);
    expect(decoded(raft.codec, bytes.subarray(0, cut % bytes.length))).toBe("refused");
  });

  test.prop([message, fc.uint8Array({ minLength: 1, maxLength: 9 })])(
    "bytes after a message are refused",
    (original, rest) => {
      const bytes = encoded(raft.codec, original);
      const longer = new Uint8Array(bytes.length + rest.length);
      longer.set(bytes);
      longer.set(rest, bytes.length);
      expect(decoded(raft.codec, longer)).toBe("refused");
    },
  );

  test.prop([message, fc.nat(), fc.integer({ min: 1, max: 255 })])(
    "a damaged message is refused, or is another message that encodes to those very bytes",
    (original, place, flip) => {
      const bytes = encoded(raft.codec, original);
      const at = place % bytes.length;
      bytes[at] = (bytes[at] as number) ^ flip;
      const result = decoded(raft.codec, bytes);
      if (result !== "refused") expect(encoded(raft.codec, result)).toEqual(bytes);
    },
  );

  test.prop([fc.uint8Array({ maxLength: 200 })])("hostile bytes end in CodecError and in nothing else", (bytes) => {
    const result = decoded(raft.codec, bytes);
    if (result !== "refused") expect(encoded(raft.codec, result)).toEqual(bytes);
  });

  test("a hostile entry count allocates nothing", () => {
    const bytes = encoded(raft.codec, {
      type: "AppendEntries",
      term: 1,
      prevLogIndex: 0,
      prevLogTerm: 0,
      entries: [],
      leaderCommit: 0,
    });
    bytes.fill(0xff, bytes.length - 4);
    expect(decoded(raft.codec, bytes)).toBe("refused");
  });

  test("entries that do not follow prevLogIndex, fall in term or pass the leader's term are refused", () => {
    const base = { type: "AppendEntries", term: 3, prevLogIndex: 4, prevLogTerm: 2, leaderCommit: 0 } as const;
    const noop = (index: number, round: number): Entry => ({ kind: "noop", index, round });
    for (const bad of [[noop(6, 3)], [noop(5, 1)], [noop(5, 3), noop(6, 2)], [noop(5, 4)], [noop(5, 3), noop(7, 3)]]) {
      expect(decoded(raft.codec, encoded(raft.codec, { ...base, entries: bad }))).toBe("refused");
    }
    expect(decoded(raft.codec, encoded(raft.codec, { ...base, entries: [noop(5, 2), noop(6, 3)] }))).not.toBe(
      "refused",
    );
  });
});

describe("hard state", () => {
  const hard = fc.record({ currentTerm: number, votedFor: fc.nat(65_535) });

  test.prop([hard])("term and vote survive the disk as one record", (original) => {
    expect(raft.hardCodec.decode(encoded(raft.hardCodec, original))).toEqual(original);
  });

  test.prop([fc.uint8Array({ maxLength: 20 })])("a record of another length is refused", (bytes) => {
    const result = decoded(raft.hardCodec, bytes);
    if (bytes.length !== 10) expect(result).toBe("refused");
  });
});

describe("options", () => {
  const base = raft.defaultOptions("matched");

  test("the defaults of both profiles are sound", () => {
    for (const timing of ["native", "matched"] as const)
      expect(raft.optionsProblem(raft.defaultOptions(timing))).toBeNull();
  });

  test.each([
    [{ heartbeatIntervalMs: 0 }, "heartbeatIntervalMs"],
    [{ electionTimeoutMinMs: 100 }, "electionTimeoutMinMs"],
    [{ electionTimeoutMaxMs: 1000 }, "electionTimeoutMaxMs"],
    [{ electionTimeoutMaxMs: Number.NaN }, "electionTimeoutMaxMs"],
    [{ clockDriftBound: 0.6 }, "clockDriftBound"],
    [{ inflightMessagesMax: 0 }, "inflightMessagesMax"],
    [{ snapshotEveryEntries: 1.5 }, "snapshotEveryEntries"],
    [{ readMechanism: "lease" as const, checkQuorum: false }, "checkQuorum"],
  ])("%j is refused and named", (wrong, named) => {
    expect(raft.optionsProblem({ ...base, ...wrong })).toContain(named);
  });
});
