-------------------------------- MODULE Zab --------------------------------
(***************************************************************************)
(* ZAB (Junqueira 2011; Medeiros 2012; ZooKeeper): the actions. Names are  *)
(* those of protocols/zab; what each does is in ZabElection, ZabRecovery   *)
(* and ZabBroadcast. Timers are no state: a timeout may happen at any time.*)
(***************************************************************************)
EXTENDS ZabRecovery

Init ==
  /\ node = [i \in Servers |-> Boot(i, EmptyImage, 1)]
  /\ disk = [i \in Servers |-> [durable |-> EmptyImage, pending |-> << >>]]
  /\ messages = NoBag
  /\ act = [name |-> "Init", args |-> << >>, sent |-> << >>, then |-> << >>]

Local(st, name, args) == Finish(st, messages, name, args)

\* ---- the server's own ----
Start(i) == node[i].logicalClock = 0 /\ Local(StartElection(Begin(i)), "StartElection", << i >>)

\* The oracle in the place of phase 0.
Elect(i, leader) ==
  /\ ~FastElection
  /\ node[i].state = "LOOKING"
  /\ Local(BeginDiscovery(Begin(i), leader), "Elect", << i, leader >>)

SendNotifications(i, clear) ==
  /\ node[i].state = "LOOKING"
  /\ LET st == Begin(i)
         cleared == IF clear THEN [st EXCEPT !.n.shunned = {}, !.n.relays = TRUE] ELSE st
     IN Local(BroadcastVote(Did(cleared, "SendNotifications")), "SendNotifications", << i, clear >>)

\* The wait for a better vote is over. A voter may have changed its mind meanwhile: then the election goes on.
FinalizeElection(i) ==
  /\ node[i].state = "LOOKING"
  /\ node[i].finalizing
  /\ LET st == [Begin(i) EXCEPT !.n.finalizing = FALSE] IN
     Local(IF HasQuorum(i, st.n) THEN BeginDiscovery(Did(st, "FinalizeElection"), IdOf(st.n.vote.leader)) ELSE st,
           "FinalizeElection", << i >>)

SendFOLLOWERINFO(i) ==
  /\ IsLearning(node[i])
  /\ node[i].phase = "discovery"
  /\ Local(Did(Send(Begin(i), node[i].leader, FollowerInfo(node[i])), "SendFOLLOWERINFO"), "SendFOLLOWERINFO", << i >>)

\* What a learner should hold by now.
ExpectedLast(n, j) ==
  IF n.learners[j].stage # "synced" \/ ~IsEstablished(n) THEN 0
  ELSE IF j \in Voters THEN n.learners[j].nextIndex - 1 ELSE n.lastCommitted
PingMessages(n, j) ==
  LET last == ExpectedLast(n, j) IN
  IF n.learners[j].stage = "connected" THEN IF n.epoch > 0 THEN {AfterEpoch(n, j, LeaderInfo(n, j))} ELSE {}
  ELSE {Now(j, [type |-> "PING", session |-> n.learners[j].session, epoch |-> n.epoch, last |-> last,
                committed |-> IF last = 0 THEN 0 ELSE n.lastCommitted])}

\* Every half tick of a leader: closes the learners `silent`, pings the others, and gives up, where too few are left or
\* (`late`) its epoch was not established in time.
LeaderTick(i, silent, late) ==
  LET n == node[i]
      closes == { Now(j, Close(n.learners[j].session)) : j \in silent }
      pings == UNION { PingMessages(n, j) : j \in DOMAIN n.learners \ silent }
      ticked == Did(SendSet([Begin(i) EXCEPT !.n.learners = [j \in DOMAIN @ \ silent |-> @[j]]], closes \cup pings), "LeaderTick")
      lost == Cardinality(({i} \cup Synced(ticked.n)) \cap Voters) < SupportQuorum
  IN /\ IsLeading(n)
     /\ silent \subseteq DOMAIN n.learners
     /\ late => ~IsEstablished(n)
     /\ Local(IF late \/ (IsEstablished(n) /\ lost) THEN LeaveEpoch(ticked) ELSE ticked, "LeaderTick", << i, silent, late >>)

