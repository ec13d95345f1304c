/** A cluster that somebody else runs: it is measured and left alone. */
import type { Subject } from "./rounds.js";
import type { RunningSubject, Target } from "./subject.js";
import { leanSyncs } from "./syncs.js";

/** @param endpoints client addresses, host:port, in the order of the members */
export function runningCluster(target: Target, endpoints: readonly string[], cluster: string): Subject {
  const running: RunningSubject = {
    target,
    cluster,
    endpoints,
    pids: [],
    version: "not known: it was running",
    settings: "not known: it was running",
    syncs: target === "lean" ? leanSyncs(cluster, endpoints) : () => Promise.resolve(null),
    stop: () => Promise.resolve(),
  };
  return { name: "endpoints", start: () => Promise.resolve(running) };
}
