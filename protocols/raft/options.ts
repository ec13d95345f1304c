/** Settings of a Raft replica. All replicas of a cluster are meant to have the same ones. */
import type { TimingProfile } from "../core/index.js";

/** Every setting; ranges are in the generated schema, relations between settings in `optionsProblem`. */
export interface RaftOptions {
  /**
   * Time between two heartbeats of a leader. Milliseconds, > 0, below `electionTimeoutMinMs`.
   * @minimum 1
   * @default 100
   */
  readonly heartbeatIntervalMs: number;
  /**
   * Shortest patience of a follower, and how long it counts its leader as heard. Milliseconds.
   * @minimum 2
   * @default 1000
   */
  readonly electionTimeoutMinMs: number;
  /**
   * Longest patience of a follower; the driver draws uniformly between the two (Raft §5.2). Milliseconds.
   * @minimum 2
   * @default 2000
   */
  readonly electionTimeoutMaxMs: number;
  /**
   * Ask whether an election could be won before raising the term (Ongaro §9.6).
   * @default true
   */
  readonly preVote: boolean;
  /**
   * A leader that heard no quorum for `electionTimeoutMinMs` steps down (Ongaro §6.2).
   * @default true
   */
  readonly checkQuorum: boolean;
  /**
   * How a linearizable read is confirmed: by a round of heartbeats (Ongaro §6.4), or by a lease on clocks of bounded
   * drift (Ongaro §6.4.1). `lease` needs `checkQuorum` and falls back to a round while the lease is not held.
   * @default "readIndex"
   */
  readonly readMechanism: "readIndex" | "lease";
  /**
   * How much faster or slower than real time any clock may run, as a fraction: 0.05 = 5 %. Used for leases only.
   * @minimum 0
   * @maximum 0.5
   * @default 0.05
   */
  readonly clockDriftBound: number;
  /**
   * Commands in one AppendEntries, and the headers of its entries as much again; one entry is always sent. Bytes.
   * @asType integer
   * @minimum 1
   * @default 1048576
   */
  readonly appendEntriesBytesMax: number;
  /**
   * AppendEntries under way to one follower. Messages.
   * @asType integer
   * @minimum 1
   * @default 256
   */
  readonly inflightMessagesMax: number;
  /**
   * Commands under way to one follower. Bytes; the message that crosses the limit is still sent.
   * @asType integer
   * @minimum 1
   * @default 67108864
   */
  readonly inflightBytesMax: number;
  /**
   * Commands that a leader has appended in its term but not committed. Bytes. A proposal beyond it is refused as
   * `overloaded`, unless nothing is uncommitted.
   * @asType integer
   * @minimum 1
   * @default 268435456
   */
  readonly uncommittedBytesMax: number;
  /**
   * Rounds of heartbeats for reads under way at once; further reads share the next one. Rounds.
   * @asType integer
   * @minimum 1
   * @default 4
   */
  readonly readRoundsMax: number;
  /**
   * Applied entries after which the state machine is snapshotted; 0: never. Entries.
   * @asType integer
   * @minimum 0
   * @default 10000
   */
  readonly snapshotEveryEntries: number;
  /**
   * Entries below the snapshot that stay in memory for followers that are a little behind. Entries.
   * @asType integer
   * @minimum 0
   * @default 5000
   */
  readonly snapshotKeepEntries: number;
}

/**
 * `native`: etcd's heartbeat of 100 ms and election timeout of 1000 ms, randomized to [1000, 2000].
 * `matched`: a failure-detection budget of 1000 ms, which for Raft is the same.
 */
export function defaultOptions(_timing: TimingProfile): RaftOptions {
  return {
    heartbeatIntervalMs: 100,
    electionTimeoutMinMs: 1000,
    electionTimeoutMaxMs: 2000,
    preVote: true,
    checkQuorum: true,
    readMechanism: "readIndex",
    clockDriftBound: 0.05,
    appendEntriesBytesMax: 1024 * 1024,
    inflightMessagesMax: 256,
    inflightBytesMax: 64 * 1024 * 1024,
    uncommittedBytesMax: 256 * 1024 * 1024,
    readRoundsMax: 4,
    snapshotEveryEntries: 10_000,
    snapshotKeepEntries: 5000,
  };
}

const INTEGERS: readonly (readonly [
  keyof {
    [K in keyof RaftOptions as RaftOptions[K] extends number ? K : never]: true;
  },
  number,
])[] = [
  ["appendEntriesBytesMax", 1],
  ["inflightMessagesMax", 1],
  ["inflightBytesMax", 1],
  ["uncommittedBytesMax", 1],
  ["readRoundsMax", 1],
  ["snapshotEveryEntries", 0],
  ["snapshotKeepEntries", 0],
];

/** What is wrong with these options, in one line, or null. */
export function optionsProblem(options: RaftOptions): string | null {
  const { heartbeatIntervalMs, electionTimeoutMinMs, electionTimeoutMaxMs, clockDriftBound } = options;
  if (!(heartbeatIntervalMs > 0)) return `heartbeatIntervalMs must be above 0, it is ${heartbeatIntervalMs}`;
  if (!(electionTimeoutMinMs > heartbeatIntervalMs))
    return `electionTimeoutMinMs ${electionTimeoutMinMs} must be above heartbeatIntervalMs ${heartbeatIntervalMs}`;
  // Equal timeouts would let split votes repeat for ever (Raft §5.2).
  if (!(electionTimeoutMaxMs > electionTimeoutMinMs) || electionTimeoutMaxMs === Number.POSITIVE_INFINITY)
    return `electionTimeoutMaxMs ${electionTimeoutMaxMs} must be finite and above electionTimeoutMinMs ${electionTimeoutMinMs}`;
  if (!(clockDriftBound >= 0 && clockDriftBound <= 0.5))
    return `clockDriftBound must be from 0 to 0.5, it is ${clockDriftBound}`;
  for (const [name, least] of INTEGERS) {
    if (!Number.isSafeInteger(options[name]) || options[name] < least)
      return `${name} must be an integer of at least ${least}, it is ${options[name]}`;
  }
  if (options.readMechanism !== "readIndex" && options.readMechanism !== "lease")
    return `readMechanism must be "readIndex" or "lease", it is ${JSON.stringify(options.readMechanism)}`;
  // Without CheckQuorum voters would help a new leader while the old one's lease runs.
  if (options.readMechanism === "lease" && !options.checkQuorum) return 'readMechanism "lease" needs checkQuorum';
  return null;
}

/**
 * How long a lease lasts on the leader's clock, from the sending of the heartbeats that a quorum acknowledged.
 * Milliseconds. A voter keeps still for `electionTimeoutMinMs` on its own clock, which may run fast, from the receipt
 * on; the leader's clock may run slow. Each is off by at most `clockDriftBound`.
 */
export function leaseMs(options: RaftOptions): number {
  return (options.electionTimeoutMinMs * (1 - options.clockDriftBound)) / (1 + options.clockDriftBound);
}
