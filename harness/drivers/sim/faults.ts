/** Faults as they happen: roles are resolved when a fault fires, and what it hit is recorded. */
import { assert } from "../../../protocols/core/index.js";
import type { FaultBand } from "../../record/index.js";
import type { Fault, NodeSelector, Weather } from "../../scenarios/index.js";
import { jumpClock, setDrift } from "./clock.js";
import type { Clients } from "./clients.js";
import { damage } from "./disk.js";
import type { Ledger } from "./ledger.js";
import { cutLink, healLink, joins, overlayWeather, removeOverlay } from "./network.js";
import { boot, bringUp, resumeTurns, takeDown } from "./node.js";
import { resolve } from "./roles.js";
import { faultRandom, startOf } from "./schedule.js";
import { FAULT, type Link, NS_PER_MS, type SimNode, type World } from "./world.js";

/** What undoes a fault; `null`: nothing to undo. */
type Undo = (() => void) | null;

interface Band {
  readonly fault: Fault;
  nodes: readonly string[];
  skipped: string | null;
  to: number;
}

const DOWN_FOR_GOOD = Number.POSITIVE_INFINITY;

export class Faults {
  private readonly world: World;
  private readonly ledger: Ledger;
  private readonly clients: Clients;
  private readonly faults: Fault[];
  private readonly undo: Undo[];
  private readonly bands: Band[] = [];
  /** In liveness mode nothing new fires after the faults' end. */
  private stopped = false;

  constructor(world: World, ledger: Ledger, clients: Clients, faults: readonly Fault[]) {
    this.world = world;
    this.ledger = ledger;
    this.clients = clients;
    this.faults = [...faults];
    this.undo = faults.map(() => null);
  }

  /** The fault clock begins. */
  start(): void {
    const { world } = this;
    for (const [number, fault] of this.faults.entries()) {
      world.queue.push(world.startedAt + Math.round(startOf(fault) * NS_PER_MS), FAULT, number, 0, null);
    }
  }

  /** A FAULT event of the fault `number`: 0 begins it, 1 ends it. */
  onEvent(number: number, what: number): void {
    if (what === 1) this.finish(number);
    else if (!this.stopped) this.fire(number);
  }

  private fire(number: number): void {
    const { world } = this;
    const fault = this.faults[number] as Fault;
    const band: Band = { fault, nodes: [], skipped: null, to: -1 };
    this.bands.push(band);
    world.hash.word(0x4b000000 | number);
    const undo = this.begin(number, fault, band);
    if (band.skipped !== null) {
      band.to = world.now;
      return;
    }
    this.undo[number] = () => {
      band.to = world.now;
      undo?.();
    };
    if (fault.forMs === undefined) return;
    world.queue.push(world.now + Math.round((fault.forMs as number) * NS_PER_MS), FAULT, number, 1, null);
  }

  /** A fault that nobody planned: it fires now. Returns its number, for `finish`. */
  inject(fault: Fault): number {
    assert(fault.type !== "swarm", "a swarm is spelled out before the run");
    const number = this.faults.push(fault) - 1;
    this.undo.push(null);
    this.fire(number);
    return number;
  }

  /** What a fault that has fired has hit: the ids of the nodes, or why there are none. */
  hit(number: number): { readonly nodes: readonly string[]; readonly skipped: string | null } {
    const band = this.bands.findLast(({ fault }) => fault === this.faults[number]);
    assert(band !== undefined, `fault ${number} has not fired`);
    return band;
  }

  /** Ends a fault that is on; ending it again does nothing. */
  finish(number: number): void {
    const undo = this.undo[number];
    this.undo[number] = null;
    undo?.();
  }

  private begin(number: number, fault: Fault, band: Band): Undo {
    switch (fault.type) {
      case "partition":
        return this.partition(fault.groups, fault, band);
      case "cut":
        return this.cut(fault, band);
      case "weather":
        return this.weather(number, fault, band);
      case "swarm":
        throw new Error("a swarm is spelled out before the run");
      default: {
        const nodes = this.select(fault.nodes, fault, band);
        if (band.skipped !== null) return null;
        return this.onNodes(number, fault, nodes, band);
      }
    }
  }

  private select(selector: NodeSelector, fault: Fault, band: Band): SimNode[] {
    const random = faultRandom(this.world.seed, fault);
    const found = resolve(this.world, this.ledger.leaders, selector, random, []);
    if (typeof found === "string") {
      band.skipped = found;
      return [];
    }
    band.nodes = found.map((node) => node.id);
    return found;
  }

