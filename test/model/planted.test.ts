/** The search finds bugs that were planted for it, shrinks them to a few commands, and its message repeats them. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Sessions } from "../../harness/host/sessions.js";
import type { AnyModule } from "../../protocols/core/index.js";
import { PROTOCOLS, withInputs } from "../sim/support.js";
import { commandOf, type Found, type Replay, search } from "./search.js";

const RUNS = 150;
const SEED = 7;

function find(module: AnyModule, replay: Replay): Found {
  const { found } = search(module, replay, RUNS);
  if (found === null) throw new Error(`the bug in ${module.name} was not found in ${RUNS} runs`);
  return found;
}

/** No invariant of the simulator looks at reads: only the model can see this one. */
function servesReadsLocally(module: AnyModule): AnyModule {
  return withInputs(module, (input) => (input.type === "read" ? { ...input, level: "local" } : input));
}

afterEach(() => vi.restoreAllMocks());

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (name, module) => {
  test("linearizable reads that are answered by whichever replica is asked", () => {
    const planted = servesReadsLocally(module);
    const found = find(planted, { seed: SEED });
    expect(found.message).toMatch(/ModelViolation: a linearizable read of . returns .*; now it may hold/);
    // A write, and something that lets a reader ask a replica that has not heard of it.
    expect(found.commands.length).toBeLessThanOrEqual(6);
    expect(found.commands.join()).toMatch(/put|append|cas/);
    expect(found.shrinks).toBeGreaterThan(0);

    // What the message says to repeat is the same failure, after the same commands, in the first run.
    expect(found.message).toContain(commandOf(name, found.replay));
    const again = search(planted, found.replay, 1);
    expect(again.found?.message).toBe(found.message);
    expect(again.found?.commands).toEqual(found.commands);
    expect(again.found?.shrinks).toBe(0);
  });

  test("a session that is forgotten: a write that is repeated happens twice", () => {
    vi.spyOn(Sessions.prototype, "admit").mockReturnValue("fresh");
    vi.spyOn(Sessions.prototype, "find").mockReturnValue(undefined);
    const found = find(module, { seed: SEED });
    expect(found.message).toMatch(/acknowledged writes|ModelViolation/);
    // A write, and a fault that makes its client ask again.
    expect(found.commands.length).toBeLessThanOrEqual(6);
    expect(found.commands.join()).toMatch(/crash|powerLoss|pause|isolate|partition|cutOneWay|badWeather/);
  });
});

test("equal seeds search alike", () => {
  const [module] = PROTOCOLS as readonly [AnyModule];
  const once = search(module, { seed: SEED }, 5);
  expect(search(module, { seed: SEED }, 5)).toEqual(once);
  expect(search(module, { seed: SEED + 1 }, 5)).not.toEqual(once);
});
