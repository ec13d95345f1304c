/** Writes as a protocol could make them, and what they come to, kept as simply as can be. */
import { fc } from "@fast-check/vitest";
import type { ImageName, Stored, Write } from "../../harness/storage/index.js";
import {
  type Codec,
  type Entry,
  readEnd,
  readerOf,
  readU32,
  type Snapshot,
  writerAt,
  writeU32,
} from "../../protocols/core/index.js";

export interface TestHard {
  readonly term: number;
  readonly vote: number;
}

export const hardCodec: Codec<TestHard> = {
  headerBytes: () => 8,
  totalBytes: () => 8,
  encode(hard, into, at) {
    const w = writerAt(into, at);
    writeU32(w, hard.term);
    writeU32(w, hard.vote);
    return [];
  },
  decode(bytes) {
    const r = readerOf(bytes);
    const hard = { term: readU32(r), vote: readU32(r) };
    readEnd(r);
    return hard;
  },
};

export type Step =
  | { readonly type: "reopen" }
  | {
      readonly type: "write";
      /** Numbers from which the model makes a write that fits its state. */
      readonly hard: boolean;
      readonly truncate: number | null;
      readonly snapshot: number | null;
      readonly sizes: readonly number[];
      /** Indexes left out before the first entry. */
      readonly gap: number;
      readonly flush: "wait" | "now" | "later";
    };

export function writesArbitrary(lengthMax: number): fc.Arbitrary<Step[]> {
  const write = fc.record({
    type: fc.constant("write" as const),
    hard: fc.boolean(),
    truncate: fc.option(fc.nat(5), { freq: 5 }),
    snapshot: fc.option(fc.nat(5), { freq: 6 }),
    sizes: fc.array(fc.nat(700), { maxLength: 4 }),
    gap: fc.nat(2),
    flush: fc.constantFrom("wait" as const, "now" as const, "later" as const),
  });
  const reopen = fc.constant({ type: "reopen" as const });
  return fc.array(fc.oneof({ weight: 8, arbitrary: write }, { weight: 1, arbitrary: reopen }), {
    minLength: 10,
    maxLength: lengthMax,
    size: "max",
  });
}

export interface ModelWrite {
  readonly write: Omit<Write<TestHard>, "seq">;
  readonly image: { readonly name: ImageName; readonly bytes: Uint8Array } | null;
}

export class Model {
  private hard: TestHard | null = null;
  private snapshot: Snapshot | null = null;
  private readonly entries = new Map<number, Entry>();
  private count = 0;

  private get lastIndex(): number {
    return Math.max(this.snapshot?.index ?? 0, ...this.entries.keys());
  }

  next(step: Extract<Step, { readonly type: "write" }>): ModelWrite {
    this.count += 1;
    const round = this.count;
    const hard = step.hard ? { term: round, vote: step.sizes.length } : null;
    const floor = this.snapshot?.index ?? 0;
    const truncateFrom = step.truncate === null ? null : Math.max(floor + 1, this.lastIndex - step.truncate);
    if (hard !== null) this.hard = hard;
    for (const index of this.entries.keys())
      if (truncateFrom !== null && index >= truncateFrom) this.entries.delete(index);
    const image = this.takeSnapshot(step.snapshot, round);
    const first = this.lastIndex + 1 + step.gap;
    const entries = step.sizes.map((size, i) => entryOf(first + i, round, size));
    for (const entry of entries) this.entries.set(entry.index, entry);
    return { write: { hard, truncateFrom, snapshot: image === null ? null : this.snapshot, entries }, image };
  }

  private takeSnapshot(below: number | null, round: number): ModelWrite["image"] {
    const index = this.lastIndex - (below ?? 0);
    if (below === null || index <= (this.snapshot?.index ?? 0)) return null;
    const bytes = new Uint8Array((round * 37) % 1500).fill(round);
    const name = { id: `image-${round}`, index };
    this.snapshot = { id: name.id, index, round, bytes: bytes.length };
    for (const held of this.entries.keys()) if (held <= index) this.entries.delete(held);
    return { name, bytes };
  }

  stored(): Stored<TestHard> {
    const entries = [...this.entries.values()].sort((a, b) => a.index - b.index);
    return { hard: this.hard, snapshot: this.snapshot, entries };
  }
}

function entryOf(index: number, round: number, size: number): Entry {
  if (size === 0) return { index, round, kind: "noop" };
  const command = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) command[i] = index * 31 + round * 7 + i;
  return { index, round, kind: "command", command };
}
