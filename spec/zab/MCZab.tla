------------------------------- MODULE MCZab -------------------------------
(***************************************************************************)
(* Bounded models of ZAB. An oracle elects (FastElection = FALSE), the     *)
(* network keeps every message, so that each may come late, again, or      *)
(* never. A model starts at the initial state or after a prefix, a list of *)
(* actions that happen first; in a prefix a message is gone when received. *)
(***************************************************************************)
EXTENDS Zab, TraceIO

CONSTANTS
  Prefix,                            \* Seq([name, args])
  Candidates,                        \* whom the oracle elects
  Elections, GiveUps, Restarts, Requests, Snapshots,  \* how many there may be after the prefix
  MessagesMax                        \* messages under way or held at a time

VARIABLES
  left,     \* what of the bounds is left, and how much of the prefix is done
  chosen,   \* history: everything ever committed
  leaders   \* history: every leader that was established, [epoch, leader]
mcVars == <<node, disk, messages, left, chosen, leaders, act>>

\* Reads after the prefix, through the log and by SYNC. Models that have any put another number here.
Reads == 0
OneRead == 1
TwoReads == 2

P(name, args) == [name |-> name, args |-> args]
M(type, from, to) == P("Receive", <<to, from, type>>)

MCInit ==
  /\ Init
  /\ left = [prefix |-> Len(Prefix), elections |-> Elections, giveUps |-> GiveUps, restarts |-> Restarts,
             requests |-> Requests, snapshots |-> Snapshots, reads |-> Reads]
  /\ chosen = EmptyHistory
  /\ leaders = {}

\* ---- the prefix ----
LeaderGivesUp(i) == LeaderTick(i, DOMAIN node[i].learners, ~IsEstablished(node[i]))
Forced(p) ==
  LET i == p.args[1] IN
  CASE p.name = "Elect" -> Elect(i, p.args[2])
    [] p.name = "GiveUp" -> IF IsLeading(node[i]) THEN LeaderGivesUp(i) ELSE GiveUp(i)
    [] p.name = "Persist" -> Persist(i, Len(disk[i].pending))
    [] p.name = "Restart" -> Restart(i, p.args[2])
    [] p.name = "ClientRequest" -> ClientRequest(i)
    [] p.name = "TakeSnapshot" -> TakeSnapshot(i, p.args[2])
    [] p.name = "SnapshotSent" -> SnapshotSent(i, p.args[2], TRUE)
    [] p.name = "LoseAll" ->
         /\ messages' = NoBag
         /\ UNCHANGED <<node, disk>>
         /\ act' = [name |-> "LoseAll", args |-> << "" >>, sent |-> << >>, then |-> << >>]
    [] p.name = "Receive" ->
         \E e \in DOMAIN messages :
           /\ e.to = i
           /\ e.from = p.args[2]
           /\ e.message.type = p.args[3]
           /\ Finish(Handled(e.to, e.from, e.message), Without(messages, e), "Take", << e.to, e.from, e.message >>)

\* ---- what may happen then ----
Spend(what) == left[what] > 0 /\ left' = [left EXCEPT ![what] = @ - 1]
Free ==
  \/ \E i \in Servers, l \in Candidates : Spend("elections") /\ Elect(i, l)
  \/ \E i \in Servers : Spend("giveUps") /\ (GiveUp(i) \/ LeaderGivesUp(i))
  \/ \E i \in Servers : \E k \in 0..Len(disk[i].pending) : Spend("restarts") /\ Restart(i, k)
  \/ \E i \in Servers : Spend("requests") /\ ClientRequest(i)
  \/ \E i \in Servers : Spend("snapshots") /\ TakeSnapshot(i, node[i].lastCommitted)
  \/ \E i \in Servers : Spend("reads") /\ (SyncRead(i) \/ LinearizableRead(i))
  \/ UNCHANGED left /\ \E i \in Servers : \E n \in 1..Len(disk[i].pending) : Persist(i, n)
  \/ UNCHANGED left /\ \E i \in Servers : \E j \in DOMAIN node[i].learners : SnapshotSent(i, j, TRUE)
  \/ UNCHANGED left /\ \E e \in DOMAIN messages : Receive(e)

