/** The protocols that a node can run. */
import { type AnyModule, anyModule } from "../../../protocols/core/index.js";
import { multipaxos } from "../../../protocols/multipaxos/index.js";
import { raft } from "../../../protocols/raft/index.js";
import { zab } from "../../../protocols/zab/index.js";

const MODULES: readonly AnyModule[] = [anyModule(raft), anyModule(multipaxos), anyModule(zab)];

export function moduleNames(): string[] {
  return MODULES.map(({ name }) => name);
}

/** undefined: there is none of this name. */
export function moduleByName(name: string): AnyModule | undefined {
  return MODULES.find((module) => module.name === name);
}
