---------------------------- MODULE ZabElection ----------------------------
(***************************************************************************)
(* Phase 0, fast leader election (Medeiros 2012, 3.1; ZooKeeper's          *)
(* FastLeaderElection), and how a server leaves an epoch.                  *)
(*                                                                         *)
(* Nothing in ZAB is safe because of phase 0. So the models of the other   *)
(* phases replace it by an oracle that lets any server follow any voter at *)
(* any time (FastElection = FALSE): that covers every election. Traces and *)
(* the election's own model have the notifications.                        *)
(***************************************************************************)
EXTENDS ZabState

\* (currentEpoch, zxid, id), all three.
VoteWins(a, b) ==
  IF a.peerEpoch # b.peerEpoch THEN a.peerEpoch > b.peerEpoch
  ELSE IF a.zxidEpoch # b.zxidEpoch THEN a.zxidEpoch > b.zxidEpoch
  ELSE IF a.zxidIndex # b.zxidIndex THEN a.zxidIndex > b.zxidIndex
  ELSE a.leader > b.leader
Prefers(n, vote, over) == vote.leader \notin n.shunned /\ VoteWins(vote, over)

OwnVote(i, n) ==
  IF i \notin Voters \/ ~FastElection THEN NoVote
  ELSE [leader |-> Ordinal[i], peerEpoch |-> n.currentEpoch,
        zxidEpoch |-> LastEpoch(n.history), zxidIndex |-> Last(n.history)]

Notification(n) == [type |-> "Notification", state |-> n.state, round |-> n.logicalClock, vote |-> n.vote]
BroadcastVote(st) == SendSet(st, { Now(j, Notification(st.n)) : j \in Voters \ {st.id} })

HasQuorum(i, n) ==
  Cardinality({ j \in Voters : IF j = i THEN TRUE ELSE j \in DOMAIN n.recvVotes /\ n.recvVotes[j] = n.vote }) >= ElectionQuorum
CountVotes(st) ==
  IF st.id \in Voters /\ ~st.n.finalizing /\ HasQuorum(st.id, st.n) THEN [st EXCEPT !.n.finalizing = TRUE] ELSE st

StartElection(st) ==
  LET looking == [st.n EXCEPT !.state = "LOOKING", !.phase = "election", !.leader = "null",
                              !.logicalClock = IF FastElection THEN @ + 1 ELSE 0,
                              !.vote = OwnVote(st.id, st.n),
                              !.recvVotes = << >>, !.outOfElection = << >>, !.finalizing = FALSE,
                              !.relays = FALSE]
      begun == Did([st EXCEPT !.n = looking], "StartElection")
  IN IF FastElection THEN CountVotes(BroadcastVote(begun)) ELSE begun

\* Gives up leading or following: everything volatile of the epoch goes, history and epochs stay.
LeaveEpoch(st) ==
  LET n == st.n
      shuns == FastElection /\ ~IsLeading(n) /\ n.phase = "discovery"
      closes == { Now(j, Close(n.learners[j].session)) : j \in DOMAIN n.learners }
                \cup (IF ~IsLeading(n) /\ n.leader # "null" THEN {Now(n.leader, Close(n.session))} ELSE {})
      left == [n EXCEPT !.state = "LOOKING", !.phase = "election", !.leader = "null", !.epoch = 0, !.session = 0,
                        !.shunned = IF shuns THEN @ \cup {n.vote.leader} ELSE @,
                        !.promised = FALSE, !.plan = NoPlan, !.historyAccepted = FALSE, !.leaderCommitted = 0,
                        !.resendAsked = FALSE, !.learners = << >>, !.ackEpoch = {}, !.ackLd = {},
                        !.epochWrite = 0, !.syncs = << >>, !.waiting = << >>]
  IN StartElection(Did(SendSet([st EXCEPT !.n = left], closes), "LeaveEpoch"))

ChangeVote(st, vote) == BroadcastVote([st EXCEPT !.n.vote = vote, !.n.finalizing = FALSE])

\* At first only its owner speaks for a vote; when the election drags on, anybody.
SpeaksFor(n, from, vote) == n.relays \/ vote.leader = Ordinal[from]

BestVote(i, n) ==
  LET heard == { j \in DOMAIN n.recvVotes : SpeaksFor(n, j, n.recvVotes[j]) /\ n.recvVotes[j].leader \notin n.shunned }
      votes == {OwnVote(i, n)} \cup { n.recvVotes[j] : j \in heard }
  IN CHOOSE v \in votes : \A w \in votes : v = w \/ VoteWins(v, w)

\* Takes over a better vote, and gives up one whose owner stands for another server by now.
Reconsider(st, from, vote) ==
  LET changes == IF SpeaksFor(st.n, from, vote) THEN Prefers(st.n, vote, st.n.vote) ELSE st.n.vote.leader = Ordinal[from]
  IN IF changes THEN ChangeVote(st, BestVote(st.id, st.n)) ELSE st

LookingVote(st, from, m) ==
  LET n == st.n
      joined == [st EXCEPT !.n.logicalClock = m.round, !.n.recvVotes = With(<< >>, from, m.vote)]
      told == [st EXCEPT !.n.recvVotes = With(@, from, m.vote)]
      voted == IF m.round > n.logicalClock THEN ChangeVote(joined, BestVote(st.id, joined.n))
               ELSE Reconsider(told, from, m.vote)
      counted == [voted EXCEPT !.n.outOfElection = Without(@, from)]
  IN IF m.round < n.logicalClock THEN Send(st, from, Notification(n))
     ELSE CountVotes(Did(counted, "HandleNotification"))

\* The leader itself must say that it leads, and a quorum must name it.
EstablishedBy(i, n, vote) ==
  /\ IdOf(vote.leader) # i
  /\ LET leader == IdOf(vote.leader)
         leading == n.outOfElection[leader]
         names(j) == IF j = i THEN leading.round = n.logicalClock /\ n.vote.leader = vote.leader
                     ELSE j \in DOMAIN n.outOfElection /\ n.outOfElection[j].vote.leader = vote.leader
     IN /\ leader \in DOMAIN n.outOfElection
        /\ leading.state = "LEADING"
        /\ Cardinality({ j \in Voters : names(j) }) >= SupportQuorum

ElectionDecided(st) == "decided" \in DOMAIN st
Decided(st) == [decided |-> TRUE] @@ st

\* The answer is a step; it has a field `decided` where the server has learned who leads an established ensemble.
NotificationStep(st, from, m) ==
  LET n == st.n
      \* In this very round the sender was only faster to decide: its vote is a vote as any other.
      same == st.id \in Voters /\ m.round = n.logicalClock
      told == [n EXCEPT !.outOfElection = With(@, from, [state |-> m.state, round |-> m.round, vote |-> m.vote]),
                        !.recvVotes = IF same THEN With(@, from, m.vote) ELSE @]
      recorded == [st EXCEPT !.n = told]
      heard == Did(IF same THEN Reconsider(recorded, from, m.vote) ELSE recorded, "HandleNotification")
      elected == same /\ m.vote = heard.n.vote /\ HasQuorum(st.id, heard.n)
      leading == heard.n.outOfElection[IdOf(m.vote.leader)]
  IN IF n.state # "LOOKING" THEN IF m.state = "LOOKING" THEN Send(st, from, Notification(n)) ELSE st
     ELSE IF from \notin Voters THEN Send(st, from, Notification(n))
     ELSE IF ~IsVoterOrdinal(m.vote.leader) THEN st
     ELSE IF m.state = "LOOKING" THEN
       IF st.id \in Voters THEN LookingVote(st, from, m) ELSE [st EXCEPT !.n.outOfElection = Without(@, from)]
     ELSE IF m.state = "OBSERVING" THEN st
     ELSE IF IdOf(m.vote.leader) = st.id THEN IF elected THEN Decided(heard) ELSE heard
     ELSE IF EstablishedBy(st.id, heard.n, m.vote)
       THEN Decided([heard EXCEPT !.n.logicalClock = leading.round, !.n.vote = leading.vote])
     ELSE heard
=============================================================================
