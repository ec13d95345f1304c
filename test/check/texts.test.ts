// Texts whose pieces are awkward as bytes: escapes, characters of several bytes, halves of characters.

import { describe, expect, test } from "vitest";
import { checkLinearizable, historyFromEvents, verifyOrder, verifyWitness } from "../../harness/check/index.js";
import type { HistoryEvent } from "../../harness/record/history.js";
import { isLinearizable } from "./bruteForce.js";
import { historyOf, type Row } from "./build.js";
import { randomHistory, randomOf } from "./generate.js";

const alphabets: readonly (readonly string[])[] = [
  ["a\n", "b\n", "c\n", "d\n", "e\n"],
  ["\\", '"', "\\\\", "n", "\n"],
  ["é", "日本", "ü.", "…", "x"],
  ["\ud83d", "\ude00", "😀", "a", "\ud83d\ud83d"],
  ["ab", "a", "b", "aab", "ba"],
  ["long piece one ", "long piece two ", "x ", "yy ", "z "],
];

/** Clients put, append and get; what they see is right in half of the histories. */
function randomTexts(seed: number): HistoryEvent[] {
  const random = randomOf(seed);
  const pieces = [...(alphabets[seed % alphabets.length] as readonly string[])];
  const rows: Row[] = [];
  let text: string | null = null;
  for (let n = 0; n < 7; n++) {
    const at = 20 + 10 * n;
    const times = [at - random(12), at + 1 + random(12)] as const;
    const piece = random(3) > 0 ? pieces.splice(random(pieces.length), 1)[0] : undefined;
    if (piece === undefined) {
      const torn = random(4) === 0 && typeof text === "string" && seed % 2 === 0;
      rows.push([n, "get", "k", torn ? (text as string).slice(1) : text, ...times]);
    } else if (random(4) === 0) {
      text = piece;
      rows.push([n, "put", "k", piece, ...times]);
    } else {
      text = `${text ?? ""}${piece}`;
      rows.push([n, "append", "k", piece, ...times]);
    }
  }
  return historyOf(rows);
}

describe("texts as bytes", () => {
  test("the verdict is the oracle's, whatever the pieces are made of", { timeout: 60_000 }, () => {
    const counts = { ok: 0, violated: 0 };
    for (let seed = 1; seed <= 3000; seed++) {
      const events = randomTexts(seed);
      const expected = isLinearizable(events) ? "ok" : "violated";
      const h = historyFromEvents(events);
      const result = checkLinearizable(h, { order: true });
      expect(result.verdict, `seed ${seed} ${JSON.stringify(events)}`).toBe(expected);
      const certificate =
        expected === "ok"
          ? verifyOrder(h, result.order as Int32Array)
          : verifyWitness(h, result.witnessRows as number[]);
      expect(certificate.confirmed, `seed ${seed}`).toBe(true);
      counts[expected] += 1;
    }
    expect(counts.ok).toBeGreaterThan(500);
    expect(counts.violated).toBeGreaterThan(300);
  });

  test("pieces that come twice, on several keys", { timeout: 60_000 }, () => {
    const counts = { ok: 0, violated: 0 };
    for (let seed = 1; seed <= 4000; seed++) {
      const random = randomOf(seed * 31);
      const events = randomHistory(seed, {
        operations: 5 + random(7),
        processes: 2 + random(3),
        values: 2 + random(5),
        weights: [4, random(3), 0, 4, 0],
        unknownPercent: random(2) * 25,
        wrongPercent: random(3) * 30,
        // What comes first at one instant depends on the other keys too.
        sameTimePercent: 0,
        observedPercent: 0,
        keys: 1 + random(3),
      });
      const keys = [...new Set(events.map((event) => event.key))];
      const expected = keys.every((key) => isLinearizable(events.filter((event) => event.key === key)))
        ? "ok"
        : "violated";
      const h = historyFromEvents(events);
      const result = checkLinearizable(h);
      expect(result.verdict, `seed ${seed} ${JSON.stringify(events)}`).toBe(expected);
      if (result.witnessRows !== undefined) expect(verifyWitness(h, result.witnessRows).confirmed).toBe(true);
      counts[expected] += 1;
    }
    expect(counts.ok).toBeGreaterThan(500);
    expect(counts.violated).toBeGreaterThan(500);
  });

  test("time tells apart what a client appends again after it starts anew", () => {
    const rows: Row[] = [
      [1, "append", "k", "1.0 ", 0, 5],
      [2, "append", "k", "2.0 ", 1, 12],
      [3, "get", "k", "1.0 2.0 ", 13, 20],
      [1, "append", "k", "1.0 ", 30, 35],
      [2, "append", "k", "2.0 ", 31, 50],
      [3, "get", "k", "1.0 2.0 2.0 1.0 ", 36, 40],
    ];
    const right = checkLinearizable(historyFromEvents(historyOf(rows)));
    expect(right.verdict).toBe("ok");
    const early: Row[] = [...rows.slice(0, 2), [3, "get", "k", "1.0 2.0 2.0 ", 13, 20], ...rows.slice(3, 5)];
    const wrong = checkLinearizable(historyFromEvents(historyOf(early)));
    expect(wrong.verdict).toBe("violated");
    // By time, without a search.
    expect(wrong.prefix).toBe(undefined);
    expect(wrong.reason).toContain("in time");
  });

  test("two halves of a character make the whole one", () => {
    const rows: Row[] = [
      [1, "put", "k", "\ud83d", 0, 5],
      [1, "append", "k", "\ude00", 10, 15],
      [2, "get", "k", "😀", 12, 30],
    ];
    expect(checkLinearizable(historyFromEvents(historyOf(rows))).verdict).toBe("ok");
  });
});
