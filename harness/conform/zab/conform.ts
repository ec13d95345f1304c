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

interface SpecState {
  readonly id: string;
  readonly text: string;
  readonly hash: string;
  /** Actions of the prefix that are to come. */
  readonly prefix: number;
}

interface SpecEdge {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** The text of the message that it is about; empty: none. */
  readonly packet: string;
}

/** TLC's graph of a model, kept in memory so that several cores can be held against it. */
export interface SpecGraph {
  /** In the order of discovery: a state before the first edge that names it. */
  readonly items: readonly (SpecState | SpecEdge)[];
  readonly wallMs: number;
}

const DIVERGENCES_SHOWN = 3;

/** @throws ToolError without Java or jar, Error where TLC did not finish */
export async function specGraph(model: string, settings: Pick<TlcOptions, "timeoutMs"> = {}): Promise<SpecGraph> {
  const spec = join(specFolder(), "zab", "MCZab.tla");
  const library = [join(specFolder(), "common")];
  const stream = graph({ ...settings, spec, config: modelFile(model), library, quickStart: true });
  const items: (SpecState | SpecEdge)[] = [];
  const seen = new Set<string>();
  for (;;) {
    const next = await stream.next();
    if (next.done === true) {
      if (next.value.verdict !== "ok") throw new Error(`TLC on ${model}: ${next.value.reason ?? next.value.verdict}`);
      return { items, wallMs: next.value.wallMs };
    }
    const item = prepared(next.value);
    if ("packet" in item) {
      const key = `${item.from} ${item.to} ${item.name} ${item.packet || JSON.stringify(item.args)}`;
      if (seen.has(key)) continue; // The same edge by another disjunct of the spec.
      seen.add(key);
    }
    items.push(item);
  }
}

function prepared(item: GraphItem): SpecState | SpecEdge {
  if ("state" in item) {
    const text = canonical(item.state);
    return { id: item.id, text, hash: hash(text), prefix: (item.state as Cluster).left.prefix };
  }
  const { name, args } = item.action;
  const [to, from, message] = args;
  const isMessage = name.startsWith("Handle") || name === "Take";
  return { from: item.from, to: item.to, name, args, packet: isMessage ? canonical({ from, to, message }) : "" };
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
function moveOf(world: World, { name, args, packet }: SpecEdge): Move {
  const at = args[0] as string;
  if (packet !== "") {
    const known = world.cores.packets.find(packet);
    if (known === undefined) throw new Error(`the code never sent ${packet}`);
    return { name: name === "Take" ? "Take" : "Receive", at, with: known };
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
  private readonly keys = new Map<string, string>();

  constructor(world: World) {
    this.world = world;
  }

  item(item: SpecState | SpecEdge): void {
    if ("packet" in item) this.edge(item);
    else this.state(item);
  }

  private state({ id, text, hash: digest, prefix }: SpecState): void {
    if (this.texts.size === 0) {
      const initial = this.world.initial(prefix);
      if (this.world.text(initial) === text) this.reached(id, initial, prefix);
      else this.differs(text, this.world.text(initial), "the initial state");
    }
    this.texts.set(id, text);
    if (prefix === 0) this.stable.add(digest);
  }

  private reached(id: string, cluster: Cluster, prefix: number): void {
    this.clusters.set(id, cluster);
    this.keys.set(id, this.world.key(cluster));
    if (prefix === 0) this.start ??= cluster;
  }

  private edge(edge: SpecEdge): void {
    const { from, to, name, args } = edge;
    this.edges += 1;
    const cluster = this.clusters.get(from);
    if (cluster === undefined) return; // Beyond a divergence.
    this.replayed += 1;
    const what = `${name} ${JSON.stringify(args)}`;
    try {
      const taken = this.world.take(cluster, moveOf(this.world, edge));
      const prefix = Math.max(0, cluster.left.prefix - 1);
      const next = prefix === taken.left.prefix ? taken : { ...taken, left: { ...taken.left, prefix } };
      if (this.keys.get(to) === this.world.key(next)) return;
      const text = this.world.text(next);
      if (text !== this.texts.get(to)) return this.differs(this.texts.get(to) ?? "", text, what);
      if (!this.clusters.has(to)) this.reached(to, next, prefix);
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
