/** Every edge of TLC's graph taken once by the code, and both graphs compared as sets. */
import type { Protocol } from "../../protocols/core/index.js";
import { CUT, type Explored, type Explorer, type Move, pathTo, THROWN, WORDS_MAX } from "./explorer.js";
import { IntTable, Texts } from "./intTable.js";
import { type SpecEdge, type SpecGraph, wayTo } from "./specGraph.js";

/** A way from the initial state to where spec and code part. */
export interface Divergence {
  readonly path: readonly string[];
  readonly problem: string;
}

export interface Replayed {
  readonly edges: number;
  readonly divergences: number;
  /** Number of the first edge that diverged, the prefix included; 0: none did. */
  readonly firstAt: number;
  readonly first: Divergence | null;
  /** Labels of the way to where the prefix ends; null: the code does not get there. */
  readonly way: readonly string[] | null;
  readonly wallMs: number;
}

/** States of the code in the spec's words. */
class Translation<P extends Protocol, D extends object> {
  private readonly explorer: Explorer<P, D>;
  private readonly graph: SpecGraph;
  /** Texts that the spec does not have, behind those that it has. */
  private readonly more = new Texts();
  private readonly replicas: number[] = [];
  private readonly packets: number[] = [];

  constructor(explorer: Explorer<P, D>, graph: SpecGraph) {
    this.explorer = explorer;
    this.graph = graph;
  }

  /** Writes the words of a state of the code; as many as the state has. */
  write(state: Int32Array, length: number, into: Int32Array): void {
    const { base } = this.explorer;
    const servers = this.explorer.adapter.nodes.length;
    for (let k = 0; k < servers; k += 1) into[k] = this.replica(state[k] as number);
    for (let k = servers; k < base; k += 1) into[k] = state[k] as number;
    for (let k = base; k < length; k += 1) {
      const word = this.packet(state[k] as number);
      // They come almost sorted, and are few.
      let at = k;
      for (; at > base && (into[at - 1] as number) > word; at -= 1) into[at] = into[at - 1] as number;
      into[at] = word;
    }
  }

  text(word: number): string {
    const { texts } = this.graph;
    return word < texts.list.length ? texts.at(word) : this.more.at(word - texts.list.length);
  }

  private replica(replica: number): number {
    this.replicas[replica] ??= this.place(this.explorer.replicas.views[replica] as string);
    return this.replicas[replica];
  }

  private packet(packet: number): number {
    this.packets[packet] ??= this.place(this.explorer.replicas.packets[packet]?.text ?? "");
    return this.packets[packet];
  }

  private place(text: string): number {
    const { texts } = this.graph;
    const known = texts.find(text);
    return known >= 0 ? known : texts.list.length + this.more.add(text);
  }
}

/**
 * Breadth first, so that the code stands beside each state of the spec once and each edge is taken once.
 * @param hasty ends at the first divergence
 */
export function replay<P extends Protocol, D extends object>(
  explorer: Explorer<P, D>,
  graph: SpecGraph,
  hasty: boolean,
): Replayed {
  const replayer = new Replayer(explorer, graph, hasty);
  return replayer.run();
}

class Replayer<P extends Protocol, D extends object> {
  private readonly explorer: Explorer<P, D>;
  private readonly graph: SpecGraph;
  private readonly hasty: boolean;
  private readonly translation: Translation<P, D>;
  private readonly state = new Int32Array(WORDS_MAX);
  private readonly words = new Int32Array(WORDS_MAX);
  /** The code beside each state of the spec. */
  private readonly beside = new Map<number, Int32Array>();
  private readonly parents = new Map<number, readonly [number, number]>();
  private readonly queue: number[] = [0];
  /** Place of each label among the moves of the state at hand, from 1; 0: none. */
  private readonly places: Int32Array;
  private edges = 0;
  private divergences = 0;
  private firstAt = 0;
  private first: Divergence | null = null;
  private readonly labelOf = new WeakMap<Move, number>();

