---------------------------- MODULE ZabHistory ----------------------------
(***************************************************************************)
(* Histories. A transaction is named by its zxid, here (epoch, place), so  *)
(* a history is known by where each of its epochs ends: `ends`, oldest     *)
(* first. `floor` is what it was compacted to; ends[1] holds the floor.    *)
(*                                                                         *)
(* A slice is a part of a history on the wire: places `first` up to the    *)
(* last of `ends`; the empty one is NoEntries.                             *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

Min(a, b) == IF a <= b THEN a ELSE b
Max(a, b) == IF a >= b THEN a ELSE b
MaxOf(numbers) == CHOOSE n \in numbers : \A m \in numbers : m <= n

End(epoch, last) == [epoch |-> epoch, last |-> last]
EmptyHistory == [floor |-> 0, ends |-> << End(0, 0) >>]
NoEntries == [first |-> 0, ends |-> << >>]

Last(h) == h.ends[Len(h.ends)].last
LastEpoch(h) == h.ends[Len(h.ends)].epoch

\* Which of `ends` holds place n.
RunOf(ends, n) == CHOOSE k \in 1..Len(ends) : ends[k].last >= n /\ (k = 1 \/ ends[k - 1].last < n)
EpochAt(h, n) == h.ends[RunOf(h.ends, n)].epoch
Holds(h, n) == h.floor <= n /\ n <= Last(h)

\* h up to place n, which it holds.
Cut(h, n) == LET k == RunOf(h.ends, n) IN [h EXCEPT !.ends = Append(SubSeq(@, 1, k - 1), End(@[k].epoch, n))]
\* h with everything up to n compacted.
Compact(h, n) == IF n <= h.floor THEN h ELSE [floor |-> n, ends |-> SubSeq(h.ends, RunOf(h.ends, n), Len(h.ends))]
\* What a snapshot at place n, of an epoch, leaves of a history.
FromSnapshot(n, epoch) == [floor |-> n, ends |-> << End(epoch, n) >>]

AddRun(ends, run) ==
  IF Len(ends) > 0 /\ ends[Len(ends)].epoch = run.epoch THEN [ends EXCEPT ![Len(ends)] = run] ELSE Append(ends, run)
RECURSIVE AddRuns(_, _)
AddRuns(ends, runs) == IF Len(runs) = 0 THEN ends ELSE AddRuns(AddRun(ends, Head(runs)), Tail(runs))
\* h with a slice that follows it.
Extend(h, slice) == [h EXCEPT !.ends = AddRuns(@, slice.ends)]
AppendOne(h, epoch) == [h EXCEPT !.ends = AddRun(@, End(epoch, Last(h) + 1))]

Slice(h, from, to) ==
  IF from > to THEN NoEntries
  ELSE LET c == Cut(h, to).ends IN [first |-> from, ends |-> SubSeq(c, RunOf(c, from), Len(c))]
SliceLast(slice) == IF Len(slice.ends) = 0 THEN 0 ELSE slice.ends[Len(slice.ends)].last
\* What of a slice lies in (after, to].
Within(slice, after, to) ==
  IF Len(slice.ends) = 0 \/ SliceLast(slice) <= after \/ slice.first > to THEN NoEntries
  ELSE LET head == SelectSeq(slice.ends, LAMBDA run : run.last > after)
           last == Min(SliceLast(slice), to)
           k == RunOf(head, last)
       IN [first |-> Max(slice.first, after + 1), ends |-> Append(SubSeq(head, 1, k - 1), End(head[k].epoch, last))]

FirstOfRun(ends, k, floor) == IF k = 1 THEN floor ELSE ends[k - 1].last + 1
\* The highest place where a history and a learner's table of epoch ends agree; -1: they do not reach back far enough.
Common(h, floor, ends) ==
  LET meets == { <<k, l>> \in (1..Len(h.ends)) \X (1..Len(ends)) : h.ends[k].epoch = ends[l].epoch }
      at(p) == Min(h.ends[p[1]].last, ends[p[2]].last)
      known(p) == at(p) >= Max(FirstOfRun(h.ends, p[1], h.floor), FirstOfRun(ends, p[2], floor))
      places == { at(p) : p \in { q \in meets : known(q) } }
  IN IF places = {} THEN -1 ELSE MaxOf(places)

\* Whether two histories agree on every place up to n that both still know one by one.
AgreeTo(g, h, n) ==
  LET floor == Max(g.floor, h.floor) IN
  \A m \in Max(floor, 1)..n : Holds(g, m) /\ Holds(h, m) => EpochAt(g, m) = EpochAt(h, m)
=============================================================================
