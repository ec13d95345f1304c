/** Starts a subject by its kind. */
import { startEtcd } from "../etcd.js";
import { startHraft } from "../hraft.js";
import { startPlainLoop } from "../plainLoop.js";
import { startSynod } from "../synod.js";
import { startZooKeeper } from "../zookeeper.js";
import type { Subject } from "./rounds.js";
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

export function subjectOf(spec: SubjectSpec): Subject {
  return { name: spec.name, start: (dir) => STARTS[spec.kind](spec, dir) };
}
