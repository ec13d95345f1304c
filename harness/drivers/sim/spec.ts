/** What a run is asked for and what it returns. */
import type { AnyModule, AnyRegisterModule, NodeId, TimingProfile } from "../../../protocols/core/index.js";
import type { HistoryEvent } from "../../record/history.js";
import type { RunManifest, RunRecord } from "../../record/index.js";
import type { Fault, Scenario } from "../../scenarios/index.js";
import type { TraceSink } from "./trace.js";

/** What can be driven: a replicated log, or a register without one. */
export type Subject = AnyModule | AnyRegisterModule;

export interface SimulationSpec {
  readonly module: Subject;
  readonly scenario: Scenario;
  /** Complete and checked options of the module; see `resolveOptions`. */
  readonly options: object;
  readonly timing: TimingProfile;
  /** 0 .. 2^32-1 */
  readonly seed: number;
  /** Whether the client history is kept. */
  readonly history: boolean;
  /** Receives the actions of the cores and the events of their environment. Absent: the cores do not trace at all. */
  readonly trace?: TraceSink;
  /** Stop after this many step inputs; null or absent: at the scenario's end. */
  readonly eventsMax?: number | null;
  /** Client operations left out, by ordinal of issue from 0. */
  readonly omittedOperations?: readonly number[];
  /**
   * Encodes every message and hands the receiver what the codec reads back, so that a codec is tested with the protocol.
   * Slower; gives the same trace hash. @default false
   */
  readonly wire?: boolean;
}

export interface MachineDigest {
  readonly node: NodeId;
  /** The last index this replica has applied. */
  readonly applied: number;
  /** Of the key-value machine and the sessions; equal digests at equal indexes mean equal states. */
  readonly digest: string;
}

export interface SimulationOutcome {
  /** `verdicts.linearizable` is "unknown" and `staleReads` is empty: the caller checks the history. */
  readonly record: RunRecord;
  /** Empty if it was not asked for. */
  readonly history: readonly HistoryEvent[];
  readonly manifest: RunManifest;
  /** Of the replicas that run at the end, if the run was not stopped by a broken invariant. A register has none. */
  readonly machineDigests: readonly MachineDigest[];
  /** The faults as they were drawn: every range a number, every repetition and every swarm spelled out. */
  readonly faults: readonly Fault[];
  /** Client operations issued; ordinals for `omittedOperations` run from 0 to below this. */
  readonly operations: number;
  /** What the pieces of the environment did: for tests and for people who ask whether a fault really happened. */
  readonly counts: EnvironmentCounts;
}

export interface EnvironmentCounts {
  messages: number;
  bytes: number;
  syncs: number;
  dropped: number;
  duplicated: number;
  /** Messages of streams that had to be sent again. */
  retransmitted: number;
  connectionsBroken: number;
  crashes: number;
  /** Writes that a crash lost, and among them those that were half written. */
  writesLost: number;
  writesTorn: number;
  /** Nodes that refused to start because their disk is damaged. */
  refusedToStart: number;
}
