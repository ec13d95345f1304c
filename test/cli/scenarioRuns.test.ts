/**
 * The scenarios that come with Synod: well checked, not vacuous, and their faults do happen. `npm test` runs each with one
 * protocol, in turn, and those about quorums with the register too; `npm run test:long` with all three protocols.
 */
import { expect, test } from "vitest";
import { protocolNames } from "../../harness/cli/protocols.js";
import { runChecked } from "../../harness/cli/run.js";
import { loadScenario, scenarioNames } from "../../harness/scenarios/index.js";

const LONG = process.env["SYNOD_LONG"] !== undefined;
/** The incident has tests of its own. */
const NAMES = scenarioNames().filter((name) => !name.startsWith("incident-"));
const CASES = NAMES.flatMap((name, i) =>
  [
    ...protocolNames().filter((_, k) => LONG || k === i % 3),
    ...(name.startsWith("quorum-") ? ["quorumregister"] : []),
  ].map((protocol) => ({ name, protocol })),
);

test("every scenario has its turn", () => expect(new Set(CASES.map(({ name }) => name)).size).toBe(17));

test.each(CASES)("$protocol in $name", ({ protocol, name }) => {
  const scenario = loadScenario(name);
  const base = { protocol, scenario, scenarioName: name, timing: "matched", checkDeadlineMs: 20_000 } as const;
  const { record, outcome } = runChecked({ ...base, seed: 1 });
  expect(record.reasons.filter((reason) => !reason.startsWith("as expected: "))).toEqual([]);
  expect(outcome).toBe("ok");
  expect(record.committed).toBeGreaterThan(100);
  const skipped = record.timeline.faults.filter((fault) => fault.skipped !== null);
  // A swarm draws its targets blindly; what was written down by hand must happen.
  if (scenario.mode === "compare") expect(skipped).toEqual([]);
  expect(record.timeline.faults.length).toBeGreaterThanOrEqual(scenario.faults.length === 0 ? 0 : 1);
});
