/** The state in the spec's words, and the actions that a traced step reports. */
import type { NodeId } from "../core/index.js";
import { endsOf, epochEnds } from "./history.js";
import type { LearnerHandler, Out, ZabState } from "./state.js";

/** Every action of the spec. A step reports what it did in this order: its own, then what followed from it. */
export type ZabAction =
  | "StartElection"
  | "SendNotifications"
  | "HandleNotification"
  | "FinalizeElection"
  | "StartLeading"
  | "StartFollowing"
  | "SendFOLLOWERINFO"
  | "HandleFOLLOWERINFO"
  | "ProposeEpoch"
  | "HandleLEADERINFO"
  | "HandleACKEPOCH"
  | "AcceptEpochByQuorum"
  | "SendPlan"
  | "HandleDIFF"
  | "HandleTRUNC"
  | "HandleSNAP"
  | "HandleBODY"
  | "HandleNEWLEADER"
  | "AcceptHistory"
  | "HandleACKLD"
  | "EstablishLeader"
  | "HandleUPTODATE"
  | "ClientRequest"
  | "LinearizableRead"
  | "HandlePROPOSE"
  | "HandleACK"
  | "AdvanceCommit"
  | "HandleCOMMIT"
  | "HandleINFORM"
  | "HandlePING"
  | "HandlePONG"
  | "HandleRESEND"
  | "SyncRead"
  | "HandleSYNC"
  | "HandleSYNCED"
  | "HandleCLOSE"
  | "LeaveEpoch"
  | "LeaderTick"
  | "LearnerTick"
  | "Durable"
  | "TakeSnapshot"
  | "SnapshotSent"
  | "Discard";

/** Reports an action. Callers ask `s.tracing` first, so that a run without a trace does not even build the arguments. */
export function act(s: ZabState, out: Out, name: ZabAction, args: readonly unknown[]): void {
  out.push({ type: "action", name, args, specState: specState(s) });
}

function sorted(ids: Iterable<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

const NO_PLAN = { kind: "none", generation: 0, from: 0, fromEpoch: 0, to: 0, received: [], newLeader: false };

/** The server in the spec's variables (spec/zab/ZabState.tla). Timers, tick counts and write numbers are no part of it. */
export function specState(s: ZabState): unknown {
  return {
    state: s.serverState,
    phase: s.phase,
    acceptedEpoch: s.acceptedEpoch,
    currentEpoch: s.currentEpoch,
    history: { floor: s.log.snapshotIndex, ends: epochEnds(s.log) },
    snapshot: s.snapshot?.index ?? 0,
    lastCommitted: s.committed,
    leader: s.leader,
    epoch: s.epoch,
    epochSeen: s.epochSeen,
    incarnation: s.incarnation,
    connection: s.connection,
    session: s.session,
    logicalClock: s.logicalClock,
    vote: s.vote,
    recvVotes: byId(s.received, (vote) => vote),
    outOfElection: byId(s.outOfElection, (vote) => vote),
    shunned: [...s.shunned].sort((a, b) => a - b),
    relays: s.relays,
    finalizing: s.finalizing,
    promised: s.promised,
    plan: planSpec(s),
    historyAccepted: s.historyAccepted,
    resendAsked: s.resendAsked,
    leaderCommitted: s.leaderCommitted,
    syncId: s.syncId,
    syncs: s.syncs.map(({ id }) => id),
    waiting: waitingSpec(s),
    learners: byId(s.handlers, handlerSpec),
    ackEpoch: sorted(s.epochAcks),
    ackLd: sorted(s.newLeaderAcks),
    // A place among the writes that this server does not know to be durable; 0: none of them.
    epochWrite: Math.max(0, s.epochWrite - s.durableSeq),
    writes: s.writes.map(({ index }) => index),
    durableIndex: s.durableIndex,
  };
}

function byId<T>(map: ReadonlyMap<NodeId, T>, view: (value: T) => unknown): unknown {
  const found: { [id: string]: unknown } = {};
  for (const id of sorted(map.keys())) found[id] = view(map.get(id) as T);
  return found;
}

function planSpec(s: ZabState): unknown {
  if (s.plan === null) return NO_PLAN;
  const { kind, generation, from, fromEpoch, to, entries, newLeader } = s.plan;
  return { kind, generation, from, fromEpoch, to, received: endsOf(entries), newLeader };
}

/** Reads that wait are the client's business; a learner's SYNC is answered by a message. */
function waitingSpec(s: ZabState): unknown {
  return s.waiting.flatMap((one) => {
    if (one.type !== "sync") return [];
    const { to, session, id, index } = one;
    return [{ to, session, id, index }];
  });
}

function handlerSpec(handler: LearnerHandler): unknown {
  const { session, stage, acceptedEpoch, floor, epochs, plan, planTo, matchIndex, nextIndex } = handler;
  const sending = handler.sendingSnapshot?.index ?? 0;
  return { session, stage, acceptedEpoch, floor, epochs, plan, planTo, sending, matchIndex, nextIndex };
}
