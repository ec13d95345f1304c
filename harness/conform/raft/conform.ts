/** Spec and code against each other: every edge of the spec's graph replayed, and both graphs compared. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "../../../protocols/core/index.js";
import { type CheckResult, graph, type TlcOptions } from "tla2tools-runner";
import { canonical } from "../multipaxos/canonical.js";
import { specFolder } from "../protocol.js";
import { type Cluster, Explorer, type Move } from "./explore.js";
import { boundsOf, configFile, type Model, type Step } from "./models.js";
import type { RaftModule } from "./replica.js";

/** A way from the start of a model to where spec and code part. */
export interface Divergence {
  readonly path: readonly string[];
  readonly problem: string;
}

export interface ModelConformance {
  readonly name: string;
  /** Stable states and edges between them; what a replica does by itself is part of the edge that caused it. */
  readonly specStates: number;
  readonly specEdges: number;
  readonly edgesReplayed: number;
  readonly divergences: number;
  /** Number of the first edge that diverged; 0: none. */
  readonly firstAt: number;
  readonly codeStates: number;
  readonly codeEdges: number;
  readonly onlyInSpec: number;
  readonly onlyInCode: number;
  /** At most one of replay, and one of the comparison: the first. */
  readonly first: readonly Divergence[];
  /** The code's states a second, remembered steps included. */
  readonly statesPerSecond: number;
  readonly coreSteps: number;
  readonly specMs: number;
  readonly wallMs: number;
}

interface Edge {
  readonly to: number;
  readonly name: string;
  readonly args: string;
}

/** The spec's graph between stable states, numbered in the order of their discovery. */
export interface SpecGraph {
  readonly texts: readonly string[];
  readonly edges: readonly (readonly Edge[])[];
  readonly root: number;
  readonly result: CheckResult;
}

