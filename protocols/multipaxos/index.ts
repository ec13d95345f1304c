/** Multi-Paxos as one module of the contract. */
import type { ProtocolModule } from "../core/index.js";
import { codec, hardCodec } from "./codec.js";
import { describe } from "./describe.js";
import { invariants } from "./invariants.js";
import { defaultOptions, optionsProblem } from "./options.js";
import { step } from "./replica.js";
import { clone, create, type MultiPaxos, specState, status } from "./state.js";

export { ballotOf } from "./messages.js";
export type { MultiPaxosAction, MultiPaxosMessage, MultiPaxosTimer } from "./messages.js";
export type { MultiPaxosOptions } from "./options.js";
export {
  type MultiPaxos,
  type MultiPaxosHard,
  type MultiPaxosState,
  specEntry,
  specMessage,
  valueText,
} from "./state.js";

/** Multi-Paxos behind the contract; its rules and deviations are in this folder's README. */
export const multipaxos: ProtocolModule<MultiPaxos> = {
  name: "multipaxos",
  readLevels: ["linearizable", "local"],
  // The ballot of an accepted slot says nothing about the slots before it.
  logMatching: false,
  // Two election quorums need not meet: ballots of two proposers differ by construction (FPaxos, Howard 2016).
  electionQuorumsIntersect: false,
  defaultOptions,
  optionsProblem,
  create,
  step,
  status,
  log: (r) => r.log,
  clone,
  specState,
  codec,
  mayWait: (message) => message.type === "Decided",
  replaces: (next, waiting) =>
    waiting.type === "Decided" &&
    (next.type === "Accept" || next.type === "Decided") &&
    next.ballot === waiting.ballot &&
    next.decidedIndex >= waiting.decidedIndex,
  hardCodec,
  describe,
  invariants,
};
