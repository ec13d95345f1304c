/** What must hold of Multi-Paxos replicas after every step, beside what the harness checks for every protocol. */
import { type Entry, entryAt, type Invariant, type Round } from "../core/index.js";
import { ballotText, ownerOf } from "./messages.js";
import type { MultiPaxosState } from "./state.js";

function sameValue(a: Entry, b: Entry): boolean {
  if (a.kind !== "command" || b.kind !== "command") return a.kind === b.kind;
  if (a.command === b.command) return true;
  if (a.command.length !== b.command.length) return false;
  return a.command.every((byte, at) => byte === b.command[at]);
}

/** P2c's premise: a ballot proposes one value per slot. Looks at the slots the step put into the log. */
const oneValuePerBallot: Invariant<MultiPaxosState> = {
  name: "one value per slot and ballot",
  check(changed, all) {
    if (changed.putFrom === 0) return null;
    for (let slot = changed.putFrom; slot <= changed.putTo; slot += 1) {
      const own = entryAt(changed.log, slot);
      if (own === undefined) continue;
      for (const other of all) {
        const theirs = entryAt(other.log, slot);
        if (theirs === undefined || theirs.round !== own.round || sameValue(own, theirs)) continue;
        return `${changed.id} and ${other.id} hold two values of slot ${slot} in ballot ${ballotText(own.round)}`;
      }
    }
    return null;
  },
};

const acceptedBelowPromised: Invariant<MultiPaxosState> = {
  name: "accepted ballot <= promised ballot",
  check(changed) {
    if (changed.putFrom === 0) return null;
    for (let slot = changed.putFrom; slot <= changed.putTo; slot += 1) {
      const entry = entryAt(changed.log, slot);
      if (entry !== undefined && entry.round > changed.promisedBallot)
        return `${changed.id} holds slot ${slot} in ballot ${ballotText(entry.round)}, above its promise`;
    }
    return null;
  },
};

/** What each replica object had promised when it was last looked at; a restarted node is another object. */
const promisedBefore = new WeakMap<MultiPaxosState, Round>();

const promiseNeverDecreases: Invariant<MultiPaxosState> = {
  name: "the promised ballot never decreases",
  check(changed) {
    const before = promisedBefore.get(changed) ?? 0;
    if (changed.promisedBallot < before)
      return `${changed.id} fell from ballot ${ballotText(before)} to ${ballotText(changed.promisedBallot)}`;
    if (changed.promisedBallot > before) promisedBefore.set(changed, changed.promisedBallot);
    return null;
  },
};

const leadersOwnTheirBallots: Invariant<MultiPaxosState> = {
  name: "a leader leads in a ballot it owns and promised, and no other leads in it",
  check(changed, all) {
    if (changed.role !== "leader") return null;
    if (ownerOf(changed.ballot) !== changed.ordinal)
      return `${changed.id} leads in ballot ${ballotText(changed.ballot)}, which it does not own`;
    if (changed.ballot !== changed.promisedBallot)
      return `${changed.id} leads in ${ballotText(changed.ballot)} but promised ${ballotText(changed.promisedBallot)}`;
    for (const other of all)
      if (other !== changed && other.role === "leader" && other.ballot === changed.ballot)
        return `${changed.id} and ${other.id} both lead in ballot ${ballotText(changed.ballot)}`;
    return null;
  },
};

/** Looks at both ends of what is open: cheap, and where holes would come from. */
const prefixIsHeld: Invariant<MultiPaxosState> = {
  name: "the decided prefix is held",
  check(changed) {
    const { decidedIndex, log } = changed;
    if (decidedIndex < log.snapshotIndex) return `${changed.id} compacted slots it has not decided`;
    if (decidedIndex > log.snapshotIndex && entryAt(log, decidedIndex) === undefined)
      return `${changed.id} decided slot ${decidedIndex} without holding it`;
    return null;
  },
};

/** Checked by the harness after every step of every replica. */
export const invariants: readonly Invariant<MultiPaxosState>[] = [
  oneValuePerBallot,
  acceptedBelowPromised,
  promiseNeverDecreases,
  leadersOwnTheirBallots,
  prefixIsHeld,
];
