/** What a schema cannot say about a scenario: names that must exist, ranges, windows, and settings that fit together. */
import { configurationProblems, nodeId } from "../../protocols/core/index.js";
import { InputError, shown } from "./inputError.js";
import { checkLimits } from "./limits.js";
import type { Draw, Expectation, Fault, NodeSelector, Scenario, Weather } from "./scenario.js";

/** Says where something is wrong and ends the check. */
type Fail = (path: string, expected: string, found: unknown) => never;

const ROLES = ["leader", "follower", "learner", "random", "all"];
/** Longer, and a node would be one that has stopped. */
const APPLY_DELAY_MAX_MS = 1_000;
const SAFETY_ONLY = new Set(["swarm", "crash-after-persist"]);

/** @throws InputError for the first thing that cannot be run as written. */
export function checkSemantics(scenario: Scenario, file: string): void {
  const fail: Fail = (path, expected, found) => {
    throw new InputError({ file, path, expected, found: typeof found === "string" ? found : shown(found) });
  };
  checkLimits(scenario, fail);
  checkCluster(scenario, fail);
  checkLinks(scenario, fail);
  checkRange("/disk/syncMs", scenario.disk?.syncMs, 0, Number.MAX_VALUE, fail);
  checkRange("/applyDelayMs", scenario.applyDelayMs, 0, APPLY_DELAY_MAX_MS, fail);
  checkWorkload(scenario, fail);
  if (scenario.durationMs <= 0) fail("/durationMs", "a number > 0", scenario.durationMs);
  checkModes(scenario, fail);
  for (const [i, fault] of scenario.faults.entries()) checkFault(scenario, fault, `/faults/${i}`, fail);
  checkExpectation(scenario, fail);
}

function checkCluster({ cluster }: Scenario, fail: Fail): void {
  const voters = cluster.nodes.filter((node) => node.role === "voter");
  if (voters.length === 0) fail("/cluster/nodes", "at least one voter", "only learners");
  if (cluster.firstLeader !== undefined) {
    const first = cluster.nodes[nodeIds(cluster.nodes.length).indexOf(cluster.firstLeader)];
    const expected = `a node from n1 to n${cluster.nodes.length}`;
    if (first === undefined) fail("/cluster/firstLeader", expected, cluster.firstLeader);
    else if (first.role !== "voter") fail("/cluster/firstLeader", "a voter", `${cluster.firstLeader}, a learner`);
  }
  if (cluster.quorums === undefined) return;
  for (const name of ["election", "replication"] as const) {
    const size = cluster.quorums[name];
    const wrong = size < 1 || size > voters.length;
    if (wrong) fail(`/cluster/quorums/${name}`, `an integer from 1 to ${voters.length}, the number of voters`, size);
  }
  if (cluster.unsafeQuorums === true) return;
  const members = cluster.nodes.map((node, i) => ({ id: nodeId(`n${i + 1}`), ordinal: i + 1, role: node.role }));
  const [problem] = configurationProblems({ members, quorums: cluster.quorums }, false);
  if (problem !== undefined) fail("/cluster/quorums", 'quorums that intersect, or "unsafeQuorums": true', problem);
}

