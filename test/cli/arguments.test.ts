/** Options are parsed strictly. */
import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { parseCount, parseDuration, parseNames, parseSeed, parseSeeds } from "../../harness/cli/arguments.js";
import { milliseconds, percent, trimmed } from "../../harness/cli/numbers.js";
import { minimize } from "../../harness/drivers/sim/index.js";

describe("options", () => {
  test("seeds", () => {
    expect(parseSeeds("7")).toEqual([7]);
    expect(parseSeeds("1..4")).toEqual([1, 2, 3, 4]);
    expect(parseSeeds("5,1..3,2")).toEqual([5, 1, 2, 3]);
    expect(parseSeed("4294967295")).toBe(4_294_967_295);
  });
  test.each(["", "x", "-1", "1.5", "4..2", "1..", "4294967296", "1..2000000"])("seeds %j are refused", (text) => {
    expect(() => parseSeeds(text)).toThrow(InvalidArgumentError);
  });
  test("times", () => {
    expect(["500ms", "60s", "1.5m", "1h"].map(parseDuration)).toEqual([500, 60_000, 90_000, 3_600_000]);
  });
  test.each(["", "5", "s", "0s", "-1s", "1d", "169h", "1000000000000m"])("time %j is refused", (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
  });
  test("names", () => {
    expect(parseNames("raft, zab,raft")).toEqual(["raft", "zab"]);
    expect(() => parseNames("raft,,zab")).toThrow(InvalidArgumentError);
    expect(() => parseCount("0")).toThrow(InvalidArgumentError);
  });
});

test("numbers as people read them", () => {
  expect([null, 0, 0.123_45, 1.5, 999, 1234, 61_000].map(milliseconds)).toEqual([
    "-",
    "0 ms",
    "0.123 ms",
    "1.5 ms",
    "999 ms",
    "1.23 s",
    "1 min",
  ]);
  expect([10, 100, 0.5, 1234.5, 20.02].map(trimmed)).toEqual(["10", "100", "0.5", "1235", "20"]);
  expect(percent(0.1234)).toBe("12.3 %");
});

test("delta debugging leaves exactly what is needed", () => {
  const items = Array.from({ length: 40 }, (_, i) => i);
  expect(minimize(items, (kept) => kept.includes(3) && kept.includes(17) && kept.includes(39))).toEqual([3, 17, 39]);
});
