---------------------------- MODULE ReplicatedLog ----------------------------
(***************************************************************************)
(* What Raft, Multi-Paxos and ZAB all promise: one log that only grows, of *)
(* which what every server knows is a prefix, and of which nothing that    *)
(* was ever decided is lost, even if all power fails at once.  No terms,   *)
(* no leaders, no messages.                                                *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS Server,        \* The servers.
          IsQuorum(_)    \* Whether a set of servers is enough to keep a decision.

VARIABLES log,     \* What is decided: a sequence of entries.
          known,   \* known[i]: the entries that server i takes for decided, and so applies and answers from.
          copies   \* copies[i]: the places of the log that server i has on stable storage.

vars == <<log, known, copies>>

-----------------------------------------------------------------------------
Init == log = << >> /\ known = [i \in Server |-> << >>] /\ copies = [i \in Server |-> {}]

IsPrefix(s, t) == Len(s) <= Len(t) /\ \A k \in 1..Len(s) : s[k] = t[k]

\* Append-only.
Grows == IsPrefix(log, log')

\* Agreed: no two servers take different entries for decided, now or ever.
Agreed == \A i \in Server : IsPrefix(known'[i], log')

\* Durable: whoever holds place k on disk, they are enough.  From the moment of the decision on, for ever.
Durable == \A k \in 1..Len(log') : IsQuorum({i \in Server : k \in copies'[i]})

\* A server learns, and perhaps decides by that.
Learn(i) == IsPrefix(known[i], known'[i])

\* A server boots, and knows only what its disk proves.
Boot(i) == log' = log /\ IsPrefix(known'[i], known[i])

\* A step is a step of one server; disks change at any time.
Next == /\ Grows /\ Agreed /\ Durable
        /\ \E i \in Server : /\ Learn(i) \/ Boot(i)
                             /\ \A j \in Server \ {i} : known'[j] = known[j]

Spec == Init /\ [][Next]_vars
=============================================================================
