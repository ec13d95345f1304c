/** What is said of the traces of runs that broke: never that they were validated. */
import { expect, test } from "vitest";
import { runChecked, type RunRequest } from "../../harness/cli/run.js";
import { withTraceVerdicts } from "../../harness/cli/traces.js";
import { validateRuns } from "../../harness/conform/index.js";
import { checkScenario, loadScenario, resolveOptions } from "../../harness/scenarios/index.js";
import { anyModule, type AnyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";

const calm = loadScenario("calm");
const RAFT = anyModule(raft);
const STEPS = 300;

/** Breaks once, after so many steps of all its replicas. */
function broken(): AnyModule {
  let steps = 0;
  return {
    ...RAFT,
    step: (state, input, nowMs) => {
      steps += 1;
      if (steps === STEPS) throw new Error("planted");
      return RAFT.step(state, input, nowMs);
    },
  };
}

test("a run that breaks while it is traced is not validated, one that does not is", async () => {
  const options = resolveOptions(calm, RAFT, "matched", "calm");
  const base = { scenario: calm, options, timing: "matched", seed: 1 } as const;
  const runs = [
    { ...base, module: broken() },
    { ...base, module: RAFT },
  ];
  const [bad, good] = await validateRuns(runs, 2 * STEPS);
  expect(bad?.broken).toMatchObject({ invariant: "no replica throws" });
  expect(bad?.words).toBe(`not validated: the run broke "no replica throws" at event ${bad?.broken?.event}`);
  expect(bad?.result).toBeNull();
  expect(good?.broken).toBeNull();
  expect(good?.words).toMatch(/^accepted: the first \d+ events$/);
});

test("a scenario that expects the violation is met, and its trace is not called accepted", async () => {
  const { expect: _expect, ...rest } = calm;
  const scenario = checkScenario(
    {
      ...rest,
      name: "unsafe",
      cluster: { ...calm.cluster, quorums: { election: 2, replication: 1 }, unsafeQuorums: true },
      faults: [{ type: "partition", groups: [["n1"], ["n2", "n3"]], atMs: 20 }],
      expect: { invariantsBroken: ["leader completeness", "state-machine safety", "quorum of disks"] },
    },
    "unsafe",
  );
  const request: RunRequest = {
    protocol: "raft",
    scenario,
    scenarioName: "unsafe",
    timing: "matched",
    seed: 4,
    checkDeadlineMs: 20_000,
  };
  const run = runChecked(request);
  expect(run.outcome).toBe("ok");
  expect(run.record.broken?.event).toBeLessThan(6000);
  const [traced] = await withTraceVerdicts([request], [run], run.record.events + 1);
  expect(traced?.record.verdicts.trace).toMatch(/^(not validated: the run broke|rejected)/);
});
