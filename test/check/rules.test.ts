// The input rules and the planted bugs: one small history each, with the verdict a person can see.

import { describe, expect, test } from "vitest";
import {
  checkLinearizable,
  historyFromEvents,
  type InputOptions,
  staleReads,
  verifyWitness,
} from "../../harness/check/index.js";
import { historyOf, type Row } from "./build.js";

function verdict(rows: readonly Row[], options: InputOptions = {}): string {
  return checkLinearizable(historyFromEvents(historyOf(rows), options)).verdict;
}

describe("input rules", () => {
  test("a call without a return may have taken effect", () => {
    expect(
      verdict([
        [1, "put", "x", "a", 0, null],
        [2, "get", "x", "a", 10, 20],
      ]),
    ).toBe("ok");
    expect(
      verdict([
        [1, "put", "x", "a", 0, null],
        [2, "get", "x", null, 10, 20],
      ]),
    ).toBe("ok");
  });

  test("an unknown write may take effect after later operations, but not be undone", () => {
    const unknown: Row = [1, "put", "x", "a", 0, 5, { type: "info" }];
    expect(verdict([unknown, [2, "get", "x", null, 10, 20], [2, "get", "x", "a", 30, 40]])).toBe("ok");
    expect(verdict([unknown, [2, "get", "x", "a", 10, 20], [2, "get", "x", null, 30, 40]])).toBe("violated");
  });

  test("an unknown value that only another unknown operation saw", () => {
    const rows: Row[] = [
      [1, "put", "x", "a", 0, 5, { type: "info" }],
      [2, "cas", "x", ["a", "b"], 0, 5, { type: "info" }],
      [3, "get", "x", "b", 10, 20],
    ];
    expect(verdict(rows)).toBe("ok");
    expect(verdict(rows.slice(1))).toBe("violated");
  });

  test("the same process number may go on after an unknown outcome", () => {
    expect(
      verdict([
        [1, "put", "x", "a", 0, 5, { type: "info" }],
        [1, "get", "x", null, 10, 20],
      ]),
    ).toBe("ok");
  });

  test("a failed write did not happen: reading it is thin air", () => {
    expect(
      verdict([
        [1, "put", "x", "a", 0, 5, { type: "fail" }],
        [2, "get", "x", null, 10, 20],
      ]),
    ).toBe("ok");
    expect(
      verdict([
        [1, "put", "x", "a", 0, 5, { type: "fail" }],
        [2, "get", "x", "a", 10, 20],
      ]),
    ).toBe("violated");
  });

  test("a failed compare-and-set: with what it saw, without, and as 'another value'", () => {
    const write: Row = [1, "put", "x", "a", 0, 5];
    const saw = (observed: string): Row => [2, "cas", "x", ["z", "b"], 10, 20, { type: "fail", observed }];
    expect(verdict([write, saw("a")])).toBe("ok");
    expect(verdict([write, saw("q")])).toBe("violated");
    const silent: Row = [2, "cas", "x", ["a", "b"], 10, 20, { type: "fail" }];
    expect(verdict([write, silent])).toBe("ok");
    expect(verdict([write, silent], { failedCas: "notEqual" })).toBe("violated");
  });

  test("nil and 0 are two values; a read of nil may be told to mean nothing", () => {
    expect(verdict([[1, "get", "x", 0, 0, 5]])).toBe("violated");
    expect(verdict([[1, "get", "x", 0, 0, 5]], { initial: 0 })).toBe("ok");
    expect(
      verdict([
        [1, "put", "x", 1, 0, 5],
        [1, "get", "x", null, 10, 20],
      ]),
    ).toBe("violated");
    expect(
      verdict(
        [
          [1, "put", "x", 1, 0, 5],
          [1, "get", "x", null, 10, 20],
        ],
        { nullRead: "unconstrained" },
      ),
    ).toBe("ok");
  });

  test("intervals that touch are concurrent, but a client's own operations follow each other", () => {
    expect(
      verdict([
        [1, "put", "x", "a", 0, 10],
        [2, "get", "x", null, 10, 20],
      ]),
    ).toBe("ok");
    expect(
      verdict([
        [1, "put", "x", "a", 0, 10],
        [1, "get", "x", null, 10, 20],
      ]),
    ).toBe("violated");
  });

  test("duplicate values: a retry that wrote twice", () => {
    const rows: Row[] = [
      [1, "put", "x", "a", 0, 10],
      [2, "put", "x", "b", 20, 30],
      [1, "put", "x", "a", 40, 50],
      [3, "get", "x", "a", 60, 70],
    ];
    expect(verdict(rows)).toBe("ok");
    expect(verdict([...rows.slice(0, 2), [3, "get", "x", "a", 60, 70]])).toBe("violated");
  });

  test("a compare-and-set of a value with itself", () => {
    expect(
      verdict([
        [1, "put", "x", "a", 0, 5],
        [1, "cas", "x", ["a", "a"], 10, 20],
        [1, "get", "x", "a", 30, 40],
      ]),
    ).toBe("ok");
  });

  test("an empty history is linearizable", () => {
    expect(verdict([])).toBe("ok");
  });
});

