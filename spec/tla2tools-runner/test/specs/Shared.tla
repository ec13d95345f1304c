------------------------------- MODULE Shared -------------------------------
\* What Java computes is what SharedSequences.tla says.
EXTENDS Integers, FiniteSets, SharedSequences
VARIABLE x
Init == x = 0
Next == UNCHANGED x

Members == {1, 2}
Plain == UNION {[1..n -> Members] : n \in 0..3}
Of(s) == SharedAppend(SharedEmpty, s)
Read(s) == SharedSubSeq(s, 1, SharedLen(s))
Same(shared, s) == /\ SharedLen(shared) = Len(s)
                   /\ Read(shared) = s
                   /\ \A k \in 1..Len(s) : SharedAt(shared, k) = s[k]

Reads == \A s \in Plain : Same(Of(s), s) /\ Of(s) = Of(s)
Parts == \A s \in Plain : \A from \in 1..Len(s) + 1 : \A to \in from - 1..Len(s) :
           /\ Same(SharedPart(Of(s), from, to), SubSeq(s, from, to))
           /\ SharedSubSeq(Of(s), from, to) = SubSeq(s, from, to)
Changes == \A s \in Plain : \A k \in 1..Len(s) : \A m \in Members :
             LET shared == Of(s) IN Same(SharedWith(shared, k, m), [s EXCEPT ![k] = m]) /\ Same(shared, s)
\* Sequences that go on differently from the same beginning, each of which goes on again.
Branches ==
  \A s \in Plain : \A to \in 0..Len(s) : \A a, b \in Plain :
    LET shared == Of(s)
        cut == SharedPart(shared, 1, to)
        first == SharedAppend(cut, a)
        second == SharedAppend(cut, b)
        third == SharedAppend(first, b)
    IN /\ Same(first, SubSeq(s, 1, to) \o a) /\ Same(second, SubSeq(s, 1, to) \o b)
       /\ Same(third, SubSeq(s, 1, to) \o a \o b)
       /\ Same(shared, s) /\ Same(first, SubSeq(s, 1, to) \o a)
       /\ (first = second) = (a = b)
Holds == Reads /\ Parts /\ Changes /\ Branches
==============================================================================
