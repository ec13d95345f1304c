-------------------------- MODULE MutantMultiPaxos --------------------------
(***************************************************************************)
(* Wrong definitions that Mutant*.cfg put in the place of right ones: what *)
(* must hold then must break, or it could never have failed.               *)
(***************************************************************************)
EXTENDS MCMultiPaxos

\* One acceptor is enough.
AnyQuorum(Q) == Cardinality(Q) >= 1

\* A new leader takes no-ops instead of what was reported.
NoopAlways(n, slot) == Noop(slot, n.ballot)

\* Accepting in a ballot does not raise the promise.
NeverRaises(i, n, ballot) == n

\* The promise follows every ballot, lower ones too: here an acceptor forgets it as it hears of a leader.
LowersPromise(i, n, m) == [n EXCEPT !.promisedBallot = 0, !.leaderBallot = m.ballot]

\* What tells of a write does not wait for it.
NeverWaits(pending) == FALSE

\* The watermark decides what is not held.
OverHoles(n) ==
  LET slot == n.decided + 1
  IN IF n.role = "leader" THEN slot \in DOMAIN n.votes /\ IsReplicationQuorum(n.votes[slot]) ELSE slot <= n.leaderDecided

\* A ballot is used in two lives.
FirstBallot(i, n) == Owners + Ordinal(i)

\* Who gives way to another ballot begins again from its snapshot.
ForgetsDecided(i, n, ballot) ==
  IF ballot <= n.promisedBallot THEN n
  ELSE ForgetLeader(GiveWay(i, [n EXCEPT !.promisedBallot = ballot, !.decided = n.snapshot]))

\* Acceptors are free again while a lease that rests on them runs.
FreeAlways(j) == TRUE

\* Nobody is ever elected.
NoQuorum(Q) == FALSE

\* A slot is never decided, however many accepted.
NeverDecides(n) == FALSE
=============================================================================
