------------------------------ MODULE TraceRaft ------------------------------
(***************************************************************************)
(* Does a traced run of the code follow Raft?                              *)
(*                                                                         *)
(* A trace is a sequence of events. The first gives the cluster and its    *)
(* settings, equal for all traces of a run of TLC. Each other event is one *)
(* action, of a server (with its memory after it, what it sent and wrote)  *)
(* or of its environment. The action of that name must be possible, and    *)
(* give exactly that.                                                      *)
(*                                                                         *)
(*  spec                      trace                    code                *)
(*  HandleX(i, j, m)          HandleX, received m      handleX             *)
(*  ClientRequest(i, v)       ClientRequest            propose             *)
(*  CompactLog(i, index)      CompactLog, args i, k    onSnapshotTaken     *)
(*  Sync(i, n)                Sync, args i, n          the disk            *)
(*  Persist(i, n)             Persist, args i, n       onDurable           *)
(*  Restart(i, k)             Crash, args i, k         the process ends    *)
(*  (nothing)                 Restart                  onStart             *)
(*  Drop(m), Duplicate(m)     Drop, Duplicate          the network         *)
(*                                                                         *)
(* Clocks are not in the trace: where leases are on, a leader may hold one *)
(* or not, whatever explains what it did.                                  *)
(***************************************************************************)
EXTENDS Raft, TraceIO, SharedSequences

VARIABLES tid,  \* Which trace,
          line  \* and its next event.

Traces == NdJsonLoad(Env("TRACES", ""))
Config == Traces[1][1].args[1]
Members(s) == {s[k] : k \in DOMAIN s}

\* The constants of Raft, as the traces have them. TLC evaluates what a constant is replaced by at each use, and other
\* definitions once.
Servers == Members(Config.server)
Voters == Members(Config.voter)
TraceServer == Servers
TraceVoter == Voters
TraceElectionQuorum == Config.electionQuorum
TraceReplicationQuorum == Config.replicationQuorum
TracePreVote == Config.preVote
TraceCheckQuorums == Config.checkQuorum
TraceLeases == Config.leases
TraceEntriesMax == 1000000000
TraceInflightMax == Config.inflightMax
TraceReadRoundsMax == Config.readRoundsMax
TraceKeepEntries == Config.keepEntries

\* What a trace shows of a server's memory: all of it, but of the log the last entry only.
Shown(n) ==
  [currentTerm |-> n.currentTerm, votedFor |-> n.votedFor, state |-> n.state, leader |-> n.leader, leaderHeard |-> n.leaderHeard,
   lastIndex |-> LastIndex(n), lastTerm |-> LastTerm(n), lastValue |-> IF LogLen(n.log) = 0 THEN Nil ELSE LogAt(n.log, LogLen(n.log)).value,
   logStart |-> n.logStart, snapshot |-> n.snapshot, commitIndex |-> n.commitIndex, durableIndex |-> n.durableIndex,
   votesGranted |-> n.votesGranted, nextIndex |-> n.nextIndex, matchIndex |-> n.matchIndex, progress |-> n.progress,
   termStartIndex |-> n.termStartIndex, round |-> n.round, ackedRound |-> n.ackedRound, readsWaiting |-> n.readsWaiting,
   readRounds |-> n.readRounds, readsForwarded |-> n.readsForwarded, readsQueued |-> n.readsQueued, readContext |-> n.readContext]
ShownWrite(w) == [hard |-> w.hard, from |-> w.from, snapshot |-> w.snapshot, entries |-> w.entries]

RECURSIVE BagOf(_, _)
BagOf(bag, s) == IF s = << >> THEN bag ELSE BagOf(Put(bag, Head(s)), Tail(s))