\* Every half tick of a learner: where it waits for something that may be lost (`asks`), it asks again.
LearnerTick(i, asks) ==
  LET n == node[i]
      ticked == Did([Begin(i) EXCEPT !.n.resendAsked = FALSE], "LearnerTick")
      asked == IF ~asks THEN ticked
               ELSE IF n.phase = "broadcast" THEN SendSet(ticked, { Now(n.leader, SyncMessage(n, n.syncs[k])) : k \in DOMAIN n.syncs })
               ELSE IF n.phase # "synchronization" THEN ticked
               ELSE IF n.historyAccepted THEN SendAckLd(ticked)
               ELSE IF n.plan # NoPlan THEN AskPlan(ticked)
               ELSE SendAckEpoch(ticked)
  IN IsLearning(n) /\ Local(asked, "LearnerTick", << i, asks >>)

\* A learner gives up a silent leader.
GiveUp(i) == IsLearning(node[i]) /\ Local(LeaveEpoch(Begin(i)), "LeaveEpoch", << i >>)

\* ---- clients and the state machine ----
ClientRequest(i) ==
  IsEstablished(node[i]) /\ Local(Did(AppendEntry(Begin(i)), "ClientRequest"), "ClientRequest", << i >>)
\* A read through the log is a no-op of its own.
LinearizableRead(i) ==
  IsEstablished(node[i]) /\ Local(Did(AppendEntry(Begin(i)), "LinearizableRead"), "LinearizableRead", << i >>)
SyncRead(i) ==
  LET n == node[i]
      asked == [Begin(i) EXCEPT !.n.syncId = @ + 1, !.n.syncs = Append(@, n.syncId + 1)]
  IN /\ n.phase = "broadcast"
     /\ n.leader # "null"
     /\ Local(Did(IF IsLeading(n) THEN Begin(i) ELSE Send(asked, n.leader, SyncMessage(n, n.syncId + 1)), "SyncRead"),
              "SyncRead", << i >>)
TakeSnapshot(i, index) ==
  /\ index > node[i].snapshot
  /\ index <= node[i].lastCommitted
  /\ LET taken == Write([Begin(i) EXCEPT !.n.snapshot = index])
         kept == [taken EXCEPT !.n.history = Compact(@, index - Trailing)]
     IN Local(Did(kept, "TakeSnapshot"), "TakeSnapshot", << i, index >>)
SnapshotSent(i, j, ok) ==
  /\ j \in DOMAIN node[i].learners
  /\ node[i].learners[j].sending > 0
  /\ LET h == node[i].learners[j]
         st == Did([Begin(i) EXCEPT !.n.learners = [@ EXCEPT ![j].sending = 0]], "SnapshotSent")
     IN Local(IF h.stage # "syncing" THEN st ELSE IF ok THEN SendBody(st, j, h.sending + 1) ELSE SendPlan(st, j),
              "SnapshotSent", << i, j, ok >>)

\* ---- messages ----
HandleClose(st, j, m) ==
  LET n == st.n IN
  IF IsLeading(n) THEN
    IF j \in DOMAIN n.learners /\ n.learners[j].session = m.session
    THEN Did([st EXCEPT !.n.learners = Without(@, j)], "HandleCLOSE") ELSE st
  ELSE IF IsLearning(n) /\ n.leader = j /\ n.session = m.session THEN LeaveEpoch(Did(st, "HandleCLOSE"))
  ELSE st

FromLearner == {"ACKEPOCH", "ACKLD", "ACK", "PONG", "RESEND", "SYNC"}
\* At the leader. A message of a session or an epoch that is over is answered with CLOSE, as a reset connection would be.
LearnerMessage(st, j, m) ==
  LET n == st.n IN
  IF ~IsLeading(n) \/ j \notin DOMAIN n.learners THEN Send(st, j, Close(m.session))
  ELSE IF n.learners[j].session # m.session \/ n.epoch # m.epoch THEN Send(st, j, Close(m.session))
  ELSE CASE m.type = "ACKEPOCH" -> HandleAckEpoch(st, j, m)
         [] m.type = "ACKLD" -> HandleAckLd(st, j, m)
         [] m.type \in {"ACK", "PONG"} -> HandleAck(st, j, m)
         [] m.type = "RESEND" -> IF m.plan = 0 THEN HandleResend(st, j, m) ELSE ResendPlan(st, j, m)
         [] m.type = "SYNC" -> HandleSync(st, j, m)

