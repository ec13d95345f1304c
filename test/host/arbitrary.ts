/** Generators for the host's properties. Few keys and clients, so that they meet. */
import * as fc from "fast-check";

const byteString = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "b", "c", "\xff") },
  { weight: 1, arbitrary: byteString },
);

export const writeOperation = fc.oneof(
  fc.record({ f: fc.constant("put" as const), key, value: byteString }),
  fc.record({ f: fc.constant("delete" as const), key }),
  fc.record({ f: fc.constant("append" as const), key, value: byteString }),
  fc.record({ f: fc.constant("cas" as const), key, expected: fc.option(byteString), value: byteString }),
);

export const writeRequest = fc.record({
  client: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
  seq: fc.oneof(
    fc.integer({ min: 1, max: 4 }),
    fc.maxSafeNat().map((seq) => Math.max(1, seq)),
  ),
  operation: writeOperation,
});
