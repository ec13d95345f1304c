------------------------------- MODULE MCRaft -------------------------------
(***************************************************************************)
(* Bounded models of Raft: how many terms, entries, restarts and messages, *)
(* and which choices of the environment there are.  A write is heard of    *)
(* when it is durable, a restart is crash and boot in one, and while a     *)
(* server has something to do by itself nothing else happens.              *)
(***************************************************************************)
EXTENDS Raft, TraceIO

CONSTANTS LeftOut,      \* Names of choices of the environment that a model does without.
          TermMax,      \* Nobody starts an election in this term or later.
          LogMax,       \* A leader takes requests while its log is shorter.
          RoundsMax,    \* Heartbeats of one leader.
          RestartsMax,  \* Restarts of all servers together.
          MessagesMax,  \* Messages that are under way or held behind a write.
          Starters      \* Servers whose timers fire.

VARIABLES restarts,  \* History: how many there were.
          asks,      \* History: how many reads were asked for.
          won,       \* History: who ever led in which term.
          act,       \* The action that led here, for the edges of the graph.
          pre        \* How many steps of the prefix are done.

mcVars == <<vars, restarts, asks, won, act, pre>>
\* Without `act`, which must not tell states apart.
View == <<node, disk, messages, committed, restarts, asks, won, pre>>

One == {"n1"}
Two == {"n1", "n2"}
Three == {"n1", "n2", "n3"}
Third == {"n3"}
Value == "a"
\* Linearizable reads, of all servers together. A model that has one puts OneRead here.
ReadsMax == 0
OneRead == 1
\* The first batch of reads that a server forwards in its first life.
FirstContext == "1.1"

-----------------------------------------------------------------------------
\* Actions that are forced before anything else may happen: each a name and its arguments as text.
Prefix == LET file == Env("PREFIX", "") IN IF file = "" THEN << >> ELSE NdJsonLoad(file)
InPrefix == pre < Len(Prefix)
Quiet == \A i \in Server : ~IsUrgent(i)
In(name) == InPrefix \/ name \notin LeftOut

RECURSIVE SizeOf(_, _)
SizeOf(bag, S) == IF S = {} THEN 0 ELSE LET m == CHOOSE x \in S : TRUE IN bag[m] + SizeOf(bag, S \ {m})
RECURSIVE HeldIn(_)
HeldIn(ws) == IF ws = << >> THEN 0 ELSE SizeOf(Head(ws).held, DOMAIN Head(ws).held) + HeldIn(Tail(ws))
RECURSIVE HeldBy(_, _)
HeldBy(d, S) == IF S = {} THEN 0 ELSE LET i == CHOOSE x \in S : TRUE IN HeldIn(d[i].pending) + HeldBy(d, S \ {i})
Load(bag, d) == SizeOf(bag, DOMAIN bag) + HeldBy(d, Server)

