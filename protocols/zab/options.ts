/** ZAB's settings, under the names ZooKeeper's users know. */
import type { TimingProfile } from "../core/index.js";

/** Every setting, under ZooKeeper's names; ranges are in the generated schema, relations in `optionsProblem`. */
export interface ZabOptions {
  /**
   * Length of a tick; the leader pings every half of it. Milliseconds.
   * @default 2000
   * @minimum 2
   * @asType integer
   */
  readonly tickTimeMs: number;
  /**
   * Time to connect to a leader and to synchronize with it without progress in between. Ticks.
   * @default 10
   * @minimum 1
   * @asType integer
   */
  readonly initLimit: number;
  /**
   * Silence after which a leader and a synchronized follower give each other up. Ticks.
   * @default 5
   * @minimum 1
   * @asType integer
   */
  readonly syncLimit: number;
  /**
   * How long a server that sees a quorum for its vote waits for a better one (ZooKeeper: finalizeWait). Milliseconds.
   * @default 200
   * @minimum 0
   * @asType integer
   */
  readonly finalizeWaitMs: number;
  /**
   * First interval after which notifications are sent again; it doubles from there. Milliseconds.
   * @default 200
   * @minimum 1
   * @asType integer
   */
  readonly notificationMinMs: number;
  /**
   * Longest interval between two notifications. Milliseconds.
   * @default 60000
   * @minimum 1
   * @asType integer
   */
  readonly notificationMaxMs: number;
  /**
   * Interval at which a follower tries again to connect (ZooKeeper: leaderConnectDelayDuringRetryMs). Milliseconds.
   * @default 100
   * @minimum 1
   * @asType integer
   */
  readonly connectRetryMs: number;
  /**
   * Proposals that may be uncommitted at the leader before it answers `overloaded` (ZooKeeper: globalOutstandingLimit).
   * Entries.
   * @default 1000
   * @minimum 1
   * @asType integer
   */
  readonly outstandingLimit: number;
  /**
   * Proposals on the way to one follower, not yet acknowledged by it. Entries.
   * @default 1024
   * @minimum 1
   * @asType integer
   */
  readonly windowEntries: number;
  /**
   * Commands in one PROPOSE, INFORM or BODY; one entry always fits. Bytes.
   * @default 1048576
   * @minimum 1
   * @asType integer
   */
  readonly batchBytesMax: number;
  /**
   * Committed entries between two snapshots (ZooKeeper: snapCount); 0 turns snapshots off. Entries.
   * @default 100000
   * @minimum 0
   * @asType integer
   */
  readonly snapshotEveryEntries: number;
  /**
   * Entries kept in memory below a snapshot, so that a follower a little behind needs no SNAP (ZooKeeper:
   * commitLogCount). Entries.
   * @default 500
   * @minimum 0
   * @asType integer
   */
  readonly trailingEntries: number;
}

const COMMON = {
  finalizeWaitMs: 200,
  notificationMinMs: 200,
  connectRetryMs: 100,
  outstandingLimit: 1000,
  windowEntries: 1024,
  batchBytesMax: 1_048_576,
  snapshotEveryEntries: 100_000,
  trailingEntries: 500,
} as const;

/**
 * `native`: ZooKeeper's sample configuration and its defaults. `matched`: a dead peer is noticed after 1000 ms (syncLimit
 * 5 ticks of 200 ms), and a server that is LOOKING never falls silent for longer than that.
 */
export function defaultOptions(timing: TimingProfile): ZabOptions {
  if (timing === "native") {
    return { ...COMMON, tickTimeMs: 2000, initLimit: 10, syncLimit: 5, notificationMaxMs: 60_000 };
  }
  return { ...COMMON, tickTimeMs: 200, initLimit: 10, syncLimit: 5, notificationMaxMs: 1000 };
}

const MINIMA: { readonly [name in keyof ZabOptions]: number } = {
  tickTimeMs: 2,
  initLimit: 1,
  syncLimit: 1,
  finalizeWaitMs: 0,
  notificationMinMs: 1,
  notificationMaxMs: 1,
  connectRetryMs: 1,
  outstandingLimit: 1,
  windowEntries: 1,
  batchBytesMax: 1,
  snapshotEveryEntries: 0,
  trailingEntries: 0,
};

/** What is wrong with these options, one line, or null. */
export function optionsProblem(options: ZabOptions): string | null {
  for (const [name, minimum] of Object.entries(MINIMA)) {
    const value: unknown = options[name as keyof ZabOptions];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < minimum)
      return `${name} must be an integer of at least ${minimum}, not ${String(value)}`;
  }
  for (const name of Object.keys(options)) if (!Object.hasOwn(MINIMA, name)) return `unknown setting ${name}`;
  if (options.notificationMaxMs < options.notificationMinMs)
    return `notificationMaxMs ${options.notificationMaxMs} is below notificationMinMs ${options.notificationMinMs}`;
  return null;
}
