// The limits of a check. Both are looked at inside the loops, not between them.

/** Which limit was reached. */
export type UnknownReason = "time" | "memory";

/** Thrown inside a checker when a limit is reached; the checker's entry turns it into the verdict unknown. */
export class BudgetExceeded extends Error {
  readonly reason: UnknownReason;
  constructor(reason: UnknownReason) {
    super(reason);
    this.reason = reason;
  }
}

const unitsBetweenLooks = 10_000;

/** One check's time and memory. `bytes` counts the arrays that the check holds, above the history itself. */
export class Budget {
  readonly startedMs = performance.now();
  readonly deadlineMs: number;
  readonly memoryBytesMax: number;
  bytes = 0;
  bytesHighest = 0;
  private spent = 0;

  /** `deadlineMs`: from now, > 0, Infinity allowed. `memoryBytesMax`: > 0, Infinity allowed. */
  constructor(deadlineMs: number, memoryBytesMax: number) {
    this.deadlineMs = deadlineMs;
    this.memoryBytesMax = memoryBytesMax;
  }

  elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  isLate(): boolean {
    return performance.now() - this.startedMs > this.deadlineMs;
  }

  /** @throws {BudgetExceeded} after the deadline. */
  checkTime(): void {
    if (this.isLate()) throw new BudgetExceeded("time");
  }

  /**
   * Counts work, in units of about ten nanoseconds, and looks at the clock every 100 microseconds or so: loops whose
   * steps differ in length call this instead of {@link checkTime}. @throws {BudgetExceeded} after the deadline.
   */
  spend(units: number): void {
    this.spent += units;
    if (this.spent < unitsBetweenLooks) return;
    this.spent = 0;
    this.checkTime();
  }

  hasRoom(bytes: number): boolean {
    return this.bytes + bytes <= this.memoryBytesMax;
  }

  /** Call before the allocation. @throws {BudgetExceeded} if it would pass the cap. */
  take(bytes: number): void {
    if (!this.hasRoom(bytes)) throw new BudgetExceeded("memory");
    this.bytes += bytes;
    if (this.bytes > this.bytesHighest) this.bytesHighest = this.bytes;
  }

  give(bytes: number): void {
    this.bytes -= bytes;
  }
}
