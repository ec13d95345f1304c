/** Comparing two histories by where their epochs end. */
import { type Entry, type Index, type Log, type Round, firstIndex, lastIndex } from "../core/index.js";
import type { EpochEnd } from "./messages.js";

/** First index of (floor, to] whose epoch is that of `to`: epochs never decrease along a history. */
function firstOfEpoch(log: Log, to: Index, epoch: Round): Index {
  let low = firstIndex(log);
  let high = to;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((log.slots[middle - firstIndex(log)]?.round ?? 0) < epoch) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Where each epoch ends in a history, oldest first; the first may have begun below the floor. Two histories with the
 * same table hold the same transactions, since an epoch has one leader.
 */
export function epochEnds(log: Log): EpochEnd[] {
  const ends: EpochEnd[] = [];
  let at = lastIndex(log);
  while (at > log.snapshotIndex) {
    const epoch = log.slots[at - firstIndex(log)]?.round ?? 0;
    ends.push({ epoch, last: at });
    at = firstOfEpoch(log, at, epoch) - 1;
  }
  // The floor belongs to the oldest epoch above it or is the end of its own.
  if (ends[ends.length - 1]?.epoch !== log.snapshotRound) ends.push({ epoch: log.snapshotRound, last: at });
  return ends.reverse();
}

/** Indexes [first, last] of `epoch` in a table, or null. The oldest epoch is known from the floor on. */
function rangeOf(ends: readonly EpochEnd[], at: number, floor: Index): readonly [Index, Index] {
  const before = ends[at - 1];
  const first = before === undefined ? floor : before.last + 1;
  return [first, ends[at]?.last ?? floor];
}

/**
 * The highest index at which a learner's history and this one agree, and therefore agree on everything before: an epoch
 * has one leader, so what two histories hold of an epoch are prefixes of one sequence, with the same past. null: the two
 * no longer reach back far enough to meet, and only a snapshot helps.
 */
export function commonPoint(log: Log, floor: Index, ends: readonly EpochEnd[]): Index | null {
  const own = epochEnds(log);
  let mine = own.length - 1;
  let theirs = ends.length - 1;
  while (mine >= 0 && theirs >= 0) {
    const myEpoch = own[mine]?.epoch ?? 0;
    const theirEpoch = ends[theirs]?.epoch ?? 0;
    if (myEpoch > theirEpoch) mine -= 1;
    else if (theirEpoch > myEpoch) theirs -= 1;
    else {
      const [myFirst, myLast] = rangeOf(own, mine, log.snapshotIndex);
      const [theirFirst, theirLast] = rangeOf(ends, theirs, floor);
      const last = Math.min(myLast, theirLast);
      if (last >= Math.max(myFirst, theirFirst)) return last;
      mine -= 1;
      theirs -= 1;
    }
  }
  return null;
}

/** Where each epoch ends in a part of a history. Reads every entry: for traces. */
export function endsOf(entries: readonly Entry[]): EpochEnd[] {
  const ends: EpochEnd[] = [];
  for (const { round: epoch, index: last } of entries) {
    if (ends[ends.length - 1]?.epoch === epoch) ends.pop();
    ends.push({ epoch, last });
  }
  return ends;
}
