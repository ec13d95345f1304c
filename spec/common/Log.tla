--------------------------------- MODULE Log ---------------------------------
(***************************************************************************)
(* A log is a sequence, and these are what the specifications do with one, *)
(* each under a name of its own: where a recorded run is followed, the log *)
(* is too long to be copied and looked through at every step, and these    *)
(* are replaced by the same on a shared one (Trace*.cfg, SharedSequences). *)
(***************************************************************************)
EXTENDS Naturals, Sequences

EmptyLog == << >>
LogLen(log) == Len(log)
LogAt(log, k) == log[k]
\* Entries from..to: what is left of a log, and as a sequence of their own.
LogPart(log, from, to) == SubSeq(log, from, to)
LogEntries(log, from, to) == SubSeq(log, from, to)
\* The log with entry k replaced, and with more at its end.
LogWith(log, k, entry) == [log EXCEPT ![k] = entry]
LogAppend(log, entries) == log \o entries
==============================================================================
