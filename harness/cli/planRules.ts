/** The arithmetic of a topology and what is wrong with it. */
import type { Spread, Topology } from "../scenarios/index.js";
import { list, milliseconds, plural } from "./numbers.js";
import type { Finding, LeaderSite, PlanOutput } from "./output.js";

/** Two machines in one room, and a solid-state disk: what is assumed where the file says nothing. */
const LOCAL: Spread = { p50Ms: 0.5, p99Ms: 1 };
const SYNC: Spread = { p50Ms: 1, p99Ms: 5 };
/** etcd's advice: an election timeout of at least ten round trips. */
const TIMEOUT_ROUND_TRIPS = 10;
/** A few lost heartbeats must not cost a leader its office. */
const TIMEOUT_HEARTBEATS = 5;

/** Looks at a topology that `loadTopology` has checked. */
export function plan(topology: Topology): PlanOutput {
  const voters = topology.nodes.filter((node) => node.role === "voter");
  const majority = Math.floor(voters.length / 2) + 1;
  const quorums = topology.quorums ?? { election: majority, replication: majority };
  const tolerance = voters.length - Math.max(quorums.election, quorums.replication);
  const leaderSites = rankLeaderSites(topology, quorums.replication);
  const facts: Facts = { topology, voters: voters.length, quorums, tolerance, leaderSites };
  const findings = [
    ...quorumFindings(facts),
    ...domainFindings(facts),
    ...latencyFindings(facts),
    ...timeoutFindings(facts),
  ];
  return {
    name: topology.name,
    verdict: findings.some((finding) => finding.severity === "problem") ? "problems" : "ok",
    voters: voters.length,
    learners: topology.nodes.length - voters.length,
    quorums: { election: quorums.election, replication: quorums.replication },
    tolerance,
    leaderSites,
    findings,
  };
}

interface Facts {
  readonly topology: Topology;
  readonly voters: number;
  readonly quorums: { readonly election: number; readonly replication: number };
  readonly tolerance: number;
  readonly leaderSites: readonly LeaderSite[];
}

function quorumFindings({ topology, voters, quorums, tolerance }: Facts): Finding[] {
  const found: Finding[] = [];
  const { election, replication } = quorums;
  if (election + replication <= voters)
    found.push(
      problem(
        "quorum-intersection",
        `An election quorum of ${election} and a replication quorum of ${replication} fit into ${voters} voters without meeting: a new leader can miss what was committed.`,
      ),
    );
  if (2 * election <= voters)
    found.push(
      problem(
        "two-leaders",
        `Two election quorums of ${election} fit into ${voters} voters: Raft and ZAB can elect two leaders in one round.`,
      ),
    );
  // Quorums of one's own choice need not grow with the voters.
  if (voters % 2 === 0 && topology.quorums === undefined)
    found.push(
      advice(
        "even-voters",
        `${voters} voters tolerate as many failures as ${voters - 1}, but every quorum is one larger: drop one or make it a learner.`,
      ),
    );
  if (tolerance === 0) {
    const stops = replication === voters ? "one crash stops all commits" : "after one crash nobody can be elected";
    found.push(problem("no-tolerance", `No voter may fail: ${stops}.`));
  }
  if (tolerance === 1)
    found.push(
      advice(
        "tolerance-one",
        "One voter may fail, so while one is down for an upgrade a second failure stops all commits.",
      ),
    );
  if (voters > 7)
    found.push(
      advice("many-voters", `${voters} voters make every commit wait for ${replication}: make some learners.`),
    );
  return found;
}

/** What fails as one, with the voters in it. */
function domains(topology: Topology): Map<string, number> {
  const counts = new Map<string, number>();
  for (const site of topology.sites) {
    const domain = site.failureDomain ?? site.name;
    const inside = topology.nodes.filter((node) => node.site === site.name && node.role === "voter").length;
    counts.set(domain, (counts.get(domain) ?? 0) + inside);
  }
  return counts;
}

function domainFindings({ topology, voters, quorums }: Facts): Finding[] {
  const found: Finding[] = [];
  const counts = domains(topology);
  const needed = Math.max(quorums.election, quorums.replication);
  for (const [domain, inside] of counts) {
    if (voters - inside >= needed) continue;
    const words = `${plural(inside, "voter")} of ${voters} fail with ${domain}: what is left (${voters - inside}) is no quorum of ${needed}.`;
    // Fewer than three domains leave no better place for the voters: it is a choice then, not a mistake.
    const avoidable = counts.size >= 3;
    found.push(avoidable ? problem("quorum-in-one-domain", words) : advice("quorum-in-one-domain", words));
  }
  if ([...counts.values()].filter((inside) => inside > 0).length === 2)
    found.push(
      advice(
        "two-domains",
        "Two failure domains cannot both be dispensable: whichever holds the majority must stay up. A third one with a single voter changes that.",
      ),
    );
  return found;
}

