/** Every scenario that comes with Synod, with every protocol: well checked, not vacuous, and its faults do happen. */
import { describe, expect, test } from "vitest";
import { protocolNames } from "../../harness/cli/protocols.js";
import { runChecked } from "../../harness/cli/run.js";
import { loadScenario, scenarioNames } from "../../harness/scenarios/index.js";

/** The incident has tests of its own. */
const NAMES = scenarioNames().filter((name) => !name.startsWith("incident-"));

describe.each(protocolNames())("%s", (protocol) => {
  test.each(NAMES)("%s", (name) => {
    const scenario = loadScenario(name);
    const base = { protocol, scenario, scenarioName: name, timing: "matched", checkDeadlineMs: 20_000 } as const;
    const { record, outcome } = runChecked({ ...base, seed: 1 });
    expect(record.reasons).toEqual([]);
    expect(outcome).toBe("ok");
    expect(record.committed).toBeGreaterThan(100);
    const skipped = record.timeline.faults.filter((fault) => fault.skipped !== null);
    // A swarm draws its targets blindly; what was written down by hand must happen.
    if (scenario.mode === "compare") expect(skipped).toEqual([]);
    expect(record.timeline.faults.length).toBeGreaterThanOrEqual(scenario.faults.length === 0 ? 0 : 1);
  });
});
