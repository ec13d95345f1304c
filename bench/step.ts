/** `step()` alone: see loop.ts for what is around it. */
import { Bench } from "tinybench";
import { anyModule } from "../protocols/core/index.js";
import { multipaxos } from "../protocols/multipaxos/index.js";
import { raft } from "../protocols/raft/index.js";
import { zab } from "../protocols/zab/index.js";
import { IDS, Loop } from "./loop.js";

const PROPOSALS_PER_ROUND = 1000;

/** Steps a second per protocol, with the spread over rounds. */
export async function benchSteps(): Promise<void> {
  const rows: {
    readonly protocol: string;
    readonly stepsPerProposal: string;
    readonly stepsPerSecond: string;
    readonly spread: string;
  }[] = [];
  for (const module of [anyModule(raft), anyModule(multipaxos), anyModule(zab)]) {
    const loop = new Loop(module);
    const leader = loop.leader();
    let request = 0;
    const bench = new Bench({ time: 2000, warmupTime: 500 });
    bench.add(module.name, () => {
      for (let i = 0; i < PROPOSALS_PER_ROUND; i += 1) {
        request += 1;
        loop.propose(leader, request);
      }
    });
    const before = loop.steps;
    await bench.run();
    if (loop.applied < request * IDS.length)
      throw new Error(`${module.name}: ${request} proposals, ${loop.applied} applied`);
    const stepsPerProposal = (loop.steps - before) / request;
    const result = bench.tasks[0]?.result;
    if (result === undefined || !("throughput" in result)) throw new Error(`${module.name}: no result`);
    const perSecond = result.throughput.p50 * PROPOSALS_PER_ROUND * stepsPerProposal;
    rows.push({
      protocol: module.name,
      stepsPerProposal: stepsPerProposal.toFixed(1),
      stepsPerSecond: Math.round(perSecond).toLocaleString("en"),
      spread: `±${result.throughput.rme.toFixed(1)} %`,
    });
  }
  console.table(rows);
}
