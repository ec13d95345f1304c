/** Starts a subject by its kind. */
import { startEtcd } from "../etcd.js";
import { startHraft } from "../hraft.js";
import { startPlainLoop } from "../plainLoop.js";
import { startSynod } from "../synod.js";
import { startZooKeeper } from "../zookeeper.js";
import type { RunningSubject, SubjectKind, SubjectSpec } from "./subject.js";

const STARTS: { readonly [K in SubjectKind]: (spec: SubjectSpec, dir: string) => Promise<RunningSubject> } = {
  raft: startSynod,
  multipaxos: startSynod,
  zab: startSynod,
  plainLoop: startPlainLoop,
  hraft: startHraft,
  etcd: startEtcd,
  zookeeper: startZooKeeper,
};

/** Rejects with MissingPeer if this machine does not have it, with Error if it does not come up. */
export function startSubject(spec: SubjectSpec, dir: string): Promise<RunningSubject> {
  return STARTS[spec.kind](spec, dir);
}
