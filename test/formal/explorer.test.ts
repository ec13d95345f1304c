/** The pieces that every exploration stands on. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { branchesOf } from "../../harness/conform/branches.js";
import { canonical } from "../../harness/conform/canonical.js";
import { IntTable } from "../../harness/conform/intTable.js";

describe("a table of integer sequences", () => {
  test("numbers each sequence once, in the order of arrival", () => {
    // Small numbers, so that sequences come again; enough of them for the table to grow.
    const sequences = fc.array(fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 4 }), { maxLength: 3000 });
    fc.assert(
      fc.property(sequences, (all) => {
        const table = new IntTable();
        const known = new Map<string, number>();
        for (const sequence of all) {
          const key = sequence.join();
          const words = Int32Array.from([...sequence, 99]);
          expect(table.find(words, sequence.length)).toBe(known.get(key) ?? -1);
          if (!known.has(key)) known.set(key, known.size);
          expect(table.add(words, sequence.length)).toBe(known.get(key));
        }
        expect(table.size).toBe(known.size);
        const into = new Int32Array(8);
        for (const [key, id] of known) expect(into.subarray(0, table.read(id, into)).join()).toBe(key);
      }),
      { numRuns: 30 },
    );
  });

  test("holds more than it began with room for", () => {
    const table = new IntTable();
    const words = new Int32Array(3);
    for (let k = 0; k < 20_000; k += 1) {
      words.set([k, k % 7, -k]);
      expect(table.add(words, 3)).toBe(k);
    }
    words.set([12_345, 12_345 % 7, -12_345]);
    expect(table.find(words, 3)).toBe(12_345);
    expect(table.find(words, 2)).toBe(-1);
  });
});

test("canonical text does not depend on the order of keys, and everything empty is equal", () => {
  expect(canonical({ b: [1, { d: "x", c: {} }], a: true })).toBe('{"a":true,"b":[1,{"c":[],"d":"x"}]}');
  expect(canonical({})).toBe(canonical([]));
});

/** The first word of each branch. */
function branches(source: string): string[] {
  return branchesOf(source).map((at) => /^\W?\w*/.exec(source.slice(at))?.[0] ?? "");
}

describe("branches of a script", () => {
  test("if and else, loops, logical operators and choices", () => {
    expect(branches("if (a(b)) one(); else if (c) { two(); } else three();")).toEqual(["one", "{", "three"]);
    expect(branches("for (const x of y) each(x); while (go()) run(); do again(); while (yes);")).toEqual([
      "each",
      "run",
      "again",
    ]);
    expect(branches("const z = a?.b ?? c; d ||= e && f;")).toEqual(["c", "e", "f"]);
    expect(branches("x = a ? { k: b ? p : q } : r;")).toEqual(["{", "p", "q", "r"]);
  });

  test("labels of one body are one branch", () => {
    expect(branches("switch (a) { case 1: case 2: both(); break; case f(3): third(); default: rest(); }")).toEqual([
      "both",
      "third",
      "rest",
    ]);
  });

  test("nothing in comments, strings and regular expressions, but in templates", () => {
    const source =
      "// if (a) b;\n/* else c */ s = 'x ? y : z'; r = /a || b?[/]/; t = `if (${u ? v : `${w && x}`}) ${y}`;";
    expect(branches(source)).toEqual(["v", "`", "x"]);
    expect(branches("o.if = 1; o.default = a / b / c;")).toEqual([]);
  });
});
