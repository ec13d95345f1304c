-------------------------------- MODULE Raft --------------------------------
(***************************************************************************)
(* Raft (Ongaro and Ousterhout 2014; Ongaro 2014) with the disk in it: what *)
(* is durable, what is being written, and which messages wait for a write. *)
(* One action is one input run to completion; what a server then does by   *)
(* itself (BecomeCandidate, BecomeLeader, AdvanceCommitIndex) is an action *)
(* of its own.  Names are those of the papers and of Ongaro's raft.tla.    *)
(* How to read it, and what is left out: spec/README.md.                   *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC, Log

CONSTANTS Server,             \* All servers, voters and learners.
          Voter,              \* Those that vote and are counted.
          ElectionQuorum,     \* Voters needed to elect a leader.
          ReplicationQuorum,  \* Voters that must hold an entry before it is committed.
          PreVote,            \* Whether elections begin with a pre-vote (Ongaro section 9.6).
          CheckQuorums,       \* Whether leaders step down without a quorum (Ongaro section 6.2).
          Leases,             \* Whether leaders may answer reads by a lease (Ongaro section 6.4.1).
          EntriesMax,         \* Entries in one AppendEntries.
          InflightMax,        \* AppendEntries under way to one server.
          ReadRoundsMax,      \* Rounds of heartbeats for reads under way.
          KeepEntries         \* Entries below the snapshot that stay in memory.

VARIABLES node,       \* node[i]: the memory of server i.
          disk,       \* disk[i]: what is durable, and the writes that i has not heard to be.
          messages,   \* The network: a bag, from message to number of copies.
          committed,  \* History: every entry ever committed, with the term that committed it.
          step        \* Observation: what the last action sent and wrote. No part of the state.

vars == <<node, disk, messages, committed, step>>

-----------------------------------------------------------------------------
\* Helpers

Nil == "Nil"
Noop == "Noop"
NoPosition == [index |-> 0, term |-> 0]
Min(a, b) == IF a < b THEN a ELSE b
Max(a, b) == IF a > b THEN a ELSE b
Least(S) == CHOOSE x \in S : \A y \in S : x <= y
Greatest(S) == CHOOSE x \in S : \A y \in S : x >= y
\* The n-th largest of f's values over the voters.
NthLargest(f, n) == LET v == [i \in Voter |-> f[i]]
                    IN Greatest({x \in {v[i] : i \in Voter} : Cardinality({k \in Voter : v[k] >= x}) >= n})

\* A bag is a function from its members to how often each is in it.
EmptyBag == << >>
Put(bag, m) == IF m \in DOMAIN bag THEN [bag EXCEPT ![m] = @ + 1] ELSE bag @@ (m :> 1)
Take(bag, m) == IF bag[m] > 1 THEN [bag EXCEPT ![m] = @ - 1]
                ELSE [x \in DOMAIN bag \ {m} |-> bag[x]]
\* S holds messages under construction (see Begin).
RECURSIVE PutAll(_, _)
PutAll(bag, S) == IF S = {} THEN bag ELSE LET o == CHOOSE x \in S : TRUE IN PutAll(Put(bag, o.m), S \ {o})
RECURSIVE Join(_, _)
Join(bag, other) == IF DOMAIN other = {} THEN bag
                    ELSE LET m == CHOOSE x \in DOMAIN other : TRUE IN Join(Put(bag, m), Take(other, m))
Union(bag, other) == IF DOMAIN other = {} THEN bag ELSE Join(bag, other)

-----------------------------------------------------------------------------
\* The log of a server's memory. It begins after logStart, which a snapshot stands for.

LastIndex(n) == n.logStart.index + LogLen(n.log)
LastTerm(n) == IF LogLen(n.log) = 0 THEN n.logStart.term ELSE LogAt(n.log, LogLen(n.log)).term
HasTerm(n, k) == k >= n.logStart.index /\ k <= LastIndex(n)
\* The term of entry k; -1 where it is compacted away or not there.
TermAt(n, k) == IF k = n.logStart.index THEN n.logStart.term
                ELSE IF HasTerm(n, k) THEN LogAt(n.log, k - n.logStart.index).term ELSE -1
EntriesOf(n, from, to) == LogEntries(n.log, from - n.logStart.index, to - n.logStart.index)
LogOf(n, from, to) == LogPart(n.log, from - n.logStart.index, to - n.logStart.index)
IsUpToDate(n, index, term) == term > LastTerm(n) \/ (term = LastTerm(n) /\ index >= LastIndex(n))
\* The highest index up to `index` whose term is at most `term`.
LastAgreeing(n, index, term) ==
  LET top == Min(index, LastIndex(n)) IN
  IF top <= n.logStart.index THEN top
  ELSE Greatest({n.logStart.index} \cup {k \in n.logStart.index+1..top : TermAt(n, k) <= term})

-----------------------------------------------------------------------------
\* A leader's view of the others, reset at every change of role.

NoProgress == [phase |-> "Probe", paused |-> FALSE, inflight |-> << >>, snapshot |-> 0,
               active |-> FALSE, resend |-> FALSE, commitSent |-> 0]
Peers(i) == Server \ {i}

ResetLeader(i, n, next) ==
  [n EXCEPT !.nextIndex = [j \in Peers(i) |-> next],
            !.matchIndex = [j \in Server |-> 0],
            !.progress = [j \in Peers(i) |-> NoProgress],
            !.termStartIndex = 0,
            !.round = 0,
            !.ackedRound = [j \in Server |-> 0],
            !.readsWaiting = << >>,
            !.readRounds = << >>]

FollowerState(i) == IF i \in Voter THEN "Follower" ELSE "Learner"

\* The memory of server i after it booted from d. A voter that may have confirmed a lease keeps still.
Boot(i, d) ==
  [currentTerm |-> d.currentTerm, votedFor |-> d.votedFor, state |-> FollowerState(i),
   leader |-> Nil, leaderHeard |-> Leases /\ d.currentTerm > 0,
   log |-> d.log, logStart |-> d.snapshot, snapshot |-> d.snapshot,
   commitIndex |-> d.snapshot.index, durableIndex |-> d.snapshot.index + LogLen(d.log),
   votesGranted |-> {},
   nextIndex |-> [j \in Peers(i) |-> 1], matchIndex |-> [j \in Server |-> 0],
   progress |-> [j \in Peers(i) |-> NoProgress], termStartIndex |-> 0,
   round |-> 0, ackedRound |-> [j \in Server |-> 0], readsWaiting |-> << >>, readRounds |-> << >>,
   readsForwarded |-> 0, readsQueued |-> 0, readContext |-> Nil]

-----------------------------------------------------------------------------
\* The disk. `pending` holds the writes that the server has not heard to be durable, oldest first; `synced` of them are
\* durable all the same. A write carries the messages that wait for it, and how far it makes the log durable.

EmptyDisk == [currentTerm |-> 0, votedFor |-> Nil, snapshot |-> NoPosition, log |-> EmptyLog]

ApplyWrite(d, w) ==
  LET cut == IF w.from = 0 THEN d.log ELSE LogPart(d.log, 1, w.from - 1 - d.snapshot.index)
      kept == IF w.snapshot.index > d.snapshot.index
              THEN LogPart(cut, w.snapshot.index - d.snapshot.index + 1, LogLen(cut)) ELSE cut
  IN [currentTerm |-> w.currentTerm, votedFor |-> w.votedFor,
      snapshot |-> IF w.snapshot.index > 0 THEN w.snapshot ELSE d.snapshot,
      log |-> LogAppend(kept, w.entries)]

RECURSIVE ApplyWrites(_, _)
ApplyWrites(d, ws) == IF ws = << >> THEN d ELSE ApplyWrites(ApplyWrite(d, Head(ws)), Tail(ws))

RECURSIVE HeldOf(_, _)
HeldOf(bag, ws) == IF ws = << >> THEN bag ELSE HeldOf(Union(bag, Head(ws).held), Tail(ws))

\* Disk d after its n oldest writes that were not durable became so; their messages are free to leave.
SyncedDisk(d, n) ==
  [durable |-> ApplyWrites(d.durable, SubSeq(d.pending, d.synced + 1, d.synced + n)),
   pending |-> [k \in DOMAIN d.pending |-> IF k <= d.synced + n THEN [d.pending[k] EXCEPT !.held = EmptyBag] ELSE d.pending[k]],
   synced |-> d.synced + n]
Released(d, n) == HeldOf(EmptyBag, SubSeq(d.pending, d.synced + 1, d.synced + n))

-----------------------------------------------------------------------------
\* An action under construction: the memory as it becomes, what it changes on disk, what it sends. `forget` is the lowest
\* index from which the own log is replaced, 0 if none. A message in `out` acknowledges the log up to `index`; `copy` keeps
\* two equal messages of one action apart.

Begin(i) == [n |-> node[i], out |-> {}, writes |-> FALSE, from |-> 0, forget |-> 0, snapshot |-> NoPosition, entries |-> << >>]
Send(s, i, j, body) == [s EXCEPT !.out = @ \cup {[m |-> [from |-> i, to |-> j] @@ body, index |-> 0, copy |-> 0]}]
SendWhenDurable(s, i, j, body, index) == [s EXCEPT !.out = @ \cup {[m |-> [from |-> i, to |-> j] @@ body, index |-> index, copy |-> 0]}]

\* The write that message o waits for, as a place in the pending writes; 0: it leaves at once.
WaitsFor(o, n, pending) ==
  LET hard == {k \in DOMAIN pending : pending[k].hard}
      covers == {k \in DOMAIN pending : pending[k].index >= o.index}
  IN Max(IF hard = {} THEN 0 ELSE Greatest(hard),
         IF o.index <= n.durableIndex THEN 0 ELSE Least(covers))

\* At most one write, and only if term, vote, log or snapshot changed. A message leaves when the current term and vote
\* are durable (Raft Figure 2), an acknowledgement when besides the log is that it names.
NewPending(i, s) ==
  LET hard == s.n.currentTerm # node[i].currentTerm \/ s.n.votedFor # node[i].votedFor
      old == disk[i].pending
      lowered == IF s.forget = 0 THEN old
                 ELSE [k \in DOMAIN old |-> [old[k] EXCEPT !.index = Min(@, s.forget - 1)]]
      w == [hard |-> hard, currentTerm |-> s.n.currentTerm, votedFor |-> s.n.votedFor, from |-> s.from,
            snapshot |-> s.snapshot, entries |-> s.entries, index |-> LastIndex(s.n), held |-> EmptyBag]
  IN IF hard \/ s.writes THEN Append(lowered, w) ELSE lowered

\* What a reader of traces sees of an action.
Seen(s, wrote) == [sent |-> PutAll(EmptyBag, s.out), wrote |-> wrote]

Finish(i, s, network) ==
  LET pending == NewPending(i, s)
      holds(k) == {o \in s.out : WaitsFor(o, s.n, pending) = k}
      free == {o \in s.out : WaitsFor(o, s.n, pending) <= disk[i].synced}
      wrote == IF Len(pending) > Len(disk[i].pending) THEN << pending[Len(pending)] >> ELSE << >>
  IN /\ node' = [node EXCEPT ![i] = s.n]
     /\ disk' = IF s.out = {} THEN [disk EXCEPT ![i].pending = pending]
                ELSE [disk EXCEPT ![i].pending =
                        [k \in DOMAIN pending |-> IF k <= disk[i].synced THEN pending[k]
                                                  ELSE [pending[k] EXCEPT !.held = PutAll(@, holds(k))]]]
     /\ messages' = PutAll(network, free)
     /\ step' = Seen(s, wrote)

\* An action that no message caused, and one that message m caused.
Act(i, s) == Finish(i, s, messages) /\ UNCHANGED committed
Receive(i, m, s) == Finish(i, s, Take(messages, m)) /\ UNCHANGED committed
Arrives(i, j, m, type) == m.type = type /\ m.from = j /\ m.to = i

-----------------------------------------------------------------------------
\* Roles

\* Steps down, into `term` if that is newer.
BecomeFollower(i, s, term, leader) ==
  LET n == s.n
      newer == term > n.currentTerm
      down == [n EXCEPT !.currentTerm = term, !.votedFor = IF newer THEN Nil ELSE @,
                        !.leader = leader, !.state = FollowerState(i), !.votesGranted = {},
                        !.leaderHeard = IF n.state = "Leader" THEN FALSE ELSE @]
  IN [s EXCEPT !.n = IF n.state = "Leader" THEN ResetLeader(i, down, 1) ELSE down]

\* A newer term is adopted before anything else is done with a message (Raft section 5.1).
Adopt(i, s, m, leader) == IF m.term > s.n.currentTerm THEN BecomeFollower(i, s, m.term, leader) ELSE s

\* A message of the current term's leader arrived.
FollowLeader(i, s, j) ==
  [s EXCEPT !.n.state = FollowerState(i), !.n.votesGranted = {}, !.n.leader = j, !.n.leaderHeard = TRUE]

NoForwardedReads(s) == [s EXCEPT !.n.readsForwarded = 0, !.n.readsQueued = 0, !.n.readContext = Nil]

CommitTo(s, index) == [s EXCEPT !.n.commitIndex = Max(@, index)]

-----------------------------------------------------------------------------
\* What a leader sends: flow control per server (etcd's Probe, Replicate, Snapshot). `p` is the part of a leader's memory
\* that belongs to one server: what is sent next, its progress, and what goes out.

Part(n, j) == [next |-> n.nextIndex[j], pr |-> n.progress[j], out |-> {}, appended |-> FALSE]
Message(i, j, body) == [m |-> [from |-> i, to |-> j] @@ body, index |-> 0, copy |-> 0]

SendSnapshot(n, i, j, p) ==
  IF ~p.pr.active THEN [p EXCEPT !.appended = FALSE]
  ELSE [p EXCEPT !.appended = FALSE,
                 !.pr.phase = "Snapshot", !.pr.paused = FALSE, !.pr.snapshot = n.snapshot.index, !.pr.inflight = << >>,
                 !.out = @ \cup {Message(i, j, [type |-> "InstallSnapshot", term |-> n.currentTerm,
                                   lastIncludedIndex |-> n.snapshot.index, lastIncludedTerm |-> n.snapshot.term])}]

AppendMessage(n, i, j, prev, entries) ==
  Message(i, j, [type |-> "AppendEntries", term |-> n.currentTerm, prevLogIndex |-> prev, prevLogTerm |-> TermAt(n, prev),
                 entries |-> entries, leaderCommit |-> n.commitIndex])

\* One AppendEntries from nextIndex on, empty if there is nothing; a snapshot if the log no longer reaches that far back.
SendAppend(n, i, j, p) ==
  LET prev == p.next - 1
      entries == EntriesOf(n, p.next, Min(LastIndex(n), prev + EntriesMax))
      told == Min(n.commitIndex, prev + Len(entries))
      sent == [p EXCEPT !.out = @ \cup {AppendMessage(n, i, j, prev, entries)},
                        !.pr.commitSent = Max(@, told), !.appended = TRUE]
  IN IF ~HasTerm(n, prev) THEN SendSnapshot(n, i, j, p)
     ELSE IF p.pr.phase = "Probe" THEN [sent EXCEPT !.pr.paused = TRUE]
     ELSE IF entries = << >> THEN sent
     ELSE [sent EXCEPT !.next = @ + Len(entries), !.pr.inflight = Append(@, prev + Len(entries))]

MaySend(p) == CASE p.pr.phase = "Snapshot" -> FALSE
                [] p.pr.phase = "Probe" -> ~p.pr.paused
                [] OTHER -> Len(p.pr.inflight) < InflightMax

\* What the server lacks, as far as its phase and window allow.
RECURSIVE SendEntries(_, _, _, _)
SendEntries(n, i, j, p) ==
  IF p.next > LastIndex(n) \/ ~MaySend(p) THEN p
  ELSE LET sent == SendAppend(n, i, j, p)
       IN IF sent.appended /\ sent.pr.phase = "Replicate" THEN SendEntries(n, i, j, sent) ELSE sent

\* Puts the part of server j back.
WithPart(s, j, p) == [s EXCEPT !.n.nextIndex[j] = p.next, !.n.progress[j] = p.pr, !.out = @ \cup p.out]
SendEntriesTo(i, s, j) == WithPart(s, j, SendEntries(s.n, i, j, Part(s.n, j)))
SendEntriesToAll(i, s) ==
  LET parts == [j \in Peers(i) |-> SendEntries(s.n, i, j, Part(s.n, j))]
  IN [s EXCEPT !.n.nextIndex = [j \in Peers(i) |-> parts[j].next],
               !.n.progress = [j \in Peers(i) |-> parts[j].pr],
               !.out = @ \cup UNION {parts[j].out : j \in Peers(i)}]

ToProbe(p, next) == [p EXCEPT !.pr.phase = "Probe", !.pr.paused = FALSE, !.pr.inflight = << >>, !.next = next]
ToReplicate(p, next) == [p EXCEPT !.pr.phase = "Replicate", !.pr.paused = FALSE, !.pr.inflight = << >>, !.next = next]

\* Tells server j how far is committed, if nothing on its way does.
Announces(n, j) == /\ n.progress[j].phase = "Replicate" /\ n.progress[j].inflight = << >>
                   /\ Min(n.commitIndex, n.matchIndex[j]) > n.progress[j].commitSent
Announcement(n, i, j, round) ==
  Message(i, j, [type |-> "Heartbeat", term |-> n.currentTerm, leaderCommit |-> Min(n.commitIndex, n.matchIndex[j]), round |-> round])
AnnounceCommit(i, s, S) ==
  LET told == {j \in S : Announces(s.n, j)}
  IN [s EXCEPT !.n.progress = [j \in Peers(i) |-> IF j \in told THEN [@[j] EXCEPT !.commitSent = Min(s.n.commitIndex, s.n.matchIndex[j])] ELSE @[j]],
               !.out = @ \cup {Announcement(s.n, i, j, 0) : j \in told}]

-----------------------------------------------------------------------------
\* Reads (Ongaro section 6.4): rounds of heartbeats that prove leadership after the read was asked for.

TermCommitted(n) == n.commitIndex >= n.termStartIndex

\* Heartbeats of a new round to the servers S.
BroadcastRound(i, s, S) ==
  LET n == [s.n EXCEPT !.round = @ + 1, !.ackedRound[i] = s.n.round + 1]
      told(j) == Min(n.commitIndex, n.matchIndex[j])
  IN [s EXCEPT !.n = [n EXCEPT !.progress = [j \in Peers(i) |-> IF j \in S THEN [@[j] EXCEPT !.commitSent = Max(@, told(j))] ELSE @[j]]],
               !.out = @ \cup {Announcement(n, i, j, n.round) : j \in S}]

\* A read of server i itself is answered without a message. A request that came twice is answered twice.
Answers(i, n, reads, readIndex, round) ==
  LET answer(k) == [type |-> "ReadIndexResponse", term |-> n.currentTerm, context |-> reads[k].context, readIndex |-> readIndex]
  IN {[Message(i, reads[k].peer, answer(k)) EXCEPT !.copy = 1000 * round + k] : k \in {x \in DOMAIN reads : reads[x].peer # i}}

RECURSIVE ConfirmRounds(_, _)
\* Begins a round for the waiting reads, if one is free. A round is never reused.
StartReadRound(i, s) ==
  IF s.n.readsWaiting = << >> \/ ~TermCommitted(s.n) \/ Len(s.n.readRounds) >= ReadRoundsMax THEN s
  ELSE LET begun == [round |-> s.n.round + 1, readIndex |-> s.n.commitIndex, reads |-> s.n.readsWaiting]
           s1 == [s EXCEPT !.n.readRounds = Append(@, begun), !.n.readsWaiting = << >>]
       IN ConfirmRounds(i, BroadcastRound(i, s1, Peers(i) \cap Voter))

\* Serves the reads of every round that a quorum has acknowledged.
ConfirmRounds(i, s) ==
  LET confirmed == NthLargest(s.n.ackedRound, ReplicationQuorum)
      rounds == s.n.readRounds
      done == Cardinality({k \in DOMAIN rounds : rounds[k].round <= confirmed})
  IN IF done = 0 THEN s
     ELSE StartReadRound(i, [s EXCEPT !.n.readRounds = SubSeq(rounds, done + 1, Len(rounds)),
                                      !.out = @ \cup UNION {Answers(i, s.n, rounds[k].reads, rounds[k].readIndex, rounds[k].round) : k \in 1..done}])

\* `held`: the lease is valid, which only clocks can say.
ReadAtLeader(i, s, origin, held) ==
  IF TermCommitted(s.n) /\ held THEN [s EXCEPT !.out = @ \cup Answers(i, s.n, << origin >>, s.n.commitIndex, 0)]
  ELSE StartReadRound(i, [s EXCEPT !.n.readsWaiting = Append(@, origin)])

\* All reads that wait go to the leader as one batch, under a context that was never used.
ForwardBatch(i, s, context) ==
  LET count == s.n.readsForwarded + s.n.readsQueued
      s1 == [s EXCEPT !.n.readsForwarded = count, !.n.readsQueued = 0, !.n.readContext = IF count = 0 THEN Nil ELSE context]
  IN IF count = 0 \/ s.n.leader = Nil THEN s1
     ELSE Send(s1, i, s.n.leader, [type |-> "ReadIndexRequest", term |-> s.n.currentTerm, context |-> context])

-----------------------------------------------------------------------------
\* Elections (Raft section 5.2; Ongaro sections 4.2.3, 6.2, 9.6)

\* The minimum election timeout passed without the leader: votes are free again.
LeaderSilent(i) ==
  /\ node[i].leaderHeard /\ node[i].state # "Leader"
  /\ LET s == [Begin(i) EXCEPT !.n.leaderHeard = FALSE]
     IN Act(i, IF i \in Voter THEN s ELSE NoForwardedReads([s EXCEPT !.n.leader = Nil]))

MayTimeOut(i) == i \in Voter /\ node[i].state # "Leader" /\ ~node[i].leaderHeard
AsksFirst == PreVote /\ ElectionQuorum > 1

Candidacy(i, s) ==
  LET n == [s.n EXCEPT !.state = "Candidate", !.currentTerm = @ + 1, !.votedFor = i, !.votesGranted = {}, !.leader = Nil, !.leaderHeard = FALSE]
      ask == [type |-> "RequestVote", term |-> n.currentTerm, lastLogIndex |-> LastIndex(n), lastLogTerm |-> LastTerm(n)]
  IN [s EXCEPT !.n = n, !.out = {Message(i, j, ask) : j \in Voter \ {i}}]

\* Server i starts an election; its requests leave when term and own vote are durable.
Timeout(i) == MayTimeOut(i) /\ ~AsksFirst /\ Act(i, Candidacy(i, NoForwardedReads(Begin(i))))

\* Server i asks whether it could win one. Nothing changes on disk, so its own pre-vote counts at once.
TimeoutPreVote(i) ==
  /\ MayTimeOut(i) /\ AsksFirst
  /\ LET n == node[i]
         ask == [type |-> "RequestPreVote", term |-> n.currentTerm + 1, lastLogIndex |-> LastIndex(n), lastLogTerm |-> LastTerm(n)]
         s == [Begin(i) EXCEPT !.n.state = "PreCandidate", !.n.votesGranted = {i}, !.n.leader = Nil, !.out = {Message(i, j, ask) : j \in Voter \ {i}}]
     IN Act(i, NoForwardedReads(s))

\* Urgent: the pre-vote is won.
CanBecomeCandidate(i) == node[i].state = "PreCandidate" /\ Cardinality(node[i].votesGranted) >= ElectionQuorum
BecomeCandidate(i) == CanBecomeCandidate(i) /\ Act(i, Candidacy(i, Begin(i)))

\* Votes are withheld while a leader lives (Ongaro section 4.2.3).
Sticky(n, j) == IF n.state = "Leader" THEN CheckQuorums
                ELSE (PreVote \/ CheckQuorums) /\ n.leaderHeard /\ n.leader # j

Vote(i, s, m) ==
  LET n == s.n
      j == m.from
      granted == /\ {i, j} \subseteq Voter /\ m.term = n.currentTerm
                 /\ n.votedFor = j \/ (n.votedFor = Nil /\ n.leader = Nil)
                 /\ IsUpToDate(n, m.lastLogIndex, m.lastLogTerm)
      voted == [n EXCEPT !.votedFor = j, !.state = "Follower", !.votesGranted = {},
                         !.leaderHeard = IF n.leader = Nil THEN FALSE ELSE @]
  IN Send([s EXCEPT !.n = IF granted THEN voted ELSE n], i, j,
          [type |-> "RequestVoteResponse", term |-> n.currentTerm, voteGranted |-> granted])

HandleRequestVoteRequest(i, j, m) ==
  /\ Arrives(i, j, m, "RequestVote")
  /\ LET ignored == m.term > node[i].currentTerm /\ Sticky(node[i], j)
     IN Receive(i, m, IF ignored THEN Begin(i) ELSE Vote(i, Adopt(i, Begin(i), m, Nil), m))

HandleRequestVoteResponse(i, j, m) ==
  /\ Arrives(i, j, m, "RequestVoteResponse")
  /\ LET s == Adopt(i, Begin(i), m, Nil)
         counts == s.n.state = "Candidate" /\ m.term = s.n.currentTerm /\ m.voteGranted /\ j \in Voter
     IN Receive(i, m, IF counts THEN [s EXCEPT !.n.votesGranted = @ \cup {j}] ELSE s)

\* Changes nothing here, whatever the answer.
HandleRequestPreVoteRequest(i, j, m) ==
  /\ Arrives(i, j, m, "RequestPreVote")
  /\ LET n == node[i]
         granted == /\ {i, j} \subseteq Voter /\ m.term > n.currentTerm /\ n.state # "Leader"
                    /\ ~(n.leaderHeard /\ n.leader # j)
                    /\ IsUpToDate(n, m.lastLogIndex, m.lastLogTerm)
     IN Receive(i, m, Send(Begin(i), i, j, [type |-> "RequestPreVoteResponse", term |-> n.currentTerm, nextTerm |-> m.term, voteGranted |-> granted]))

HandleRequestPreVoteResponse(i, j, m) ==
  /\ Arrives(i, j, m, "RequestPreVoteResponse")
  /\ LET s == Adopt(i, Begin(i), m, Nil)
         counts == s.n.state = "PreCandidate" /\ m.nextTerm = s.n.currentTerm + 1 /\ m.voteGranted /\ j \in Voter
     IN Receive(i, m, IF counts THEN [s EXCEPT !.n.votesGranted = @ \cup {j}] ELSE s)

\* Urgent: the election is won. The term opens with a no-op (Raft section 8).
CanBecomeLeader(i) == node[i].state = "Candidate" /\ Cardinality(node[i].votesGranted) >= ElectionQuorum
BecomeLeader(i) ==
  /\ CanBecomeLeader(i)
  /\ LET n == node[i]
         index == LastIndex(n) + 1
         reset == ResetLeader(i, n, index)
         led == [reset EXCEPT !.state = "Leader", !.leader = i, !.votesGranted = {}, !.matchIndex[i] = n.durableIndex,
                              !.termStartIndex = index, !.log = LogAppend(@, << [term |-> n.currentTerm, value |-> Noop] >>)]
         s == [Begin(i) EXCEPT !.n = led, !.writes = TRUE, !.entries = << [term |-> n.currentTerm, value |-> Noop] >>]
     IN Act(i, SendEntriesToAll(i, s))

\* A leader that heard no quorum since the last time steps down (Ongaro section 6.2).
CheckQuorum(i) ==
  /\ CheckQuorums /\ node[i].state = "Leader"
  /\ LET n == node[i]
         heard == 1 + Cardinality({j \in Peers(i) \cap Voter : n.progress[j].active})
         s == [Begin(i) EXCEPT !.n.progress = [j \in Peers(i) |-> [n.progress[j] EXCEPT !.active = FALSE]]]
     IN Act(i, IF heard < ReplicationQuorum THEN BecomeFollower(i, s, n.currentTerm, Nil) ELSE s)

-----------------------------------------------------------------------------
\* Replication and commitment (Raft sections 5.3, 5.4.2)

ClientRequest(i, v) ==
  /\ node[i].state = "Leader"
  /\ LET entry == [term |-> node[i].currentTerm, value |-> v]
         s == [Begin(i) EXCEPT !.n.log = LogAppend(@, << entry >>), !.writes = TRUE, !.entries = << entry >>]
     IN Act(i, SendEntriesToAll(i, s))

Heartbeat(i) ==
  /\ node[i].state = "Leader"
  /\ LET s == BroadcastRound(i, Begin(i), Peers(i))
     IN Act(i, ConfirmRounds(i, [s EXCEPT !.n.progress = [j \in Peers(i) |-> [@[j] EXCEPT !.resend = TRUE]]]))

\* A server makes its log equal to the leader's. Truncates at the first entry whose term differs and nowhere else.
AppendNew(i, s, m) ==
  LET n == s.n
      differs == {k \in DOMAIN m.entries : m.prevLogIndex + k > n.commitIndex /\ TermAt(n, m.prevLogIndex + k) # m.entries[k].term}
      first == m.prevLogIndex + Least(differs)
      new == SubSeq(m.entries, Least(differs), Len(m.entries))
      truncates == first <= LastIndex(n)
  IN IF differs = {} THEN s
     ELSE [s EXCEPT !.n.log = LogAppend(IF truncates THEN LogOf(n, n.logStart.index + 1, first - 1) ELSE @, new),
                    !.n.durableIndex = IF truncates THEN Min(@, first - 1) ELSE @,
                    !.writes = TRUE, !.entries = new,
                    !.from = IF truncates THEN first ELSE 0, !.forget = IF truncates THEN first ELSE 0]

AcceptEntries(i, s, m) ==
  LET match == m.prevLogIndex + Len(m.entries)
      appended == AppendNew(i, s, m)
      answered == SendWhenDurable(appended, i, m.from, [type |-> "AppendEntriesResponse", term |-> s.n.currentTerm, success |-> TRUE, matchIndex |-> match], match)
  IN CommitTo(answered, Min(m.leaderCommit, match))

Refusal(term, prev, index, conflictTerm) ==
  [type |-> "AppendEntriesResponse", term |-> term, success |-> FALSE, prevLogIndex |-> prev, conflictIndex |-> index, conflictTerm |-> conflictTerm]

HandleAppendEntriesRequest(i, j, m) ==
  /\ Arrives(i, j, m, "AppendEntries")
  /\ LET s0 == Adopt(i, Begin(i), m, j)
         s == FollowLeader(i, s0, j)
         consistent == m.prevLogIndex <= s.n.commitIndex \/ TermAt(s.n, m.prevLogIndex) = m.prevLogTerm
         agreed == LastAgreeing(s.n, m.prevLogIndex, m.prevLogTerm)
     IN Receive(i, m, IF m.term < s0.n.currentTerm THEN Send(s0, i, j, Refusal(s0.n.currentTerm, 0, 0, 0))
                      ELSE IF consistent THEN AcceptEntries(i, s, m)
                      ELSE Send(s, i, j, Refusal(s.n.currentTerm, m.prevLogIndex, agreed, Max(0, TermAt(s.n, agreed)))))

\* The index up to which leader i may commit now, or 0: only an entry of the current term is counted (Figure 8).
Committable(n) ==
  LET index == NthLargest(n.matchIndex, ReplicationQuorum)
  IN IF index > n.commitIndex /\ TermAt(n, index) = n.currentTerm THEN index ELSE 0

\* Server j's log is known to equal the own one up to `index`.
Acknowledge(n, j, index) ==
  LET known == n.matchIndex[j]
      match == Max(known, index)
      p == [Part(n, j) EXCEPT !.pr.resend = IF index > known THEN FALSE ELSE @]
      r == IF p.pr.phase = "Replicate" THEN p ELSE ToReplicate(p, match + 1)
      left == SelectSeq(r.pr.inflight, LAMBDA last : last > match)
  IN IF p.pr.phase = "Snapshot" /\ match < p.pr.snapshot THEN [p EXCEPT !.next = Max(@, match + 1)]
     ELSE [r EXCEPT !.next = Max(@, match + 1), !.pr.inflight = left]

\* Counts, sends on, tells; where the commit index moves, AdvanceCommitIndex tells.
OnMatch(i, s, j, index) ==
  LET acknowledged == WithPart([s EXCEPT !.n.matchIndex[j] = Max(@, index)], j, Acknowledge(s.n, j, index))
      sent == SendEntriesTo(i, acknowledged, j)
  IN IF j \in Voter /\ Committable(sent.n) > 0 THEN sent ELSE AnnounceCommit(i, sent, {j})

Active(s, j) == [s EXCEPT !.n.progress[j].active = TRUE]

\* Moves nextIndex back past a whole run of conflicting terms (Raft section 5.3, end). A late refusal changes nothing.
Backtrack(i, s, j, m) ==
  LET n == s.n
      stale == \/ m.prevLogIndex <= n.matchIndex[j]
               \/ n.progress[j].phase = "Snapshot"
               \/ n.progress[j].phase = "Probe" /\ m.prevLogIndex # n.nextIndex[j] - 1
      agreed == LastAgreeing(n, Min(m.conflictIndex, m.prevLogIndex - 1), m.conflictTerm)
      probe == ToProbe(Part(n, j), Max(agreed, n.matchIndex[j]) + 1)
  IN IF stale THEN s ELSE SendEntriesTo(i, WithPart(s, j, probe), j)

HandleAppendEntriesResponse(i, j, m) ==
  /\ Arrives(i, j, m, "AppendEntriesResponse")
  /\ LET s0 == Adopt(i, Begin(i), m, Nil)
         s == Active(s0, j)
     IN Receive(i, m, IF s0.n.state # "Leader" \/ m.term # s0.n.currentTerm THEN s0
                      ELSE IF m.success THEN OnMatch(i, s, j, m.matchIndex)
                      ELSE Backtrack(i, s, j, m))

HandleHeartbeatRequest(i, j, m) ==
  /\ Arrives(i, j, m, "Heartbeat")
  /\ LET s0 == Adopt(i, Begin(i), m, j)
         s == IF m.term = s0.n.currentTerm THEN CommitTo(FollowLeader(i, s0, j), m.leaderCommit) ELSE s0
     IN Receive(i, m, IF m.round > 0 \/ m.term < s.n.currentTerm
                      THEN Send(s, i, j, [type |-> "HeartbeatResponse", term |-> s.n.currentTerm, round |-> m.round]) ELSE s)

\* A heartbeat came back while nothing was acknowledged for a whole interval: whatever was out may be lost.
ResendAfterSilence(i, s, j) ==
  LET n == s.n
      p == [Part(n, j) EXCEPT !.pr.resend = FALSE]
      free == [p EXCEPT !.pr.paused = FALSE]
      prev == p.next - 1
      resent == IF free.pr.phase = "Probe" THEN SendAppend(n, i, j, free)
                ELSE IF free.pr.inflight = << >> THEN SendEntries(n, i, j, free)
                ELSE IF HasTerm(n, prev) THEN [free EXCEPT !.out = {AppendMessage(n, i, j, prev, << >>)}]
                ELSE SendAppend(n, i, j, ToProbe(free, n.matchIndex[j] + 1))
  IN IF ~n.progress[j].resend \/ n.progress[j].phase = "Snapshot" THEN s
     ELSE WithPart(s, j, IF n.matchIndex[j] >= LastIndex(n) THEN p ELSE resent)

HandleHeartbeatResponse(i, j, m) ==
  /\ Arrives(i, j, m, "HeartbeatResponse")
  /\ LET s0 == Adopt(i, Begin(i), m, Nil)
         s == Active(s0, j)
         acked == [s EXCEPT !.n.ackedRound[j] = Max(@, m.round)]
         confirmed == IF j \in Voter /\ m.round > s.n.ackedRound[j] THEN ConfirmRounds(i, acked) ELSE acked
     IN Receive(i, m, IF s0.n.state # "Leader" \/ m.term # s0.n.currentTerm THEN s0 ELSE ResendAfterSilence(i, confirmed, j))

\* Urgent: an entry of the current term is on a replication quorum of disks.
AdvanceCommitIndex(i) ==
  /\ node[i].state = "Leader" /\ Committable(node[i]) > 0
  /\ LET n == node[i]
         index == Committable(n)
         s == [Begin(i) EXCEPT !.n.commitIndex = index]
         opened == IF n.commitIndex < n.termStartIndex THEN StartReadRound(i, s) ELSE s
         new == EntriesOf(n, LogLen(committed) + 1, index)
     IN /\ Finish(i, AnnounceCommit(i, opened, Peers(i)), messages)
        /\ committed' = IF index <= LogLen(committed) THEN committed
                        ELSE LogAppend(committed, [k \in DOMAIN new |-> new[k] @@ [by |-> n.currentTerm]])

-----------------------------------------------------------------------------
\* Reads

ReadIndex(i, level, context, held) ==
  LET s == Begin(i)
      queued == [s EXCEPT !.n.readsQueued = @ + 1]
  IN /\ held => Leases
     /\ Act(i, IF level # "linearizable" THEN s
               ELSE IF s.n.state = "Leader" THEN ReadAtLeader(i, s, [peer |-> i, context |-> Nil], held)
               ELSE IF s.n.leader = Nil THEN s
               ELSE IF s.n.readsForwarded > 0 THEN queued ELSE ForwardBatch(i, queued, context))

HandleReadIndexRequest(i, j, m, held) ==
  /\ Arrives(i, j, m, "ReadIndexRequest")
  /\ held => Leases
  /\ LET s == Adopt(i, Begin(i), m, Nil)
     IN Receive(i, m, IF s.n.state = "Leader" THEN ReadAtLeader(i, s, [peer |-> j, context |-> m.context], held) ELSE s)

HandleReadIndexResponse(i, j, m, context) ==
  /\ Arrives(i, j, m, "ReadIndexResponse")
  /\ LET s == Adopt(i, Begin(i), m, Nil)
         answered == s.n.readsForwarded > 0 /\ m.context = s.n.readContext
     IN Receive(i, m, IF answered THEN ForwardBatch(i, [s EXCEPT !.n.readsForwarded = 0], context) ELSE s)

\* The batch under way or its answer was lost: it is asked for again, under a new context.
ReadRetry(i, context) == node[i].readsForwarded > 0 /\ node[i].readContext # context /\ Act(i, ForwardBatch(i, Begin(i), context))

-----------------------------------------------------------------------------
\* Snapshots (Raft section 7)

CompactLog(i, index) ==
  /\ index > node[i].snapshot.index /\ index <= node[i].commitIndex
  /\ LET n == node[i]
         made == [index |-> index, term |-> TermAt(n, index)]
         start == index - KeepEntries
         compacted == [n EXCEPT !.snapshot = made, !.logStart = [index |-> start, term |-> TermAt(n, start)], !.log = LogOf(n, start + 1, LastIndex(n))]
     IN Act(i, [Begin(i) EXCEPT !.n = IF start > n.logStart.index THEN compacted ELSE [n EXCEPT !.snapshot = made],
                                !.writes = TRUE, !.snapshot = made])

\* The whole log gives way to the snapshot in one write.
Install(s, position) ==
  [s EXCEPT !.n.log = EmptyLog, !.n.logStart = position, !.n.snapshot = position, !.n.commitIndex = position.index, !.n.durableIndex = 0,
            !.writes = TRUE, !.forget = 1, !.snapshot = position,
            !.from = IF LogLen(s.n.log) = 0 THEN 0 ELSE s.n.snapshot.index + 1]

HandleInstallSnapshotRequest(i, j, m) ==
  /\ Arrives(i, j, m, "InstallSnapshot")
  /\ LET s0 == Adopt(i, Begin(i), m, j)
         s == FollowLeader(i, s0, j)
         position == [index |-> m.lastIncludedIndex, term |-> m.lastIncludedTerm]
         taken == IF position.index <= s.n.commitIndex THEN s
                  ELSE IF TermAt(s.n, position.index) = position.term THEN CommitTo(s, position.index)
                  ELSE Install(s, position)
         answer(index) == [type |-> "InstallSnapshotResponse", term |-> s0.n.currentTerm, matchIndex |-> index]
     IN Receive(i, m, IF m.term < s0.n.currentTerm THEN Send(s0, i, j, answer(0))
                      ELSE SendWhenDurable(taken, i, j, answer(position.index), position.index))

HandleInstallSnapshotResponse(i, j, m) ==
  /\ Arrives(i, j, m, "InstallSnapshotResponse")
  /\ LET s == Adopt(i, Begin(i), m, Nil)
     IN Receive(i, m, IF s.n.state # "Leader" \/ m.term # s.n.currentTerm THEN s ELSE OnMatch(i, Active(s, j), j, m.matchIndex))

\* The transfer to j ended; whether it was installed is not known.
SnapshotSent(i, j, ok) ==
  /\ node[i].state = "Leader" /\ node[i].progress[j].phase = "Snapshot"
  /\ LET n == node[i]
         from == IF ok THEN Max(n.matchIndex[j], n.progress[j].snapshot) ELSE n.matchIndex[j]
         probe == ToProbe(Part(n, j), from + 1)
     IN Act(i, WithPart(Begin(i), j, [probe EXCEPT !.pr.paused = TRUE]))

-----------------------------------------------------------------------------
\* The disk and the network

Unseen(s, wrote) == [sent |-> EmptyBag, wrote |-> << >>]

\* The memory after server i heard that its n oldest writes are durable. Its own copy and its own vote count from now on.
Heard(i, n, d) ==
  LET m == node[i]
      done == {d.pending[k].index : k \in 1..n}
      durable == Max(m.durableIndex, Greatest(done \cup {0}))
      ownVote == m.state = "Candidate" /\ \A k \in n+1..Len(d.pending) : ~d.pending[k].hard
  IN [m EXCEPT !.durableIndex = durable,
               !.matchIndex[i] = IF m.state = "Leader" THEN durable ELSE @,
               !.votesGranted = IF ownVote THEN @ \cup {i} ELSE @]
WithoutOldest(d, n) == [d EXCEPT !.pending = SubSeq(@, n + 1, Len(@)), !.synced = @ - n]

\* The n oldest writes that were not durable are so now; the server has not heard of it yet.
Sync(i, n) ==
  /\ n <= Len(disk[i].pending) - disk[i].synced
  /\ disk' = [disk EXCEPT ![i] = SyncedDisk(disk[i], n)]
  /\ messages' = Union(messages, Released(disk[i], n))
  /\ step' = Unseen(<< >>, << >>)
  /\ UNCHANGED <<node, committed>>

\* Server i hears that its n oldest writes are durable.
Persist(i, n) ==
  /\ n <= disk[i].synced
  /\ node' = [node EXCEPT ![i] = Heard(i, n, disk[i])]
  /\ disk' = [disk EXCEPT ![i] = WithoutOldest(disk[i], n)]
  /\ step' = Unseen(<< >>, << >>)
  /\ UNCHANGED <<messages, committed>>

\* Sync and Persist at once, as the models have it.
SyncPersist(i, n) ==
  /\ n <= Len(disk[i].pending)
  /\ LET d == SyncedDisk(disk[i], n)
     IN node' = [node EXCEPT ![i] = Heard(i, n, d)] /\ disk' = [disk EXCEPT ![i] = WithoutOldest(d, n)]
  /\ messages' = Union(messages, Released(disk[i], n))
  /\ step' = Unseen(<< >>, << >>)
  /\ UNCHANGED committed

\* Server i loses its memory and all but the k oldest writes under way, whose messages never leave; then it boots.
Restart(i, k) ==
  /\ k <= Len(disk[i].pending) - disk[i].synced
  /\ LET d == SyncedDisk(disk[i], k).durable
     IN /\ disk' = [disk EXCEPT ![i] = [durable |-> d, pending |-> << >>, synced |-> 0]]
        /\ node' = [node EXCEPT ![i] = Boot(i, d)]
  /\ step' = Unseen(<< >>, << >>)
  /\ UNCHANGED <<messages, committed>>

Drop(m) == /\ m \in DOMAIN messages /\ messages' = Take(messages, m)
           /\ step' = Unseen(<< >>, << >>) /\ UNCHANGED <<node, disk, committed>>
Duplicate(m) == /\ m \in DOMAIN messages /\ messages' = Put(messages, m)
                /\ step' = Unseen(<< >>, << >>) /\ UNCHANGED <<node, disk, committed>>

-----------------------------------------------------------------------------
Init == /\ node = [i \in Server |-> [Boot(i, EmptyDisk) EXCEPT !.leaderHeard = FALSE]]
        /\ disk = [i \in Server |-> [durable |-> EmptyDisk, pending |-> << >>, synced |-> 0]]
        /\ messages = EmptyBag
        /\ committed = EmptyLog
        /\ step = Unseen(<< >>, << >>)

\* What a server does by itself. In the models nothing else happens while one of these can.
IsUrgent(i) == CanBecomeCandidate(i) \/ CanBecomeLeader(i) \/ (node[i].state = "Leader" /\ Committable(node[i]) > 0)
Urgent(i) == BecomeCandidate(i) \/ BecomeLeader(i) \/ AdvanceCommitIndex(i)

Handle(i, j, m) == \/ HandleRequestVoteRequest(i, j, m) \/ HandleRequestVoteResponse(i, j, m)
                   \/ HandleRequestPreVoteRequest(i, j, m) \/ HandleRequestPreVoteResponse(i, j, m)
                   \/ HandleAppendEntriesRequest(i, j, m) \/ HandleAppendEntriesResponse(i, j, m)
                   \/ HandleHeartbeatRequest(i, j, m) \/ HandleHeartbeatResponse(i, j, m)
                   \/ HandleInstallSnapshotRequest(i, j, m) \/ HandleInstallSnapshotResponse(i, j, m)

-----------------------------------------------------------------------------
\* Properties

Leaders == {i \in Server : node[i].state = "Leader"}

\* No two lead in one term (Raft Figure 3); that none did one after the other says OneLeaderPerTerm (MCRaft.tla).
ElectionSafety == \A i, j \in Leaders : node[i].currentTerm = node[j].currentTerm => i = j

Holds(n, k) == k > n.logStart.index /\ k <= LastIndex(n)
\* Logs with an entry of the same index and term are equal up to it.
LogMatching ==
  \A i, j \in Server : \A k \in 1..Max(LastIndex(node[i]), LastIndex(node[j])) :
    Holds(node[i], k) /\ Holds(node[j], k) /\ TermAt(node[i], k) = TermAt(node[j], k) =>
      \A x \in 1..k : Holds(node[i], x) /\ Holds(node[j], x) =>
                      EntriesOf(node[i], x, x) = EntriesOf(node[j], x, x)

EntryIs(n, k, entry) == k <= n.logStart.index \/ (Holds(n, k) /\ EntriesOf(n, k, k)[1].term = entry.term /\ EntriesOf(n, k, k)[1].value = entry.value)

\* A leader has every entry that an earlier term committed.
LeaderCompleteness ==
  \A i \in Leaders : \A k \in DOMAIN committed : committed[k].by <= node[i].currentTerm => EntryIs(node[i], k, committed[k])

\* Whatever a server takes for committed is so.
StateMachineSafety ==
  \A i \in Server : node[i].commitIndex <= Len(committed) /\ \A k \in 1..node[i].commitIndex : EntryIs(node[i], k, committed[k])

\* What a message tells of its sender's term, vote or log is on the sender's disk (or was, and a later term replaced it).
ToldIsDurable ==
  \A m \in DOMAIN messages :
    LET d == disk[m.from].durable IN
    /\ m.type \in {"RequestVote", "RequestVoteResponse", "AppendEntriesResponse", "HeartbeatResponse"} => d.currentTerm >= m.term
    /\ m.type = "RequestVote" => d.currentTerm > m.term \/ d.votedFor = m.from
    /\ (m.type = "RequestVoteResponse" /\ m.voteGranted) => d.currentTerm > m.term \/ d.votedFor = m.to
    /\ (m.type = "AppendEntriesResponse" /\ m.success) => d.currentTerm > m.term \/ d.snapshot.index + Len(d.log) >= m.matchIndex

\* On disk a term never decreases, and nobody votes twice in one.
TermMonotonic ==
  [][\A i \in Server :
       LET old == disk[i].durable
           new == disk'[i].durable
       IN /\ new.currentTerm >= old.currentTerm
          /\ new.currentTerm = old.currentTerm /\ old.votedFor # Nil => new.votedFor = old.votedFor]_vars

\* Who would still have the committed entry k after all power is lost.
OnDisk(i, k) == LET d == disk[i].durable IN
  k <= d.snapshot.index \/ (k - d.snapshot.index <= Len(d.log) /\ d.log[k - d.snapshot.index].term = committed[k].term
                                                             /\ d.log[k - d.snapshot.index].value = committed[k].value)
\* What is committed is on a replication quorum of disks.
DurableAcknowledged == \A k \in DOMAIN committed : Cardinality({i \in Voter : OnDisk(i, k)}) >= ReplicationQuorum

\* What a server applies at place k. What a snapshot stands for is not looked into: it was applied before it was taken.
Applied(n, k) == IF Holds(n, k) THEN EntriesOf(n, k, k)[1]
                 ELSE IF k <= n.logStart.index /\ k \in DOMAIN committed THEN [term |-> committed[k].term, value |-> committed[k].value]
                 ELSE Nil

\* The abstract log.
IsReplicationQuorum(S) == Cardinality(S \cap Voter) >= ReplicationQuorum
Abstract == INSTANCE ReplicatedLog WITH
  IsQuorum <- IsReplicationQuorum,
  log <- [k \in DOMAIN committed |-> [term |-> committed[k].term, value |-> committed[k].value]],
  known <- [i \in Server |-> [k \in 1..node[i].commitIndex |-> Applied(node[i], k)]],
  copies <- [i \in Server |-> {k \in DOMAIN committed : OnDisk(i, k)}]
Refinement == Abstract!Spec
=============================================================================
