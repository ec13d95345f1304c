/** ZAB's core and its models, and bugs planted into it. */
import { zabTraces } from "../../harness/conform/zab/index.js";
import { zabModels } from "../../harness/conform/zab/models.js";
import { ZAB_MUTANTS } from "./mutants/zab/index.js";
import { mutantSuite } from "./mutants/suite.js";
import { roughTrace } from "./zabRuns.js";

mutantSuite({
  protocol: zabModels,
  traced: zabTraces,
  mutants: () => Promise.resolve(ZAB_MUTANTS),
  seeds: [1, 3],
  inputs: 450,
  trace: roughTrace,
});
