// Models of one's own, limits, explanations.

import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import {
  checkHistory,
  checkLinearizable,
  historyFromEvents,
  type LinearizableResult,
  type Model,
  readHistoryText,
} from "../../harness/check/index.js";
import { Budget, BudgetExceeded } from "../../harness/check/budget.js";
import { NO_VALUE, NOTHING, WRITE } from "../../harness/check/history.js";
import { type Part, withoutNothing } from "../../harness/check/parts.js";
import { Loan } from "../../harness/check/pool.js";
import { RegisterMachine } from "../../harness/check/registerMachine.js";
import { TextMachine } from "../../harness/check/textMachine.js";
import { encodeHistory, type HistoryValue } from "../../harness/record/history.js";
import { historyOf, type Row } from "./build.js";
import { randomOf } from "./generate.js";

const queue: Model<readonly HistoryValue[]> = {
  name: "queue",
  perKey: true,
  initial: () => [],
  step: (items, op) => {
    if (op.f === "enqueue") return [...items, op.input];
    if (op.output !== undefined && op.output !== (items[0] ?? null)) return undefined;
    return items.slice(1);
  },
  text: (items) => JSON.stringify(items),
};

const lock: Model<string | null> = {
  name: "lock",
  perKey: true,
  initial: () => null,
  step: (holder, op) => {
    if (op.f === "acquire") return holder === null ? String(op.process) : undefined;
    return holder === String(op.process) ? null : undefined;
  },
  text: (holder) => holder ?? "",
};

describe("models of one's own", () => {
  const check = (model: Model<never>, rows: readonly Row[]): string =>
    checkLinearizable(historyFromEvents(historyOf(rows)), { model: model as Model<unknown> }).verdict;

  test("a queue gives items in the order they came", () => {
    const put: Row[] = [
      [1, "enqueue", "q", "a", 0, 5],
      [1, "enqueue", "q", "b", 10, 15],
    ];
    expect(
      check(queue as Model<never>, [...put, [2, "dequeue", "q", "a", 20, 25], [2, "dequeue", "q", "b", 30, 35]]),
    ).toBe("ok");
    expect(check(queue as Model<never>, [...put, [2, "dequeue", "q", "b", 20, 25]])).toBe("violated");
    expect(
      check(queue as Model<never>, [
        ...put,
        [3, "dequeue", "q", null, 16, 17, { type: "info" }],
        [2, "dequeue", "q", "b", 20, 25],
      ]),
    ).toBe("ok");
  });

  test("a lock has one holder", () => {
    const first: Row = [1, "acquire", "l", null, 0, 5];
    expect(
      check(lock as Model<never>, [first, [1, "release", "l", null, 10, 15], [2, "acquire", "l", null, 12, 20]]),
    ).toBe("ok");
    expect(check(lock as Model<never>, [first, [2, "acquire", "l", null, 10, 20]])).toBe("violated");
  });
});

/** Many clients writing few values at once, then a read that nothing explains: hard for any search. */
function hardHistory(clients: number, rounds: number): string {
  const random = randomOf(5);
  const rows: Row[] = [];
  for (let round = 0; round < rounds; round++) {
    const t = round * 1000;
    for (let c = 0; c < clients; c++) {
      const to = t + 500 + random(400);
      if (random(3) > 0) rows.push([c, "cas", "x", [`v${random(9)}`, `v${random(9)}`], t + c, to, { type: "info" }]);
      else rows.push([c, "put", "x", `v${random(9)}`, t + c, to]);
    }
    rows.push([1000, "get", "x", `v${random(9)}`, t + 950, t + 990]);
  }
  const end = rounds * 1000;
  for (let v = 0; v < 9; v++) rows.push([2000 + v, "get", "x", `v${v}`, end + 20 * v, end + 20 * v + 10]);
  for (let v = 0; v < 9; v++) rows.push([2000 + v, "get", "x", `v${v}`, end + 500 + 20 * v, end + 500 + 20 * v + 10]);
  rows.push([3000, "put", "x", "last", end + 900, end + 910], [3000, "get", "x", "v1", end + 920, end + 930]);
  return encodeHistory(historyOf(rows));
}