/** @throws ToolError without Java or jar, Error where TLC did not finish */
export async function specGraph(
  explorer: Explorer,
  model: Model,
  prefix: readonly object[],
  settings: Pick<TlcOptions, "timeoutMs">,
): Promise<SpecGraph> {
  const folder = await mkdtemp(join(tmpdir(), "synod-graph-"));
  try {
    const own = await readFile(configFile(model), "utf8");
    const config = join(folder, "graph.cfg");
    // The graph alone: what must hold is checked by `synod model`.
    await writeFile(config, `${own.replaceAll(/^(INVARIANTS?|PROPERTY) .*$/gm, "")}\nACTION_CONSTRAINT Emit\n`);
    const forced = join(folder, "prefix.ndjson");
    await writeFile(forced, prefix.map((step) => `${JSON.stringify(step)}\n`).join(""));
    const items = graph({
      ...settings,
      quickStart: model.size === "small",
      spec: join(specFolder(), "raft", "MCRaft.tla"),
      config,
      library: [join(specFolder(), "common")],
      environment: prefix.length === 0 ? {} : { PREFIX: forced },
    });
    return await gather(explorer, items, prefix.length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Shape {
  readonly node: Readonly<Record<string, unknown>>;
  readonly disk: Readonly<Record<string, { readonly durable: unknown; readonly pending: readonly PendingShape[] }>>;
  readonly messages: readonly (readonly [unknown, number])[];
  readonly restarts: number;
  readonly pre: number;
  /** No replica has anything to do by itself. */
  readonly quiet: boolean;
}
type PendingShape = Readonly<Record<string, unknown>> & { readonly held: unknown };

/** As `Explorer.text` writes it. */
function textOf(explorer: Explorer, { node, disk, messages, restarts }: Shape): string {
  const parts = explorer.nodes.map((id) => {
    const { durable, pending } = disk[id] as Shape["disk"][string];
    const writes = pending.map(({ held, ...fields }) => `{"fields":${canonical(fields)},"held":${canonical(held)}}`);
    return `{"node":${canonical(node[id])},"durable":${canonical(durable)},"pending":[${writes.join(",")}]}`;
  });
  return `${parts.join("\n")}\n${canonical(messages)}\n${restarts}`;
}

async function gather(explorer: Explorer, items: ReturnType<typeof graph>, prefixLength: number): Promise<SpecGraph> {
  const numbers = new Map<string, number>();
  const texts: string[] = [];
  const early = new Set<number>();
  const raw: Edge[][] = [];
  const quiet: boolean[] = [];
  let next = await items.next();
  for (; next.done !== true; next = await items.next()) {
    const item = next.value;
    if ("id" in item) {
      const shape = item.state as Shape;
      if (shape.pre < prefixLength) early.add(texts.length);
      numbers.set(item.id, texts.length);
      texts.push(textOf(explorer, shape));
      raw.push([]);
      quiet.push(shape.quiet);
    } else {
      const to = numbers.get(item.to) as number;
      const { name, args } = item.action;
      (raw[numbers.get(item.from) as number] as Edge[]).push({ to, name, args: canonical(args) });
    }
  }
  const result = next.value;
  if (result.verdict !== "ok")
    throw new Error(`TLC gave no graph: ${result.reason ?? result.violation?.message ?? ""}`);
  const root = texts.findIndex((_, at) => !early.has(at) && quiet[at] === true);
  return { texts, edges: raw.map((edges) => unique(edges.flatMap((edge) => settled(edge, raw, quiet)))), root, result };
}

/** The edge to where the replica has done all that it does by itself; none if that is beyond the bounds. */
function settled(edge: Edge, raw: readonly (readonly Edge[])[], quiet: readonly boolean[]): Edge[] {
  let { to } = edge;
  while (quiet[to] !== true) {
    const next = raw[to]?.[0];
    if (next === undefined) return [];
    to = next.to;
  }
  return [{ ...edge, to }];
}

function unique(edges: readonly Edge[]): Edge[] {
  const seen = new Map<string, Edge>();
  for (const edge of edges) seen.set(`${edge.name} ${edge.args}`, edge);
  return [...seen.values()];
}

/** Takes the prefix's steps in the code; gives where they end, and the steps with the spec's arguments. */
export function forced(explorer: Explorer, prefix: readonly Step[]): { start: Cluster; lines: readonly object[] } {
  let start = explorer.initial();
  const lines: object[] = [];
  for (const [action, ...parts] of prefix) {
    const fitting = explorer
      .moves(start, false)
      .filter(({ name, args }) => name === action && parts.every((part) => args.includes(part)));
    const [move, another] = fitting;
    assert(move !== undefined, `the prefix cannot do ${action} ${parts.join(" ")} after ${lines.length} steps`);
    assert(another === undefined, `${action} ${parts.join(" ")} is not one step but ${fitting.length}`);
    const taken = explorer.take(start, move, false);
    assert(taken.type === "moved", `the prefix fails at ${action}`);
    start = taken.to;
    lines.push({ name: action, args: move.args });
  }
  return { start, lines };
}

export async function conformModel(
  module: RaftModule,
  model: Model,
  settings: Pick<TlcOptions, "timeoutMs"> = {},
  known?: SpecGraph,
): Promise<ModelConformance> {
  const started = performance.now();
  const explorer = new Explorer(module, await boundsOf(model, module));
  const { start, lines } = forced(explorer, model.prefix);
  const spec = known ?? (await specGraph(explorer, model, lines, settings));
  const replayed = replay(explorer, spec, start);
  const before = performance.now();
  const code = explore(explorer, start, 4 * spec.texts.length + 1000);
  const codeMs = performance.now() - before;
  const compared = compare(spec, code);
  const stable = reachable(spec);
  return {
    name: model.name,
    specStates: stable.length,
    specEdges: stable.reduce((sum, at) => sum + (spec.edges[at] as readonly Edge[]).length, 0),
    edgesReplayed: replayed.edges,
    divergences: replayed.divergences,
    firstAt: replayed.firstAt,
    codeStates: code.texts.size,
    codeEdges: code.edges,
    onlyInSpec: compared.onlyInSpec,
    onlyInCode: compared.onlyInCode,
    first: [...(replayed.first === null ? [] : [replayed.first]), ...(compared.first === null ? [] : [compared.first])],
    statesPerSecond: Math.round((code.texts.size / Math.max(codeMs, 1)) * 1000),
    coreSteps: explorer.replicas.steps,
    specMs: spec.result.wallMs,
    wallMs: performance.now() - started,
  };
}

/** Stable states after the prefix, breadth first. */
function reachable({ root, edges }: SpecGraph): number[] {
  const queue = [root];
  const seen = new Set(queue);
  for (const at of queue) {
    for (const { to } of edges[at] as readonly Edge[]) {
      if (seen.has(to)) continue;
      seen.add(to);
      queue.push(to);
    }
  }
  return queue;
}

interface Replayed {
  readonly edges: number;
  readonly divergences: number;
  readonly firstAt: number;
  readonly first: Divergence | null;
}

/** Breadth first, so that the code stands beside each state of the spec once and each edge is taken once. */
function replay(explorer: Explorer, spec: SpecGraph, start: Cluster): Replayed {
  const beside = new Map<number, Cluster>([[spec.root, start]]);
  const parents = new Map<number, readonly [number, string]>();
  let [edges, divergences, firstAt] = [0, 0, 0];
  let first: Divergence | null = null;
  const diverge = (at: number, edge: string, problem: string): void => {
    divergences += 1;
    if (firstAt === 0) firstAt = Math.max(1, edges);
    first ??= { path: [...pathTo(parents, at), edge], problem };
  };
  if (explorer.text(start) !== spec.texts[spec.root])
    diverge(spec.root, "(start)", difference(spec.texts[spec.root] ?? "", explorer.text(start)));
  const queue = [spec.root];
  for (const at of queue) {
    const cluster = beside.get(at) as Cluster;
    const moves = new Map(explorer.moves(cluster, true).map((move) => [`${move.name} ${move.args}`, move]));
    for (const { name, args, to } of spec.edges[at] as readonly Edge[]) {
      const label = `${name} ${args}`;
      edges += 1;
      const end = arrive(explorer, cluster, moves.get(label));
      const text = typeof end === "string" ? null : explorer.text(end);
      if (typeof end === "string") diverge(at, label, end);
      else if (text !== spec.texts[to]) diverge(at, label, difference(spec.texts[to] as string, text as string));
      else if (!beside.has(to)) {
        beside.set(to, end);
        parents.set(to, [at, label]);
        queue.push(to);
      }
    }
  }
  return { edges, divergences, firstAt, first };
}

/** Where the move leads, or why nowhere. */
function arrive(explorer: Explorer, cluster: Cluster, move: Move | undefined): Cluster | string {
  if (move === undefined) return "the code has no such choice there";
  const taken = explorer.take(cluster, move, true);
  if (taken.type === "moved") return taken.to;
  return taken.type === "cut" ? "the code sends more messages than the spec" : `the code throws: ${taken.why}`;
}

function pathTo<K>(parents: ReadonlyMap<K, readonly [K, string]>, end: K): string[] {
  const path: string[] = [];
  for (let at = parents.get(end); at !== undefined; at = parents.get(at[0])) path.unshift(at[1]);
  return path;
}

/** The first place where two states differ, with what stands there on both sides. */
function difference(spec: string, code: string): string {
  let at = 0;
  while (at < spec.length && spec[at] === code[at]) at += 1;
  const from = Math.max(0, spec.lastIndexOf(',"', at));
  return `spec ${spec.slice(from, at + 60)} | code ${code.slice(from, at + 60)}`;
}

interface Explored {
  /** Text of each state the spec can see, with a state of the code that has it. */
  readonly texts: ReadonlyMap<string, string>;
  readonly parents: ReadonlyMap<string, readonly [string, string]>;
  readonly edges: number;
  readonly thrown: Divergence | null;
  readonly complete: boolean;
}

/** Everything the code can come to within the bounds, breadth first. */
export function explore(explorer: Explorer, start: Cluster, statesMax: number): Explored {
  const parents = new Map<string, readonly [string, string]>();
  const seen = new Set<string>([explorer.key(start)]);
  const texts = new Map<string, string>([[explorer.text(start), explorer.key(start)]]);
  const queue = [start];
  let edges = 0;
  let thrown: Divergence | null = null;
  for (const cluster of queue) {
    const key = explorer.key(cluster);
    for (const move of explorer.moves(cluster, true)) {
      const taken = explorer.take(cluster, move, true);
      if (taken.type === "thrown")
        thrown ??= {
          path: [...pathTo(parents, key), `${move.name} ${move.args}`],
          problem: `the code throws: ${taken.why}`,
        };
      if (taken.type !== "moved") continue;
      edges += 1;
      const next = explorer.key(taken.to);
      if (seen.has(next)) continue;
      seen.add(next);
      parents.set(next, [key, `${move.name} ${move.args}`]);
      const text = explorer.text(taken.to);
      if (!texts.has(text)) texts.set(text, next);
      queue.push(taken.to);
      if (queue.length > statesMax) return { texts, parents, edges, thrown, complete: false };
    }
  }
  return { texts, parents, edges, thrown, complete: true };
}

/** Both sets of texts. The code is explored breadth first, so its first extra state has the shortest path. */
function compare(
  spec: SpecGraph,
  code: Explored,
): { readonly onlyInSpec: number; readonly onlyInCode: number; readonly first: Divergence | null } {
  const inSpec = new Set(reachable(spec).map((at) => spec.texts[at] as string));
  let onlyInCode = 0;
  let first = code.thrown;
  for (const [text, key] of code.texts) {
    if (inSpec.has(text)) continue;
    onlyInCode += 1;
    first ??= { path: pathTo(code.parents, key), problem: "the spec never comes to where the code is then" };
  }
  const missing = [...inSpec].filter((text) => !code.texts.has(text));
  if (missing.length > 0 && first === null)
    first = { path: [], problem: `the code never comes to ${missing[0]?.slice(0, 400)}` };
  return { onlyInSpec: missing.length, onlyInCode: code.complete ? onlyInCode : onlyInCode + 1, first };
}