function latencyFindings({ leaderSites, topology }: Facts): Finding[] {
  const found: Finding[] = [];
  const best = leaderSites[0];
  const last = leaderSites.at(-1);
  if (best === undefined || last === undefined) return found;
  found.push(
    fact(
      "commit-floor",
      `A commit takes at least ${milliseconds(best.commitFloorMs)} with the leader in ${best.site}.`,
    ),
  );
  if (last.commitFloorMs > 3 * best.commitFloorMs)
    found.push(
      advice(
        "leader-site",
        `With the leader in ${last.site} a commit takes ${milliseconds(last.commitFloorMs)}, with one in ${best.site} ${milliseconds(best.commitFloorMs)}: prefer leaders there, or make the far voters learners.`,
      ),
    );
  const fragile = leaderSites.filter(
    (row) => !row.crossesLink && row.oneDownFloorMs !== null && row.oneDownFloorMs > 3 * row.commitFloorMs,
  );
  if (fragile.length > 0)
    found.push(
      advice(
        "one-down-crosses",
        `With the leader in ${list(fragile.map((row) => row.site))} one more voter down makes every commit cross a link: from ${milliseconds(fragile[0]?.commitFloorMs ?? 0)} to ${milliseconds(fragile[0]?.oneDownFloorMs ?? 0)}, and the link's outages become the cluster's. Learners in place of the far voters would not.`,
      ),
    );
  const learners = topology.nodes.filter((node) => node.role === "learner").length;
  if (learners > 0) found.push(fact("learners", `${plural(learners, "learner")} copy the log and slow nobody down.`));
  return found;
}

function timeoutFindings({ topology, leaderSites }: Facts): Finding[] {
  const { timeouts } = topology;
  if (timeouts === undefined) return [];
  const found: Finding[] = [];
  const { heartbeatMs, electionTimeoutMs } = timeouts;
  const p99 = worstRoundTrip(topology);
  if (electionTimeoutMs <= heartbeatMs)
    found.push(
      problem(
        "timeout-below-heartbeat",
        `The election timeout (${milliseconds(electionTimeoutMs)}) is not longer than the heartbeat (${milliseconds(heartbeatMs)}): followers depose every leader.`,
      ),
    );
  else if (electionTimeoutMs < TIMEOUT_HEARTBEATS * heartbeatMs)
    found.push(
      advice(
        "few-heartbeats",
        `Only ${Math.floor(electionTimeoutMs / heartbeatMs)} heartbeats fit into an election timeout; ${TIMEOUT_HEARTBEATS} or more ride out a few that are late.`,
      ),
    );
  if (electionTimeoutMs < p99)
    found.push(
      problem(
        "timeout-below-p99",
        `The election timeout (${milliseconds(electionTimeoutMs)}) is shorter than the slowest round trip between voters with its sync (p99 ${milliseconds(p99)}): healthy leaders will be deposed.`,
      ),
    );
  else if (electionTimeoutMs < TIMEOUT_ROUND_TRIPS * p99)
    found.push(
      advice(
        "short-timeout",
        `The election timeout is ${(electionTimeoutMs / p99).toFixed(1)} times the slowest round trip between voters (p99 ${milliseconds(p99)}); ${TIMEOUT_ROUND_TRIPS} times is customary.`,
      ),
    );
  const floor = leaderSites[0]?.commitFloorMs ?? 0;
  if (electionTimeoutMs > 20_000 && electionTimeoutMs > 1000 * floor)
    found.push(
      advice(
        "long-timeout",
        `A dead leader goes unnoticed for ${milliseconds(electionTimeoutMs)}; nothing commits meanwhile.`,
      ),
    );
  return found;
}

/** The slowest way between two voters there and back, with a sync: what an answer to a heartbeat or a vote may take. */
function worstRoundTrip(topology: Topology): number {
  const voters = topology.nodes.filter((node) => node.role === "voter");
  const sync = p99Of(topology.sync ?? SYNC);
  let longest = 0;
  for (const [i, a] of voters.entries())
    for (const b of voters.slice(i + 1)) longest = Math.max(longest, p99Of(trip(topology, a.site, b.site)) + sync);
  return longest;
}

function p99Of(spread: Spread): number {
  return spread.p99Ms ?? spread.p50Ms;
}

function trip(topology: Topology, a: string, b: string): Spread {
  if (a === b) return topology.localRoundTrip ?? LOCAL;
  const found = topology.roundTrips?.find(({ between }) => between.includes(a) && between.includes(b));
  return found as Spread; // Every pair is named: `loadTopology` has seen to it.
}

function rankLeaderSites(topology: Topology, replication: number): LeaderSite[] {
  const sites = [...new Set(topology.nodes.filter((node) => node.role === "voter").map((node) => node.site))];
  return sites
    .map((site) => leaderSite(topology, site, replication))
    .sort((a, b) => a.commitFloorMs - b.commitFloorMs || a.site.localeCompare(b.site));
}

function leaderSite(topology: Topology, site: string, replication: number): LeaderSite {
  const sync = topology.sync ?? SYNC;
  const copies = (quantile: (spread: Spread) => number): { readonly site: string; readonly ms: number }[] => {
    const voters = topology.nodes.filter((node) => node.role === "voter");
    // The leader is one of the site's voters: its own copy takes a sync and no round trip.
    const own = voters.findIndex((node) => node.site === site);
    return voters
      .map((node, i) => ({
        site: node.site,
        ms: quantile(sync) + (i === own ? 0 : quantile(trip(topology, site, node.site))),
      }))
      .sort((a, b) => a.ms - b.ms);
  };
  const fast = copies((spread) => spread.p50Ms);
  const slow = copies(p99Of);
  const last = fast[replication - 1] as { readonly site: string; readonly ms: number };
  return {
    site,
    commitFloorMs: last.ms,
    commitP99Ms: slow[replication - 1]?.ms ?? last.ms,
    crossesLink: last.site !== site,
    // One of the quorum is gone: the next fastest voter completes it.
    oneDownFloorMs: fast[replication]?.ms ?? null,
  };
}

function problem(rule: string, words: string): Finding {
  return { severity: "problem", rule, words };
}

function advice(rule: string, words: string): Finding {
  return { severity: "advice", rule, words };
}

function fact(rule: string, words: string): Finding {
  return { severity: "fact", rule, words };
}
