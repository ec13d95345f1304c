/** A property that fails says how to repeat it. */
import { assert, nat, property } from "fast-check";
import { expect, test } from "vitest";

test("a property's failure ends with its command", () => {
  const small = property(nat(), (n) => n < 10);
  const command =
    /\nRepeat it with: SYNOD_FC_SEED=7 SYNOD_FC_PATH=[\d:]+ npm test -- test\/core\/repeatable\.test\.ts -t 'a property'\\''s failure ends with its command'$/;
  expect(() => assert(small, { seed: 7 })).toThrow(command);
});

test("a property that holds says nothing", () => {
  expect(() => assert(property(nat(), (n) => n >= 0))).not.toThrow();
});
