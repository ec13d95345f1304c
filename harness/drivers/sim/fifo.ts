/**
 * A first-in first-out list in a ring that grows and never shrinks. An array that is emptied and filled again at every
 * turn would allocate its storage anew each time; that was an eighth of all allocations of a run.
 */
export class Fifo<T> {
  private ring: (T | undefined)[] = new Array<T | undefined>(16).fill(undefined);
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.ring.length) this.grow();
    this.ring[(this.head + this.count) & (this.ring.length - 1)] = item;
    this.count += 1;
  }

  /** The oldest item, which leaves. There must be one. */
  shift(): T {
    const item = this.ring[this.head] as T;
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.count -= 1;
    return item;
  }

  /** The item `place` behind the oldest. */
  at(place: number): T {
    return this.ring[(this.head + place) & (this.ring.length - 1)] as T;
  }

  /** A copy of the items from place `from` to before `to`. */
  slice(from: number, to: number): T[] {
    return Array.from({ length: to - from }, (_, i) => this.at(from + i));
  }

  clear(): void {
    while (this.count > 0) this.shift();
  }

  private grow(): void {
    const old = this.ring;
    const size = old.length;
    this.ring = new Array<T | undefined>(2 * size).fill(undefined);
    for (let i = 0; i < size; i += 1) this.ring[i] = old[(this.head + i) & (size - 1)];
    this.head = 0;
  }
}
