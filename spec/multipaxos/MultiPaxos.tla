----------------------------- MODULE MultiPaxos -----------------------------
(***************************************************************************)
(* Multi-Paxos as protocols/multipaxos implements it: one Paxos instance   *)
(* per slot, one Phase 1 over the whole open suffix, Phase 2 for each slot *)
(* (Lamport 2001), a watermark that tells what is decided, learning of     *)
(* what was missed, snapshots, leases and quorum reads. The disk is part   *)
(* of it: a message that tells of a write is held behind it.               *)
(*                                                                         *)
(* One action is one input of a replica, run to completion. What the       *)
(* replica then does by itself (BecomeLeader, Decide, ...) are urgent      *)
(* actions: `todo` lists them, and nothing else fires while it is not      *)
(* empty anywhere. Bounds are in MC*.tla.                                  *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC, Log

VARIABLES
  \* The cluster and its settings; never change.
  config,
  \* What each replica has in memory.
  node,
  \* What each replica has on disk, and the writes that are not there yet, each with the messages held behind it.
  disk,
  \* The network: a bag, as a function from messages to how many there are.
  messages,
  \* Observation: what the last action said, whether it left or is held, and this step's write so far. No part of the state.
  step

vars == <<config, node, disk, messages, step>>
NoStep == [sent |-> {}, wrote |-> << >>]

-----------------------------------------------------------------------------
(* Helpers: numbers, members, ballots *)

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
SeqToSet(s) == {s[k] : k \in DOMAIN s}

\* config.order lists all members by ordinal; config.voters are those that count.
Members == SeqToSet(config.order)
Voters == config.voters
Ordinal(i) == CHOOSE k \in DOMAIN config.order : config.order[k] = i
Peers(i) == Members \ {i}
VoterPeers(i) == Voters \ {i}
PeerSeq(i) == LET Other(j) == j # i IN SelectSeq(config.order, Other)
IsElectionQuorum(Q) == Cardinality(Q) >= config.electionQuorum
IsReplicationQuorum(Q) == Cardinality(Q) >= config.replicationQuorum

\* A ballot is counter * 65536 + ordinal, so that two proposers never use the same one. 0: none.
Owners == 65536
OwnerOf(ballot) == ballot % Owners
Owns(i, ballot) == OwnerOf(ballot) \in DOMAIN config.order /\ config.order[OwnerOf(ballot)] = i
NextBallot(i, n) == (Max(n.promisedBallot, n.highestSeen) \div Owners + 1) * Owners + Ordinal(i)
LeaderId(n) == IF n.leaderBallot = 0 THEN "" ELSE config.order[OwnerOf(n.leaderBallot)]

\* Stickiness towards nobody, or towards everybody (after a restart: to whom a lease was granted is forgotten).
Nobody == 0
Everybody == Owners

-----------------------------------------------------------------------------
(* Helpers: logs. A log is the sequence of the slots above `compacted`; a hole has ballot 0. *)

HoleAt(slot) == [slot |-> slot, ballot |-> 0, value |-> "hole"]
Noop(slot, ballot) == [slot |-> slot, ballot |-> ballot, value |-> "noop"]
IsHeld(e) == e.ballot # 0
LastSlot(n) == n.compacted + LogLen(n.log)
Holds(n, slot) == slot > n.compacted /\ slot <= LastSlot(n) /\ IsHeld(LogAt(n.log, slot - n.compacted))
EntryAt(n, slot) == LogAt(n.log, slot - n.compacted)
HeldFrom(n, slot) == SelectSeq(LogEntries(n.log, Max(slot, n.compacted + 1) - n.compacted, LogLen(n.log)), IsHeld)

PutIn(log, base, e) ==
  LET at == e.slot - base
      end == LogLen(log)
  IN IF at <= end THEN LogWith(log, at, e)
     ELSE IF at = end + 1 THEN LogAppend(log, <<e>>)
     ELSE LogAppend(log, [k \in 1..(at - end) |-> IF end + k = at THEN e ELSE HoleAt(base + end + k)])

RECURSIVE PutAll(_, _, _, _)
PutAll(log, base, entries, from) ==
  IF from > Len(entries) THEN log ELSE PutAll(PutIn(log, base, entries[from]), base, entries, from + 1)

\* Drops slots up to `slot`; `base` is what was dropped before.
DropTo(log, base, slot) == IF slot <= base THEN log ELSE LogPart(log, slot - base + 1, LogLen(log))

Without(f, S) == [x \in DOMAIN f \ S |-> f[x]]

-----------------------------------------------------------------------------
(* Helpers: the network *)

NoMessages == << >>
Sent(bag, S) == [m \in DOMAIN bag \cup S |-> (IF m \in DOMAIN bag THEN bag[m] ELSE 0) + (IF m \in S THEN 1 ELSE 0)]
Joined(bag, more) ==
  [m \in DOMAIN bag \cup DOMAIN more |->
    (IF m \in DOMAIN bag THEN bag[m] ELSE 0) + (IF m \in DOMAIN more THEN more[m] ELSE 0)]
Taken(bag, m) == IF bag[m] = 1 THEN Without(bag, {m}) ELSE [bag EXCEPT ![m] = @ - 1]

\* What a model changes: messages that its network always loses, and whether what was sent stays for ever.
Reaches(S) == {m \in S : m.type \notin config.lost}
Received(bag, m) == IF config.keeps THEN bag ELSE Taken(bag, m)
Put(bag, S) ==
  IF S = {} THEN bag
  ELSE IF config.keeps THEN [m \in DOMAIN bag \cup S |-> 1] ELSE Sent(bag, S)
PutBag(bag, more) ==
  IF more = NoMessages THEN bag
  ELSE IF config.keeps THEN [m \in DOMAIN bag \cup DOMAIN more |-> 1] ELSE Joined(bag, more)

-----------------------------------------------------------------------------
(* Helpers: roles *)

NoQuery(sequence) == [sequence |-> sequence, open |-> FALSE, answered |-> {}, acceptedSlot |-> 0]

\* Everything that belongs to a candidacy or a leadership.
Reset(i, n) ==
  [n EXCEPT !.ballot = 0, !.granted = {}, !.recovered = << >>, !.nextSlot = 0, !.recoveryEnd = 0, !.learnTo = 0,
            !.votes = << >>, !.queue = << >>, !.heartbeats = 0, !.acked = [j \in VoterPeers(i) |-> 0], !.lease = 0]

ForgetLeader(n) == [n EXCEPT !.leaderBallot = 0, !.leaderDecided = 0]

GiveWay(i, n) ==
  IF n.role \in {"follower", "learner"} THEN n
  ELSE [Reset(i, IF n.role = "leader" THEN ForgetLeader(n) ELSE n) EXCEPT !.role = "follower"]

\* Accepting raises the promise as promising does (Lamport 2001, P1a).
RaisePromise(i, n, ballot) ==
  IF ballot <= n.promisedBallot THEN n
  ELSE ForgetLeader(GiveWay(i, [n EXCEPT !.promisedBallot = ballot]))

StickyAgainst(n, owner) == config.stickiness /\ n.sticky \notin {Nobody, owner}

\* `over`: the time for which it was bound has passed.
Unstuck(n, over) == IF over THEN [n EXCEPT !.sticky = Nobody] ELSE n

\* An established leader's message of a ballot that is not below the promise.
Observe(i, n, m) ==
  LET raised == GiveWay(i, RaisePromise(i, n, m.ballot))
      known == IF raised.leaderBallot = m.ballot THEN raised
               ELSE [raised EXCEPT !.leaderBallot = m.ballot, !.leaderDecided = 0]
  IN [known EXCEPT !.leaderDecided = Max(@, m.decidedIndex),
                   !.knownDecided = Max(@, m.decidedIndex),
                   !.sticky = IF config.stickiness THEN OwnerOf(m.ballot) ELSE @]

\* A slot is decided: the prefix grows, and a question may be answered.
WithDecided(n, slot) ==
  LET known == Max(n.knownDecided, slot)
  IN [n EXCEPT !.decided = slot, !.knownDecided = known, !.learning = @ /\ slot < known]

-----------------------------------------------------------------------------
(* Helpers: what a step ends with. `todo` holds what the replica will do by itself, in order. *)

CanDecide(n) ==
  LET slot == n.decided + 1
  IN IF n.role = "leader" THEN slot \in DOMAIN n.votes /\ IsReplicationQuorum(n.votes[slot])
     ELSE slot <= n.leaderDecided /\ Holds(n, slot) /\ EntryAt(n, slot).ballot = n.leaderBallot

IsDue(i, n, rule) ==
  CASE rule.name = "Prepare" -> n.role = "probing" /\ IsElectionQuorum(n.granted)
    [] rule.name = "BecomeLeader" -> n.role = "candidate" /\ i \in n.granted /\ IsElectionQuorum(n.granted)
    [] rule.name = "Decide" -> CanDecide(n)
    [] rule.name = "Decided" -> n.role = "leader" /\ config.decideNotice /\ n.decided > rule.before
                                /\ n.votes = << >> /\ n.queue = << >>
    [] rule.name = "LearnRequest" -> n.decided < n.knownDecided
                                     /\ (~n.learning \/ (rule.helper # "" /\ n.decided > rule.before))
    [] rule.name = "FillHoles" -> TRUE
    [] rule.name = "Propose" -> n.queue # << >> /\ Cardinality(DOMAIN n.votes) < config.window

RECURSIVE Settled(_, _)
Settled(i, n) ==
  IF n.todo = << >> THEN [n EXCEPT !.wrote = FALSE]
  ELSE IF IsDue(i, n, Head(n.todo)) THEN n
  ELSE Settled(i, [n EXCEPT !.todo = Tail(@)])

Rule(name) == [name |-> name, before |-> 0, helper |-> "", slot |-> 0]
\* Requests that waited for the window move up at the end of every step.
Then(rules) == Append(rules, Rule("Propose"))

\* Whether a message that tells of a write is held back: as long as any write is under way.
MustWait(pending) == pending # << >>

Nothing == [put |-> << >>, stage |-> FALSE, snapshot |-> 0, now |-> {}, later |-> {}]

WriteOf(n, out) ==
  [promisedBallot |-> n.promisedBallot, decidedIndex |-> n.decided, snapshot |-> out.snapshot, entries |-> out.put,
   held |-> NoMessages]

\* One write a step at most; what the replica does by itself afterwards goes into the same one.
PendingAfter(pending, n, out) ==
  LET stages == out.stage \/ out.put # << >> \/ out.snapshot # 0
      last == Len(pending)
  IN IF n.wrote THEN [pending EXCEPT ![last] = [@ EXCEPT !.promisedBallot = n.promisedBallot,
                                                         !.decidedIndex = n.decided, !.entries = @ \o out.put]]
     ELSE IF stages THEN Append(pending, WriteOf(n, out)) ELSE pending

\* The step of i ends in n (with its log already changed) and says `out`; `net` is the network without what was received.
\* Messages in `later` wait for the latest write.
Finish(i, n, out, todo, net) ==
  LET pending == PendingAfter(disk[i].pending, n, out)
      wrote == n.wrote \/ Len(pending) > Len(disk[i].pending)
      last == Len(pending)
      later == Reaches(out.later)
      now == Reaches(out.now)
      held == later # {} /\ MustWait(pending)
  IN /\ node' = [node EXCEPT ![i] = Settled(i, [n EXCEPT !.todo = todo, !.wrote = wrote])]
     /\ disk' = IF pending = disk[i].pending /\ ~held THEN disk
                ELSE [disk EXCEPT ![i].pending = IF held THEN [pending EXCEPT ![last].held = Put(@, later)] ELSE pending]
     /\ messages' = Put(net, IF held THEN now ELSE now \cup later)
     /\ step' = [sent |-> out.now \cup out.later,
                 wrote |-> IF wrote THEN <<[pending[last] EXCEPT !.held = NoMessages]>> ELSE << >>]
     /\ UNCHANGED config

To(i, S, m) == {[from |-> i, to |-> j] @@ m : j \in S}
Stored(n, entries) == [n EXCEPT !.log = PutAll(@, n.compacted, entries, 1)]

\* Nobody is in the middle of a step.
Quiet == \A i \in DOMAIN node : node[i].todo = << >>
\* The first thing i does by itself.
IsNext(i, name) == node[i].todo # << >> /\ Head(node[i].todo).name = name
Rest(i) == Tail(node[i].todo)

-----------------------------------------------------------------------------
(* Init *)

NodeAt(i, incarnation, durable) ==
  [role |-> IF i \in Voters THEN "follower" ELSE "learner",
   incarnation |-> incarnation,
   promisedBallot |-> durable.promisedBallot,
   log |-> durable.log,
   compacted |-> durable.snapshot,
   snapshot |-> durable.snapshot,
   decided |-> Max(durable.snapshot, durable.decidedIndex),
   knownDecided |-> Max(durable.snapshot, durable.decidedIndex),
   learning |-> FALSE,
   learnAttempt |-> 0,
   learnSource |-> "",
   snapshotsTo |-> {},
   ballot |-> 0,
   highestSeen |-> 0,
   leaderBallot |-> 0,
   leaderDecided |-> 0,
   granted |-> {},
   recovered |-> << >>,
   nextSlot |-> 0,
   recoveryEnd |-> 0,
   learnTo |-> 0,
   votes |-> << >>,
   queue |-> << >>,
   heartbeats |-> 0,
   acked |-> [j \in VoterPeers(i) |-> 0],
   query |-> NoQuery(0),
   \* Abstract time: whom this acceptor is bound to, and the heartbeat that this leader's lease rests on (0: none).
   sticky |-> IF config.stickiness /\ durable.promisedBallot # 0 THEN Everybody ELSE Nobody,
   lease |-> 0,
   \* Not empty, and possibly TRUE, in the middle of a step only.
   todo |-> << >>,
   wrote |-> FALSE]

NothingDurable == [promisedBallot |-> 0, decidedIndex |-> 0, snapshot |-> 0, log |-> EmptyLog]

Init ==
  /\ node = [i \in Members |-> NodeAt(i, 1, NothingDurable)]
  /\ disk = [i \in Members |-> [durable |-> NothingDurable, pending |-> << >>, unheard |-> << >>]]
  /\ messages = NoMessages
  /\ step = NoStep

-----------------------------------------------------------------------------
(* Election *)

\* The leader timeout, with stickiness: asks first whether an election quorum would promise. Changes nothing elsewhere.
Probe(i, over) ==
  LET n == Unstuck(node[i], over)
      ballot == NextBallot(i, n)
  IN /\ Quiet
     /\ config.stickiness /\ n.role \in {"follower", "probing", "candidate"} /\ ~StickyAgainst(n, Ordinal(i))
     /\ Finish(i, [ForgetLeader(Reset(i, n)) EXCEPT !.role = "probing", !.ballot = ballot, !.granted = {i}],
               [Nothing EXCEPT !.now = To(i, VoterPeers(i), [type |-> "Probe", ballot |-> ballot])],
               Then(<<Rule("Prepare")>>), messages)

HandleProbe(i, m, over) ==
  LET n == Unstuck(node[i], over)
      granted == m.ballot > n.promisedBallot /\ ~StickyAgainst(n, OwnerOf(m.ballot))
      reply == [type |-> "ProbeReply", ballot |-> m.ballot, granted |-> granted, promisedBallot |-> n.promisedBallot]
  IN /\ Quiet
     /\ Finish(i, n, [Nothing EXCEPT !.now = IF i \in Voters THEN To(i, {m.from}, reply) ELSE {}],
               Then(<< >>), Received(messages, m))

HandleProbeReply(i, m) ==
  LET n == [node[i] EXCEPT !.highestSeen = Max(@, m.promisedBallot)]
      counts == n.role = "probing" /\ m.ballot = n.ballot /\ m.granted /\ m.from \in Voters \ n.granted
  IN /\ Quiet
     /\ Finish(i, IF counts THEN [n EXCEPT !.granted = @ \cup {m.from}] ELSE n, Nothing,
               Then(IF counts THEN <<Rule("Prepare")>> ELSE << >>), Received(messages, m))

\* Phase 1a. The own acceptor promises first, and the messages wait for that write: no ballot is used in two lives.
\* After a probe, or at the leader timeout where there is no stickiness.
Prepare(i) ==
  LET n == node[i]
      ballot == NextBallot(i, n)
      prepare == [type |-> "Prepare", ballot |-> ballot, fromSlot |-> n.decided + 1]
  IN /\ \/ IsNext(i, "Prepare")
        \/ Quiet /\ ~config.stickiness /\ n.role \in {"follower", "probing", "candidate"}
     /\ Finish(i, [ForgetLeader(Reset(i, n)) EXCEPT !.role = "candidate", !.ballot = ballot, !.promisedBallot = ballot],
               [Nothing EXCEPT !.stage = TRUE, !.later = To(i, VoterPeers(i), prepare)],
               IF IsNext(i, "Prepare") THEN Rest(i) ELSE Then(<< >>), messages)

\* Phase 1b: reports everything accepted above what both know to be decided.
HandlePrepare(i, m, over) ==
  LET n == Unstuck(node[i], over)
      nack == [type |-> "Nack", ballot |-> m.ballot, promisedBallot |-> n.promisedBallot]
      refused == m.ballot < n.promisedBallot
                 \/ (m.ballot > n.promisedBallot /\ StickyAgainst(n, OwnerOf(m.ballot)))
      promise == [type |-> "Promise", ballot |-> m.ballot, decidedIndex |-> n.decided,
                  entries |-> HeldFrom(n, Max(m.fromSlot, n.decided + 1))]
      net == Received(messages, m)
  IN /\ Quiet
     /\ IF i \notin Voters \/ ~Owns(m.from, m.ballot) THEN Finish(i, n, Nothing, Then(<< >>), net)
        ELSE IF refused THEN Finish(i, n, [Nothing EXCEPT !.now = To(i, {m.from}, nack)], Then(<< >>), net)
        ELSE Finish(i, RaisePromise(i, n, m.ballot),
                    [Nothing EXCEPT !.stage = m.ballot > n.promisedBallot, !.later = To(i, {m.from}, promise)],
                    Then(<< >>), net)

-----------------------------------------------------------------------------
(* Recovery *)

\* The highest-ballot report of each slot, merged by slot (Lamport 2001, P2c).
Merged(recovered, entries) ==
  LET reported == {entries[k] : k \in DOMAIN entries}
      slots == DOMAIN recovered \cup {e.slot : e \in reported}
      Best(slot) ==
        LET new == {e \in reported : e.slot = slot}
            old == IF slot \in DOMAIN recovered THEN {recovered[slot]} ELSE {}
        IN CHOOSE e \in new \cup old : \A f \in new \cup old : f.ballot <= e.ballot
  IN [slot \in slots |-> Best(slot)]

HandlePromise(i, m) ==
  LET n == node[i]
      counts == n.role = "candidate" /\ m.ballot = n.ballot /\ m.from \in Voters \ n.granted
      ahead == m.decidedIndex > n.learnTo
  IN /\ Quiet
     /\ IF ~counts THEN Finish(i, n, Nothing, Then(<< >>), Received(messages, m))
        ELSE Finish(i, [n EXCEPT !.recovered = Merged(@, m.entries), !.granted = @ \cup {m.from},
                                 !.learnTo = Max(@, m.decidedIndex), !.learnSource = IF ahead THEN m.from ELSE @,
                                 !.knownDecided = Max(@, m.decidedIndex)],
                    Nothing, Then(<<Rule("BecomeLeader")>>), Received(messages, m))

AcceptOf(n, entries) ==
  [type |-> "Accept", ballot |-> n.ballot, decidedIndex |-> n.decided, entries |-> entries]
HeartbeatOf(n) ==
  [type |-> "Heartbeat", ballot |-> n.ballot, sequence |-> n.heartbeats, decidedIndex |-> n.decided]

\* The own acceptor's value is one of the reports; a slot that nobody reported takes a no-op.
Recovered(n, slot) ==
  LET reports == (IF Holds(n, slot) THEN {EntryAt(n, slot)} ELSE {})
                 \cup (IF slot \in DOMAIN n.recovered THEN {n.recovered[slot]} ELSE {})
  IN IF reports = {} THEN Noop(slot, n.ballot)
     ELSE [(CHOOSE e \in reports : \A f \in reports : f.ballot <= e.ballot) EXCEPT !.ballot = n.ballot]

\* Urgent. The own promise is durable and an election quorum promised: proposes every open slot again, in its ballot.
\* What was told to be decided is learned, never proposed, so a leader may be behind its followers.
BecomeLeader(i) ==
  LET n == node[i]
      learnTo == Max(n.learnTo, n.decided)
      tops == {Max(learnTo, LastSlot(n))} \cup DOMAIN n.recovered
      end == CHOOSE top \in tops : \A other \in tops : other <= top
      entries == [k \in 1..(end - learnTo) |-> Recovered(n, learnTo + k)]
      led == [n EXCEPT !.role = "leader", !.leaderBallot = n.ballot, !.leaderDecided = 0, !.learnTo = learnTo,
                       !.nextSlot = end + 1, !.recoveryEnd = end, !.recovered = << >>, !.granted = {},
                       !.votes = [slot \in (learnTo + 1)..end |-> {}], !.heartbeats = 1]
      accepts == IF entries = << >> THEN {} ELSE To(i, Peers(i), AcceptOf(led, entries))
  IN /\ IsNext(i, "BecomeLeader")
     /\ Finish(i, Stored(led, entries),
               [Nothing EXCEPT !.put = entries, !.now = accepts \cup To(i, Peers(i), HeartbeatOf(led))],
               <<Rule("LearnRequest")>> \o Rest(i), messages)

-----------------------------------------------------------------------------
(* Replication: the leader *)

\* n proposes these values from its next slot on.
Proposed(n, values) == [k \in 1..Len(values) |-> [slot |-> n.nextSlot + k - 1, ballot |-> n.ballot, value |-> values[k]]]
WithProposals(n, entries) ==
  [Stored(n, entries) EXCEPT !.nextSlot = @ + Len(entries),
                             !.votes = [slot \in {entries[k].slot : k \in DOMAIN entries} |-> {}] @@ @]
ProposeNow(i, n, entries, todo) ==
  Finish(i, WithProposals(n, entries),
         [Nothing EXCEPT !.put = entries, !.now = To(i, Peers(i), AcceptOf(n, entries))], todo, messages)

\* A request takes the next slot, or waits for the window. Phase 2a is not held for the disk: the ballot is never used again.
ClientRequest(i, value) ==
  LET n == node[i]
  IN /\ Quiet
     /\ n.role = "leader"
     /\ IF n.queue # << >> \/ Cardinality(DOMAIN n.votes) >= config.window
        THEN Finish(i, [n EXCEPT !.queue = Append(@, value)], Nothing, Then(<< >>), messages)
        ELSE ProposeNow(i, n, Proposed(n, <<value>>), Then(<< >>))

\* Urgent. Requests that waited move into the window, as one message.
Propose(i) ==
  LET n == node[i]
      room == Min(Len(n.queue), config.window - Cardinality(DOMAIN n.votes))
  IN /\ IsNext(i, "Propose")
     /\ ProposeNow(i, [n EXCEPT !.queue = SubSeq(@, room + 1, Len(@))], Proposed(n, SubSeq(n.queue, 1, room)), Rest(i))

HandleAccepted(i, m) ==
  LET n == node[i]
      counts == n.role = "leader" /\ m.ballot = n.ballot /\ m.from \in Voters
      slots == SeqToSet(m.slots)
      voted == [n EXCEPT !.votes = [slot \in DOMAIN @ |-> IF slot \in slots THEN @[slot] \cup {m.from} ELSE @[slot]]]
  IN /\ Quiet
     /\ Finish(i, IF counts THEN voted ELSE n, Nothing,
               Then(IF counts THEN <<Rule("Decide"), [Rule("Decided") EXCEPT !.before = n.decided]>> ELSE << >>),
               Received(messages, m))

\* Urgent. A leader: the next slot was accepted by a replication quorum. Others: it is at or below the watermark of the
\* leader of the ballot they accepted it in. Slots are applied in order, without gaps.
Decide(i) ==
  LET n == node[i]
      slot == n.decided + 1
  IN /\ IsNext(i, "Decide")
     /\ Finish(i, [WithDecided(n, slot) EXCEPT !.votes = Without(@, {slot})], Nothing, node[i].todo, messages)

\* Urgent. Nothing else is about to carry the watermark.
Decided(i) ==
  LET n == node[i]
  IN /\ IsNext(i, "Decided")
     /\ Finish(i, n, [Nothing EXCEPT !.now =
                        To(i, Peers(i), [type |-> "Decided", ballot |-> n.ballot, decidedIndex |-> n.decided])],
               Rest(i), messages)

Heartbeat(i) ==
  LET n == [node[i] EXCEPT !.heartbeats = @ + 1]
  IN /\ Quiet
     /\ n.role = "leader"
     /\ Finish(i, n, [Nothing EXCEPT !.now = To(i, Peers(i), HeartbeatOf(n))], Then(<< >>), messages)

\* The heartbeat that a replication quorum acknowledged; the leader's own acceptor is bound like the others.
LeaseOf(i, n) ==
  LET acked == (i :> n.heartbeats) @@ n.acked
      good == {s \in {acked[j] : j \in DOMAIN acked} : IsReplicationQuorum({j \in DOMAIN acked : acked[j] >= s})}
  IN IF good = {} THEN 0 ELSE CHOOSE s \in good : \A t \in good : t <= s

HandleHeartbeatAck(i, m) ==
  LET n == node[i]
      counts == n.role = "leader" /\ m.ballot = n.ballot /\ m.from \in Voters
      newer == counts /\ m.sequence > n.acked[m.from] /\ m.sequence <= n.heartbeats
      acked == IF newer THEN [n EXCEPT !.acked[m.from] = m.sequence] ELSE n
      lease == LeaseOf(i, acked)
      leased == IF newer /\ config.stickiness /\ lease > n.lease
                THEN [acked EXCEPT !.lease = lease, !.sticky = Ordinal(i)] ELSE acked
      fill == [Rule("FillHoles") EXCEPT !.slot = Min(m.acceptedSlot, n.nextSlot + config.window - 1)]
  IN /\ Quiet
     /\ Finish(i, leased, Nothing, Then(IF counts /\ m.acceptedSlot >= n.nextSlot THEN <<fill>> ELSE << >>),
               Received(messages, m))

\* Urgent. An acceptor outside the Phase 1 quorum holds a value above the log's end. It can no longer be chosen, but a
\* quorum read may wait for its slot.
FillHoles(i) ==
  LET n == node[i]
      slots == Head(n.todo).slot - n.nextSlot + 1
  IN /\ IsNext(i, "FillHoles")
     /\ ProposeNow(i, n, Proposed(n, [k \in 1..slots |-> "noop"]), Rest(i))

\* Permission: a leader may give way at any time (it does when no replication quorum answers).
StepDown(i) ==
  /\ Quiet
  /\ node[i].role = "leader"
  /\ Finish(i, GiveWay(i, node[i]), Nothing, Then(<< >>), messages)

\* Preempted (van Renesse & Altinbuken 2015), unless the acceptor only waits out a lease.
HandleNack(i, m) ==
  LET n == [node[i] EXCEPT !.highestSeen = Max(@, m.promisedBallot)]
      preempted == n.role \in {"candidate", "leader"} /\ m.ballot = n.ballot /\ m.promisedBallot > n.ballot
  IN /\ Quiet
     /\ Finish(i, IF preempted THEN GiveWay(i, n) ELSE n, Nothing, Then(<< >>), Received(messages, m))

\* Permission: says again, to some of those who have not answered, what was said before. The messages are the argument.
CanRepeat(i, m) ==
  LET n == node[i]
  IN /\ m.from = i /\ m.to \in VoterPeers(i)
     /\ CASE m.type = "Probe" -> n.role = "probing" /\ m.ballot = n.ballot /\ m.to \notin n.granted
          [] m.type = "Prepare" -> /\ n.role = "candidate" /\ m.ballot = n.ballot /\ m.to \notin n.granted
                                   /\ m.fromSlot = n.decided + 1
          [] m.type = "Accept" -> /\ n.role = "leader" /\ m.ballot = n.ballot /\ m.decidedIndex = n.decided
                                  /\ m.entries # << >>
                                  /\ \A k \in DOMAIN m.entries :
                                       LET e == m.entries[k]
                                       IN /\ e.slot \in DOMAIN n.votes /\ e = EntryAt(n, e.slot)
                                          /\ m.to \notin n.votes[e.slot]
          [] m.type = "ReadQuery" -> /\ n.query.open /\ m.sequence = n.query.sequence
                                     /\ m.incarnation = n.incarnation
          [] OTHER -> FALSE

Retransmit(i, S) ==
  /\ Quiet
  /\ \A m \in S : CanRepeat(i, m)
  /\ Finish(i, node[i], [Nothing EXCEPT !.now = {m \in S : m.type # "Prepare"},
                                        !.later = {m \in S : m.type = "Prepare"}], Then(<< >>), messages)

-----------------------------------------------------------------------------
(* Replication: acceptors and learners *)

\* Does `Do` with the replica that has observed the leader, or refuses it.
FromLeader(i, m, Do(_)) ==
  LET n == node[i]
      nack == [type |-> "Nack", ballot |-> m.ballot, promisedBallot |-> n.promisedBallot]
  IN /\ Quiet
     /\ IF ~Owns(m.from, m.ballot) THEN Finish(i, n, Nothing, Then(<< >>), Received(messages, m))
        ELSE IF m.ballot < n.promisedBallot
        THEN Finish(i, n, [Nothing EXCEPT !.now = IF i \in Voters THEN To(i, {m.from}, nack) ELSE {}],
                    Then(<< >>), Received(messages, m))
        \* TLC evaluates an argument at each use, and this once.
        ELSE \E seen \in {Observe(i, n, m)} : Do(seen)

AfterLeader == Then(<<Rule("Decide"), Rule("LearnRequest")>>)

\* Phase 2b, held until the latest write is durable: a slot that was accepted before is acknowledged again.
HandleAccept(i, m) ==
  LET Do(n) ==
        LET New(e) == e.slot > n.decided /\ (~Holds(n, e.slot) \/ EntryAt(n, e.slot).ballot < e.ballot)
            entries == SelectSeq(m.entries, New)
            accepted == [type |-> "Accepted", ballot |-> m.ballot,
                         slots |-> [k \in DOMAIN m.entries |-> m.entries[k].slot]]
        IN Finish(i, Stored(n, entries),
                  [Nothing EXCEPT !.put = entries, !.stage = m.ballot > node[i].promisedBallot,
                                  !.later = IF i \in Voters THEN To(i, {m.from}, accepted) ELSE {}],
                  AfterLeader, Received(messages, m))
  IN FromLeader(i, m, Do)

\* The grant of a lease is a promise about time, not held for the disk.
HandleHeartbeat(i, m) ==
  LET Do(n) ==
        LET ack == [type |-> "HeartbeatAck", ballot |-> m.ballot, sequence |-> m.sequence, acceptedSlot |-> LastSlot(n)]
        IN Finish(i, n, [Nothing EXCEPT !.stage = m.ballot > node[i].promisedBallot,
                                        !.now = IF i \in Voters THEN To(i, {m.from}, ack) ELSE {}],
                  AfterLeader, Received(messages, m))
  IN FromLeader(i, m, Do)

HandleDecided(i, m) ==
  LET Do(n) == Finish(i, n, [Nothing EXCEPT !.stage = m.ballot > node[i].promisedBallot],
                      AfterLeader, Received(messages, m))
  IN FromLeader(i, m, Do)

-----------------------------------------------------------------------------
(* Catch-up *)

\* The leader, or who told of the decision, is asked first; then every peer in turn.
LearnTarget(i, n, attempt) ==
  LET known == IF n.role # "leader" /\ n.leaderBallot # 0 THEN LeaderId(n) ELSE n.learnSource
      peers == PeerSeq(i)
  IN IF attempt = 0 /\ known # "" THEN known ELSE peers[(attempt % Len(peers)) + 1]

Ask(i, n, j, todo) ==
  Finish(i, n, [Nothing EXCEPT !.now = To(i, {j}, [type |-> "LearnRequest", fromSlot |-> n.decided + 1])], todo, messages)

\* Urgent. Something is decided that this replica lacks. An answer that helped asks the same peer on.
LearnRequest(i, j) ==
  LET n == [node[i] EXCEPT !.learning = TRUE, !.learnAttempt = 0]
  IN /\ IsNext(i, "LearnRequest")
     /\ j = IF node[i].learning THEN Head(node[i].todo).helper ELSE LearnTarget(i, n, 0)
     /\ Ask(i, n, j, Rest(i))

LearnTimeout(i, j) ==
  LET n == [node[i] EXCEPT !.learnAttempt = (@ % Len(PeerSeq(i))) + 1]
  IN /\ Quiet
     /\ n.learning
     /\ j = LearnTarget(i, n, n.learnAttempt)
     /\ Ask(i, n, j, Then(<< >>))

HandleLearnRequest(i, m) ==
  LET n == node[i]
      learn == [type |-> "Learn", decidedIndex |-> n.decided,
                entries |-> LogEntries(n.log, m.fromSlot - n.compacted, n.decided - n.compacted)]
      install == [type |-> "InstallSnapshot", decidedIndex |-> n.snapshot]
      net == Received(messages, m)
  IN /\ Quiet
     /\ IF m.fromSlot > n.decided THEN Finish(i, n, Nothing, Then(<< >>), net)
        ELSE IF m.fromSlot > n.compacted
        THEN Finish(i, n, [Nothing EXCEPT !.now = To(i, {m.from}, learn)], Then(<< >>), net)
        ELSE IF n.snapshot = 0 \/ m.from \in n.snapshotsTo THEN Finish(i, n, Nothing, Then(<< >>), net)
        ELSE Finish(i, [n EXCEPT !.snapshotsTo = @ \cup {m.from}],
                    [Nothing EXCEPT !.now = To(i, {m.from}, install)], Then(<< >>), net)

\* A chosen value counts as an Accept of its ballot sent again. A value held under a ballot at least as high is the same.
HandleLearn(i, m) ==
  LET n == node[i]
      Unknown(e) == e.slot > n.decided
      rest == SelectSeq(m.entries, Unknown)
      taken == IF rest # << >> /\ rest[1].slot = n.decided + 1 THEN rest ELSE << >>
      ballots == {n.promisedBallot} \cup {taken[k].ballot : k \in DOMAIN taken}
      ballot == CHOOSE b \in ballots : \A c \in ballots : c <= b
      New(e) == ~Holds(n, e.slot) \/ EntryAt(n, e.slot).ballot < e.ballot
      entries == SelectSeq(taken, New)
      known == [n EXCEPT !.knownDecided = Max(@, m.decidedIndex)]
      raised == Stored(RaisePromise(i, known, ballot), entries)
      learned == IF taken = << >> THEN known
                 ELSE [WithDecided(raised, n.decided + Len(taken)) EXCEPT
                         !.votes = Without(@, (n.decided + 1)..(n.decided + Len(taken)))]
  IN /\ Quiet
     /\ Finish(i, learned, [Nothing EXCEPT !.put = entries, !.stage = ballot > n.promisedBallot],
               Then(<<Rule("Decide"), [Rule("LearnRequest") EXCEPT !.before = n.decided, !.helper = m.from]>>),
               Received(messages, m))

-----------------------------------------------------------------------------
(* Snapshots *)

\* On disk the prefix is dropped; in memory slots above `compacted` stay, to serve peers that lag.
TakeSnapshot(i, slot, compacted) ==
  LET n == node[i]
  IN /\ Quiet
     /\ slot > n.snapshot /\ slot <= n.decided /\ compacted >= n.compacted /\ compacted <= slot
     /\ Finish(i, [n EXCEPT !.snapshot = slot, !.compacted = compacted, !.log = DropTo(@, n.compacted, compacted)],
               [Nothing EXCEPT !.snapshot = slot], Then(<< >>), messages)

HandleInstallSnapshot(i, m) ==
  LET n == [node[i] EXCEPT !.knownDecided = Max(@, m.decidedIndex)]
      slot == m.decidedIndex
      given == [WithDecided(n, slot) EXCEPT !.snapshot = slot, !.compacted = slot,
                                            !.log = DropTo(@, n.compacted, slot), !.votes = Without(@, 1..slot)]
  IN /\ Quiet
     /\ IF slot <= n.decided THEN Finish(i, n, Nothing, Then(<< >>), Received(messages, m))
        ELSE Finish(i, IF n.role = "leader" /\ slot >= n.nextSlot THEN GiveWay(i, given) ELSE given,
                    [Nothing EXCEPT !.snapshot = slot], AfterLeader, Received(messages, m))

\* A transfer has ended, well or badly; its sender may have given it up before.
SnapshotSent(i, j) ==
  /\ Quiet
  /\ Finish(i, [node[i] EXCEPT !.snapshotsTo = @ \ {j}], Nothing, Then(<< >>), messages)

-----------------------------------------------------------------------------
(* Reads *)

\* By the leader alone, while its lease may hold: nothing changes.
CanServe(i) ==
  LET n == node[i]
  IN n.role = "leader" /\ n.decided >= n.recoveryEnd /\ n.lease > 0

\* Or by any replica, which asks an election quorum for the highest slot accepted (Charapko 2019).
Read(i) ==
  LET n == node[i]
      own == IF i \in Voters THEN {i} ELSE {}
      query == [sequence |-> n.query.sequence + 1, open |-> TRUE, answered |-> own,
                acceptedSlot |-> IF i \in Voters THEN LastSlot(n) ELSE 0]
      ask == [type |-> "ReadQuery", incarnation |-> n.incarnation, sequence |-> query.sequence]
  IN /\ Quiet
     /\ IF config.readMechanism = "lease" THEN CanServe(i) /\ step' = NoStep /\ UNCHANGED <<config, node, disk, messages>>
        ELSE /\ ~n.query.open
             /\ Finish(i, [n EXCEPT !.query = IF IsElectionQuorum(own) THEN NoQuery(query.sequence) ELSE query],
                       [Nothing EXCEPT !.now = To(i, VoterPeers(i), ask)], Then(<< >>), messages)

\* Told only once everything accepted is durable.
HandleReadQuery(i, m) ==
  LET n == node[i]
      reply == [type |-> "ReadReply", incarnation |-> m.incarnation, sequence |-> m.sequence,
                acceptedSlot |-> Max(LastSlot(n), n.decided)]
  IN /\ Quiet
     /\ Finish(i, n, [Nothing EXCEPT !.later = IF i \in Voters THEN To(i, {m.from}, reply) ELSE {}],
               Then(<< >>), Received(messages, m))

HandleReadReply(i, m) ==
  LET n == node[i]
      counts == /\ n.query.open /\ m.incarnation = n.incarnation /\ m.sequence = n.query.sequence
                /\ m.from \in Voters \ n.query.answered
      query == [n.query EXCEPT !.answered = @ \cup {m.from}, !.acceptedSlot = Max(@, m.acceptedSlot)]
  IN /\ Quiet
     /\ Finish(i, IF ~counts THEN n
                  ELSE [n EXCEPT !.query = IF IsElectionQuorum(query.answered) THEN NoQuery(@.sequence) ELSE query],
               Nothing, Then(<< >>), Received(messages, m))

-----------------------------------------------------------------------------
(* The disk, crashes, the network *)

WithWrite(durable, write) ==
  LET base == Max(durable.snapshot, write.snapshot)
      kept == DropTo(durable.log, durable.snapshot, base)
  IN [promisedBallot |-> write.promisedBallot, decidedIndex |-> write.decidedIndex, snapshot |-> base,
      log |-> PutAll(kept, base, write.entries, 1)]

RECURSIVE WithWrites(_, _, _)
WithWrites(durable, pending, k) ==
  IF k = 0 THEN durable ELSE WithWrites(WithWrite(durable, Head(pending)), Tail(pending), k - 1)

RECURSIVE Released(_, _, _)
Released(bag, pending, k) ==
  IF k = 0 THEN bag ELSE Released(PutBag(bag, Head(pending).held), Tail(pending), k - 1)

DurableBallot(durable, slot) ==
  LET at == slot - durable.snapshot IN IF at \in 1..LogLen(durable.log) THEN LogAt(durable.log, at).ballot ELSE 0

\* What replica i counts once it hears that `durable` is on its disk: its own promise, its own acceptances.
CountOwn(i, n, durable) ==
  CASE n.role = "candidate" /\ durable.promisedBallot = n.ballot -> [n EXCEPT !.granted = @ \cup {i}]
    [] n.role = "leader" ->
         [n EXCEPT !.votes = [slot \in DOMAIN @ |->
                                IF DurableBallot(durable, slot) = n.ballot THEN @[slot] \cup {i} ELSE @[slot]]]
    [] OTHER -> n

Heard(i, durable) ==
  LET rules == <<Rule("BecomeLeader"), Rule("Decide"), [Rule("Decided") EXCEPT !.before = node[i].decided]>>
  IN node' = [node EXCEPT ![i] = Settled(i, [CountOwn(i, node[i], durable) EXCEPT !.todo = Then(rules)])]

\* The k oldest writes are on stable storage: the messages behind them leave.
Sync(i, k) ==
  LET d == disk[i]
      durable == WithWrites(d.durable, d.pending, k)
  IN /\ Quiet
     /\ k >= 1 /\ k <= Len(d.pending)
     /\ disk' = [disk EXCEPT ![i] = [durable |-> durable, pending |-> SubSeq(d.pending, k + 1, Len(d.pending)),
                                     unheard |-> Append(d.unheard, durable)]]
     /\ messages' = Released(messages, d.pending, k)
     /\ step' = NoStep
     /\ UNCHANGED <<config, node>>

\* The replica hears of the oldest sync that it has not heard of.
Persist(i) ==
  /\ Quiet
  /\ disk[i].unheard # << >>
  /\ Heard(i, Head(disk[i].unheard))
  /\ disk' = [disk EXCEPT ![i].unheard = Tail(@)]
  /\ step' = NoStep
  /\ UNCHANGED <<config, messages>>

\* Both at once, as one choice of the environment: what the models do.
SyncPersist(i, k) ==
  LET d == disk[i]
      durable == WithWrites(d.durable, d.pending, k)
  IN /\ Quiet
     /\ k >= 1 /\ k <= Len(d.pending)
     /\ disk' = [disk EXCEPT ![i].durable = durable, ![i].pending = SubSeq(@, k + 1, Len(@))]
     /\ messages' = Released(messages, d.pending, k)
     /\ Heard(i, durable)
     /\ step' = NoStep
     /\ UNCHANGED config

\* Crash and boot in one. The k oldest pending writes survived, but what was held behind them never left.
Restart(i, k) ==
  LET d == disk[i]
      durable == WithWrites(d.durable, d.pending, k)
  IN /\ Quiet
     /\ k <= Len(d.pending)
     /\ disk' = [disk EXCEPT ![i] = [durable |-> durable, pending |-> << >>, unheard |-> << >>]]
     /\ node' = [node EXCEPT ![i] = NodeAt(i, @.incarnation + 1, durable)]
     /\ step' = NoStep
     /\ UNCHANGED <<config, messages>>

Drop(m) ==
  /\ Quiet
  /\ messages' = Taken(messages, m)
  /\ step' = NoStep
  /\ UNCHANGED <<config, node, disk>>

Duplicate(m) ==
  /\ Quiet
  /\ messages' = Sent(messages, {m})
  /\ step' = NoStep
  /\ UNCHANGED <<config, node, disk>>

-----------------------------------------------------------------------------
(* Abstract time *)

\* An acceptor is bound longer than a lease that rests on a heartbeat it acknowledged (leaseMs and the bound on clock drift).
\* An acknowledgement on its way may still renew a lease; if it is too late for that, it is as good as lost.
MayUnstick(j) ==
  \A i \in Voters :
    LET n == node[i]
    IN n.role = "leader" =>
         /\ ~(n.lease > 0 /\ (i = j \/ n.acked[j] >= n.lease))
         /\ \A m \in DOMAIN messages : ~(m.type = "HeartbeatAck" /\ m.from = j /\ m.to = i /\ m.ballot = n.ballot
                                         /\ m.sequence > n.acked[j])

LeaseEnds(i) ==
  /\ Quiet
  /\ node[i].lease > 0
  /\ node' = [node EXCEPT ![i].lease = 0]
  /\ step' = NoStep
  /\ UNCHANGED <<config, disk, messages>>

-----------------------------------------------------------------------------
(* What is seen of a state: the same text as specState and the harness's disk give. *)

\* Decided slots that are shown; below them every replica holds the same values.
DecidedShown == 8

InOrder(f) ==
  IF f = << >> THEN << >>
  ELSE LET slots == DOMAIN f
           from == CHOOSE s \in slots : \A t \in slots : s <= t
           to == CHOOSE s \in slots : \A t \in slots : t <= s
           Item(k) == LET s == from + k - 1 IN IF s \in slots THEN <<f[s]>> ELSE << >>
           Step[k \in 0..(to - from + 1)] == IF k = 0 THEN << >> ELSE Step[k - 1] \o Item(k)
       IN Step[to - from + 1]

NodeView(n) ==
  [role |-> n.role, incarnation |-> n.incarnation, promisedBallot |-> n.promisedBallot,
   log |-> HeldFrom(n, (n.decided + 1) - Min(n.decided, DecidedShown)),
   compacted |-> n.compacted, snapshot |-> n.snapshot, decided |-> n.decided, knownDecided |-> n.knownDecided,
   learning |-> n.learning, learnAttempt |-> n.learnAttempt, learnSource |-> n.learnSource,
   snapshotsTo |-> n.snapshotsTo, ballot |-> n.ballot, highestSeen |-> n.highestSeen,
   leaderBallot |-> n.leaderBallot, leaderDecided |-> n.leaderDecided, granted |-> n.granted,
   recovered |-> InOrder(n.recovered), nextSlot |-> n.nextSlot, recoveryEnd |-> n.recoveryEnd, learnTo |-> n.learnTo,
   votes |-> InOrder([slot \in DOMAIN n.votes |-> [slot |-> slot, by |-> n.votes[slot]]]),
   queue |-> n.queue, heartbeats |-> n.heartbeats, acked |-> n.acked, query |-> n.query]

DurableView(d) ==
  [promisedBallot |-> d.promisedBallot, decidedIndex |-> d.decidedIndex, snapshot |-> d.snapshot,
   log |-> SelectSeq(d.log, IsHeld)]

=============================================================================
