/**
 * The event heap: a binary heap over typed arrays, ordered by (time, order of scheduling). What an event carries lies in
 * slots that are reused, so that a run allocates nothing per event here.
 */
export class EventQueue {
  private times = new Float64Array(1024);
  private orders = new Float64Array(1024);
  private slots = new Int32Array(1024);
  private size = 0;
  private scheduled = 0;
  private kinds = new Uint8Array(1024);
  private firsts = new Int32Array(1024);
  private seconds = new Float64Array(1024);
  private payloads: unknown[] = [];
  private free: number[] = [];
  private slotCount = 0;

  /** What `pop` took: the event's time in nanoseconds, its kind, and what it carries. */
  time = 0;
  kind = 0;
  first = 0;
  second = 0;
  payload: unknown = null;

  get length(): number {
    return this.size;
  }

  /** Time of the next event; Infinity when there is none. */
  nextTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.times[0] as number);
  }

  /** Kind and first argument of the next event; only while there is one. */
  nextKind(): number {
    return this.kinds[this.slots[0] as number] as number;
  }

  nextFirst(): number {
    return this.firsts[this.slots[0] as number] as number;
  }

  push(time: number, kind: number, first: number, second: number, payload: unknown): void {
    const slot = this.free.length > 0 ? (this.free.pop() as number) : this.newSlot();
    this.kinds[slot] = kind;
    this.firsts[slot] = first;
    this.seconds[slot] = second;
    this.payloads[slot] = payload;
    if (this.size === this.times.length) this.growHeap();
    this.siftUp(this.size, time, this.scheduled, slot);
    this.size += 1;
    this.scheduled += 1;
  }

  /** False when the queue is empty. */
  pop(): boolean {
    if (this.size === 0) return false;
    const slot = this.slots[0] as number;
    this.time = this.times[0] as number;
    this.kind = this.kinds[slot] as number;
    this.first = this.firsts[slot] as number;
    this.second = this.seconds[slot] as number;
    this.payload = this.payloads[slot];
    this.payloads[slot] = null;
    this.free.push(slot);
    this.size -= 1;
    if (this.size > 0) this.siftDown(this.size);
    return true;
  }

  private siftUp(from: number, time: number, order: number, slot: number): void {
    const { times, orders, slots } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      // A later order never goes before an equal time: the new event is the latest of all.
      if ((times[parent] as number) <= time) break;
      times[at] = times[parent] as number;
      orders[at] = orders[parent] as number;
      slots[at] = slots[parent] as number;
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    slots[at] = slot;
  }

  /** Moves the element at `last` to the root and down to its place. */
  private siftDown(last: number): void {
    const { times, orders, slots } = this;
    const time = times[last] as number;
    const order = orders[last] as number;
    const slot = slots[last] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && this.isBefore(child + 1, child)) child += 1;
      const childTime = times[child] as number;
      if (childTime > time || (childTime === time && (orders[child] as number) > order)) break;
      times[at] = childTime;
      orders[at] = orders[child] as number;
      slots[at] = slots[child] as number;
      at = child;
    }
    times[at] = time;
    orders[at] = order;
    slots[at] = slot;
  }

  private isBefore(a: number, b: number): boolean {
    const ta = this.times[a] as number;
    const tb = this.times[b] as number;
    return ta < tb || (ta === tb && (this.orders[a] as number) < (this.orders[b] as number));
  }

  private newSlot(): number {
    if (this.slotCount === this.kinds.length) {
      const size = 2 * this.slotCount;
      this.kinds = grown(this.kinds, new Uint8Array(size));
      this.firsts = grown(this.firsts, new Int32Array(size));
      this.seconds = grown(this.seconds, new Float64Array(size));
    }
    this.slotCount += 1;
    return this.slotCount - 1;
  }

  private growHeap(): void {
    const size = 2 * this.times.length;
    this.times = grown(this.times, new Float64Array(size));
    this.orders = grown(this.orders, new Float64Array(size));
    this.slots = grown(this.slots, new Int32Array(size));
  }
}

function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
