/**
 * Write requests of this node that wait for their outcome. Volatile: a crash forgets them, and their clients learn
 * nothing, which is an unknown outcome.
 */
import type { Index, RequestId } from "../../protocols/core/index.js";

export interface PendingWrite {
  readonly client: number;
  readonly seq: number;
  /** ANSWERED: it had its reply before it was applied. */
  token: number;
  /** Tokens of retries that came while this one waited; null: none. */
  retries: number[] | null;
  /** Its outcome is known here, and it waits no more. */
  done: boolean;
}

/** In place of a token: who waited has been answered. */
export const ANSWERED = -1;

/** The writes of one proposal. */
export interface Batch {
  readonly request: RequestId;
  readonly writes: readonly PendingWrite[];
  /** What was proposed. */
  readonly command: Uint8Array;
  /** No answer to its writes depends on what the machine holds. */
  readonly isBlind: boolean;
  /** What was applied when the sessions admitted the first of its writes. */
  readonly admittedAt: Index;
  /** Where `accepted` put it; 0: not known yet. */
  index: Index;
  /** Another batch of this node that was put at the same index, in an earlier leadership. */
  next: Batch | null;
}

/** Places of answered writes that are kept in any case. */
const PLACES_MIN = 4096;

export class PendingWrites {
  /** Answered ones stay in their places, most of which their clients' next writes take: a table that shrinks and grows costs more. By `client | 0`, as sessions are. */
  private readonly byClient = new Map<number, PendingWrite>();
  private waiting = 0;
  /** Not proposed yet. */
  private turn: PendingWrite[] = [];
  private turnIsBlind = true;
  private turnAdmittedAt: Index = 0;
  private readonly byRequest = new Map<RequestId, Batch>();
  private readonly byIndex = new Map<Index, Batch>();

  get size(): number {
    return this.waiting;
  }

  /** Proposals whose fate is open. */
  get proposals(): number {
    return this.byRequest.size;
  }

  find(client: number): PendingWrite | undefined {
    const write = this.byClient.get(client | 0);
    return write === undefined || write.done ? undefined : write;
  }

  get unproposed(): number {
    return this.turn.length;
  }

  /**
   * The client has no other one.
   *
   * @param isBlind as in `Batch`
   * @param applied what is applied now, when the sessions admit it
   */
  add(write: PendingWrite, isBlind: boolean, applied: Index): void {
    if (this.turn.push(write) === 1) this.turnAdmittedAt = applied;
    if (!isBlind) this.turnIsBlind = false;
    this.waiting += 1;
    this.byClient.set(write.client | 0, write);
    if (this.byClient.size > 2 * this.waiting + PLACES_MIN) this.sweep();
  }

  private sweep(): void {
    for (const [client, write] of this.byClient) if (write.done) this.byClient.delete(client);
  }

  /** Forgets a write that is answered now. False if it was answered before. */
  remove(write: PendingWrite): boolean {
    if (write.done) return false;
    write.done = true;
    this.waiting -= 1;
    return true;
  }

  /** What was added since the last time goes into `command`. */
  propose(request: RequestId, command: Uint8Array): void {
    const { turn: writes, turnIsBlind: isBlind, turnAdmittedAt: admittedAt } = this;
    this.byRequest.set(request, { request, writes, command, isBlind, admittedAt, index: 0, next: null });
    this.turn = [];
    this.turnIsBlind = true;
  }

  /** It is committed: only its place is kept, until that is applied. */
  committed(batch: Batch): void {
    this.byRequest.delete(batch.request);
  }

  accepted(request: RequestId, index: Index): void {
    const batch = this.byRequest.get(request);
    if (batch === undefined) return; // Rejected before: its clients have their answer.
    if (batch.index !== 0) this.unlink(batch);
    batch.index = index;
    batch.next = this.byIndex.get(index) ?? null;
    this.byIndex.set(index, batch);
  }

  /** The latest batch that waits for `index`; undefined: none does. */
  at(index: Index): Batch | undefined {
    return this.byIndex.get(index);
  }

  /** The proposal is over for the core; null if it was over already. */
  takeRequest(request: RequestId): Batch | null {
    const batch = this.byRequest.get(request);
    if (batch === undefined) return null;
    this.byRequest.delete(request);
    if (batch.index !== 0) this.unlink(batch);
    return batch;
  }

  /** The batches that were waiting for `index`, linked by `next`; null: none. */
  takeIndex(index: Index): Batch | null {
    if (this.byIndex.size === 0) return null;
    const first = this.byIndex.get(index) ?? null;
    if (first === null) return null;
    this.byIndex.delete(index);
    for (let batch: Batch | null = first; batch !== null; batch = batch.next) this.byRequest.delete(batch.request);
    return first;
  }

  /** The batches waiting for an index up to `index`, in order of proposal. */
  takeUpTo(index: Index): readonly Batch[] {
    const found = [...this.byRequest.values()].filter((batch) => batch.index !== 0 && batch.index <= index);
    for (const batch of found) this.takeRequest(batch.request);
    return found;
  }

  /** Writes that are neither answered nor superseded, in order of arrival. */
  all(): readonly PendingWrite[] {
    return [...this.byClient.values()].filter((write) => !write.done);
  }

  private unlink(batch: Batch): void {
    const first = this.byIndex.get(batch.index);
    if (first === batch) {
      if (batch.next === null) this.byIndex.delete(batch.index);
      else this.byIndex.set(batch.index, batch.next);
      return;
    }
    for (let other = first ?? null; other !== null; other = other.next) {
      if (other.next === batch) other.next = batch.next;
    }
  }
}
