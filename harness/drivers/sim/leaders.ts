/** Who leads: established leaders per round, and when they led. */
import type { NodeId } from "../../../protocols/core/index.js";
import type { Timeline } from "../../record/index.js";
import { NS_PER_MS, type Station, type Surroundings } from "./world.js";

interface Reign {
  readonly node: NodeId;
  readonly round: number;
  readonly from: number;
  to: number;
}

export class Leaders {
  private readonly world: Surroundings;
  private readonly byRound = new Map<number, NodeId>();
  private readonly reigns: Reign[] = [];
  private readonly current: (Reign | null)[];

  constructor(world: Surroundings) {
    this.world = world;
    this.current = world.nodes.map(() => null);
  }

  /** Returns who else leads this round, or null. */
  established(node: Station, round: number): NodeId | null {
    const { world } = this;
    if (node.leaderRound !== -1) this.lost(node);
    node.leaderRound = round;
    if (world.startedAt < 0) world.startedAt = world.now;
    const reign = { node: node.id, round, from: world.now, to: -1 };
    this.reigns.push(reign);
    this.current[node.number] = reign;
    const other = this.byRound.get(round);
    this.byRound.set(round, node.id);
    return other !== undefined && other !== node.id ? other : null;
  }

  lost(node: Station): void {
    node.leaderRound = -1;
    const reign = this.current[node.number] ?? null;
    if (reign !== null) reign.to = this.world.now;
    this.current[node.number] = null;
  }

  /** The running node with an established leadership of the highest round; null: there is none. */
  leader(): Station | null {
    let best: Station | null = null;
    for (const node of this.world.nodes) {
      if (node.leaderRound < 0 || node.host === null) continue;
      if (best === null || node.leaderRound > best.leaderRound) best = node;
    }
    return best;
  }

  /** Established leaderships so far. */
  get count(): number {
    return this.reigns.length;
  }

  /** On the fault clock; a reign that lasts ends with the run. */
  timeline(endNs: number): Timeline["leaders"] {
    const start = Math.max(0, this.world.startedAt);
    return this.reigns.map(({ node, round, from, to }) => ({
      fromMs: (from - start) / NS_PER_MS,
      toMs: ((to < 0 ? endNs : to) - start) / NS_PER_MS,
      node,
      round,
    }));
  }
}
