--------------------------- MODULE SharedSequences ---------------------------
(***************************************************************************)
(* Sequences for a trace specification whose states hold long ones: what a *)
(* sequence has in common with the one that it was made of is kept once.   *)
(* The bodies are replaced by Java; what stands here is what they compute. *)
(*                                                                         *)
(* TLC goes through every value of every new state, and copies a sequence  *)
(* to append to it. Of these it sees a name only. So they have no          *)
(* fingerprint and no canonical text: a VIEW must leave them out.          *)
(***************************************************************************)
EXTENDS Naturals, Sequences

SharedEmpty == << >>
SharedLen(s) == Len(s)
SharedAt(s, k) == s[k]
SharedPart(s, from, to) == SubSeq(s, from, to)
\* The same as a sequence of TLC's own.
SharedSubSeq(s, from, to) == SubSeq(s, from, to)
SharedWith(s, k, value) == [s EXCEPT ![k] = value]
\* `more` is a sequence of TLC's own.
SharedAppend(s, more) == s \o more
==============================================================================
