/** ZAB's messages and disk in the spec's variables: a command is known by its epoch and place, a slice by its runs. */
import type { Entry, Log, Snapshot } from "../../../protocols/core/index.js";
import { type ZabHard } from "../../../protocols/zab/index.js";
interface Slice {
  readonly first: number;
  readonly ends: readonly unknown[];
}
/** Spec: what Slice(h, from, to) gives. */
export declare function sliceOf(entries: readonly Entry[]): Slice;
/** A message as the spec has it. */
export declare function messageView(message: unknown): unknown;
/** A write in the words of `persist`. */
export interface Written {
  readonly hard: unknown;
  readonly truncateFrom: number | null;
  readonly snapshot: Pick<Snapshot, "index" | "round"> | null;
  readonly entries: readonly unknown[];
}
/** What a server's disk would hold with every write that was asked for, kept by applying the writes themselves. */
export declare class DiskImage {
  hard: ZabHard;
  log: Log;
  snapshot: Snapshot | null;
  clone(): DiskImage;
  write({ hard, truncateFrom: from, snapshot, entries }: Written): void;
  /** Spec: Image(n). */
  view(): unknown;
}
export {};
