/** A bounded cluster in numbers: what may happen to it, and everything it can come to. */
import type { Protocol } from "../../protocols/core/index.js";
import type { Adapter, Packet } from "./adapter.js";
import { IntTable } from "./intTable.js";
import { type Outcome, type OwnMove, Replicas } from "./replicas.js";

/** Longer than any state of a model: replicas, counters and messages. */
export const WORDS_MAX = 512;

/** One choice of the environment. Made once for each packet, and for each replica. */
export interface Move {
  readonly name: string;
  /** Canonical text of the arguments of the spec's action. */
  readonly args: string;
  /** Packet that it is about; -1: none. */
  readonly packet: number;
  /** What becomes of that packet. */
  readonly network: "keeps" | "takes" | "doubles" | "loses" | "losesAll";
  /** null: a delivery, or about the network alone. */
  readonly own: OwnMove | null;
  readonly delivers: boolean;
}

/** Of a prefix alone: the network loses whatever it has. */
const LOSE_ALL: Move = { name: "LoseAll", args: '[""]', packet: -1, network: "losesAll", own: null, delivers: false };

/** What `take` says instead of a length. */
export const CUT = -1;
export const THROWN = -2;

/**
 * A state of the cluster is a sequence of integers: the numbers of its replicas, what is spent of each counter, and the
 * sorted numbers of the packets on the network.
 */
export class Explorer<P extends Protocol, D extends object> {
  readonly adapter: Adapter<P, D>;
  readonly replicas: Replicas<P, D>;
  /** Where the packets of a state begin. */
  readonly base: number;
  /** Where `take` leaves the state that it leads to. */
  readonly target = new Int32Array(WORDS_MAX);
  /** Why the core threw in the last `take` that said THROWN. */
  why = "";
  private readonly servers: number;
  private readonly packetMoves: { free: readonly Move[]; bounded: readonly Move[] }[] = [];
  private readonly freeMoves: (readonly Move[])[] = [];
  private readonly boundedMoves: (readonly Move[])[] = [];

  constructor(adapter: Adapter<P, D>) {
    this.adapter = adapter;
    this.replicas = new Replicas(adapter);
    this.servers = adapter.nodes.length;
    this.base = this.servers + adapter.counters.length;
  }

  /** Writes the state in which every replica has just started; gives its length. */
  initial(into: Int32Array): number {
    into.fill(0, 0, this.base);
    for (const [at, id] of this.adapter.nodes.entries()) into[at] = this.replicas.first(id);
    return this.base;
  }

  /**
   * Shows every choice that there is in a state.
   * @param bounded false: as in a prefix, where the model's bounds do not hold
   * @param visit is given the move and the place of its replica
   */
  moves(state: Int32Array, length: number, bounded: boolean, visit: (move: Move, at: number) => void): void {
    for (let k = this.base; k < length; k += 1) {
      const packet = state[k] as number;
      if (k > this.base && state[k - 1] === packet) continue;
      const at = this.replicas.receivers[packet] as number;
      for (const move of this.aboutPacket(packet, bounded)) visit(move, at);
    }
    if (!bounded && this.adapter.network === "set") visit(LOSE_ALL, 0);
    for (let at = 0; at < this.servers; at += 1) {
      for (const move of this.aboutReplica(state[at] as number, bounded)) {
        const spends = move.own?.spends ?? -1;
        const left = !bounded || spends < 0 || this.isLeft(spends, state);
        if (left) visit(move, at);
      }
    }
  }

  private isLeft(counter: number, state: Int32Array): boolean {
    const { max } = this.adapter.counters[counter] as { readonly max: number };
    return (state[this.servers + counter] as number) < max;
  }

  private aboutPacket(packet: number, bounded: boolean): readonly Move[] {
    const known = this.packetMoves[packet];
    if (known !== undefined) return bounded ? known.bounded : known.free;
    const { adapter } = this;
    const it = this.replicas.packets[packet] as Packet<P>;
    const move = (name: string, network: Move["network"], delivers: boolean): Move => ({
      name,
      args: adapter.packetArgs(name, it),
      packet,
      network,
      own: null,
      delivers,
    });
    const bag = adapter.network === "bag";
    const deliver = move(adapter.handler(it.message), bag ? "takes" : "keeps", true);
    const lost = [move("Drop", "loses", false), move("Duplicate", "doubles", false)];
    const made = {
      free: bag ? [deliver, ...lost] : [deliver, move("Take", "takes", true)],
      bounded: [deliver, ...(bag ? lost.filter(({ name }) => adapter.allows(name)) : [])],
    };
    this.packetMoves[packet] = made;
    return bounded ? made.bounded : made.free;
  }

  private aboutReplica(replica: number, bounded: boolean): readonly Move[] {
    const known = bounded ? this.boundedMoves : this.freeMoves;
    const found = known[replica];
    if (found !== undefined) return found;
    const made = this.replicas.own(replica, bounded).map(
      (own): Move => ({
        name: own.name,
        args: own.args,
        packet: -1,
        network: "keeps",
        own,
        delivers: false,
      }),
    );
    known[replica] = made;
    return made;
  }

