/** The simulator by hand: what is told happens, what is not told does not. */
import { describe, expect, test } from "vitest";
import { InteractiveSimulation } from "../../harness/drivers/sim/index.js";
import type { Scenario } from "../../harness/scenarios/index.js";
import type { NodeId } from "../../protocols/core/index.js";
import { PROTOCOLS, RAFT, scenarioOf, specOf } from "../sim/support.js";

const NO_CLIENTS = { workload: { clients: [], keys: { count: 1, distribution: "uniform" as const } } };

function started(module = RAFT, changes: Partial<Scenario> = NO_CLIENTS, seed = 1): InteractiveSimulation {
  const sim = new InteractiveSimulation(specOf(module, scenarioOf([], changes), seed));
  expect(sim.until(() => sim.leader() !== null, 30_000)).toBe(true);
  return sim;
}

function leaderOf(sim: InteractiveSimulation): NodeId {
  const leader = sim.leader();
  if (leader === null) throw new Error("nobody leads");
  return leader;
}

describe.each(PROTOCOLS.map((module) => [module.name, module] as const))("%s", (_, module) => {
  test("equal calls give equal hashes, another seed another one", () => {
    const hashOf = (seed: number): string => {
      const sim = started(module, NO_CLIENTS, seed);
      sim.ask(sim.openClient(), { f: "put", key: "a", value: "1" });
      sim.advance(50);
      sim.inject({ type: "crash", nodes: "leader", forMs: 100 });
      sim.advance(5_000);
      return sim.finish().record.traceHash;
    };
    expect(hashOf(1)).toBe(hashOf(1));
    expect(hashOf(1)).not.toBe(hashOf(2));
  });

  test("a client does what it is told, and nothing more", () => {
    const sim = started(module);
    const client = sim.openClient();
    sim.advance(5_000);
    expect(sim.history).toEqual([]);
    const put = sim.ask(client, { f: "put", key: "a", value: "1" });
    expect([put.outcome, sim.isIdle(client)]).toEqual([null, false]);
    expect(() => sim.ask(client, { f: "get", key: "a" })).toThrow("has an operation under way");
    expect(sim.until(() => put.outcome !== null, 2_000)).toBe(true);
    const get = sim.ask(client, { f: "get", key: "a" });
    expect(sim.until(() => get.outcome !== null, 2_000)).toBe(true);
    expect([put.outcome?.type, get.outcome?.type, get.outcome?.value]).toEqual(["ok", "ok", "1"]);
    expect(sim.history.map(({ type }) => type)).toEqual(["invoke", "ok", "invoke", "ok"]);
  });
});

test("time passes exactly as told, and an event at a time", () => {
  const sim = started();
  const from = sim.nowMs;
  sim.advance(123.5);
  expect(sim.nowMs).toBeCloseTo(from + 123.5, 6);
  expect(sim.until(() => false, 10)).toBe(false);
  expect(sim.nowMs).toBeCloseTo(from + 133.5, 6);
  const kinds = new Set(Array.from({ length: 200 }, () => sim.step()?.kind));
  expect(kinds).toEqual(new Set(["timer", "arrive"]));
  expect(sim.step()?.node).toMatch(/^n[123]$/);
});

test("a crash lasts until the restart, a pause and a cut until their end", () => {
  const sim = started();
  const leader = leaderOf(sim);
  const isUp = (): boolean | undefined => sim.nodes().find(({ id }) => id === leader)?.running;
  sim.inject({ type: "crash", nodes: leader });
  sim.advance(10_000);
  expect([isUp(), sim.specState(leader)]).toEqual([false, null]);
  expect(sim.leader()).not.toBe(leader);
  sim.restart(leader);
  expect(isUp()).toBe(true);
  expect(sim.specState(leader)).not.toBeNull();

  const pause = sim.inject({ type: "pause", nodes: leader }) as number;
  const cut = sim.inject({ type: "cut", from: leader, to: "all", oneWay: true }) as number;
  expect(sim.nodes().filter(({ paused }) => paused)).toHaveLength(1);
  expect(
    sim
      .links()
      .filter((link) => link.cut)
      .map(({ from }) => from),
  ).toEqual([leader, leader]);
  sim.end(pause);
  sim.end(cut);
  sim.end(cut);
  expect(sim.nodes().some(({ paused }) => paused)).toBe(false);
  expect(sim.links().some((link) => link.cut)).toBe(false);
});

test("a fault that hits nothing says why; healing ends all the others", () => {
  const sim = started();
  expect(sim.inject({ type: "crash", nodes: "learner" })).toBe("no learner is running");
  sim.inject({ type: "crash", nodes: "all" });
  sim.inject({ type: "weather", between: "all", weather: { delayMs: 5, loss: 1 } });
  sim.advance(1_000);
  expect(sim.nodes().every(({ running }) => !running)).toBe(true);
  sim.healAll();
  expect(sim.until(() => sim.leader() !== null, 10_000)).toBe(true);
  expect(sim.links().some((link) => link.overlaid)).toBe(false);
  expect(sim.finish().faults.map(({ type }) => type)).toEqual(["crash", "weather"]);
});

test("without a majority an operation ends unknown, and is not forgotten at the end", () => {
  const sim = started();
  const client = sim.openClient();
  sim.inject({ type: "partition", groups: [["n1"], ["n2"], ["n3"]] });
  const put = sim.ask(client, { f: "put", key: "a", value: "1" });
  expect(sim.until(() => put.outcome !== null, 5_000)).toBe(true);
  expect(put.outcome?.type).toBe("info");
  const open = sim.ask(client, { f: "get", key: "a" });
  const { history } = sim.finish();
  expect([open.outcome?.type, history.length]).toEqual(["info", 4]);
  expect(() => sim.advance(1)).toThrow("the run has ended");
});

test("the scenario's own clients and faults run besides, past its duration", () => {
  const { workload } = scenarioOf([]);
  const sim = started(RAFT, { workload, durationMs: 1_000 });
  sim.advance(3_000);
  expect(sim.history.length).toBeGreaterThan(100);
  const last = sim.history.at(-1);
  expect((last?.time ?? 0) / 1e6).toBeGreaterThan(sim.nowMs - 100);
  const put = sim.ask(sim.openClient(), { f: "put", key: "told", value: "1" });
  sim.advance(200);
  expect(put.outcome?.type).toBe("ok");
});

test("a broken invariant stops the world", () => {
  const never = { name: "planted", check: () => "broken from the start" };
  const sim = new InteractiveSimulation(specOf({ ...RAFT, invariants: [never] }, scenarioOf([], NO_CLIENTS), 1));
  sim.advance(1_000);
  expect(sim.broken?.invariant).toBe("planted");
  expect(sim.step()).toBeNull();
  expect(sim.nowMs).toBeLessThan(1_000);
});
