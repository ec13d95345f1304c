/**
 * The incident as a matrix. An article tells of five voters, three in one region and two in another 70 ms away: every
 * write was slow, and when the link took 200 ms and lost packets for eleven minutes nothing committed at all. Whether
 * that can be so depends on where the leader is and on who is up, so every combination is a scenario of its own.
 *
 * Both figures are round trips: 35 ms one way when all is well, 100 ms one way when the link is degraded. Links are
 * streams, since real systems speak TCP: a lost packet is a late one, and what follows it waits behind it.
 */
import type { IncidentCell } from "../record/index.js";
import type { ClientGroup, ClusterShape, Fault, Scenario } from "./scenario.js";

/** The link between the regions, round trip. */
export const HEALTHY_ROUND_TRIP_MS = 70;

/** The link between the regions while it is slow, round trip. */
export const DEGRADED_ROUND_TRIP_MS = 200;
/** Eleven minutes. */
export const DEGRADED_MS = 660_000;
/** Before anything happens, and again after the link has healed. */
const BEFORE_MS = 25_000;
const AFTER_MS = 25_000;
/** The voter goes down a little before the link does, so that each effect can be seen alone. */
const VOTER_DOWN_MS = 20_000;

/** The matrix's rows for a link, from good to bad. */
export const INCIDENT_LINKS: readonly IncidentCell["link"][] = [
  "healthy",
  "slow",
  "slow, 10 % loss",
  "slow, 50 % loss",
  "slow, 70 % loss",
];

const LOSS: Readonly<Record<IncidentCell["link"], number>> = {
  healthy: 0,
  slow: 0,
  "slow, 10 % loss": 0.1,
  "slow, 50 % loss": 0.5,
  "slow, 70 % loss": 0.7,
};

/** Chance that a packet between the regions is lost while the link is degraded. */
export function lossOf(cell: IncidentCell): number {
  return LOSS[cell.link];
}

/** When the link is degraded, on the fault clock. */
export function degradedWindow(degradedMs = DEGRADED_MS): readonly [number, number] {
  return [BEFORE_MS, BEFORE_MS + degradedMs];
}

/** Every cell for a protocol: Raft's PreVote and CheckQuorum are on or off, other protocols have neither. */
export function incidentCells(protocol: string): readonly IncidentCell[] {
  const cells: IncidentCell[] = [];
  for (const { topology, leader } of PLACES)
    for (const localVoters of ["all up", "one down"] as const)
      for (const link of INCIDENT_LINKS)
        for (const [preVote, checkQuorum] of raftVariants(protocol))
          cells.push({ topology, leader, localVoters, link, preVote, checkQuorum });
  return cells;
}

/** A learner cannot lead, so the fix has no remote leader. */
const PLACES: readonly Pick<IncidentCell, "topology" | "leader">[] = [
  { topology: "3+2 voters", leader: "local" },
  { topology: "3+2 voters", leader: "remote" },
  { topology: "fix", leader: "local" },
];

function raftVariants(protocol: string): readonly (readonly [boolean | null, boolean | null])[] {
  if (protocol !== "raft") return [[null, null]];
  return [
    [true, true],
    [false, true],
    [true, false],
    [false, false],
  ];
}

/** For example "incident-voters-local-one-down-loss50-no-prevote". */
export function incidentName(cell: IncidentCell): string {
  const link = cell.link === "healthy" || cell.link === "slow" ? cell.link : `loss${lossOf(cell) * 100}`;
  const parts = [
    "incident",
    cell.topology === "fix" ? "learners" : "voters",
    cell.leader,
    cell.localVoters.replace(" ", "-"),
    link,
  ];
  if (cell.preVote === false) parts.push("no-prevote");
  if (cell.checkQuorum === false) parts.push("no-checkquorum");
  return parts.join("-");
}

/** The cell of a name as `incidentName` gives it; null if there is none. */
export function incidentCellOf(name: string): IncidentCell | null {
  return incidentCells("raft").find((cell) => incidentName(cell) === name) ?? null;
}

/**
 * @param degradedMs length of the degraded stretch
 */