  /** What the move does at its replica; null: it is about the network alone. */
  outcome(state: Int32Array, move: Move, at: number): Outcome | null {
    if (move.delivers) return this.replicas.deliver(state[at] as number, move.packet);
    if (move.own === null) return null;
    move.own.outcome ??= move.own.make();
    return move.own.outcome;
  }

  /** Writes where the move leads into `target` and gives its length, or CUT above the bound on messages, or THROWN. */
  take(state: Int32Array, length: number, move: Move, at: number, bounded: boolean): number {
    const outcome = this.outcome(state, move, at);
    const { target, base } = this;
    for (let k = 0; k < base; k += 1) target[k] = state[k] as number;
    if (outcome !== null) {
      if (outcome.replica < 0) {
        this.why = outcome.thrown ?? "";
        return THROWN;
      }
      target[at] = outcome.replica;
    }
    const spends = move.own?.spends ?? -1;
    if (spends >= 0 && (bounded || this.adapter.prefixCounts)) {
      const place = this.servers + spends;
      target[place] = (target[place] as number) + 1;
    }
    const end = this.merge(state, length, move, outcome?.sent ?? NOTHING);
    if (!bounded) return end;
    let load = end - base;
    for (let k = 0; k < this.servers; k += 1) load += this.replicas.heldCounts[target[k] as number] as number;
    return load > this.adapter.messagesMax ? CUT : end;
  }

  /** Merges the network with what is sent, both sorted, into `target`; gives the length of it all. */
  private merge(state: Int32Array, length: number, move: Move, sent: readonly number[]): number {
    const { target, base } = this;
    const once = this.adapter.network === "set";
    let skip = move.network === "takes" || move.network === "loses" ? move.packet : -1;
    let double = move.network === "doubles" ? move.packet : -1;
    let end = base;
    let next = 0;
    const from = move.network === "losesAll" ? length : base;
    for (let k = from; k < length || next < sent.length; ) {
      const old = k < length ? (state[k] as number) : Number.MAX_SAFE_INTEGER;
      const fresh = next < sent.length ? (sent[next] as number) : Number.MAX_SAFE_INTEGER;
      if (old <= fresh) k += 1;
      else next += 1;
      const packet = old <= fresh ? old : fresh;
      if (old <= fresh && packet === skip) {
        skip = -1;
        continue;
      }
      if (once && end > base && target[end - 1] === packet) continue;
      if (end >= WORDS_MAX - 1) throw new Error(`a state has more than ${WORDS_MAX} words`);
      target[end] = packet;
      end += 1;
      if (packet === double) {
        target[end] = packet;
        end += 1;
        double = -1;
      }
    }
    return end;
  }
}

const NOTHING: readonly number[] = [];

/** Everything the code can come to within the bounds. */
export interface Explored {
  /** The states by number, in the order of their discovery; 0 is where it began. */
  readonly states: IntTable;
  /** Number of the state from which each was found; -1: the first. */
  readonly parents: readonly number[];
  readonly edges: number;
  /** The state and move at which the core threw first, or null. */
  readonly thrown: { readonly at: number; readonly label: string; readonly why: string } | null;
  /** false: there are more than was asked for. */
  readonly complete: boolean;
  readonly wallMs: number;
}

/** Breadth first from `start`, which counts as within the bounds. */
export function explore<P extends Protocol, D extends object>(
  explorer: Explorer<P, D>,
  start: Int32Array,
  startLength: number,
  statesMax: number,
): Explored {
  const began = performance.now();
  const states = new IntTable();
  const parents: number[] = [-1];
  states.add(start, startLength);
  const state = new Int32Array(WORDS_MAX);
  let edges = 0;
  let thrown: Explored["thrown"] = null;
  let length = 0;
  let from = 0;
  const visit = (move: Move, at: number): void => {
    const end = explorer.take(state, length, move, at, true);
    if (end === THROWN) thrown ??= { at: from, label: `${move.name} ${move.args}`, why: explorer.why };
    if (end < 0) return;
    edges += 1;
    const before = states.size;
    if (states.add(explorer.target, end) === before) parents.push(from);
  };
  for (; from < states.size && states.size <= statesMax; from += 1) {
    length = states.read(from, state);
    explorer.moves(state, length, true, visit);
  }
  return { states, parents, edges, thrown, complete: from === states.size, wallMs: performance.now() - began };
}

/** The moves that lead from the first state to this one, as short as can be. */
export function pathTo<P extends Protocol, D extends object>(
  explorer: Explorer<P, D>,
  explored: Explored,
  end: number,
): string[] {
  const path: string[] = [];
  const state = new Int32Array(WORDS_MAX);
  for (let to = end; (explored.parents[to] ?? -1) >= 0; ) {
    const from = explored.parents[to] as number;
    const length = explored.states.read(from, state);
    let label = "";
    explorer.moves(state, length, true, (move, at) => {
      if (label !== "") return;
      const taken = explorer.take(state, length, move, at, true);
      if (taken >= 0 && explored.states.find(explorer.target, taken) === to) label = `${move.name} ${move.args}`;
    });
    path.unshift(label);
    to = from;
  }
  return path;
}
