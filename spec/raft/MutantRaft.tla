------------------------------ MODULE MutantRaft -----------------------------
(***************************************************************************)
(* Broken definitions: each shows that a property of Raft can fail.  A     *)
(* test puts one in the place of the definition that it breaks.            *)
(***************************************************************************)
EXTENDS MCRaft

\* For WaitsFor: nothing waits for the disk.
WaitsForNothing(o, n, pending) == 0

\* For Committable: whatever is on a quorum is committed, of whatever term (Raft Figure 8).
CommittableOfAnyTerm(n) ==
  LET index == NthLargest(n.matchIndex, ReplicationQuorum) IN IF index > n.commitIndex THEN index ELSE 0

\* For CommitTo: a follower takes all it has for committed.
CommitToTheEnd(s, index) == IF index = 0 THEN [s EXCEPT !.n.commitIndex = LastIndex(s.n)] ELSE [s EXCEPT !.n.commitIndex = Max(@, index)]

\* For CommitTo: a follower takes what a message says for the latest, however late the message is.
CommitAsTold(s, index) == [s EXCEPT !.n.commitIndex = index]

\* For AppendNew: what is there stays, whatever its term.
AppendOnly(i, s, m) ==
  LET have == LastIndex(s.n) - m.prevLogIndex
      new == SubSeq(m.entries, have + 1, Len(m.entries))
  IN IF Len(m.entries) <= have THEN s
     ELSE [s EXCEPT !.n.log = @ \o new, !.writes = TRUE, !.entries = new]

\* For ApplyWrite: a write that changes neither term nor vote forgets them.
ForgetfulWrite(d, w) ==
  [currentTerm |-> IF w.hard THEN w.currentTerm ELSE 0, votedFor |-> IF w.hard THEN w.votedFor ELSE Nil,
   snapshot |-> d.snapshot, log |-> (IF w.from = 0 THEN d.log ELSE SubSeq(d.log, 1, w.from - 1 - d.snapshot.index)) \o w.entries]

\* For CanBecomeLeader: votes are counted, and nothing comes of it.
NeverWins(i) == FALSE

\* For CommitTo: a follower does not hear what is committed.
NeverTold(s, index) == s
=============================================================================
