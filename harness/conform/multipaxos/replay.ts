/** A model's graph from TLC against the code: every edge replayed once, and the two sets of stable states compared. */
import { createHash } from "node:crypto";
import { graph, type GraphItem, type TlcOptions } from "tla2tools-runner";
import { canonical } from "./canonical.js";
import { type Cluster, type Explored, type Explorer, type Move, explore } from "./explore.js";

interface SpecEdge {
  readonly to: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

interface SpecState {
  readonly text: string;
  readonly quiet: boolean;
  readonly pre: number;
}

export interface Divergence {
  /** What was done in vain, first to last. */
  readonly path: readonly string[];
  readonly problem: string;
}

export interface Conformance {
  readonly name: string;
  /** Stable states of the spec, and those in the middle of a step. */
  readonly specStates: number;
  readonly transientStates: number;
  readonly specEdges: number;
  readonly edgesReplayed: number;
  readonly codeStates: number;
  readonly codeEdges: number;
  /** Calls of the core that both took: everything else was remembered. */
  readonly steps: number;
  readonly onlyInSpec: number;
  readonly onlyInCode: number;
  readonly divergences: readonly Divergence[];
  readonly actions: readonly string[];
  readonly specMs: number;
  readonly replayMs: number;
  readonly codeMs: number;
}

/** One forced action: its name, the replica, and what tells it from others of that name. */
export interface Step {
  readonly action: string;
  readonly node: string;
  /** `sender type` of the message, perhaps with a part of its text; count of writes; value; index. */
  readonly with?: string | number;
}

const DIVERGENCES_MAX = 5;
const STATES_PER_SPEC_STATE = 20;
const STATES_SPARE = 10_000;

/** Takes the prefix's steps in the code. Returns where that ends, and the steps with the arguments that the spec has. */
export function forced(explorer: Explorer, prefix: readonly Step[]): { start: Cluster; lines: readonly object[] } {
  let start = explorer.initial();
  const lines: object[] = [];
  for (const step of prefix) {
    const fitting = allMoves(explorer, start).filter((move) => fits(explorer, start, move, step));
    const move = fitting[0];
    if (move === undefined || fitting.length > 1)
      throw new Error(`${fitting.length} moves fit ${JSON.stringify(step)}, one must`);
    lines.push({ name: step.action, args: argsOf(explorer, start, move) });
    start = explorer.take(start, move).to;
  }
  return { start, lines };
}

/** What the environment may do, the choices included that the model leaves out later. */
function allMoves(explorer: Explorer, from: Cluster): Move[] {
  return explorer.moves(from, true);
}

function fits(explorer: Explorer, from: Cluster, move: Move, step: Step): boolean {
  if (move.action !== step.action) return false;
  const { choice } = move;
  if (choice.type === "drop" || choice.type === "duplicate" || choice.type === "deliver") {
    const packet = explorer.replicas.packets[choice.packet];
    const [from, type, text] = String(step.with).split(" ");
    if (packet === undefined || packet.to !== step.node || packet.from !== from) return false;
    return packet.message.type === type && (text === undefined || packet.text.includes(text));
  }
  if (explorer.bounds.ids[move.at] !== step.node) return false;
  if (choice.type === "persist") return choice.count === (step.with ?? 1);
  if (choice.type === "restart") return choice.kept === (step.with ?? 0);
  if (choice.type === "propose") return choice.value === step.with;
  if (choice.type === "snapshot") return choice.index === step.with;
  if (choice.type === "snapshotSent") return choice.to === step.with;
  return from.replicas.length > 0;
}

/** The spec's arguments of a move, as text. */
function argsOf(explorer: Explorer, from: Cluster, move: Move): string {
  const { choice } = move;
  const id = JSON.stringify(explorer.bounds.ids[move.at] ?? "");
  switch (choice.type) {
    case "drop":
    case "duplicate":
      return `[${explorer.replicas.packets[choice.packet]?.text}]`;
    case "deliver":
      return `[${id},${explorer.replicas.packets[choice.packet]?.text}]`;
    case "persist":
      return `[${id},${choice.count}]`;
    case "restart":
      return `[${id},${choice.kept}]`;
    case "propose":
      return `[${id},${JSON.stringify(choice.value)}]`;
    case "snapshot":
      return `[${id},${choice.index}]`;
    case "snapshotSent":
      return `[${id},${JSON.stringify(choice.to)}]`;
    case "timeout": {
      if (choice.timer !== "learn") return `[${id}]`;
      const asked = explorer.take(from, move).to.network.find((packet) => !from.network.includes(packet)) ?? -1;
      return `[${id},${JSON.stringify(explorer.replicas.packets[asked]?.to ?? "")}]`;
    }
    case "read":
      return `[${id}]`;
  }
}

class SpecGraph {
  readonly states = new Map<string, SpecState>();
  readonly edges = new Map<string, Map<string, SpecEdge>>();
  readonly actions = new Set<string>();
  root: string | null = null;
  edgeCount = 0;