/** Each is one bug of a real system, seen by its clients. */
const plantedBugs: readonly (readonly [string, readonly Row[]])[] = [
  [
    "stale read",
    [
      [1, "put", "x", "a", 0, 5],
      [1, "put", "x", "b", 10, 15],
      [2, "get", "x", "a", 20, 30],
    ],
  ],
  [
    "lost write",
    [
      [1, "put", "x", "a", 0, 5],
      [2, "get", "x", null, 10, 20],
    ],
  ],
  ["thin air", [[1, "get", "x", "q", 0, 5]]],
  [
    "read from the future",
    [
      [1, "get", "x", "a", 0, 5],
      [2, "put", "x", "a", 10, 15],
    ],
  ],
  [
    "split brain: two reads disagree",
    [
      [1, "put", "x", "a", 0, 100],
      [2, "put", "x", "b", 0, 100],
      [3, "get", "x", "a", 10, 20],
      [4, "get", "x", "b", 30, 40],
      [3, "get", "x", "a", 50, 60],
    ],
  ],
  [
    "two compare-and-sets won",
    [
      [1, "put", "x", "a", 0, 5],
      [2, "cas", "x", ["a", "b"], 10, 20],
      [3, "cas", "x", ["a", "c"], 10, 20],
    ],
  ],
  [
    "compare-and-sets in a circle",
    [
      [1, "cas", "x", ["a", "b"], 0, 50],
      [2, "cas", "x", ["b", "a"], 0, 50],
    ],
  ],
  [
    "an overwritten value comes back",
    [
      [1, "put", "x", "a", 0, 5],
      [1, "cas", "x", ["a", "b"], 10, 20],
      [2, "get", "x", "a", 30, 40],
    ],
  ],
  [
    "a delete that did not stay",
    [
      [1, "put", "x", "a", 0, 5],
      [1, "delete", "x", null, 10, 20],
      [2, "get", "x", "a", 30, 40],
    ],
  ],
  [
    "appends in two orders",
    [
      [1, "append", "x", "a", 0, 50],
      [2, "append", "x", "b", 0, 50],
      [3, "get", "x", "ab", 60, 70],
      [3, "get", "x", "ba", 80, 90],
    ],
  ],
  [
    "a lost append",
    [
      [1, "append", "x", "a", 0, 5],
      [1, "append", "x", "b", 10, 20],
      [2, "get", "x", "a", 30, 40],
    ],
  ],
];

describe("planted bugs", () => {
  for (const [name, rows] of plantedBugs) {
    test(name, () => {
      const h = historyFromEvents(historyOf(rows));
      const result = checkLinearizable(h);
      expect(result.verdict).toBe("violated");
      expect(result.reason).toBeTruthy();
      expect(verifyWitness(h, result.witnessRows ?? [])).toEqual({ confirmed: true });
    });
  }

  test("read/write violations have witnesses of at most 6 operations, even among many", () => {
    const rows: Row[] = [];
    for (let i = 0; i < 500; i++)
      rows.push([1, "put", "x", `v${i}`, 20 * i, 20 * i + 5], [2, "get", "x", `v${i}`, 20 * i + 6, 20 * i + 15]);
    rows.push([3, "get", "x", "v100", 10_010, 10_020]);
    const result = checkLinearizable(historyFromEvents(historyOf(rows)));
    expect(result.verdict).toBe("violated");
    expect(result.witness?.length).toBeLessThanOrEqual(6);
    expect(result.witness?.some((op) => op.output === "v100")).toBe(true);
  });
});

describe("reads of weaker levels", () => {
  const rows = (level: string): Row[] => [
    [1, "put", "x", "a", 0, 5],
    [1, "put", "x", "b", 10, 15],
    [2, "get", "x", "a", 20, 30, { level }],
  ];
  test("do not count for linearizability, but a stale one is counted", () => {
    const weak = historyFromEvents(historyOf(rows("local")));
    expect(checkLinearizable(weak).verdict).toBe("ok");
    expect(staleReads(weak)).toEqual({ linearizable: 0, local: 1 });
    const strong = historyFromEvents(historyOf(rows("linearizable")));
    expect(checkLinearizable(strong).verdict).toBe("violated");
    expect(staleReads(strong)).toEqual({ linearizable: 1 });
  });
});

describe("range reads", () => {
  const range = (pairs: readonly (readonly [string, string])[], from: number, to: number): Row => [
    3,
    "range",
    "a",
    pairs.map(([k, v]) => [k, v]),
    from,
    to,
    { input: "c" },
  ];
  const writes: Row[] = [
    [1, "put", "a", "1", 0, 5],
    [1, "put", "b", "1", 10, 15],
  ];
  test("see one moment of all keys", () => {
    expect(
      verdict([
        ...writes,
        range(
          [
            ["a", "1"],
            ["b", "1"],
          ],
          20,
          30,
        ),
      ]),
    ).toBe("ok");
    expect(verdict([...writes, range([["a", "1"]], 2, 12)])).toBe("ok");
    expect(verdict([...writes, range([["a", "1"]], 20, 30)])).toBe("violated");
  });
  test("a torn range is caught though every key alone is fine", () => {
    expect(verdict([...writes, range([["b", "1"]], 0, 30)])).toBe("violated");
  });
});