\* At a learner. LEADERINFO binds the session to an epoch; everything after it must name both.
LeaderMessage(st, j, m) ==
  LET n == st.n
      session == IsLearning(n) /\ n.leader = j /\ n.session = m.session
      serving == n.phase = "broadcast"
  IN IF ~session THEN IF m.type \in {"LEADERINFO", "PING"} THEN Send(st, j, Close(m.session)) ELSE st
     ELSE IF m.type = "LEADERINFO" THEN HandleLeaderInfo(st, m)
     ELSE IF n.epoch # m.epoch THEN st
     ELSE CASE m.type \in {"DIFF", "TRUNC", "SNAP"} -> HandlePlanHeader(st, m)
            [] m.type = "BODY" -> HandleBody(st, m)
            [] m.type = "NEWLEADER" -> HandleNewLeader(st, m)
            [] m.type = "UPTODATE" -> HandleUpToDate(st, m)
            [] m.type = "PING" -> HandlePing(st, m)
            [] m.type = "PROPOSE" -> IF serving THEN HandlePropose(st, m) ELSE st
            [] m.type = "COMMIT" -> IF serving THEN HandleCommit(st, m) ELSE st
            [] m.type = "INFORM" -> IF serving THEN HandleInform(st, m) ELSE st
            [] m.type = "SYNCED" -> IF serving THEN HandleSynced(st, m) ELSE st

NotificationMessage(st, j, m) ==
  LET heard == NotificationStep(st, j, m) IN
  IF ElectionDecided(heard) THEN BeginDiscovery(heard, IdOf(heard.n.vote.leader)) ELSE heard

Handled(i, j, m) ==
  LET st == Begin(i) IN
  CASE m.type = "Notification" -> NotificationMessage(st, j, m)
    [] m.type = "FOLLOWERINFO" -> HandleFollowerInfo(st, j, m)
    [] m.type = "CLOSE" -> HandleClose(st, j, m)
    [] m.type \in FromLearner -> LearnerMessage(st, j, m)
    [] OTHER -> LeaderMessage(st, j, m)

\* One delivery. A message about nothing any more is a Discard: it may still be answered.
Receive(e) == Finish(Handled(e.to, e.from, e.message), Take(messages, e), "Handle" \o e.message.type, << e.to, e.from, e.message >>)

\* ---- the environment ----
HeldUpTo(pending, n) ==
  LET all == UNION { DOMAIN pending[p].held : p \in 1..n }
      count(m, p) == IF m \in DOMAIN pending[p].held THEN pending[p].held[m] ELSE 0
      RECURSIVE sum(_, _)
      sum(m, p) == IF p = 0 THEN 0 ELSE count(m, p) + sum(m, p - 1)
  IN IF all = {} THEN NoBag ELSE [m \in all |-> IF KeepMessages THEN 1 ELSE sum(m, n)]

\* The n oldest writes are on the disk, and what they held back leaves. The server does not know yet.
Synced1(d, n) == [durable |-> d.pending[n].image, pending |-> SubSeq(d.pending, n + 1, Len(d.pending))]
Sync(i, n) ==
  /\ n \in 1..Len(disk[i].pending)
  /\ disk' = [disk EXCEPT ![i] = Synced1(@, n)]
  /\ messages' = AddBag(messages, HeldUpTo(disk[i].pending, n))
  /\ UNCHANGED node
  /\ act' = [name |-> "Sync", args |-> << i, n >>, sent |-> << >>, then |-> << >>]

