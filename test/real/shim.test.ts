/** The doors between live nodes, with real sockets: a stream under weather does what the simulator's stream does. */
import { afterEach, describe, expect, test } from "vitest";
import { Faults, Leaders, NS_PER_MS, Random, resetConnection } from "../../harness/drivers/sim/index.js";
import type { Link } from "../../harness/drivers/sim/index.js";
import type { Fault, Scenario } from "../../harness/scenarios/index.js";
import { type Arrival, eventually, frameOf, Lab, scenarioOf, sleep } from "./lab.js";

let lab: Lab | null = null;

async function labOf(scenario: Scenario, seed = 1): Promise<Lab> {
  lab = new Lab(scenario, seed);
  await lab.open();
  return lab;
}

afterEach(async () => {
  await lab?.close();
  lab = null;
});

/** Faults of links only: nothing here reaches a node. */
function faultsOf(made: Lab): Faults {
  const hands = { begin: () => null, isDamaged: () => false, mend: () => undefined, abandon: () => undefined };
  const { world } = made.stage;
  world.startedAt = 0;
  return new Faults(world, new Leaders(world), hands, []);
}

function inject(made: Lab, faults: Faults, fault: Fault): number {
  let number = -1;
  made.stage.act(() => {
    number = faults.inject(fault);
  });
  return number;
}

/** When the frame at this place of those that came to the second station did so. */
function atMsOf({ arrived }: Lab, place: number): number {
  return arrived[1]?.[place]?.atMs ?? Number.NaN;
}

