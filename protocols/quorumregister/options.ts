/** Settings of a replica. All replicas of a cluster are meant to have the same ones. */
import type { TimingProfile } from "../core/index.js";

/** Every setting; ranges are in the generated schema. */
export interface RegisterOptions {
  /**
   * R: replicas whose cell a query waits for, of a get and of a put. 0: the cluster's election quorum, or a majority.
   * @asType integer
   * @minimum 0
   * @default 0
   */
  readonly readQuorum: number;
  /**
   * W: replicas whose disk must hold a cell before its put is answered. 0: the cluster's replication quorum, or a
   * majority. Reads are regular only if R + W exceeds the voters.
   * @asType integer
   * @minimum 0
   * @default 0
   */
  readonly writeQuorum: number;
  /**
   * What a get does about replicas that are behind. `off`: nothing. `background`: it answers and sends them what it
   * found (Dynamo's read repair). `writeBack`: it answers when W replicas hold what it found (ABD's second phase).
   * @default "writeBack"
   */
  readonly readRepair: "off" | "background" | "writeBack";
  /**
   * Time after which unanswered messages are sent again. Milliseconds.
   * @minimum 1
   * @default 200
   */
  readonly retransmitMs: number;
  /**
   * Retransmissions after which a coordinator gives an operation up.
   * @asType integer
   * @minimum 1
   * @default 20
   */
  readonly retransmissionsMax: number;
}

/** There is no leader to be missed, so both profiles are the same. */
export function defaultOptions(_timing: TimingProfile): RegisterOptions {
  return { readQuorum: 0, writeQuorum: 0, readRepair: "writeBack", retransmitMs: 200, retransmissionsMax: 20 };
}

/** What is wrong with these options, in one line, or null. Quorums that miss each other are a setting, not a mistake. */
export function optionsProblem(options: RegisterOptions, voters: number): string | null {
  for (const name of ["readQuorum", "writeQuorum"] as const) {
    const size = options[name];
    if (!Number.isInteger(size) || size < 0 || size > voters)
      return `${name} must be an integer from 0 to ${voters}, it is ${size}`;
  }
  if (!["off", "background", "writeBack"].includes(options.readRepair))
    return `readRepair must be "off", "background" or "writeBack", it is ${JSON.stringify(options.readRepair)}`;
  if (!(options.retransmitMs >= 1 && options.retransmitMs < Number.POSITIVE_INFINITY))
    return `retransmitMs must be finite and at least 1, it is ${options.retransmitMs}`;
  if (!Number.isSafeInteger(options.retransmissionsMax) || options.retransmissionsMax < 1)
    return `retransmissionsMax must be an integer of at least 1, it is ${options.retransmissionsMax}`;
  return null;
}