\* What follows from the news that the n oldest writes it knew of are durable: its own acknowledgements count from here on.
DurableStep(i, n) ==
  LET old == node[i]
      left == Max(0, old.epochWrite - n)
      accepted == IsLeading(old) /\ old.epoch > 0 /\ left = 0
      told == [old EXCEPT !.durableIndex = IF n = 0 THEN @ ELSE old.writes[n],
                          !.writes = SubSeq(@, n + 1, Len(@)), !.epochWrite = left,
                          !.ackEpoch = IF accepted /\ old.phase = "discovery" THEN @ \cup {i} ELSE @,
                          !.ackLd = IF accepted /\ old.phase = "synchronization" THEN @ \cup {i} ELSE @]
      st == Did([Begin(i) EXCEPT !.n = told], "Durable")
  IN IF ~accepted THEN st
     ELSE IF old.phase = "broadcast" THEN AdvanceCommit(st)
     ELSE IF old.phase = "discovery" THEN AcceptEpochByQuorum(st)
     ELSE EstablishLeader(st)
\* Of writes that are on the disk, and the server does not know.
Durable(i, n) == n \in 0..(Len(node[i].writes) - Len(disk[i].pending)) /\ Local(DurableStep(i, n), "Durable", << i, n >>)

\* Sync and Durable in one: what the models have.
Persist(i, n) ==
  /\ n \in 1..Len(disk[i].pending)
  /\ LET st == DurableStep(i, n)
         done == Synced1(disk[i], n)
         pending == IF st.wrote THEN Append(done.pending, [image |-> Image(st.n), held |-> NoBag]) ELSE done.pending
         known == Len(st.n.writes) - Len(pending)
     IN /\ node' = [node EXCEPT ![i] = st.n]
        /\ disk' = [disk EXCEPT ![i] = [durable |-> done.durable, pending |-> Holding(pending, st, known)]]
        /\ messages' = AddBag(AddBag(messages, HeldUpTo(disk[i].pending, n)), SentAt(st, 0, known))
        /\ act' = [name |-> "Persist", args |-> << i, n >>, sent |-> st.sent, then |-> st.then]

\* The process dies with k of its pending writes on disk; what they held back never left. It has not started again yet.
Crash(i, k) ==
  /\ k \in 0..Len(disk[i].pending)
  /\ LET image == IF k = 0 THEN disk[i].durable ELSE disk[i].pending[k].image IN
     /\ disk' = [disk EXCEPT ![i] = [durable |-> image, pending |-> << >>]]
     /\ node' = [node EXCEPT ![i] = Boot(i, image, @.incarnation + 1)]
  /\ UNCHANGED messages
  /\ act' = [name |-> "Crash", args |-> << i, k >>, sent |-> << >>, then |-> << >>]

\* Crash and start in one: what the models have.
Restart(i, k) ==
  /\ k \in 0..Len(disk[i].pending)
  /\ LET image == IF k = 0 THEN disk[i].durable ELSE disk[i].pending[k].image
         booted == Boot(i, image, node[i].incarnation + 1)
         st == StartElection([Begin(i) EXCEPT !.n = booted])
     IN /\ disk' = [disk EXCEPT ![i] = [durable |-> image, pending |-> << >>]]
        /\ node' = [node EXCEPT ![i] = st.n]
        /\ messages' = AddBag(messages, SentAt(st, 0, 0))
        /\ act' = [name |-> "Restart", args |-> << i, k >>, sent |-> st.sent, then |-> st.then]

Drop(e) ==
  /\ e \in DOMAIN messages
  /\ messages' = Take(messages, e)
  /\ UNCHANGED <<node, disk>>
  /\ act' = [name |-> "Drop", args |-> << e.from, e.to, e.message >>, sent |-> << >>, then |-> << >>]
Duplicate(e) ==
  /\ e \in DOMAIN messages
  /\ messages' = [messages EXCEPT ![e] = @ + 1]
  /\ UNCHANGED <<node, disk>>
  /\ act' = [name |-> "Duplicate", args |-> << e.from, e.to, e.message >>, sent |-> << >>, then |-> << >>]
=============================================================================
