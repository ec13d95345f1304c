/** The least a commit can cost, from round trips and syncs: what no run may beat. */
import { nodeIds } from "./semantics.js";
import type { Draw, Scenario, Weather } from "./scenario.js";

/** One way between two regions, milliseconds, at its least. */
export type LeastDelay = (a: string, b: string) => number;

/** What round trips and syncs allow at the least. */
export interface CommitFloor {
  /** From the client's send to the client's receipt, milliseconds. */
  readonly ms: number;
  /** Whether the replication quorum that is fastest from this leader has a voter outside the leader's region. */
  readonly crossesLink: boolean;
}

const DEFAULT_CLIENT_MS = 0.1;
const DEFAULT_SYNC_MS = 0.1;

/** The least value that may be drawn. */
export function leastOf(draw: Draw): number {
  return typeof draw === "number" ? draw : draw.min;
}

/** Delays of the scenario's links; `between` replaces the weather of links between regions where a fault does. */
export function leastDelays(scenario: Scenario, between: Weather | null): LeastDelay {
  return (a, b) => {
    if (a === b) return leastOf(scenario.links.local.delayMs);
    if (between !== null) return leastOf(between.delayMs);
    const link = scenario.links.between?.find(({ regions }) => regions.includes(a) && regions.includes(b));
    return link === undefined ? 0 : leastOf(link.weather.delayMs);
  };
}

/**
 * A leader's write is committed when the `replication`-th fastest voter has it on disk. The leader's own copy takes one
 * sync; another voter's takes a round trip and a sync, at the same time as the leader's. The client adds its own round
 * trip to the leader.
 *
 * @param up ids of the voters that run
 * @returns null where too few voters run for any commit
 */
export function commitFloor(
  scenario: Scenario,
  leader: string,
  up: ReadonlySet<string>,
  delay: LeastDelay,
): CommitFloor | null {
  const { nodes, quorums } = scenario.cluster;
  const ids = nodeIds(nodes.length);
  const regionOf = (id: string): string => nodes[ids.indexOf(id)]?.region ?? "";
  const home = regionOf(leader);
  const sync = leastOf(scenario.disk?.syncMs ?? DEFAULT_SYNC_MS);
  const voters = ids.filter((_, i) => nodes[i]?.role === "voter");
  const needed = quorums?.replication ?? Math.floor(voters.length / 2) + 1;
  const copies = voters
    .filter((id) => up.has(id))
    .map((id) => ({ region: regionOf(id), ms: sync + (id === leader ? 0 : 2 * delay(home, regionOf(id))) }))
    .sort((a, b) => a.ms - b.ms);
  const last = copies[needed - 1];
  if (last === undefined) return null;
  const crossesLink = copies.slice(0, needed).some((copy) => copy.region !== home);
  return { ms: clientRoundTrip(scenario, home, delay) + last.ms, crossesLink };
}

/** Round trip of the client that is nearest to the leader. */
function clientRoundTrip(scenario: Scenario, leaderRegion: string, delay: LeastDelay): number {
  const inside = leastOf(scenario.links.client?.delayMs ?? DEFAULT_CLIENT_MS);
  const trips = scenario.workload.clients.map(({ region }) =>
    region === leaderRegion ? 2 * inside : 2 * delay(region, leaderRegion),
  );
  return Math.min(...trips);
}
