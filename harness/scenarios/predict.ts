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
/** From this share of the time on, silence is certain to show over minutes; from the other on, little else is left. */
const SHARE_EXPECTED = 0.05;
const SHARE_TOTAL = 0.9;
/** The arithmetic knows no bursts and no protocol's way back: half of the time it predicts is the least that must show. */
const MARGIN = 0.5;
/** Elections that a leadership may take to come home for good, each of the length of a detection. */
const ELECTIONS_BRIEF = 30;
const DEFAULT_GAP_MS = 1000;

/** What must happen in a cell by arithmetic on round trips, syncs and quorums; nothing is run. */
export function predictIncident(cell: IncidentCell, scenario: Scenario, patience: Patience): Prediction {
  const first = scenario.cluster.firstLeader ?? "n1";
  const all = new Set(nodeIds(scenario.cluster.nodes.length));
  const up = new Set(all);
  if (cell.localVoters === "one down") up.delete("n3");
  const weather = linkWeather(scenario);
  const healthy = commitFloor(scenario, first, all, leastDelays(scenario, null)) as CommitFloor;
  const degraded = commitFloor(scenario, first, up, leastDelays(scenario, weather)) as CommitFloor;
  const floors = { first: healthy, during: degraded, anywhere: anyLeader(scenario, up, weather) };
  const risk = outageRisk(cell, floors, patience, scenario);
  return {
    // Where leadership may move, only the best place for a leader bounds the latency.
    floorMs: { healthy: healthy.ms, degraded: risk.outage === "none" ? degraded.ms : floors.anywhere.ms },
    majorityCrossesLink: { healthy: healthy.crossesLink, degraded: degraded.crossesLink },
    ...risk,
    words: `${latencyWords(cell, floors)} ${outageWords(cell, floors, risk)}`,
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
const DEPOSED: Risk = { outage: "expected", unavailableMs: { min: 1, max: null } };
const POSSIBLE: Risk = { outage: "possible", unavailableMs: { min: null, max: null } };

function outageRisk(cell: IncidentCell, floors: Floors, patience: Patience, scenario: Scenario): Risk {
  const loss = lossOf(cell);
  const link = linkFault(scenario);
  // Slowness alone silences nobody: a round trip of 200 ms is far below any voter's patience.
  if (loss === 0 || typeof link?.forMs !== "number") return NONE;
  const { detectionMs, messagesPerSecond } = patience;
  const missed = stalledShare(loss, detectionMs, messagesPerSecond);
  if (!floors.during.crossesLink) return cell.topology === "fix" ? NONE : disturbance(cell, missed);
  if (!floors.anywhere.crossesLink) {
    // Once the leader is at home it is in the same danger as one that was there from the start.
    return cell.preVote === false && missed >= SHARE_EXPECTED ? DEPOSED : homecoming(missed, detectionMs);
  }
  // A commit needs one remote voter there and back: it waits only while both are out of reach, in either direction.
  const gapMs = scenario.unavailableGapMs ?? DEFAULT_GAP_MS;
  const oneWay = stalledShare(loss, gapMs, messagesPerSecond);
  const share = (1 - (1 - oneWay) ** 2) ** 2;
  if (share < SHARE_EXPECTED) return POSSIBLE;
  const unavailableMs = { min: Math.round(MARGIN * share * link.forMs), max: null };
  return { outage: share >= SHARE_TOTAL ? "total" : "expected", unavailableMs };
}

/**
 * The local majority needs nobody from over the link. But remote voters that miss the leader stand for election, and in
 * Raft without PreVote their higher term, when it gets through, deposes it.
 */
function disturbance(cell: IncidentCell, missed: number): Risk {
  if (cell.preVote !== false) return NONE;
  return missed < SHARE_EXPECTED ? POSSIBLE : DEPOSED;
}

/** The local voters are a majority of their own: once all three miss the remote leader they have done with the link. */
function homecoming(missed: number, detectionMs: number): Risk {
  if (missed ** 3 < SHARE_EXPECTED) return POSSIBLE;
  return { outage: "brief", unavailableMs: { min: null, max: ELECTIONS_BRIEF * detectionMs } };
}

/**
 * Share of the time in which one direction of a stream is in a stall longer than `limitMs`. A packet lost k times holds
 * up all that follow it, for 1, 3, 7, … timeouts, and every packet may be the one.
 */
function stalledShare(loss: number, limitMs: number, messagesPerSecond: number): number {
  const timeoutMs = RETRANSMIT_MS + DEGRADED_ROUND_TRIP_MS;
  let stallMs = DEGRADED_ROUND_TRIP_MS / 2;
  let losses = 0;
  while (stallMs <= limitMs) {
    stallMs += timeoutMs * 2 ** losses;
    losses += 1;
  }
  const stallsPerSecond = messagesPerSecond * loss ** losses;
  return 1 - Math.exp(-stallsPerSecond * (stallMs / 1000));
}

function latencyWords(cell: IncidentCell, { first, during }: Floors): string {
  const where = during.crossesLink
    ? "Every quorum crosses the link"
    : "The quorum is complete without crossing the link";
  const far = cell.leader === "remote" ? ", and so does every request" : "";
  const change = cell.link === "healthy" && cell.localVoters === "all up" ? "" : `, ${ms(first.ms)} before`;
  return `${where}${during.crossesLink ? far : ""}: a commit takes at least ${ms(during.ms)}${change}.`;
}

function outageWords(cell: IncidentCell, floors: Floors, { outage, unavailableMs }: Risk): string {
  const majorityAtHome = !floors.anywhere.crossesLink;
  switch (outage) {
    case "none":
      if (lossOf(cell) > 0) return "Loss on the link is none of its business: no outage.";
      return "Nobody is silent for long: no outage.";
    case "brief":
      return `The local voters miss the leader and elect one of their own; commits then take at least ${ms(floors.anywhere.ms)}.`;
    case "possible":
      if (cell.leader === "remote" && majorityAtHome)
        return "Stalls are short enough for the leader to stay, or to be replaced by a local one: gaps are possible.";
      return "Stalls are rare: gaps are possible.";
    case "expected":
      if (majorityAtHome)
        return "Remote voters that miss the leader depose it with a higher term again and again: gaps are certain.";
      return `Both remote voters are out of reach now and then: gaps are certain, together at least ${seconds(unavailableMs.min)}.`;
    case "total":
      return `Both remote voters are out of reach nearly all the time: hardly anything commits, for at least ${seconds(unavailableMs.min)}.`;
  }
}

function seconds(valueMs: number | null): string {
  return `${Math.round((valueMs ?? 0) / 1000)} s`;
}

function ms(value: number): string {
  return value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}
