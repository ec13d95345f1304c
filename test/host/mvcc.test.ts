/** Revisions, history and transactions of the machine, against a model that keeps every state there ever was. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAnswer, encodeRequest, type Mvcc } from "../../harness/host/index.js";
import { Machine } from "../../harness/host/machine.js";
import { encodeAnswer } from "../../harness/host/mvcc/answerCodec.js";
import { decodeRequest } from "../../harness/host/mvcc/requestCodec.js";
import { Sessions } from "../../harness/host/sessions.js";
import { encodeSnapshot, restoreSnapshot } from "../../harness/host/snapshot.js";
import { CodecError } from "../../protocols/core/index.js";
import { plainOperation, rangeStep, transaction } from "./arbitrary.js";

const RANGE: Mvcc.RangeOperation = {
  type: "range",
  key: "\0",
  end: "\0",
  limit: 0,
  revision: 0,
  order: "none",
  target: "key",
  keysOnly: false,
  countOnly: false,
  modMin: 0,
  modMax: 0,
  createMin: 0,
  createMax: 0,
};

function write(machine: Machine, request: Mvcc.Request): Mvcc.Answer {
  const result = machine.write({ f: "txn", request: encodeRequest(request) });
  if (result.type !== "bytes") throw new Error("a transaction is answered in bytes");
  return decodeAnswer(result.bytes);
}

function query(machine: Machine, request: Mvcc.Request): Mvcc.Answer {
  const result = machine.read({ f: "query", request: encodeRequest(request) });
  if (result.type !== "bytes") throw new Error("a query is answered in bytes");
  return decodeAnswer(result.bytes);
}

function steps(...success: readonly Mvcc.Step[]): Mvcc.Transaction {
  return { type: "txn", compares: [], success, failure: [] };
}

function put(key: string, value: string): Mvcc.PutOperation {
  return { type: "put", key, value, previous: false, keepValue: false, keepLease: false, leased: false };
}

/** All keys at a revision; 0: now. */
function stateAt(machine: Machine, revision: number): readonly Mvcc.KeyValue[] | Mvcc.Refusal {
  const answer = query(machine, steps({ ...RANGE, revision }));
  if (answer.type === "refused") return answer.refusal;
  const [step] = answer.type === "txn" ? answer.steps : [];
  if (step?.type !== "range") throw new Error("a range was asked for");
  return step.kvs;
}

function revisionOf(machine: Machine): number {
  return machine.store.revision;
}

describe("revisions", () => {
  test("begin at 1, and each change of the lean protocol is one", () => {
    const machine = new Machine();
    expect(revisionOf(machine)).toBe(1);
    machine.write({ f: "put", key: "a", value: "1" });
    machine.write({ f: "append", key: "a", value: "2" });
    machine.write({ f: "delete", key: "absent" });
    machine.write({ f: "cas", key: "a", expected: "no", value: "3" });
    machine.write({ f: "cas", key: "a", expected: "12", value: "4" });
    expect(stateAt(machine, 0)).toEqual([{ key: "a", value: "4", create: 2, mod: 4, version: 3 }]);
    machine.write({ f: "delete", key: "a" });
    expect(revisionOf(machine)).toBe(5);
    machine.write({ f: "put", key: "a", value: "anew" });
    expect(stateAt(machine, 0)).toEqual([{ key: "a", value: "anew", create: 6, mod: 6, version: 1 }]);
  });

  test("are shared by the changes of one transaction, and not moved by one that changes nothing", () => {
    const machine = new Machine();
    const answer = write(machine, steps(put("a", "1"), put("b", "2"), { ...RANGE, key: "a", end: "" }));
    expect(answer).toMatchObject({ type: "txn", revision: 2, steps: [{ revision: 2 }, { revision: 2 }, { count: 1 }] });
    write(machine, steps({ type: "delete", key: "x", end: "", previous: true }, RANGE));
    expect(revisionOf(machine)).toBe(2);
  });
});