describe("a stream through a shim", () => {
  test("takes the base delay one way, in order, and the same on the way back", async () => {
    const made = await labOf(scenarioOf({ delayMs: 40 }));
    const back: Arrival[] = [];
    const socket = await made.dial(0, 1, back);
    const sentMs = performance.now();
    for (let i = 1; i <= 50; i += 1) socket.write(frameOf(i));
    await eventually(() => made.arrived[1]?.length === 50, 2_000, "50 frames arrive");
    const arrived = made.arrived[1] as Arrival[];
    expect(arrived.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    const delayMs = (arrived[0] as Arrival).atMs - sentMs;
    expect(delayMs).toBeGreaterThan(38);
    // The most says only that nothing waits for long: whoever runs this may have a busy machine.
    expect(delayMs).toBeLessThan(1_000);
    const answeredMs = performance.now();
    made.accepted[1]?.[0]?.write(frameOf(99));
    await eventually(() => back.length === 1, 2_000, "the answer arrives");
    expect((back[0] as Arrival).atMs - answeredMs).toBeGreaterThan(38);
  });

  test("a frame cut into single bytes, and one of a megabyte, pass whole", async () => {
    const made = await labOf(scenarioOf({ delayMs: 1 }));
    const socket = await made.dial(0, 1);
    for (const byte of frameOf(7)) {
      socket.write(Buffer.of(byte));
      await sleep(1);
    }
    socket.write(frameOf(8, 1 << 20));
    socket.write(frameOf(9));
    await eventually(() => made.arrived[1]?.length === 3, 2_000, "three frames arrive");
    expect(made.arrived[1]?.map(({ number }) => number)).toEqual([7, 8, 9]);
  });

  test("a loss is a retransmission after 200 ms and more, and what follows waits behind it", async () => {
    const made = await labOf(scenarioOf({ delayMs: 5, loss: 0.3 }), 3);
    const socket = await made.dial(0, 1);
    const sent = new Map<number, number>();
    for (let i = 1; i <= 40; i += 1) {
      sent.set(i, performance.now());
      socket.write(frameOf(i));
      await sleep(10);
    }
    await eventually(() => made.arrived[1]?.length === 40, 12_000, "40 frames arrive");
    const arrived = made.arrived[1] as Arrival[];
    expect(arrived.map(({ number }) => number)).toEqual([...sent.keys()]);
    const delays = arrived.map(({ number, atMs }) => atMs - (sent.get(number) as number));
    const { retransmitted } = made.stage.world.counts;
    expect(retransmitted).toBeGreaterThan(4);
    // Nothing is lost twice as long as it is late: the first loss costs 210 ms, and those behind it arrive with it.
    expect(Math.max(...delays)).toBeGreaterThan(205);
    const together = arrived.filter(({ atMs }, i) => i > 0 && atMs - (arrived[i - 1] as Arrival).atMs < 3).length;
    expect(together).toBeGreaterThan(10);
  }, 20_000);

  test("bandwidth spaces frames out", async () => {
    const made = await labOf(scenarioOf({ delayMs: 1, bandwidth: 100_000 }));
    const socket = await made.dial(0, 1);
    const sentMs = performance.now();
    for (let i = 1; i <= 20; i += 1) socket.write(frameOf(i, 1_000));
    await eventually(() => made.arrived[1]?.length === 20, 3_000, "20 frames arrive");
    // 20 frames of 1,040 bytes at 100,000 bytes a second.
    const took = atMsOf(made, 19) - sentMs;
    expect(took).toBeGreaterThan(200);
    expect(took).toBeLessThan(1_200);
  });

  test("the regime is the simulator's: a pure function of seed, link and time slot", async () => {
    const weather = { delayMs: { min: 5, max: 50 }, loss: { min: 0, max: 0.5 } };
    const regimes = [];
    for (const seed of [5, 5, 6]) {
      const made = await labOf(scenarioOf(weather), seed);
      const { world } = made.stage;
      world.now = 1_234 * NS_PER_MS;
      made.stage.send(world.links[1] as Link, frameOf(1));
      const { slot, delay, loss } = (world.links[1] as Link).regime;
      regimes.push({ slot, delay, loss });
      await made.close();
      lab = null;
    }
    expect(regimes[0]?.slot).toBe(4);
    expect(regimes[1]).toEqual(regimes[0]);
    expect(regimes[2]).not.toEqual(regimes[0]);
  });
});

describe("breaks", () => {
  test("a reset loses what is in flight, both ends see it, and a new connection works", async () => {
    const made = await labOf(scenarioOf({ delayMs: 100 }));
    const socket = await made.dial(0, 1);
    socket.write(frameOf(1));
    await eventually(() => made.arrived[1]?.length === 1, 2_000, "the first frame arrives");
    socket.write(frameOf(2));
    await sleep(20);
    made.stage.act(() => resetConnection(made.stage.world, made.stage.world.links[1] as Link));
    await eventually(() => socket.destroyed, 1_000, "the dialler sees the break");
    await eventually(() => made.accepted[1]?.[0]?.destroyed === true, 1_000, "the listener sees the break");
    await sleep(150);
    expect(made.arrived[1]?.length).toBe(1);
    const again = await made.dial(0, 1);
    const from = performance.now();
    again.write(frameOf(3));
    await eventually(() => made.arrived[1]?.length === 2, 2_000, "the frame of the new connection arrives");
    // A handshake of one round trip, and the way there.
    expect(atMsOf(made, 1) - from).toBeGreaterThan(290);
  });

  test("a listener that is gone resets the dialler", async () => {
    const made = await labOf(scenarioOf({ delayMs: 1 }));
    const socket = await made.dial(0, 1);
    socket.write(frameOf(1));
    await eventually(() => made.accepted[1]?.length === 1, 1_000, "it is reached");
    made.accepted[1]?.[0]?.destroy();
    await eventually(() => socket.destroyed, 1_000, "the dialler sees it");
  });

  test("bytes that are no frames end the connection and nothing else", async () => {
    const made = await labOf(scenarioOf({ delayMs: 1 }));
    const bad = await made.dial(0, 1);
    const good = await made.dial(1, 0);
    bad.write(Buffer.from(Array.from({ length: 64 }, () => new Random(1, "bytes").below(256) | 0x80)));
    await eventually(() => bad.destroyed, 1_000, "the bad connection ends");
    good.write(frameOf(1));
    await eventually(() => made.arrived[0]?.length === 1, 1_000, "the good one lives");
  });
});

describe("partitions", () => {
  test("symmetric: nothing passes, and what waited comes with a retransmission after the heal", async () => {
    const made = await labOf(scenarioOf({ delayMs: 2 }));
    const faults = faultsOf(made);
    const there = await made.dial(0, 1);
    const here = await made.dial(1, 0);
    there.write(frameOf(1));
    here.write(frameOf(1));
    await eventually(() => made.arrived[0]?.length === 1 && made.arrived[1]?.length === 1, 1_000, "both ways work");
    const number = inject(made, faults, { type: "partition", groups: ["n1", "n2"], atMs: 0 });
    there.write(frameOf(2));
    here.write(frameOf(2));
    await sleep(300);
    expect([made.arrived[0]?.length, made.arrived[1]?.length]).toEqual([1, 1]);
    made.stage.act(() => faults.finish(number));
    await eventually(() => made.arrived[0]?.length === 2 && made.arrived[1]?.length === 2, 1_500, "both ways heal");
    expect(there.destroyed).toBe(false);
  });

  test("one-way: the way back still works", async () => {
    const made = await labOf(scenarioOf({ delayMs: 2 }));
    const faults = faultsOf(made);
    const there = await made.dial(0, 1);
    const here = await made.dial(1, 0);
    inject(made, faults, { type: "cut", from: "n1", to: "n2", oneWay: true, atMs: 0 });
    there.write(frameOf(1));
    here.write(frameOf(1));
    await eventually(() => made.arrived[0]?.length === 1, 1_000, "n2 reaches n1");
    await sleep(100);
    expect(made.arrived[1]).toEqual([]);
  });

  test("partial: n1 and n2 are apart, and both reach n3", async () => {
    const made = await labOf(scenarioOf({ delayMs: 2 }, 3));
    const faults = faultsOf(made);
    inject(made, faults, { type: "cut", from: "n1", to: "n2", oneWay: false, atMs: 0 });
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [0, 2],
      [1, 2],
      [2, 0],
      [2, 1],
    ] as const) {
      const socket = await made.dial(from, to);
      socket.write(frameOf(from));
    }
    await eventually(() => made.arrived[2]?.length === 2, 1_000, "n3 hears both");
    await sleep(100);
    expect(made.arrived[0]?.map(({ number }) => number)).toEqual([2]);
    expect(made.arrived[1]?.map(({ number }) => number)).toEqual([2]);
  });

  test("five seconds without getting through break the connection; a new one is not let through", async () => {
    const made = await labOf(scenarioOf({ delayMs: 2 }));
    const faults = faultsOf(made);
    const socket = await made.dial(0, 1);
    inject(made, faults, { type: "partition", groups: ["n1", "n2"], atMs: 0 });
    socket.write(frameOf(1));
    const from = performance.now();
    await eventually(() => socket.destroyed, 7_000, "the connection breaks");
    expect(performance.now() - from).toBeGreaterThan(4_900);
    const again = await made.dial(0, 1);
    again.write(frameOf(2));
    await eventually(() => again.destroyed, 1_000, "a new connection is refused");
    expect(made.arrived[1]).toEqual([]);
  }, 12_000);
});
