/** What the sender of a snapshot is told, and when: at once where a stream breaks or nobody listens, as on real sockets. */
import { expect, test } from "vitest";
import { runSimulation } from "../../harness/drivers/sim/index.js";
import type { Fault } from "../../harness/scenarios/index.js";
import type { AnyModule } from "../../protocols/core/index.js";
import { PROTOCOLS, scenarioOf, specOf, type Step } from "./support.js";

const OPTIONS = {
  raft: { snapshotEveryEntries: 20, snapshotKeepEntries: 2 },
  multipaxos: { snapshotEveryEntries: 20, snapshotTrailingEntries: 2 },
  zab: { snapshotEveryEntries: 20, trailingEntries: 2 },
};

interface Attempt {
  readonly id: string;
  readonly to: string;
  readonly fromMs: number;
  /** How it ended; null: nobody said so. */
  ended: { readonly ok: boolean; readonly afterMs: number } | null;
}

/** The module, and the snapshots that its replicas send to n3. One clock, since nobody here has a clock that drifts. */
function watched(module: AnyModule): { readonly module: AnyModule; readonly attempts: Attempt[] } {
  const attempts: Attempt[] = [];
  const step: Step = (state, input, nowMs) => {
    if (input.type === "snapshotSent") {
      const attempt = attempts.find(({ id, to, ended }) => id === input.id && to === input.to && ended === null);
      if (attempt === undefined) throw new Error(`nobody waits for ${input.id} to ${input.to}`);
      attempt.ended = { ok: input.ok, afterMs: nowMs - attempt.fromMs };
    }
    const effects = module.step(state, input, nowMs);
    for (const effect of effects)
      if (effect.type === "sendSnapshot")
        attempts.push({ id: effect.snapshot.id, to: effect.to, fromMs: nowMs, ended: null });
    return effects;
  };
  return { module: { ...module, step }, attempts };
}

/**
 * n3 is down for two seconds and needs a snapshot when it is back. Its first sync then takes `syncMs`, and so long the word
 * that the snapshot is durable does not come.
 */
function attemptsIn(
  module: AnyModule,
  kind: "stream" | "datagram",
  syncMs: number,
  more: readonly Fault[],
  durationMs: number,
): Attempt[] {
  const { module: seen, attempts } = watched(module);
  const faults: readonly Fault[] = [
    { type: "crash", nodes: "n3", atMs: 300, forMs: 2_000 },
    { type: "slow-disk", nodes: "n3", syncMs, atMs: 2_200, forMs: 1_000 },
    ...more,
  ];
  const scenario = scenarioOf(faults, { links: { kind, local: { delayMs: 1 } }, options: OPTIONS, durationMs });
  const { record } = runSimulation(specOf(seen, scenario, 3));
  expect(record.reasons).toEqual([]);
  expect(record.committed).toBeGreaterThan(100);
  return attempts;
}

const AGAIN: Fault = { type: "crash", nodes: "n3", atMs: 3_500, forMs: 200 };

for (const module of PROTOCOLS) {
  test(`${module.name}: a snapshot fails when its receiver's process ends, and the next one follows soon`, () => {
    const attempts = attemptsIn(module, "stream", 6_000, [AGAIN], 6_000);
    const [first] = attempts;
    expect(first?.ended).toMatchObject({ ok: false });
    expect(first?.ended?.afterMs).toBeLessThan(1_300);
    const arrived = attempts.find(({ ended }) => ended?.ok);
    expect((arrived?.fromMs ?? Number.NaN) - (first?.fromMs ?? 0)).toBeLessThan(2_500);
    // Nobody listened for 200 ms. A core that tries again at once (ZAB's does) must not spin.
    expect(attempts.length).toBeLessThan(8);
  });

  test(`${module.name}: on datagrams nobody says that a snapshot was lost, and its sender waits for ten seconds`, () => {
    const [first] = attemptsIn(module, "datagram", 6_000, [AGAIN], 14_000);
    expect(first?.ended?.ok).toBe(false);
    expect(first?.ended?.afterMs).toBeCloseTo(10_000, -1);
  });
}

test("a word that comes after the sender has given up is not taken for the next transfer's", () => {
  const [first, second] = attemptsIn(PROTOCOLS[0] as AnyModule, "datagram", 12_000, [], 17_000);
  expect(first?.ended?.ok).toBe(false);
  expect(first?.ended?.afterMs).toBeCloseTo(10_000, -1);
  expect(second?.ended?.ok).toBe(true);
});