  constructor(explorer: Explorer<P, D>, graph: SpecGraph, hasty: boolean) {
    this.explorer = explorer;
    this.graph = graph;
    this.hasty = hasty;
    this.translation = new Translation(explorer, graph);
    this.places = new Int32Array(graph.labels.list.length);
  }

  run(): Replayed {
    const began = performance.now();
    const length = this.explorer.initial(this.state);
    this.beside.set(0, this.state.slice(0, length));
    const problem = this.differs(0, this.state, length);
    if (problem !== null) this.diverge(0, null, problem);
    let way: readonly string[] | null = null;
    for (const at of this.queue) {
      if (this.hasty && this.divergences > 0) break;
      if (way === null && this.graph.forced[at] === 0) way = this.wayTo(at);
      this.edgesOf(at);
    }
    const { edges, divergences, firstAt, first } = this;
    return { edges, divergences, firstAt, first, way, wallMs: performance.now() - began };
  }

  private edgesOf(at: number): void {
    const beside = this.beside.get(at) as Int32Array;
    const bounded = this.graph.forced[at] === 0;
    const found: { readonly move: Move; readonly server: number; readonly label: number }[] = [];
    this.explorer.moves(beside, beside.length, bounded, (move, server) => {
      const label = this.label(move);
      if (label < 0) return;
      found.push({ move, server, label });
      this.places[label] = found.length;
    });
    for (const edge of this.graph.edges[at] as readonly SpecEdge[]) {
      const place = this.places[edge.label] as number;
      this.edges += 1;
      const problem =
        place === 0
          ? "the code has no such choice there"
          : this.taken(at, edge, beside, found[place - 1] as Found, bounded);
      if (problem !== null) this.diverge(at, edge, problem);
      if (this.hasty && problem !== null) break;
    }
    for (const { label } of found) this.places[label] = 0;
  }

  private label(move: Move): number {
    let label = this.labelOf.get(move);
    if (label === undefined) {
      label = this.graph.labels.find(`${move.name} ${move.args}`);
      this.labelOf.set(move, label);
    }
    return label;
  }

  /** What is wrong with where the code comes by this edge; null: nothing. */
  private taken(at: number, edge: SpecEdge, beside: Int32Array, found: Found, bounded: boolean): string | null {
    const { explorer, graph } = this;
    const { move, server } = found;
    const length = explorer.take(beside, beside.length, move, server, bounded);
    if (length === CUT) return "the code sends more messages than the spec";
    if (length === THROWN) return `the code throws: ${explorer.why}`;
    const expected = explorer.adapter.actionNames(edge.names);
    const actual = explorer.outcome(beside, move, server)?.actions ?? [];
    if (expected !== null && expected.join() !== actual.join())
      return `the spec does ${expected.join(", ")}, the code ${actual.join(", ")}`;
    const problem = this.differs(edge.to, explorer.target, length);
    if (problem !== null) return problem;
    if (edge.to !== 0 && !this.beside.has(edge.to)) {
      this.beside.set(edge.to, explorer.target.slice(0, length));
      this.parents.set(edge.to, [at, edge.label]);
      this.queue.push(edge.to);
    }
    return graph.quiet[edge.to] === true ? null : "the spec does not come to rest";
  }

  /** The first place where the code's state is another than the spec's, with what stands there on both sides. */
  private differs(at: number, state: Int32Array, length: number): string | null {
    const spec = this.graph.states[at] as Int32Array;
    this.translation.write(state, length, this.words);
    let k = 0;
    while (k < length && k < spec.length && spec[k] === this.words[k]) k += 1;
    if (k === length && k === spec.length) return null;
    const { nodes, counters } = this.explorer.adapter;
    if (k < nodes.length)
      return `${nodes[k]}: ${parted(this.graph.texts.at(spec[k] as number), this.translation.text(this.words[k] as number))}`;
    if (k < this.explorer.base) return `${counters[k - nodes.length]?.name}: spec ${spec[k]}, code ${this.words[k]}`;
    const network = (words: Int32Array, end: number): string[] =>
      Array.from(words.subarray(this.explorer.base, end), (word) => this.translation.text(word));
    const [expected, actual] = [network(spec, spec.length), network(this.words, length)];
    return `messages: only the spec has ${without(expected, actual)}; only the code has ${without(actual, expected)}`;
  }