/** A check of the hard history in a process of its own, where nobody else's arrays come and go: the growth in bytes. */
function inProcess(memoryBytesMax: number): { result: LinearizableResult; arrays: number; heap: number } {
  const module = new URL("../../dist/harness/check/index.js", import.meta.url);
  const script = `
    import { readFileSync } from "node:fs";
    const { checkLinearizable, readHistoryText } = await import(${JSON.stringify(module.href)});
    const h = readHistoryText(readFileSync(0, "utf8"));
    gc();
    gc();
    const before = process.memoryUsage();
    const result = checkLinearizable(h, { deadlineMs: 60_000, memoryBytesMax: ${memoryBytesMax} });
    const after = process.memoryUsage();
    const arrays = after.arrayBuffers - before.arrayBuffers;
    console.log(JSON.stringify({ result, arrays, heap: after.heapUsed - before.heapUsed }));
  `;
  // Room enough for young objects, so that nothing is collected in between.
  const flags = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64", "--input-type=module"];
  const options = { input: hardHistory(24, 12), encoding: "utf8", timeout: 60_000 } as const;
  const said = spawnSync(process.execPath, [...flags, "--eval", script], options);
  if (said.status !== 0) throw new Error(said.stderr);
  return JSON.parse(said.stdout) as { result: LinearizableResult; arrays: number; heap: number };
}

describe("limits", () => {
  const h = readHistoryText(hardHistory(24, 12));
  checkLinearizable(h, { deadlineMs: 20 });

  test("the deadline is kept within 50 ms and the reason named", () => {
    // The least of several runs: other work may take the processor away from any one of them.
    const over: number[] = [];
    for (const deadlineMs of [60, 150, 300, 150, 60]) {
      const cpuBefore = process.cpuUsage();
      const result = checkLinearizable(h, { deadlineMs, memoryBytesMax: 1 << 30 });
      const cpu = process.cpuUsage(cpuBefore);
      expect(result).toMatchObject({ verdict: "unknown" });
      expect(result.reason).toContain(`${deadlineMs} ms`);
      expect(result.wallMs).toBeGreaterThanOrEqual(deadlineMs);
      // Time of the processor does not pass while others have it; twice, since the collector has threads of its own.
      expect((cpu.user + cpu.system) / 1000).toBeLessThan(2 * deadlineMs + 50);
      over.push(result.wallMs - deadlineMs);
    }
    expect(Math.min(...over)).toBeLessThan(50);
    expect(over.sort((x, y) => x - y)[2]).toBeLessThan(50);
  });

  test("the memory cap is kept within 10 %, by the account and by the process, and the reason named", () => {
    const cap = 12 << 20;
    const { result, arrays, heap } = inProcess(cap);
    expect(result).toMatchObject({ verdict: "unknown" });
    expect(result.reason).toContain("memory");
    expect(result.memoryBytes).toBeLessThanOrEqual(cap);
    // The cap was the reason, not a wish that could not be met anyhow: the table that did not fit would double it.
    expect(result.memoryBytes).toBeGreaterThan(cap / 4);
    // What was left to the collector counts too.
    expect(arrays).toBeLessThan(1.1 * cap);
    // An account of arrays that are never made would keep any cap.
    expect(arrays).toBeGreaterThan(0.9 * result.memoryBytes);
    expect(heap).toBeLessThan(cap / 4);
  });

  test("the states of a model of one's own count as memory", () => {
    const memoryBytesMax = 3 << 20;
    const concurrent = (f: string, n: number): Row[] =>
      Array.from({ length: n }, (_, c): Row => [c, f, "x", `${c % 7}${c}`, c, 1000 + c]);
    const queued: Row[] = [...concurrent("enqueue", 14), [50, "dequeue", "x", "never", 2000, 2001]];
    const models = checkLinearizable(historyFromEvents(historyOf(queued)), {
      model: queue as Model<unknown>,
      memoryBytesMax,
    });
    expect(models).toMatchObject({ verdict: "unknown" });
    expect(models.reason).toContain("memory");
    expect(models.memoryBytes).toBeLessThanOrEqual(memoryBytesMax);
  });

  test("a deadline also stops the fast tiers", () => {
    const rows: Row[] = [];
    for (let i = 0; i < 20_000; i++) rows.push([1, "put", "x", i, 2 * i, 2 * i + 1]);
    expect(checkLinearizable(historyFromEvents(historyOf(rows)), { deadlineMs: 1e-6 }).verdict).toBe("unknown");
  });
});

