/** Raft: `raft` is the protocol module; the types are for tests and for whoever reads its states. */
import type { ProtocolModule } from "../core/index.js";
import { codec, hardCodec } from "./codec.js";
import { describe, specState } from "./describe.js";
import { invariants } from "./invariants.js";
import type { Raft } from "./messages.js";
import { defaultOptions, optionsProblem } from "./options.js";
import { step } from "./replica.js";
import { clone, create, status } from "./state.js";

/** Raft behind the contract; its rules and deviations are in this folder's README. */
export const raft: ProtocolModule<Raft> = {
  name: "raft",
  readLevels: ["linearizable", "local"],
  logMatching: true,
  electionQuorumsIntersect: true,
  defaultOptions,
  optionsProblem,
  create,
  step,
  status,
  log: (state) => state.log,
  clone,
  specState,
  codec,
  // The notice of a commit; beats that ask for an answer have a number.
  mayWait: (message) => message.type === "Heartbeat" && message.round === 0,
  replaces: (next, waiting) =>
    waiting.type === "Heartbeat" &&
    (next.type === "AppendEntries" || next.type === "Heartbeat") &&
    next.term === waiting.term &&
    next.leaderCommit >= waiting.leaderCommit,
  hardCodec,
  describe,
  invariants,
};

export { specEntry, specMessage } from "./describe.js";
export type * from "./messages.js";
export type { RaftOptions } from "./options.js";
export type { Progress, RaftRole, RaftState } from "./state.js";
