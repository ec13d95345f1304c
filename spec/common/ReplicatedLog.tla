---------------------------- MODULE ReplicatedLog ----------------------------
(***************************************************************************)
(* What Raft, Multi-Paxos and ZAB all promise: one log that only grows,    *)
(* of which every server knows a prefix, and of which nothing is lost that *)
(* was ever decided.  No terms, no leaders, no messages.                   *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS Server,        \* The servers.
          IsQuorum(_)    \* Whether a set of servers is enough to keep a decision.

VARIABLES log,     \* What is decided: a sequence of entries.
          known,   \* known[i]: how much of it server i knows to be decided.
          copies   \* copies[i]: the places of the log that server i has on stable storage.

vars == <<log, known, copies>>

-----------------------------------------------------------------------------
Init == log = << >> /\ known = [i \in Server |-> 0] /\ copies = [i \in Server |-> {}]

IsPrefix(s, t) == Len(s) <= Len(t) /\ \A k \in 1..Len(s) : s[k] = t[k]

\* Whoever holds place k on disk, they are enough.
Durable(k, c) == IsQuorum({i \in Server : k \in c[i]})

\* The log grows by what a quorum has on disk, and never changes otherwise.
Decide == /\ Len(log') > Len(log)
          /\ IsPrefix(log, log')
          /\ \A k \in Len(log)+1..Len(log') : Durable(k, copies')

\* A server learns of decisions, or boots and starts from what its disk proves.
Learn == /\ log' = log
         /\ \A i \in Server : known'[i] <= Len(log')

\* Disks change at any time, but what is decided stays on a quorum of them.
Keep == \A k \in 1..Len(log') : Durable(k, copies')

Next == (Decide \/ Learn) /\ Keep /\ \A i \in Server : known'[i] <= Len(log')

Spec == Init /\ [][Next]_vars
=============================================================================
