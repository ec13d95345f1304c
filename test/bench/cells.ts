/** Measurements as a load generator would print them. */
import type { Cell, Latency } from "../../harness/subjects/bench/index.js";

export function latency(p50Us: number, p99Us = 2 * p50Us): Latency {
  return { count: 100, meanUs: p50Us, p50Us, p90Us: p50Us, p99Us, p999Us: p99Us, maxUs: p99Us, hdr: "" };
}

export function cell(
  subject: string,
  round: number,
  opsPerSecond: number,
  p50Us: number,
  more: Partial<Cell> = {},
): Cell {
  return {
    subject,
    round,
    clients: 64,
    rate: 0,
    opsPerSecond,
    ops: opsPerSecond,
    failed: 0,
    unknown: 0,
    unanswered: 0,
    latency: latency(p50Us),
    writes: null,
    reads: null,
    late: null,
    serverCpuUsPerOp: 10,
    leaderCpuUsPerOp: 5,
    followerCpuUsPerOp: 2.5,
    clientCpuUsPerOp: 1,
    foreignCpuPercent: 0,
    idleCpuPercent: 0,
    syncsPerCommit: 3,
    leader: 1,
    ...more,
  };
}
