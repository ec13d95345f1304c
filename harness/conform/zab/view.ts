/** ZAB's messages and disk in the spec's variables: a command is known by its epoch and place, a slice by its runs. */
import type { Entry, Log, Snapshot } from "../../../protocols/core/index.js";
import { compactTo, createLog, putEntry, truncateFrom } from "../../../protocols/core/index.js";
import { endsOf, epochEnds, type ZabHard } from "../../../protocols/zab/index.js";

interface Slice {
  readonly first: number;
  readonly ends: readonly unknown[];
}

/** Spec: what Slice(h, from, to) gives. */
export function sliceOf(entries: readonly Entry[]): Slice {
  const first = entries[0]?.index ?? 0;
  return { first, ends: endsOf(entries) };
}

/** A message as the spec has it. */
export function messageView(message: unknown): unknown {
  const { entries, ...rest } = message as { readonly entries?: readonly Entry[] };
  return entries === undefined ? rest : { ...rest, entries: sliceOf(entries) };
}

/** A write in the words of `persist`. */
export interface Written {
  readonly hard: unknown;
  readonly truncateFrom: number | null;
  readonly snapshot: Pick<Snapshot, "index" | "round"> | null;
  readonly entries: readonly unknown[];
}

/** What a server's disk would hold with every write that was asked for, kept by applying the writes themselves. */
export class DiskImage {
  hard: ZabHard = { acceptedEpoch: 0, currentEpoch: 0 };
  log: Log = createLog(null, []);
  snapshot: Snapshot | null = null;

  clone(): DiskImage {
    const copy = new DiskImage();
    copy.hard = this.hard;
    copy.log = { ...this.log, slots: this.log.slots.slice() };
    copy.snapshot = this.snapshot;
    return copy;
  }

  write({ hard, truncateFrom: from, snapshot, entries }: Written): void {
    if (hard !== null) this.hard = hard as ZabHard;
    if (from !== null) truncateFrom(this.log, from);
    if (snapshot !== null) {
      this.snapshot = snapshot as Snapshot;
      compactTo(this.log, snapshot.index, snapshot.round);
    }
    for (const entry of entries) putEntry(this.log, entry as Entry);
  }

  /** Spec: Image(n). */
  view(): unknown {
    const { acceptedEpoch, currentEpoch } = this.hard;
    return { acceptedEpoch, currentEpoch, history: { floor: this.log.snapshotIndex, ends: epochEnds(this.log) } };
  }
}
