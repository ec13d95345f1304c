/** Every invariant of the register catches a bug that was planted for it. */
import { describe, expect, test } from "vitest";
import { runSimulation, type SimulationOutcome } from "../../harness/drivers/sim/index.js";
import { resolveOptions, type Scenario } from "../../harness/scenarios/index.js";
import {
  type AnyRegister,
  type AnyRegisterModule,
  anyRegisterModule,
  type Cell,
  type RegisterEffect,
} from "../../protocols/core/index.js";
import { quorumregister } from "../../protocols/quorumregister/index.js";
import { scenarioOf } from "./support.js";

const REGISTER = anyRegisterModule(quorumregister);
const SCENARIO = scenarioOf([{ type: "crash", nodes: "n2", atMs: 1_000, forMs: 100, everyMs: 500, tornWrite: 0.5 }]);

/** Replicas miss cells, and what n2 has it has to remember. */
const LOSSY = scenarioOf(
  [
    { type: "weather", between: "all", weather: { delayMs: 1, jitterMs: 5, loss: 0.4 }, atMs: 0 },
    { type: "crash", nodes: "n2", atMs: 300, forMs: 20, everyMs: 100 },
  ],
  { durationMs: 15_000 },
);

type Effects = readonly RegisterEffect<AnyRegister>[];

function run(module: AnyRegisterModule, seed: number, scenario: Scenario = SCENARIO): SimulationOutcome {
  const options = resolveOptions(scenario, module, "matched", scenario.name);
  return runSimulation({ module, scenario, options, timing: "matched", seed, history: true, wire: true });
}

function firstBroken(module: AnyRegisterModule, scenario: Scenario = SCENARIO): string {
  for (let seed = 1; seed <= 3; seed += 1) {
    const { broken } = run(module, seed, scenario).record;
    if (broken !== null) return broken.invariant;
  }
  return "nothing";
}

function withEffects(rewrite: (effects: Effects) => Effects): AnyRegisterModule {
  return { ...REGISTER, step: (state, input) => rewrite(REGISTER.step(state, input)) };
}

function withAnswers(rewrite: (cell: Cell) => Cell, wanted: "get" | "put"): AnyRegisterModule {
  return withEffects((effects) =>
    effects.map((effect) =>
      effect.type === "answer" && effect.f === wanted && effect.cell !== null
        ? { ...effect, cell: rewrite(effect.cell) }
        : effect,
    ),
  );
}

describe("the register's ledger", () => {
  test("without a planted bug nothing breaks, and says which invariants are those of a log", () => {
    const { record, counts } = run(REGISTER, 1);
    expect(record.reasons).toEqual([]);
    expect(record.committed).toBeGreaterThan(100);
    expect(counts.writesLost).toBeGreaterThan(0);
    expect(record.notApplicable).toContain("election safety");
    expect(record.notApplicable).toContain("log matching");
  });

  test("acknowledgements that do not wait for the disk: a write quorum of disks is missing", () => {
    const hasty = withEffects((effects) =>
      effects.map((effect) => (effect.type === "send" ? { ...effect, after: 0 } : effect)),
    );
    expect(firstBroken(hasty)).toBe("write quorum of disks");
  });

  test("a coordinator content with fewer copies than it promises: a write quorum of disks is missing", () => {
    const lax: AnyRegisterModule = {
      ...REGISTER,
      create: (config, cells) => REGISTER.create({ ...config, options: { ...config.options, writeQuorum: 1 } }, cells),
      copiesAtAnswer: () => 2,
    };
    expect(firstBroken(lax)).toBe("write quorum of disks");
  });

  test("a replica that forgets what it has read at boot: timestamps do not grow", () => {
    const forgetful: AnyRegisterModule = { ...REGISTER, create: (config) => REGISTER.create(config, []) };
    expect(firstBroken(REGISTER, LOSSY)).toBe("nothing");
    expect(firstBroken(forgetful, LOSSY)).toBe("timestamps grow");
  });

  test("coordinators with the same ordinal: two values under one timestamp", () => {
    const alike: AnyRegisterModule = {
      ...REGISTER,
      create: (config, cells) => {
        const members = config.bootstrap.members.map((member) => ({ ...member, ordinal: 1 }));
        return REGISTER.create({ ...config, incarnation: 1, bootstrap: { ...config.bootstrap, members } }, cells);
      },
    };
    expect(firstBroken(alike)).toBe("one value per timestamp");
  });

  test("a get that makes up a timestamp: an answer that nobody stored", () => {
    const liar = withAnswers((cell) => {
      const counter = cell.timestamp.counter + 1_000_000;
      return { ...cell, timestamp: { ...cell.timestamp, counter } };
    }, "get");
    expect(firstBroken(liar)).toBe("acknowledged writes");
  });

  test("a put answered for another one: an acknowledged write is not its own", () => {
    let last: Cell | null = null;
    const mixedUp = withAnswers((cell) => {
      const before: Cell | null = last;
      last = cell;
      return before === null || before.key !== cell.key ? cell : before;
    }, "put");
    expect(firstBroken(mixedUp)).toBe("acknowledged writes");
  });
});

test("the codec does not change a run, and equal seeds give equal hashes", () => {
  const options = resolveOptions(SCENARIO, REGISTER, "matched", SCENARIO.name);
  const spec = { module: REGISTER, scenario: SCENARIO, options, timing: "matched", seed: 5, history: true } as const;
  const hashes = [false, true, false].map((wire) => runSimulation({ ...spec, wire }).record.traceHash);
  expect(new Set(hashes).size).toBe(1);
  expect(runSimulation({ ...spec, seed: 6 }).record.traceHash).not.toBe(hashes[0]);
});

test("operations that a register does not know are answered as unsupported, and are not retried", () => {
  const { history } = run(REGISTER, 1, scenarioOf([]));
  const ends = history.filter(({ type, f }) => type !== "invoke" && (f === "cas" || f === "append"));
  expect(ends.length).toBeGreaterThan(50);
  for (const { type, error } of ends) expect([type, error]).toEqual(["fail", "unsupported"]);
});
