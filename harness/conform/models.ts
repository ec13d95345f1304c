/** The protocols whose bounded models can be checked and compared with their code. */
import type { CheckedProtocol } from "./checked.js";
import { multipaxosModels } from "./multipaxos/check.js";
import { raftModels } from "./raft/check.js";
import { zabModels } from "./zab/check.js";

export const CHECKED: readonly CheckedProtocol[] = [raftModels, multipaxosModels, zabModels];
