/** What every test run does with the models that it compares with the code; the long one takes all of them apart. */
import type { BoundedModel } from "../../harness/conform/checked.js";

/** Models whose graphs are compared with the code. */
const QUICK: Readonly<Record<string, readonly string[]>> = {
  raft: ["Figure8", "LateVote"],
  multipaxos: ["Small", "TwoBallots", "Watermark", "Snapshot", "HalfAccepted"],
  zab: ["Trunc", "Again", "Ahead", "Promised", "Late"],
};

export function isQuick(protocol: string, { name }: Pick<BoundedModel, "name">): boolean {
  return QUICK[protocol]?.includes(name) === true;
}

/**
 * Whether the run of TLC that makes a model's graph also checks what must hold. ZAB's graphs have wider bounds than its
 * checks, and Small is checked by the command line.
 */
export function isCheckedWithGraph(protocol: string, model: Pick<BoundedModel, "name">): boolean {
  return protocol !== "zab" && model.name !== "Small" && isQuick(protocol, model);
}
