/** For another process: prints the trace hash of one run. `node printHash.js protocol scenario seed` */
import { runSimulation } from "../../harness/drivers/sim/index.js";
import { loadScenario } from "../../harness/scenarios/index.js";
import { PROTOCOLS, specOf } from "./support.js";

const [protocol, scenario, seed] = process.argv.slice(2);
const module = PROTOCOLS.find(({ name }) => name === protocol);
if (module === undefined || scenario === undefined) throw new Error("protocol, scenario and seed expected");
process.stdout.write(runSimulation(specOf(module, loadScenario(scenario), Number(seed))).record.traceHash);
