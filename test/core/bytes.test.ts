import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CodecError,
  ENTRY_HEADER_BYTES,
  type Entry,
  entriesHeaderBytes,
  entriesPayloadBytes,
  entryPayloads,
  type Reader,
  readBool,
  readBytes,
  readEnd,
  readEntries,
  readEntryHeaders,
  readerOf,
  readU8,
  readU16,
  readU32,
  readU53,
  type Writer,
  writeBool,
  writeEntries,
  writerAt,
  writeU8,
  writeU16,
  writeU32,
  writeU53,
} from "../../protocols/core/index.js";

interface Kind<T> {
  readonly name: string;
  readonly bytes: number;
  readonly values: fc.Arbitrary<T>;
  readonly write: (w: Writer, value: T) => void;
  readonly read: (r: Reader) => T;
}

const KINDS: readonly (Kind<number> | Kind<boolean>)[] = [
  { name: "u8", bytes: 1, values: fc.nat(0xff), write: writeU8, read: readU8 },
  { name: "u16", bytes: 2, values: fc.nat(0xffff), write: writeU16, read: readU16 },
  { name: "u32", bytes: 4, values: fc.nat(0xffffffff), write: writeU32, read: readU32 },
  { name: "u53", bytes: 8, values: fc.maxSafeNat(), write: writeU53, read: readU53 },
  { name: "bool", bytes: 1, values: fc.boolean(), write: writeBool, read: readBool },
];

/** A view that does not begin where its buffer does: an easy thing to get wrong. */
function viewOf(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length + 7), 5, length);
}

describe.each(KINDS)("$name", (kind) => {
  const { bytes, values, write, read } = kind as Kind<unknown>;

  test("survives its bytes, at any place of any view", () => {
    fc.assert(
      fc.property(values, fc.nat(9), (value, at) => {
        const view = viewOf(at + bytes);
        const w = writerAt(view, at);
        write(w, value);
        expect(w.at).toBe(at + bytes);
        const r = readerOf(view);
        readBytes(r, at);
        expect(read(r)).toBe(value);
        readEnd(r);
      }),
    );
  });

  test("cut short is refused", () => {
    for (let length = 0; length < bytes; length += 1) expect(() => read(readerOf(viewOf(length)))).toThrow(CodecError);
  });
});

test("numbers are big-endian", () => {
  const view = viewOf(14);
  const w = writerAt(view, 0);
  writeU16(w, 0x0102);
  writeU32(w, 0x03040506);
  writeU53(w, 0x07_08090a0b0c0d);
  expect([...view]).toEqual([1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12, 13]);
});

test("a number beyond 2^53 and a boolean that is neither are refused", () => {
  expect(() => readU53(readerOf(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)))).toThrow(CodecError);
  expect(readU53(readerOf(Uint8Array.of(0, 0x1f, 255, 255, 255, 255, 255, 255)))).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => readBool(readerOf(Uint8Array.of(2)))).toThrow(CodecError);
});

test("what is left over is refused", () => {
  expect(() => readEnd(readerOf(Uint8Array.of(0)))).toThrow(CodecError);
});

test("bytes are a view, not a copy", () => {
  const source = Uint8Array.of(1, 2, 3);
  const view = readBytes(readerOf(source), 2);
  source[0] = 9;
  expect([...view]).toEqual([9, 2]);
});

describe("entries", () => {
  const entry: fc.Arbitrary<Entry> = fc.oneof(
    fc.record({ kind: fc.constant("noop" as const), index: fc.maxSafeNat(), round: fc.maxSafeNat() }),
    fc.record({
      kind: fc.constant("command" as const),
      index: fc.maxSafeNat(),
      round: fc.maxSafeNat(),
      command: fc.uint8Array({ maxLength: 30 }),
    }),
  );

  function encode(entries: readonly Entry[]): Uint8Array {
    const header = entriesHeaderBytes(entries);
    const bytes = new Uint8Array(header + entriesPayloadBytes(entries));
    const w = writerAt(bytes, 0);
    writeEntries(w, entries);
    expect(w.at).toBe(header);
    let at = header;
    for (const payload of entryPayloads(entries)) {
      bytes.set(payload, at);
      at += payload.length;
    }
    expect(at).toBe(bytes.length);
    return bytes;
  }

  function decode(bytes: Uint8Array): readonly Entry[] {
    const r = readerOf(bytes);
    const entries = readEntries(r, readEntryHeaders(r));
    readEnd(r);
    return entries;
  }

  test("survive their bytes; payloads are referred to, not copied", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        expect(decode(encode(entries))).toEqual(entries);
        const commands = entries.flatMap((item) => (item.kind === "command" ? [item.command] : []));
        for (const [at, payload] of entryPayloads(entries).entries()) expect(payload).toBe(commands[at]);
      }),
    );
  });

  test("cut anywhere are refused", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 3 }), (entries) => {
        const bytes = encode(entries);
        for (let length = 0; length < bytes.length; length += 1) {
          expect(() => decode(bytes.slice(0, length))).toThrow(CodecError);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("a count beyond the bytes, an unknown kind, and a no-op with a payload are refused", () => {
    expect(() => decode(Uint8Array.of(255, 255, 255, 255))).toThrow(CodecError);
    const bytes = encode([{ kind: "noop", index: 1, round: 1 }]);
    const unknownKind = bytes.slice();
    unknownKind[4] = 2;
    expect(() => decode(unknownKind)).toThrow(CodecError);
    const withPayload = new Uint8Array(bytes.length + 1);
    withPayload.set(bytes);
    withPayload[3 + ENTRY_HEADER_BYTES] = 1;
    expect(() => decode(withPayload)).toThrow("no-op");
  });
});
