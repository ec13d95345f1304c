------------------------------ MODULE TraceLong ------------------------------
\* Every event appends to a log, of which a trace shows the length and the last member.
EXTENDS Naturals, SharedSequences, TraceIO
VARIABLES tid, line, log
Traces == NdJsonLoad(Env("TRACES", ""))

TraceInit == tid \in 1..Len(Traces) /\ line = 1 /\ log = SharedEmpty
TraceNext ==
  /\ line <= Len(Traces[tid])
  /\ line' = line + 1
  /\ tid' = tid
  /\ LET e == Traces[tid][line] IN
       /\ log' = SharedAppend(log, << e.value >>)
       /\ Same(tid, line, "state", << SharedLen(log'), SharedAt(log', line) >>, e.state)
Progress == Matched(tid, line - 1, Len(Traces[tid]))
View == << tid, line >>
==============================================================================
