/** A model of ZAB against the code: every edge of TLC's graph replayed once, then both graphs compared as sets of texts. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { graph, type GraphItem, type TlcOptions } from "tla2tools-runner";
import { canonical } from "../multipaxos/canonical.js";
import { specFolder } from "../protocol.js";
import { type Cluster, type Move, World } from "./cluster.js";
import type { ZabModule } from "./cores.js";
import { type Bounds, boundsOf, modelFile } from "./models.js";

export interface Conformance {
  readonly model: string;
  readonly specStates: number;
  readonly edges: number;
  readonly replayed: number;
  /** The first few edges after which the states differ, or that the code could not take. */
  readonly divergences: readonly { readonly edge: number; readonly problem: string }[];
  readonly diverged: number;
  readonly codeStates: number;
  readonly onlyInSpec: number;
  readonly onlyInCode: number;
  /** Why the code's graph is not complete; null: it is. */
  readonly broken: string | null;
  readonly specMs: number;
  readonly codeMs: number;
  readonly coreSteps: number;
}

/** TLC's graph of a model, kept in memory so that several cores can be held against it. */
export interface SpecGraph {
  readonly items: readonly GraphItem[];
  readonly wallMs: number;
}

const DIVERGENCES_SHOWN = 3;

/** @throws ToolError without Java or jar, Error where TLC did not finish */
export async function specGraph(model: string, settings: Pick<TlcOptions, "timeoutMs"> = {}): Promise<SpecGraph> {
  const spec = join(specFolder(), "zab", "MCZab.tla");
  const library = [join(specFolder(), "common")];
  const stream = graph({ ...settings, spec, config: modelFile(model), library, quickStart: true });
  const items: GraphItem[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) {
      if (next.value.verdict !== "ok") throw new Error(`TLC on ${model}: ${next.value.reason ?? next.value.verdict}`);
      return { items, wallMs: next.value.wallMs };
    }
    items.push(next.value);
  }
}

function worldOf(module: ZabModule, bounds: Bounds): World {
  const ids = ["n1", "n2", "n3"].slice(0, bounds.servers);
  const options = {
    ...module.defaultOptions("matched"),
    windowEntries: bounds.window,
    trailingEntries: bounds.trailing,
    snapshotEveryEntries: 0,
    initLimit: 1,
    syncLimit: 1,
  };
  return new World({ module, ids, options, lost: new Set(bounds.lost) }, bounds);
}

/** The edge's action as the code's choice. */
function moveOf(world: World, name: string, args: readonly unknown[]): Move {
  const at = args[0] as string;
  if (name.startsWith("Handle") || name === "Take") {
    const packet = world.cores.packets.texts.indexOf(canonical({ from: args[1], to: at, message: args[2] }));
    if (packet < 0) throw new Error(`the code never sent ${JSON.stringify(args)}`);
    return { name: name === "Take" ? "Take" : "Receive", at, with: packet };
  }
  if (name === "LeaveEpoch" || name === "LeaderTick") return { name: "GiveUp", at, with: 0 };
  return { name, at, with: (args[1] ?? 0) as string | number };
}

const hash = (text: string): string => createHash("sha1").update(text).digest("base64");

/**
 * Replays and compares. A core that throws is a divergence.
 * @param hasty end the replay at the first divergence, and do not explore then: for planted bugs
 */
export function conform(module: ZabModule, model: string, spec: SpecGraph, hasty = false): Conformance {
  const from = performance.now();
  const bounds = boundsOf(model);
  const world = worldOf(module, bounds);
  const replay = new Replay(world);
  for (const item of spec.items) {
    if (hasty && replay.diverged > 0) break;
    replay.item(item);
  }
  const code =
    replay.start === null
      ? { states: new Set<string>(), broken: "the prefix cannot be taken" }
      : hasty && replay.diverged > 0
        ? { states: new Set<string>(), broken: "not explored" }
        : explore(world, replay.start);
  const { stable, edges, replayed, divergences, diverged } = replay;
  let common = 0;
  for (const text of code.states) if (stable.has(text)) common += 1;
  return {
    model,
    specStates: stable.size,
    edges,
    replayed,
    divergences,
    diverged,
    codeStates: code.states.size,
    onlyInSpec: stable.size - common,
    onlyInCode: code.states.size - common,
    broken: code.broken,
    specMs: spec.wallMs,
    codeMs: performance.now() - from,
    coreSteps: world.cores.steps,
  };
}

