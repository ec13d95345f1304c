/** TLC on the specification of ZAB alone. */
import { specMutantsSuite } from "./specMutants.js";
import { resultsSuite } from "./specResults.js";

resultsSuite("zab");
specMutantsSuite("zab");
