/** Topology files: read, validated, checked. */
import { InputError, shown } from "./inputError.js";
import { isName, NAME_WORDS } from "./limits.js";
import type { Topology } from "./topology.js";
import { parseJson, readText, validate } from "./validate.js";

/**
 * Reads a topology file. Names are not blank and not given twice, every pair of sites with nodes has its round trip,
 * quorums fit the voters.
 *
 * @throws InputError
 */
export function loadTopology(file: string): Topology {
  const value = parseJson(readText(file), file);
  validate("topology", value, file);
  const topology = value as Topology;
  const fail = (path: string, expected: string, found: unknown): never => {
    throw new InputError({ file, path, expected, found: shown(found) });
  };
  checkNames(topology, fail);
  const sites = topology.sites.map((site) => site.name);
  const known = `one of the sites ${sites.join(", ")}`;
  for (const [i, name] of sites.entries())
    if (sites.indexOf(name) !== i) fail(`/sites/${i}/name`, "a name that no other site has", name);
  const ids = topology.nodes.map((node) => node.id);
  for (const [i, node] of topology.nodes.entries()) {
    if (ids.indexOf(node.id) !== i) fail(`/nodes/${i}/id`, "an id that no other node has", node.id);
    if (!sites.includes(node.site)) fail(`/nodes/${i}/site`, known, node.site);
  }
  const voters = topology.nodes.filter((node) => node.role === "voter").length;
  if (voters === 0) fail("/nodes", "at least one voter", "only learners");
  for (const name of ["election", "replication"] as const) {
    const size = topology.quorums?.[name];
    if (size !== undefined && (size < 1 || size > voters))
      fail(`/quorums/${name}`, `an integer from 1 to ${voters}, the number of voters`, size);
  }
  checkRoundTrips(topology, sites, known, fail);
  for (const [name, ms] of Object.entries(topology.timeouts ?? {})) {
    if (ms === 0) fail(`/timeouts/${name}`, "a number > 0", ms);
    checkTime(`/timeouts/${name}`, ms, fail);
  }
  return topology;
}

type Fail = (path: string, expected: string, found: unknown) => never;

/** A day: more than any timeout or round trip, and far from where sums of times overflow. */
const TIME_MAX_MS = 86_400_000;

function checkTime(path: string, ms: number, fail: Fail): void {
  if (ms > TIME_MAX_MS) fail(path, `a number up to ${TIME_MAX_MS} (a day)`, ms);
}

function checkNames({ name, sites, nodes }: Topology, fail: Fail): void {
  const check = (path: string, text: string | undefined): void => {
    if (text !== undefined && !isName(text)) fail(path, NAME_WORDS, text);
  };
  check("/name", name);
  for (const [i, site] of sites.entries()) {
    check(`/sites/${i}/name`, site.name);
    check(`/sites/${i}/failureDomain`, site.failureDomain);
  }
  for (const [i, node] of nodes.entries()) check(`/nodes/${i}/id`, node.id);
}

function checkRoundTrips(topology: Topology, sites: readonly string[], known: string, fail: Fail): void {
  const named = new Set<string>();
  for (const [i, trip] of (topology.roundTrips ?? []).entries()) {
    const [a, b] = trip.between;
    for (const [k, site] of trip.between.entries())
      if (!sites.includes(site)) fail(`/roundTrips/${i}/between/${k}`, known, site);
    if (a === b) fail(`/roundTrips/${i}/between`, "two different sites", trip.between);
    if (named.has(pair(a, b))) fail(`/roundTrips/${i}/between`, "a pair that is named once", trip.between);
    named.add(pair(a, b));
    checkSpread(trip, `/roundTrips/${i}`, fail);
  }
  if (topology.localRoundTrip !== undefined) checkSpread(topology.localRoundTrip, "/localRoundTrip", fail);
  if (topology.sync !== undefined) checkSpread(topology.sync, "/sync", fail);
  const used = [...new Set(topology.nodes.map((node) => node.site))];
  for (const [i, a] of used.entries())
    for (const b of used.slice(i + 1))
      if (!named.has(pair(a, b))) fail("/roundTrips", `a round trip between ${a} and ${b}`, undefined);
}

function pair(a: string, b: string): string {
  return a < b ? JSON.stringify([a, b]) : JSON.stringify([b, a]);
}

function checkSpread(spread: { readonly p50Ms: number; readonly p99Ms?: number }, path: string, fail: Fail): void {
  checkTime(`${path}/p50Ms`, spread.p50Ms, fail);
  if (spread.p99Ms !== undefined) checkTime(`${path}/p99Ms`, spread.p99Ms, fail);
  if (spread.p99Ms !== undefined && spread.p99Ms < spread.p50Ms)
    fail(`${path}/p99Ms`, `a number >= p50Ms (${spread.p50Ms})`, spread.p99Ms);
}