class Replay {
  readonly stable = new Set<string>();
  readonly divergences: { edge: number; problem: string }[] = [];
  edges = 0;
  replayed = 0;
  diverged = 0;
  /** Where the prefix ends in the code. */
  start: Cluster | null = null;
  private readonly world: World;
  private readonly texts = new Map<string, string>();
  private readonly clusters = new Map<string, Cluster>();
  private readonly seen = new Set<string>();

  constructor(world: World) {
    this.world = world;
  }

  item(item: GraphItem): void {
    if ("state" in item) this.state(item.id, item.state);
    else this.edge(item);
  }

  private state(id: string, state: unknown): void {
    const text = canonical(state);
    const { prefix } = (state as Cluster).left;
    if (this.texts.size === 0) {
      const initial = this.world.initial(prefix);
      if (this.world.text(initial) === text) this.clusters.set(id, initial);
      else this.differs(text, this.world.text(initial), "the initial state");
    }
    this.texts.set(id, text);
    if (prefix === 0) this.stable.add(hash(text));
    if (prefix === 0 && this.texts.size === 1) this.start = this.clusters.get(id) ?? null;
  }

  private edge({ from, to, action }: Extract<GraphItem, { from: string }>): void {
    const key = `${from} ${to} ${JSON.stringify(action)}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.edges += 1;
    const cluster = this.clusters.get(from);
    if (cluster === undefined) return; // Beyond a divergence.
    this.replayed += 1;
    const what = `${action.name} ${JSON.stringify(action.args)}`;
    try {
      const move = moveOf(this.world, action.name, action.args);
      const taken = this.world.take(cluster, move);
      const prefix = Math.max(0, cluster.left.prefix - 1);
      const next = { ...taken, left: { ...taken.left, prefix } };
      const text = this.world.text(next);
      if (text !== this.texts.get(to)) return this.differs(this.texts.get(to) ?? "", text, what);
      if (!this.clusters.has(to)) this.clusters.set(to, next);
      if (cluster.left.prefix === 1) this.start = next;
    } catch (error) {
      this.diverge(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private differs(spec: string, code: string, what: string): void {
    let at = 0;
    while (at < spec.length && spec[at] === code[at]) at += 1;
    const part = (text: string): string => text.slice(Math.max(0, at - 60), at + 60);
    this.diverge(`${what}: spec ...${part(spec)}..., code ...${part(code)}...`);
  }

  private diverge(problem: string): void {
    this.diverged += 1;
    if (this.divergences.length < DIVERGENCES_SHOWN) this.divergences.push({ edge: this.replayed, problem });
  }
}

/** Every state that the code reaches under the model's bounds. */
function explore(world: World, start: Cluster): { states: Set<string>; broken: string | null } {
  const states = new Set<string>([hash(world.text(start))]);
  const keys = new Set<string>([world.key(start)]);
  const queue: Cluster[] = [start];
  try {
    for (let at = 0; at < queue.length; at += 1) {
      const cluster = queue[at] as Cluster;
      for (const move of world.moves(cluster)) {
        const next = world.take(cluster, move);
        if (!world.fits(next)) continue;
        const key = world.key(next);
        if (keys.has(key)) continue;
        keys.add(key);
        queue.push(next);
        states.add(hash(world.text(next)));
      }
    }
    return { states, broken: null };
  } catch (error) {
    return { states, broken: error instanceof Error ? error.message : String(error) };
  }
}
