/** Every way in which a scenario can be wrong gets one line that says where and what was expected. */
import { describe, expect, test } from "vitest";
import { anyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import {
  checkScenario,
  InputError,
  loadScenario,
  parseJson,
  resolveOptions,
  type Scenario,
} from "../../harness/scenarios/index.js";

type Json = Record<string, unknown>;

/** A copy of `calm`, or of another scenario, with the value at a JSON pointer replaced; undefined takes it out. */
function changed(path: string, value: unknown, name = "calm"): unknown {
  const copy = structuredClone(loadScenario(name)) as unknown as Json;
  const steps = path.split("/").slice(1);
  const last = steps.pop() as string;
  let at = copy;
  for (const step of steps) at = (at[step] ??= {}) as Json;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

function message(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return "no error";
}

const FAULT = { type: "crash", nodes: "leader", atMs: 1000, forMs: 500 };
const voter = { region: "home", role: "voter" };
const learner = { region: "home", role: "learner" };

const CASES: readonly (readonly [path: string, value: unknown, line: string])[] = [
  ["/title", undefined, "f.json: /title: expected a string, found nothing"],
  ["/title", 5, "f.json: /title: expected a string, found 5"],
  ["/name", "No Spaces", 'f.json: /name: expected text that matches ^[a-z0-9][a-z0-9-]*$, found "No Spaces"'],
  ["/mode", "fast", 'f.json: /mode: expected one of "compare", "liveness", "safety", found "fast"'],
  ["/durationMs", -1, "f.json: /durationMs: expected a number >= 0, found -1"],
  ["/durationMs", 0, "f.json: /durationMs: expected a number > 0, found 0"],
  ["/durationMs", 1e18, "f.json: /durationMs: expected a number up to 604800000, found 1000000000000000000"],
  ["/workload/keys/count", 1e12, "f.json: /workload/keys/count: expected a number up to 1000000, found 1000000000000"],
  ["/workload/valueBytes", 1e10, "f.json: /workload/valueBytes: expected a number up to 1048576, found 10000000000"],
  [
    "/workload/clients/0/count",
    1e9,
    "f.json: /workload/clients/0/count: expected at most 10000 clients in all, found 1000000000",
  ],
  [
    "/workload/clients/0/loop",
    { type: "open", ratePerSecond: 1e12 },
    "f.json: /workload/clients/0/loop/ratePerSecond: expected a number up to 1000000, found 1000000000000",
  ],
  [
    "/cluster/nodes",
    Array.from({ length: 32 }, () => voter),
    "f.json: /cluster/nodes: expected at most 31 voters, found 32",
  ],
  [
    "/cluster/nodes",
    [voter, ...Array.from({ length: 100 }, () => learner)],
    "f.json: /cluster/nodes: expected at most 100 nodes, found 101",
  ],
  [
    "/cluster/nodes/0/region",
    " ",
    'f.json: /cluster/nodes/0/region: expected a name of one line without spaces at its ends, found " "',
  ],
  [
    "/faults",
    [{ ...FAULT, forMs: 0, everyMs: 0.001 }],
    "f.json: /faults/0/everyMs: expected a number >= 1, found 0.001",
  ],
  ["/links/local/delayMs", "fast", 'f.json: /links/local/delayMs: expected an object or a number, found "fast"'],
  ["/links/local/delayMs", { min: 1 }, "f.json: /links/local/delayMs/max: expected a number, found nothing"],
  [
    "/links/local/delayMs",
    { min: 3, max: 1 },
    'f.json: /links/local/delayMs: expected min <= max, found {"min":3,"max":1}',
  ],
  ["/links/local/delayMs", -2, "f.json: /links/local/delayMs: expected a number >= 0, found -2"],
  ["/links/local/loss", 1.5, "f.json: /links/local/loss: expected a number from 0 to 1, found 1.5"],
  ["/links/local/loss", { min: 0, max: 2 }, "f.json: /links/local/loss/max: expected a number from 0 to 1, found 2"],
  ["/links/local/reorder", 0.1, "f.json: /links/local/reorder: expected nothing: a stream keeps its order, found 0.1"],
  [
    "/links/between",
    [{ regions: ["home", "moon"], weather: { delayMs: 1 } }],
    "f.json: /links/between/0/regions/1: expected a region of a node or client (home), found moon",
  ],
  ["/cluster/nodes/2/region", "away", "f.json: /links/between: expected a link between home and away, found none"],
  ["/workload/clients/0/region", "away", "f.json: /links/between: expected a link between home and away, found none"],
  ["/cluster/nodes", [], "f.json: /cluster/nodes: expected at least 1 element(s), found []"],
  ["/cluster/nodes", [learner], "f.json: /cluster/nodes: expected at least one voter, found only learners"],
  ["/cluster/firstLeader", "n9", "f.json: /cluster/firstLeader: expected a node from n1 to n3, found n9"],
  ["/cluster/nodes", [learner, voter], "f.json: /cluster/firstLeader: expected a voter, found n1, a learner"],
  [
    "/cluster/quorums",
    { election: 4, replication: 2 },
    "f.json: /cluster/quorums/election: expected an integer from 1 to 3, the number of voters, found 4",
  ],
  [
    "/cluster/quorums",
    { election: 1.5, replication: 2 },
    "f.json: /cluster/quorums/election: expected an integer, found 1.5",
  ],
  [
    "/cluster/quorums",
    { election: 2, replication: 1 },
    'f.json: /cluster/quorums: expected quorums that intersect, or "unsafeQuorums": true, found election quorum 2 + replication quorum 1 do not exceed 3 voters: they can miss each other',
  ],
  ["/disk/syncMs", { min: 2, max: 1 }, 'f.json: /disk/syncMs: expected min <= max, found {"min":2,"max":1}'],
  ["/applyDelayMs", 1_001, "f.json: /applyDelayMs: expected a number from 0 to 1000, found 1001"],
  ["/workload/keys/count", 1.5, "f.json: /workload/keys/count: expected an integer, found 1.5"],
  ["/workload/clients/0/mix", {}, "f.json: /workload/clients/0/mix: expected at least one weight > 0, found {}"],
  [
    "/workload/clients/0/mix/fly",
    1,
    'f.json: /workload/clients/0/mix/fly: expected one of the properties append, cas, delete, get, put, range, found "fly"',
  ],
  [
    "/workload/clients/0/loop",
    { type: "half" },
    'f.json: /workload/clients/0/loop/type: expected one of "closed", "open", found "half"',
  ],
  [
    "/workload/clients/0/loop",
    { type: "open", ratePerSecond: 0 },
    "f.json: /workload/clients/0/loop/ratePerSecond: expected a number > 0, found 0",
  ],
  ["/workload/clients/0/timeoutMs", 0, "f.json: /workload/clients/0/timeoutMs: expected a number > 0, found 0"],
  ["/faultsEndMs", 5, 'f.json: /faultsEndMs: expected nothing in mode "compare", which asks for no progress, found 5'],
  ["/mode", "liveness", "f.json: /faultsEndMs: expected a number: liveness begins where the faults end, found nothing"],
  [
    "/faults",
    [{ ...FAULT, type: "meteor" }],
    'f.json: /faults/0/type: expected one of "partition", "cut", "weather", "crash", "pause", "slow-cpu", "clock-drift", "clock-jump", "slow-disk", "failed-sync", "full-disk", "bit-rot", "misdirected-write", "crash-after-persist", "swarm", found "meteor"',
  ],
  ["/faults", [{ ...FAULT, nodes: undefined }], "f.json: /faults/0/nodes: expected a node selector, found nothing"],
  [
    "/faults",
    [{ ...FAULT, nodes: "n7" }],
    "f.json: /faults/0/nodes: expected a node from n1 to n3, region:NAME, or one of leader, follower, learner, random, all, found n7",
  ],
  [
    "/faults",
    [{ ...FAULT, nodes: ["n1", "region:moon"] }],
    "f.json: /faults/0/nodes/1: expected region: and one of home, found region:moon",
  ],
  ["/faults", [{ ...FAULT, atMs: 40_000 }], "f.json: /faults/0/atMs: expected a number from 0 to 30000, found 40000"],
  [
    "/faults",
    [{ ...FAULT, atMs: { min: 1000, max: 40_000 } }],
    "f.json: /faults/0/atMs/max: expected a number from 0 to 30000, found 40000",
  ],
  [
    "/faults",
    [{ ...FAULT, everyMs: 100 }],
    "f.json: /faults/0/everyMs: expected at least the 500 ms that the fault lasts, found 100",
  ],
  ["/faults", [{ ...FAULT, tornWrite: 2 }], "f.json: /faults/0/tornWrite: expected a number <= 1, found 2"],
  [
    "/faults",
    [{ type: "swarm", intensity: 0.5, atMs: 0 }],
    'f.json: /faults/0/type: expected a fault that is the same for every protocol (mode is "compare"), found swarm',
  ],
  [
    "/faults",
    [{ type: "slow-cpu", nodes: "n1", factor: 0.5, atMs: 0 }],
    "f.json: /faults/0/factor: expected a number >= 1, found 0.5",
  ],
  [
    "/faults",
    [{ type: "partition", groups: [["n1"], "all"], atMs: 0 }],
    "f.json: /faults/0/groups/1: expected groups that share no node, found n1, which is in group 0 too",
  ],
  [
    "/faults",
    [{ type: "weather", between: "all", weather: { delayMs: 1, loss: 2 }, atMs: 0 }],
    "f.json: /faults/0/weather/loss: expected a number from 0 to 1, found 2",
  ],
  [
    "/expect",
    { noCommitBetweenMs: [5, 2] },
    "f.json: /expect/noCommitBetweenMs: expected [from, to] with from < to within the 30000 ms of the run, found [5,2]",
  ],
  [
    "/expectOf",
    { zab: { noCommitBetweenMs: [5, 2] } },
    "f.json: /expectOf/zab/noCommitBetweenMs: expected [from, to] with from < to within the 30000 ms of the run, found [5,2]",
  ],
  [
    "/expectOf",
    { viewstamped: {} },
    'f.json: /expectOf/viewstamped: expected one of multipaxos, quorumregister, raft, zab, found "viewstamped"',
  ],
  [
    "/options",
    { quorumregister: { readQuorum: -1 } },
    "f.json: /options/quorumregister/readQuorum: expected a number >= 0, found -1",
  ],
  [
    "/options",
    { viewstamped: {} },
    'f.json: /options/viewstamped: expected one of multipaxos, quorumregister, raft, zab, found "viewstamped"',
  ],
  [
    "/options",
    { raft: { heartbeatIntervalMs: "soon" } },
    'f.json: /options/raft/heartbeatIntervalMs: expected a number, found "soon"',
  ],
];

describe("one line names the file, the place and what was expected", () => {
  test.each(CASES)("%s = %j", (path, value, line) => {
    expect(message(() => checkScenario(changed(path, value), "f.json"))).toBe(line);
  });
});

test("an unknown setting is an error that lists the known ones", () => {
  const line = message(() => checkScenario(changed("/options", { raft: { electionTimeout: 5 } }), "f.json"));
  expect(line).toMatch(
    /^f\.json: \/options\/raft\/electionTimeout: expected one of the properties .*preVote.*, found "electionTimeout"$/,
  );
});

test("settings that contradict each other are refused", () => {
  const scenario = checkScenario(changed("/options", { raft: { electionTimeoutMinMs: 50 } }), "f.json");
  expect(message(() => resolveOptions(scenario, anyModule(raft), "matched", "f.json"))).toBe(
    "f.json: /options/raft: expected settings that fit together, found electionTimeoutMinMs 50 must be above heartbeatIntervalMs 100",
  );
});

test("unsafe quorums run when the scenario says that it means them", () => {
  const scenario = changed("/cluster/quorums", { election: 2, replication: 1 }) as Scenario;
  const meant = { ...scenario, cluster: { ...scenario.cluster, unsafeQuorums: true } };
  expect(checkScenario(meant, "f.json").cluster.unsafeQuorums).toBe(true);
});

test.each([
  ['{\n  "name": calm\n}', "a value, found none at line 2 column 11"],
  ["", "a value, found none at line 1 column 1"],
  ['{"a": 1,}', "a property's name in double quotes, found none at line 1 column 9"],
  ['{"a": 1 "b": 2}', '"," or "}", found none at line 1 column 9'],
  ['{"a" 1}', '":", found none at line 1 column 6'],
  ['["\\x"]', "a value, found none at line 1 column 2"],
  ["[1, 2", '"," or "]", found none at line 1 column 6'],
  ["01", "the end, found none at line 1 column 2"],
  ["{} {}", "the end, found none at line 1 column 4"],
])("text that is no JSON is told with its line and column: %j", (text, rest) => {
  expect(message(() => parseJson(text, "f.json"))).toBe(`f.json: /: expected JSON with ${rest}`);
});

test("a name that is no scenario's lists those that there are", () => {
  expect(message(() => loadScenario("storm"))).toMatch(
    /^--scenario: expected a file or one of calm, .*, found "storm"$/,
  );
});

test("a file that is not there is told by its name", () => {
  expect(message(() => loadScenario("./nowhere.json"))).toBe(
    "./nowhere.json: /: expected a readable file, found no such file",
  );
});