  add(item: GraphItem): void {
    if ("state" in item) {
      const { seen, quiet, pre } = item.state as { seen: unknown; quiet: boolean; pre: number };
      this.states.set(item.id, { text: canonical(seen), quiet, pre });
      return;
    }
    this.root ??= item.from;
    const { name, args } = item.action;
    this.actions.add(name);
    let from = this.edges.get(item.from);
    if (from === undefined) {
      from = new Map();
      this.edges.set(item.from, from);
    }
    const key = `${item.to} ${name} ${canonical(args)}`;
    if (from.has(key)) return;
    from.set(key, { to: item.to, name, args });
    this.edgeCount += 1;
  }
}

class Replayer {
  readonly divergences: Divergence[] = [];
  readonly replayed = new Set<SpecEdge>();
  private readonly explorer: Explorer;
  private readonly spec: SpecGraph;
  private readonly reached = new Map<
    string,
    { readonly cluster: Cluster; readonly from: string; readonly how: string }
  >();

  constructor(explorer: Explorer, spec: SpecGraph) {
    this.explorer = explorer;
    this.spec = spec;
  }

  /** Breadth first: one configuration of the code is kept beside each stable state of the spec. */
  run(): void {
    const { root } = this.spec;
    if (root === null) return;
    const initial = this.explorer.initial();
    this.compare(initial, root, root, "the initial state");
    this.reached.set(root, { cluster: initial, from: "", how: "" });
    const queue = [root];
    for (let id = queue[0], at = 0; id !== undefined; at += 1, id = queue[at]) {
      for (const edge of this.spec.edges.get(id)?.values() ?? []) {
        if (this.divergences.length >= DIVERGENCES_MAX) return;
        const found = this.replay(id, edge);
        if (found === null || this.reached.has(found.id)) continue;
        this.reached.set(found.id, { cluster: found.cluster, from: id, how: edgeText(edge) });
        queue.push(found.id);
      }
    }
  }

  private replay(id: string, edge: SpecEdge): { id: string; cluster: Cluster } | null {
    const before = (this.reached.get(id) as { cluster: Cluster }).cluster;
    const move = moveOf(this.explorer, before, edge);
    if (move === null) return this.diverge(id, edge, "the code has no such choice here");
    let taken: ReturnType<Explorer["take"]>;
    try {
      taken = this.explorer.take(before, move);
    } catch (error) {
      return this.diverge(id, edge, `the code throws: ${String(error)}`);
    }
    // The spec goes on by itself to its next stable state.
    const names = [edge.name];
    let to = edge.to;
    this.replayed.add(edge);
    while (this.spec.states.get(to)?.quiet === false) {
      const next = [...(this.spec.edges.get(to)?.values() ?? [])];
      const only = next[0];
      if (only === undefined) return null; // Its end lies outside the model's bounds.
      if (next.length > 1) return this.diverge(id, edge, `the spec does not say what follows ${names.join(", ")}`);
      names.push(only.name);
      to = only.to;
      this.replayed.add(only);
    }
    if (edge.name !== "Restart" && names.join() !== taken.actions.join())
      return this.diverge(id, edge, `spec: ${names.join(", ")}; code: ${taken.actions.join(", ")}`);
    return this.compare(taken.to, to, id, edgeText(edge)) ? { id: to, cluster: taken.to } : null;
  }

  private compare(cluster: Cluster, id: string, from: string, how: string): boolean {
    const expected = this.spec.states.get(id)?.text ?? "";
    const actual = this.explorer.text(cluster);
    if (expected === actual) return true;
    this.divergences.push({ path: [...this.pathTo(from), how], problem: difference(expected, actual) });
    return false;
  }

  private diverge(id: string, edge: SpecEdge, problem: string): null {
    this.divergences.push({ path: [...this.pathTo(id), edgeText(edge)], problem });
    return null;
  }

  private pathTo(id: string): string[] {
    const path: string[] = [];
    for (let at = this.reached.get(id); at !== undefined && at.how !== ""; at = this.reached.get(at.from))
      path.unshift(at.how);
    return path;
  }
}

function edgeText({ name, args }: SpecEdge): string {
  return `${name}(${args.map(canonical).join(", ")})`;
}

/** The first place in which two texts differ, with what is around it. */
function difference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at += 1;
  const from = Math.max(0, at - 60);
  return `spec: …${expected.slice(from, at + 100)}…; code: …${actual.slice(from, at + 100)}…`;
}