describe("a history", () => {
  const changes = fc.array(fc.oneof(plainOperation, transaction), { maxLength: 40 });

  function change(machine: Machine, step: typeof changes extends fc.Arbitrary<(infer T)[]> ? T : never): void {
    if ("f" in step) machine.write(step);
    else write(machine, step);
  }

  test("gives every state of the last revisions as it was, and refuses the others", () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 0, max: 8 }), (list, historyMax) => {
        const machine = new Machine(historyMax);
        const states = new Map([[1, stateAt(machine, 0)]]);
        for (const step of list) {
          change(machine, step);
          states.set(revisionOf(machine), stateAt(machine, 0));
          const last = revisionOf(machine);
          for (let revision = 1; revision <= last; revision += 1) {
            const expected = revision < last - historyMax ? "compacted" : states.get(revision);
            expect(stateAt(machine, revision)).toEqual(expected);
          }
          expect(stateAt(machine, last + 1)).toBe("futureRevision");
        }
        // What cannot be read is not kept either: not more than the living keys and one version for each revision.
        const chains = [...machine.store.chains()];
        for (const chain of chains) {
          let versions = 0;
          for (let version: typeof chain | null = chain; version !== null; version = version.previous) versions += 1;
          expect(versions).toBeLessThanOrEqual(1 + Math.max(historyMax, 0) * 3);
        }
        if (historyMax === 0)
          expect(chains.every(({ value, previous }) => value !== null && previous === null)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("ends where it is compacted, and reads from there on stay as they were", () => {
    fc.assert(
      fc.property(changes, fc.array(fc.nat(60), { maxLength: 3 }), (list, compactions) => {
        const machine = new Machine(1000);
        const states = new Map([[1, stateAt(machine, 0)]]);
        for (const step of list) {
          change(machine, step);
          states.set(revisionOf(machine), stateAt(machine, 0));
        }
        const last = revisionOf(machine);
        let compacted = -1;
        for (const revision of compactions) {
          const answer = write(machine, { type: "compact", revision });
          if (revision > last) expect(answer).toEqual({ type: "refused", refusal: "futureRevision" });
          else if (revision <= compacted) expect(answer).toEqual({ type: "refused", refusal: "compacted" });
          else {
            expect(answer).toEqual({ type: "compact", revision: last });
            compacted = revision;
          }
          for (let at = 1; at <= last; at += 1) {
            expect(stateAt(machine, at)).toEqual(at < compacted ? "compacted" : states.get(at));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("of nothing lets a transaction not look back over its own changes", () => {
    const machine = new Machine(0);
    machine.write({ f: "put", key: "a", value: "1" });
    const look = { ...RANGE, revision: 2 };
    expect(write(machine, steps(put("a", "2"), look))).toEqual({ type: "refused", refusal: "compacted" });
    expect(stateAt(machine, 2)).toHaveLength(1);
  });

  test("that is long costs no more than what is left of it", () => {
    const machine = new Machine(10);
    for (let i = 0; i < 5000; i += 1) {
      machine.write({ f: "put", key: `k${i % 7}`, value: String(i) });
      machine.write({ f: "delete", key: `k${(i + 3) % 7}` });
    }
    let versions = 0;
    for (const chain of machine.store.chains())
      for (let version: typeof chain | null = chain; version !== null; version = version.previous) versions += 1;
    expect(versions).toBeLessThanOrEqual(7 + 10);
  });
});

test("figures count what is kept, however it came to be", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(plainOperation, transaction), { maxLength: 40 }), fc.nat(5), (list, historyMax) => {
      const machine = new Machine(historyMax);
      for (const step of list) {
        if ("f" in step) machine.write(step);
        else write(machine, step);
      }
      let bytes = 0;
      for (const chain of machine.store.chains()) {
        bytes += chain.key.length;
        for (let version: typeof chain | null = chain; version !== null; version = version.previous)
          bytes += version.value?.length ?? 0;
      }
      const { keys, revision } = machine.store.figures();
      expect(machine.store.figures()).toMatchObject({ bytes, keys: machine.keys().length });
      const restored = new Machine(historyMax);
      restoreSnapshot(encodeSnapshot(1, machine, new Sessions(1)), restored, new Sessions(1));
      expect(restored.store.figures()).toMatchObject({ bytes, keys, revision });
    }),
  );
});

describe("a query", () => {
  test("that would write is refused and changes nothing", () => {
    const machine = new Machine();
    expect(query(machine, steps(put("a", "1")))).toEqual({ type: "refused", refusal: "readOnly" });
    const nested = { type: "txn", compares: [], success: [], failure: [steps(put("a", "1"))] } as const;
    expect(query(machine, nested)).toEqual({ type: "refused", refusal: "readOnly" });
    expect(query(machine, { type: "compact", revision: 1 })).toEqual({ type: "refused", refusal: "readOnly" });
    expect(machine.store.chainCount).toBe(0);
  });

  test("gives what it gave, whatever is changed later", () => {
    const machine = new Machine(0);
    write(machine, steps(put("a", "1")));
    const before = query(machine, steps(RANGE));
    write(machine, steps(put("a", "2")));
    expect(before).toMatchObject({ steps: [{ kvs: [{ key: "a", value: "1" }] }] });
  });
});

describe("the bytes", () => {
  test("of a request and of its answer survive", () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 6 }), (list) => {
        const machine = new Machine(3);
        for (const request of list) {
          const bytes = encodeRequest(request);
          expect(decodeRequest(bytes)).toEqual(request);
          const result = machine.write({ f: "txn", request: bytes });
          if (result.type !== "bytes") throw new Error("bytes expected");
          expect(encodeAnswer(decodeAnswer(result.bytes))).toEqual(result.bytes);
        }
      }),
    );
  });

  test("that are cut or of any other kind are an answer, never another error", () => {
    fc.assert(
      fc.property(transaction, fc.nat(), fc.uint8Array({ maxLength: 80 }), (request, cut, noise) => {
        const bytes = encodeRequest(request);
        const short = bytes.slice(0, cut % bytes.length);
        expect(() => decodeRequest(short)).toThrow(CodecError);
        const machine = new Machine();
        for (const hostile of [short, noise]) {
          const result = machine.write({ f: "txn", request: hostile });
          expect(result.type).toBe("bytes");
        }
        expect(query(machine, steps(RANGE)).type).toBe("txn");
      }),
    );
  });

  test("that nest without end are refused", () => {
    let nested: Mvcc.Transaction = steps();
    for (let depth = 0; depth < 200; depth += 1) nested = steps(nested);
    expect(() => decodeRequest(encodeRequest(nested))).toThrow("nested");
    expect(write(new Machine(), nested)).toEqual({ type: "refused", refusal: "malformed" });
  });

  test("carry numbers beyond all revisions as such", () => {
    const look = { ...RANGE, revision: 2 ** 63, modMax: 2 ** 63 };
    expect(query(new Machine(), steps(look))).toEqual({ type: "refused", refusal: "futureRevision" });
  });
});

test("a range in order is what sorting all of it gives", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 3 }), { maxLength: 1500, minLength: 600 }),
      rangeStep,
      (keys, step) => {
        const machine = new Machine(0);
        expect(stateAt(machine, 0)).toEqual([]); // From here on the order is kept while keys come and go.
        for (const key of keys) machine.write({ f: "put", key, value: "" });
        for (const key of keys.slice(0, 300)) machine.write({ f: "delete", key });
        const left = keys.slice(300).sort((a, b) => (a < b ? -1 : 1));
        expect(machine.keys()).toEqual(left);
        const { key, end } = step;
        const within = left.filter((name) => (end === "" ? name === key : name >= key && (end === "\0" || name < end)));
        expect(query(machine, steps({ ...step, revision: 0 }))).toMatchObject({ steps: [{ count: within.length }] });
      },
    ),
    { numRuns: 15 },
  );
});
