/** Faults of simulated nodes: crash, pause, clocks, disks. */
import type { Clients } from "./clients.js";
import { jumpClock, setDrift } from "./clock.js";
import { damage } from "./disk.js";
import type { Band, NodeFault, NodeFaults, Undo } from "./faults.js";
import type { Ledger } from "./ledger.js";
import { boot, bringUp, resumeTurns, takeDown } from "./node.js";
import { NS_PER_MS, type SimNode, type Station, type World } from "./world.js";

export class SimFaults implements NodeFaults {
  private readonly world: World;
  private readonly ledger: Ledger;
  private readonly clients: Clients;

  constructor(world: World, ledger: Ledger, clients: Clients) {
    this.world = world;
    this.ledger = ledger;
    this.clients = clients;
  }

  private sim(station: Station): SimNode {
    return this.world.nodes[station.number] as SimNode;
  }

  begin(number: number, fault: NodeFault, stations: readonly Station[], band: Band, forNs: number): Undo {
    const { world } = this;
    const nodes = stations.map((station) => this.sim(station));
    switch (fault.type) {
      case "crash":
        for (const node of nodes) this.crash(node, fault.tornWrite ?? 0, forNs);
        return null;
      case "pause":
        for (const node of nodes) node.paused += 1;
        return () => {
          for (const node of nodes) this.resume(node);
        };
      case "slow-cpu":
        return this.slowCpu(nodes, fault.factor as number);
      case "clock-drift":
        for (const node of nodes) setDrift(world, node, fault.ppm as number);
        return () => {
          for (const node of nodes) setDrift(world, node, 0);
        };
      case "clock-jump":
        for (const node of nodes) jumpClock(world, node, Math.round((fault.jumpMs as number) * NS_PER_MS));
        return null;
      case "slow-disk": {
        const ms = fault.syncMs;
        const range = typeof ms === "number" ? { minMs: ms, maxMs: ms } : { minMs: ms.min, maxMs: ms.max };
        for (const node of nodes) node.disk.slow.push({ fault: number, ...range });
        return () => {
          for (const { disk } of nodes) disk.slow = disk.slow.filter((slow) => slow.fault !== number);
        };
      }
      case "failed-sync":
        for (const node of nodes) node.disk.failing.push(forNs);
        return null;
      case "full-disk":
        for (const node of nodes) node.disk.full += 1;
        return () => {
          for (const node of nodes) this.freeDisk(node);
        };
      case "bit-rot":
      case "misdirected-write":
        this.damage(fault.type, nodes, band);
        return null;
      case "crash-after-persist": {
        const trigger = { fault: number, chance: fault.chance, within: fault.withinMs * NS_PER_MS };
        for (const node of nodes) node.triggers.push(trigger);
        return () => {
          for (const node of nodes) node.triggers = node.triggers.filter((other) => other !== trigger);
        };
      }
    }
  }

  private crash(node: SimNode, tornWrite: number, forNs: number): void {
    this.clients.onCrash(node);
    takeDown(this.world, this.ledger, node, tornWrite, forNs);
  }

  private resume(node: SimNode): void {
    node.paused -= 1;
    if (node.paused === 0) resumeTurns(this.world, this.ledger, node);
  }

  private slowCpu(nodes: readonly SimNode[], factor: number): Undo {
    for (const node of nodes) node.slowness *= factor;
    return () => {
      for (const node of nodes) node.slowness /= factor;
    };
  }

  private freeDisk(node: SimNode): void {
    node.disk.full -= 1;
    if (node.disk.full > 0 || !node.killedByFullDisk) return;
    node.killedByFullDisk = false;
    bringUp(this.world, this.ledger, node);
  }

  /**
   * A search spares a disk where damage would leave too few to recover from (TigerBeetle's fault atlas): data that is
   * lost for good is no bug of a protocol. Mode compare does what its scenario says.
   */
  private damage(kind: "bit-rot" | "misdirected-write", nodes: readonly SimNode[], band: Band): void {
    const search = this.world.scenario.mode !== "compare";
    const hit: string[] = [];
    for (const node of nodes) {
      if (search && !this.mayLose(node)) continue;
      if (damage(node.disk, kind)) hit.push(node.id);
    }
    band.nodes = hit;
    if (hit.length === 0) band.skipped = "no disk with a record may be damaged";
  }

  private mayLose(node: SimNode): boolean {
    if (!node.voter) return true;
    const voters = this.world.nodes.filter((other) => other.voter);
    const majority = Math.floor(voters.length / 2) + 1;
    const quorums = this.world.configuration.quorums;
    const needed = Math.max(quorums?.election ?? majority, quorums?.replication ?? majority);
    const lost = voters.filter((other) => other !== node && other.disk.damage !== null).length;
    return voters.length - lost - 1 >= needed;
  }

  isDamaged(station: Station): boolean {
    return this.sim(station).disk.damage !== null;
  }

  mend(station: Station): void {
    const node = this.sim(station);
    node.disk.slow = [];
    node.disk.failing = [];
    node.disk.full = 0;
    node.killedByFullDisk = false;
    node.triggers = [];
    node.slowness = 1;
    setDrift(this.world, node, 0);
    node.down = 0;
    if (node.host === null) boot(this.world, this.ledger, node);
    if (node.paused > 0) {
      node.paused = 1;
      this.resume(node);
    }
  }

  abandon(station: Station): void {
    const node = this.sim(station);
    if (node.host === null) node.down = Number.POSITIVE_INFINITY;
  }
}
