---------------------------- MODULE MCMultiPaxos ----------------------------
(***************************************************************************)
(* Bounded models of MultiPaxos: how many ballots, requests, restarts and  *)
(* messages; what the network loses; what must hold.                       *)
(***************************************************************************)
EXTENDS MultiPaxos, TraceIO

CONSTANTS
  Order, VoterSet, ElectionQuorum, ReplicationQuorum,
  \* Settings of the replicas.
  Stickiness, ReadMechanism, Window, DecideNotice,
  \* Types of messages that the network always loses; whether it keeps every message for ever, so that each may come late
  \* and more than once (its loss is never to be received).
  Lost, Keeps,
  \* Names of the environment's choices that are left out.
  LeftOut,
  \* Whose leader timeout may fire, outside the prefix.
  Candidates,
  \* Bounds: ballot counters, values (each is asked for once), restarts of all replicas together, messages that are under
  \* way or held, heartbeats of one leader, attempts to learn and quorum reads of one replica.
  CounterMax, Values, RestartsMax, MessagesMax, HeartbeatsMax, LearnAttemptsMax, ReadsMax

VARIABLES
  \* History: the values asked for, and how many restarts there were.
  asked, restarts,
  \* History: the value first decided for each slot.
  chosen,
  \* The action that led here, for the edges of the graph.
  act,
  \* How many steps of the prefix are done.
  pre

Three == <<"n1", "n2", "n3">>
Two == <<"n1", "n2">>

mcVars == <<vars, asked, restarts, chosen, act, pre>>
\* Without `act`: it must not tell states apart.
View == <<node, disk, messages, asked, restarts, chosen, pre>>

\* Actions that are forced before anything else may happen, each with its arguments as text; empty without a file.
Prefix == LET file == Env("PREFIX", "") IN IF file = "" THEN << >> ELSE NdJsonLoad(file)
InPrefix == pre < Len(Prefix)

Config ==
  [order |-> Order, voters |-> VoterSet, electionQuorum |-> ElectionQuorum, replicationQuorum |-> ReplicationQuorum,
   stickiness |-> Stickiness, readMechanism |-> ReadMechanism, window |-> Window, decideNotice |-> DecideNotice,
   lost |-> Lost, keeps |-> Keeps]

MCInit ==
  /\ config = Config
  /\ Init
  /\ asked = {} /\ restarts = 0 /\ chosen = << >> /\ pre = 0
  /\ act = [name |-> "Init", args |-> << >>]

-----------------------------------------------------------------------------
(* Next *)