  private onNodes(number: number, fault: Fault, nodes: readonly SimNode[], band: Band): Undo {
    const { world } = this;
    const forNs = fault.forMs === undefined ? DOWN_FOR_GOOD : Math.round((fault.forMs as number) * NS_PER_MS);
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
      default:
        throw new Error(`${fault.type} hits no nodes`);
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

  private partition(groups: readonly NodeSelector[], fault: Fault, band: Band): Undo {
    const random = faultRandom(this.world.seed, fault);
    const side = new Map<number, number>();
    const taken: SimNode[] = [];
    for (const [number, group] of groups.entries()) {
      const found = resolve(this.world, this.ledger.leaders, group, random, taken);
      if (typeof found === "string") {
        band.skipped = found;
        return null;
      }
      for (const node of found) side.set(node.number, number);
      taken.push(...found);
    }
    for (const node of this.world.nodes) if (!side.has(node.number)) side.set(node.number, -1 - node.number);
    band.nodes = taken.map((node) => node.id);
    return this.cutLinks((link) => side.get(link.from) !== side.get(link.to));
  }

  private cut(fault: Extract<Fault, { readonly type: "cut" }>, band: Band): Undo {
    const random = faultRandom(this.world.seed, fault);
    const { leaders } = this.ledger;
    const from = resolve(this.world, leaders, fault.from, random, []);
    const to =
      typeof from === "string" ? [] : resolve(this.world, leaders, fault.to, random, fault.to === "all" ? [] : from);
    if (typeof from === "string" || typeof to === "string") {
      band.skipped = typeof from === "string" ? from : (to as string);
      return null;
    }
    band.nodes = [...new Set([...from, ...to])].map((node) => node.id);
    const a = new Set(from.map((node) => node.number));
    const b = new Set(to.map((node) => node.number));
    return this.cutLinks(
      (link) => (a.has(link.from) && b.has(link.to)) || (!fault.oneWay && a.has(link.to) && b.has(link.from)),
    );
  }

  private cutLinks(matches: (link: Link) => boolean): Undo {
    const links = this.world.links.filter((link) => link.from !== link.to && matches(link));
    for (const link of links) cutLink(link);
    return () => {
      for (const link of links) healLink(this.world, link);
    };
  }

  /** Clients have no ids: their links to another region get the weather of that region's nodes. */
  private weather(number: number, fault: Extract<Fault, { readonly type: "weather" }>, band: Band): Undo {
    const { world } = this;
    const links: Link[] = [];
    if (fault.between === "all") {
      links.push(...world.links);
      band.nodes = world.nodes.map((node) => node.id);
    } else {
      const random = faultRandom(world.seed, fault);
      const sides = fault.between.map((side) => resolve(world, this.ledger.leaders, side, random, []));
      const [one, two] = sides;
      if (one === undefined || two === undefined || typeof one === "string" || typeof two === "string") {
        band.skipped = sides.find((side) => typeof side === "string") ?? "nobody";
        return null;
      }
      band.nodes = [...new Set([...one, ...two])].map((node) => node.id);
      const a = new Set(one.map((node) => node.number));
      const b = new Set(two.map((node) => node.number));
      links.push(...world.links.filter(({ from, to }) => (a.has(from) && b.has(to)) || (a.has(to) && b.has(from))));
    }
    for (const link of links) overlayWeather(link, number, fault.weather);
    const regions = fault.between === "all" ? null : regionPair(fault.between);
    if (regions !== null) this.overlayClients(number, fault.weather, regions);
    return () => {
      for (const link of links) removeOverlay(link, number);
      if (regions !== null) this.overlayClients(number, null, regions);
    };
  }

  private overlayClients(number: number, weather: Weather | null, regions: readonly [string, string]): void {
    const { clientOverlays, clientLinks } = this.world;
    if (weather !== null) clientOverlays.push({ fault: number, weather, regions });
    else this.world.clientOverlays = clientOverlays.filter((overlay) => overlay.fault !== number);
    for (const link of clientLinks.values()) {
      if (!joins(link, regions)) continue;
      if (weather === null) removeOverlay(link, number);
      else overlayWeather(link, number, weather);
    }
  }

  /**
   * The end of the faults in liveness mode: a core of nodes is whole again, everything else stays as broken as it is
   * now. A node outside whose links to the core are damaged is cut off from it entirely: none of the three protocols
   * promises progress while a node reaches only a part of a majority (ZAB's fast leader election keeps electing it).
   */
  endForCore(core: ReadonlySet<SimNode>): void {
    this.stopped = true;
    const { world } = this;
    const numbers = new Set([...core].map((node) => node.number));
    for (const link of world.links) {
      if (!numbers.has(link.from) || !numbers.has(link.to)) continue;
      while (link.cuts > 0) healLink(world, link);
      for (const { fault } of link.overlays.slice()) removeOverlay(link, fault);
    }
    for (const node of world.nodes) if (!core.has(node)) this.isolateIfDamaged(node, numbers);
    for (const node of world.nodes) {
      if (core.has(node)) this.mend(node);
      else if (node.host === null) node.down = Number.POSITIVE_INFINITY;
    }
    // Whatever else is still on never ends: the part outside the core is left broken.
    this.undo.fill(null);
  }

  private isolateIfDamaged(node: SimNode, core: ReadonlySet<number>): void {
    const links = this.world.links.filter(
      ({ from, to }) => (from === node.number && core.has(to)) || (to === node.number && core.has(from)),
    );
    if (links.every((link) => link.cuts === 0 && link.overlays.length === 0)) return;
    for (const link of links) cutLink(link);
  }

  private mend(node: SimNode): void {
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

  /** On the fault clock; what lasts ends with the run. */
  timeline(endNs: number): FaultBand[] {
    const start = Math.max(0, this.world.startedAt);
    return this.bands.map(({ fault, nodes, skipped, to }) => {
      const fromMs = fault.atMs as number;
      const toMs = ((to < 0 ? endNs : to) - start) / NS_PER_MS;
      return { type: fault.type, label: fault.label ?? fault.type, nodes, fromMs, toMs, skipped };
    });
  }
}

/** Both sides of a weather fault as regions, if that is how it names them. */
function regionPair(between: readonly [NodeSelector, NodeSelector]): readonly [string, string] | null {
  const [a, b] = between;
  if (typeof a !== "string" || typeof b !== "string") return null;
  if (!a.startsWith("region:") || !b.startsWith("region:")) return null;
  return [a.slice("region:".length), b.slice("region:".length)];
}
