/**
 * What arithmetic says about a cell of the incident before it runs: the least a commit can cost, whether the majority
 * has to cross the link, and whether the link can silence a leader for longer than its voters are patient.
 */
import type { IncidentCell, Prediction } from "../record/index.js";
import { commitFloor, type CommitFloor, leastDelays } from "./floor.js";
import { DEGRADED_ROUND_TRIP_MS, lossOf } from "./incident.js";
import type { Fault, Scenario, Weather } from "./scenario.js";
import { nodeIds } from "./semantics.js";

/** What a protocol brings to the arithmetic. */
export interface Patience {
  /** Silence after which a voter looks for another leader, or a leader gives up. Milliseconds. */
  readonly detectionMs: number;
  /** Messages a second that a leader and one follower exchange in each direction, at least: heartbeats and entries. */
  readonly messagesPerSecond: number;
}

/** A stream's first retransmission comes after a round trip and this (RFC 6298 with Linux's minimum); then it doubles. */
const RETRANSMIT_MS = 200;
/** A share of the time in which the quorum is silent that makes outages certain over minutes. */
const SHARE_EXPECTED = 0.05;
/** An expected number of outages below which none is worth mentioning. */
const OUTAGES_POSSIBLE = 0.01;

export function predictIncident(cell: IncidentCell, scenario: Scenario, patience: Patience): Prediction {
  const first = scenario.cluster.firstLeader ?? "n1";
  const all = new Set(nodeIds(scenario.cluster.nodes.length));
  const up = new Set(all);
  if (cell.localVoters === "one down") up.delete("n3");
  const weather = linkWeather(scenario);
  const healthy = commitFloor(scenario, first, all, leastDelays(scenario, null)) as CommitFloor;
  const degraded = commitFloor(scenario, first, up, leastDelays(scenario, weather)) as CommitFloor;
  const floors = { first: healthy, during: degraded, anywhere: anyLeader(scenario, up, weather) };
  const risk = outageRisk(cell, floors, patience, linkFault(scenario));
  const mayMove = risk.outage !== "none";
  return {
    // Where leadership may move, only the best place for a leader bounds the latency.
    floorMs: { healthy: healthy.ms, degraded: mayMove ? floors.anywhere.ms : degraded.ms },
    majorityCrossesLink: { healthy: healthy.crossesLink, degraded: degraded.crossesLink },
    ...risk,
    words: words(cell, floors, risk),
  };
}

interface Floors {
  readonly first: CommitFloor;
  /** From the first leader, with the voters that run and the link as it is then. */
  readonly during: CommitFloor;
  /** From the best leader of all. */
  readonly anywhere: CommitFloor;
}

function anyLeader(scenario: Scenario, up: ReadonlySet<string>, weather: Weather | null): CommitFloor {
  const delays = leastDelays(scenario, weather);
  const ids = nodeIds(scenario.cluster.nodes.length);
  const floors = ids
    .filter((id, i) => up.has(id) && scenario.cluster.nodes[i]?.role === "voter")
    .map((id) => commitFloor(scenario, id, up, delays) as CommitFloor);
  return floors.reduce((best, floor) => (floor.ms < best.ms ? floor : best));
}

type WeatherFault = Extract<Fault, { readonly type: "weather" }>;

function linkFault(scenario: Scenario): WeatherFault | null {
  return scenario.faults.find((fault) => fault.type === "weather") ?? null;
}

function linkWeather(scenario: Scenario): Weather | null {
  return linkFault(scenario)?.weather ?? null;
}

type Risk = Pick<Prediction, "outage" | "unavailableMs">;

const NONE: Risk = { outage: "none", unavailableMs: { min: null, max: 0 } };
const POSSIBLE: Risk = { outage: "possible", unavailableMs: { min: null, max: null } };

