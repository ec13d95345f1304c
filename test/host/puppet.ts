/** A protocol on strings: it does what the test says and remembers what it was given. For looking at the host alone. */
import { createHost, type Host, type HostEffect, type Operation, type Reply } from "../../harness/host/index.js";
import {
  createLog,
  type Effect,
  type Entry,
  type Input,
  nodeId,
  type ProtocolModule,
  type ReadLevel,
  type Recovered,
  type Status,
} from "../../protocols/core/index.js";

export interface Puppet {
  readonly State: { readonly inputs: Input<Puppet>[] };
  readonly Options: object;
  readonly Message: { readonly type: "Note"; readonly effects: readonly Effect<Puppet>[] };
  readonly Hard: object;
  readonly Timer: "never";
  readonly Action: "Never";
}

const STATUS: Status = {
  role: "leader",
  phase: "Puppet",
  promisedRound: 1,
  leader: { id: nodeId("n9"), round: 1 },
  commitIndex: 0,
  lastIndex: 0,
};

function unused(): never {
  throw new Error("the host does not use this");
}

/** A `message` carries the effects that the step is to have; `answer` gives those of every other input. */
function puppetModule(answer: (input: Input<Puppet>) => readonly Effect<Puppet>[]): ProtocolModule<Puppet> {
  return {
    name: "puppet",
    readLevels: ["linearizable"],
    logMatching: true,
    electionQuorumsIntersect: true,
    defaultOptions: () => ({}),
    optionsProblem: () => null,
    create: () => ({ inputs: [] }),
    step: (state, input) => {
      state.inputs.push(input);
      return input.type === "message" ? input.message.effects : answer(input);
    },
    status: () => STATUS,
    log: () => createLog(null, []),
    clone: unused,
    specState: unused,
    codec: { headerBytes: unused, totalBytes: unused, encode: unused, decode: unused },
    hardCodec: { headerBytes: unused, totalBytes: unused, encode: unused, decode: unused },
    describe: unused,
    invariants: [],
  };
}

export interface LabOptions {
  readonly answer?: (input: Input<Puppet>) => readonly Effect<Puppet>[];
  readonly sessionsMax?: number;
  readonly batchBytesMax?: number;
  readonly defersApply?: boolean;
  readonly logBytesMax?: number;
  readonly recovered?: Recovered<Puppet>;
  readonly snapshots?: ReadonlyMap<string, Uint8Array>;
}

/** A host on strings, with shorthands for what tests do all the time. */
export class HostLab {
  readonly host: Host<Puppet>;
  private lastToken = 0;

  constructor(options: LabOptions = {}) {
    this.host = createHost<Puppet>({
      module: puppetModule(options.answer ?? (() => [])),
      replica: {
        id: nodeId("n1"),
        incarnation: 1,
        bootstrap: { members: [], quorums: null },
        options: {},
        tracing: false,
      },
      recovered: options.recovered ?? { hard: null, snapshot: null, entries: [] },
      loadSnapshot: (id) => {
        const bytes = options.snapshots?.get(id);
        if (bytes === undefined) throw new Error(`no snapshot ${id}`);
        return bytes;
      },
      sessionsMax: options.sessionsMax ?? 100,
      batchBytesMax: options.batchBytesMax ?? 65_536,
      defersApply: options.defersApply ?? false,
      logBytesMax: options.logBytesMax ?? Number.POSITIVE_INFINITY,
    });
  }

  /** The token is returned beside the effects. */
  request(client: number, seq: number, operation: Operation, level: ReadLevel = "linearizable") {
    this.lastToken += 1;
    const request = { token: this.lastToken, client, seq, operation, level };
    return { token: this.lastToken, effects: this.host.step({ type: "request", request }, 0) };
  }

  turnEnd(): readonly HostEffect<Puppet>[] {
    return this.host.step({ type: "turnEnd" }, 0);
  }

  /** Lets the core have these effects. */
  effects(...effects: readonly Effect<Puppet>[]): readonly HostEffect<Puppet>[] {
    return this.host.step({ type: "message", from: nodeId("n2"), message: { type: "Note", effects } }, 0);
  }

  apply(entry: Entry): readonly HostEffect<Puppet>[] {
    return this.effects({ type: "apply", entry });
  }

  idle(): readonly HostEffect<Puppet>[] {
    return this.host.step({ type: "idle" }, 0);
  }

  /** Commands that the core was asked to propose, in order, with the numbers they were given. */
  proposals(): readonly { readonly request: number; readonly command: Uint8Array }[] {
    return this.host.state.inputs.flatMap((input) => (input.type === "propose" ? input : []));
  }

  /** Proposes what this turn has and returns the proposal. */
  propose(): { readonly request: number; readonly command: Uint8Array } {
    this.turnEnd();
    const proposals = this.proposals();
    const last = proposals[proposals.length - 1];
    if (last === undefined) throw new Error("nothing was proposed");
    return last;
  }
}

export function commandEntry(index: number, command: Uint8Array): Entry {
  return { kind: "command", index, round: 1, command };
}

export function noop(index: number): Entry {
  return { kind: "noop", index, round: 1 };
}

export function replies(effects: readonly HostEffect<Puppet>[]): readonly (readonly [number, Reply])[] {
  return effects.flatMap((effect) => (effect.type === "reply" ? [[effect.token, effect.reply] as const] : []));
}
