--------------------------- MODULE MutantRaftReads ---------------------------
(***************************************************************************)
(* Broken definitions of what reads rest on, as MutantRaft.tla has them    *)
(* for the log.                                                            *)
(***************************************************************************)
EXTENDS MCRaftReads

\* For TermCommitted: a new leader takes its commit index for the cluster's (Ongaro section 6.4, step 1).
CommittedAlready(n) == TRUE

\* For StartReadRound: answers to an earlier round confirm a read.
EarlierRound(i, s) ==
  IF s.n.readsWaiting = << >> \/ ~TermCommitted(s.n) THEN s
  ELSE ConfirmRounds(i, [s EXCEPT !.n.readRounds = Append(@, [round |-> s.n.round, readIndex |-> s.n.commitIndex, reads |-> s.n.readsWaiting]),
                                  !.n.readsWaiting = << >>])

\* For Sticky: votes are given while a leader lives.
NeverSticky(n, j) == FALSE

\* For MaySilence: a lease outlives the silence of those that granted it.
SilentAtAnyTime(j) == TRUE
=============================================================================
