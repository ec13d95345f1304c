/** Raft's core and its models, and bugs planted into it. */
import { raftTraces } from "../../harness/conform/raft/index.js";
import { raftModels } from "../../harness/conform/raft/models.js";
import { mutants } from "./mutants/raft/index.js";
import { mutantSuite } from "./mutants/suite.js";
import { tracedRun, VARIANTS } from "./raftRuns.js";

mutantSuite({
  protocol: raftModels,
  traced: raftTraces,
  mutants: () => Promise.resolve(mutants),
  seeds: [1, 2, 4, 6, 7, 8, 9, 10],
  inputs: 250,
  trace: (module, seed, inputs) => tracedRun(module, seed, inputs, VARIANTS[0]).events,
});
