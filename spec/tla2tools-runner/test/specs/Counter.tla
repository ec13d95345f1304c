------------------------------ MODULE Counter ------------------------------
EXTENDS Naturals, TraceIO
CONSTANT Limit
VARIABLES count, holder, act
vars == <<count, holder>>

Init == count = 0 /\ holder = [s \in {"a", "b"} |-> {}] /\ act = [name |-> "Init", args |-> << >>]
Named(name, args) == act' = [name |-> name, args |-> args]
Add(n) == count + n <= Limit /\ count' = count + n /\ holder' = [holder EXCEPT !["a"] = @ \cup {n}] /\ Named("Add", <<n>>)
Reset == count = Limit /\ count' = 0 /\ holder' = [s \in {"a", "b"} |-> {}] /\ Named("Reset", << >>)
Next == (\E n \in 1..2 : Add(n)) \/ Reset
Spec == Init /\ [][Next]_<<vars, act>>

Small == count < 3
InRange == count \in 0..Limit
View == vars
Emit == EmitEdge([count |-> count, holder |-> holder], act', [count |-> count', holder |-> holder'])
=============================================================================
