---------------------------- MODULE TraceCounter ----------------------------
EXTENDS Counter, Sequences
VARIABLES tid, line
Traces == NdJsonLoad(Env("TRACES", ""))

TraceInit == Init /\ tid \in 1..Len(Traces) /\ line = 1
TraceNext ==
  /\ line <= Len(Traces[tid])
  /\ line' = line + 1
  /\ tid' = tid
  /\ LET e == Traces[tid][line] IN
       /\ \/ e.action = "Add" /\ Add(e.args[1])
          \/ e.action = "Reset" /\ Reset
       /\ Same(tid, line, "state", [count |-> count', holder |-> holder'], e.state)
Progress == Matched(tid, line - 1, Len(Traces[tid]))
=============================================================================
