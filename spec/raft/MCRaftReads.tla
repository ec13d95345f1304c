----------------------------- MODULE MCRaftReads -----------------------------
(***************************************************************************)
(* Bounded models of reads: one linearizable read, asked anywhere, served  *)
(* by a round of heartbeats (Ongaro section 6.4) or by a lease (6.4.1).    *)
(*                                                                         *)
(* No clock: a lease is the round that it rests on, and may end at any     *)
(* moment.  What clocks of bounded drift promise is MaySilence: the        *)
(* minimum election timeout of a server that acknowledged a round does not *)
(* pass before the lease that rests on that round has ended.               *)
(***************************************************************************)
EXTENDS MCRaft

VARIABLES asked,  \* History: how much was committed when the read was asked for; -1: it was not yet.
          lease   \* lease[i]: the round that leader i's lease rests on, and whether the lease still runs.

readVars == <<mcVars, asked, lease>>
ReadView == <<View, asked, lease>>
NoLease == [round |-> 0, runs |-> FALSE]
Context == "the read"

\* n1 leads by the vote of n2, and its no-op is committed; n3 has it too and was told of nothing else. n2 has acknowledged
\* a round, on which a lease rests that is about to end.
Does(name, args) == [name |-> name, args |-> Canonical(args)]
Gets(type, from, to, m) == Does(type, <<[from |-> from, to |-> to] @@ m>>)
AskVote == [type |-> "RequestVote", term |-> 1, lastLogIndex |-> 0, lastLogTerm |-> 0]
GiveVote == [type |-> "RequestVoteResponse", term |-> 1, voteGranted |-> TRUE]
Opening == [type |-> "AppendEntries", term |-> 1, prevLogIndex |-> 0, prevLogTerm |-> 0, leaderCommit |-> 0,
            entries |-> << [term |-> 1, value |-> Noop] >>]
HasOpening == [type |-> "AppendEntriesResponse", term |-> 1, success |-> TRUE, matchIndex |-> 1]
Round(number, commit) == [type |-> "Heartbeat", term |-> 1, round |-> number, leaderCommit |-> commit]
HasRound == [type |-> "HeartbeatResponse", term |-> 1, round |-> 1]
ReadPrefix ==
  << Does("Timeout", <<"n1">>), Does("SyncPersist", <<"n1", 1>>), Gets("Drop", "n1", "n3", AskVote),
     Gets("HandleRequestVoteRequest", "n1", "n2", AskVote), Does("SyncPersist", <<"n2", 1>>),
     Gets("HandleRequestVoteResponse", "n2", "n1", GiveVote), Does("SyncPersist", <<"n1", 1>>),
     Gets("HandleAppendEntriesRequest", "n1", "n3", Opening), Does("SyncPersist", <<"n3", 1>>),
     Gets("Drop", "n3", "n1", HasOpening),
     Gets("HandleAppendEntriesRequest", "n1", "n2", Opening), Does("SyncPersist", <<"n2", 1>>),
     Gets("HandleAppendEntriesResponse", "n2", "n1", HasOpening),
     Gets("Drop", "n1", "n2", Round(0, 1)), Does("Heartbeat", <<"n1">>), Gets("Drop", "n1", "n3", Round(1, 0)),
     Gets("HandleHeartbeatRequest", "n1", "n2", Round(1, 1)), Gets("HandleHeartbeatResponse", "n2", "n1", HasRound) >>

ReadInit == MCInit /\ asked = -1 /\ lease = [i \in Server |-> NoLease]

\* A round that a quorum has acknowledged renews the lease; who no longer leads has none.
LeaseAfter(i) ==
  LET n == node'[i]
      confirmed == NthLargest(n.ackedRound, ReplicationQuorum)
  IN IF n.state # "Leader" \/ n.currentTerm # node[i].currentTerm THEN NoLease
     ELSE IF confirmed > lease[i].round THEN [round |-> confirmed, runs |-> TRUE] ELSE lease[i]

\* An acknowledgement on its way may still renew a lease; if it is too late for that, it is as good as lost.
MaySilence(j) ==
  \A i \in Leaders :
    /\ ~(lease[i].runs /\ node[i].ackedRound[j] >= lease[i].round)
    /\ \A m \in DOMAIN messages : ~(m.type = "HeartbeatResponse" /\ m.from = j /\ m.to = i
                                    /\ m.term = node[i].currentTerm /\ m.round > lease[i].round)
Silence(i) == MaySilence(i) /\ LeaderSilent(i) /\ A("LeaderSilent", <<i>>)

LeaseEnds(i) ==
  /\ lease[i].runs
  /\ lease' = [lease EXCEPT ![i].runs = FALSE]
  /\ UNCHANGED <<node, disk, messages, committed, asked>> /\ step' = Unseen(<< >>, << >>) /\ A("LeaseEnds", <<i>>)

Held(i) == IF lease[i].runs THEN BOOLEAN ELSE {FALSE}
Ask(i) ==
  /\ asked = -1 /\ node[i].leader # Nil
  /\ \E held \in Held(i) : ReadIndex(i, "linearizable", Context, held) /\ A("ReadIndex", <<i, held>>)
  /\ asked' = Len(committed)
Answer(m) ==
  \/ \E held \in Held(m.to) : HandleReadIndexRequest(m.to, m.from, m, held) /\ A("HandleReadIndexRequest", <<m>>)
  \/ HandleReadIndexResponse(m.to, m.from, m, Context) /\ A("HandleReadIndexResponse", <<m>>)

Rest == UNCHANGED asked /\ lease' = [i \in Server |-> LeaseAfter(i)]
ReadNext ==
  \/ MCNext /\ Rest
  \/ Quiet /\ ~InPrefix /\ \E i \in Server : \/ Silence(i) /\ Rest
                                             \/ Ask(i) /\ lease' = [j \in Server |-> LeaseAfter(j)]
                                             \/ LeaseEnds(i)
  \/ Quiet /\ ~InPrefix /\ \E m \in DOMAIN messages : Answer(m) /\ Rest
ReadSpec == ReadInit /\ [][ReadNext]_readVars

-----------------------------------------------------------------------------
\* A leader that may serve by its lease has committed whatever anybody has.
LeaseReads == \A i \in Leaders : lease[i].runs /\ TermCommitted(node[i]) => node[i].commitIndex >= Len(committed)

\* A read sees what was committed when it was asked for: the answer to a forwarded one,
FreshAnswers == \A m \in DOMAIN messages : m.type = "ReadIndexResponse" => m.readIndex >= asked
\* and a leader's own, where its round is confirmed, or at once.
Confirms(i, r) == /\ node[i].state = "Leader" /\ node'[i].state = "Leader" /\ node'[i].currentTerm = node[i].currentTerm
                  /\ \A k \in DOMAIN node'[i].readRounds : node'[i].readRounds[k].round # r.round
ServesAtOnce(i) == /\ node[i].state = "Leader" /\ act'.name = "ReadIndex" /\ act'.args[1] = i
                   /\ node'[i].readsWaiting = << >> /\ node'[i].readRounds = << >>
FreshReads ==
  [][\A i \in Server : /\ ServesAtOnce(i) => node[i].commitIndex >= asked'
                       /\ \A k \in DOMAIN node[i].readRounds :
                            Confirms(i, node[i].readRounds[k]) => node[i].readRounds[k].readIndex >= asked]_readVars
=============================================================================
