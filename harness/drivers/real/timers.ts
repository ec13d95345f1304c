/** The timers of a replica on one timer of the system: replicas re-arm theirs with nearly every message. */

export class Timers {
  readonly #fire: (timer: string) => void;
  readonly #deadlines = new Map<string, number>();
  #armed: NodeJS.Timeout | null = null;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(fire: (timer: string) => void) {
    this.#fire = fire;
  }

  /** Draws uniformly from [minMs, maxMs]. Only the latest setting of a timer fires. */
  set(timer: string, minMs: number, maxMs: number): void {
    const deadline = performance.now() + minMs + Math.random() * (maxMs - minMs);
    this.#deadlines.set(timer, deadline);
    // A timer that is put off leaves the system's where it is: it finds out when it wakes.
    if (deadline < this.#armedFor) this.#arm(deadline);
  }

  cancel(timer: string): void {
    this.#deadlines.delete(timer);
  }

  close(): void {
    this.#deadlines.clear();
    if (this.#armed !== null) clearTimeout(this.#armed);
    this.#armed = null;
  }

  #arm(deadline: number): void {
    if (this.#armed !== null) clearTimeout(this.#armed);
    this.#armedFor = deadline;
    this.#armed = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(deadline - performance.now())));
  }

  #wake(): void {
    this.#armed = null;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const due = [...this.#deadlines].filter(([, deadline]) => deadline <= now).sort((a, b) => a[1] - b[1]);
    for (const [timer, deadline] of due) {
      // An earlier one of these may have re-armed or cancelled it.
      if (this.#deadlines.get(timer) !== deadline) continue;
      this.#deadlines.delete(timer);
      this.#fire(timer);
    }
    let next = Number.POSITIVE_INFINITY;
    for (const deadline of this.#deadlines.values()) next = Math.min(next, deadline);
    if (next < this.#armedFor) this.#arm(next);
  }
}
