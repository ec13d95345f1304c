/** Chooses for each batch where its sync runs. */
import type { SyncPolicy } from "./contract.js";

const LOOP_BYTES_MAX = 256 * 1024;
const LOOP_MICROS_MAX = 2000;
const LOOP_WAITING_MAX = 4;
/** Weight of the newest sync in the average: about the last eight count. */
const NEWEST = 1 / 8;

export class SyncChoice {
  readonly #policy: SyncPolicy;
  #averageMicros = 0;

  constructor(policy: SyncPolicy | undefined) {
    this.#policy = policy ?? { mode: "adaptive" };
  }

  onLoop(batchBytes: number): boolean {
    const policy = this.#policy;
    if (policy.mode !== "adaptive") return policy.mode === "loop";
    if (batchBytes > (policy.loopBytesMax ?? LOOP_BYTES_MAX)) return false;
    // A slow disk must not stop heartbeats. The average also falls by syncs beside the loop, so this is no dead end.
    if (this.#averageMicros > (policy.loopMicrosMax ?? LOOP_MICROS_MAX)) return false;
    return policy.waiting === undefined || policy.waiting() <= (policy.loopWaitingMax ?? LOOP_WAITING_MAX);
  }

  took(micros: number): void {
    this.#averageMicros += (micros - this.#averageMicros) * NEWEST;
  }
}
