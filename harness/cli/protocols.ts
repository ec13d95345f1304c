/** The composition root's registry: the only place that knows which protocols there are. */
import type { AnyModule, AnyRegisterModule, TimingProfile } from "../../protocols/core/index.js";
import { anyModule, anyRegisterModule } from "../../protocols/core/index.js";
import { multipaxos, type MultiPaxosOptions } from "../../protocols/multipaxos/index.js";
import { quorumregister } from "../../protocols/quorumregister/index.js";
import { raft, type RaftOptions } from "../../protocols/raft/index.js";
import { zab, type ZabOptions } from "../../protocols/zab/index.js";
import { INVARIANT_NAMES } from "../drivers/sim/index.js";
import { InputError, type Patience } from "../scenarios/index.js";

/** What can be driven. */
export interface RegisteredSubject {
  readonly module: AnyModule | AnyRegisterModule;
  /** As people write it. */
  readonly title: string;
}

/** A consensus protocol: what is compared unless somebody asks for something else. */
export interface RegisteredProtocol extends RegisteredSubject {
  readonly module: AnyModule;
  /** For the incident's arithmetic. */
  readonly patience: (timing: TimingProfile) => Patience;
}

/** Writes that the incident's clients ask for, which come on top of heartbeats. */
const INCIDENT_WRITES_PER_SECOND = 6;

const PROTOCOLS: readonly RegisteredProtocol[] = [
  {
    module: anyModule(raft),
    title: "Raft",
    patience: (timing) => {
      const options: RaftOptions = raft.defaultOptions(timing);
      return patience(options.electionTimeoutMinMs, options.heartbeatIntervalMs);
    },
  },
  {
    module: anyModule(multipaxos),
    title: "Multi-Paxos",
    patience: (timing) => {
      const options: MultiPaxosOptions = multipaxos.defaultOptions(timing);
      return patience(options.leaderTimeoutMinMs, options.heartbeatMs);
    },
  },
  {
    module: anyModule(zab),
    title: "ZAB",
    patience: (timing) => {
      const options: ZabOptions = zab.defaultOptions(timing);
      // A leader pings twice in a tick and gives up a follower after syncLimit of them.
      return patience(options.syncLimit * options.tickTimeMs, options.tickTimeMs / 2);
    },
  },
];

/** Stores without a log, which have something else to show. */
const REGISTERS: readonly RegisteredSubject[] = [
  { module: anyRegisterModule(quorumregister), title: "Quorum register" },
];

function patience(detectionMs: number, heartbeatMs: number): Patience {
  return { detectionMs, messagesPerSecond: 1000 / heartbeatMs + INCIDENT_WRITES_PER_SECOND };
}

/** Everything that `sim` and `compare` can run. */
export function subjectNames(): string[] {
  return [...protocolNames(), ...REGISTERS.map(({ module }) => module.name)];
}

/** @throws InputError for a name that is no subject's */
export function subjectByName(name: string): RegisteredSubject {
  const found = [...PROTOCOLS, ...REGISTERS].find(({ module }) => module.name === name);
  if (found === undefined) throw unknownName(name, subjectNames());
  return found;
}

/** Every invariant that a run of any of them can break. */
export function invariantNames(): string[] {
  const own = PROTOCOLS.flatMap(({ module }) => module.invariants.map(({ name }) => name));
  return [...INVARIANT_NAMES, ...own].sort((a, b) => a.localeCompare(b));
}

function unknownName(name: string, known: readonly string[]): InputError {
  return new InputError({
    file: "--protocol",
    path: "",
    expected: `one of ${known.join(", ")}`,
    found: JSON.stringify(name),
  });
}

/** The consensus protocols. */
export function protocolNames(): string[] {
  return PROTOCOLS.map(({ module }) => module.name);
}

/** @throws InputError for a name that is no consensus protocol's */
export function protocolByName(name: string): RegisteredProtocol {
  const found = PROTOCOLS.find(({ module }) => module.name === name);
  if (found === undefined) throw unknownName(name, protocolNames());
  return found;
}

/** As people write it; an unknown name stays as it is. */
export function titleOf(name: string): string {
  return [...PROTOCOLS, ...REGISTERS].find(({ module }) => module.name === name)?.title ?? name;
}
