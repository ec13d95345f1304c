/** Faults of live processes. What cannot be done to one is said, never dropped in silence. */
import type { Band, NodeFault, NodeFaults, Station, Undo } from "../../drivers/sim/index.js";
import type { Draw, Fault } from "../../scenarios/index.js";
import type { LiveCluster } from "./liveCluster.js";
import type { LiveNode } from "./liveNode.js";

/** Why a kind of fault is not applied to live processes. */
const NOT_APPLIED: { readonly [type in Fault["type"]]?: string } = {
  "slow-cpu": "a process has no dial for its speed",
  "clock-drift": "all nodes share this machine's clock",
  "clock-jump": "all nodes share this machine's clock",
  "full-disk": "all nodes share this machine's disk",
  "bit-rot": "damage is done by the simulator and by the storage's own tests",
  "misdirected-write": "damage is done by the simulator and by the storage's own tests",
  "crash-after-persist": "it follows the steps of a protocol, which only the simulator sees",
};

export const NOT_APPLIED_WORD = "not applied";

/** Why the fault is not applied; null: it is. */
export function whyNotApplied(type: Fault["type"]): string | null {
  const why = NOT_APPLIED[type];
  return why === undefined ? null : `${NOT_APPLIED_WORD}: ${why}`;
}

/** How a scenario's crash is done: kill -9 loses memory only, a loss of power what was not synced too. */
export type CrashKind = "powerLoss" | "kill";

export class ProcessFaults implements NodeFaults {
  private readonly cluster: LiveCluster;
  private readonly crashKind: (fault: Fault) => CrashKind;

  constructor(cluster: LiveCluster, crashKind: (fault: Fault) => CrashKind = () => "powerLoss") {
    this.cluster = cluster;
    this.crashKind = crashKind;
  }

  begin(number: number, fault: NodeFault, stations: readonly Station[], band: Band, forNs: number): Undo {
    const why = whyNotApplied(fault.type);
    if (why !== null) {
      band.nodes = [];
      band.skipped = why;
      return null;
    }
    const nodes = stations.map((station) => this.live(station));
    switch (fault.type) {
      case "crash":
        for (const node of nodes) {
          if (this.crashKind(fault) === "kill") this.kill(node, forNs);
          else this.losePower(node, forNs);
        }
        return null;
      case "pause":
        for (const node of nodes) this.pause(node);
        return () => {
          for (const node of nodes) this.resume(node);
        };
      case "slow-disk":
        for (const node of nodes) this.slow(node, number, meanOf(fault.syncMs));
        return () => {
          for (const node of nodes) this.slow(node, number, null);
        };
      case "failed-sync":
        for (const node of nodes) {
          node.failing.push(forNs);
          node.process.order({ type: "failSync" });
        }
        return null;
      default:
        throw new Error(`${fault.type} is not applied, and nobody says why`);
    }
  }

  /** What a scenario means by a crash: the machine stops, and what it had not synced is gone. */
  private losePower(node: LiveNode, forNs: number): void {
    this.takeDown(node, forNs);
    void node.process.powerLoss();
    this.cluster.breakLinks(node);
  }

  /** kill -9: the process is gone, and the kernel keeps what it had written. */
  kill(node: LiveNode, forNs: number): void {
    this.takeDown(node, forNs);
    void node.process.kill();
  }

  private takeDown(node: LiveNode, forNs: number): void {
    node.down += 1;
    if (node.process.running) this.cluster.stage.world.counts.crashes += 1;
    this.cluster.vacate(node);
    this.cluster.scheduleRestart(node, forNs);
  }

  private pause(node: LiveNode): void {
    node.paused += 1;
    node.process.pause();
  }

  private resume(node: LiveNode): void {
    if (node.paused > 0) node.paused -= 1;
    if (node.paused === 0) node.process.resume();
  }

  /** @param extraMs null: the fault is over */
  private slow(node: LiveNode, fault: number, extraMs: number | null): void {
    node.slow = node.slow.filter((other) => other.fault !== fault);
    if (extraMs !== null) node.slow.push({ fault, extraMs });
    const left = node.slow[node.slow.length - 1];
    node.process.order({ type: "slowDisk", extraMs: left?.extraMs ?? 0 });
  }

  private live(station: Station): LiveNode {
    return this.cluster.nodes[station.number] as LiveNode;
  }

  isDamaged(): boolean {
    return false;
  }

  mend(station: Station): void {
    const node = this.live(station);
    node.failing = [];
    node.slow = [];
    node.process.order({ type: "slowDisk", extraMs: 0 });
    node.paused = 0;
    node.process.resume();
    node.down = 0;
    if (node.host === null && !node.process.running) this.cluster.boot(node);
    else if (node.host === null) this.cluster.scheduleRestart(node, 0);
  }

  abandon(station: Station): void {
    const node = this.live(station);
    if (node.host === null) node.down = Number.POSITIVE_INFINITY;
  }
}

/** A live node sleeps a fixed time before each sync. */
function meanOf(draw: Draw): number {
  return typeof draw === "number" ? draw : (draw.min + draw.max) / 2;
}
