/** The replicated key-value machine. Deterministic: equal operations in equal order give equal states and results. */
import { CodecError } from "../../protocols/core/index.js";
import type { CommandReader } from "./command.js";
import { UNKNOWN } from "./knownKeys.js";
import { encodeAnswer } from "./mvcc/answerCodec.js";
import { execute } from "./mvcc/execute.js";
import { decodeRequest } from "./mvcc/requestCodec.js";
import { Store } from "./mvcc/store.js";
import type { Request } from "./mvcc/types.js";
import type { Operation, Result } from "./types.js";

export type ReadOperation = Extract<Operation, { readonly f: "get" | "range" | "query" }>;
export type WriteOperation = Exclude<Operation, ReadOperation>;

export function isRead(operation: Operation): operation is ReadOperation {
  return operation.f === "get" || operation.f === "range" || operation.f === "query";
}

/** Whether its answer is DONE, whatever the machine holds. */
export function isBlind({ f }: WriteOperation): boolean {
  return f === "put" || f === "append" || f === "delete";
}

/** The answer of every write that has nothing else to say. */
export const DONE: Result = { type: "done" };

export class Machine {
  /** For the snapshot. */
  readonly store: Store;

  /** @param historyMax Revisions before the last that can be read; the same on every replica. 0: none. */
  constructor(historyMax = 0) {
    this.store = new Store(historyMax);
  }

  get(key: string): string | null {
    return this.store.get(key);
  }

  write(operation: WriteOperation): Result {
    switch (operation.f) {
      case "put":
        this.set(operation.key, operation.value);
        return DONE;
      case "delete": {
        const revision = this.store.revision + 1;
        if (this.store.delete(operation.key, revision)) this.store.finish(revision);
        return DONE;
      }
      case "append":
        this.set(operation.key, (this.get(operation.key) ?? "") + operation.value);
        return DONE;
      case "cas":
        return this.compareAndSet(operation.key, operation.expected, operation.value);
      case "txn":
        return this.execute(operation.request, true);
    }
  }

  /** The write that the reader stands at. The command's bytes must not change for as long as the log holds them. */
  writeNext({ putPlace, known, operation, bytes, valueFrom, valueTo }: CommandReader): Result {
    if (putPlace === UNKNOWN) return this.write(operation);
    const { store } = this;
    const revision = store.revision + 1;
    store.putBytes(known, putPlace, revision, bytes, valueFrom, valueTo);
    store.finish(revision);
    return DONE;
  }

  read(operation: ReadOperation): Result {
    switch (operation.f) {
      case "get":
        return { type: "value", value: this.get(operation.key) };
      case "range":
        return { type: "range", pairs: this.range(operation.from, operation.to, operation.limit) };
      case "query":
        return this.execute(operation.request, false);
    }
  }

  /** Keys in byte order: insertion order differs between a replica that replayed and one that restored. */
  keys(): readonly string[] {
    return [...this.store.between("", null)].filter((key) => this.get(key) !== null);
  }

  /** Keys and values, in byte order of the keys. */
  pairs(): readonly (readonly [string, string])[] {
    return this.keys().map((key) => [key, this.get(key) as string]);
  }

  private set(key: string, value: string): void {
    const revision = this.store.revision + 1;
    this.store.put(key, value, revision);
    this.store.finish(revision);
  }

  private compareAndSet(key: string, expected: string | null, value: string): Result {
    const observed = this.get(key);
    const swapped = observed === expected;
    if (swapped) this.set(key, value);
    return { type: "cas", swapped, observed };
  }

  private range(from: string, to: string, limit: number): readonly (readonly [string, string])[] {
    const pairs: (readonly [string, string])[] = [];
    for (const key of this.store.between(from, to)) {
      if (pairs.length >= limit) break;
      const value = this.get(key);
      if (value !== null) pairs.push([key, value]);
    }
    return pairs;
  }

  /** Bytes that are no request are answered, not thrown: they are in the log, and every replica must get past them. */
  private execute(bytes: Uint8Array, writes: boolean): Result {
    let request: Request;
    try {
      request = decodeRequest(bytes);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      return { type: "bytes", bytes: encodeAnswer({ type: "refused", refusal: "malformed" }) };
    }
    return { type: "bytes", bytes: encodeAnswer(execute(this.store, request, writes)) };
  }
}
