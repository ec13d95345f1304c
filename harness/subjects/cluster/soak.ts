/** Ten minutes, or ten seconds, of everything that can happen to a live cluster, drawn from a seed. */
import { Random } from "../../drivers/sim/index.js";
import type { Fault, Scenario } from "../../scenarios/index.js";
import type { CrashKind } from "./processFaults.js";

const KEYS = 64;
/** Nothing happens before: the first leader gets to work. */
const FROM_MS = 1_500;
/** After the last fault has ended: the cluster heals and writes commit again. */
const HEAL_MS = 8_000;
const HEAL_SHORT_MS = 3_500;
/** After the last question. */
const QUIET_MS = 700;
const LONG_MS = 60_000;

const KILL = "kill -9";

/** The faults that the soak calls kill -9 lose memory only; every other crash is a loss of power. */
export function soakCrashKind(fault: Fault): CrashKind {
  return fault.label?.startsWith(KILL) === true ? "kill" : "powerLoss";
}

/** The keys that the soak's clients append to. */
export function soakKeys(scenario: Scenario): readonly string[] {
  const { count } = scenario.workload.keys;
  const width = String(count - 1).length;
  return Array.from({ length: count }, (_, i) => `k${String(i).padStart(width, "0")}`);
}

/** From then on, on the fault clock, everything is healed; what commits later shows that the cluster has recovered. */
export function healedAtMs({ durationMs }: Pick<Scenario, "durationMs">): number {
  return durationMs - (durationMs < LONG_MS ? HEAL_SHORT_MS : HEAL_MS);
}

/**
 * Three voters with a little weather between them. Clients only append and read, so that every acknowledged write can be
 * counted at the end.
 *
 * @param durationMs at least 8000
 * @param voters 3 or more
 */
export function soakScenario(seed: number, durationMs: number, voters = 3): Scenario {
  const short = durationMs < LONG_MS;
  const node = { region: "home", role: "voter" as const };
  return {
    name: "soak",
    title: "Soak",
    about: "Kills, losses of power, pauses, partitions, slow and failing disks, bad weather; then everything heals.",
    cluster: { nodes: Array.from({ length: voters }, () => node) },
    links: { kind: "stream", local: { delayMs: { min: 0.1, max: 0.6 }, jitterMs: 0.3, loss: 0.001 } },
    workload: {
      clients: [
        {
          region: "home",
          count: 4,
          loop: { type: "closed", thinkMs: 30 },
          mix: { append: 3, get: 2 },
          timeoutMs: short ? 1_500 : 3_000,
          stopMs: durationMs - QUIET_MS,
        },
      ],
      keys: { count: KEYS, distribution: "zipfian" },
    },
    faults: soakFaults(new Random(seed, "soak"), healedAtMs({ durationMs }), short),
    durationMs,
    mode: "compare",
  };
}

type Maker = (random: Random, atMs: number, lengthMs: number) => Fault;

const WHO = ["leader", "leader", "follower", "random"] as const;

/** Kinds in equal parts. Each ends by itself within its length. */
const MAKERS: readonly Maker[] = [
  (random, atMs, forMs) => {
    const nodes = random.pick(WHO);
    return { type: "crash", nodes, atMs, forMs, label: `${KILL} ${nodes}` };
  },
  (random, atMs, forMs) => {
    const nodes = random.pick(WHO);
    return { type: "crash", nodes, atMs, forMs, label: `power loss ${nodes}` };
  },
  (_, atMs, forMs) => ({ type: "crash", nodes: "all", atMs, forMs, label: "power loss all" }),
  (random, atMs, forMs) => {
    const nodes = random.pick(WHO);
    return { type: "pause", nodes, atMs, forMs, label: `pause ${nodes}` };
  },
  (random, atMs, forMs) => {
    const alone = random.pick(["leader", "random"] as const);
    return { type: "cut", from: alone, to: "all", oneWay: false, atMs, forMs, label: `${alone} cut off` };
  },
  (random, atMs, forMs) => {
    const from = random.pick(WHO);
    return { type: "cut", from, to: "random", oneWay: true, atMs, forMs, label: `one-way cut from ${from}` };
  },
  (random, atMs, forMs) => {
    const syncMs = Math.round(random.between(5, 60));
    return { type: "slow-disk", nodes: random.pick(WHO), syncMs, atMs, forMs, label: `syncs take ${syncMs} ms more` };
  },
  (random, atMs, forMs) => ({ type: "failed-sync", nodes: random.pick(WHO), atMs, forMs, label: "a sync fails" }),
  (random, atMs, forMs) => {
    const weather = { delayMs: { min: 1, max: 30 }, jitterMs: 10, loss: Math.round(random.between(2, 30)) / 100 };
    return { type: "weather", between: "all", weather, atMs, forMs, label: `${weather.loss * 100} % loss` };
  },
];

function soakFaults(random: Random, untilMs: number, short: boolean): Fault[] {
  const faults: Fault[] = [];
  const [gapMin, gapMax] = short ? [300, 1_000] : [1_500, 8_000];
  const [lengthMin, lengthMax] = short ? [200, 1_200] : [300, 6_000];
  // Every kind comes up before one comes up again.
  let left: Maker[] = [];
  for (let at = FROM_MS; ; at += random.between(gapMin, gapMax)) {
    if (left.length === 0) left = random.shuffle([...MAKERS]);
    const lengthMs = Math.round(Math.min(random.between(lengthMin, lengthMax), untilMs - at));
    if (lengthMs < lengthMin) return faults;
    const maker = left.pop() as Maker;
    faults.push(maker(random, Math.round(at), lengthMs));
  }
}
