/** The protocols whose traces can be validated: those that have a trace specification. */
import { multipaxosTraces } from "./multipaxos/index.js";
import type { TracedProtocol } from "./protocol.js";
import { raftTraces } from "./raft/index.js";
import { zabTraces } from "./zab/index.js";

export const TRACED: readonly TracedProtocol[] = [raftTraces, multipaxosTraces, zabTraces];

/** undefined: there is no trace specification for it. */
export function tracedProtocol(name: string): TracedProtocol | undefined {
  return TRACED.find((protocol) => protocol.name === name);
}