\* What is decided anywhere for the first time in this step.
Chosen ==
  LET fresh == UNION {{s \in (node[i].decided + 1)..node'[i].decided : s \notin DOMAIN chosen} : i \in Members}
      ValueOf(s) == LET i == CHOOSE j \in Members : node'[j].decided >= s /\ node'[j].compacted < s
                    IN EntryAt(node'[i], s).value
  IN chosen' = IF fresh = {} THEN chosen ELSE [s \in fresh |-> ValueOf(s)] @@ chosen

A(name, args) ==
  /\ act' = [name |-> name, args |-> args]
  /\ Chosen
  /\ IF InPrefix /\ Quiet
     THEN name = Prefix[pre + 1].name /\ Canonical(args) = Prefix[pre + 1].args /\ pre' = pre + 1
     ELSE pre' = pre
In(name) == name \notin LeftOut \/ InPrefix
Same2 == UNCHANGED <<asked, restarts>>

MayCampaign(i) == (i \in Candidates \/ InPrefix) /\ NextBallot(i, node[i]) \div Owners <= CounterMax
Over(i, over) == over => MayUnstick(i) /\ node[i].sticky # Nobody
Overs == IF Stickiness THEN BOOLEAN ELSE {FALSE}

Handle(m) ==
  LET i == m.to
      N(name) == A(name, <<i, m>>)
  IN \/ m.type = "Probe" /\ \E over \in Overs : Over(i, over) /\ HandleProbe(i, m, over) /\ N("HandleProbe")
     \/ m.type = "ProbeReply" /\ HandleProbeReply(i, m) /\ N("HandleProbeReply")
     \/ m.type = "Prepare" /\ \E over \in Overs : Over(i, over) /\ HandlePrepare(i, m, over) /\ N("HandlePrepare")
     \/ m.type = "Promise" /\ HandlePromise(i, m) /\ N("HandlePromise")
     \/ m.type = "Accept" /\ HandleAccept(i, m) /\ N("HandleAccept")
     \/ m.type = "Accepted" /\ HandleAccepted(i, m) /\ N("HandleAccepted")
     \/ m.type = "Nack" /\ HandleNack(i, m) /\ N("HandleNack")
     \/ m.type = "Heartbeat" /\ HandleHeartbeat(i, m) /\ N("HandleHeartbeat")
     \/ m.type = "HeartbeatAck" /\ HandleHeartbeatAck(i, m) /\ N("HandleHeartbeatAck")
     \/ m.type = "Decided" /\ HandleDecided(i, m) /\ N("HandleDecided")
     \/ m.type = "LearnRequest" /\ HandleLearnRequest(i, m) /\ N("HandleLearnRequest")
     \/ m.type = "Learn" /\ HandleLearn(i, m) /\ N("HandleLearn")
     \/ m.type = "InstallSnapshot" /\ HandleInstallSnapshot(i, m) /\ N("HandleInstallSnapshot")
     \/ m.type = "ReadQuery" /\ HandleReadQuery(i, m) /\ N("HandleReadQuery")
     \/ m.type = "ReadReply" /\ HandleReadReply(i, m) /\ N("HandleReadReply")

Urgent(i) ==
  \/ IsNext(i, "Prepare") /\ Prepare(i) /\ A("Prepare", <<i>>)
  \/ BecomeLeader(i) /\ A("BecomeLeader", <<i>>)
  \/ Decide(i) /\ A("Decide", <<i, node[i].decided + 1>>)
  \/ Decided(i) /\ A("Decided", <<i>>)
  \/ FillHoles(i) /\ A("FillHoles", <<i, Head(node[i].todo).slot>>)
  \/ Propose(i) /\ A("Propose", <<i, node[i].nextSlot, node'[i].nextSlot - 1>>)
  \/ \E j \in Peers(i) : LearnRequest(i, j) /\ A("LearnRequest", <<i, j>>)

Times(i) ==
  \/ Stickiness /\ MayCampaign(i) /\ i \in Voters
     /\ \E over \in Overs : Over(i, over) /\ Probe(i, over) /\ A("Probe", <<i>>)
  \/ ~Stickiness /\ Quiet /\ MayCampaign(i) /\ i \in Voters /\ Prepare(i) /\ A("Prepare", <<i>>)
  \/ In("Heartbeat") /\ node[i].heartbeats < HeartbeatsMax /\ Heartbeat(i) /\ A("Heartbeat", <<i>>)
  \/ In("StepDown") /\ StepDown(i) /\ A("StepDown", <<i>>)
  \/ In("LearnTimeout") /\ node[i].learnAttempt < LearnAttemptsMax
     /\ \E j \in Peers(i) : LearnTimeout(i, j) /\ A("LearnTimeout", <<i, j>>)
  \/ In("LeaseEnds") /\ Stickiness /\ LeaseEnds(i) /\ A("LeaseEnds", <<i>>)

Clients(i) ==
  \/ In("TakeSnapshot") /\ \E s \in (node[i].snapshot + 1)..node[i].decided :
       TakeSnapshot(i, s, s) /\ A("TakeSnapshot", <<i, s>>)
  \/ In("SnapshotSent") /\ \E j \in node[i].snapshotsTo : SnapshotSent(i, j) /\ A("SnapshotSent", <<i, j>>)
  \* A read that no lease serves changes nothing.
  \/ In("Read") /\ ~InPrefix /\ ReadMechanism = "lease" /\ node[i].role = "leader"
     /\ IF CanServe(i) THEN Read(i) /\ A("Read", <<i>>)
        ELSE Quiet /\ UNCHANGED <<config, node, disk, messages>> /\ step' = NoStep /\ A("Refuse", <<i>>)
  \/ In("Read") /\ ReadMechanism = "quorumRead" /\ node[i].query.sequence < ReadsMax /\ Read(i) /\ A("Read", <<i>>)

MCNext ==
  \/ \E i \in Members : Urgent(i) /\ Same2
  \/ \E m \in DOMAIN messages : Handle(m) /\ Same2
  \/ \E i \in Members : (Times(i) \/ Clients(i)) /\ Same2
  \/ \E i \in Members, v \in Values \ asked :
       ClientRequest(i, v) /\ A("ClientRequest", <<i, v>>) /\ asked' = asked \cup {v} /\ UNCHANGED restarts
  \/ \E i \in Members : \E k \in 1..Len(disk[i].pending) : SyncPersist(i, k) /\ A("SyncPersist", <<i, k>>) /\ Same2
  \/ \E i \in Members : \E k \in 0..Len(disk[i].pending) :
       /\ restarts < RestartsMax
       /\ Restart(i, k) /\ A("Restart", <<i, k>>) /\ restarts' = restarts + 1 /\ UNCHANGED asked
  \/ ~Keeps /\ In("Drop") /\ \E m \in DOMAIN messages : Drop(m) /\ A("Drop", <<m>>) /\ Same2
  \/ ~Keeps /\ In("Duplicate") /\ \E m \in DOMAIN messages : Duplicate(m) /\ A("Duplicate", <<m>>) /\ Same2

MCSpec == MCInit /\ [][MCNext]_mcVars

-----------------------------------------------------------------------------
(* Bounds *)

RECURSIVE CountOf(_)
CountOf(bag) == IF bag = << >> THEN 0 ELSE LET m == CHOOSE x \in DOMAIN bag : TRUE IN bag[m] + CountOf(Without(bag, {m}))
RECURSIVE HeldCount(_)
HeldCount(pending) == IF pending = << >> THEN 0 ELSE CountOf(Head(pending).held) + HeldCount(Tail(pending))
RECURSIVE HeldOf(_)
HeldOf(S) == IF S = {} THEN 0 ELSE LET i == CHOOSE x \in S : TRUE IN HeldCount(disk[i].pending) + HeldOf(S \ {i})
Bounded == InPrefix \/ CountOf(messages) + HeldOf(Members) <= MessagesMax

-----------------------------------------------------------------------------
(* The graph, for comparison with the code. `quiet`: nobody is in the middle of a step. *)

\* Where reads go by leases, whether one runs is part of the state.
Shown(n) == IF ReadMechanism = "lease" THEN [leased |-> n.lease > 0] @@ NodeView(n) ELSE NodeView(n)
Seen ==
  [replicas |-> [i \in Members |->
     [node |-> Shown(node[i]), disk |-> [durable |-> DurableView(disk[i].durable), pending |-> disk[i].pending]]],
   messages |-> messages, asked |-> asked, restarts |-> restarts]
Emit == EmitEdge([seen |-> Seen, quiet |-> Quiet, pre |-> pre], act', [seen |-> Seen', quiet |-> Quiet', pre |-> pre'])

-----------------------------------------------------------------------------
(* What must hold *)

LogOf(i) == {e \in SeqToSet(node[i].log) : IsHeld(e)}
DurableOf(i) == {e \in SeqToSet(disk[i].durable.log) : IsHeld(e)}
EntriesIn(m) == IF m.type \in {"Accept", "Promise", "Learn"} THEN SeqToSet(m.entries) ELSE {}

\* Agreement: what a replica has decided is what was first decided for that slot.
Agreement == \A i \in Members : \A s \in (node[i].compacted + 1)..node[i].decided : EntryAt(node[i], s).value = chosen[s]

\* One value for each slot and ballot, wherever it is held or under way.
OneValuePerBallot ==
  LET all == UNION {LogOf(i) \cup DurableOf(i) : i \in Members} \cup UNION {EntriesIn(m) : m \in DOMAIN messages}
  IN \A e, f \in all : e.slot = f.slot /\ e.ballot = f.ballot => e.value = f.value

\* P2b (Lamport 2001): where a replication quorum has accepted a value in one ballot, whatever any acceptor holds or any
\* message proposes for that slot in a higher ballot is that value. It breaks long before anybody decides otherwise.
ChosenIsKept ==
  LET held == UNION {DurableOf(i) : i \in Voters}
      ByQuorum(e) == IsReplicationQuorum({i \in Voters : e \in DurableOf(i)})
      later == UNION {LogOf(i) : i \in Members} \cup held \cup UNION {EntriesIn(m) : m \in DOMAIN messages}
  IN \A e \in held : ByQuorum(e) => \A f \in later : f.slot = e.slot /\ f.ballot >= e.ballot => f.value = e.value

\* P1a and its premise: nothing is accepted above the promise, nor proposed in a ballot that is not one's own.
AcceptedBelowPromised ==
  \A i \in Members :
    /\ \A e \in LogOf(i) : e.ballot <= node[i].promisedBallot
    /\ \A e \in DurableOf(i) : e.ballot <= disk[i].durable.promisedBallot
    /\ node[i].role = "leader" => Owns(i, node[i].ballot) /\ node[i].ballot = node[i].promisedBallot

\* What was told of a promise or an acceptance is on disk.
ToldIsDurable ==
  \A m \in DOMAIN messages :
    LET d == disk[m.from].durable
        OnDisk(s) == s <= d.snapshot \/ \E e \in DurableOf(m.from) : e.slot = s
    IN /\ m.type = "Promise" =>
            /\ d.promisedBallot >= m.ballot
            /\ \A k \in DOMAIN m.entries : OnDisk(m.entries[k].slot)
       /\ m.type = "Accepted" =>
            /\ d.promisedBallot >= m.ballot
            /\ \A k \in DOMAIN m.slots : OnDisk(m.slots[k]) /\ (DurableBallot(d, m.slots[k]) >= m.ballot
                                                                \/ m.slots[k] <= d.snapshot
                                                                \/ m.slots[k] \in DOMAIN chosen)
       /\ m.type = "Prepare" => d.promisedBallot >= m.ballot

\* What is decided anywhere is on the disks of a replication quorum.
DecidedIsDurable ==
  \A s \in DOMAIN chosen :
    Cardinality({i \in Voters : s <= disk[i].durable.snapshot
                                \/ \E e \in DurableOf(i) : e.slot = s /\ e.value = chosen[s]}) >= ReplicationQuorum

\* The state machine sees a prefix without gaps.
ContiguousApply ==
  \A i \in Members :
    /\ node[i].compacted <= node[i].decided
    /\ \A s \in (node[i].compacted + 1)..node[i].decided : Holds(node[i], s)

\* A leader that serves by its lease has decided whatever anybody has.
LeaseReads == \A i \in Members : Quiet /\ CanServe(i) => \A j \in Members : node[j].decided <= node[i].decided

\* What a replica applies in a slot. What a snapshot stands for is not looked into: it was applied before it was taken.
Applied(n, s) == IF Holds(n, s) THEN EntryAt(n, s).value
                 ELSE IF s <= n.compacted /\ s \in DOMAIN chosen THEN chosen[s] ELSE "nothing"

\* The abstract log: the decided prefix.
OnDisk(i, s) == s <= disk[i].durable.snapshot \/ \E e \in DurableOf(i) : e.slot = s /\ e.value = chosen[s]
EnoughDisks(S) == Cardinality(S \cap VoterSet) >= ReplicationQuorum
Abstract == INSTANCE ReplicatedLog WITH
  Server <- SeqToSet(Order),
  IsQuorum <- EnoughDisks,
  log <- [s \in DOMAIN chosen |-> chosen[s]],
  known <- [i \in SeqToSet(Order) |-> [s \in 1..node[i].decided |-> Applied(node[i], s)]],
  copies <- [i \in SeqToSet(Order) |-> {s \in DOMAIN chosen : OnDisk(i, s)}]
Refinement == Abstract!Spec

\* Progress where nothing is lost: what a leader took is decided by every replica.
LiveSpec == MCSpec /\ WF_mcVars(MCNext)
HasDecided(i, v) == \E s \in (node[i].compacted + 1)..node[i].decided : EntryAt(node[i], s).value = v
Served == \A v \in Values : (v \in asked) ~> (\A i \in Members : HasDecided(i, v))
\* It is taken in the end: somebody leads.
Elected == <>(\E i \in Members : node[i].role = "leader")

\* What a replica has decided it goes on to take for decided, until it restarts: its disk may know of less.
CommitMonotonic ==
  [][\A i \in Members : node'[i].decided >= node[i].decided \/ node'[i].incarnation > node[i].incarnation]_vars

\* The promise never decreases, not even over a restart, except for one that was never told.
PromiseMonotonic ==
  [][\A i \in Members :
       /\ disk'[i].durable.promisedBallot >= disk[i].durable.promisedBallot
       /\ node'[i].promisedBallot >= node[i].promisedBallot \/ node'[i].incarnation > node[i].incarnation]_vars
=============================================================================
