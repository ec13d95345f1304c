/** The replicated key-value machine. Deterministic: equal operations in equal order give equal states and results. */
import type { Operation, Result } from "./types.js";

export type WriteOperation = Exclude<Operation, { readonly f: "get" | "range" }>;
export type ReadOperation = Extract<Operation, { readonly f: "get" | "range" }>;

/** The answer of every write that has nothing else to say. */
const DONE: Result = { type: "done" };

export class Machine {
  private readonly values = new Map<string, string>();
  /** All keys in byte order, for ranges; null when a key came or went since it was built. */
  private sorted: readonly string[] | null = null;

  get size(): number {
    return this.values.size;
  }

  get(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  write(operation: WriteOperation): Result {
    switch (operation.f) {
      case "put":
        this.set(operation.key, operation.value);
        return DONE;
      case "delete":
        if (this.values.delete(operation.key)) this.sorted = null;
        return DONE;
      case "append":
        this.set(operation.key, (this.values.get(operation.key) ?? "") + operation.value);
        return DONE;
      case "cas":
        return this.compareAndSet(operation.key, operation.expected, operation.value);
    }
  }

  read(operation: ReadOperation): Result {
    if (operation.f === "get") return { type: "value", value: this.get(operation.key) };
    return { type: "range", pairs: this.range(operation.from, operation.to, operation.limit) };
  }

  /** Replaces everything. For restoring a snapshot. */
  load(pairs: Iterable<readonly [string, string]>): void {
    this.values.clear();
    this.sorted = null;
    for (const [key, value] of pairs) this.values.set(key, value);
  }

  /** Keys in byte order: insertion order differs between a replica that replayed and one that restored. */
  keys(): readonly string[] {
    this.sorted ??= [...this.values.keys()].sort((a, b) => (a < b ? -1 : 1));
    return this.sorted;
  }

  private set(key: string, value: string): void {
    if (this.sorted !== null && !this.values.has(key)) this.sorted = null;
    this.values.set(key, value);
  }

  private compareAndSet(key: string, expected: string | null, value: string): Result {
    const observed = this.get(key);
    const swapped = observed === expected;
    if (swapped) this.set(key, value);
    return { type: "cas", swapped, observed };
  }

  private range(from: string, to: string, limit: number): readonly (readonly [string, string])[] {
    const keys = this.keys();
    const pairs: (readonly [string, string])[] = [];
    for (let i = lowerBound(keys, from); i < keys.length && pairs.length < limit; i += 1) {
      const key = keys[i] as string;
      if (key >= to) break;
      pairs.push([key, this.values.get(key) as string]);
    }
    return pairs;
  }
}

/** The first position whose key is not below `from`. */
function lowerBound(keys: readonly string[], from: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
