/** Reads: through the log, by `sync`, and local ones. */
import { type NodeId, type ReadLevel, type RequestId, lastIndex, unreachable } from "../core/index.js";
import type { Sync, Synced } from "./messages.js";
import { appendEntry, mayPropose } from "./replication.js";
import { type LearnerHandler, type Out, type ZabState, isEstablished, reject, send } from "./state.js";
import { act } from "./trace.js";

/** A client's read at a level; a level that cannot be had now is refused. */
export function read(s: ZabState, request: RequestId, level: ReadLevel, out: Out): void {
  switch (level) {
    case "linearizable":
      return linearizableRead(s, request, out);
    case "sync":
      return syncRead(s, request, out);
    case "local":
      return localRead(s, request, out);
    default:
      return unreachable(level);
  }
}

/**
 * Spec: LinearizableRead(i). A no-op of its own, appended after the read came: that it commits shows that no other
 * leader had committed anything when the read began. A no-op that was already on its way would not show it.
 */
function linearizableRead(s: ZabState, request: RequestId, out: Out): void {
  if (!mayPropose(s, request, out)) return;
  const index = lastIndex(s.log) + 1;
  s.waiting.push({ type: "read", index, request });
  appendEntry(s, { kind: "noop", index, round: s.epoch }, out);
  if (s.tracing) act(s, out, "LinearizableRead", [s.id, index]);
}

/** As in ZooKeeper, a server without a quorum behind it answers nobody: it could go back in time after a restart. */
function localRead(s: ZabState, request: RequestId, out: Out): void {
  if (s.phase !== "broadcast") reject(s, request, "failed", "notReady", out);
  else out.push({ type: "serve", request, atIndex: s.committed });
}

/** Spec: SyncRead(i). A learner asks its leader; the leader itself waits for what is pending. */
function syncRead(s: ZabState, request: RequestId, out: Out): void {
  if (s.phase !== "broadcast" || s.leader === null) return reject(s, request, "failed", "notReady", out);
  if (isEstablished(s)) {
    const index = lastIndex(s.log);
    if (index === s.committed) out.push({ type: "serve", request, atIndex: index });
    else s.waiting.push({ type: "read", index, request });
  } else {
    s.syncId += 1;
    s.syncs.push({ request, id: s.syncId });
    sendSync(s, s.leader, s.syncId, out);
  }
  if (s.tracing) act(s, out, "SyncRead", [s.id]);
}

function sendSync(s: ZabState, leader: NodeId, id: number, out: Out): void {
  send(leader, { type: "SYNC", session: s.session, epoch: s.epoch, id }, 0, out);
}

/** A SYNC or its answer may be lost; repeating it is harmless, since it only asks where the leader is. */
export function resendSyncs(s: ZabState, out: Out): void {
  if (s.leader === null) return;
  for (const { id } of s.syncs) sendSync(s, s.leader, id, out);
}

/** Spec: HandleSYNC(i, j). Answered when everything proposed before it is committed. */
export function handleSync(s: ZabState, handler: LearnerHandler, m: Sync, out: Out): void {
  if (!isEstablished(s)) return;
  const index = lastIndex(s.log);
  const { id: to, session } = handler;
  if (index === s.committed) send(to, { type: "SYNCED", session, epoch: s.epoch, id: m.id, index }, 0, out);
  else if (!isWaiting(s, handler, m.id)) s.waiting.push({ type: "sync", index, to, session, id: m.id });
  if (s.tracing) act(s, out, "HandleSYNC", [s.id, to]);
}

/** A SYNC that is asked again while it waits keeps its place. */
function isWaiting(s: ZabState, handler: LearnerHandler, id: number): boolean {
  const { id: to, session } = handler;
  return s.waiting.some((one) => one.type === "sync" && one.to === to && one.session === session && one.id === id);
}

/** Spec: HandleSYNCED(i, j). The COMMITs may still be on their way, so the read names the index it waits for. */
export function handleSynced(s: ZabState, from: NodeId, m: Synced, out: Out): void {
  s.silentTicks = 0;
  const at = s.syncs.findIndex((sync) => sync.id === m.id);
  const sync = s.syncs[at];
  if (sync !== undefined) {
    s.syncs.splice(at, 1);
    out.push({ type: "serve", request: sync.request, atIndex: m.index });
  }
  if (s.tracing) act(s, out, "HandleSYNCED", [s.id, from]);
}
