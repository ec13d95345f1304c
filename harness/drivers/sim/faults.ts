/** Faults as they happen: roles are resolved when a fault fires, and what it hit is recorded. */
import { assert } from "../../../protocols/core/index.js";
import type { FaultBand } from "../../record/index.js";
import type { Fault, NodeSelector, Weather } from "../../scenarios/index.js";
import type { Leaders } from "./leaders.js";
import { cutLink, healLink, joins, overlayWeather, removeOverlay } from "./network.js";
import { resolve } from "./roles.js";
import { faultRandom, startOf } from "./schedule.js";
import { FAULT, type Link, NS_PER_MS, type Station, type Surroundings } from "./world.js";

/** What undoes a fault; `null`: nothing to undo. */
export type Undo = (() => void) | null;

/** What a fault has hit, and until when. */
export interface Band {
  readonly fault: Fault;
  /** Ids. */
  nodes: readonly string[];
  /** Why nothing was hit; null: something was. */
  skipped: string | null;
  /** When it ended, nanoseconds; -1: it lasts. */
  to: number;
}

/** A fault of nodes, not of links. */
export type NodeFault = Exclude<Fault, { readonly type: "partition" | "cut" | "weather" | "swarm" }>;

/** The hands that do to nodes what a fault says: the simulator's, or those that reach live processes. */
export interface NodeFaults {
  /**
   * Begins the fault `number`. May narrow `band.nodes`, or say in `band.skipped` why nothing was hit.
   * @param forNs how long it lasts; Infinity: for good
   */
  begin(number: number, fault: NodeFault, nodes: readonly Station[], band: Band, forNs: number): Undo;
  /** Whether the node has lost what it had stored. */
  isDamaged(node: Station): boolean;
  /** Ends every fault of the node, and boots it if it is down. */
  mend(node: Station): void;
  /** Nothing brings the node up any more if it is down. */
  abandon(node: Station): void;
}

const DOWN_FOR_GOOD = Number.POSITIVE_INFINITY;

export class Faults {
  private readonly world: Surroundings;
  private readonly leaders: Leaders;
  private readonly hands: NodeFaults;
  private readonly faults: Fault[];
  private readonly undo: Undo[];
  private readonly bands: Band[] = [];
  /** In liveness mode nothing new fires after the faults' end. */
  private stopped = false;

  constructor(world: Surroundings, leaders: Leaders, hands: NodeFaults, faults: readonly Fault[]) {
    this.world = world;
    this.leaders = leaders;
    this.hands = hands;
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
        const forNs = fault.forMs === undefined ? DOWN_FOR_GOOD : Math.round((fault.forMs as number) * NS_PER_MS);
        return this.hands.begin(number, fault, nodes, band, forNs);
      }
    }
  }

  /** Whether the node has lost what it had stored. */
  isDamaged(node: Station): boolean {
    return this.hands.isDamaged(node);
  }

  private select(selector: NodeSelector, fault: Fault, band: Band): Station[] {
    const random = faultRandom(this.world.seed, fault);
    const found = resolve(this.world, this.leaders, selector, random, []);
    if (typeof found === "string") {
      band.skipped = found;
      return [];
    }
    band.nodes = found.map((node) => node.id);
    return found;
  }

  private partition(groups: readonly NodeSelector[], fault: Fault, band: Band): Undo {
    const random = faultRandom(this.world.seed, fault);
    const side = new Map<number, number>();
    const taken: Station[] = [];
    for (const [number, group] of groups.entries()) {
      const found = resolve(this.world, this.leaders, group, random, taken);
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
    const { leaders } = this;
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
      const sides = fault.between.map((side) => resolve(world, this.leaders, side, random, []));
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
  endForCore(core: ReadonlySet<Station>): void {
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
      if (core.has(node)) this.hands.mend(node);
      else this.hands.abandon(node);
    }
    // Whatever else is still on never ends: the part outside the core is left broken.
    this.undo.fill(null);
  }

  private isolateIfDamaged(node: Station, core: ReadonlySet<number>): void {
    const links = this.world.links.filter(
      ({ from, to }) => (from === node.number && core.has(to)) || (to === node.number && core.has(from)),
    );
    if (links.every((link) => link.cuts === 0 && link.overlays.length === 0)) return;
    for (const link of links) cutLink(link);
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
