/** Ten seconds of the soak for each protocol, and one with a planted bug that it must catch. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { soakDefaults, type SoakOptions, soakProtocol } from "../../harness/cli/verbs/soak.js";
import type { HistoryEvent } from "../../harness/record/history.js";
import { validate } from "../../harness/scenarios/index.js";
import { missingWrites, soakScenario } from "../../harness/subjects/cluster/index.js";
import { SMALL_SEGMENTS } from "./support.js";

const SEED = 11;
const DURATION_MS = 9_500;
const LIMIT_MS = 120_000;

let out = "";

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), "synod-soak-"));
});

afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

function options(more: Partial<SoakOptions> = {}): SoakOptions {
  return {
    ...soakDefaults(),
    seed: SEED,
    durationMs: DURATION_MS,
    out,
    tracedMax: 150,
    checkDeadlineMs: 20_000,
    storage: SMALL_SEGMENTS,
    ...more,
  };
}

// Side by side: most of the time they wait.
describe.concurrent("soak", () => {
  for (const protocol of ["raft", "multipaxos", "zab"])
    test(
      `${protocol} keeps every acknowledged write`,
      async () => {
        const row = await soakProtocol(options(), protocol);
        validate("output-soak", { outcome: row.outcome, runs: [row] }, protocol);
        expect(row.reasons).toEqual([]);
        expect(row.outcome).toBe("ok");
        expect(row.verdicts.linearizable).toBe("ok");
        expect(row.verdicts.trace).toMatch(/^(accepted|not validated: no (Java|TLA))/);
        expect(row.audited).toBe(row.keys);
        // Not vacuous: it committed before and after, and the faults were real.
        expect(row.committed).toBeGreaterThan(row.committedAfter);
        expect(row.committedAfter).toBeGreaterThan(0);
        expect(Object.keys(row.faults).length).toBeGreaterThan(3);
        expect(row.faults["power loss all"]).toBeGreaterThan(0);
        expect(row.command).toContain(`--seed ${SEED}`);
      },
      LIMIT_MS,
    );

  test(
    "nodes that acknowledge before they sync lose acknowledged writes, and the soak says so",
    async () => {
      const planted = options({
        tracedMax: 0,
        storage: { ...SMALL_SEGMENTS, unsafeNoSync: true },
        faults: [{ type: "crash", nodes: "all", atMs: 3_000, forMs: 300, label: "power loss all" }],
        out: join(out, "planted"),
      });
      const row = await soakProtocol(planted, "raft");
      expect(row.reasons.join("\n")).toMatch(/was acknowledged and is not in k/);
      expect(row.outcome).toBe("violated");
      expect(row.losses).toBeGreaterThan(0);
      expect(row.verdicts.linearizable).toBe("violated");
    },
    LIMIT_MS,
  );
});

test("the soak's scenario is a scenario, with every fault over before it heals", () => {
  for (const [seed, durationMs] of [
    [1, 9_500],
    [2, 600_000],
  ] as const) {
    const scenario = soakScenario(seed, durationMs);
    expect(scenario.faults.length).toBeGreaterThan(5);
    for (const { atMs, forMs } of scenario.faults)
      expect((atMs as number) + (forMs as number)).toBeLessThanOrEqual(durationMs - 3_000);
  }
});

describe("the count of appended pieces", () => {
  const event = (type: HistoryEvent["type"], value: string, index: number): HistoryEvent => ({
    index,
    time: index,
    process: 1,
    type,
    f: "append",
    key: "k",
    value,
  });
  const history = [
    event("invoke", "a;", 0),
    event("ok", "a;", 1),
    event("invoke", "b;", 2),
    event("info", "b;", 3),
    event("invoke", "c;", 4),
    event("ok", "c;", 5),
  ];

  test("accepts acknowledged pieces once and unknown ones at most once", () => {
    expect(missingWrites(history, new Map([["k", "a;c;"]]))).toEqual([]);
    expect(missingWrites(history, new Map([["k", "a;b;c;"]]))).toEqual([]);
  });

  test("names what is missing, doubled or invented", () => {
    const words = (value: string | null): string[] =>
      missingWrites(history, new Map([["k", value]])).map((loss) => loss.words);
    expect(words("c;")).toEqual(["a; was acknowledged and is not in k"]);
    expect(words(null)).toHaveLength(2);
    expect(words("a;b;b;c;")).toEqual(["b; is in k 2 times"]);
    expect(words("a;c;x;")).toEqual(["x; is in k and nobody appended it"]);
  });
});
