------------------------------ MODULE TraceZab ------------------------------
(***************************************************************************)
(* Traces of the code against Zab.tla: one event a step, with the input,   *)
(* the actions that it led to, the messages that it sent, what it wrote    *)
(* and the server's state after it. The first event of a trace tells the   *)
(* cluster and its settings, which all traces of a run share.              *)
(***************************************************************************)
EXTENDS Zab, TraceIO
VARIABLES tid, line

Traces == NdJsonLoad(Env("TRACES", ""))
Config == NdJsonLoad(Env("CONFIG", ""))[1].config
SetOf(sequence) == { sequence[k] : k \in DOMAIN sequence }
\* TLC evaluates what a constant is replaced by at each use, and other definitions once.
ConfigServers == DOMAIN Config.ordinals
ConfigVoters == SetOf(Config.voters)
TraceServers == ConfigServers
TraceVoters == ConfigVoters
TraceOrdinal == Config.ordinals
TraceElectionQuorum == Config.electionQuorum
TraceReplicationQuorum == Config.replicationQuorum
TraceWindow == Config.window
TraceTrailing == Config.trailing

TraceInit == Init /\ tid \in 1..Len(Traces) /\ line = 1

\* The inputs that are no messages.
Own(e) ==
  LET i == e.node IN
  CASE e.action = "StartElection" -> Start(i)
    [] e.action = "SendNotifications" -> SendNotifications(i, e.args[2])
    [] e.action = "FinalizeElection" -> FinalizeElection(i)
    [] e.action = "SendFOLLOWERINFO" -> SendFOLLOWERINFO(i)
    [] e.action = "LeaderTick" -> LeaderTick(i, SetOf(e.args[2]), e.args[3])
    [] e.action = "LearnerTick" -> LearnerTick(i, e.args[2])
    [] e.action = "LeaveEpoch" -> GiveUp(i)
    [] e.action = "ClientRequest" -> ClientRequest(i)
    [] e.action = "LinearizableRead" -> LinearizableRead(i)
    [] e.action = "SyncRead" -> SyncRead(i)
    [] e.action = "TakeSnapshot" -> TakeSnapshot(i, e.args[2])
    [] e.action = "SnapshotSent" -> SnapshotSent(i, e.args[2], e.args[3])
    [] e.action = "Durable" -> Durable(i, e.args[2])
    \* An input about nothing; only the end of a wait for votes that changed leaves a trace in the state.
    [] e.action = "Discard" ->
         IF node[i].finalizing /\ ~e.state.finalizing THEN FinalizeElection(i)
         ELSE Finish(Begin(i), messages, "Discard", e.args)

Message(from, to, message) == [from |-> from, to |-> to, message |-> message]
Step(e) ==
  IF Len(e.received) = 0 THEN Own(e)
  ELSE LET m == Message(e.received[1], e.node, e.received[2]) IN m \in DOMAIN messages /\ Receive(m)

\* What the step sent, held back or not.
SentBag ==
  LET sent == act'.sent
      all == UNION { { << s.to, s.message >> : s \in sent[k] } : k \in DOMAIN sent }
      count(p) == Cardinality({ k \in DOMAIN sent : \E s \in sent[k] : s.to = p[1] /\ s.message = p[2] })
  IN { << p[1], p[2], count(p) >> : p \in all }
Wrote(i) ==
  LET pending == disk'[i].pending IN
  IF Len(pending) > Len(disk[i].pending) THEN << pending[Len(pending)].image >> ELSE << >>

StepMatches(e) ==
  /\ Same(tid, line, "names", act'.then, e.names)
  /\ Same(tid, line, "sent", SentBag, SetOf(e.sent))
  /\ Same(tid, line, "wrote", Wrote(e.node), e.wrote)
  /\ Same(tid, line, "state", node'[e.node], e.state)

Environment(e) ==
  CASE e.action = "Sync" -> Sync(e.node, e.args[2])
    [] e.action = "Crash" -> Crash(e.node, e.args[2]) /\ Same(tid, line, "disk", << disk'[e.node].durable >>, e.wrote)
    [] e.action = "Drop" -> Drop(Message(e.args[1], e.args[2], e.args[3]))
    [] e.action = "Duplicate" -> Duplicate(Message(e.args[1], e.args[2], e.args[3]))
    [] e.action = "Config" -> Same(tid, line, "config", Config, e.config) /\ UNCHANGED <<node, disk, messages, act>>

TraceNext ==
  /\ line <= Len(Traces[tid])
  /\ line' = line + 1
  /\ tid' = tid
  /\ LET e == Traces[tid][line] IN
     IF e.action \in {"Config", "Sync", "Crash", "Drop", "Duplicate"} THEN Environment(e) ELSE Step(e) /\ StepMatches(e)

Progress == Matched(tid, line - 1, Len(Traces[tid]))
\* A step has one outcome, so that a trace and a place in it are a state.
TraceView == <<tid, line>>
=============================================================================
