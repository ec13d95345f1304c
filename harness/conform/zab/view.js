import { compactTo, createLog, putEntry, truncateFrom } from "../../../protocols/core/index.js";
import { endsOf, epochEnds } from "../../../protocols/zab/index.js";
/** Spec: what Slice(h, from, to) gives. */
export function sliceOf(entries) {
  const first = entries[0]?.index ?? 0;
  return { first, ends: endsOf(entries) };
}
/** A message as the spec has it. */
export function messageView(message) {
  const { entries, ...rest } = message;
  return entries === undefined ? rest : { ...rest, entries: sliceOf(entries) };
}
/** What a server's disk would hold with every write that was asked for, kept by applying the writes themselves. */
export class DiskImage {
  hard = { acceptedEpoch: 0, currentEpoch: 0 };
  log = createLog(null, []);
  snapshot = null;
  clone() {
    const copy = new DiskImage();
    copy.hard = this.hard;
    copy.log = { ...this.log, slots: this.log.slots.slice() };
    copy.snapshot = this.snapshot;
    return copy;
  }
  write({ hard, truncateFrom: from, snapshot, entries }) {
    if (hard !== null) this.hard = hard;
    if (from !== null) truncateFrom(this.log, from);
    if (snapshot !== null) {
      this.snapshot = snapshot;
      compactTo(this.log, snapshot.index, snapshot.round);
    }
    for (const entry of entries) putEntry(this.log, entry);
  }
  /** Spec: Image(n). */
  view() {
    const { acceptedEpoch, currentEpoch } = this.hard;
    return { acceptedEpoch, currentEpoch, history: { floor: this.log.snapshotIndex, ends: epochEnds(this.log) } };
  }
}
//# sourceMappingURL=view.js.map
