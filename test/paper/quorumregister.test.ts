/** The register's rules, each named by what it says; references as in protocols/quorumregister/README.md. */
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import {
  type Cell,
  CodecError,
  compareTimestamps,
  nodeId,
  type RegisterEffect,
  type RegisterInput,
  type Timestamp,
} from "../../protocols/core/index.js";
import {
  type QuorumRegister,
  quorumregister,
  type RegisterMessage,
  type RegisterOptions,
  type RegisterState,
} from "../../protocols/quorumregister/index.js";

type Effects = readonly RegisterEffect<QuorumRegister>[];

const [N1, N2, N3] = [nodeId("n1"), nodeId("n2"), nodeId("n3")];
const MEMBERS = [N1, N2, N3].map((id, i) => ({ id, ordinal: i + 1, role: "voter" as const }));

function replica(changes: Partial<RegisterOptions> = {}, cells: readonly Cell[] = [], incarnation = 1): RegisterState {
  const options = { ...quorumregister.defaultOptions("matched"), ...changes };
  return quorumregister.create({ id: N1, incarnation, bootstrap: { members: MEMBERS, quorums: null }, options }, cells);
}

function at(counter: number, ordinal = 1, incarnation = 1): Timestamp {
  return { counter, ordinal, incarnation };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function cell(timestamp: Timestamp, value: string): Cell {
  return { key: "k", timestamp, value: bytes(value) };
}

function step(s: RegisterState, input: RegisterInput<QuorumRegister>): Effects {
  return quorumregister.step(s, input);
}

function get(s: RegisterState, request = 1): Effects {
  return step(s, { type: "get", request, key: "k", level: "linearizable" });
}

function put(s: RegisterState, value: string, request = 1): Effects {
  return step(s, { type: "put", request, key: "k", value: bytes(value) });
}

function hear(s: RegisterState, from: typeof N1, message: RegisterMessage): Effects {
  return step(s, { type: "message", from, message });
}

/** An answer to the first operation of the first incarnation. */
function holds(found: Cell | null): RegisterMessage {
  return { type: "QueryResponse", incarnation: 1, operation: 1, cell: found };
}

const STORED: RegisterMessage = { type: "PropagateResponse", incarnation: 1, operation: 1 };

function sent(effects: Effects, type: RegisterMessage["type"]): string[] {
  return effects.flatMap((effect) => (effect.type === "send" && effect.message.type === type ? [effect.to] : []));
}

function answered(effects: Effects): Cell | null | undefined {
  return effects.find((effect) => effect.type === "answer")?.cell;
}

describe("a put", () => {
  test("asks all replicas for their timestamps and chooses one above those of a read quorum (Lynch, Shvartsman 1997)", () => {
    const s = replica({}, [cell(at(3, 2), "old")]);
    expect(sent(put(s, "new"), "Query")).toEqual(["n2", "n3"]);
    const effects = hear(s, N2, holds(cell(at(7, 3), "newer")));
    expect(sent(effects, "Propagate")).toEqual(["n2", "n3"]);
    expect(s.cells.get("k")?.timestamp).toEqual(at(8, 1));
  });

  test("is answered when a write quorum of disks holds it, its own disk among them only once it is durable", () => {
    const s = replica();
    put(s, "a");
    hear(s, N2, holds(null));
    expect(answered(hear(s, N2, STORED))).toBeUndefined();
    expect(answered(step(s, { type: "durable", upTo: 1 }))).toEqual(cell(at(1), "a"));
    expect(s.operations.size).toBe(0);
  });

  test("counts each replica once, whatever the network doubles", () => {
    const s = replica({ writeQuorum: 3 });
    put(s, "a");
    hear(s, N2, holds(null));
    hear(s, N2, STORED);
    hear(s, N2, STORED);
    step(s, { type: "durable", upTo: 1 });
    expect(s.operations.size).toBe(1);
    expect(answered(hear(s, N3, STORED))).toEqual(cell(at(1), "a"));
  });

  test("gets another timestamp than one that is under way at the same coordinator", () => {
    const s = replica({ readQuorum: 1 });
    put(s, "a", 1);
    put(s, "b", 2);
    // The own cell is not durable yet, so another replica answers first, which has never heard of the key.
    hear(s, N2, { ...holds(null), operation: 2 });
    expect(s.cells.get("k")).toEqual(cell(at(2), "b"));
  });

  test("of a restarted coordinator, which may have forgotten a timestamp, differs from all it gave out before", () => {
    const first = replica({ readQuorum: 1 });
    const second = replica({ readQuorum: 1 }, [], 2);
    put(first, "a");
    put(second, "b");
    const [a, b] = [first, second].map((s) => s.cells.get("k")?.timestamp as Timestamp) as [Timestamp, Timestamp];
    expect(a.counter).toBe(b.counter);
    expect(compareTimestamps(a, b)).not.toBe(0);
  });

  test("that reaches no quorum is given up: certain before it was propagated, unknown after", () => {
    const s = replica({ retransmissionsMax: 2 });
    const ends = (): Effects => [1, 2, 3].flatMap(() => step(s, { type: "timeout", timer: "retransmit" }));
    put(s, "a", 1);
    expect(ends().find((effect) => effect.type === "reject")).toMatchObject({ request: 1, outcome: "failed" });
    put(s, "b", 2);
    hear(s, N2, { ...holds(null), operation: 2 });
    expect(ends().find((effect) => effect.type === "reject")).toMatchObject({ request: 2, outcome: "unknown" });
  });
});

describe("a get", () => {
  test("returns the newest of a read quorum (Attiya, Bar-Noy, Dolev 1995)", () => {
    const s = replica({ readRepair: "off" }, [cell(at(3), "own")]);
    get(s);
    expect(answered(hear(s, N2, holds(cell(at(3, 2), "other"))))).toEqual(cell(at(3, 2), "other"));
  });

  test("with write-back returns it only when a write quorum holds it (Attiya, Bar-Noy, Dolev 1995)", () => {
    const s = replica({}, [cell(at(3), "own")]);
    get(s);
    const effects = hear(s, N2, holds(cell(at(4), "newer")));
    expect(answered(effects)).toBeUndefined();
    expect(sent(effects, "Propagate")).toEqual(["n3"]);
    expect(answered(step(s, { type: "durable", upTo: 1 }))).toEqual(cell(at(4), "newer"));
  });

  test("with write-back needs no second phase where a write quorum was found to hold it", () => {
    const s = replica({}, [cell(at(3), "own")]);
    get(s);
    expect(answered(hear(s, N2, holds(cell(at(3), "own"))))).toEqual(cell(at(3), "own"));
  });

  test("with background repair answers at once and sends it to those that are behind, late ones too", () => {
    const s = replica({ readRepair: "background" }, [cell(at(3), "own")]);
    get(s);
    const effects = hear(s, N2, holds(cell(at(2), "old")));
    expect(answered(effects)).toEqual(cell(at(3), "own"));
    expect(sent(effects, "Propagate")).toEqual(["n2"]);
    expect(sent(hear(s, N3, holds(null)), "Propagate")).toEqual(["n3"]);
    expect(s.operations.size).toBe(0);
  });

  test("of a key that nobody has written finds nothing", () => {
    const s = replica();
    get(s);
    expect(answered(hear(s, N2, holds(null)))).toBeNull();
  });
});

describe("a replica", () => {
  test("takes a newer cell, keeps it against an older one, and acknowledges both", () => {
    const s = replica();
    const propagate = (counter: number): Effects =>
      hear(s, N2, { type: "Propagate", incarnation: 1, operation: 9, cell: cell(at(counter), `v${counter}`) });
    expect(propagate(5).map((effect) => effect.type)).toEqual(["store", "send"]);
    expect(propagate(4).map((effect) => effect.type)).toEqual(["send"]);
    expect(s.cells.get("k")?.timestamp).toEqual(at(5));
  });

  test("tells nobody of a cell that its disk does not hold yet", () => {
    const s = replica();
    hear(s, N2, { type: "Propagate", incarnation: 1, operation: 9, cell: cell(at(5), "v") });
    const query: RegisterMessage = { type: "Query", incarnation: 1, operation: 3, key: "k" };
    expect(hear(s, N3, query)).toMatchObject([{ type: "send", after: 1 }]);
    step(s, { type: "durable", upTo: 1 });
    expect(hear(s, N3, query)).toMatchObject([{ type: "send", after: 0 }]);
  });

  test("ignores answers to what was asked before it restarted", () => {
    const s = replica({}, [], 2);
    get(s);
    expect(hear(s, N2, holds(null))).toEqual([]);
    expect(s.operations.size).toBe(1);
  });
});

const key = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 12 });
const cells: fc.Arbitrary<Cell> = fc.record({
  key,
  timestamp: fc.record({ counter: fc.maxSafeNat(), ordinal: fc.nat(65_535), incarnation: fc.maxSafeNat() }),
  value: fc.uint8Array({ maxLength: 40 }),
});
const named = { incarnation: fc.maxSafeNat(), operation: fc.maxSafeNat() };
const messages: fc.Arbitrary<RegisterMessage> = fc.oneof(
  fc.record({ type: fc.constant("Query" as const), ...named, key }),
  fc.record({ type: fc.constant("QueryResponse" as const), ...named, cell: fc.option(cells) }),
  fc.record({ type: fc.constant("Propagate" as const), ...named, cell: cells }),
  fc.record({ type: fc.constant("PropagateResponse" as const), ...named }),
);

