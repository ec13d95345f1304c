/** ZAB's own invariants (Junqueira 2011 §V), cheap enough for every step. */
import { type Invariant, entryAt, lastIndex, lastRound } from "../core/index.js";
import { type ZabState, isEstablished } from "./state.js";

/** Two servers may be LEADING, and may even try for the same epoch; a quorum accepts it from one of them. */
const oneLeaderPerEpoch: Invariant<ZabState> = {
  name: "one established leader per epoch",
  check(changed, all) {
    if (!isEstablished(changed)) return null;
    for (const other of all) {
      if (other.id !== changed.id && isEstablished(other) && other.epoch === changed.epoch)
        return `${changed.id} and ${other.id} both lead epoch ${changed.epoch}`;
    }
    return null;
  },
};

const epochOrder: Invariant<ZabState> = {
  name: "currentEpoch is at most acceptedEpoch",
  check: ({ id, currentEpoch, acceptedEpoch }) =>
    currentEpoch <= acceptedEpoch
      ? null
      : `${id}: currentEpoch ${currentEpoch} is above acceptedEpoch ${acceptedEpoch}`,
};

/** Checked against the last write: an epoch in memory behind the disk's would be told after it was left. */
const epochsGrow: Invariant<ZabState> = {
  name: "epochs never decrease",
  check: ({ id, acceptedEpoch, currentEpoch, written }) =>
    acceptedEpoch >= written.acceptedEpoch && currentEpoch >= written.currentEpoch
      ? null
      : `${id}: epochs ${acceptedEpoch}, ${currentEpoch} are behind the written ${written.acceptedEpoch}, ${written.currentEpoch}`,
};

/** The last two entries are enough, since every step is checked: epochs never decrease along a history. */
const zxidOrder: Invariant<ZabState> = {
  name: "transactions are in zxid order",
  check(s) {
    const last = lastIndex(s.log);
    const end = entryAt(s.log, last);
    if (end === undefined) return null;
    if (end.index !== last) return `${s.id}: the entry at ${last} says it is ${end.index}`;
    const before = entryAt(s.log, last - 1)?.round ?? s.log.snapshotRound;
    return before <= end.round ? null : `${s.id}: epoch ${end.round} at ${last} follows epoch ${before}`;
  },
};

const committedWithinHistory: Invariant<ZabState> = {
  name: "what is committed is in the history",
  check: (s) =>
    s.committed <= lastIndex(s.log) ? null : `${s.id}: committed ${s.committed}, history ends at ${lastIndex(s.log)}`,
};

/** A history holds nothing of an epoch that its server has not accepted. */
const historyWithinEpoch: Invariant<ZabState> = {
  name: "no transaction is of a later epoch than the accepted one",
  check: (s) =>
    lastRound(s.log) <= s.acceptedEpoch
      ? null
      : `${s.id}: history ends in epoch ${lastRound(s.log)}, acceptedEpoch is ${s.acceptedEpoch}`,
};

/** An established leader works in the epoch that is on its disk, and has acknowledged its own NEWLEADER or a quorum has. */
const establishedInCurrentEpoch: Invariant<ZabState> = {
  name: "an established leader leads its current epoch",
  check: (s) =>
    !isEstablished(s) || (s.epoch === s.currentEpoch && s.epoch === s.acceptedEpoch)
      ? null
      : `${s.id} leads epoch ${s.epoch}, with currentEpoch ${s.currentEpoch} and acceptedEpoch ${s.acceptedEpoch}`,
};

/** Checked by the harness after every step of every replica. */
export const invariants: readonly Invariant<ZabState>[] = [
  oneLeaderPerEpoch,
  epochOrder,
  epochsGrow,
  zxidOrder,
  committedWithinHistory,
  historyWithinEpoch,
  establishedInCurrentEpoch,
];