/** n1, n2, … as scenarios number their nodes. */
export function nodeIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i + 1}`);
}

/** Regions of nodes, in order of appearance. */
function nodeRegions(scenario: Scenario): string[] {
  return [...new Set(scenario.cluster.nodes.map((node) => node.region))];
}

function checkLinks(scenario: Scenario, fail: Fail): void {
  const { links } = scenario;
  const stream = links.kind === "stream";
  checkWeather("/links/local", links.local, stream, fail);
  if (links.client !== undefined) checkWeather("/links/client", links.client, stream, fail);
  const clientRegions = scenario.workload.clients.map((group) => group.region);
  const regions = new Set([...nodeRegions(scenario), ...clientRegions]);
  const named = new Set<string>();
  for (const [i, { regions: pair, weather }] of (links.between ?? []).entries()) {
    const path = `/links/between/${i}`;
    for (const [k, region] of pair.entries()) {
      const known = [...regions].join(", ");
      if (!regions.has(region)) fail(`${path}/regions/${k}`, `a region of a node or client (${known})`, region);
    }
    const key = pairKey(pair[0], pair[1]);
    if (pair[0] === pair[1]) fail(`${path}/regions`, "two different regions", pair);
    if (named.has(key)) fail(`${path}/regions`, "a pair that is named once", pair);
    named.add(key);
    checkWeather(`${path}/weather`, weather, stream, fail);
  }
  const home = nodeRegions(scenario);
  for (const a of home)
    for (const b of regions) {
      const missing = a !== b && !named.has(pairKey(a, b));
      if (missing) fail("/links/between", `a link between ${a} and ${b}`, "none");
    }
}

function pairKey(a: string, b: string): string {
  return a < b ? JSON.stringify([a, b]) : JSON.stringify([b, a]);
}

function checkWeather(path: string, weather: Weather, stream: boolean, fail: Fail): void {
  checkRange(`${path}/delayMs`, weather.delayMs, 0, Number.MAX_VALUE, fail);
  checkRange(`${path}/jitterMs`, weather.jitterMs, 0, Number.MAX_VALUE, fail);
  for (const name of ["loss", "duplicate", "reorder"] as const)
    checkRange(`${path}/${name}`, weather[name], 0, 1, fail);
  if (!stream) return;
  for (const name of ["duplicate", "reorder"] as const) {
    if (weather[name] !== undefined) fail(`${path}/${name}`, "nothing: a stream keeps its order", weather[name]);
  }
}

function checkRange(path: string, draw: Draw | undefined, least: number, greatest: number, fail: Fail): void {
  if (draw === undefined) return;
  const limits = greatest === Number.MAX_VALUE ? `>= ${least}` : `from ${least} to ${greatest}`;
  if (typeof draw === "number") {
    if (draw < least || draw > greatest) fail(path, `a number ${limits}`, draw);
    return;
  }
  if (draw.min > draw.max) fail(path, "min <= max", draw);
  if (draw.min < least) fail(`${path}/min`, `a number ${limits}`, draw.min);
  if (draw.max > greatest) fail(`${path}/max`, `a number ${limits}`, draw.max);
}

function checkWorkload(scenario: Scenario, fail: Fail): void {
  for (const [i, group] of scenario.workload.clients.entries()) {
    const path = `/workload/clients/${i}`;
    const weight = Object.values(group.mix).reduce((sum, part) => sum + part, 0);
    if (weight <= 0) fail(`${path}/mix`, "at least one weight > 0", group.mix);
    if (group.loop.type === "open" && group.loop.ratePerSecond <= 0)
      fail(`${path}/loop/ratePerSecond`, "a number > 0", group.loop.ratePerSecond);
    if (group.timeoutMs !== undefined && group.timeoutMs <= 0)
      fail(`${path}/timeoutMs`, "a number > 0", group.timeoutMs);
  }
}

function checkModes(scenario: Scenario, fail: Fail): void {
  const { mode, faultsEndMs, durationMs } = scenario;
  if (mode === "liveness" && faultsEndMs === undefined)
    fail("/faultsEndMs", "a number: liveness begins where the faults end", "nothing");
  if (mode === "compare" && faultsEndMs !== undefined)
    fail("/faultsEndMs", 'nothing in mode "compare", which asks for no progress', faultsEndMs);
  if (faultsEndMs !== undefined && faultsEndMs >= durationMs)
    fail("/faultsEndMs", `a number < durationMs (${durationMs})`, faultsEndMs);
}

function checkFault(scenario: Scenario, fault: Fault, path: string, fail: Fail): void {
  const compare = scenario.mode === "compare";
  if (compare && SAFETY_ONLY.has(fault.type))
    fail(`${path}/type`, 'a fault that is the same for every protocol (mode is "compare")', fault.type);
  checkRange(`${path}/atMs`, fault.atMs, 0, scenario.durationMs, fail);
  checkRange(`${path}/forMs`, fault.forMs, 0, Number.MAX_VALUE, fail);
  if (fault.everyMs !== undefined) {
    const lasts = greatest(fault.forMs ?? 0);
    if (fault.everyMs <= 0) fail(`${path}/everyMs`, "a number > 0", fault.everyMs);
    if (fault.everyMs < lasts) fail(`${path}/everyMs`, `at least the ${lasts} ms that the fault lasts`, fault.everyMs);
  }
  for (const [place, selector] of selectorsOf(fault)) checkSelector(scenario, selector, `${path}/${place}`, fail);
  switch (fault.type) {
    case "weather":
      return checkWeather(`${path}/weather`, fault.weather, scenario.links.kind === "stream", fail);
    case "slow-cpu":
      return checkRange(`${path}/factor`, fault.factor, 1, Number.MAX_VALUE, fail);
    case "clock-drift":
      // A clock that runs backwards or stands still is none.
      return checkRange(`${path}/ppm`, fault.ppm, -500_000, 500_000, fail);
    case "clock-jump":
      return checkRange(`${path}/jumpMs`, fault.jumpMs, 0, Number.MAX_VALUE, fail);
    case "slow-disk":
      return checkRange(`${path}/syncMs`, fault.syncMs, 0, Number.MAX_VALUE, fail);
    case "partition":
      return checkGroups(scenario, fault.groups, `${path}/groups`, fail);
    case "cut":
    case "crash":
    case "pause":
    case "failed-sync":
    case "full-disk":
    case "bit-rot":
    case "misdirected-write":
    case "crash-after-persist":
    case "swarm":
      return undefined;
  }
}

function greatest(draw: Draw): number {
  return typeof draw === "number" ? draw : draw.max;
}

/** Every selector of a fault with its place in it. */
function selectorsOf(fault: Fault): (readonly [string, NodeSelector])[] {
  switch (fault.type) {
    case "partition":
      return fault.groups.map((group, i) => [`groups/${i}`, group]);
    case "cut":
      return [
        ["from", fault.from],
        ["to", fault.to],
      ];
    case "weather":
      return fault.between === "all"
        ? []
        : [
            ["between/0", fault.between[0]],
            ["between/1", fault.between[1]],
          ];
    case "swarm":
      return [];
    case "crash":
    case "pause":
    case "slow-cpu":
    case "clock-drift":
    case "clock-jump":
    case "slow-disk":
    case "failed-sync":
    case "full-disk":
    case "bit-rot":
    case "misdirected-write":
    case "crash-after-persist":
      return [["nodes", fault.nodes]];
  }
}

function checkSelector(scenario: Scenario, selector: NodeSelector, path: string, fail: Fail): void {
  if (typeof selector !== "string") {
    if (selector.length === 0) fail(path, "at least one node", selector);
    for (const [i, one] of selector.entries()) checkSelector(scenario, one, `${path}/${i}`, fail);
    return;
  }
  const regions = nodeRegions(scenario);
  if (selector.startsWith("region:")) {
    if (!regions.includes(selector.slice(7))) fail(path, `region: and one of ${regions.join(", ")}`, selector);
    return;
  }
  const count = scenario.cluster.nodes.length;
  if (ROLES.includes(selector) || nodeIds(count).includes(selector)) return;
  fail(path, `a node from n1 to n${count}, region:NAME, or one of ${ROLES.join(", ")}`, selector);
}

/** Nodes that a selector always means; roles and random ones are only known when the fault fires. */
function fixedNodes(scenario: Scenario, selector: NodeSelector): string[] {
  if (typeof selector !== "string") return selector.flatMap((one) => fixedNodes(scenario, one));
  const ids = nodeIds(scenario.cluster.nodes.length);
  if (selector === "all") return ids;
  if (!selector.startsWith("region:")) return ids.includes(selector) ? [selector] : [];
  return ids.filter((_, i) => scenario.cluster.nodes[i]?.region === selector.slice(7));
}

function checkGroups(scenario: Scenario, groups: readonly NodeSelector[], path: string, fail: Fail): void {
  if (groups.length === 0) fail(path, "at least one group", groups);
  const seen = new Map<string, number>();
  for (const [i, group] of groups.entries())
    for (const node of fixedNodes(scenario, group)) {
      const earlier = seen.get(node);
      if (earlier !== undefined && earlier !== i)
        fail(`${path}/${i}`, "groups that share no node", `${node}, which is in group ${earlier} too`);
      seen.set(node, i);
    }
}

function checkExpectation({ expect, expectOf, durationMs }: Scenario, fail: Fail): void {
  checkWindow("/expect", expect, durationMs, fail);
  for (const [protocol, own] of Object.entries(expectOf ?? {}))
    checkWindow(`/expectOf/${protocol}`, own, durationMs, fail);
}

function checkWindow(path: string, expect: Expectation | undefined, durationMs: number, fail: Fail): void {
  const window = expect?.noCommitBetweenMs;
  if (window === undefined) return;
  const [from, to] = window;
  const wrong = from >= to || from < 0 || to > durationMs;
  if (wrong)
    fail(`${path}/noCommitBetweenMs`, `[from, to] with from < to within the ${durationMs} ms of the run`, window);
}
