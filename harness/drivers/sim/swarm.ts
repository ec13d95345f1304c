/**
 * The swarm: for each seed another mix of faults. Which kinds are in it, how often they come and how long they last is
 * all drawn, so that some runs are full of one thing and free of another (Groce et al. 2012, swarm testing). Partial
 * partitions and crashes right after a write are in every mix: they find the most.
 */
import type { Fault, NodeSelector, Scenario, Weather } from "../../scenarios/index.js";
import { Random } from "./random.js";

type Swarm = Extract<Fault, { readonly type: "swarm" }>;
type Kind = (draw: Mix) => Fault | readonly Fault[];

interface Mix {
  readonly random: Random;
  readonly ids: readonly string[];
  readonly stream: boolean;
  readonly atMs: number;
  readonly forMs: number;
}

/** How often a kind comes at full intensity, per second, and whether every mix has it. */
const KINDS: readonly {
  readonly perSecond: number;
  readonly always: boolean;
  readonly longestMs: number;
  readonly make: Kind;
}[] = [
  { perSecond: 0.5, always: true, longestMs: 3_000, make: partialPartition },
  { perSecond: 0.4, always: true, longestMs: 3_000, make: crashAfterPersist },
  { perSecond: 0.5, always: false, longestMs: 2_000, make: crash },
  { perSecond: 0.1, always: false, longestMs: 1_000, make: crashAll },
  { perSecond: 0.3, always: false, longestMs: 3_000, make: partition },
  { perSecond: 0.3, always: false, longestMs: 3_000, make: oneWay },
  { perSecond: 0.3, always: false, longestMs: 4_000, make: storm },
  { perSecond: 0.3, always: false, longestMs: 2_000, make: pause },
  { perSecond: 0.2, always: false, longestMs: 4_000, make: slowCpu },
  { perSecond: 0.2, always: false, longestMs: 5_000, make: drift },
  { perSecond: 0.2, always: false, longestMs: 1, make: jump },
  { perSecond: 0.4, always: false, longestMs: 4_000, make: slowDisk },
  { perSecond: 0.2, always: false, longestMs: 1_500, make: failedSync },
  { perSecond: 0.1, always: false, longestMs: 2_000, make: fullDisk },
  { perSecond: 0.05, always: false, longestMs: 1, make: bitRot },
];

/** Spells a swarm out. A pure function of scenario, fault and seed. */
export function swarmFaults(scenario: Scenario, swarm: Swarm, seed: number): Fault[] {
  const random = new Random(seed, `swarm ${JSON.stringify(swarm)}`);
  const ids = scenario.cluster.nodes.map((_, i) => `n${i + 1}`);
  const from = typeof swarm.atMs === "number" ? swarm.atMs : random.between(swarm.atMs.min, swarm.atMs.max);
  const lasts = swarm.forMs === undefined || typeof swarm.forMs === "number" ? swarm.forMs : swarm.forMs.max;
  const end = Math.min(scenario.faultsEndMs ?? scenario.durationMs, lasts === undefined ? Infinity : from + lasts);
  const stream = scenario.links.kind === "stream";
  const faults: Fault[] = [];
  for (const kind of KINDS) {
    const included = kind.always || random.chance(0.5);
    // Squared: most mixes have little of a kind, a few have very much of it.
    const rate = kind.perSecond * swarm.intensity * 6 * random.unit() * random.unit();
    const longest = kind.longestMs * (0.2 + 0.8 * random.unit());
    if (!included) continue;
    const count = Math.max(kind.always ? 1 : 0, Math.round((rate * (end - from)) / 1_000));
    for (let i = 0; i < count; i += 1) {
      const atMs = Math.floor(random.between(from, end));
      const forMs = Math.max(1, Math.floor(longest * random.unit()));
      const made = kind.make({ random, ids, stream, atMs, forMs });
      faults.push(...(Array.isArray(made) ? (made as readonly Fault[]) : [made as Fault]));
    }
  }
  return faults;
}

function timed({ atMs, forMs }: Mix): { readonly atMs: number; readonly forMs: number } {
  return { atMs, forMs };
}

