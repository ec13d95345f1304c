import type { StorageCounts } from "../../storage/index.js";
import type { NodeCounters, PeerCounters, ServedMember } from "../../transport/index.js";

export function emptyCounters(): NodeCounters {
  return {
    proposals: 0,
    writes: 0,
    writesOk: 0,
    writesFailed: 0,
    writesUnknown: 0,
    reads: 0,
    writesPending: 0,
    applied: 0,
    leaderChanges: 0,
    messagesSent: 0,
    messagesReceived: 0,
    messagesDropped: 0,
    bytesSent: 0,
    bytesReceived: 0,
    clientBytesSent: 0,
    clientBytesReceived: 0,
    clientConnections: 0,
    connectionsClosed: 0,
    snapshotsSent: 0,
    snapshotsReceived: 0,
    walWrites: 0,
    walBatches: 0,
    walBytes: 0,
    syncsOnLoop: 0,
    syncsBeside: 0,
    syncsElse: 0,
    turns: 0,
  };
}

/** For every member but this one. */
export function emptyPeerCounters(
  members: readonly ServedMember[],
  self: ServedMember,
): { readonly [id: string]: PeerCounters } {
  const peers = members.filter(({ id }) => id !== self.id);
  return Object.fromEntries(peers.map(({ id }) => [id, { bytesSent: 0, bytesReceived: 0, messagesDropped: 0 }]));
}

/** The store counts for itself. */
export function copyCounts(counters: NodeCounters, counts: Readonly<StorageCounts>): void {
  counters.walWrites = counts.writes;
  counters.walBatches = counts.batches;
  counters.walBytes = counts.bytes;
  counters.syncsOnLoop = counts.syncsOnLoop;
  counters.syncsBeside = counts.syncsBeside;
  counters.syncsElse = counts.syncsElse;
}
