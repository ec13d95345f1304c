/** TLC on the specification of Raft alone. */
import { specMutantsSuite } from "./specMutants.js";
import { resultsSuite } from "./specResults.js";

resultsSuite("raft");
specMutantsSuite("raft");
