/** A scenario on a cluster of processes, from the first leader to the scenario's end. */
import { createHash } from "node:crypto";
import type { TimingProfile } from "../../../protocols/core/index.js";
import {
  Clients,
  type EnvironmentCounts,
  END,
  explicitFaults,
  Faults,
  LivenessWatch,
  NS_PER_MS,
  type Subject,
} from "../../drivers/sim/index.js";
import { encodeHistory, type HistoryEvent } from "../../record/history.js";
import type { RunRecord } from "../../record/index.js";
import type { Fault, Scenario } from "../../scenarios/index.js";
import type { LiveClusterSpec } from "./clusterSpec.js";
import { ownLoopback } from "./layout.js";
import { LiveCluster } from "./liveCluster.js";
import { auditKeys } from "./audit.js";
import { type CrashKind, NOT_APPLIED_WORD, ProcessFaults } from "./processFaults.js";

export interface LiveRunSpec extends Omit<LiveClusterSpec, "services" | "shimmed"> {
  readonly module: Subject;
  readonly scenario: Scenario;
  readonly timing: TimingProfile;
  /** Called about once a second. */
  readonly onProgress?: (words: string) => void;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
  /** @default all are losses of power */
  readonly crashKind?: (fault: Fault) => CrashKind;
  /** The run goes on past its end, for a while, until a write asked for after this moment of the fault clock commits. */
  readonly healedMs?: number;
  /** Keys to read at the end, linearizably, once nobody writes any more. */
  readonly audited?: readonly string[];
}

export interface LiveOutcome {
  /** `verdicts.linearizable` is "unknown" and `staleReads` is empty: the caller checks the history. */
  readonly record: RunRecord;
  readonly history: readonly HistoryEvent[];
  /** What of the scenario did not happen on real processes, one line each. */
  readonly notApplied: readonly string[];
  /** The trace of each node; empty where none was asked for. */
  readonly traceFiles: readonly string[];
  readonly counts: EnvironmentCounts;
  /** What the audited keys hold at the end; a key is missing where nobody answered for it in time. */
  readonly audit: ReadonlyMap<string, string | null>;
  /** When the fault clock began, milliseconds of the history's clock. */
  readonly startedMs: number;
  /** Milliseconds of the fault clock at which the last of the writes that committed was asked for; -1: none. */
  readonly lastCommittedMs: number;
  /** What carrying the links and the clients cost in this process. */
  readonly carrying: { readonly cpuMs: number; readonly latestMs: number };
}

/** How long past its end a run waits for a write to commit after the faults, and how often it looks. */
const HEAL_MAX_MS = 30_000;
const HEAL_LOOK_MS = 250;
/** Between the end of the clients and the question for digests. */
const SETTLE_MS = 1_500;
const ANSWER_MS = 500;
/** The protocol's own timers are not seen from outside; this stands for the longest of them. */
const LONGEST_TIMER_MS = 2_000;

/** @throws Error where a node does not come up or nobody ever leads */
export async function runLive(spec: LiveRunSpec): Promise<LiveOutcome> {
  const wallFrom = performance.now();
  const cluster = await LiveCluster.start({ ...spec, host: ownLoopback(), services: false, shimmed: true });
  try {
    const first = await cluster.firstLeader(spec.scenario.cluster.firstLeader !== undefined);
    const run = new LiveRun(spec, cluster);
    if (first !== cluster.wantedFirst)
      run.notes.push(`first leader ${cluster.wantedFirst.id}: ${first?.id ?? "nobody"} leads first`);
    await run.play();
    return run.outcome(performance.now() - wallFrom);
  } finally {
    await cluster.stop();
  }
}

class LiveRun {
  readonly notes: string[] = [];
  audit: ReadonlyMap<string, string | null> = new Map();
  readonly #spec: LiveRunSpec;
  readonly #cluster: LiveCluster;
  readonly #clients: Clients;
  #faults: Faults | null = null;
  #liveness: LivenessWatch | null = null;
  #endedAt = -1;
  #before = { syncs: 0, turns: 0 };
  #syncs = 0;
  #turns = 0;
  #cpuMs = 0;

  constructor(spec: LiveRunSpec, cluster: LiveCluster) {
    this.#spec = spec;
    this.#cluster = cluster;
    this.#clients = new Clients(cluster.stage.world, true, []);
    this.notes.push(...notLive(spec));
  }

