/** One Multi-Paxos replica under a test's hand: every input is written out, every effect is looked at. */
import {
  type Effect,
  type Entry,
  type Input,
  type Member,
  nodeId,
  type NodeId,
  type Quorums,
  type Recovered,
} from "../../protocols/core/index.js";
import {
  ballotOf,
  type MultiPaxos,
  type MultiPaxosMessage,
  type MultiPaxosOptions,
  type MultiPaxosState,
  multipaxos,
} from "../../protocols/multipaxos/index.js";

export const [n1, n2, n3, n4, n5] = ["n1", "n2", "n3", "n4", "n5"].map(nodeId) as [
  NodeId,
  NodeId,
  NodeId,
  NodeId,
  NodeId,
];

/** Ballot `counter.ordinal`. */
export const ballot = ballotOf;

export function command(index: number, round: number, text: string): Entry {
  return { kind: "command", index, round, command: Uint8Array.from(text, (letter) => letter.charCodeAt(0)) };
}

export function noop(index: number, round: number): Entry {
  return { kind: "noop", index, round };
}

/** "value@ballot" of each entry, or "noop@ballot". */
export function shown(entries: readonly Entry[]): readonly string[] {
  return entries.map((entry) => {
    const value = entry.kind === "noop" ? "noop" : String.fromCharCode(...entry.command);
    return `${entry.index}=${value}`;
  });
}

export interface Setup {
  readonly ordinal?: number;
  readonly voters?: number;
  readonly learners?: number;
  readonly quorums?: Quorums | null;
  readonly options?: Partial<MultiPaxosOptions>;
  readonly recovered?: Recovered<MultiPaxos>;
}

const EMPTY: Recovered<MultiPaxos> = { hard: null, snapshot: null, entries: [] };

type Sent = { readonly to: NodeId; readonly message: MultiPaxosMessage; readonly after: number };
type Message<T extends MultiPaxosMessage["type"]> = Extract<MultiPaxosMessage, { readonly type: T }>;

export class Subject {
  readonly state: MultiPaxosState;
  nowMs = 0;
  /** Effects of the latest input. */
  effects: readonly Effect<MultiPaxos>[] = [];

  constructor(setup: Setup = {}) {
    const { ordinal = 1, voters = 3, learners = 0, quorums = null, options = {}, recovered = EMPTY } = setup;
    const members: Member[] = [];
    for (let at = 1; at <= voters + learners; at += 1)
      members.push({ id: nodeId(`n${at}`), ordinal: at, role: at <= voters ? "voter" : "learner" });
    this.state = multipaxos.create(
      {
        id: nodeId(`n${ordinal}`),
        incarnation: recovered === EMPTY ? 1 : 2,
        bootstrap: { members, quorums },
        options: { ...multipaxos.defaultOptions("matched"), ...options },
        tracing: true,
      },
      recovered,
    );
    this.input({ type: "start" });
  }

  input(input: Input<MultiPaxos>): this {
    this.effects = multipaxos.step(this.state, input, this.nowMs);
    for (const invariant of multipaxos.invariants) {
      const broken = invariant.check(this.state, [this.state]);
      if (broken !== null) throw new Error(`${invariant.name}: ${broken}`);
    }
    return this;
  }

  receive(from: NodeId, message: MultiPaxosMessage): this {
    return this.input({ type: "message", from, message });
  }

  timeout(timer: MultiPaxos["Timer"]): this {
    return this.input({ type: "timeout", timer });
  }

  /** Completes every write. */
  sync(): this {
    return this.input({ type: "durable", upTo: this.state.seq });
  }

  propose(request: number, text: string): this {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return this.input({ type: "propose", request, command: bytes });
  }

  /** Messages of the latest input, with the write each waits for. */
  sent(): readonly Sent[] {
    return this.effects.filter((effect) => effect.type === "send");
  }

  messages<T extends MultiPaxosMessage["type"]>(type: T): readonly Message<T>[] {
    return this.sent()
      .map(({ message }) => message)
      .filter((message): message is Message<T> => message.type === type);
  }

  /** The message of this type that went to `to`; throws if there is none. */
  messageTo<T extends MultiPaxosMessage["type"]>(to: NodeId, type: T): Message<T> {
    const found = this.sent().find((effect) => effect.to === to && effect.message.type === type);
    if (found === undefined) throw new Error(`no ${type} to ${to}`);
    return found.message as Message<T>;
  }

  of<T extends Effect<MultiPaxos>["type"]>(type: T): readonly Extract<Effect<MultiPaxos>, { readonly type: T }>[] {
    return this.effects.filter((effect): effect is Extract<Effect<MultiPaxos>, { readonly type: T }> => {
      return effect.type === type;
    });
  }

  applied(): readonly string[] {
    return shown(this.of("apply").map(({ entry }) => entry));
  }

  /** Waits out every lease and timeout, then campaigns; returns the ballot. The promises are the test's. */
  campaign(granters: readonly NodeId[] = [n2]): number {
    this.nowMs += 10_000;
    this.timeout("leader");
    for (const from of granters) {
      if (this.state.role !== "probing") break;
      const reply = { ballot: this.state.ballot, granted: true, promisedBallot: 0 };
      this.receive(from, { type: "ProbeReply", ...reply });
    }
    return this.state.ballot;
  }

  /** Campaigns and is promised by `from` with empty reports; returns the ballot. */
  lead(from: readonly NodeId[] = [n2]): number {
    const own = this.campaign(from);
    this.sync();
    for (const id of from) this.receive(id, { type: "Promise", ballot: own, decidedIndex: 0, entries: [] });
    return own;
  }

  accepted(from: NodeId, ...slots: number[]): this {
    return this.receive(from, { type: "Accepted", ballot: this.state.ballot, slots });
  }
}
