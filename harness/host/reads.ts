/** Reads of this node that wait for the core's leave, or for the machine to reach the index they were given. */
import type { Index, Protocol, RequestId } from "../../protocols/core/index.js";
import { type Out, pushReply } from "./effects.js";
import type { Machine, ReadOperation } from "./machine.js";

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
  private readonly machine: Machine;
  private readonly byRequest = new Map<RequestId, PendingRead>();
  private waiting: Waiting[] = [];
  /** The lowest index that a read waits for; Infinity: none waits. */
  private nextIndex = Number.POSITIVE_INFINITY;
  /**
   * The read that is being handed to the core. Under a lease it is served within the same step and never enters the
   * table.
   */
  private begun: PendingRead | null = null;

  constructor(machine: Machine) {
    this.machine = machine;
  }

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

  /** The core allows it once `atIndex` is applied. */
  serve<P extends Protocol>(request: RequestId, atIndex: Index, applied: Index, out: Out<P>): void {
    if (atIndex <= applied) {
      this.answer(request, applied, out);
      return;
    }
    this.waiting.push({ request, atIndex });
    if (atIndex < this.nextIndex) this.nextIndex = atIndex;
  }

  /** Those that waited for `applied` or less. */
  serveReady<P extends Protocol>(applied: Index, out: Out<P>): void {
    if (applied < this.nextIndex) return;
    for (const request of this.takeReady(applied)) this.answer(request, applied, out);
  }

  private answer<P extends Protocol>(request: RequestId, index: Index, out: Out<P>): void {
    const read = this.take(request);
    if (read === null) return;
    pushReply(read.token, { status: "ok", result: this.machine.read(read.operation), index }, out);
  }

  /** Reads whose index is applied, in the order in which the core allowed them. */
  private takeReady(applied: Index): readonly RequestId[] {
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
