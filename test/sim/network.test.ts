import { describe, expect, test } from "vitest";
import { arrives, connectNodes, cutLink, healLink, onLinkBreak, transmit } from "../../harness/drivers/sim/network.js";
import { EventQueue } from "../../harness/drivers/sim/queue.js";
import { Random } from "../../harness/drivers/sim/random.js";
import { emptyRegime, isLost, linkKey, nextFate, refreshRegime, SLOT_MS } from "../../harness/drivers/sim/weather.js";
import {
  ARRIVE,
  type Body,
  type Link,
  LINK_BREAK,
  NS_PER_MS,
  type Packet,
  SNAPSHOT_SENT,
  type World,
} from "../../harness/drivers/sim/world.js";
import type { Weather } from "../../harness/scenarios/index.js";
import { scenarioOf } from "./support.js";

const STORM: Weather = { delayMs: { min: 1, max: 30 }, jitterMs: 20, loss: { min: 0, max: 0.5 } };
const BODY = { type: "reply", token: 0, reply: null } as const;

/** Two nodes and the links between them; only what the network looks at. */
function worldOf(kind: "stream" | "datagram", local: Weather, seed = 1): World {
  const scenario = scenarioOf([], { nodes: 2, links: { kind, local } });
  const nodes = [0, 1].map((number) => ({ number, region: "home" }));
  const counts = { dropped: 0, duplicated: 0, retransmitted: 0, connectionsBroken: 0 };
  const partial = {
    scenario,
    seed,
    nodes,
    counts,
    links: [],
    queue: new EventQueue(),
    trace: null,
    now: 0,
    packets: 0,
    sendings: 0,
  };
  const world = partial as unknown as World;
  connectNodes(world);
  return world;
}

function sendMany(world: World, count: number, everyMs: number): void {
  const link = world.links[1] as Link;
  for (let i = 0; i < count; i += 1) transmit(world, link, BODY, 100, Math.round(i * everyMs * NS_PER_MS), 0);
}

/** Runs the queue dry; the ids that arrive, in order, with their times. */
function deliveries(world: World): { readonly id: number; readonly atMs: number }[] {
  const found: { readonly id: number; readonly atMs: number }[] = [];
  const { queue } = world;
  while (queue.pop()) {
    world.now = queue.time;
    if (queue.kind === LINK_BREAK) onLinkBreak(world, queue.payload as Link, queue.second);
    else if (queue.kind === ARRIVE && arrives(world, queue.payload as Packet)) {
      found.push({ id: (queue.payload as Packet).id, atMs: world.now / NS_PER_MS });
    }
  }
  return found;
}

function isSorted(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || (values[i - 1] as number) <= value);
}

describe("weather", () => {
  const regimeAt = (seed: number, from: number, to: number, ms: number): object => {
    const link = {
      ...(worldOf("datagram", STORM).links[1] as Link),
      key: linkKey(seed, from, to),
      regime: emptyRegime(),
    };
    return { ...refreshRegime(link, ms * NS_PER_MS) };
  };

  test("is a pure function of seed, link and slot, whatever was sent before", () => {
    const world = worldOf("datagram", STORM);
    const link = world.links[1] as Link;
    sendMany(world, 500, 7);
    const { delay, loss } = refreshRegime(link, 9_000 * NS_PER_MS);
    expect(regimeAt(1, 0, 1, 9_000)).toMatchObject({ delay, loss });
  });

  test("differs between seeds, links and slots, and holds within a slot", () => {
    const base = regimeAt(1, 0, 1, 9_000);
    expect(regimeAt(1, 0, 1, 9_000 + SLOT_MS - 1)).toEqual(base);
    expect(regimeAt(1, 0, 1, 9_000 + SLOT_MS)).not.toEqual(base);
    expect(regimeAt(2, 0, 1, 9_000)).not.toEqual(base);
    expect(regimeAt(1, 1, 0, 9_000)).not.toEqual(base);
  });

  test("fates hang on the ordinal: single messages of a slot are lost, at the slot's rate", () => {
    const link = worldOf("datagram", { delayMs: 1, loss: 0.3 }).links[1] as Link;
    const regime = refreshRegime(link, 0);
    const lost = Array.from({ length: 10_000 }, () => isLost(nextFate(regime), regime, 0));
    const rate = lost.filter(Boolean).length / lost.length;
    expect(rate).toBeGreaterThan(0.28);
    expect(rate).toBeLessThan(0.32);
    const runs = lost.filter((value, i) => i > 0 && value !== lost[i - 1]).length;
    expect(runs).toBeGreaterThan(3_900);
  });
});

describe("datagrams", () => {
  test("are lost, doubled and reordered", () => {
    const world = worldOf("datagram", { delayMs: 5, jitterMs: 5, loss: 0.2, duplicate: 0.2, reorder: 0.1 });
    sendMany(world, 1_000, 1);
    const ids = deliveries(world).map(({ id }) => id);
    expect(world.counts.dropped).toBeGreaterThan(150);
    expect(world.counts.duplicated).toBeGreaterThan(100);
    expect(ids).toHaveLength(1_000 - world.counts.dropped + world.counts.duplicated);
    expect(isSorted(ids)).toBe(false);
  });

  test("that meet a cut are gone", () => {
    const world = worldOf("datagram", { delayMs: 5 });
    cutLink(world.links[1] as Link);
    sendMany(world, 10, 1);
    expect(deliveries(world)).toEqual([]);
    expect(world.counts.dropped).toBe(10);
  });
});