function outageRisk(cell: IncidentCell, floors: Floors, patience: Patience, link: WeatherFault | null): Risk {
  const loss = lossOf(cell);
  // Slowness alone silences nobody: a round trip of 200 ms is far below any voter's patience.
  if (loss === 0) return NONE;
  const stretchMs = typeof link?.forMs === "number" ? link.forMs : 0;
  if (!floors.during.crossesLink) return cell.topology === "fix" ? NONE : disturbance(cell);
  // The leader needs one voter from over the link: it is cut off only while all of the voters over there are silent.
  const share = silentShare(loss, patience) ** 2;
  const outages = (stretchMs / patience.detectionMs) * share;
  if (cell.leader === "remote" && !floors.anywhere.crossesLink) {
    // The local voters are a majority of their own: they elect one of themselves and have done with the link.
    return outages < OUTAGES_POSSIBLE ? NONE : { outage: "brief", unavailableMs: { min: null, max: null } };
  }
  if (outages < OUTAGES_POSSIBLE) return NONE;
  if (share < SHARE_EXPECTED) return POSSIBLE;
  // At least one gap beyond the threshold; how they add up depends on how the protocol finds its way back.
  return { outage: "expected", unavailableMs: { min: 1, max: null } };
}

/**
 * The local majority needs nobody from over the link. But remote voters that hear nothing stand for election, and in
 * Raft without PreVote their higher term, when it gets through, deposes the leader.
 */
function disturbance(cell: IncidentCell): Risk {
  return cell.preVote === false ? POSSIBLE : NONE;
}

/**
 * Share of the time in which one remote voter is silent for longer than `detectionMs`. On a stream a packet lost k times
 * holds up all that follow it, for 1, 3, 7, … timeouts. Every packet may be the one, and either direction is enough.
 */
function silentShare(loss: number, { detectionMs, messagesPerSecond }: Patience): number {
  const timeoutMs = RETRANSMIT_MS + DEGRADED_ROUND_TRIP_MS;
  const oneWayMs = DEGRADED_ROUND_TRIP_MS / 2;
  let lost = 0;
  let waited = 0;
  while (oneWayMs + waited <= detectionMs) {
    lost += 1;
    waited += timeoutMs * 2 ** (lost - 1);
  }
  // Stalls of this length or longer begin at this rate; each leaves at least this much silence beyond the patience.
  const perSecond = messagesPerSecond * loss ** lost;
  const beyondSeconds = (oneWayMs + waited - detectionMs) / 1000;
  const oneDirection = 1 - Math.exp(-perSecond * beyondSeconds);
  return 1 - (1 - oneDirection) ** 2;
}

function words(cell: IncidentCell, floors: Floors, risk: Risk): string {
  return [latencyWords(cell, floors), outageWords(cell, floors, risk)].join(" ");
}

function latencyWords(cell: IncidentCell, { first, during }: Floors): string {
  const where = during.crossesLink
    ? "Every quorum crosses the link"
    : "The quorum is complete without crossing the link";
  const far = cell.leader === "remote" ? ", and so does every request" : "";
  const change = cell.link === "healthy" && cell.localVoters === "all up" ? "" : `, ${ms(first.ms)} before`;
  return `${where}${during.crossesLink ? far : ""}: a commit takes at least ${ms(during.ms)}${change}.`;
}

function outageWords(cell: IncidentCell, floors: Floors, { outage }: Risk): string {
  switch (outage) {
    case "none":
      if (lossOf(cell) > 0 && !floors.during.crossesLink) return "Loss on the link is none of its business: no outage.";
      return "Nobody is silent for long: no outage.";
    case "brief":
      return `The local voters lose the leader, elect one of their own, and commits then take at least ${ms(floors.anywhere.ms)}.`;
    case "possible":
      if (!floors.during.crossesLink)
        return "Remote voters that miss the leader can depose it with a higher term: gaps are possible.";
      return "Both remote voters are silent at once now and then: short gaps are possible.";
    case "expected":
      return "Both remote voters are often silent for longer than anyone waits: gaps are certain, and they add up.";
    case "total":
      return "Nothing can commit.";
  }
}

function ms(value: number): string {
  return value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}