  private diverge(at: number, edge: SpecEdge | null, problem: string): void {
    this.divergences += 1;
    if (this.first !== null) return;
    this.firstAt = Math.max(1, this.edges);
    const path = [...this.wayTo(at), ...(edge === null ? [] : [this.graph.labels.at(edge.label)])];
    this.first = { path, problem };
  }

  private wayTo(at: number): string[] {
    const path: string[] = [];
    for (let step = this.parents.get(at); step !== undefined; step = this.parents.get(step[0]))
      path.unshift(this.graph.labels.at(step[1]));
    return path;
  }
}

interface Found {
  readonly move: Move;
  readonly server: number;
}

function parted(spec: string, code: string): string {
  let at = 0;
  while (at < spec.length && spec[at] === code[at]) at += 1;
  const from = Math.max(0, spec.lastIndexOf(',"', at), at - 80);
  return `spec ${spec.slice(from, at + 60)} | code ${code.slice(from, at + 60)}`;
}

/** The members of one bag that the other has not, as text. */
function without(all: readonly string[], others: readonly string[]): string {
  const left = [...others];
  const only = all.filter((text) => {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return only.length === 0 ? "none" : only.join(" and ");
}

export interface Compared {
  /** States of the code, told apart as far as the spec tells them apart. */
  readonly codeStates: number;
  readonly onlyInSpec: number;
  readonly onlyInCode: number;
  /** The shortest way to a state that only one of them has; null: there is none. */
  readonly first: Divergence | null;
}

/** Both sets of stable states, as text. Both graphs are explored breadth first, so what is first is nearest. */
export function compare<P extends Protocol, D extends object>(
  explorer: Explorer<P, D>,
  graph: SpecGraph,
  explored: Explored,
): Compared {
  const translation = new Translation(explorer, graph);
  const { table, states } = graph.stable;
  const reached = new Uint8Array(states.length);
  const distinct = new IntTable();
  const state = new Int32Array(WORDS_MAX);
  const words = new Int32Array(WORDS_MAX);
  let [onlyInCode, firstInCode] = [0, -1];
  for (let id = 0; id < explored.states.size; id += 1) {
    const length = explored.states.read(id, state);
    translation.write(state, length, words);
    const before = distinct.size;
    if (distinct.add(words, length) !== before) continue;
    const at = table.find(words, length);
    if (at >= 0) reached[at] = 1;
    else {
      onlyInCode += 1;
      if (firstInCode < 0) firstInCode = id;
    }
  }
  const onlyInSpec = reached.reduce((sum, one) => sum + 1 - one, 0);
  const { thrown } = explored;
  let first: Divergence | null = null;
  if (thrown !== null)
    first = {
      path: [...pathTo(explorer, explored, thrown.at), thrown.label],
      problem: `the code throws: ${thrown.why}`,
    };
  else if (firstInCode >= 0)
    first = {
      path: pathTo(explorer, explored, firstInCode),
      problem: "the spec never comes to where the code is then",
    };
  else if (onlyInSpec > 0)
    first = {
      path: wayTo(graph, states[reached.indexOf(0)] as number),
      problem: "the code never comes to where the spec is then",
    };
  // A search that was broken off is a difference of its own.
  const broken = explored.complete && thrown === null ? 0 : 1;
  return { codeStates: distinct.size, onlyInSpec, onlyInCode: onlyInCode + broken, first };
}
