/** The graph that TLC makes of a bounded model, in numbers, for any number of cores to be held against. */
import type { Protocol } from "../../protocols/core/index.js";
import type { CheckResult, GraphItem } from "tla2tools-runner";
import { type Adapter, replicaText, type SpecShape, writeText } from "./adapter.js";
import { canonical } from "./canonical.js";
import { IntTable, Texts } from "./intTable.js";

/** From a stable state to the next: what a replica does by itself is part of the edge that caused it. */
export interface SpecEdge {
  readonly to: number;
  /** Name and arguments, in `labels`. */
  readonly label: number;
  /** What the spec does, by itself at the end. */
  readonly names: readonly string[];
}

/**
 * A state is a sequence of integers: the texts of its replicas, what is spent of each counter, and the sorted texts of the
 * messages on the network. Texts are canonical, and equal states have equal texts.
 */
export interface SpecGraph {
  readonly texts: Texts;
  readonly labels: Texts;
  /** Stable states and those in the middle of a step, by number in the order of discovery. The first is the initial one. */
  readonly states: readonly Int32Array[];
  readonly quiet: readonly boolean[];
  /** Steps of the prefix that are still to come. */
  readonly forced: readonly number[];
  /** Of each state; none of one in the middle of a step. */
  readonly edges: readonly (readonly SpecEdge[])[];
  /** Stable states behind the prefix: numbers of those with these words. */
  readonly stable: { readonly table: IntTable; readonly states: readonly number[] };
  readonly result: CheckResult;
}

interface RawEdge {
  readonly to: number;
  readonly label: number;
  readonly name: string;
}

/** Takes the stream of TLC. @throws Error where TLC did not finish */
export async function gather<P extends Protocol, D extends object>(
  adapter: Adapter<P, D>,
  prefixLength: number,
  items: AsyncGenerator<GraphItem, CheckResult>,
): Promise<SpecGraph> {
  const gatherer = new Gatherer(adapter, prefixLength);
  let next = await items.next();
  for (; next.done !== true; next = await items.next()) gatherer.add(next.value);
  const result = next.value;
  if (result.verdict !== "ok")
    throw new Error(`TLC gave no graph: ${result.reason ?? result.violation?.message ?? result.verdict}`);
  return gatherer.end(result);
}

class Gatherer<P extends Protocol, D extends object> {
  private readonly texts = new Texts();
  private readonly labels = new Texts();
  private readonly numbers = new Map<string, number>();
  private readonly states: Int32Array[] = [];
  private readonly quiet: boolean[] = [];
  private readonly forced: number[] = [];
  private readonly raw: RawEdge[][] = [];
  private readonly adapter: Adapter<P, D>;
  private readonly prefixLength: number;

  constructor(adapter: Adapter<P, D>, prefixLength: number) {
    this.adapter = adapter;
    this.prefixLength = prefixLength;
  }

  add(item: GraphItem): void {
    if ("state" in item) {
      const shape = this.adapter.shapeOf(item.state, this.prefixLength);
      this.numbers.set(item.id, this.states.length);
      this.states.push(this.wordsOf(shape));
      this.quiet.push(shape.quiet);
      this.forced.push(shape.forced);
      this.raw.push([]);
      return;
    }
    const to = this.numbers.get(item.to) as number;
    const { name, args } = this.adapter.edgeOf(item.action.name, item.action.args);
    const label = this.labels.add(`${name} ${canonical(args)}`);
    const edges = this.raw[this.numbers.get(item.from) as number] as RawEdge[];
    // The same edge may come by several disjuncts of the spec.
    if (edges.every((edge) => edge.to !== to || edge.label !== label)) edges.push({ to, label, name });
  }

  private wordsOf({ replicas, messages, spent }: SpecShape): Int32Array {
    const places = replicas.map(({ node, durable, pending }) => {
      const writes = pending.map(({ held, ...fields }) => writeText(canonical(fields), this.membersOf(held)));
      return this.texts.add(replicaText(canonical(node), canonical(durable), writes));
    });
    const packets = this.membersOf(messages).map((text) => this.texts.add(text));
    return Int32Array.from([...places, ...spent, ...packets.sort((a, b) => a - b)]);
  }

  /** The texts of a bag's members, each as often as it is there; of a set's members. */
  private membersOf(value: unknown): string[] {
    if (this.adapter.network === "set" && !isBag(value)) return (value as readonly unknown[]).map(canonical);
    return (value as readonly (readonly [unknown, number])[]).flatMap(([member, count]) =>
      Array.from({ length: count }, () => canonical(member)),
    );
  }

  end(result: CheckResult): SpecGraph {
    const { texts, labels, states, quiet, forced, raw } = this;
    const edges = raw.map((own, at) => (quiet[at] === true ? own.flatMap((edge) => this.settled(edge)) : []));
    const table = new IntTable();
    const stable: number[] = [];
    for (const [at, words] of states.entries()) {
      if (quiet[at] !== true || forced[at] !== 0) continue;
      if (table.add(words, words.length) === stable.length) stable.push(at);
    }
    return { texts, labels, states, quiet, forced, edges, stable: { table, states: stable }, result };
  }

  /** The edge to where the replica has done all that it does by itself; none if that is beyond the bounds. */
  private settled({ to, label, name }: RawEdge): SpecEdge[] {
    const names = [name];
    let at = to;
    while (this.quiet[at] !== true) {
      const next = this.raw[at] ?? [];
      const [only, another] = next;
      if (only === undefined) return [];
      if (another !== undefined) throw new Error(`the spec does not say what follows ${names.join(", ")}`);
      names.push(only.name);
      at = only.to;
    }
    return [{ to: at, label, names }];
  }
}

/** Whether these are pairs of a member and how often it is there. */
function isBag(value: unknown): boolean {
  const [first] = value as readonly unknown[];
  return Array.isArray(first) && first.length === 2 && typeof first[1] === "number";
}

/** Stable states behind the prefix, and every edge between two stable states, those of the prefix included. */
export function sizeOf({ stable, edges }: SpecGraph): { readonly states: number; readonly edges: number } {
  return { states: stable.states.length, edges: edges.reduce((sum, own) => sum + own.length, 0) };
}

/** The shortest way from the initial state to this one; the prefix is part of it. */
export function wayTo(graph: SpecGraph, end: number): string[] {
  const parents = new Map<number, readonly [number, number]>();
  const queue = [0];
  for (const at of queue) {
    if (at === end) break;
    for (const { to, label } of graph.edges[at] as readonly SpecEdge[]) {
      if (to === 0 || parents.has(to)) continue;
      parents.set(to, [at, label]);
      queue.push(to);
    }
  }
  const path: string[] = [];
  for (let step = parents.get(end); step !== undefined; step = parents.get(step[0]))
    path.unshift(graph.labels.at(step[1]));
  return path;
}
