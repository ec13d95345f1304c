/** ZAB, the atomic broadcast protocol of ZooKeeper, as a protocol module. */
import type { ProtocolModule } from "../core/index.js";
import { codec, hardCodec } from "./codec.js";
import { describe } from "./describe.js";
import { invariants } from "./invariants.js";
import { defaultOptions, optionsProblem } from "./options.js";
import { status, step } from "./replica.js";
import { type Zab, clone, create } from "./state.js";
import { specState } from "./trace.js";

export { endsOf, epochEnds } from "./history.js";
export type { ZabMessage } from "./messages.js";
export type { ZabOptions } from "./options.js";
export type { Zab, ZabHard, ZabState, ZabTimer } from "./state.js";
export type { ZabAction } from "./trace.js";

/** ZAB behind the contract; its rules and deviations are in this folder's README. */
export const zab: ProtocolModule<Zab> = {
  name: "zab",
  readLevels: ["linearizable", "sync", "local"],
  logMatching: true,
  electionQuorumsIntersect: true,
  defaultOptions,
  optionsProblem,
  create,
  step,
  status,
  log: (s) => s.log,
  clone,
  specState,
  codec,
  mayWait: (message) => message.type === "COMMIT",
  hardCodec,
  describe,
  invariants,
};
