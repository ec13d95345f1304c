/** Ten minutes, or ten seconds, of everything that can happen to a live cluster, drawn from a seed. */
import { Random } from "../../drivers/sim/index.js";
import type { Fault, Scenario } from "../../scenarios/index.js";
import type { CrashKind } from "./processFaults.js";

const KEYS = 64;
/** Nothing happens before: the first leader gets to work. */
const FROM_MS = 1_500;
/** After the last fault has ended: the cluster heals and writes commit again. */
const HEAL_MS = 8_000;
const HEAL_SHORT_MS = 3_000;
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
        },
      ],
      keys: { count: KEYS, distribution: "zipfian" },
    },
    faults: (short ? shortFaults : longFaults)(new Random(seed, "soak"), healedAtMs({ durationMs })),
    durationMs,
    mode: "compare",
  };
}

interface Moment {
  readonly random: Random;
  readonly atMs: number;
  readonly forMs: number;
  /** Whom it hits. */
  readonly who: "leader" | "follower" | "random";
}

type Maker = (moment: Moment) => Fault;

const WHO = ["leader", "leader", "follower", "random"] as const;

/** What every soak has, in the order of a short one. Each fault ends by itself within its length. */
const ALWAYS: readonly Maker[] = [
  ({ atMs, forMs, who }) => ({ type: "crash", nodes: who, atMs, forMs, label: `${KILL} ${who}` }),
  ({ random, atMs, forMs, who: nodes }) => {
    const syncMs = Math.round(random.between(5, 60));
    return { type: "slow-disk", nodes, syncMs, atMs, forMs, label: `syncs take ${syncMs} ms more` };
  },
  ({ atMs, forMs, who: from }) => ({
    type: "cut",
    from,
    to: "all",
    oneWay: false,
    atMs,
    forMs,
    label: `${from} cut off`,
  }),
  ({ atMs, forMs, who: nodes }) => ({ type: "pause", nodes, atMs, forMs, label: `pause ${nodes}` }),
  ({ atMs, forMs, who: nodes }) => ({ type: "crash", nodes, atMs, forMs, label: `power loss ${nodes}` }),
  ({ atMs, forMs }) => ({ type: "crash", nodes: "all", atMs, forMs, label: "power loss all" }),
];

/** What a longer one has besides. */
const BESIDES: readonly Maker[] = [
  ({ atMs, forMs, who: from }) => ({
    type: "cut",
    from,
    to: "random",
    oneWay: true,
    atMs,
    forMs,
    label: `one-way cut from ${from}`,
  }),
  ({ atMs, forMs, who: nodes }) => ({ type: "failed-sync", nodes, atMs, forMs, label: "a sync fails" }),
  ({ random, atMs, forMs }) => {
    const weather = { delayMs: { min: 1, max: 30 }, jitterMs: 10, loss: Math.round(random.between(2, 30)) / 100 };
    return { type: "weather", between: "all", weather, atMs, forMs, label: `${weather.loss} of packets lost` };
  },
];

/** Ten seconds are too short for many elections: after the first fault whoever runs is hit, and all kinds come once. */
function shortFaults(random: Random, untilMs: number): Fault[] {
  const stepMs = (untilMs - FROM_MS) / ALWAYS.length;
  return ALWAYS.map((make, i) => {
    const atMs = Math.round(FROM_MS + stepMs * (i + random.between(0, 0.3)));
    const forMs = Math.round(random.between(0.4, 0.7) * stepMs);
    return make({ random, atMs, forMs, who: i === 0 ? "leader" : "random" });
  });
}

function longFaults(random: Random, untilMs: number): Fault[] {
  const faults: Fault[] = [];
  // Every kind comes up before one comes up again.
  let left: Maker[] = [];
  for (let at = FROM_MS; ; at += random.between(1_500, 8_000)) {
    if (left.length === 0) left = random.shuffle([...ALWAYS, ...BESIDES]);
    const forMs = Math.round(Math.min(random.between(300, 6_000), untilMs - at));
    if (forMs < 300) return faults;
    const make = left.pop() as Maker;
    faults.push(make({ random, atMs: Math.round(at), forMs, who: random.pick(WHO) }));
  }
}
