/** The in-memory log against a plain map of entries: holes, replacement, truncation and compaction in any order. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AssertionError,
  cloneLog,
  compactTo,
  createLog,
  type Entry,
  entriesBetween,
  entryAt,
  firstIndex,
  type Log,
  lastIndex,
  lastRound,
  putEntry,
  roundAt,
  truncateFrom,
} from "../../protocols/core/index.js";

/** Everything a log says, in the simplest words. */
interface Model {
  snapshotIndex: number;
  snapshotRound: number;
  readonly entries: Map<number, Entry>;
}

function entry(index: number, round: number): Entry {
  return { kind: "command", index, round, command: Uint8Array.from({ length: round % 5 }) };
}

class Put implements fc.Command<Model, Log> {
  private readonly offset: number;
  private readonly round: number;
  constructor(offset: number, round: number) {
    this.offset = offset;
    this.round = round;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, log: Log): void {
    const put = entry(model.snapshotIndex + 1 + this.offset, this.round);
    model.entries.set(put.index, put);
    putEntry(log, put);
    agree(model, log);
  }
  toString(): string {
    return `put(+${this.offset}, round ${this.round})`;
  }
}

class Truncate implements fc.Command<Model, Log> {
  private readonly offset: number;
  constructor(offset: number) {
    this.offset = offset;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, log: Log): void {
    const from = model.snapshotIndex + 1 + this.offset;
    for (const index of model.entries.keys()) if (index >= from) model.entries.delete(index);
    truncateFrom(log, from);
    agree(model, log);
  }
  toString(): string {
    return `truncateFrom(+${this.offset})`;
  }
}

class Compact implements fc.Command<Model, Log> {
  private readonly offset: number;
  private readonly round: number;
  constructor(offset: number, round: number) {
    this.offset = offset;
    this.round = round;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, log: Log): void {
    const index = Math.max(0, model.snapshotIndex + this.offset);
    compactTo(log, index, this.round);
    if (index > model.snapshotIndex) {
      for (const held of model.entries.keys()) if (held <= index) model.entries.delete(held);
      model.snapshotIndex = index;
      model.snapshotRound = this.round;
    }
    agree(model, log);
  }
  toString(): string {
    return `compactTo(+${this.offset}, round ${this.round})`;
  }
}

class Clone implements fc.Command<Model, Log> {
  check(): boolean {
    return true;
  }
  run(model: Model, log: Log): void {
    const clone = cloneLog(log);
    expect(clone).toEqual(log);
    putEntry(clone, entry(lastIndex(clone) + 2, 99));
    truncateFrom(clone, firstIndex(clone));
    compactTo(clone, lastIndex(clone) + 1, 99);
    agree(model, log);
  }
  toString(): string {
    return "clone and change the clone";
  }
}

function agree(model: Model, log: Log): void {
  const last = Math.max(model.snapshotIndex, ...model.entries.keys());
  expect(firstIndex(log)).toBe(model.snapshotIndex + 1);
  expect(lastIndex(log)).toBe(last);
  expect(lastRound(log)).toBe(model.entries.get(last)?.round ?? model.snapshotRound);
  for (let index = Math.max(0, model.snapshotIndex - 1); index <= last + 2; index += 1) {
    expect(entryAt(log, index)).toBe(model.entries.get(index));
    const round = index === model.snapshotIndex ? model.snapshotRound : model.entries.get(index)?.round;
    expect(roundAt(log, index)).toBe(round);
  }
  // Booting from what is held gives the same log: this is what a restart does.
  const entries = [...model.entries.values()].sort((a, b) => a.index - b.index);
  const snapshot = { id: "s", index: model.snapshotIndex, round: model.snapshotRound, bytes: 0 };
  expect(createLog(snapshot, entries)).toEqual(log);
}

const offset = fc.nat(6);
const round = fc.nat(9);

test("a log does what a map of entries does", () => {
  const commands = fc.commands(
    [
      fc.tuple(offset, round).map(([at, r]) => new Put(at, r)),
      fc.tuple(offset, round).map(([at, r]) => new Put(at, r)),
      offset.map((at) => new Truncate(at)),
      fc.tuple(fc.integer({ min: -2, max: 8 }), round).map(([at, r]) => new Compact(at, r)),
      fc.constant(new Clone()),
    ],
    { maxCommands: 30 },
  );
  fc.assert(
    fc.property(commands, (run) => {
      fc.modelRun(() => {
        const model: Model = { snapshotIndex: 0, snapshotRound: 0, entries: new Map() };
        return { model, real: createLog(null, []) };
      }, run);
    }),
  );
});

test("entriesBetween gives a gapless run within the byte limit, and at least one entry", () => {
  const slots = fc.array(fc.option(fc.nat(9), { nil: null, freq: 6 }), { maxLength: 12 });
  fc.assert(
    fc.property(slots, fc.nat(3), fc.nat(15), fc.nat(15), fc.nat(20), (rounds, snapshot, from, to, bytesMax) => {
      const entries = rounds.flatMap((value, at) => (value === null ? [] : entry(snapshot + 1 + at, value)));
      const log = createLog({ id: "s", index: snapshot, round: 0, bytes: 0 }, entries);
      const found = entriesBetween(log, from, to, bytesMax);
      const expected: Entry[] = [];
      let bytes = 0;
      for (let index = from; index <= to; index += 1) {
        const next = entries.find((candidate) => candidate.index === index);
        if (next === undefined) break;
        bytes += next.kind === "command" ? next.command.length : 0;
        if (bytes > bytesMax && expected.length > 0) break;
        expected.push(next);
      }
      expect(found).toEqual(expected);
    }),
  );
});

describe("what would reach into the snapshot is a bug", () => {
  const log = createLog({ id: "s", index: 5, round: 2, bytes: 0 }, [entry(6, 2)]);
  test("an entry below it", () => expect(() => putEntry(log, entry(5, 2))).toThrow(AssertionError));
  test("a truncation below it", () => expect(() => truncateFrom(log, 5)).toThrow(AssertionError));
  test("a boot with an entry below it", () => {
    const snapshot = { id: "s", index: 5, round: 2, bytes: 0 };
    expect(() => createLog(snapshot, [entry(4, 1)])).toThrow(AssertionError);
  });
});
