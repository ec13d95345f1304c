/** Runs of ZAB held against its specification, and what a trace that was tampered with gives. */
import { describe, expect, test } from "vitest";
import { tracedProtocol, type TraceEvent, validateEvents } from "../../harness/conform/index.js";
import { anyModule } from "../../protocols/core/index.js";
import { zab } from "../../protocols/zab/index.js";
import { actionsOf, roughTrace } from "./zabRuns.js";

const MODULE = anyModule(zab);
const ZAB = tracedProtocol("zab");
const RUNS = 100;
const INPUTS = 90;
/** Some runs are longer, so that elections after a crash and snapshots are among what is validated. */
const LONG = 6;
const LONG_INPUTS = 1500;

type Tampered = TraceEvent & {
  readonly state: { readonly [field: string]: unknown };
  readonly sent: readonly unknown[];
};

function traces(): (readonly TraceEvent[])[] {
  const inputs = (k: number): number => (k < LONG ? LONG_INPUTS : INPUTS);
  return Array.from({ length: RUNS }, (_, k) => roughTrace(MODULE, k + 1, inputs(k)));
}

describe("traces of ZAB", () => {
  test(`${RUNS} runs, and four that were tampered with`, { timeout: 120_000 }, async () => {
    if (ZAB === undefined) throw new Error("ZAB has no trace specification");
    const runs = traces();
    const isTarget = (event: TraceEvent, k: number): boolean => k > 60 && event.action === "HandlePROPOSE";
    const long = (runs.find((run) => run.some(isTarget)) ?? []) as readonly Tampered[];
    const at = long.findIndex(isTarget);
    expect(at).toBeGreaterThan(60);
    const event = long[at] as Tampered;
    const changed = long.with(at, { ...event, state: { ...event.state, durableIndex: 77 } });
    const silent = long.with(at, { ...event, sent: [] });
    const removed = long.toSpliced(at, 1);
    // A server cannot hear of a write before it is on the disk.
    const synced = long.findIndex(({ action, node }, k) => {
      const next = long[k + 1];
      return k > 60 && action === "Sync" && next?.action === "Durable" && next.node === node;
    });
    expect(synced).toBeGreaterThan(60);
    const swapped = long.with(synced, long[synced + 1] as Tampered).with(synced + 1, long[synced] as Tampered);
    const tampered = [changed, silent, removed, swapped];
    const { results } = await validateEvents(ZAB, [...runs, ...tampered], { timeoutMs: 100_000 });
    for (const [k, result] of results.slice(0, RUNS).entries())
      expect(result, `seed ${k + 1}`).toMatchObject({ verdict: "accepted" });
    const [first, second, third, fourth] = results.slice(RUNS);
    expect(first).toMatchObject({ verdict: "rejected", rejectedAt: at, differences: [{ what: "state" }] });
    expect(second).toMatchObject({ verdict: "rejected", rejectedAt: at, differences: [{ what: "sent" }] });
    expect(third?.verdict).toBe("rejected");
    expect(third?.rejectedAt).toBeGreaterThanOrEqual(at);
    expect(fourth?.verdict).toBe("rejected");
    expect([synced, synced + 1]).toContain(fourth?.rejectedAt);
    const names = actionsOf(runs);
    for (const name of ["HandleDIFF", "LeaveEpoch", "HandleSNAP", "AcceptHistory", "HandleRESEND", "Crash"])
      expect(names.get(name) ?? 0, name).toBeGreaterThan(0);
  });

  test("an empty trace proves nothing", async () => {
    if (ZAB === undefined) throw new Error("ZAB has no trace specification");
    const { results } = await validateEvents(ZAB, [roughTrace(MODULE, 1, 5).slice(0, 1)]);
    expect(results[0]?.verdict).toBe("inconclusive");
  });
});
