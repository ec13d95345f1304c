/** Multi-Paxos' core and its models, and bugs planted into it. */
import { rmSync } from "node:fs";
import { afterAll } from "vitest";
import { multipaxosTraces } from "../../harness/conform/multipaxos/index.js";
import { multipaxosModels } from "../../harness/conform/multipaxos/models.js";
import { mutants } from "./mutants/multipaxos/index.js";
import { mutantFolder, plant } from "./mutants/multipaxos/plant.js";
import { mutantSuite } from "./mutants/suite.js";
import { tracedRun } from "./multipaxosRuns.js";

const folder = mutantFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

mutantSuite({
  protocol: multipaxosModels,
  traced: multipaxosTraces,
  mutants: () =>
    Promise.all(
      mutants.map(async (mutant) => ({ id: mutant.id, what: mutant.about, module: await plant(mutant, folder) })),
    ),
  seeds: [2, 3, 5, 6],
  inputs: 250,
  trace: (module, seed, inputs) => tracedRun(module, seed, inputs).events,
});
