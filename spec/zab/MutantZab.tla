----------------------------- MODULE MutantZab -----------------------------
(***************************************************************************)
(* Mistakes, one for each property of MCZab.tla, to show that it can fail. *)
(* A MutantZab*.cfg puts one of them in the place of the right operator.   *)
(***************************************************************************)
EXTENDS MCZab

\* Nothing waits for the disk. Breaks AcksAreDurable.
SendAtOnce(st, to, message) == Send(st, to, message)
\* LEADERINFO does not. Breaks ProposedIsDurable.
NotHeld(n, to, message) == Now(to, message)
\* Writes forget acceptedEpoch. Breaks EpochOrder, EpochsGrow.
ForgetfulImage(n) ==
  [acceptedEpoch |-> IF n.currentEpoch > 0 THEN 0 ELSE n.acceptedEpoch, currentEpoch |-> n.currentEpoch,
   history |-> Compact(n.history, n.snapshot)]
\* The leader commits what it has. Breaks CommittedOnQuorum, RefinesReplicatedLog.
OwnIndex(i, n) == Last(n.history)
\* A learner takes what a message says for the latest. Breaks CommitMonotonic.
CommittedAsTold(st, committed) == [st EXCEPT !.n.lastCommitted = Min(committed, Last(st.n.history))]
\* Nobody is ahead of an elected server. Breaks PrimaryIntegrity, Agreement.
NeverAhead(n, m) == FALSE
\* A transaction is of the epoch after the leader's. Breaks Integrity, PrimaryOrder.
AppendLater(h, epoch) == [h EXCEPT !.ends = AddRun(@, End(epoch + 1, Last(h) + 1))]
\* The leader never advances. Breaks Progress.
NeverAdvance(st) == st
=============================================================================
