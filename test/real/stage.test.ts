/** The clock of live surroundings: every event finds its own moment, however late it comes. And what never happens is named. */
import { afterEach, expect, test } from "vitest";
import { type Client, CLIENT, NS_PER_MS } from "../../harness/drivers/sim/index.js";
import { notLive } from "../../harness/subjects/cluster/liveRun.js";
import { Lab, scenarioOf } from "./lab.js";

const lab = new Lab(scenarioOf({ delayMs: 1 }));

afterEach(() => lab.close());

test("an event that falls due while this process stands still is not skipped by time", () => {
  const { stage } = lab;
  const { world } = stage;
  const seen: number[] = [];
  const { players } = stage;
  if (players === null) throw new Error("a lab has players");
  stage.players = { ...players, wake: () => seen.push(world.now) };
  world.clients.push({ number: 0 } as Client);
  // Time passes between any two looks at the clock, more than the slack.
  let now = 0;
  stage.clock = () => {
    now += 2 * NS_PER_MS;
    return now;
  };
  const planned = Array.from({ length: 60 }, (_, i) => (7 * i + (i % 3)) * NS_PER_MS);
  for (const at of planned) world.queue.push(at, CLIENT, 0, 0, null);
  const moments: number[] = [];
  for (let i = 0; i < 200; i += 1) stage.act(() => moments.push(world.now));
  expect(seen).toEqual(planned);
  // And it never runs backwards.
  expect(moments).toEqual([...moments].sort((a, b) => a - b));
  expect(world.now).toBeGreaterThanOrEqual(planned.at(-1) ?? 0);
});

test("a loss of power that does not reach LevelDB's files is named", () => {
  const calm = scenarioOf({ delayMs: 1 });
  const scenario = { ...calm, faults: [{ type: "crash", nodes: "all", atMs: 0, forMs: 1 }] as const };
  const words = ["losses of power: LevelDB's files keep what was not synced, a crash there is a kill -9"];
  expect(notLive({ scenario, storage: { driver: "level" } })).toEqual(words);
  expect(notLive({ scenario, storageOf: { n2: { driver: "level" } } })).toEqual(words);
  expect(notLive({ scenario })).toEqual([]);
  expect(notLive({ scenario, storage: { driver: "level" }, crashKind: () => "kill" })).toEqual([]);
  expect(notLive({ scenario: calm, storage: { driver: "level" } })).toEqual([]);
  const deferring = { ...calm, applyDelayMs: 5 };
  expect(notLive({ scenario: deferring })).toEqual([
    "applyDelayMs: a real node puts off applying for as long as it has to",
  ]);
});
