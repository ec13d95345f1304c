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

test("a file is read and checked", () => {
  const file = join(folder.path(), "t.json");
  writeFileSync(file, JSON.stringify(topology("a b c")));
  expect(loadTopology(file).nodes).toHaveLength(3);
});
