/** A run that nobody made, for the arithmetic over runs. */
import type { RunRecord } from "../../harness/record/index.js";

export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    scenario: "calm",
    protocol: "raft",
    seed: 1,
    driver: "sim",
    clock: "virtual",
    timing: "matched",
    traceHash: "0123456789abcdef",
    events: 1000,
    virtualMs: 30_000,
    wallMs: 10,
    verdicts: { linearizable: "ok", invariants: "ok", liveness: "not asked", trace: "not validated: a test" },
    reasons: [],
    broken: null,
    committed: 100,
    reads: 50,
    failed: 0,
    unknown: 0,
    p50Ms: 1,
    p99Ms: 2,
    unavailableMs: 0,
    longestGapMs: 0,
    elections: 0,
    messagesPerOp: 6,
    bytesPerOp: 400,
    syncsPerOp: 3,
    staleReads: {},
    timeline: { binMs: 1000, commits: [40, 0, 60], p50Ms: [1, null, 1], leaders: [], faults: [] },
    latency: { upperMs: [1, 2], counts: [50, 50] },
    command: "npx synod sim",
    ...changes,
  };
}
