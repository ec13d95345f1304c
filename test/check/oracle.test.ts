// Every tier against the oracle that tries all orders. SYNOD_FUZZ=1000000 makes it long.

import { describe, expect, test } from "vitest";
import {
  allLevels,
  checkLadder,
  checkLinearizable,
  historyFromEvents,
  includes,
  staleReads,
  verifyOrder,
  verifyWitness,
} from "../../harness/check/index.js";
import { encodeHistory, type HistoryEvent } from "../../harness/record/history.js";
import { hasOrder, isLinearizable, pairOperations } from "./bruteForce.js";
import { mutate, randomHistory, randomOf, type Shape } from "./generate.js";

const histories = Number(process.env["SYNOD_FUZZ"] ?? 4000);
const firstSeed = Number(process.env["SYNOD_FUZZ_SEED"] ?? 1);
const limitMs = 10_000 + histories * 20;

/** Get, put, cas, append, delete. */
const mixes: readonly Shape["weights"][] = [
  [4, 4, 2, 0, 0],
  [4, 4, 2, 0, 1],
  [4, 1, 1, 4, 0],
  [4, 0, 0, 4, 0],
  [3, 2, 4, 0, 0],
];

function shapeOf(seed: number, keys: number): Shape {
  const random = randomOf(seed * 7919);
  return {
    operations: 2 + random(6),
    processes: 2 + random(3),
    values: random(2) === 0 ? 0 : 2 + random(3),
    weights: mixes[random(mixes.length)] as Shape["weights"],
    unknownPercent: random(2) * 25,
    wrongPercent: random(3) * 30,
    sameTimePercent: random(2) * 40,
    observedPercent: random(3) * 50,
    keys,
  };
}

/** Two of three histories get mistakes until there is no order any more, if six times are enough. */
function randomEvents(seed: number): { readonly events: readonly HistoryEvent[]; readonly expected: string } {
  let events = randomHistory(seed, shapeOf(seed, 1));
  const random = randomOf(seed * 104_729);
  let isOk = isLinearizable(events);
  for (let n = 0; isOk && seed % 3 > 0 && n < 6; n++) {
    events = mutate(events, random);
    isOk = isLinearizable(events);
  }
  return { events, expected: isOk ? "ok" : "violated" };
}

function say(seed: number, events: readonly HistoryEvent[]): string {
  return `seed ${seed}\n${encodeHistory(events)}`;
}

describe("linearizability against all orders", () => {
  test(`${histories} histories from seed ${firstSeed}: the verdict is the oracle's and its certificate holds`, {
    timeout: limitMs,
  }, () => {
    const counts = { ok: 0, violated: 0, byZones: 0, bySearch: 0 };
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
      const { events, expected } = randomEvents(seed);
      const h = historyFromEvents(events);
      const result = checkLinearizable(h, { order: true });
      if (result.verdict !== expected)
        expect.fail(`${result.verdict}, but the oracle says ${expected}: ${say(seed, events)}`);
      counts[expected as "ok" | "violated"] += 1;
      counts[result.prefix === undefined ? "byZones" : "bySearch"] += 1;
      const certificate =
        expected === "ok"
          ? verifyOrder(h, result.order as Int32Array)
          : verifyWitness(h, result.witnessRows as number[]);
      if (!certificate.confirmed) expect.fail(`${certificate.problem}: ${say(seed, events)}`);
      const stale = Object.values(staleReads(h)).reduce((x, y) => x + y, 0);
      if (expected === "ok" && stale > 0) expect.fail(`a stale read in a linearizable history: ${say(seed, events)}`);
    }
    if (histories >= 100_000) process.stdout.write(`${JSON.stringify(counts)}\n`);
    expect(counts.ok).toBeGreaterThan(histories / 3);
    expect(counts.violated).toBeGreaterThan(histories / 3);
    expect(counts.byZones).toBeGreaterThan(histories / 100);
    expect(counts.bySearch).toBeGreaterThan(histories / 100);
  });

  test("several keys: each key alone decides", { timeout: limitMs }, () => {
    for (let seed = firstSeed; seed < firstSeed + histories / 10; seed++) {
      const shape = shapeOf(seed, 3);
      // No equal times: what comes first at one instant depends on the other keys too.
      const events = randomHistory(seed, {
        ...shape,
        operations: 10,
        wrongPercent: shape.wrongPercent >> 1,
        sameTimePercent: 0,
      });
      const keys = [...new Set(events.map((event) => event.key))];
      const expected = keys.every((key) => isLinearizable(events.filter((event) => event.key === key)))
        ? "ok"
        : "violated";
      const h = historyFromEvents(events);
      const result = checkLinearizable(h, { order: true });
      if (result.verdict !== expected) expect.fail(`${result.verdict}: ${say(seed, events)}`);
      if (result.order !== undefined) expect(verifyOrder(h, result.order)).toEqual({ confirmed: true });
      if (result.witnessRows !== undefined) expect(verifyWitness(h, result.witnessRows)).toEqual({ confirmed: true });
      // Without an order the texts of all keys are decided at once.
      const quick = checkLinearizable(h);
      if (quick.verdict !== expected) expect.fail(`at once ${quick.verdict}: ${say(seed, events)}`);
      if (quick.witnessRows !== undefined) expect(verifyWitness(h, quick.witnessRows)).toEqual({ confirmed: true });
    }
  });
});

describe("the ladder", () => {
  test("a history at a level is at all levels below it, each decided by its own checker", { timeout: limitMs }, () => {
    const broken = new Map<string, number>();
    const total = Math.min(histories / 3, 100_000);
    for (let seed = firstSeed; seed < firstSeed + total; seed++) {
      const events = randomHistory(seed, {
        ...shapeOf(seed, 1 + (seed % 2)),
        operations: 8,
        values: 0,
        weights: [5, 4, seed % 3, 0, 0],
      });
      const { levels } = checkLadder(historyFromEvents(events), { independent: true });
      const verdictOf = new Map(levels.map((result) => [result.level, result.verdict]));
      for (const stronger of allLevels) {
        for (const weaker of allLevels) {
          if (!includes(stronger, weaker) || verdictOf.get(stronger) !== "ok" || verdictOf.get(weaker) === "ok")
            continue;
          expect.fail(`${stronger} holds but ${weaker} is ${verdictOf.get(weaker)}: ${say(seed, events)}`);
        }
      }
      for (const [level, verdict] of verdictOf)
        if (verdict === "violated") broken.set(level, (broken.get(level) ?? 0) + 1);
    }
    // Not vacuous: every level was broken by something.
    expect([...broken.keys()].sort()).toEqual([...allLevels].sort());
  });

  test("sequential consistency against all orders that keep program order", { timeout: limitMs }, () => {
    const seen = { ok: 0, violated: 0 };
    for (let seed = 1; seed <= Math.min(histories / 3, 100_000); seed++) {
      const events = randomHistory(seed, { ...shapeOf(seed, 1), weights: [4, 4, seed % 3, 0, 0] });
      const operations = pairOperations(events);
      const expected = hasOrder(operations, null, (a, b) => a.process === b.process && a.retPlace < b.callPlace)
        ? "ok"
        : "violated";
      const result = checkLadder(historyFromEvents(events), { independent: true }).levels.find(
        (r) => r.level === "sequential",
      );
      if (result?.verdict !== expected)
        expect.fail(`${result?.verdict}, but the oracle says ${expected}: ${say(seed, events)}`);
      seen[expected] += 1;
    }
    expect(seen.violated).toBeGreaterThan(10);
  });
});
