---------------------------- MODULE ZabRecovery ----------------------------
(***************************************************************************)
(* Phase 1, discovery, and phase 2, synchronization (Junqueira 2011, IV.A  *)
(* and IV.B; ZooKeeper's DIFF, TRUNC and SNAP).                            *)
(***************************************************************************)
EXTENDS ZabBroadcast

\* ---- phase 1 ----
FollowerInfo(n) == [type |-> "FOLLOWERINFO", session |-> n.session, acceptedEpoch |-> n.acceptedEpoch]
LeaderInfo(n, j) == [type |-> "LEADERINFO", session |-> n.learners[j].session, epoch |-> n.epoch]

NewHandler(m) ==
  [session |-> m.session, stage |-> "connected", acceptedEpoch |-> m.acceptedEpoch, floor |-> 0, epochs |-> << >>,
   plan |-> 0, planTo |-> 0, sending |-> 0, matchIndex |-> 0, nextIndex |-> 1]

\* With a quorum connected, the next epoch is above every one it accepted. LEADERINFO waits for the leader's own disk.
ProposeEpoch(st) ==
  LET n == st.n
      known == {n.acceptedEpoch, n.epochSeen} \cup { n.learners[j].acceptedEpoch : j \in DOMAIN n.learners }
      epoch == MaxOf(known) + 1
      written == WriteEpoch([st EXCEPT !.n.epoch = epoch, !.n.acceptedEpoch = epoch])
      told == { AfterEpoch(written.n, j, LeaderInfo(written.n, j)) : j \in DOMAIN n.learners }
  IN IF Cardinality(({st.id} \cup DOMAIN n.learners) \cap Voters) < ElectionQuorum THEN st
     ELSE Did(SendSet(written, told), "ProposeEpoch")

\* Phase 0 has decided for `leader`.
BeginDiscovery(st, leader) ==
  LET i == st.id
      n == [st.n EXCEPT !.finalizing = FALSE, !.recvVotes = << >>, !.outOfElection = << >>,
                        !.phase = "discovery", !.epoch = 0, !.leader = leader]
      session == n.incarnation * SessionsPerIncarnation + n.connection + 1
      joined == [n EXCEPT !.state = IF i \in Voters THEN "FOLLOWING" ELSE "OBSERVING",
                          !.connection = @ + 1, !.session = session]
  IN IF leader = i THEN ProposeEpoch(Did([st EXCEPT !.n = [n EXCEPT !.state = "LEADING"]], "StartLeading"))
     ELSE Send(Did([st EXCEPT !.n = joined], "StartFollowing"), leader, FollowerInfo(joined))

HandleFollowerInfo(st, j, m) ==
  LET n == st.n
      known == j \in DOMAIN n.learners
      same == known /\ n.learners[j].session = m.session
      opened == [n EXCEPT !.learners = IF same THEN @ ELSE With(@, j, NewHandler(m)),
                          !.epochSeen = Max(@, m.acceptedEpoch)]
      done == Did([st EXCEPT !.n = opened], "HandleFOLLOWERINFO")
  IN IF n.state = "LOOKING" THEN st
     ELSE IF ~IsLeading(n) \/ (known /\ m.session < n.learners[j].session) THEN Send(st, j, Close(m.session))
     ELSE IF n.epoch = 0 THEN ProposeEpoch(done)
     ELSE IF m.acceptedEpoch > n.epoch THEN LeaveEpoch(done)
     ELSE IF opened.learners[j].stage = "connected"
       THEN SendSet(done, {AfterEpoch(opened, j, LeaderInfo(opened, j))})
     ELSE done

SendAckEpoch(st) ==
  LET n == st.n IN
  SendAfterWrites(st, n.leader,
    [type |-> "ACKEPOCH", session |-> n.session, epoch |-> n.epoch, promised |-> n.promised,
     currentEpoch |-> n.currentEpoch, floor |-> n.history.floor, epochs |-> n.history.ends])

\* An equal epoch may have been promised to somebody else: it is joined, but not promised a second time.
HandleLeaderInfo(st, m) ==
  LET n == st.n
      promised == m.epoch > n.acceptedEpoch
      joined == [st EXCEPT !.n.epoch = m.epoch, !.n.phase = "synchronization", !.n.shunned = {},
                           !.n.promised = promised, !.n.acceptedEpoch = m.epoch]
  IN IF n.epoch # 0 THEN
       IF n.epoch = m.epoch /\ n.phase = "synchronization" /\ n.plan = NoPlan /\ ~n.historyAccepted
       THEN SendAckEpoch(st) ELSE st
     ELSE IF m.epoch < n.acceptedEpoch THEN LeaveEpoch(st)
     ELSE Did(SendAckEpoch(IF promised THEN Write(joined) ELSE joined), "HandleLEADERINFO")

\* Whether a follower's history is more recent: (currentEpoch, last zxid).
AheadOf(n, m) ==
  LET end == m.epochs[Len(m.epochs)] IN
  IF m.currentEpoch # n.currentEpoch THEN m.currentEpoch > n.currentEpoch
  ELSE IF end.epoch # LastEpoch(n.history) THEN end.epoch > LastEpoch(n.history)
  ELSE end.last > Last(n.history)

\* ---- phase 2, the leader's side ----
PlanHeader(n, j, type, from, fromEpoch) ==
  LET h == n.learners[j] IN
  [type |-> type, session |-> h.session, epoch |-> n.epoch, plan |-> h.plan, from |-> from, fromEpoch |-> fromEpoch,
   to |-> h.planTo]

\* The rest of a plan from `first` on, then NEWLEADER.
BodyMessages(n, j, first) ==
  LET h == n.learners[j]
      body == [type |-> "BODY", session |-> h.session, epoch |-> n.epoch, plan |-> h.plan,
               entries |-> Slice(n.history, first, h.planTo)]
      newLeader == [type |-> "NEWLEADER", session |-> h.session, epoch |-> n.epoch, plan |-> h.plan]
  IN (IF first <= h.planTo THEN {Now(j, body)} ELSE {}) \cup {Now(j, newLeader)}
SendBody(st, j, first) ==
  IF first <= st.n.learners[j].planTo /\ first <= st.n.history.floor THEN CloseHandler(st, j)
  ELSE SendSet(st, BodyMessages(st.n, j, first))

SendPlan(st, j) ==
  LET h == [st.n.learners[j] EXCEPT !.stage = "syncing", !.plan = @ + 1, !.planTo = Last(st.n.history)]
      common == Common(st.n.history, h.floor, h.epochs)
      snap == common = -1 /\ st.n.snapshot > 0
      from == IF snap THEN st.n.snapshot ELSE Max(common, 0)
      type == IF snap THEN "SNAP" ELSE IF h.epochs[Len(h.epochs)].last > from THEN "TRUNC" ELSE "DIFF"
      planned == [st EXCEPT !.n.learners = [@ EXCEPT ![j] = [h EXCEPT !.sending = IF snap THEN from ELSE @]]]
      header == Now(j, PlanHeader(planned.n, j, type, from, EpochAt(st.n.history, from)))
      headed == SendSet(planned, {header})
  IN Did(IF snap THEN headed ELSE SendBody(headed, j, from + 1), "SendPlan")

RECURSIVE SendPlans(_, _)
SendPlans(st, js) ==
  IF js = {} THEN st ELSE LET j == CHOOSE k \in js : TRUE IN SendPlans(SendPlan(st, j), js \ {j})

\* The leader's history becomes the initial history of the epoch.
AcceptEpochByQuorum(st) ==
  LET n == st.n
      begun == Did(WriteEpoch([st EXCEPT !.n.phase = "synchronization", !.n.currentEpoch = n.epoch]), "AcceptEpochByQuorum")
  IN IF Cardinality(n.ackEpoch \cap Voters) < ElectionQuorum THEN st
     ELSE SendPlans(begun, { j \in DOMAIN n.learners : n.learners[j].stage = "epochAcked" })

HandleAckEpoch(st, j, m) ==
  LET n == st.n
      h == n.learners[j]
      discovering == n.phase = "discovery"
      counts == discovering /\ m.promised /\ j \in Voters
      ahead == counts /\ AheadOf(n, m)
      told == [h EXCEPT !.floor = m.floor, !.epochs = m.epochs, !.stage = IF discovering THEN "epochAcked" ELSE @]
      heard == Did([st EXCEPT !.n.learners = [@ EXCEPT ![j] = told],
                              !.n.ackEpoch = IF counts /\ ~ahead THEN @ \cup {j} ELSE @], "HandleACKEPOCH")
  IN IF h.stage = "synced" \/ h.sending > 0 THEN st
     ELSE IF ~discovering THEN SendPlan(heard, j)
     ELSE IF ahead THEN LeaveEpoch(heard)
     ELSE AcceptEpochByQuorum(heard)

UpToDate(n, j) ==
  Now(j, [type |-> "UPTODATE", session |-> n.learners[j].session, epoch |-> n.epoch, committed |-> n.lastCommitted])
SendUpToDate(st, j) ==
  LET told == SendSet(st, {UpToDate(st.n, j)}) IN
  IF j \notin Voters /\ st.n.learners[j].nextIndex <= st.n.lastCommitted THEN SendInforms(told, {j}, 0) ELSE told
RECURSIVE SendUpToDates(_, _)
SendUpToDates(st, js) ==
  IF js = {} THEN st ELSE LET j == CHOOSE k \in js : TRUE IN SendUpToDates(SendUpToDate(st, j), js \ {j})

\* A quorum acknowledged NEWLEADER: the initial history is committed without an entry of its own.
EstablishLeader(st) ==
  LET established == Did([st EXCEPT !.n.phase = "broadcast"], "EstablishLeader")
      committed == CommitByQuorum(established)
  IN IF ~IsLeading(st.n) \/ st.n.phase # "synchronization" \/ Cardinality(st.n.ackLd \cap Voters) < ElectionQuorum THEN st
     ELSE SendUpToDates(committed, Synced(committed.n))

HandleAckLd(st, j, m) ==
  LET n == st.n
      h == n.learners[j]
      synced == [h EXCEPT !.stage = "synced", !.sending = 0, !.matchIndex = m.to, !.nextIndex = m.to + 1]
      heard == IF h.stage # "syncing" THEN st
               ELSE [st EXCEPT !.n.learners = [@ EXCEPT ![j] = synced], !.n.ackLd = @ \cup {j}]
      done == Did(heard, "HandleACKLD")
      advanced == AdvanceCommit(SendUpToDate(done, j))
  IN IF h.stage \in {"connected", "epochAcked"} \/ m.to > Last(n.history) THEN st
     ELSE IF ~IsEstablished(n) THEN EstablishLeader(done)
     ELSE IF j \in Voters THEN SendProposals(advanced, {j} \cap DOMAIN advanced.n.learners) ELSE advanced

ResendPlan(st, j, m) ==
  LET h == st.n.learners[j]
      current == h.stage = "syncing" /\ h.plan = m.plan /\ h.sending = 0
      sent == IF current /\ m.from >= 1 /\ m.from <= h.planTo + 1 THEN SendBody(st, j, m.from) ELSE st
  IN Did(sent, "HandleRESEND")

\* ---- phase 2, the learner's side ----
HandlePlanHeader(st, m) ==
  LET n == st.n
      plan == [kind |-> m.type, generation |-> m.plan, from |-> m.from, fromEpoch |-> m.fromEpoch, to |-> m.to,
               received |-> << >>, newLeader |-> FALSE]
  IN IF n.phase # "synchronization" \/ n.historyAccepted \/ m.plan <= n.plan.generation THEN st
     ELSE Did([st EXCEPT !.n.plan = plan], "Handle" \o m.type)

NextOfPlan(plan) == IF Len(plan.received) = 0 THEN plan.from + 1 ELSE plan.received[Len(plan.received)].last + 1

SendAckLd(st) ==
  SendAfterWrites(st, st.n.leader,
    [type |-> "ACKLD", session |-> st.n.session, epoch |-> st.n.epoch, to |-> Last(st.n.history)])

\* Entries from n on are gone from memory: what a pending write holds of them is not history any more.
ForgetWrites(n, keep) ==
  [n EXCEPT !.durableIndex = Min(@, keep), !.writes = [k \in DOMAIN @ |-> Min(@[k], keep)]]

\* The paper's atomic step: history and currentEpoch in one write, ACKLD behind it.
AcceptHistory(st) ==
  LET n == st.n
      plan == n.plan
      snap == plan.kind = "SNAP"
      cuts == plan.from < Last(n.history)
      base == IF snap THEN FromSnapshot(plan.from, plan.fromEpoch)
              ELSE IF cuts THEN Cut(n.history, plan.from) ELSE n.history
      \* A snapshot replaces what is held, so nothing of it counts as durable but what lies below.
      forgotten == IF snap THEN IF Last(n.history) > n.snapshot THEN ForgetWrites(n, n.snapshot) ELSE n
                   ELSE IF cuts THEN ForgetWrites(n, plan.from) ELSE n
      changes == n.currentEpoch # n.epoch \/ snap \/ cuts \/ Len(plan.received) > 0
      accepted == [forgotten EXCEPT
        !.history = Extend(base, [first |-> plan.from + 1, ends |-> plan.received]),
        !.snapshot = IF snap THEN plan.from ELSE @,
        !.lastCommitted = IF snap THEN plan.from ELSE @,
        !.currentEpoch = n.epoch, !.historyAccepted = TRUE, !.plan = NoPlan]
      written == IF changes THEN Write([st EXCEPT !.n = accepted]) ELSE [st EXCEPT !.n = accepted]
      fits == /\ plan.from >= n.lastCommitted
              /\ n.currentEpoch <= n.epoch
              /\ snap \/ (Holds(n.history, plan.from) /\ EpochAt(n.history, plan.from) = plan.fromEpoch)
              /\ cuts => plan.kind \in {"TRUNC", "SNAP"}
  IN IF Assert(fits, <<"a plan that does not fit", st.id, plan, n.history, n.lastCommitted>>)
     THEN Did(SendAckLd(written), "AcceptHistory") ELSE st
TryAcceptHistory(st) ==
  IF st.n.plan.newLeader /\ NextOfPlan(st.n.plan) > st.n.plan.to THEN AcceptHistory(st) ELSE st

HandleBody(st, m) ==
  LET plan == st.n.plan
      fresh == IF m.entries.first > NextOfPlan(plan) THEN NoEntries ELSE Within(m.entries, NextOfPlan(plan) - 1, plan.to)
      grown == [plan EXCEPT !.received = AddRuns(@, fresh.ends)]
  IN IF plan.generation = 0 \/ m.plan # plan.generation THEN st
     ELSE TryAcceptHistory(Did([st EXCEPT !.n.plan = grown], "HandleBODY"))

AskPlan(st) ==
  Send(st, st.n.leader, [type |-> "RESEND", session |-> st.n.session, epoch |-> st.n.epoch,
                         plan |-> st.n.plan.generation, from |-> NextOfPlan(st.n.plan)])

HandleNewLeader(st, m) ==
  LET n == st.n
      told == Did([st EXCEPT !.n.plan.newLeader = TRUE], "HandleNEWLEADER")
      asked == IF NextOfPlan(n.plan) <= n.plan.to THEN AskPlan(told) ELSE told
  IN IF n.phase = "synchronization" /\ n.historyAccepted THEN SendAckLd(st)
     ELSE IF n.plan.generation = 0 \/ m.plan # n.plan.generation THEN st
     ELSE TryAcceptHistory(asked)

HandleUpToDate(st, m) ==
  IF st.n.phase # "synchronization" \/ ~st.n.historyAccepted THEN st
  ELSE Did(LearnCommitted([st EXCEPT !.n.phase = "broadcast"], m.committed), "HandleUPTODATE")
=============================================================================
