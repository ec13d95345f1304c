import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Configuration,
  configurationProblems,
  countVoters,
  isElectionQuorum,
  isReplicationQuorum,
  type Member,
  memberById,
  memberByOrdinal,
  type NodeId,
  nodeId,
  nthLargest,
  peersOf,
  quorumIndex,
  quorumSystem,
  voters,
} from "../../protocols/core/index.js";

function member(ordinal: number, role: Member["role"] = "voter"): Member {
  return { id: nodeId(`n${ordinal}`), ordinal, role };
}

/** 1 to 7 voters and up to 3 learners in any order, with majorities or given quorum sizes. */
const configuration: fc.Arbitrary<Configuration> = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.nat(3))
  .chain(([voterCount, learnerCount]) => {
    const members = Array.from({ length: voterCount + learnerCount }, (_, at) =>
      member(at + 1, at < voterCount ? "voter" : "learner"),
    );
    const size = fc.integer({ min: 1, max: voterCount });
    return fc.record({
      members: fc.shuffledSubarray(members, { minLength: members.length }),
      quorums: fc.option(fc.record({ election: size, replication: size })),
    });
  });

function subsets<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.reduce<readonly (readonly T[])[]>((all, item) => [...all, ...all.map((set) => [...set, item])], [[]]);
}

describe("quorums", () => {
  test("quorumIndex is the highest index that some replication quorum of voters has reached", () => {
    fc.assert(
      fc.property(
        configuration,
        fc.array(fc.nat(20), { minLength: 10, maxLength: 10 }),
        fc.nat(1023),
        (config, values, gaps) => {
          const reached = new Map<NodeId, number>();
          for (const { id, ordinal } of config.members) {
            if ((gaps >> (ordinal - 1)) % 2 === 0) reached.set(id, values[ordinal - 1] as number);
          }
          const quorums = quorumSystem(config);
          // By brute force: the best over all quorums of the worst in the quorum.
          const candidates = subsets(voters(config))
            .filter((set) => set.length >= quorums.replication)
            .map((set) => Math.min(...set.map(({ id }) => reached.get(id) ?? 0)));
          expect(quorumIndex(quorums, reached)).toBe(Math.max(...candidates));
        },
      ),
    );
  });

  test("a set is a quorum by its voters alone", () => {
    fc.assert(
      fc.property(configuration, fc.nat(1023), (config, mask) => {
        const chosen = config.members.filter(({ ordinal }) => (mask >> (ordinal - 1)) % 2 === 1);
        const ids = new Set([...chosen.map(({ id }) => id), nodeId("stranger")]);
        const count = chosen.filter(({ role }) => role === "voter").length;
        const quorums = quorumSystem(config);
        const majority = Math.floor(voters(config).length / 2) + 1;
        expect(countVoters(quorums, ids)).toBe(count);
        expect(isElectionQuorum(quorums, ids)).toBe(count >= (config.quorums?.election ?? majority));
        expect(isReplicationQuorum(quorums, ids)).toBe(count >= (config.quorums?.replication ?? majority));
      }),
    );
  });

  test("any two majorities meet", () => {
    for (let count = 1; count <= 9; count += 1) {
      const quorums = quorumSystem({
        members: Array.from({ length: count }, (_, at) => member(at + 1)),
        quorums: null,
      });
      expect(quorums.election + quorums.replication).toBeGreaterThan(count);
      expect(quorums.election).toBe(quorums.replication);
    }
  });

  test("voters come by ordinal, whatever the order of the configuration", () => {
    const members = [member(3), member(1), member(4, "learner"), member(2)];
    expect(quorumSystem({ members, quorums: null }).voters).toEqual(["n1", "n2", "n3"]);
  });

  test("nthLargest counts a missing value as 0 and is 0 beyond the last", () => {
    const ids = ["a", "b", "c"].map(nodeId);
    const values = new Map([
      [nodeId("a"), 5],
      [nodeId("c"), 7],
    ]);
    expect([1, 2, 3, 4].map((n) => nthLargest(ids, values, n))).toEqual([7, 5, 0, 0]);
  });
});

describe("membership", () => {
  const config: Configuration = { members: [member(3), member(1), member(2, "learner")], quorums: null };

  test("peers are everybody else by ordinal", () => {
    expect(peersOf(config, nodeId("n3")).map(({ id }) => id)).toEqual(["n1", "n2"]);
    expect(peersOf(config, nodeId("n9")).map(({ id }) => id)).toEqual(["n1", "n2", "n3"]);
  });

  test("members are found by id and by ordinal, or not at all", () => {
    expect(memberById(config, nodeId("n2"))?.role).toBe("learner");
    expect(memberByOrdinal(config, 3)?.id).toBe("n3");
    expect(memberById(config, nodeId("n4"))).toBeNull();
    expect(memberByOrdinal(config, 4)).toBeNull();
  });

  const three = [member(1), member(2), member(3)];
  const four = [...three, member(4)];
  test.each<readonly [string, Configuration, boolean, RegExp | null]>([
    ["majorities", { members: three, quorums: null }, true, null],
    ["2 + 2 of 3", { members: three, quorums: { election: 2, replication: 2 } }, true, null],
    ["3 + 1 of 3", { members: three, quorums: { election: 3, replication: 1 } }, true, null],
    ["3 + 2 of 4", { members: four, quorums: { election: 3, replication: 2 } }, true, null],
    ["2 + 3 of 4 where ballots are owned", { members: four, quorums: { election: 2, replication: 3 } }, false, null],
    [
      "2 + 3 of 4 where rounds are shared",
      { members: four, quorums: { election: 2, replication: 3 } },
      true,
      /two leaders/,
    ],
    ["2 + 1 of 3", { members: three, quorums: { election: 2, replication: 1 } }, true, /can miss each other/],
    ["an election quorum of 0", { members: three, quorums: { election: 0, replication: 3 } }, false, /not from 1 to 3/],
    [
      "a quorum above the voters",
      { members: three, quorums: { election: 4, replication: 2 } },
      true,
      /not from 1 to 3/,
    ],
    ["half a voter", { members: three, quorums: { election: 2.5, replication: 2 } }, true, /not from 1 to 3/],
    ["no voter", { members: [member(1, "learner")], quorums: null }, true, /no voter/],
    [
      "two members of one id",
      { members: [member(1), { ...member(2), id: nodeId("n1") }], quorums: null },
      true,
      /same id/,
    ],
    ["two of one ordinal", { members: [member(1), { ...member(2), ordinal: 1 }], quorums: null }, true, /same ordinal/],
    ["an ordinal of 0", { members: [member(0)], quorums: null }, true, /1 to 65535/],
    ["an ordinal of 65536", { members: [member(65_536)], quorums: null }, true, /1 to 65535/],
  ])("%s", (_what, candidate, intersect, problem) => {
    const problems = configurationProblems(candidate, intersect);
    if (problem === null) expect(problems).toEqual([]);
    else
      expect(
        problems.some((line) => problem.test(line)),
        problems.join("; "),
      ).toBe(true);
  });
});
