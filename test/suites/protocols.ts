/** Every protocol of the project, for the tests that run against all of them. */
import { type AnyModule, anyModule } from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { raft } from "../../protocols/raft/index.js";
import { zab } from "../../protocols/zab/index.js";

export const PROTOCOLS: readonly AnyModule[] = [anyModule(raft), anyModule(multipaxos), anyModule(zab)];
