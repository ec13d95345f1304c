/** The plan verb's arithmetic and each of its rules. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plan } from "../../harness/cli/planRules.js";
import { loadTopology, type Topology, validate } from "../../harness/scenarios/index.js";
import { temporaryFolder } from "./command.js";

const folder = temporaryFolder();

/** Nodes as "east east west~": a tilde makes a learner. */
function topology(nodes: string, changes: Partial<Topology> = {}): Topology {
  const places = nodes.split(" ");
  const sites = [...new Set(places.map((place) => place.replace("~", "")))];
  return {
    name: "t",
    sites: sites.map((name) => ({ name })),
    roundTrips: sites.flatMap((a, i) =>
      sites.slice(i + 1).map((b) => ({ between: [a, b] as const, p50Ms: 70, p99Ms: 100 })),
    ),
    localRoundTrip: { p50Ms: 1 },
    sync: { p50Ms: 2, p99Ms: 4 },
    nodes: places.map((place, i) => ({
      id: `n${i + 1}`,
      site: place.replace("~", ""),
      role: place.endsWith("~") ? "learner" : "voter",
    })),
    ...changes,
  };
}

function rules(value: Topology, severity: string): string[] {
  return plan(value)
    .findings.filter((finding) => finding.severity === severity)
    .map((finding) => finding.rule);
}

describe("commit latency", () => {
  test("is the round trip to the voter that completes the quorum, and its sync", () => {
    const [east, west] = plan(topology("east east east west west")).leaderSites;
    expect(east).toEqual({ site: "east", commitFloorMs: 3, commitP99Ms: 5, crossesLink: false, oneDownFloorMs: 72 });
    expect(west).toEqual({ site: "west", commitFloorMs: 72, commitP99Ms: 104, crossesLink: true, oneDownFloorMs: 72 });
  });
  test("learners slow nobody down and cannot lead", () => {
    const planned = plan(topology("east east east west~ west~"));
    expect(planned.leaderSites.map((row) => row.site)).toEqual(["east"]);
    expect(planned.leaderSites[0]).toMatchObject({ commitFloorMs: 3, crossesLink: false, oneDownFloorMs: 3 });
  });
  test("a single voter waits for its own disk", () => {
    expect(plan(topology("east")).leaderSites[0]).toMatchObject({ commitFloorMs: 2, oneDownFloorMs: null });
  });
});

describe("rules", () => {
  test("three voters in three sites are as good as three can be", () => {
    const planned = plan(topology("east west north"));
    expect(planned.verdict).toBe("ok");
    expect(planned.tolerance).toBe(1);
    expect(rules(topology("east west north"), "problem")).toEqual([]);
  });
  test.each<readonly [string, Topology, string, string]>([
    ["even voters", topology("a b c d"), "advice", "even-voters"],
    ["one voter", topology("a"), "problem", "no-tolerance"],
    ["two voters", topology("a b"), "problem", "no-tolerance"],
    ["one failure is all it takes", topology("a b c"), "advice", "tolerance-one"],
    ["nine voters", topology("a b c a b c a b c"), "advice", "many-voters"],
    ["a majority in one of three sites", topology("a a a b c"), "problem", "quorum-in-one-domain"],
    ["a majority in one of two sites", topology("a a a b b"), "advice", "quorum-in-one-domain"],
    ["two sites", topology("a a a b b"), "advice", "two-domains"],
    ["a slow leader site", topology("a a a b b"), "advice", "leader-site"],
    ["one voter from crossing the link", topology("a a a b b"), "advice", "one-down-crosses"],
    [
      "quorums that miss each other",
      topology("a b c", { quorums: { election: 2, replication: 1 } }),
      "problem",
      "quorum-intersection",
    ],
    [
      "two leaders in a round",
      topology("a b c d", { quorums: { election: 2, replication: 3 } }),
      "problem",
      "two-leaders",
    ],
    [
      "a timeout below the heartbeat",
      topology("a b c", { timeouts: { heartbeatMs: 200, electionTimeoutMs: 150 } }),
      "problem",
      "timeout-below-heartbeat",
    ],
    [
      "few heartbeats in a timeout",
      topology("a b c", { timeouts: { heartbeatMs: 400, electionTimeoutMs: 1500 } }),
      "advice",
      "few-heartbeats",
    ],
    [
      "a timeout below the slowest round trip",
      topology("a b c", { timeouts: { heartbeatMs: 10, electionTimeoutMs: 90 } }),
      "problem",
      "timeout-below-p99",
    ],
    [
      "a timeout of few round trips",
      topology("a b c", { timeouts: { heartbeatMs: 50, electionTimeoutMs: 500 } }),
      "advice",
      "short-timeout",
    ],
    [
      "a timeout without end",
      topology("a a a", { timeouts: { heartbeatMs: 500, electionTimeoutMs: 60_000 } }),
      "advice",
      "long-timeout",
    ],
  ])("%s", (_, value, severity, rule) => {
    expect(rules(value, severity)).toContain(rule);
    validate("output-plan", plan(value), "plan");
  });
  test("sites that share a failure domain fail as one", () => {
    const shared = topology("a b c", {
      sites: [{ name: "a", failureDomain: "x" }, { name: "b", failureDomain: "x" }, { name: "c" }],
    });
    const finding = plan(shared).findings.find(({ rule }) => rule === "quorum-in-one-domain");
    expect(finding?.words).toBe("2 voters of 3 fail with x: what is left (1) is no quorum of 2.");
    expect(rules(topology("a b c"), "advice")).not.toContain("quorum-in-one-domain");
  });
  test("good timeouts are not complained about", () => {
    const good = topology("a b c", { timeouts: { heartbeatMs: 100, electionTimeoutMs: 1100 } });
    expect(plan(good).findings.filter(({ rule }) => /timeout|heartbeat/.test(rule))).toEqual([]);
  });
});

