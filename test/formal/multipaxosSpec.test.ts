/** TLC on the specification of Multi-Paxos alone. */
import { specMutantsSuite } from "./specMutants.js";
import { resultsSuite } from "./specResults.js";

resultsSuite("multipaxos");
specMutantsSuite("multipaxos");
