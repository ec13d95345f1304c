/** A leaderless replicated register with quorums of any size: `quorumregister` is the module. */
import type { RegisterModule } from "../core/index.js";
import { codec } from "./codec.js";
import type { QuorumRegister } from "./messages.js";
import { defaultOptions, optionsProblem } from "./options.js";
import { step } from "./replica.js";
import { create } from "./state.js";

/** The register behind its contract; see this folder's README. */
export const quorumregister: RegisterModule<QuorumRegister> = {
  kind: "register",
  name: "quorumregister",
  readLevels: ["linearizable", "local"],
  defaultOptions,
  optionsProblem,
  create,
  step,
  cells: (s) => s.cells,
  copiesAtAnswer: (s, f) => (f === "put" || s.options.readRepair === "writeBack" ? s.writeQuorum : 0),
  codec,
};

export type * from "./messages.js";
export type { RegisterOptions } from "./options.js";
export type { RegisterState } from "./state.js";
