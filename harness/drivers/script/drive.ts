/** Running a scripted cluster on by itself, always in the same order: until it is quiet, or until someone leads. */
import type { ScriptCluster, ScriptNode, Travelling } from "./cluster.js";
import { ScriptError } from "./scriptError.js";

/** More steps than any cluster of a script needs; a loop between replicas ends here. */
const STEPS_MAX = 20_000;
const TIMERS_MAX = 500;

/**
 * Syncs and delivers everything, oldest first, until nothing is on its way. No timer fires.
 * @param without Nodes whose disk and whose incoming messages are left alone: they are slow.
 */
export function settle(cluster: ScriptCluster, without: readonly ScriptNode[] = []): void {
  const slow = new Set(without);
  const nodes = cluster.running().filter((node) => !slow.has(node));
  const isReady = (message: Travelling) => slow.size === 0 || !slow.has(cluster.node(message.to));
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    if (syncAll(cluster, nodes)) continue;
    const next = cluster.flight.find(isReady);
    if (next === undefined) return;
    cluster.deliver(next);
  }
  throw new ScriptError(`the cluster was still sending after ${STEPS_MAX} steps`);
}

/** Completes all writes and snapshots of these nodes. False if there was nothing to complete. */
export function syncAll(cluster: ScriptCluster, nodes: readonly ScriptNode[]): boolean {
  let progress = false;
  for (const node of nodes) {
    while (node.disk.pending().length > 0) {
      cluster.sync(node, node.disk.pending().length);
      progress = true;
    }
    while (node.saving.length > 0) {
      cluster.saveSnapshot(node);
      progress = true;
    }
  }
  return progress;
}

/** Fires each timer that runs at an established leader once, in the order in which they are due, and settles after each. */
export function beat(cluster: ScriptCluster): void {
  for (const node of leaders(cluster)) {
    for (const { name } of cluster.timersOf(node)) {
      if (node.timers.has(name)) cluster.timeout(node, name);
      settle(cluster);
    }
  }
}

/** Fires the timer that is due first, in the cluster or at one node. */
export function tick(cluster: ScriptCluster, nodes: readonly ScriptNode[]): void {
  let first: { readonly node: ScriptNode; readonly name: string; readonly dueAtMs: number } | null = null;
  for (const node of nodes) {
    const timer = cluster.timersOf(node)[0];
    if (timer !== undefined && (first === null || timer.dueAtMs < first.dueAtMs)) first = { node, ...timer };
  }
  if (first === null) throw new ScriptError("no timer is running");
  cluster.timeout(first.node, first.name);
}

/** Ticks and settles until `done`. Returns whether it came to that. */
export function runUntil(cluster: ScriptCluster, done: () => boolean): boolean {
  settle(cluster);
  for (let timers = 0; timers < TIMERS_MAX; timers += 1) {
    if (done()) return true;
    tick(cluster, cluster.running());
    settle(cluster);
  }
  return done();
}

/**
 * Makes `node` the leader: its own timers fire first, and where that is not enough (ZAB's followers must notice by
 * themselves that the leader is gone) everybody's, its own in front. Then time goes on until all that it can reach follow
 * it. Returns whether it leads.
 */
export function elect(cluster: ScriptCluster, node: ScriptNode): boolean {
  settle(cluster);
  const others = cluster.running().filter((other) => other !== node);
  for (let round = 0; round < 40 && !isLeader(node); round += 1) {
    fireAll(cluster, node);
    if (round < 8) continue;
    for (const other of others) if (!isLeader(node)) fireAll(cluster, other);
  }
  if (isLeader(node)) runUntil(cluster, () => isFollowed(cluster, node));
  return isLeader(node);
}

/** Whether every running node that the leader can reach, both ways, knows it as the leader. */
function isFollowed(cluster: ScriptCluster, leader: ScriptNode): boolean {
  const { id } = leader.member;
  return cluster.running().every((node) => !cluster.connected(node, leader) || node.host?.status().leader?.id === id);
}

/** Whether the established leader of the highest round is followed by all that it can reach. */
export function isJoined(cluster: ScriptCluster): boolean {
  let latest: ScriptNode | null = null;
  for (const node of leaders(cluster)) if (latest === null || roundOf(node) > roundOf(latest)) latest = node;
  return latest !== null && isFollowed(cluster, latest);
}

function roundOf(node: ScriptNode): number {
  return node.host?.status().leader?.round ?? 0;
}

export function isLeader(node: ScriptNode): boolean {
  return node.host?.status().role === "leader";
}

/** Established leaders among the running nodes; two of them can only be of different rounds. */
export function leaders(cluster: ScriptCluster): readonly ScriptNode[] {
  return cluster.running().filter(isLeader);
}

function fireAll(cluster: ScriptCluster, node: ScriptNode): void {
  for (const { name } of cluster.timersOf(node)) {
    if (!node.timers.has(name)) continue; // What came before has stopped it.
    cluster.timeout(node, name);
    settle(cluster);
    if (isLeader(node)) return;
  }
}
