// The maps of the searches, beyond the size at which they are split.

import { expect, test } from "vitest";
import { GrowingMap } from "../../harness/check/maps.js";

test("a growing map keeps every entry when it is split", () => {
  const numbers = new GrowingMap<number>();
  const texts = new GrowingMap<string | null>();
  texts.set(null, -1);
  texts.set("", -2);
  for (let n = 0; n < 100_000; n++) {
    numbers.set(n * 65_537, n);
    texts.set(`t${n}`, n);
  }
  for (let n = 0; n < 100_000; n++) {
    if (numbers.get(n * 65_537) !== n || texts.get(`t${n}`) !== n) expect.fail(`entry ${n} is lost`);
  }
  expect([texts.get(null), texts.get(""), texts.get("t"), numbers.get(1)]).toEqual([-1, -2, undefined, undefined]);
});