  /** Until the scenario's duration is over, or longer where a liveness check has to wait. */
  async play(): Promise<void> {
    const { stage } = this.#cluster;
    const { world } = stage;
    const cpu = process.cpuUsage();
    const ended = new Promise<void>((resolve) => {
      stage.act(() => this.#begin(resolve));
    });
    const { onProgress, signal } = this.#spec;
    const beat = setInterval(() => onProgress?.(this.#words()), 1_000);
    const abort = (): void => stage.act(() => world.queue.push(world.now, END, 0, 0, "abort"));
    signal?.addEventListener("abort", abort);
    await ended;
    signal?.removeEventListener("abort", abort);
    clearInterval(beat);
    const used = process.cpuUsage(cpu);
    this.#cpuMs = (used.user + used.system) / 1_000;
    const totals = this.#cluster.totals();
    this.#syncs = totals.syncs - this.#before.syncs;
    this.#turns = totals.turns - this.#before.turns;
    const { audited = [] } = this.#spec;
    this.audit = await auditKeys(this.#cluster, this.#clients.recorder, audited);
    await this.#compareMachines();
  }

  #begin(resolve: () => void): void {
    const cluster = this.#cluster;
    const { stage } = cluster;
    const { world } = stage;
    const clients = this.#clients;
    cluster.beginClock();
    world.longestTimerMs = LONGEST_TIMER_MS;
    world.counts.messages = 0;
    world.counts.bytes = 0;
    this.#before = cluster.totals();
    const explicit = explicitFaults(this.#spec.scenario, this.#spec.seed);
    const faults = new Faults(world, cluster.leaders, new ProcessFaults(cluster, this.#spec.crashKind), explicit);
    const liveness = new LivenessWatch(world, faults, clients);
    this.#faults = faults;
    this.#liveness = liveness;
    const { players } = stage;
    if (players === null) throw new Error("a cluster has players");
    stage.players = {
      ...players,
      reply: (client, packet) => clients.onReply(client, packet),
      wake: (client, generation) => clients.onWake(client, generation),
      fault: (number, what) => {
        if (number < 0) liveness.onFaultsEnd();
        else faults.onEvent(number, what);
      },
      end: (what) => {
        const wait = what === "abort" ? 0 : Math.max(liveness.waitsUntil(), this.#waitsToHeal());
        if (wait > world.now) {
          world.queue.push(wait, END, 0, 0, "wait");
          return;
        }
        this.#endedAt = world.now;
        clients.end();
        resolve();
      },
    };
    clients.start();
    faults.start();
    liveness.start();
    world.queue.push(world.startedAt + this.#spec.scenario.durationMs * NS_PER_MS, END, 0, 0, "duration");
  }

  /** When to look again whether writes commit after the faults; in the past where nobody waits for it. */
  #waitsToHeal(): number {
    const { healedMs, scenario } = this.#spec;
    const { world } = this.#cluster.stage;
    const lastMs = scenario.durationMs + HEAL_MAX_MS;
    if (healedMs === undefined || world.now >= world.startedAt + lastMs * NS_PER_MS) return -1;
    if (this.#clients.metrics.lastCommittedIssue > world.startedAt + healedMs * NS_PER_MS) return -1;
    return world.now + HEAL_LOOK_MS * NS_PER_MS;
  }

  /** Replicas that have applied the same prefix hold the same state. */
  async #compareMachines(): Promise<void> {
    const cluster = this.#cluster;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await cluster.digests(ANSWER_MS);
    const byIndex = new Map<number, { readonly id: string; readonly digest: string }>();
    for (const { id, status } of cluster.nodes) {
      if (status?.digest === undefined) continue;
      const other = byIndex.get(status.appliedIndex);
      if (other === undefined) byIndex.set(status.appliedIndex, { id, digest: status.digest });
      else if (other.digest !== status.digest)
        cluster.problems.push(`${other.id} and ${id} applied ${status.appliedIndex} entries and hold different states`);
    }
  }

  #words(): string {
    const { metrics } = this.#clients;
    const leader = this.#cluster.leaders.leader();
    const { durationMs } = this.#spec.scenario;
    const at = Math.min(durationMs, this.#cluster.faultClockMs);
    const led = leader === null ? "no leader" : `${leader.id} leads round ${leader.leaderRound}`;
    return `${(at / 1000).toFixed(0)} of ${(durationMs / 1000).toFixed(0)} s: ${metrics.committed} writes, ${led}`;
  }

  outcome(wallMs: number): LiveOutcome {
    const cluster = this.#cluster;
    const { stage } = cluster;
    const record = this.#record(wallMs);
    const skipped = record.timeline.faults.flatMap(({ label, skipped: why }) =>
      why?.startsWith(NOT_APPLIED_WORD) === true ? [`fault ${label}: ${why.slice(NOT_APPLIED_WORD.length + 2)}`] : [],
    );
    return {
      record,
      history: this.#clients.recorder.events,
      notApplied: [...this.notes, ...new Set(skipped)],
      traceFiles: this.#spec.tracedMax === 0 ? [] : cluster.layout.places.map(({ traceFile }) => traceFile),
      counts: stage.world.counts,
      audit: this.audit,
      startedMs: stage.world.startedAt / NS_PER_MS,
      lastCommittedMs: lastCommittedMs(this.#clients.metrics.lastCommittedIssue, stage.world.startedAt),
      carrying: { cpuMs: this.#cpuMs, latestMs: stage.latestNs / NS_PER_MS },
    };
  }

  #record(wallMs: number): RunRecord {
    const { scenario, module, seed, timing } = this.#spec;
    const cluster = this.#cluster;
    const { world } = cluster.stage;
    const { metrics, recorder } = this.#clients;
    const { counts } = world;
    const perOp = (count: number): number | null => (metrics.committed === 0 ? null : count / metrics.committed);
    const broken = cluster.problems[0];
    const endedAt = this.#endedAt;
    return {
      scenario: scenario.name,
      protocol: module.name,
      seed,
      driver: "real",
      clock: "wall",
      timing,
      traceHash: createHash("sha256").update(encodeHistory(recorder.events)).digest("hex").slice(0, 16),
      events: this.#turns,
      virtualMs: endedAt / NS_PER_MS,
      wallMs,
      verdicts: {
        linearizable: "unknown",
        invariants: broken === undefined ? "ok" : "violated",
        liveness: this.#liveness?.verdict() ?? "unknown",
        trace: "not validated: the run was not traced",
      },
      reasons: [
        ...cluster.problems,
        ...(this.#liveness?.reason() == null ? [] : [this.#liveness.reason() as string]),
        ...(metrics.committed === 0 ? ["vacuous: no write was committed in this run"] : []),
      ],
      broken:
        broken === undefined
          ? null
          : {
              invariant: LIVE_INVARIANT,
              detail: broken,
              atMs: (endedAt - world.startedAt) / NS_PER_MS,
              event: this.#turns,
            },
      committed: metrics.committed,
      reads: metrics.reads,
      failed: metrics.failed,
      unknown: metrics.unknown,
      p50Ms: metrics.percentile(0.5),
      p99Ms: metrics.percentile(0.99),
      unavailableMs: metrics.unavailableNs / NS_PER_MS,
      longestGapMs: metrics.longestGapNs / NS_PER_MS,
      elections: Math.max(0, cluster.leaders.count - 1),
      messagesPerOp: perOp(counts.messages),
      bytesPerOp: perOp(counts.bytes),
      syncsPerOp: perOp(this.#syncs),
      staleReads: {},
      timeline: {
        ...metrics.timeline(scenario.durationMs),
        leaders: cluster.leaders.timeline(endedAt),
        faults: this.#faults?.timeline(endedAt) ?? [],
      },
      latency: metrics.distribution(),
      command: "",
    };
  }
}

function lastCommittedMs(issuedNs: number, startedNs: number): number {
  return issuedNs < 0 ? -1 : (issuedNs - startedNs) / NS_PER_MS;
}

/** What is looked at while processes run: nobody dies by himself, one leader a round, equal prefixes give equal states. */
const LIVE_INVARIANT = "live replicas keep running and agree";

/** What a scenario says and real processes do not do, besides faults that do not happen at all. */
export function notLive({
  scenario,
  crashKind = () => "powerLoss",
  storage,
  storageOf = {},
}: Pick<LiveRunSpec, "scenario" | "crashKind" | "storage" | "storageOf">): string[] {
  const { links, disk, applyDelayMs, faults } = scenario;
  const weathers = [links.local, links.client, ...(links.between ?? []).map(({ weather }) => weather)];
  const faulty = faults.flatMap((fault: Fault) => (fault.type === "weather" ? [fault.weather] : []));
  const odd = [...weathers, ...faulty].some((one) => (one?.duplicate ?? 0) !== 0 || (one?.reorder ?? 0) !== 0);
  const level = [storage, ...Object.values(storageOf)].some((one) => one?.driver === "level");
  const cut = faults.some((fault) => fault.type === "crash" && crashKind(fault) === "powerLoss");
  return [
    ...(links.kind === "datagram" ? ["datagrams: nodes speak TCP, so every link is a stream"] : []),
    ...(odd ? ["duplication and reordering: streams have neither"] : []),
    ...(disk === undefined ? [] : ["the disk's sync time: the disk is this machine's own"]),
    ...(applyDelayMs === undefined ? [] : ["applyDelayMs: a real node puts off applying for as long as it has to"]),
    ...(level && cut ? ["losses of power: LevelDB's files keep what was not synced, a crash there is a kill -9"] : []),
  ];
}