\* Names the action, counts restarts, keeps to prefix and bounds.
A(name, args) ==
  /\ act' = [name |-> name, args |-> args]
  /\ asks' = IF name = "ReadIndex" THEN asks + 1 ELSE asks
  /\ restarts' = IF name = "Restart" THEN restarts + 1 ELSE restarts
  /\ won' = won \cup {[term |-> node'[i].currentTerm, leader |-> i] : i \in {j \in Server : node'[j].state = "Leader"}}
  /\ InPrefix \/ Load(messages', disk') <= MessagesMax
  /\ IF InPrefix /\ Quiet
     THEN name = Prefix[pre + 1].name /\ Canonical(args) = Prefix[pre + 1].args /\ pre' = pre + 1
     ELSE pre' = pre

ByItself(i) ==
  \/ BecomeCandidate(i) /\ A("BecomeCandidate", <<i>>)
  \/ BecomeLeader(i) /\ A("BecomeLeader", <<i>>)
  \/ AdvanceCommitIndex(i) /\ A("AdvanceCommitIndex", <<i>>)

MayStart(i) == InPrefix \/ (node[i].currentTerm < TermMax /\ i \in Starters)
Times(i) ==
  \/ In("LeaderSilent") /\ LeaderSilent(i) /\ A("LeaderSilent", <<i>>)
  \/ MayStart(i) /\ Timeout(i) /\ A("Timeout", <<i>>)
  \/ MayStart(i) /\ TimeoutPreVote(i) /\ A("TimeoutPreVote", <<i>>)
  \/ In("Heartbeat") /\ (InPrefix \/ node[i].round < RoundsMax) /\ Heartbeat(i) /\ A("Heartbeat", <<i>>)
  \/ In("CheckQuorum") /\ CheckQuorum(i) /\ A("CheckQuorum", <<i>>)

Clients(i) ==
  \/ In("ClientRequest") /\ (InPrefix \/ LastIndex(node[i]) < LogMax) /\ ClientRequest(i, Value) /\ A("ClientRequest", <<i>>)
  \/ In("CompactLog") /\ CompactLog(i, node[i].commitIndex) /\ A("CompactLog", <<i, node[i].commitIndex>>)
  \/ In("SnapshotSent") /\ \E j \in Peers(i), ok \in BOOLEAN : SnapshotSent(i, j, ok) /\ A("SnapshotSent", <<i, j, ok>>)

Disks(i) ==
  \/ \E n \in 1..Len(disk[i].pending) : SyncPersist(i, n) /\ A("SyncPersist", <<i, n>>)
  \/ In("Restart") /\ (InPrefix \/ restarts < RestartsMax)
     /\ \E k \in 0..Len(disk[i].pending) : Restart(i, k) /\ A("Restart", <<i, k>>)

Receives(m) ==
  \/ HandleRequestVoteRequest(m.to, m.from, m) /\ A("HandleRequestVoteRequest", <<m>>)
  \/ HandleRequestVoteResponse(m.to, m.from, m) /\ A("HandleRequestVoteResponse", <<m>>)
  \/ HandleRequestPreVoteRequest(m.to, m.from, m) /\ A("HandleRequestPreVoteRequest", <<m>>)
  \/ HandleRequestPreVoteResponse(m.to, m.from, m) /\ A("HandleRequestPreVoteResponse", <<m>>)
  \/ HandleAppendEntriesRequest(m.to, m.from, m) /\ A("HandleAppendEntriesRequest", <<m>>)
  \/ HandleAppendEntriesResponse(m.to, m.from, m) /\ A("HandleAppendEntriesResponse", <<m>>)
  \/ HandleHeartbeatRequest(m.to, m.from, m) /\ A("HandleHeartbeatRequest", <<m>>)
  \/ HandleHeartbeatResponse(m.to, m.from, m) /\ A("HandleHeartbeatResponse", <<m>>)
  \/ HandleInstallSnapshotRequest(m.to, m.from, m) /\ A("HandleInstallSnapshotRequest", <<m>>)
  \/ HandleInstallSnapshotResponse(m.to, m.from, m) /\ A("HandleInstallSnapshotResponse", <<m>>)

\* Without a clock a lease is what a confirmed round gives. It may end at any moment, that is, before any read.
HasLease(i) == Leases /\ node[i].state = "Leader" /\ NthLargest(node[i].ackedRound, ReplicationQuorum) > 0
Asks(i) == \E held \in {FALSE, HasLease(i)} : ReadIndex(i, "linearizable", FirstContext, held) /\ A("ReadIndex", <<i, held>>)
HandleRead(m) ==
  \/ HandleReadIndexRequest(m.to, m.from, m, HasLease(m.to)) /\ A("HandleReadIndexRequest", <<m>>)
  \/ HandleReadIndexResponse(m.to, m.from, m, FirstContext) /\ A("HandleReadIndexResponse", <<m>>)
Reads == \/ \E i \in Server : asks < ReadsMax /\ Asks(i)
         \/ \E m \in DOMAIN messages : HandleRead(m)

Network == \E m \in DOMAIN messages :
  \/ Receives(m)
  \/ In("Drop") /\ Drop(m) /\ A("Drop", <<m>>)
  \/ In("Duplicate") /\ Duplicate(m) /\ A("Duplicate", <<m>>)

MCInit == Init /\ restarts = 0 /\ asks = 0 /\ won = {} /\ pre = 0 /\ act = [name |-> "Init", args |-> << >>]
MCNext == IF Quiet THEN Network \/ (\E i \in Server : Times(i) \/ Clients(i) \/ Disks(i)) \/ (ReadsMax > 0 /\ Reads)
          ELSE \E i \in Server : ByItself(i)
MCSpec == MCInit /\ [][MCNext]_mcVars

-----------------------------------------------------------------------------
\* The graph, for the code.
Shape(n, d, m, r, a, p, q) == [node |-> n, disk |-> d, messages |-> m, restarts |-> r, asks |-> a, pre |-> p, quiet |-> q]
Emit == EmitEdge(Shape(node, disk, messages, restarts, asks, pre, Quiet), act',
                 Shape(node', disk', messages', restarts', asks', pre', Quiet'))

-----------------------------------------------------------------------------
\* At most one server is ever elected in a term (Raft Figure 3).
OneLeaderPerTerm == \A a, b \in won : a.term = b.term => a.leader = b.leader

\* What a server takes for committed it goes on to take for committed, until it restarts: a commit index is not on disk.
CommitMonotonic ==
  [][\A i \in Server : node'[i].commitIndex >= node[i].commitIndex \/ (act'.name = "Restart" /\ act'.args[1] = i)]_vars

-----------------------------------------------------------------------------
\* Liveness: without loss, and with timers that are fair, what a leader has taken is committed everywhere.
\* Terms, entries and messages are bounded, so no server and no message can be passed over for ever: it is enough that
\* something happens again and again until nothing can. Idle is written out because TLC is slow at ENABLED. That nothing
\* but an idle state is without a next one is checked (LiveNext, deadlock): or else Fair would leave out whatever gets stuck.
Idle == /\ Quiet /\ messages = EmptyBag /\ \A i \in Server : disk[i].pending = << >>
        /\ \A i \in Starters : ~(MayTimeOut(i) /\ node[i].currentTerm < TermMax)
LiveNext == MCNext \/ (Idle /\ UNCHANGED mcVars)
Fair == []<>Idle \/ []<><<MCNext>>_mcVars
LiveSpec == MCInit /\ [][LiveNext]_mcVars /\ Fair
Elected == <>(Leaders # {})
Served == [](LastIndex(node["n1"]) = LogMax => <>(\A j \in Server : node[j].commitIndex = LogMax))
=============================================================================
