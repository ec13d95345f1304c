------------------------------- MODULE TraceIO -------------------------------
(***************************************************************************)
(* Operators whose bodies are replaced by Java (java/tlc2/overrides).      *)
(* What stands here is what a reader, and SANY, sees. TLC announces each   *)
(* replacement; the runner refuses a run in which that did not happen.     *)
(***************************************************************************)

\* The environment variable `name`, or `default` where it is not set. A string.
Env(name, default) == CHOOSE value : TRUE

\* A file of one JSON value a line as a sequence; "-" is standard input. Objects become records, arrays sequences, null the
\* string "null".
NdJsonLoad(path) == CHOOSE value : TRUE

\* The canonical JSON text of a value: sorted keys, sets as arrays sorted by the text of their members, functions over
\* strings as objects, other functions as sorted arrays of pairs, everything empty as [].
Canonical(value) == CHOOSE text : TRUE

\* TRUE. Remembers the longest matched prefix of trace `tid`: `line` lines of `length` have been consumed.
Matched(tid, line, length) == TRUE

\* expected = actual by canonical text. Where they differ, remembers both for line `line` of trace `tid`.
Same(tid, line, what, expected, actual) == expected = actual

\* TRUE. Emits the edge from one state to another by an action, a record [name |-> ..., args |-> <<...>>].
EmitEdge(from, action, to) == TRUE
=============================================================================