/** The choice that an edge stands for. Its arguments name it: replica, message, count. */
function moveOf(explorer: Explorer, from: Cluster, { name, args }: SpecEdge): Move | null {
  const [first, second] = args;
  const at = typeof first === "string" ? explorer.bounds.ids.indexOf(first) : -1;
  if (name.startsWith("Handle") || name === "Drop" || name === "Duplicate") {
    const packet = explorer.replicas.packetNumber(canonical(name.startsWith("Handle") ? second : first));
    if (packet === undefined || !from.network.includes(packet)) return null;
    const type = name === "Drop" ? "drop" : name === "Duplicate" ? "duplicate" : "deliver";
    return { action: name, at, choice: { type, packet } };
  }
  switch (name) {
    case "Prepare":
    case "Probe":
      return { action: name, at, choice: { type: "timeout", timer: "leader" } };
    case "Heartbeat":
      return { action: name, at, choice: { type: "timeout", timer: "heartbeat" } };
    case "LearnTimeout":
      return { action: name, at, choice: { type: "timeout", timer: "learn" } };
    case "ClientRequest":
      return { action: name, at, choice: { type: "propose", value: second as string } };
    case "SyncPersist":
      return { action: name, at, choice: { type: "persist", count: second as number } };
    case "Restart":
      return { action: name, at, choice: { type: "restart", kept: second as number } };
    case "TakeSnapshot":
      return { action: name, at, choice: { type: "snapshot", index: second as number } };
    case "SnapshotSent":
      return { action: name, at, choice: { type: "snapshotSent", to: second as string } };
    case "Read":
      return { action: name, at, choice: { type: "read" } };
    default:
      return null;
  }
}

/** A model's graph as TLC has it. */
export interface LoadedGraph {
  readonly name: string;
  readonly spec: SpecGraph;
  /** Digests of the stable states behind the prefix, and how many states are not stable. */
  readonly stable: ReadonlySet<string>;
  readonly transientStates: number;
  readonly wallMs: number;
}

/** @throws ToolError where Java, the jar or the specification is missing; Error where TLC did not finish. */
export async function loadGraph(name: string, tlc: TlcOptions): Promise<LoadedGraph> {
  const began = process.hrtime.bigint();
  const spec = new SpecGraph();
  const items = graph(tlc);
  let next = await items.next();
  for (; next.done !== true; next = await items.next()) spec.add(next.value);
  const result = next.value;
  if (result.verdict !== "ok") throw new Error(`TLC: ${result.reason ?? result.violation?.message ?? result.verdict}`);
  let pre = 0;
  for (const state of spec.states.values()) if (state.pre > pre) pre = state.pre;
  const stable = new Set<string>();
  let transientStates = 0;
  for (const state of spec.states.values()) {
    if (!state.quiet) transientStates += 1;
    else if (state.pre === pre) stable.add(digest(state.text));
  }
  return { name, spec, stable, transientStates, wallMs: Number(process.hrtime.bigint() - began) / 1e6 };
}

/**
 * TLC's graph against the code. `start` is where the model's prefix ends in the code; null: it does not get there. With
 * `untilParted` the code is not explored once an edge has diverged.
 */
export function compare(
  graph: LoadedGraph,
  explorer: Explorer,
  start: Cluster | null,
  untilParted: boolean,
): Conformance {
  const began = process.hrtime.bigint();
  const { spec, stable } = graph;
  const replayer = new Replayer(explorer, spec);
  replayer.run();
  const replayMs = Number(process.hrtime.bigint() - began) / 1e6;
  const parted = untilParted && replayer.divergences.length > 0;
  // A mutant may have no end of states.
  const statesMax = STATES_PER_SPEC_STATE * stable.size + STATES_SPARE;
  const code = start === null || parted ? NOTHING : exploredOrThrown(explorer, start, statesMax);
  const reached = new Set([...code.texts].map(digest));
  return {
    name: graph.name,
    specStates: stable.size,
    transientStates: graph.transientStates,
    specEdges: spec.edgeCount,
    edgesReplayed: replayer.replayed.size,
    codeStates: reached.size,
    codeEdges: code.edges,
    steps: explorer.replicas.steps,
    onlyInSpec: [...stable].filter((text) => !reached.has(text)).length,
    onlyInCode: [...reached].filter((text) => !stable.has(text)).length,
    divergences: replayer.divergences,
    actions: [...spec.actions].sort((a, b) => (a < b ? -1 : 1)),
    specMs: graph.wallMs,
    replayMs,
    codeMs: code.wallMs,
  };
}

const NOTHING: Explored = { texts: new Set(), edges: 0, wallMs: 0 };

/** A mutant of the code may throw on the way, or find no end: it then reaches nothing, which no spec does. */
function exploredOrThrown(explorer: Explorer, start: Cluster, statesMax: number): Explored {
  try {
    return explore(explorer, start, statesMax);
  } catch {
    return NOTHING;
  }
}

function digest(text: string): string {
  return createHash("sha1").update(text).digest("base64");
}
