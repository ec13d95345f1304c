import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CommandWriter, decodeCommand, type WriteRequest } from "../../harness/host/command.js";
import { CodecError } from "../../protocols/core/index.js";
import { writeRequest } from "./arbitrary.js";

function encode(requests: readonly WriteRequest[]): Uint8Array {
  const writer = new CommandWriter();
  for (const { client, seq, operation } of requests) expect(writer.add(client, seq, operation)).toBe(true);
  expect(writer.count).toBe(requests.length);
  const size = writer.bytes;
  const bytes = writer.take();
  expect(bytes.length).toBe(size);
  return bytes;
}

/** null: refused, as it should be. */
function decodeHostile(bytes: Uint8Array): readonly WriteRequest[] | null {
  try {
    return decodeCommand(bytes);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

describe("a command", () => {
  test("survives its bytes", () => {
    fc.assert(
      fc.property(fc.array(writeRequest, { maxLength: 12 }), (requests) => {
        expect(decodeCommand(encode(requests))).toEqual(requests);
      }),
    );
  });

  test("larger than the writer's first buffer survives too", () => {
    const operation = { f: "put", key: "k", value: "\xff".repeat(100_000) } as const;
    expect(decodeCommand(encode([{ client: 1, seq: 1, operation }]))[0]?.operation).toEqual(operation);
  });

  test("a request that cannot be written leaves the others as they were", () => {
    const writer = new CommandWriter();
    const put = (value: string) => ({ f: "put", key: "k", value }) as const;
    expect(writer.add(1, 1, put("a"))).toBe(true);
    expect(writer.add(2, 1, put("\u0100"))).toBe(false);
    expect(writer.add(3, 1, { f: "cas", key: "k", expected: "\u0100", value: "" })).toBe(false);
    expect(writer.add(4, 1, { f: "delete", key: "\ud83d\ude00" })).toBe(false);
    expect(writer.add(5, 1, put("b"))).toBe(true);
    expect(decodeCommand(writer.take()).map(({ client }) => client)).toEqual([1, 5]);
    expect(decodeCommand(writer.take())).toEqual([]);
  });
});

describe("hostile bytes", () => {
  test("cut anywhere are refused", () => {
    fc.assert(
      fc.property(fc.array(writeRequest, { minLength: 1, maxLength: 3 }), (requests) => {
        const bytes = encode(requests);
        for (let length = 0; length < bytes.length; length += 1) {
          expect(decodeHostile(bytes.slice(0, length))).toBeNull();
        }
      }),
      { numRuns: 30 },
    );
  });

  test("with one bit flipped are refused or mean exactly what they say", () => {
    fc.assert(
      fc.property(fc.array(writeRequest, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(7), (requests, at, bit) => {
        const bytes = encode(requests);
        bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << bit);
        const decoded = decodeHostile(bytes);
        if (decoded !== null) expect(encode(decoded)).toEqual(bytes);
      }),
    );
  });

  test("of any kind end in CodecError or a command, never in another error", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void decodeHostile(bytes)));
  });

  test("that promise four thousand million requests allocate nothing", () => {
    expect(() => decodeCommand(Uint8Array.of(255, 255, 255, 255, 1, 2, 3))).toThrow(CodecError);
  });
});
