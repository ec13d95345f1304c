/**
 * Committed entries that are not applied yet: a replica may put that off until its driver is idle. Nobody waits for what
 * others proposed; own writes are answered when they are committed, where their answer is certain by then.
 */
import type { Entry, Index, Protocol } from "../../protocols/core/index.js";
import { type Apply, NEED_IDLE, type Out, pushReply } from "./effects.js";
import { DONE } from "./machine.js";
import { ANSWERED, type Batch, type PendingWrites } from "./pending.js";
import type { Sessions } from "./sessions.js";
import type { Reply } from "./types.js";

export class Backlog<P extends Protocol> {
  private readonly effects: Apply<P>[] = [];
  private readonly writes: PendingWrites;
  private readonly sessions: Sessions;
  /** Own writes among them; they have been answered. */
  private ownWrites = 0;
  /** The last committed position that this replica did not propose as it is. */
  private foreignIndex: Index = 0;

  constructor(writes: PendingWrites, sessions: Sessions) {
    this.writes = writes;
    this.sessions = sessions;
  }

  /** In the order of the log; valid until `clear`. */
  get waiting(): readonly Apply<P>[] {
    return this.effects;
  }

  /** False: it must be applied now, after those that wait. */
  take(effect: Apply<P>, out: Out<P>): boolean {
    if (!this.mayWait(effect.entry, out)) return false;
    if (this.effects.push(effect) === 1) out.push(NEED_IDLE);
    return true;
  }

  /** They are applied, or a snapshot holds them. */
  clear(): void {
    // Taking them off one by one is a tenth of what setting the length costs.
    while (this.effects.length > 0) this.effects.pop();
    this.ownWrites = 0;
  }

  /** Whatever came before it, the sessions are those of a snapshot at `index` now. */
  loaded(index: Index): void {
    this.foreignIndex = index;
  }

  private mayWait(entry: Entry, out: Out<P>): boolean {
    const batch = this.writes.at(entry.index);
    if (batch === undefined || entry.kind !== "command" || entry.command !== batch.command) {
      this.foreignIndex = entry.index;
      return batch === undefined;
    }
    if (!this.isCertain(batch)) return false;
    this.ownWrites += batch.writes.length;
    this.answer(batch, entry.index, out);
    return true;
  }

  /**
   * Whether every write of an own, committed batch will be executed and answered with DONE. The sessions admitted each of
   * them; since then nothing may have come between that could hold the same write or, by filling the table, have
   * dropped its session.
   */
  private isCertain(batch: Batch): boolean {
    return (
      batch.isBlind &&
      this.foreignIndex <= batch.admittedAt &&
      this.sessions.hasRoomFor(this.ownWrites + batch.writes.length)
    );
  }

  private answer(batch: Batch, index: Index, out: Out<P>): void {
    const reply: Reply = { status: "ok", result: DONE, index };
    for (const write of batch.writes) {
      if (write.done) continue; // Its client has gone on.
      pushReply(write.token, reply, out);
      write.token = ANSWERED;
    }
    this.writes.committed(batch);
  }
}