RECURSIVE HeldCount(_, _)
HeldCount(pending, n) == IF n = 0 THEN 0 ELSE Cardinality(DOMAIN pending[n].held) + HeldCount(pending, n - 1)
RECURSIVE SumHeld(_, _)
SumHeld(d, is) ==
  IF is = {} THEN 0
  ELSE LET i == CHOOSE j \in is : TRUE IN HeldCount(d[i].pending, Len(d[i].pending)) + SumHeld(d, is \ {i})
Fits == Cardinality(DOMAIN messages') + SumHeld(disk', Servers) <= MessagesMax

\* ---- history ----
Remember ==
  LET far == { i \in Servers : node'[i].lastCommitted > Last(chosen) }
      best == CHOOSE i \in far : \A j \in far : node'[i].lastCommitted >= node'[j].lastCommitted
  IN /\ chosen' = IF far = {} THEN chosen
                  ELSE Extend(chosen, Slice(node'[best].history, Last(chosen) + 1, node'[best].lastCommitted))
     /\ leaders' = leaders \cup { [epoch |-> node'[i].epoch, leader |-> i] : i \in { j \in Servers : IsEstablished(node'[j]) } }

MCNext ==
  /\ IF left.prefix > 0
     THEN Forced(Prefix[Len(Prefix) + 1 - left.prefix]) /\ left' = [left EXCEPT !.prefix = @ - 1]
     ELSE Free /\ Fits
  /\ Remember
MCSpec == MCInit /\ [][MCNext]_mcVars
\* Weak fairness, where nothing is lost and timers are slower than links and disks: a tick comes when nothing else can
\* happen, until all is committed. What could happen is said by hand: TLC is lost in ENABLED of actions as deep as these. That
\* nothing but an idle state is without a next one is checked (deadlock), or else fairness would leave out what gets stuck.
CanMove ==
  \/ left.prefix > 0
  \/ \E i \in Servers : Len(disk[i].pending) > 0 \/ (left.requests > 0 /\ IsEstablished(node[i]))
  \/ messages # NoBag
Done == left.requests = 0 /\ \A i \in Servers : node[i].lastCommitted = Requests
Waits == { i \in Servers : IsLearning(node[i]) /\ node[i].phase # "broadcast" }
Tick ==
  /\ ~CanMove /\ ~Done
  /\ \/ \E i \in Waits : SendFOLLOWERINFO(i) \/ (node[i].phase = "synchronization" /\ LearnerTick(i, TRUE))
     \/ Waits = {} /\ \E i \in Servers : LeaderTick(i, {}, FALSE)
  /\ UNCHANGED left /\ Remember
Idle == ~CanMove /\ Done
LiveNext == MCNext \/ Tick \/ (Idle /\ UNCHANGED mcVars)
FairSpec == MCInit /\ [][LiveNext]_mcVars /\ ([]<>Idle \/ []<><<MCNext \/ Tick>>_<<node, disk, messages, left>>)

View == <<node, disk, messages, left, chosen, leaders>>

\* ---- the graph ----
Bare(n, d, m, l) ==
  [node |-> n, messages |-> DOMAIN m, left |-> l,
   disk |-> [i \in Servers |->
     [durable |-> d[i].durable,
      pending |-> [p \in 1..Len(d[i].pending) |->
                    [image |-> d[i].pending[p].image, held |-> DOMAIN d[i].pending[p].held]]]]]
GraphView == <<node, disk, messages, left>>
Emit == EmitEdge(Bare(node, disk, messages, left), [name |-> act'.name, args |-> act'.args],
                 Bare(node', disk', messages', left'))

\* ---- properties ----
Images(i) == {disk[i].durable} \cup { disk[i].pending[p].image : p \in 1..Len(disk[i].pending) }
EpochOrder ==
  \A i \in Servers :
    /\ node[i].currentEpoch <= node[i].acceptedEpoch
    /\ \A image \in Images(i) : image.currentEpoch <= image.acceptedEpoch
\* Two servers may lead, and even try for the same epoch; a quorum accepts it from one of them.
OneLeaderPerEpoch == \A a, b \in leaders : a.epoch = b.epoch => a.leader = b.leader
\* Total order: whoever delivers, delivers what was chosen.
Agreement == \A i \in Servers : AgreeTo(node[i].history, chosen, node[i].lastCommitted)
\* Whatever is in a history was broadcast by a leader of its epoch.
Integrity ==
  \A i \in Servers : \A k \in DOMAIN node[i].history.ends :
    LET epoch == node[i].history.ends[k].epoch IN epoch = 0 \/ \E l \in leaders : l.epoch = epoch
\* Primary order: epochs grow along a history, and none is of a later epoch than its server accepted.
PrimaryOrder ==
  \A i \in Servers :
    LET ends == node[i].history.ends IN
    /\ \A k \in 2..Len(ends) : ends[k - 1].epoch < ends[k].epoch /\ ends[k - 1].last <= ends[k].last
    /\ LastEpoch(node[i].history) <= node[i].acceptedEpoch
\* Primary integrity: who leads an epoch has everything that earlier epochs delivered.
PrimaryIntegrity ==
  \A i \in Servers : IsEstablished(node[i]) =>
    \A k \in 1..Last(chosen) :
      EpochAt(chosen, k) < node[i].epoch /\ k >= node[i].history.floor =>
        Holds(node[i].history, k) /\ EpochAt(node[i].history, k) = EpochAt(chosen, k)
HasOnDisk(i, k) ==
  LET h == disk[i].durable.history IN k < h.floor \/ (Holds(h, k) /\ EpochAt(h, k) = EpochAt(chosen, k))
CommittedOnQuorum ==
  \A k \in 1..Last(chosen) : Cardinality({ i \in Voters : HasOnDisk(i, k) }) >= ReplicationQuorum
\* What a leader counts is on the disk of the one that said so.
AcksAreDurable ==
  \A i \in Servers : IsLeading(node[i]) =>
    /\ \A j \in node[i].ackEpoch : disk[j].durable.acceptedEpoch >= node[i].epoch
    /\ \A j \in node[i].ackLd : disk[j].durable.currentEpoch >= node[i].epoch
    /\ \A j \in Synced(node[i]) :
         disk[j].durable.currentEpoch = node[i].epoch => Last(disk[j].durable.history) >= node[i].learners[j].matchIndex
\* An epoch that was proposed is on the disk of its leader, so that it is never proposed twice.
ProposedIsDurable ==
  \A e \in DOMAIN messages : e.message.type = "LEADERINFO" => disk[e.from].durable.acceptedEpoch >= e.message.epoch
\* What a server has delivered stays delivered, until it restarts: how far that was is not on disk.
CommitMonotonic ==
  [][\A i \in Servers :
       node'[i].lastCommitted >= node[i].lastCommitted \/ node'[i].incarnation > node[i].incarnation]_mcVars
EpochsGrow ==
  [][\A i \in Servers :
       /\ disk'[i].durable.acceptedEpoch >= disk[i].durable.acceptedEpoch
       /\ disk'[i].durable.currentEpoch >= disk[i].durable.currentEpoch]_mcVars

\* What a server delivers at place k. What a snapshot stands for is not looked into: it was delivered before it was taken.
Applied(h, k) == IF k > h.floor /\ k <= Last(h) THEN EpochAt(h, k)
                 ELSE IF k <= h.floor /\ k <= Last(chosen) THEN EpochAt(chosen, k) ELSE -1

\* Refinement: one log that only grows, is agreed upon, and stays on a quorum of disks.
IsQuorum(servers) == Cardinality(servers \cap Voters) >= ReplicationQuorum
Abstract == INSTANCE ReplicatedLog WITH
  Server <- Servers,
  log <- [k \in 1..Last(chosen) |-> EpochAt(chosen, k)],
  known <- [i \in Servers |-> [k \in 1..node[i].lastCommitted |-> Applied(node[i].history, k)]],
  copies <- [i \in Servers |-> { k \in 1..Last(chosen) : HasOnDisk(i, k) }]
RefinesReplicatedLog == Abstract!Spec

\* Liveness, where nothing fails: the leader is established and what is asked of it is committed everywhere.
Progress == <>Done

\* ---- models ----
TheServers == {"n1", "n2", "n3"}
TwoServers == {"n1", "n2"}
TheOrdinals == [n1 |-> 1, n2 |-> 2, n3 |-> 3]
TwoOrdinals == [n1 |-> 1, n2 |-> 2]
NoPrefix == << >>

\* l leads and f follows: they agree on an epoch.
Discover(l, f) ==
  << P("Elect", <<l, l>>), P("Elect", <<f, l>>), M("FOLLOWERINFO", f, l), P("Persist", <<l>>), M("LEADERINFO", l, f),
     P("Persist", <<f>>) >>
\* ... and l's history becomes the epoch's.
Synchronize(l, f, kind) ==
  << M("ACKEPOCH", f, l), P("Persist", <<l>>), M(kind, l, f) >>
Establish(l, f) ==
  << M("NEWLEADER", l, f), P("Persist", <<f>>), M("ACKLD", f, l), M("UPTODATE", l, f) >>
Lead(l, f) == Discover(l, f) \o Synchronize(l, f, "DIFF") \o Establish(l, f)
\* A transaction that only the leader l has, on its disk.
Alone(l) == << P("ClientRequest", <<l>>), P("Persist", <<l>>) >>
\* One that l and f have, and l has committed.
Both(l, f) ==
  << P("ClientRequest", <<l>>), P("Persist", <<l>>), M("PROPOSE", l, f), P("Persist", <<f>>), M("ACK", f, l),
     M("COMMIT", l, f) >>
Leave(i) == P("GiveUp", <<i>>)
LoseAll == P("LoseAll", << "" >>)

\* The servers are elected: discovery begins.
PrefixElected == << P("Elect", <<"n1", "n1">>), P("Elect", <<"n2", "n1">>), P("Elect", <<"n3", "n1">>) >>
\* The same with two servers.
PrefixTwo == << P("Elect", <<"n1", "n1">>), P("Elect", <<"n2", "n1">>) >>
\* An epoch is led, its first transaction is proposed.
PrefixBroadcast == Lead("n1", "n2")
\* n1 has two transactions of epoch 1 that nobody else has; n2 and n3 have committed one of epoch 2 in their place. n1
\* comes back: its history diverges, it needs TRUNC. n2 leads again.
PrefixTrunc ==
  Lead("n1", "n2") \o Alone("n1") \o Alone("n1") \o << Leave("n1"), Leave("n2"), LoseAll >>
  \o Lead("n2", "n3") \o Both("n2", "n3") \o << Leave("n2"), Leave("n3"), LoseAll >>
  \o << P("Elect", <<"n2", "n2">>), P("Elect", <<"n1", "n2">>) >>
\* The same, one step before: two histories that diverge, nobody has discovered an epoch above them.
PrefixDiverged ==
  Lead("n1", "n2") \o Alone("n1") \o << Leave("n1"), Leave("n2"), LoseAll >>
  \o Discover("n2", "n3") \o Synchronize("n2", "n3", "DIFF")
\* The oracle elects n3, which has nothing, while n1 has a committed transaction: n3 must give up.
PrefixAhead ==
  Lead("n1", "n2") \o Both("n1", "n2") \o << P("Restart", <<"n1", 0>>), Leave("n2"), LoseAll >> \o Discover("n3", "n1")
\* n1 and n3 propose the same epoch. n2 has promised itself to n1, and now follows n3.
PrefixPromised ==
  << P("Elect", <<"n3", "n3">>), P("Elect", <<"n2", "n3">>), M("FOLLOWERINFO", "n2", "n3"), Leave("n2") >>
  \o Discover("n1", "n2")
  \o << Leave("n2"), LoseAll, P("Persist", <<"n3">>), P("Elect", <<"n2", "n3">>), M("FOLLOWERINFO", "n2", "n3") >>
\* n1 and n2 have committed two transactions and a snapshot replaced them: n3 needs SNAP.
PrefixSnap ==
  Lead("n1", "n2") \o Both("n1", "n2") \o << P("TakeSnapshot", <<"n1", 1>>), P("Persist", <<"n1">>), LoseAll >>
  \o << P("Elect", <<"n3", "n1">>) >>
=============================================================================
