/** When a replica's own snapshots are due, and which are being saved. */
import { assert, type Index } from "../../protocols/core/index.js";

interface Saved {
  readonly index: Index;
  /** Of the image. */
  readonly bytes: number;
}

export class SnapshotTaker {
  readonly #prefix: string;
  readonly #logBytesMax: number;
  readonly #saving = new Map<string, Saved>();
  #taken = 0;
  /** Commands applied since the last snapshot. */
  #logBytes = 0;
  #imageBytes = 0;

  /** @param logBytesMax commands after which a snapshot is due, whatever the core counts; Infinity: only the core's word */
  constructor(prefix: string, logBytesMax: number) {
    this.#prefix = prefix;
    this.#logBytesMax = logBytesMax;
  }

  applied(commandBytes: number): void {
    this.#logBytes += commandBytes;
  }

  /** A large machine is written only once the log has grown to as much again. */
  get isDue(): boolean {
    return this.#logBytes > this.#logBytesMax && this.#logBytes > this.#imageBytes && this.#saving.size === 0;
  }

  /** Returns the snapshot's id. */
  begin(index: Index, imageBytes: number): string {
    this.#taken += 1;
    this.#logBytes = 0;
    this.#imageBytes = imageBytes;
    const id = `${this.#prefix}.${this.#taken}`;
    this.#saving.set(id, { index, bytes: imageBytes });
    return id;
  }

  saved(id: string): Saved {
    const saved = this.#saving.get(id);
    assert(saved !== undefined, `snapshot ${id} was not being saved`);
    this.#saving.delete(id);
    return saved;
  }

  /** A snapshot from elsewhere stands for the log now. */
  loaded(): void {
    this.#logBytes = 0;
  }
}