function encoded(message: RegisterMessage): Uint8Array {
  const { codec } = quorumregister;
  const frame = new Uint8Array(codec.totalBytes(message));
  let end = codec.headerBytes(message);
  for (const payload of codec.encode(message, frame, 0)) {
    frame.set(payload, end);
    end += payload.length;
  }
  expect(end).toBe(frame.length);
  return frame;
}

describe("the codec", () => {
  property.prop([messages])("reads what it has written", (message) => {
    expect(quorumregister.codec.decode(encoded(message))).toEqual(message);
  });

  property.prop([messages, fc.nat(), fc.integer({ min: 1, max: 5 })])(
    "refuses other lengths",
    (message, where, more) => {
      const frame = encoded(message);
      expect(() => quorumregister.codec.decode(frame.subarray(0, where % frame.length))).toThrow(CodecError);
      const longer = new Uint8Array(frame.length + more);
      longer.set(frame);
      expect(() => quorumregister.codec.decode(longer)).toThrow(CodecError);
    },
  );

  property.prop([fc.uint8Array({ maxLength: 80 })])("never breaks on other bytes", (noise) => {
    try {
      quorumregister.codec.decode(noise);
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError);
    }
  });
});

test("settings out of range are told in one line", () => {
  const options = quorumregister.defaultOptions("native");
  expect(quorumregister.optionsProblem({ ...options, readQuorum: 4 }, 3)).toBe(
    "readQuorum must be an integer from 0 to 3, it is 4",
  );
  expect(quorumregister.optionsProblem({ ...options, retransmitMs: 0 }, 3)).toMatch(/retransmitMs/);
  expect(quorumregister.optionsProblem({ ...options, retransmissionsMax: 0 }, 3)).toMatch(/retransmissionsMax/);
  expect(quorumregister.optionsProblem({ ...options, readQuorum: 1, writeQuorum: 1 }, 3)).toBeNull();
});