describe("quorums of one's own choice", () => {
  test("need not grow with the voters", () => {
    expect(rules(topology("a b c d", { quorums: { election: 3, replication: 2 } }), "advice")).not.toContain(
      "even-voters",
    );
  });
  test("may leave nobody to be elected, though commits go on", () => {
    const planned = plan(topology("a b c", { quorums: { election: 3, replication: 1 } }));
    const finding = planned.findings.find(({ rule }) => rule === "no-tolerance");
    expect(finding?.words).toBe("No voter may fail: after one crash nobody can be elected.");
  });
});

describe("a file", () => {
  const good = topology("a b c");
  const [first] = good.nodes as [Topology["nodes"][number]];
  const [trip] = good.roundTrips as [NonNullable<Topology["roundTrips"]>[number]];
  const others = good.nodes.slice(1);
  const NAME = "expected a name of one line without spaces at its ends";
  const timeouts = (heartbeatMs: number, electionTimeoutMs: number): Partial<Topology> => ({
    timeouts: { heartbeatMs, electionTimeoutMs },
  });
  const load = (changes: Partial<Topology>): Topology => {
    const file = join(folder.path(), "t.json");
    writeFileSync(file, JSON.stringify({ ...good, ...changes }));
    return loadTopology(file);
  };

  test("is read", () => {
    expect(load({ ...timeouts(100, 1000), name: "two words" })).toMatchObject({ name: "two words", nodes: good.nodes });
  });
  test.each<readonly [string, Partial<Topology>, string]>([
    ["an empty id", { nodes: [{ ...first, id: "" }, ...others] }, `/nodes/0/id: ${NAME}, found ""`],
    ["a blank id", { nodes: [{ ...first, id: " " }, ...others] }, `/nodes/0/id: ${NAME}, found " "`],
    ["a line end in an id", { nodes: [{ ...first, id: "a\nb" }, ...others] }, `/nodes/0/id: ${NAME}, found "a\\nb"`],
    ["an id that only looks like another", { nodes: [{ ...first, id: "n2 " }, ...others] }, `/nodes/0/id: ${NAME}`],
    [
      "an id twice",
      { nodes: [{ ...first, id: "n2" }, ...others] },
      "/nodes/1/id: expected an id that no other node has",
    ],
    ["an empty name", { name: "" }, `/name: ${NAME}, found ""`],
    ["an empty site", { sites: [{ name: "" }, ...good.sites] }, `/sites/0/name: ${NAME}, found ""`],
    [
      "a site twice",
      { sites: [{ name: "b" }, ...good.sites] },
      "/sites/2/name: expected a name that no other site has",
    ],
    [
      "a failure domain without a name",
      { sites: [{ name: "a", failureDomain: "" }, ...good.sites.slice(1)] },
      `/sites/0/failureDomain: ${NAME}, found ""`,
    ],
    ["only learners", { nodes: [{ ...first, role: "learner" }] }, "/nodes: expected at least one voter"],
    [
      "a quorum of nobody",
      { quorums: { election: 0, replication: 2 } },
      "/quorums/election: expected an integer from 1 to 3, the number of voters, found 0",
    ],
    [
      "a quorum of more than all",
      { quorums: { election: 2, replication: 4 } },
      "/quorums/replication: expected an int",
    ],
    [
      "a pair twice",
      { roundTrips: [trip, { ...trip, between: ["b", "a"] }] },
      "/roundTrips/1/between: expected a pair",
    ],
    ["a way from a site to itself", { roundTrips: [{ ...trip, between: ["a", "a"] }] }, "expected two different sites"],
    [
      "a p99 below the median",
      { sync: { p50Ms: 2, p99Ms: 1 } },
      "/sync/p99Ms: expected a number >= p50Ms (2), found 1",
    ],
    ["a heartbeat at all times", timeouts(0, 1000), "/timeouts/heartbeatMs: expected a number > 0, found 0"],
    ["no time for a leader", timeouts(10, 0), "/timeouts/electionTimeoutMs: expected a number > 0, found 0"],
    ["a timeout of years", timeouts(10, 1e12), "/timeouts/electionTimeoutMs: expected a number up to 86400000 (a day)"],
    ["times that overflow", { localRoundTrip: { p50Ms: 1e308 } }, "/localRoundTrip/p50Ms: expected a number up to"],
  ])("with %s is refused in one line", (_, changes, line) => {
    expect(() => load(changes)).toThrow(line);
  });
});
