--------------------------- MODULE TraceMultiPaxos --------------------------
(***************************************************************************)
(* Does a traced run of the code follow MultiPaxos?                        *)
(*                                                                         *)
(* A trace is a sequence of events; the first gives the cluster and its    *)
(* settings. Each other event is one action: by a replica, with the state  *)
(* after it and what it said, or by the environment. The action of that    *)
(* name must be possible with these arguments and give that state.         *)
(*                                                                         *)
(*  spec                    trace                        code              *)
(*  HandleX(i, m)           HandleX, args i, from, m     handleX           *)
(*  ClientRequest(i, v)     ClientRequest, args i, v     onPropose         *)
(*  Persist(i)              Persist                      onDurable         *)
(*  Sync(i, k)              Sync, args i, k              the disk          *)
(*  Restart(i, k)           Restart, args i, k           onStart           *)
(*  Drop(m), Duplicate(m)   Drop, Duplicate, args m      the network       *)
(*                                                                         *)
(* Time is not in the trace: an acceptor that is bound may at any moment   *)
(* be so no longer (`over`), but one that refuses must be bound.           *)
(***************************************************************************)
EXTENDS MultiPaxos, TraceIO, SharedSequences

VARIABLES
  \* Which trace, and its next line.
  tid, line

Traces == NdJsonLoad(Env("TRACES", ""))
Length(t) == Len(Traces[t])

ConfigOf(c) ==
  [order |-> c.order, voters |-> SeqToSet(c.voters), electionQuorum |-> c.electionQuorum,
   replicationQuorum |-> c.replicationQuorum, stickiness |-> c.stickiness, readMechanism |-> c.readMechanism,
   window |-> c.window, decideNotice |-> c.decideNotice, lost |-> {}, keeps |-> FALSE]

TraceInit ==
  /\ tid \in 1..Len(Traces)
  /\ line = 2
  /\ config = ConfigOf(Traces[tid][1].args[1])
  /\ Init

-----------------------------------------------------------------------------

\* The message of the event must be under way.
Arrives(m) == m \in DOMAIN messages

Handle(e, i) ==
  LET m == [from |-> e.args[2], to |-> i] @@ e.args[3]
  IN /\ Arrives(m)
     /\ CASE e.action = "HandleProbe" -> \E over \in BOOLEAN : HandleProbe(i, m, over)
          [] e.action = "HandleProbeReply" -> HandleProbeReply(i, m)
          [] e.action = "HandlePrepare" -> \E over \in BOOLEAN : HandlePrepare(i, m, over)
          [] e.action = "HandlePromise" -> HandlePromise(i, m)
          [] e.action = "HandleAccept" -> HandleAccept(i, m)
          [] e.action = "HandleAccepted" -> HandleAccepted(i, m)
          [] e.action = "HandleNack" -> HandleNack(i, m)
          [] e.action = "HandleHeartbeat" -> HandleHeartbeat(i, m)
          [] e.action = "HandleHeartbeatAck" -> HandleHeartbeatAck(i, m)
          [] e.action = "HandleDecided" -> HandleDecided(i, m)
          [] e.action = "HandleLearnRequest" -> HandleLearnRequest(i, m)
          [] e.action = "HandleLearn" -> HandleLearn(i, m)
          [] e.action = "HandleInstallSnapshot" -> HandleInstallSnapshot(i, m)
          [] e.action = "HandleReadQuery" -> HandleReadQuery(i, m)
          [] e.action = "HandleReadReply" -> HandleReadReply(i, m)

\* What the replica said, as messages with sender and receiver.
Said(e, i) == {[from |-> i, to |-> e.sent[k][1]] @@ e.sent[k][2] : k \in DOMAIN e.sent}

Own(e, i) ==
  CASE e.action = "Probe" -> \E over \in BOOLEAN : Probe(i, over)
    [] e.action = "Prepare" -> Prepare(i)
    [] e.action = "BecomeLeader" -> BecomeLeader(i)
    [] e.action = "ClientRequest" -> ClientRequest(i, e.args[2])
    [] e.action = "Propose" -> Propose(i)
    [] e.action = "Decide" -> Decide(i)
    [] e.action = "Decided" -> Decided(i)
    [] e.action = "Heartbeat" -> Heartbeat(i)
    [] e.action = "FillHoles" -> FillHoles(i)
    [] e.action = "StepDown" -> StepDown(i)
    [] e.action = "Retransmit" -> Retransmit(i, Said(e, i))
    [] e.action = "LearnRequest" -> LearnRequest(i, e.args[2])
    [] e.action = "LearnTimeout" -> LearnTimeout(i, e.args[2])
    [] e.action = "TakeSnapshot" -> TakeSnapshot(i, e.args[2], e.state.compacted)
    [] e.action = "SnapshotSent" -> SnapshotSent(i, e.args[2])
    [] e.action = "Read" -> Read(i)
    [] e.action = "Persist" -> Persist(i)
    [] e.action = "Restart" -> Restart(i, e.args[2])

Handlers ==
  {"HandleProbe", "HandleProbeReply", "HandlePrepare", "HandlePromise", "HandleAccept", "HandleAccepted", "HandleNack",
   "HandleHeartbeat", "HandleHeartbeatAck", "HandleDecided", "HandleLearnRequest", "HandleLearn",
   "HandleInstallSnapshot", "HandleReadQuery", "HandleReadReply"}
Environment == {"Sync", "Drop", "Duplicate"}

\* What is compared after an action: the replica's state, what it said, whether its step ends, and then what it wrote.
Wrote(w) == [promisedBallot |-> w.promisedBallot, decidedIndex |-> w.decidedIndex, snapshot |-> w.snapshot,
             entries |-> w.entries]
Matches(e, i) ==
  /\ \E n \in {node'[i]} : Same(tid, line, "state", NodeView(n), e.state)
  /\ Same(tid, line, "sent", step'.sent, Said(e, i))
  /\ Same(tid, line, "ends", node'[i].todo = << >>, e.ends)
  /\ e.ends => Same(tid, line, "wrote", [k \in DOMAIN step'.wrote |-> Wrote(step'.wrote[k])], e.wrote)

TraceNext ==
  /\ line <= Length(tid)
  /\ line' = line + 1
  /\ tid' = tid
  /\ LET e == Traces[tid][line]
     IN IF e.action \in Environment
        THEN \/ e.action = "Sync" /\ Sync(e.node, e.args[2])
             \/ e.action = "Drop" /\ LET m == [from |-> e.args[1], to |-> e.args[2]] @@ e.args[3] IN Arrives(m) /\ Drop(m)
             \/ e.action = "Duplicate"
                /\ LET m == [from |-> e.args[1], to |-> e.args[2]] @@ e.args[3] IN Arrives(m) /\ Duplicate(m)
        ELSE IF e.action \in Handlers THEN Handle(e, e.node) /\ Matches(e, e.node)
        ELSE Own(e, e.node) /\ Matches(e, e.node)

Progress == Matched(tid, line - 1, Length(tid))
\* A step has one outcome but for `over`, which is seen in `sticky` alone: so a trace, a place in it and that are a state.
View == <<tid, line, [i \in Members |-> node[i].sticky]>>
=============================================================================