Matches(e) ==
  /\ \E n \in {node'[e.node]} : Same(tid, line, "state", Shown(n), e.state)
  /\ Same(tid, line, "sent", step'.sent, BagOf(EmptyBag, e.sent))
  /\ Same(tid, line, "wrote", [k \in DOMAIN step'.wrote |-> ShownWrite(step'.wrote[k])], e.wrote)

\* The message of the event must be on its way.
UnderWay(m) == Same(tid, line, "copies on their way", m \in DOMAIN messages, TRUE)

\* One batch of reads of a server is under way at a time, and its context is the event's.
HandleMessage(e, i, j, m) ==
  CASE e.action = "HandleRequestVoteRequest" -> HandleRequestVoteRequest(i, j, m)
    [] e.action = "HandleRequestVoteResponse" -> HandleRequestVoteResponse(i, j, m)
    [] e.action = "HandleRequestPreVoteRequest" -> HandleRequestPreVoteRequest(i, j, m)
    [] e.action = "HandleRequestPreVoteResponse" -> HandleRequestPreVoteResponse(i, j, m)
    [] e.action = "HandleAppendEntriesRequest" -> HandleAppendEntriesRequest(i, j, m)
    [] e.action = "HandleAppendEntriesResponse" -> HandleAppendEntriesResponse(i, j, m)
    [] e.action = "HandleHeartbeatRequest" -> HandleHeartbeatRequest(i, j, m)
    [] e.action = "HandleHeartbeatResponse" -> HandleHeartbeatResponse(i, j, m)
    [] e.action = "HandleInstallSnapshotRequest" -> HandleInstallSnapshotRequest(i, j, m)
    [] e.action = "HandleInstallSnapshotResponse" -> HandleInstallSnapshotResponse(i, j, m)
    [] e.action = "HandleReadIndexRequest" -> \E held \in {FALSE, Leases} : HandleReadIndexRequest(i, j, m, held)
    [] e.action = "HandleReadIndexResponse" -> HandleReadIndexResponse(i, j, m, e.state.readContext)
    [] OTHER -> FALSE

Own(e, i) ==
  CASE e.action = "LeaderSilent" -> LeaderSilent(i)
    [] e.action = "Timeout" -> Timeout(i)
    [] e.action = "TimeoutPreVote" -> TimeoutPreVote(i)
    [] e.action = "BecomeCandidate" -> BecomeCandidate(i)
    [] e.action = "BecomeLeader" -> BecomeLeader(i)
    [] e.action = "CheckQuorum" -> CheckQuorum(i)
    [] e.action = "ClientRequest" -> ClientRequest(i, e.state.lastValue)
    [] e.action = "Heartbeat" -> Heartbeat(i)
    [] e.action = "AdvanceCommitIndex" -> AdvanceCommitIndex(i)
    [] e.action = "Persist" -> Persist(i, e.args[2])
    [] e.action = "ReadIndex" -> \E held \in {FALSE, Leases} : ReadIndex(i, e.args[2], e.state.readContext, held)
    [] e.action = "ReadRetry" -> ReadRetry(i, e.state.readContext)
    [] e.action = "CompactLog" -> CompactLog(i, e.args[2])
    [] e.action = "SnapshotSent" -> SnapshotSent(i, e.args[2], e.args[3])
    [] e.action = "Restart" -> UNCHANGED <<node, disk, messages, committed>> /\ step' = Unseen(<< >>, << >>)
    [] OTHER -> FALSE

Environment(e) ==
  CASE e.action = "Sync" -> Sync(e.node, e.args[2])
    [] e.action = "Crash" -> Restart(e.node, e.args[2])
    [] e.action = "Drop" -> UnderWay(e.received[1]) /\ Drop(e.received[1])
    [] e.action = "Duplicate" -> UnderWay(e.received[1]) /\ Duplicate(e.received[1])
EnvironmentNames == {"Sync", "Crash", "Drop", "Duplicate"}

TraceInit == Init /\ tid \in 1..Len(Traces) /\ line = 2
TraceNext ==
  /\ line <= Len(Traces[tid])
  /\ line' = line + 1
  /\ tid' = tid
  /\ LET e == Traces[tid][line] IN
     IF e.action \in EnvironmentNames THEN Environment(e)
     ELSE IF e.received = << >> THEN Own(e, e.node) /\ Matches(e)
     ELSE LET m == e.received[1] IN UnderWay(m) /\ HandleMessage(e, e.node, m.from, m) /\ Matches(e)

Progress == Matched(tid, line - 1, Len(Traces[tid]))
\* Where no lease is on, a step has one outcome, so that a trace and a place in it are a state. A lease decides about reads
\* and messages, never about what a log holds.
WithoutLog(n) == [n EXCEPT !.log = LogLen(@)]
View == IF Leases THEN <<tid, line, [i \in Server |-> WithoutLog(node[i])], messages>> ELSE <<tid, line>>
=============================================================================