describe("what comes before a search looks at the clock too", () => {
  // Found with 1,000,000 operations and a deadline of 10 ms: it was overrun by a quarter of a second.
  const count = 200_000;
  const column = (of: (i: number) => number): Int32Array => Int32Array.from({ length: count }, (_, i) => of(i));
  const part: Part = {
    key: 0,
    count,
    row: null,
    kind: Uint8Array.from({ length: count }, (_, i) => (i % 50 === 0 ? NOTHING : WRITE)),
    a: column((i) => i % 5),
    b: column(() => NO_VALUE),
    call: column((i) => 2 * i),
    ret: column((i) => 2 * i + 1),
    rankCount: 2 * count,
    valueCount: 5,
    initial: 0,
    valueIds: null,
    keyOf: null,
  };
  const late = (): Budget => new Budget(1e-6, Number.POSITIVE_INFINITY);

  test("packing", () => {
    expect(() => withoutNothing(part, new Loan(), late())).toThrow(BudgetExceeded);
    expect(withoutNothing(part, new Loan(), new Budget(60_000, 1 << 30)).count).toBe(0.98 * count);
  });

  test("counting what is needed", () => {
    expect(() => new RegisterMachine(part, late(), new Loan())).toThrow(BudgetExceeded);
  });

  // Found with 200,000 operations on one key: a quarter of a second passed before the search began.
  test("building the machine of texts", () => {
    class Watched extends Budget {
      looks = 0;
      override checkTime(): void {
        this.looks += 1;
        super.checkTime();
      }
    }
    const budget = new Watched(60_000, Number.POSITIVE_INFINITY);
    const machine = new TextMachine(part, String, budget);
    expect(machine.initial).toBeGreaterThanOrEqual(0);
    // One for every thousand operations, and more.
    expect(budget.looks).toBeGreaterThan(count / 1000);
    expect(() => new TextMachine(part, String, late())).toThrow(BudgetExceeded);
  });

  test("packed copies count as memory", () => {
    expect(() => withoutNothing(part, new Loan(), new Budget(60_000, 1 << 20))).toThrow(BudgetExceeded);
  });
});

describe("explanation", () => {
  const rows: Row[] = [
    [1, "put", "x", "a", 0, 5],
    [1, "put", "x", "b", 10, 15],
    [2, "get", "x", "a", 20, 30],
  ];
  const result = checkHistory(historyFromEvents(historyOf(rows)));

  test("says in words why no order works", () => {
    expect(result.text.split("\n")[0]).toMatch(/^Not linearizable: /);
    expect(result.text).toContain('client 2 read x: "a"');
    expect(result.text).toMatch(/comes? before/);
    expect(result.text).toContain("no order works");
    expect(result.certificate).toEqual({ kind: "witness", confirmed: true });
  });

  test("the page stands alone and shows the witness", () => {
    const page = result.page();
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/(src|href)="?http|@import|<link/);
    expect(page.match(/class="op witness"/g)).toHaveLength(3);
  });

  test("the page of all levels keeps its lines, under the drawing", () => {
    const page = checkHistory(historyFromEvents(historyOf(rows)), { level: "all" }).page();
    expect(page).toContain("The drawing shows what breaks linearizable.");
    expect(page.indexOf('<pre class="details">linearizable: violated')).toBeGreaterThan(page.indexOf('id="view"'));
    expect(page).toContain("\n  A  client 1 wrote x := &quot;a&quot;");
  });

  test("the page numbers the longest beginning that has an order, also where no search was needed", () => {
    // The read of "a" is the first answer that no order allows; "c" comes after it.
    const h = historyFromEvents(historyOf([...rows, [1, "put", "x", "c", 40, 50]]));
    const numbered = [
      ...checkHistory(h)
        .page()
        .matchAll(/data-label="[A-Z]?(?:: )?(\d+)\. ([^"]*)"/g),
    ];
    expect(numbered.map((match) => `${match[1]} ${match[2]}`).sort()).toEqual([
      "1 wrote x := &quot;a&quot;",
      "2 wrote x := &quot;b&quot;",
    ]);
  });

  test("text in a history cannot become markup", () => {
    const evil = historyFromEvents(historyOf([[1, "get", "x", "</script><b>hi", 0, 5]]), {}, "<h1>f");
    const page = checkHistory(evil).page();
    expect(page).not.toContain("<b>hi");
    expect(page).not.toContain("<h1>f");
  });

  test("a long history is cut to the neighbourhood of its witness", () => {
    const many: Row[] = [];
    for (let i = 0; i < 5000; i++) many.push([1, "put", "x", i, 10 * i, 10 * i + 5]);
    many.push([2, "get", "x", 7, 50_010, 50_020]);
    const page = checkHistory(historyFromEvents(historyOf(many))).page();
    expect(page.length).toBeLessThan(400_000);
    expect(page).toContain("of 5001 operations");
  });
});
