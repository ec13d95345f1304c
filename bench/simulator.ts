/**
 * Simulator events per second: three nodes, disk records, invariants at every step, history on. One event is one step
 * input. Run it compiled: `node dist/bench/simulator.js [rounds]`.
 */
import { pathToFileURL } from "node:url";
import { runSimulation } from "../harness/drivers/sim/index.js";
import { checkScenario, resolveOptions } from "../harness/scenarios/index.js";
import { type AnyModule, anyModule } from "../protocols/core/index.js";
import { multipaxos } from "../protocols/multipaxos/index.js";
import { raft } from "../protocols/raft/index.js";
import { zab } from "../protocols/zab/index.js";

const SCENARIO = checkScenario(
  {
    name: "bench",
    title: "Simulator benchmark",
    about: "Three voters in one place, sixteen clients that never think.",
    cluster: { nodes: Array.from({ length: 3 }, () => ({ region: "home", role: "voter" })) },
    links: { kind: "stream", local: { delayMs: { min: 0.15, max: 0.35 }, jitterMs: 0.2 } },
    disk: { syncMs: { min: 0.4, max: 1.2 } },
    workload: {
      clients: [
        {
          region: "home",
          count: 16,
          loop: { type: "closed", thinkMs: 0 },
          mix: { put: 5, get: 3, cas: 1, append: 0, delete: 1 },
        },
      ],
      keys: { count: 1000, distribution: "zipfian" },
    },
    faults: [],
    durationMs: 10_000,
    mode: "compare",
  },
  "bench",
);

interface Round {
  readonly perSecond: number;
  /** By the CPU time of the whole process, garbage collector and compiler threads included: what neighbours do not hide. */
  readonly perCpuSecond: number;
  readonly events: number;
  readonly committed: number;
}

function round(module: AnyModule, seed: number): Round {
  const options = resolveOptions(SCENARIO, module, "matched", "bench");
  const spec = { module, scenario: SCENARIO, options, timing: "matched" as const, seed, history: true };
  const before = process.cpuUsage();
  const { record } = runSimulation(spec);
  const { user, system } = process.cpuUsage(before);
  if (record.broken !== null || record.committed === 0) throw new Error(`${module.name}: ${record.reasons.join("; ")}`);
  const { events, committed, wallMs } = record;
  return { perSecond: (1e3 * events) / wallMs, perCpuSecond: (1e6 * events) / (user + system), events, committed };
}

/** Events a second of each protocol: median, lowest and highest over rounds after one warm-up. Defaults: 7 rounds, all protocols. */
export function benchSimulator(args: readonly string[] = []): void {
  const rounds = Number(args[0] ?? 7);
  const only = args[1];
  for (const module of [anyModule(raft), anyModule(multipaxos), anyModule(zab)]) {
    if (only !== undefined && module.name !== only) continue;
    round(module, 0);
    const found = Array.from({ length: rounds }, (_, i) => round(module, i + 1));
    const [first] = found;
    const wall = spread(found.map((one) => one.perSecond));
    const cpu = spread(found.map((one) => one.perCpuSecond));
    console.log(`${module.name.padEnd(11)} ${wall} events/s; per CPU second ${cpu}`);
    console.log(`            ${rounds} rounds of about ${first?.events} events and ${first?.committed} writes`);
  }
}

/** "median k (lowest to highest)" */
function spread(rates: readonly number[]): string {
  const sorted = [...rates].sort((a, b) => a - b);
  const kilo = (rate: number | undefined): string => `${Math.round((rate ?? 0) / 1_000)}k`;
  return `${kilo(sorted[sorted.length >> 1])} (${kilo(sorted[0])} to ${kilo(sorted.at(-1))})`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  benchSimulator(process.argv.slice(2));
}