describe("streams", () => {
  test("keep their order, and a loss holds up everything behind it", () => {
    const world = worldOf("stream", { delayMs: 5, jitterMs: 5, loss: 0.02 });
    sendMany(world, 1_000, 1);
    const found = deliveries(world);
    expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
    expect(world.counts.retransmitted).toBeGreaterThan(5);
    const late = found.filter(({ id, atMs }) => atMs - (id - 1) > 20);
    expect(late.length).toBeGreaterThan(5 * world.counts.retransmitted);
  });

  test("deliver what waited for a short cut to end, in order, and start slowly", () => {
    const world = worldOf("stream", { delayMs: 5 });
    const link = world.links[1] as Link;
    cutLink(link);
    sendMany(world, 1_000, 1);
    world.now = 1_500 * NS_PER_MS;
    healLink(world, link);
    const found = deliveries(world);
    expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
    const first = found[0]?.atMs ?? 0;
    const last = found.at(-1)?.atMs ?? 0;
    expect(first).toBeGreaterThan(1_505);
    // 140 kB take several round trips of 10 ms when the window starts at ten segments.
    expect(last - first).toBeGreaterThanOrEqual(20);
  });

  test("a cut of more than five seconds breaks the connection and loses what was on it", () => {
    const world = worldOf("stream", { delayMs: 5 });
    const link = world.links[1] as Link;
    cutLink(link);
    sendMany(world, 10, 1);
    expect(deliveries(world)).toEqual([]);
    expect(world.counts).toMatchObject({ connectionsBroken: 1, dropped: 10 });
    healLink(world, link);
    transmit(world, link, BODY, 100, world.now, 0);
    const [after] = deliveries(world);
    // A handshake first: one round trip more than the way itself.
    expect((after?.atMs ?? 0) - 5_000).toBe(15);
  });

  test("nothing gets through a link that loses everything", () => {
    const world = worldOf("stream", { delayMs: 5, loss: 1 });
    sendMany(world, 20, 400);
    expect(deliveries(world)).toEqual([]);
  });

  test("bandwidth: a megabyte takes a second on a megabyte per second", () => {
    const world = worldOf("stream", { delayMs: 5, bandwidth: 1_000_000 });
    for (let i = 0; i < 100; i += 1) transmit(world, world.links[1] as Link, BODY, 10_000, 0, 0);
    expect(deliveries(world).at(-1)?.atMs).toBeCloseTo(5 + 1_004, 0);
  });
});

describe("random numbers", () => {
  test("purposes do not disturb each other, and equal keys give equal streams", () => {
    const draws = (random: Random): number[] => Array.from({ length: 5 }, () => random.u32());
    expect(draws(new Random(1, "disk", 2))).toEqual(draws(new Random(1, "disk", 2)));
    const keys = [
      new Random(1, "disk", 2),
      new Random(1, "disk", 3),
      new Random(1, "timer", 2),
      new Random(2, "disk", 2),
    ];
    expect(new Set(keys.map((random) => draws(random).join())).size).toBe(4);
  });

  test("are the same on every machine", () => {
    const random = new Random(42, "golden", 7);
    expect([random.u32(), random.u32(), random.u32()]).toMatchInlineSnapshot(`
      [
        3662673149,
        931017029,
        2758379433,
      ]
    `);
  });

  test("are even", () => {
    const random = new Random(3, "even");
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 160_000; i += 1) counts[random.below(16)] = (counts[random.below(16)] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(2_500);
  });
});

test("the queue gives events by time, and those of one time in the order they came", () => {
  const queue = new EventQueue();
  const random = new Random(1, "queue");
  const expected = Array.from({ length: 5_000 }, (_, i) => ({ time: random.below(500), i }));
  for (const { time, i } of expected) queue.push(time, 1, i, 0, null);
  expected.sort((a, b) => a.time - b.time || a.i - b.i);
  for (const { time, i } of expected) {
    expect(queue.pop()).toBe(true);
    expect([queue.time, queue.first]).toEqual([time, i]);
  }
  expect(queue.pop()).toBe(false);
});

test("a snapshot on a stream fails with its connection, and where none can be made it is not sent", () => {
  const world = worldOf("stream", { delayMs: 1 });
  const link = world.links[1] as Link;
  const transfer = { from: 0, incarnation: 1, to: 1, id: "a", open: true };
  const snapshot = { id: "a", index: 1, round: 1, bytes: 1 };
  const body: Body = { type: "snapshot", message: { type: "any" }, snapshot, image: new Uint8Array(1), transfer };
  cutLink(link);
  transmit(world, link, body, 1, 0, 0);
  const told: number[] = [];
  while (world.queue.pop()) {
    world.now = world.queue.time;
    if (world.queue.kind === LINK_BREAK) {
      onLinkBreak(world, link, world.queue.second);
      transmit(world, link, body, 1, world.now, 0);
    } else if (world.queue.kind === SNAPSHOT_SENT) {
      expect(world.queue.payload).toMatchObject({ transfer: { id: "a" }, ok: false });
      told.push(world.now / NS_PER_MS);
    }
  }
  expect(told).toEqual([5_000, 5_100]);
});
