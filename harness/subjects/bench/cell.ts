/** One measurement of one subject, as it is written to results. */
import type { Machine, Versions } from "../../record/index.js";
import type { FloorResult, Latency, LoadResult } from "./load.js";

export interface Cell {
  readonly subject: string;
  readonly round: number;
  readonly clients: number;
  /** Requests a second that were asked for; 0: closed loop. */
  readonly rate: number;
  readonly opsPerSecond: number;
  readonly ops: number;
  readonly failed: number;
  readonly unknown: number;
  readonly unanswered: number;
  readonly latency: Latency;
  readonly writes: Latency | null;
  readonly reads: Latency | null;
  /** Open loop: how late the generator itself was. */
  readonly late: Latency | null;
  /** Of all nodes together; null where there is no /proc. */
  readonly serverCpuUsPerOp: number | null;
  readonly leaderCpuUsPerOp: number | null;
  /** Mean of those that do not lead. */
  readonly followerCpuUsPerOp: number | null;
  readonly clientCpuUsPerOp: number | null;
  /** CPU of processes that are neither this subject, nor another one, nor the generator; percent of all cores. */
  readonly foreignCpuPercent: number | null;
  /** The same of the other subjects, which wait. */
  readonly idleCpuPercent: number | null;
  /** Syncs of all nodes per answered request, warm-up included; null where the subject does not tell. */
  readonly syncsPerCommit: number | null;
  readonly leader: number;
}

/** A line of a results file. */
export interface CellRecord extends Cell {
  readonly kind: "synod-bench-cell";
  readonly format: 1;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly subjectVersion: string;
  readonly subjectSettings: string;
  readonly valueBytes: number;
  readonly readShare: number;
  readonly readLevel: string;
  readonly askedAt: string;
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly floor: { readonly syncP50Us: number; readonly threeSyncsP50Us: number; readonly roundTripP50Us: number };
}

/** @throws Error if nothing was answered */
export function cellOf(
  subject: string,
  round: number,
  load: LoadResult,
  syncs: { readonly before: number | null; readonly after: number | null },
): Cell {
  const { all, ops, cpuKnown } = load;
  if (all === null) throw new Error(`${subject} answered nothing (${load.lastError ?? "no error was given"})`);
  const processes = cpuKnown ? (load.processesUs ?? []) : [];
  const known = processes.length > 0;
  const server = processes.reduce((sum, us) => sum + us, 0);
  const leader = processes[load.leader - 1] ?? null;
  const others = processes.length - 1;
  const strangers = load.busyUs - server - load.clientUs - load.idleUs;
  return {
    subject,
    round,
    clients: load.clients,
    rate: load.rate,
    opsPerSecond: load.opsPerSecond,
    ops,
    failed: load.failed,
    unknown: load.unknown,
    unanswered: load.unanswered,
    latency: all,
    writes: load.writes,
    reads: load.reads,
    late: load.late,
    serverCpuUsPerOp: known ? server / ops : null,
    leaderCpuUsPerOp: leader === null ? null : leader / ops,
    followerCpuUsPerOp: leader === null || others < 1 ? null : (server - leader) / others / ops,
    clientCpuUsPerOp: cpuKnown ? load.clientUs / ops : null,
    // The kernel counts in hundredths of a second, so that a quiet machine may come out below nothing.
    foreignCpuPercent: known && load.allUs > 0 ? Math.max(0, (100 * strangers) / load.allUs) : null,
    idleCpuPercent: known && load.allUs > 0 ? (100 * load.idleUs) / load.allUs : null,
    syncsPerCommit: syncs.before === null || syncs.after === null ? null : (syncs.after - syncs.before) / load.totalOps,
    leader: load.leader,
  };
}

export function floorOf(floor: FloorResult): CellRecord["floor"] {
  return {
    syncP50Us: floor.syncUs.p50Us,
    threeSyncsP50Us: floor.threeSyncsUs.p50Us,
    roundTripP50Us: floor.roundTripUs.p50Us,
  };
}