function someNode({ random, ids }: Mix): NodeSelector {
  return random.pick(["leader", "leader", "follower", "random", ...ids]);
}

/** A-B cut while both still reach C. */
function partialPartition(mix: Mix): Fault {
  const [a, b] = mix.random.shuffle([...mix.ids]);
  return { type: "cut", from: a ?? "n1", to: b ?? "all", oneWay: false, ...timed(mix) };
}

function oneWay(mix: Mix): Fault {
  const [a, b] = mix.random.shuffle([...mix.ids]);
  return {
    type: "cut",
    from: a ?? "n1",
    to: mix.random.chance(0.5) ? (b ?? "all") : "all",
    oneWay: true,
    ...timed(mix),
  };
}

function partition(mix: Mix): Fault {
  const shuffled = mix.random.shuffle([...mix.ids]);
  const at = 1 + mix.random.below(Math.max(1, shuffled.length - 1));
  return { type: "partition", groups: [shuffled.slice(0, at), shuffled.slice(at)], ...timed(mix) };
}

function crash(mix: Mix): Fault {
  return { type: "crash", nodes: someNode(mix), tornWrite: 0.5, ...timed(mix) };
}

function crashAll(mix: Mix): Fault {
  return { type: "crash", nodes: "all", tornWrite: 0.5, ...timed(mix) };
}

function crashAfterPersist(mix: Mix): Fault {
  const nodes = mix.random.chance(0.5) ? "all" : someNode(mix);
  return { type: "crash-after-persist", nodes, withinMs: 1.5, chance: 0.01 + 0.15 * mix.random.unit(), ...timed(mix) };
}

function storm(mix: Mix): Fault {
  const { random, stream } = mix;
  const weather: Weather = {
    delayMs: { min: 0.2, max: 1 + 80 * random.unit() },
    jitterMs: { min: 0, max: 60 * random.unit() },
    loss: { min: 0, max: 0.6 * random.unit() },
  };
  const datagrams = { duplicate: { min: 0, max: 0.5 * random.unit() }, reorder: { min: 0, max: 0.5 * random.unit() } };
  return { type: "weather", between: "all", weather: stream ? weather : { ...weather, ...datagrams }, ...timed(mix) };
}

function pause(mix: Mix): Fault {
  return { type: "pause", nodes: someNode(mix), ...timed(mix) };
}

function slowCpu(mix: Mix): Fault {
  return { type: "slow-cpu", nodes: someNode(mix), factor: Math.round(mix.random.between(5, 500)), ...timed(mix) };
}

/** Within half a percent: far beyond any real clock, and within the bound that leases are given. */
function drift(mix: Mix): Fault {
  return { type: "clock-drift", nodes: someNode(mix), ppm: Math.round(mix.random.between(-500, 500)), ...timed(mix) };
}

/** A clock that jumps forward ends its own leases early and fires its own timers early: safe, and disturbing. */
function jump(mix: Mix): Fault {
  return { type: "clock-jump", nodes: someNode(mix), jumpMs: Math.round(mix.random.between(10, 5_000)), ...timed(mix) };
}

/** A slow disk leaves more writes in flight for a crash to lose. */
function slowDisk(mix: Mix): Fault {
  const max = Math.round(mix.random.between(5, 300));
  const nodes = mix.random.chance(0.5) ? "all" : someNode(mix);
  return { type: "slow-disk", nodes, syncMs: { min: 1, max }, ...timed(mix) };
}

function failedSync(mix: Mix): Fault {
  return { type: "failed-sync", nodes: someNode(mix), ...timed(mix) };
}

function fullDisk(mix: Mix): Fault {
  return { type: "full-disk", nodes: someNode(mix), ...timed(mix) };
}

/** Damage shows at the next boot only, so a crash follows. The node stays down for good. */
function bitRot(mix: Mix): readonly Fault[] {
  const { random, ids, atMs } = mix;
  const nodes = random.pick(ids);
  const type = random.chance(0.5) ? "bit-rot" : "misdirected-write";
  return [
    { type, nodes, atMs },
    { type: "crash", nodes, atMs: atMs + 1, forMs: 100 },
  ];
}
