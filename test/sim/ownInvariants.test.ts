/** Each of a protocol's own invariants says something about the state that it forbids, and nothing about a sound one. */
import { expect, test } from "vitest";
import { runSimulation } from "../../harness/drivers/sim/index.js";
import {
  anyModule,
  type Entry,
  entryAt,
  type Invariant,
  lastIndex,
  type NodeId,
  type Protocol,
  type ProtocolModule,
  putEntry,
} from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { raft } from "../../protocols/raft/index.js";
import { zab } from "../../protocols/zab/index.js";
import { scenarioOf, specOf } from "./support.js";

interface Cluster<S> {
  readonly leader: S;
  readonly follower: S;
  readonly learner: S;
  readonly all: readonly S[];
}

/** Makes a sound cluster unsound; returns the replica whose step would have done it. */
type Plant<S> = (cluster: Cluster<S>) => S;

const CLUSTER = {
  nodes: (["voter", "voter", "voter", "learner"] as const).map((role) => ({ region: "home", role })),
  firstLeader: "n1",
};

/** Copies of the replicas at the end of a calm run: n1 leads, n2 and n3 follow, n4 learns. */
function calmCluster<P extends Protocol>(module: ProtocolModule<P>): Cluster<P["State"]> {
  const states = new Map<NodeId, P["State"]>();
  const step: typeof module.step = (state, input, nowMs) => {
    const effects = module.step(state, input, nowMs);
    states.set((state as { readonly id: NodeId }).id, state);
    return effects;
  };
  const scenario = scenarioOf([], { cluster: CLUSTER, durationMs: 1_000 });
  expect(runSimulation(specOf(anyModule({ ...module, step }), scenario, 1)).record.committed).toBeGreaterThan(20);
  const all = [...states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => module.clone(state));
  const [leader, follower, , learner] = all as [P["State"], P["State"], P["State"], P["State"]];
  expect(module.status(leader).role).toBe("leader");
  return { leader, follower, learner, all };
}

function told<S>(invariant: Invariant<S>, changed: S, all: readonly S[]): string | null {
  return invariant.check(changed, all);
}

function eachCatchesItsPlants<P extends Protocol>(
  module: ProtocolModule<P>,
  plants: Readonly<Record<string, readonly Plant<P["State"]>[]>>,
): void {
  const { invariants, name } = module;
  test(`${name}: every invariant has a planted bug`, () =>
    expect(Object.keys(plants)).toEqual(invariants.map((invariant) => invariant.name)));
  test.each(invariants)(`${name}: $name`, (invariant) => {
    for (const plant of plants[invariant.name] ?? []) {
      const cluster = calmCluster(module);
      for (const state of cluster.all) expect(told(invariant, state, cluster.all)).toBeNull();
      const changed = plant(cluster);
      expect(told(invariant, changed, cluster.all), String(plant)).toEqual(expect.any(String));
    }
  });
}

/** Another value at the end of a log: under the same round, or under the one given. */
function overwrite(log: Parameters<typeof putEntry>[0], otherRound?: number): number {
  const index = lastIndex(log);
  const last = entryAt(log, index) as Entry;
  const round = otherRound ?? last.round;
  const noop: Entry = { kind: "noop", index, round };
  putEntry(log, last.kind === "noop" ? { kind: "command", index, round, command: Uint8Array.of(1) } : noop);
  return index;
}

function after<S>(changed: S, act: (state: S) => void): S {
  act(changed);
  return changed;
}

eachCatchesItsPlants(raft, {
  "raft: election safety": [({ follower }) => after(follower, (r) => (r.role = "Leader"))],
  "raft: index order": [
    ({ follower }) => after(follower, (r) => (r.commitIndex = lastIndex(r.log) + 1)),
    ({ follower }) => after(follower, (r) => (r.durableIndex = lastIndex(r.log) + 1)),
    ({ leader }) => after(leader, (r) => r.matchIndex.set("n2" as NodeId, lastIndex(r.log) + 9)),
    ({ leader }) => after(leader, (r) => (r.termStartIndex = lastIndex(r.log) + 1)),
  ],
  "raft: honest match": [
    ({ leader }) => after(leader, (r) => r.matchIndex.set("n2" as NodeId, 1e6)),
    ({ leader, follower }) => after(follower, () => leader.matchIndex.set(follower.id, 1e6)),
  ],
  "raft: learners follow": [
    ({ learner }) => after(learner, (r) => (r.role = "Candidate")),
    ({ learner }) => after(learner, (r) => (r.votedFor = 1)),
  ],
  "raft: monotonic": [
    ({ follower }) => after(follower, (r) => (r.currentTerm -= 1)),
    ({ follower }) => after(follower, (r) => (r.votedFor = r.votedFor === 1 ? 2 : 0)),
    ({ follower }) => after(follower, (r) => (r.commitIndex -= 1)),
  ],
});

eachCatchesItsPlants(multipaxos, {
  "one value per slot and ballot": [({ follower }) => after(follower, (p) => (p.putFrom = p.putTo = overwrite(p.log)))],
  "accepted ballot <= promised ballot": [
    ({ follower }) => after(follower, (p) => (p.putFrom = p.putTo = overwrite(p.log, p.promisedBallot + 1))),
  ],
  "the promised ballot never decreases": [({ follower }) => after(follower, (p) => (p.promisedBallot -= 1))],
  "a leader leads in a ballot it owns and promised, and no other leads in it": [
    ({ leader }) => after(leader, (p) => (p.promisedBallot += 1)),
    ({ leader }) => after(leader, (p) => (p.ballot = p.promisedBallot += 1)),
    // Two replicas of one ordinal: the one way to two leaders that both own their ballot.
    ({ leader, follower }) => after(leader, () => Object.assign(follower, { role: "leader", ballot: leader.ballot })),
  ],
  "the decided prefix is held": [
    ({ follower }) => after(follower, (p) => (p.decidedIndex = lastIndex(p.log) + 1)),
    ({ follower }) => after(follower, (p) => (p.decidedIndex = p.log.snapshotIndex - 1)),
  ],
});

eachCatchesItsPlants(zab, {
  "one established leader per epoch": [
    ({ leader, follower }) =>
      after(follower, (s) => {
        s.serverState = leader.serverState;
        s.phase = leader.phase;
        s.epoch = leader.epoch;
      }),
  ],
  "currentEpoch is at most acceptedEpoch": [({ follower }) => after(follower, (s) => (s.currentEpoch += 1))],
  "epochs never decrease": [
    ({ follower }) => after(follower, (s) => (s.acceptedEpoch -= 1)),
    ({ follower }) => after(follower, (s) => (s.currentEpoch -= 1)),
  ],
  "transactions are in zxid order": [({ follower }) => after(follower, (s) => overwrite(s.log, 0))],
  "what is committed is in the history": [
    ({ follower }) => after(follower, (s) => (s.committed = lastIndex(s.log) + 1)),
  ],
  "no transaction is of a later epoch than the accepted one": [
    ({ follower }) => after(follower, (s) => overwrite(s.log, s.acceptedEpoch + 1)),
  ],
  "an established leader leads its current epoch": [
    ({ leader }) => after(leader, (s) => (s.epoch += 1)),
    ({ leader }) => after(leader, (s) => (s.currentEpoch -= 1)),
  ],
});
