/** Machine, sessions and snapshots against models that are too simple to be wrong. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CommandReader, CommandWriter, type WriteRequest } from "../../harness/host/command.js";
import { Machine } from "../../harness/host/machine.js";
import { Sessions } from "../../harness/host/sessions.js";
import { encodeSnapshot, restoreSnapshot } from "../../harness/host/snapshot.js";
import { CodecError } from "../../protocols/core/index.js";
import { plainOperation, writeRequest } from "./arbitrary.js";

describe("the machine", () => {
  test("answers like a plain map", () => {
    const bound = fc.constantFrom("", "a", "b", "bb", "c", "\xff\xff");
    const range = fc.record({ from: bound, to: bound, limit: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(fc.tuple(plainOperation, range), { maxLength: 40 }), (steps) => {
        const machine = new Machine();
        const model = new Map<string, string>();
        for (const [operation, { from, to, limit }] of steps) {
          const { key } = operation;
          const before = model.get(key) ?? null;
          const result = machine.write(operation);
          if (operation.f === "delete") model.delete(key);
          if (operation.f === "put") model.set(key, operation.value);
          if (operation.f === "append") model.set(key, (before ?? "") + operation.value);
          if (operation.f === "cas") {
            const swapped = before === operation.expected;
            if (swapped) model.set(key, operation.value);
            expect(result).toEqual({ type: "cas", swapped, observed: before });
          } else {
            expect(result).toEqual({ type: "done" });
          }
          expect(machine.read({ f: "get", key })).toEqual({ type: "value", value: model.get(key) ?? null });
          const pairs = [...model].filter(([name]) => name >= from && name < to).sort(([a], [b]) => (a < b ? -1 : 1));
          expect(machine.read({ f: "range", from, to, limit })).toEqual({
            type: "range",
            pairs: pairs.slice(0, limit),
          });
        }
      }),
    );
  });
});

describe("a machine that reads commands", () => {
  test("is the one that is told their operations, with keys that come and go and images that are restored", () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.array(plainOperation, { minLength: 1, maxLength: 5 }) },
      { weight: 1, arbitrary: fc.constant("restore" as const) },
    );
    fc.assert(
      fc.property(fc.constantFrom(0, 3), fc.array(step, { maxLength: 30 }), (historyMax, steps) => {
        const [reading, told] = [new Machine(historyMax), new Machine(historyMax)];
        const [reader, sessions] = [new CommandReader(), new Sessions(1)];
        let seq = 0;
        for (const operations of steps) {
          if (operations === "restore") {
            restoreSnapshot(encodeSnapshot(seq, told, sessions), reading, sessions);
            continue;
          }
          const writer = new CommandWriter();
          for (const operation of operations) {
            told.write(operation);
            seq += 1;
            writer.add(1, seq, operation);
          }
          const count = reader.begin(writer.take());
          for (let i = 0; i < count; i += 1) {
            reader.next();
            reading.writeNext(reader);
          }
          reader.end();
          expect(reading.store.figures()).toEqual(told.store.figures());
        }
        expect(encodeSnapshot(seq, reading, sessions)).toEqual(encodeSnapshot(seq, told, sessions));
      }),
    );
  });
});

describe("sessions", () => {
  test("keep the latest of each client, drop the longest unused, and never let a dropped one back in", () => {
    // On both sides of what is an integer without a sign.
    const client = fc.constantFrom(1, 2, 3, 4, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1);
    const step = fc.record({ client, seq: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (max, steps) => {
        const sessions = new Sessions(max);
        let model: { readonly client: number; readonly seq: number; readonly index: number }[] = [];
        const dropped = new Set<number>();
        for (const [at, { client, seq }] of steps.entries()) {
          const kept = model.find((session) => session.client === client);
          const last = kept?.seq ?? 0;
          const word = seq > last ? "fresh" : seq === last ? "duplicate" : "stale";
          const expected = dropped.has(client) ? "expired" : word;
          expect(sessions.admit(client, seq)).toBe(expected);
          if (expected !== "fresh") continue;
          sessions.record(client, seq, { type: "done" }, at);
          model = [...model.filter((session) => session !== kept), { client, seq, index: at }];
          if (model.length > max) dropped.add((model.shift() as { readonly client: number }).client);
        }
        expect([...sessions.inLogOrder()].map(({ client, seq, index }) => ({ client, seq, index }))).toEqual(model);
        for (let client = 0; client <= 9; client += 1) expect(sessions.isExpired(client)).toBe(dropped.has(client));
      }),
    );
  });

  test("ids given out in order are remembered in one range", () => {
    const sessions = new Sessions(3);
    for (let client = 1; client <= 1000; client += 1) sessions.record(client, 1, { type: "done" }, client);
    expect(sessions.droppedRanges()).toEqual([1, 997]);
  });
});

describe("a snapshot", () => {
  const requests = fc.array(writeRequest, { maxLength: 40 });

  function execute(steps: readonly WriteRequest[], machine: Machine, sessions: Sessions): void {
    for (const [at, { client, seq, operation }] of steps.entries()) {
      if (sessions.admit(client, seq) === "fresh") sessions.record(client, seq, machine.write(operation), at + 1);
    }
  }

  test("restores machine and sessions, and a restored replica goes on exactly as the original", () => {
    fc.assert(
      fc.property(requests, requests, fc.integer({ min: 1, max: 5 }), fc.nat(5), (before, after, max, historyMax) => {
        const [machine, sessions] = [new Machine(historyMax), new Sessions(max)];
        execute(before, machine, sessions);
        const bytes = encodeSnapshot(before.length, machine, sessions);
        const [restored, restoredSessions] = [new Machine(historyMax), new Sessions(max)];
        execute(after, restored, restoredSessions); // What was there before must leave no trace.
        expect(restoreSnapshot(bytes, restored, restoredSessions)).toBe(before.length);
        expect(encodeSnapshot(before.length, restored, restoredSessions)).toEqual(bytes);
        execute(after, machine, sessions);
        execute(after, restored, restoredSessions);
        const original = encodeSnapshot(1, machine, sessions);
        expect(encodeSnapshot(1, restored, restoredSessions)).toEqual(original);
      }),
    );
  });

  test("that is cut or damaged is refused and changes nothing, or is a snapshot in its own right", () => {
    fc.assert(
      fc.property(requests, fc.nat(), fc.nat(), fc.nat(7), (steps, cut, at, bit) => {
        const [machine, sessions] = [new Machine(4), new Sessions(4)];
        execute(steps, machine, sessions);
        const bytes = encodeSnapshot(9, machine, sessions);
        expect(() => restoreSnapshot(bytes.slice(0, cut % bytes.length), machine, sessions)).toThrow(CodecError);
        expect(encodeSnapshot(9, machine, sessions)).toEqual(bytes);
        const damaged = bytes.slice();
        damaged[at % bytes.length] = (damaged[at % bytes.length] as number) ^ (1 << bit);
        try {
          restoreSnapshot(damaged, machine, sessions);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
          expect(encodeSnapshot(9, machine, sessions)).toEqual(bytes);
        }
      }),
    );
  });
});
