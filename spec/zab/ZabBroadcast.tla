--------------------------- MODULE ZabBroadcast ---------------------------
(***************************************************************************)
(* Phase 3 (Junqueira 2011): PROPOSE, ACK, COMMIT; INFORM for observers;   *)
(* pings; ZooKeeper's sync.                                                *)
(***************************************************************************)
EXTENDS ZabElection

\* ---- commit ----
\* The highest place that a replication quorum holds on disk in this epoch, the leader's own copy included.
QuorumIndex(i, n) ==
  LET synced == Synced(n)
      match == [j \in Voters |-> IF j = i THEN n.durableIndex ELSE IF j \in synced THEN n.learners[j].matchIndex ELSE 0]
      held(k) == Cardinality({ j \in Voters : match[j] >= k }) >= ReplicationQuorum
  IN MaxOf({0} \cup { k \in { match[j] : j \in Voters } : held(k) })

CommitByQuorum(st) ==
  LET index == QuorumIndex(st.id, st.n) IN
  IF ~IsEstablished(st.n) \/ index <= st.n.lastCommitted THEN st
  ELSE Did([st EXCEPT !.n.lastCommitted = index], "AdvanceCommit")

LearnCommitted(st, committed) ==
  LET told == Max(st.n.leaderCommitted, committed) IN
  [st EXCEPT !.n.leaderCommitted = told, !.n.lastCommitted = Max(@, Min(told, Last(st.n.history)))]

\* ---- the leader's side ----
Commit(n, j, index) == Now(j, [type |-> "COMMIT", session |-> n.learners[j].session, epoch |-> n.epoch, index |-> index])

\* Sends what the windows of the followers `js` allow; one that needs what was compacted away is closed.
SendProposals(st, js) ==
  LET n == st.n
      first(j) == n.learners[j].nextIndex
      end(j) == Min(Last(n.history), n.learners[j].matchIndex + Window)
      due == { j \in js : first(j) <= end(j) }
      gone == { j \in due : first(j) <= n.history.floor }
      propose(j) == Now(j, [type |-> "PROPOSE", session |-> n.learners[j].session, epoch |-> n.epoch,
                            entries |-> Slice(n.history, first(j), end(j))])
      \* A follower that catches up is told at once what of it is committed already.
      commits(j) == IF first(j) <= n.lastCommitted THEN {Commit(n, j, Min(n.lastCommitted, end(j)))} ELSE {}
      sent == UNION { {propose(j)} \cup commits(j) : j \in due \ gone }
              \cup { Now(j, Close(n.learners[j].session)) : j \in gone }
      moved == [j \in DOMAIN n.learners \ gone |->
                  IF j \in due THEN [n.learners[j] EXCEPT !.nextIndex = end(j) + 1] ELSE n.learners[j]]
  IN IF due = {} THEN st ELSE SendSet([st EXCEPT !.n.learners = moved], sent)

\* Tells the observers `js` what is committed: a window more than what is new, so that they catch up.
SendInforms(st, js, count) ==
  LET n == st.n
      next(j) == n.learners[j].nextIndex
      end(j) == Min(n.lastCommitted, next(j) + Window + count - 1)
      gone == { j \in js : next(j) <= end(j) /\ next(j) <= n.history.floor }
      inform(j) == Now(j, [type |-> "INFORM", session |-> n.learners[j].session, epoch |-> n.epoch,
                           committed |-> n.lastCommitted, entries |-> Slice(n.history, next(j), end(j))])
      moved == [j \in DOMAIN n.learners \ gone |->
                  IF j \in js THEN [n.learners[j] EXCEPT !.nextIndex = Max(@, end(j) + 1)] ELSE n.learners[j]]
      sent == { inform(j) : j \in js \ gone } \cup { Now(j, Close(n.learners[j].session)) : j \in gone }
  IN IF js = {} THEN st ELSE SendSet([st EXCEPT !.n.learners = moved], sent)

AnnounceCommit(st, count) ==
  LET n == st.n
      told == SendSet(st, { Commit(n, j, Min(n.lastCommitted, n.learners[j].nextIndex - 1)) : j \in Synced(n) \cap Voters })
  IN SendInforms(told, Synced(n) \ Voters, count)

SyncedMessage(n, w, index) ==
  Now(w.to, [type |-> "SYNCED", session |-> w.session, epoch |-> n.epoch, id |-> w.id, index |-> index])
\* Answers the SYNCs whose pending proposals are committed now.
SettleWaiting(st) ==
  LET n == st.n
      isDue(w) == w.index <= n.lastCommitted
      due == { n.waiting[k] : k \in { m \in DOMAIN n.waiting : isDue(n.waiting[m]) } }
      rest == SelectSeq(n.waiting, LAMBDA w : ~isDue(w))
  IN SendSet([st EXCEPT !.n.waiting = rest], { SyncedMessage(n, w, w.index) : w \in due })

AdvanceCommit(st) ==
  LET committed == CommitByQuorum(st)
      count == committed.n.lastCommitted - st.n.lastCommitted
  IN IF count = 0 THEN st ELSE SettleWaiting(AnnounceCommit(committed, count))

\* A new entry of this epoch, proposed while the own disk works.
AppendEntry(st) ==
  LET written == Write([st EXCEPT !.n.history = AppendOne(@, st.n.epoch)]) IN
  SendProposals(written, Synced(st.n) \cap Voters)

HandleAck(st, j, m) ==
  LET n == st.n
      h == n.learners[j]
      news == h.stage = "synced" /\ m.index > h.matchIndex /\ m.index <= Last(n.history)
      grown == [h EXCEPT !.matchIndex = m.index, !.nextIndex = Max(@, m.index + 1)]
      heard == IF news THEN [st EXCEPT !.n.learners = [@ EXCEPT ![j] = grown]] ELSE st
      done == Did(heard, "Handle" \o m.type)
      advanced == AdvanceCommit(done)
  IN IF ~news \/ ~IsEstablished(n) THEN done
     ELSE IF j \in Voters THEN SendProposals(advanced, {j} \cap DOMAIN advanced.n.learners) ELSE advanced

HandleResend(st, j, m) ==
  LET n == st.n
      h == n.learners[j]
      back == [st EXCEPT !.n.learners = [@ EXCEPT ![j] = [h EXCEPT !.nextIndex = Max(m.from, h.matchIndex + 1)]]]
      sent == IF ~IsEstablished(n) \/ h.stage # "synced" \/ m.from > h.nextIndex THEN st
              ELSE IF j \in Voters THEN SendProposals(back, {j}) ELSE SendInforms(back, {j}, 0)
  IN Did(sent, "HandleRESEND")

HandleSync(st, j, m) ==
  LET n == st.n
      last == Last(n.history)
      wait == [to |-> j, session |-> n.learners[j].session, id |-> m.id, index |-> last]
      waits == \E k \in DOMAIN n.waiting : n.waiting[k].to = j /\ n.waiting[k].session = wait.session /\ n.waiting[k].id = m.id
      heard == IF last = n.lastCommitted THEN SendSet(st, {SyncedMessage(n, wait, last)})
               ELSE IF waits THEN st ELSE [st EXCEPT !.n.waiting = Append(@, wait)]
  IN IF IsEstablished(n) THEN Did(heard, "HandleSYNC") ELSE st

\* ---- the learner's side ----
AskResend(st) ==
  LET n == st.n IN
  IF n.resendAsked \/ n.leader = "null" THEN st
  ELSE Send([st EXCEPT !.n.resendAsked = TRUE], n.leader,
            [type |-> "RESEND", session |-> n.session, epoch |-> n.epoch, plan |-> 0, from |-> Last(n.history) + 1])

\* Takes the entries that come next. Where that is not what was sent, asks for it.
AcceptEntries(st, entries) ==
  LET last == Last(st.n.history)
      fresh == Within(entries, last, SliceLast(entries))
  IN IF Len(fresh.ends) = 0 THEN st
     ELSE IF fresh.first # last + 1 THEN AskResend(st)
     ELSE Write([st EXCEPT !.n.history = Extend(@, fresh), !.n.resendAsked = FALSE])

Ack(n, index) == [type |-> "ACK", session |-> n.session, epoch |-> n.epoch, index |-> index]
\* Acknowledged when it is on disk, never before.
HandlePropose(st, m) ==
  LET taken == AcceptEntries(st, m.entries)
      acked == IF taken.wrote THEN SendAfterWrites(taken, taken.n.leader, Ack(taken.n, Last(taken.n.history)))
               ELSE Send(taken, taken.n.leader, Ack(taken.n, taken.n.durableIndex))
  IN Did(LearnCommitted(acked, acked.n.leaderCommitted), "HandlePROPOSE")

HandleInform(st, m) == Did(LearnCommitted(AcceptEntries(st, m.entries), m.committed), "HandleINFORM")

HandleCommit(st, m) ==
  LET learned == LearnCommitted(st, m.index) IN
  Did(IF m.index > Last(st.n.history) THEN AskResend(learned) ELSE learned, "HandleCOMMIT")

HandlePing(st, m) ==
  LET learned == IF st.n.phase # "broadcast" THEN st
                 ELSE LET l == LearnCommitted(st, m.committed) IN IF m.last > Last(l.n.history) THEN AskResend(l) ELSE l
      n == learned.n
      pong == [type |-> "PONG", session |-> n.session, epoch |-> n.epoch, index |-> IF n.historyAccepted THEN n.durableIndex ELSE 0]
  IN Did(Send(learned, n.leader, pong), "HandlePING")

SyncMessage(n, id) == [type |-> "SYNC", session |-> n.session, epoch |-> n.epoch, id |-> id]
HandleSynced(st, m) ==
  Did([st EXCEPT !.n.syncs = SelectSeq(@, LAMBDA id : id # m.id)], "HandleSYNCED")
=============================================================================
