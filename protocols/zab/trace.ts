/** The state in the spec's words, and the actions that a traced step reports. */
import { type NodeId, lastIndex } from "../core/index.js";
import { epochEnds } from "./history.js";
import type { Out, ZabState } from "./state.js";

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
  | "Tick"
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

/** The server in the spec's variables. Timers, tick counts and write numbers are no part of it. */
export function specState(s: ZabState): unknown {
  return {
    state: s.serverState,
    phase: s.phase,
    acceptedEpoch: s.acceptedEpoch,
    currentEpoch: s.currentEpoch,
    history: { length: lastIndex(s.log), epochs: epochEnds(s.log).map(({ epoch, last }) => [epoch, last]) },
    lastCommitted: s.committed,
    leader: s.leader,
    epoch: s.epoch,
    session: s.session,
    logicalClock: s.logicalClock,
    vote: s.vote,
    recvVotes: sorted(s.received.keys()).map((id) => [id, s.received.get(id)]),
    outOfElection: sorted(s.outOfElection.keys()).map((id) => [id, s.outOfElection.get(id)]),
    shunned: [...s.shunned].sort((a, b) => a - b),
    promised: s.promised,
    historyAccepted: s.historyAccepted,
    plan: planSpec(s),
    leaderCommitted: s.leaderCommitted,
    learners: sorted(s.handlers.keys()).map((id) => handlerSpec(s, id)),
    ackEpoch: sorted(s.epochAcks),
    ackLd: sorted(s.newLeaderAcks),
  };
}

function planSpec(s: ZabState): unknown {
  if (s.plan === null) return null;
  const { kind, generation, from, fromEpoch, to, entries, newLeader } = s.plan;
  return { kind, generation, from, fromEpoch, to, received: entries.length, newLeader };
}

function handlerSpec(s: ZabState, id: NodeId): unknown {
  const handler = s.handlers.get(id);
  if (handler === undefined) return null;
  const { session, stage, plan, planTo, matchIndex, nextIndex, acceptedEpoch } = handler;
  return { id, session, stage, plan, planTo, matchIndex, nextIndex, acceptedEpoch };
}
