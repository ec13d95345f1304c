/** Chooses for each batch where its sync runs. */
import type { SyncPolicy } from "./contract.js";

const LOOP_BYTES_MAX = 256 * 1024;
const LOOP_MICROS_MAX = 2000;
const LOOP_WAITING_MAX = 4;
/** So many syncs are remembered. Odd: there is one in the middle. */
const MEMORY = 9;

export class SyncChoice {
  readonly #policy: SyncPolicy;
  /** Of the latest syncs, the oldest overwritten next. Microseconds. */
  readonly #latest = new Float64Array(MEMORY);
  readonly #sorted = new Float64Array(MEMORY);
  #next = 0;
  #medianMicros = 0;

  constructor(policy: SyncPolicy | undefined) {
    this.#policy = policy ?? { mode: "adaptive" };
  }

  onLoop(batchBytes: number): boolean {
    const policy = this.#policy;
    if (policy.mode !== "adaptive") return policy.mode === "loop";
    if (batchBytes > (policy.loopBytesMax ?? LOOP_BYTES_MAX)) return false;
    // A slow disk must not stop heartbeats. Syncs beside the loop are remembered too, so this is no dead end.
    if (this.#medianMicros > (policy.loopMicrosMax ?? LOOP_MICROS_MAX)) return false;
    return policy.waiting === undefined || policy.waiting() <= (policy.loopWaitingMax ?? LOOP_WAITING_MAX);
  }

  /** The median, not the mean: on a busy machine a few syncs take long, whatever the disk is like. */
  took(micros: number): void {
    this.#replace(this.#latest[this.#next] as number, micros);
    this.#latest[this.#next] = micros;
    this.#next = (this.#next + 1) % MEMORY;
    this.#medianMicros = this.#sorted[(MEMORY - 1) / 2] as number;
  }

  /** Keeps the order: after every sync, a call of `sort` would cost more than all the rest here. */
  #replace(old: number, micros: number): void {
    const sorted = this.#sorted;
    let at = sorted.indexOf(old);
    while (at + 1 < MEMORY && (sorted[at + 1] as number) < micros) {
      sorted[at] = sorted[at + 1] as number;
      at += 1;
    }
    while (at > 0 && (sorted[at - 1] as number) > micros) {
      sorted[at] = sorted[at - 1] as number;
      at -= 1;
    }
    sorted[at] = micros;
  }
}
