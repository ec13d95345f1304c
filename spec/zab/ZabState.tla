----------------------------- MODULE ZabState -----------------------------
(***************************************************************************)
(* What a ZAB server is, and how one input becomes one step.               *)
(*                                                                         *)
(* An action of this spec is one input run to completion. What a server    *)
(* then does by itself (ProposeEpoch, AcceptEpochByQuorum, SendPlan,       *)
(* AcceptHistory, EstablishLeader, AdvanceCommit, LeaveEpoch, ...) is an   *)
(* operator on a step in progress, and its name is noted in `then`, in     *)
(* order: nothing may happen between an input and what follows from it.    *)
(***************************************************************************)
EXTENDS ZabHistory, TLC

CONSTANTS
  Servers,            \* ids, strings
  Voters,             \* the servers that are no observers
  Ordinal,            \* [Servers -> 1..]
  ElectionQuorum,     \* how many voters make an epoch
  ReplicationQuorum,  \* how many voters commit
  Window,             \* proposals on the way to one follower
  Trailing,           \* entries kept in memory below a snapshot
  FastElection,       \* TRUE: notifications are modelled. FALSE: an oracle elects whom it likes (ZabElection.tla)
  KeepMessages,       \* TRUE: a message stays when it is received (a model's loss and duplication for nothing)
  Lost                \* types of messages that the network always loses

VARIABLES
  node,       \* [Servers -> the record that specState gives]
  disk,       \* [Servers -> [durable |-> image, pending |-> Seq([image, held])]]
  messages,   \* bag of [from, to, message]: function to how many
  act         \* history: the last action, its arguments, what it sent, and what followed
vars == <<node, disk, messages>>

SessionsPerIncarnation == 16777216
NoVote == [leader |-> 0, peerEpoch |-> 0, zxidEpoch |-> 0, zxidIndex |-> 0]
NoPlan == [kind |-> "none", generation |-> 0, from |-> 0, fromEpoch |-> 0, to |-> 0, received |-> << >>, newLeader |-> FALSE]
NoBag == << >>

EmptyImage == [acceptedEpoch |-> 0, currentEpoch |-> 0, history |-> EmptyHistory]

\* A server that has just read its disk. It has not looked for a leader yet.
Boot(i, image, incarnation) ==
  [ state |-> "LOOKING", phase |-> "election",
    acceptedEpoch |-> image.acceptedEpoch, currentEpoch |-> image.currentEpoch,
    history |-> image.history, snapshot |-> image.history.floor,
    lastCommitted |-> image.history.floor,
    leader |-> "null", epoch |-> 0, epochSeen |-> 0,
    incarnation |-> incarnation, connection |-> 0, session |-> 0,
    logicalClock |-> 0,
    vote |-> IF FastElection
             THEN [leader |-> Ordinal[i], peerEpoch |-> image.currentEpoch,
                   zxidEpoch |-> LastEpoch(image.history), zxidIndex |-> Last(image.history)]
             ELSE NoVote,
    recvVotes |-> << >>, outOfElection |-> << >>, shunned |-> {}, relays |-> FALSE, finalizing |-> FALSE,
    promised |-> FALSE, plan |-> NoPlan, historyAccepted |-> FALSE, resendAsked |-> FALSE, leaderCommitted |-> 0,
    syncId |-> 0, syncs |-> << >>, waiting |-> << >>,
    learners |-> << >>, ackEpoch |-> {}, ackLd |-> {},
    epochWrite |-> 0, writes |-> << >>, durableIndex |-> Last(image.history) ]

\* What a reboot would read if everything asked for so far were durable. History below a snapshot is not on disk.
Image(n) ==
  [acceptedEpoch |-> n.acceptedEpoch, currentEpoch |-> n.currentEpoch, history |-> Compact(n.history, n.snapshot)]

IsLeading(n) == n.state = "LEADING"
IsLearning(n) == n.state \in {"FOLLOWING", "OBSERVING"}
IsEstablished(n) == IsLeading(n) /\ n.phase = "broadcast"
SupportQuorum == Min(ElectionQuorum, ReplicationQuorum)
Synced(n) == { j \in DOMAIN n.learners : n.learners[j].stage = "synced" }
IdOf(ordinal) == CHOOSE i \in Servers : Ordinal[i] = ordinal
IsVoterOrdinal(ordinal) == \E i \in Voters : Ordinal[i] = ordinal

\* ---- a step in progress ----
\* n: the server. sent: sets of [to, message, after]; `after` is the place in n.writes of the write that holds it back,
\* 0 for none. wrote: whether the step's one write was asked for. then: names of what happened.
Begin(i) == [id |-> i, n |-> node[i], sent |-> << >>, wrote |-> FALSE, then |-> << >>]
Did(st, name) == [st EXCEPT !.then = Append(@, name)]
SendSet(st, set) == IF set = {} THEN st ELSE [st EXCEPT !.sent = Append(@, set)]
Now(to, message) == [to |-> to, message |-> message, after |-> 0]
Send(st, to, message) == SendSet(st, {Now(to, message)})
SendAfterWrites(st, to, message) == SendSet(st, {[to |-> to, message |-> message, after |-> Len(st.n.writes)]})
AfterEpoch(n, to, message) == [to |-> to, message |-> message, after |-> n.epochWrite]
\* All-or-nothing, at most one a step: what it writes is Image of the server as the step leaves it.
Write(st) == [st EXCEPT !.wrote = TRUE, !.n.writes = Append(@, Last(st.n.history))]
WriteEpoch(st) == LET w == Write(st) IN [w EXCEPT !.n.epochWrite = Len(w.n.writes)]

Close(session) == [type |-> "CLOSE", session |-> session]
Without(f, j) == [k \in DOMAIN f \ {j} |-> f[k]]
With(f, j, value) == [k \in DOMAIN f \cup {j} |-> IF k = j THEN value ELSE f[k]]
CloseHandler(st, j) ==
  Send([st EXCEPT !.n.learners = Without(@, j)], j, Close(st.n.learners[j].session))

\* ---- the network ----
AddBag(a, b) ==
  IF DOMAIN b = {} THEN a ELSE IF DOMAIN a = {} THEN b ELSE
  [m \in DOMAIN a \cup DOMAIN b |->
     IF KeepMessages THEN 1
     ELSE (IF m \in DOMAIN a THEN a[m] ELSE 0) + (IF m \in DOMAIN b THEN b[m] ELSE 0)]
Take(bag, m) ==
  IF KeepMessages THEN bag
  ELSE IF bag[m] = 1 THEN Without(bag, m) ELSE [bag EXCEPT ![m] = @ - 1]
Envelope(i, s) == [from |-> i, to |-> s.to, message |-> s.message]
\* Of what a step sent, what waits behind place p of the pending writes (0: what leaves at once).
SentAt(st, p, known) ==
  LET place(s) == IF s.after <= known THEN 0 ELSE s.after - known
      parts == [k \in 1..Len(st.sent) |-> { Envelope(st.id, s) : s \in { x \in st.sent[k] : x.message.type \notin Lost /\ place(x) = p } }]
      all == UNION { parts[k] : k \in 1..Len(st.sent) }
  IN IF all = {} THEN NoBag ELSE [m \in all |-> IF KeepMessages THEN 1 ELSE Cardinality({ k \in 1..Len(st.sent) : m \in parts[k] })]

Holding(pending, st, known) ==
  [p \in 1..Len(pending) |-> [pending[p] EXCEPT !.held = AddBag(@, SentAt(st, p, known))]]

\* The end of a step of server i. `before` is what of the network is left of before it.
Finish(st, before, name, args) ==
  LET i == st.id
      image == Image(st.n)
      pending == IF st.wrote THEN Append(disk[i].pending, [image |-> image, held |-> NoBag]) ELSE disk[i].pending
      \* Writes that are durable without the server knowing.
      known == Len(st.n.writes) - Len(pending)
  IN /\ node' = [node EXCEPT ![i] = st.n]
     /\ disk' = IF Len(pending) = 0 THEN disk ELSE [disk EXCEPT ![i].pending = Holding(pending, st, known)]
     /\ messages' = AddBag(before, SentAt(st, 0, known))
     /\ act' = [name |-> name, args |-> args, sent |-> st.sent, then |-> IF Len(st.then) = 0 THEN << "Discard" >> ELSE st.then]
=============================================================================
