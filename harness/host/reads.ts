/** Reads of this node that wait for the core's leave, or for the machine to reach the index they were given. */
import type { Index, RequestId } from "../../protocols/core/index.js";
import type { ReadOperation } from "./machine.js";

export interface PendingRead {
  readonly request: RequestId;
  readonly token: number;
  readonly operation: ReadOperation;
}

interface Waiting {
  readonly request: RequestId;
  readonly atIndex: Index;
}

export class PendingReads {
  private readonly byRequest = new Map<RequestId, PendingRead>();
  private waiting: Waiting[] = [];
  /** The lowest index that a read waits for; Infinity: none waits. */
  nextIndex = Number.POSITIVE_INFINITY;
  /**
   * The read that is being handed to the core. Under a lease it is served within the same step and never enters the
   * table.
   */
  private begun: PendingRead | null = null;

  begin(read: PendingRead): void {
    this.begun = read;
  }

  /** The core has not answered within its step. */
  keepBegun(): void {
    if (this.begun === null) return;
    this.byRequest.set(this.begun.request, this.begun);
    this.begun = null;
  }

  /** null: answered before. */
  take(request: RequestId): PendingRead | null {
    if (this.begun?.request === request) {
      const read = this.begun;
      this.begun = null;
      return read;
    }
    const read = this.byRequest.get(request);
    if (read === undefined) return null;
    this.byRequest.delete(request);
    return read;
  }

  waitFor(request: RequestId, atIndex: Index): void {
    this.waiting.push({ request, atIndex });
    if (atIndex < this.nextIndex) this.nextIndex = atIndex;
  }

  /** Reads whose index is applied, in the order in which the core allowed them. */
  takeReady(applied: Index): readonly RequestId[] {
    const ready: RequestId[] = [];
    const rest: Waiting[] = [];
    this.nextIndex = Number.POSITIVE_INFINITY;
    for (const read of this.waiting) {
      if (read.atIndex <= applied) {
        ready.push(read.request);
        continue;
      }
      rest.push(read);
      if (read.atIndex < this.nextIndex) this.nextIndex = read.atIndex;
    }
    this.waiting = rest;
    return ready;
  }
}
