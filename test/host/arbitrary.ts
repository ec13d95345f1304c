/** Generators for the host's properties. Few keys and clients, so that they meet. */
import * as fc from "fast-check";
import { encodeRequest, type Mvcc } from "../../harness/host/index.js";

const byteString = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "b", "c", "\xff") },
  { weight: 1, arbitrary: byteString },
);

export const plainOperation = fc.oneof(
  fc.record({ f: fc.constant("put" as const), key, value: byteString }),
  fc.record({ f: fc.constant("delete" as const), key }),
  fc.record({ f: fc.constant("append" as const), key, value: byteString }),
  fc.record({ f: fc.constant("cas" as const), key, expected: fc.option(byteString), value: byteString }),
);

const end = fc.oneof(fc.constantFrom("", "\0", "c"), key);
const number = fc.integer({ min: -1, max: 12 });
const compare: fc.Arbitrary<Mvcc.Compare> = fc
  .record({
    key,
    end,
    result: fc.constantFrom("equal" as const, "greater" as const, "less" as const, "notEqual" as const),
  })
  .chain((common) =>
    fc
      .oneof(
        fc.record({ target: fc.constantFrom("version" as const, "create" as const, "mod" as const), number }),
        fc.record({ target: fc.constant("value" as const), value: byteString }),
      )
      .map((rest): Mvcc.Compare => ({ ...common, ...rest })),
  );
export const rangeStep: fc.Arbitrary<Mvcc.RangeOperation> = fc.record({
  type: fc.constant("range" as const),
  key,
  end,
  limit: fc.integer({ min: -1, max: 3 }),
  revision: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: number }),
  order: fc.constantFrom("none" as const, "ascend" as const, "descend" as const),
  target: fc.constantFrom("key" as const, "version" as const, "create" as const, "mod" as const, "value" as const),
  keysOnly: fc.boolean(),
  countOnly: fc.boolean(),
  modMin: fc.constantFrom(0, 0, 3),
  modMax: fc.constantFrom(0, 0, 9),
  createMin: fc.constantFrom(0, 0, 3),
  createMax: fc.constantFrom(0, 0, 9),
});
const previous = fc.boolean();
export const putStep: fc.Arbitrary<Mvcc.PutOperation> = fc.record({
  type: fc.constant("put" as const),
  key,
  value: byteString,
  previous,
  keepValue: fc.boolean(),
  keepLease: fc.constantFrom(false, false, true),
  leased: fc.constantFrom(false, false, false, true),
});
export const deleteStep: fc.Arbitrary<Mvcc.DeleteOperation> = fc.record({
  type: fc.constant("delete" as const),
  key,
  end,
  previous,
});
const { transaction: anyTransaction } = fc.letrec<{ transaction: Mvcc.Transaction; step: Mvcc.Step }>((tie) => ({
  step: fc.oneof({ depthSize: "small", withCrossShrink: true }, rangeStep, putStep, deleteStep, tie("transaction")),
  transaction: fc.record({
    type: fc.constant("txn" as const),
    compares: fc.array(compare, { maxLength: 2 }),
    success: fc.array(tie("step"), { maxLength: 3 }),
    failure: fc.array(tie("step"), { maxLength: 3 }),
  }),
}));
export const transaction = anyTransaction;

const request: fc.Arbitrary<Mvcc.Request> = fc.oneof(
  { weight: 8, arbitrary: transaction },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("compact" as const), revision: number }) },
);
export const txnOperation = fc.record({
  f: fc.constant("txn" as const),
  request: fc.oneof(
    { weight: 9, arbitrary: request.map(encodeRequest) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  ),
});
export const writeOperation = fc.oneof(
  { weight: 3, arbitrary: plainOperation },
  { weight: 1, arbitrary: txnOperation },
);

export const writeRequest = fc.record({
  client: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
  seq: fc.oneof(
    fc.integer({ min: 1, max: 4 }),
    fc.maxSafeNat().map((seq) => Math.max(1, seq)),
  ),
  operation: writeOperation,
});
