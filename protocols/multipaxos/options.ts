/** Settings of Multi-Paxos. The README says where each default comes from. */
import type { TimingProfile } from "../core/index.js";

/** Every setting; ranges are in the generated schema, relations between settings in `optionsProblem`. */
export interface MultiPaxosOptions {
  /**
   * Period of a leader's heartbeats. Milliseconds.
   * @minimum 1
   * @default 2000
   */
  readonly heartbeatMs: number;
  /**
   * A follower campaigns after a silence drawn from [leaderTimeoutMinMs, leaderTimeoutMaxMs]. With `stickiness` it also
   * refuses to promise for the minimum after it heard a leader. Milliseconds, more than heartbeatMs.
   * @minimum 2
   * @default 8000
   */
  readonly leaderTimeoutMinMs: number;
  /**
   * Milliseconds, at least leaderTimeoutMinMs. A range of zero makes candidates collide.
   * @minimum 2
   * @default 12000
   */
  readonly leaderTimeoutMaxMs: number;
  /**
   * An Accept or Prepare without an answer is sent again after one to two of these. Milliseconds.
   * @minimum 1
   * @default 1000
   */
  readonly retransmitMs: number;
  /**
   * A LearnRequest or ReadQuery without an answer is sent again after this. Milliseconds.
   * @minimum 1
   * @default 1000
   */
  readonly learnRetryMs: number;
  /**
   * Whether an acceptor that heard a leader within leaderTimeoutMinMs refuses other proposers, and a candidate therefore
   * asks (Probe) before it raises any ballot.
   * @default true
   */
  readonly stickiness: boolean;
  /**
   * How a linearizable read is made. `lease`: by the leader alone, while its lease holds; needs `stickiness`.
   * `quorumRead`: by any replica, which asks an election quorum for the highest accepted slot and waits for it.
   * @default "lease"
   */
  readonly readMechanism: "lease" | "quorumRead";
  /**
   * Length of a leader's lease by its own clock, from when the heartbeat was sent. Milliseconds.
   * leaseMs * (1 + clockDriftBound) <= leaderTimeoutMinMs * (1 - clockDriftBound).
   * @minimum 1
   * @default 7000
   */
  readonly leaseMs: number;
  /**
   * How far any clock's rate may be from true, as a fraction of it.
   * @minimum 0
   * @maximum 0.5
   * @default 0.05
   */
  readonly clockDriftBound: number;
  /**
   * Slots a leader keeps in Phase 2 at once; further requests wait.
   * @minimum 1
   * @asType integer
   * @default 64
   */
  readonly windowSlots: number;
  /**
   * Requests in Phase 2 and waiting for it, together; one more is rejected as overloaded. At least windowSlots.
   * @minimum 1
   * @asType integer
   * @default 4096
   */
  readonly uncommittedEntriesMax: number;
  /**
   * Command bytes in one Accept of several slots or one Learn; a single larger entry still travels alone.
   * @minimum 1
   * @asType integer
   * @default 1048576
   */
  readonly messageBytesMax: number;
  /**
   * A snapshot is taken whenever this many slots were applied since the last one.
   * @minimum 1
   * @asType integer
   * @default 10000
   */
  readonly snapshotEveryEntries: number;
  /**
   * Applied slots kept in memory below a snapshot, so that a replica that lags a little needs no snapshot.
   * @minimum 0
   * @asType integer
   * @default 1000
   */
  readonly snapshotTrailingEntries: number;
  /**
   * Whether a leader with nothing left in Phase 2 tells the others at once what it decided. When off, they hear it with
   * the next Accept or heartbeat.
   * @default true
   */
  readonly decideNotice: boolean;
}

const SHARED = {
  stickiness: true,
  readMechanism: "lease",
  clockDriftBound: 0.05,
  windowSlots: 64,
  uncommittedEntriesMax: 4096,
  messageBytesMax: 1_048_576,
  snapshotEveryEntries: 10_000,
  snapshotTrailingEntries: 1_000,
  decideNotice: true,
} as const;

/** See `TimingProfile`. */
export function defaultOptions(timing: TimingProfile): MultiPaxosOptions {
  if (timing === "native")
    return {
      ...SHARED,
      heartbeatMs: 2_000,
      leaderTimeoutMinMs: 8_000,
      leaderTimeoutMaxMs: 12_000,
      retransmitMs: 1_000,
      learnRetryMs: 1_000,
      leaseMs: 7_000,
    };
  return {
    ...SHARED,
    heartbeatMs: 100,
    leaderTimeoutMinMs: 1_000,
    leaderTimeoutMaxMs: 2_000,
    retransmitMs: 300,
    learnRetryMs: 300,
    leaseMs: 900,
  };
}

const INTEGERS = [
  "windowSlots",
  "uncommittedEntriesMax",
  "messageBytesMax",
  "snapshotEveryEntries",
  "snapshotTrailingEntries",
] as const;
const TIMES = [
  "heartbeatMs",
  "leaderTimeoutMinMs",
  "leaderTimeoutMaxMs",
  "retransmitMs",
  "learnRetryMs",
  "leaseMs",
] as const;

/** What is wrong, in one line, or null. Relations between settings are here; types are the schema's business. */
export function optionsProblem(o: MultiPaxosOptions): string | null {
  for (const name of TIMES) if (!(Number.isFinite(o[name]) && o[name] > 0)) return `${name} must be above 0 ms`;
  for (const name of INTEGERS) {
    const least = name === "snapshotTrailingEntries" ? 0 : 1;
    if (!Number.isInteger(o[name]) || o[name] < least) return `${name} must be an integer of at least ${least}`;
  }
  if (!(o.clockDriftBound >= 0 && o.clockDriftBound <= 0.5)) return "clockDriftBound must be from 0 to 0.5";
  if (o.readMechanism !== "lease" && o.readMechanism !== "quorumRead")
    return 'readMechanism must be "lease" or "quorumRead"';
  if (o.leaderTimeoutMinMs <= o.heartbeatMs) return "leaderTimeoutMinMs must be more than heartbeatMs";
  if (o.leaderTimeoutMaxMs < o.leaderTimeoutMinMs) return "leaderTimeoutMaxMs must be at least leaderTimeoutMinMs";
  if (o.uncommittedEntriesMax < o.windowSlots) return "uncommittedEntriesMax must be at least windowSlots";
  if (o.readMechanism !== "lease") return null;
  if (!o.stickiness) return 'readMechanism "lease" needs stickiness: nothing else keeps acceptors from a second leader';
  // Seen by a clock that runs fast, the acceptor's promise is shortest; by one that runs slow, the lease is longest.
  if (o.leaseMs * (1 + o.clockDriftBound) > o.leaderTimeoutMinMs * (1 - o.clockDriftBound))
    return "leaseMs * (1 + clockDriftBound) must not exceed leaderTimeoutMinMs * (1 - clockDriftBound)";
  return null;
}