export function incidentScenario(cell: IncidentCell, degradedMs = DEGRADED_MS): Scenario {
  const scenario: Scenario = {
    name: incidentName(cell),
    title: incidentTitle(cell),
    about: about(cell, degradedMs),
    cluster: cluster(cell),
    links: {
      kind: "stream",
      local: { delayMs: { min: 0.15, max: 0.35 }, jitterMs: 0.2 },
      between: [{ regions: ["home", "away"], weather: { delayMs: HEALTHY_ROUND_TRIP_MS / 2, jitterMs: 1 } }],
      client: { delayMs: 0.1 },
    },
    disk: { syncMs: { min: 0.4, max: 1.2 } },
    workload: { clients: [CLIENTS], keys: { count: 32, distribution: "uniform" } },
    faults: faults(cell, degradedMs),
    durationMs: BEFORE_MS + degradedMs + AFTER_MS,
    unavailableGapMs: 1000,
    mode: "compare",
    expect: { linearizable: "ok" },
  };
  const raft = raftSettings(cell);
  return raft === null ? scenario : { ...scenario, options: { raft } };
}

/** An application that lives where three of the nodes are: eight requests a second, whatever happens. */
const CLIENTS: ClientGroup = {
  region: "home",
  count: 4,
  loop: { type: "open", ratePerSecond: 2 },
  mix: { put: 3, get: 1 },
  timeoutMs: 2000,
};

function raftSettings({ preVote, checkQuorum }: IncidentCell): { [setting: string]: boolean } | null {
  if (preVote === null || checkQuorum === null || (preVote && checkQuorum)) return null;
  return { preVote, checkQuorum };
}

function cluster(cell: IncidentCell): ClusterShape {
  const awayRole = cell.topology === "fix" ? "learner" : "voter";
  const home = Array.from({ length: 3 }, () => ({ region: "home", role: "voter" }) as const);
  const away = Array.from({ length: 2 }, () => ({ region: "away", role: awayRole }) as const);
  return { nodes: [...home, ...away], firstLeader: cell.leader === "local" ? "n1" : "n4" };
}

function faults(cell: IncidentCell, degradedMs: number): Fault[] {
  const list: Fault[] = [];
  if (cell.localVoters === "one down") {
    const forMs = BEFORE_MS - VOTER_DOWN_MS + degradedMs;
    list.push({ type: "crash", nodes: "n3", atMs: VOTER_DOWN_MS, forMs, label: "n3 down" });
  }
  if (cell.link === "healthy") return list;
  list.push({
    type: "weather",
    between: ["region:home", "region:away"],
    weather: { delayMs: DEGRADED_ROUND_TRIP_MS / 2, jitterMs: 5, loss: lossOf(cell) },
    atMs: BEFORE_MS,
    forMs: degradedMs,
    label: `link ${cell.link}`,
  });
  return list;
}

function incidentTitle(cell: IncidentCell): string {
  const shape = cell.topology === "fix" ? "3 voters + 2 remote learners" : "3 + 2 voters";
  const voters = cell.localVoters === "one down" ? "one local voter down" : "all voters up";
  return `${shape}, leader ${cell.leader}, ${voters}, link ${cell.link}`;
}

function about(cell: IncidentCell, degradedMs: number): string {
  const minutes = degradedMs / 60_000;
  const far = cell.topology === "fix" ? "two learners" : "two voters";
  const link =
    cell.link === "healthy"
      ? "The link between the regions stays as it is."
      : `For ${minutes} minute${minutes === 1 ? "" : "s"} the link takes ${DEGRADED_ROUND_TRIP_MS} ms for a round trip${
          lossOf(cell) > 0 ? ` and loses ${lossOf(cell) * 100} % of the packets` : ""
        }.`;
  const voter = cell.localVoters === "one down" ? " One of the three local voters is down meanwhile." : "";
  return `Three voters at home and ${far} in a region ${HEALTHY_ROUND_TRIP_MS} ms away (round trip), clients at home, the first leader ${
    cell.leader === "local" ? "at home" : "away"
  }. ${link}${voter}`;
}

/** The two cells that tell most, by the names of their files: the same fault with and without remote voters. */
const TELLING: Readonly<Record<string, IncidentCell["topology"]>> = {
  "incident-one-down": "3+2 voters",
  "incident-fix": "fix",
};

/** The cell of one of the two telling scenarios; null for any other name. */
export function tellingCell(name: string): IncidentCell | null {
  const topology = TELLING[name];
  if (topology === undefined) return null;
  const link = "slow, 50 % loss";
  return { topology, leader: "local", localVoters: "one down", link, preVote: true, checkQuorum: true };
}

/** The two cells that tell the story: voters beyond the link, and learners in their place. */
export function tellingScenarios(): readonly Scenario[] {
  return Object.keys(TELLING).map((name) => ({ ...incidentScenario(tellingCell(name) as IncidentCell), name }));
}
