/** Puts one node together: from a checked configuration to something that serves. */
import type { AnyProtocol } from "../../../protocols/core/index.js";
import { createHost, type Host, type Operation } from "../../host/index.js";
import {
  type Files,
  levelDriver,
  memoryDriver,
  type Opened,
  type Storage,
  type StorageDriver,
  type StorageError,
  type SyncPolicy,
  walDriver,
} from "../../storage/index.js";
import type {
  Listener,
  Log,
  NodeCounters,
  NodeObserver,
  NodeService,
  NodeStatus,
  ServedMember,
  Welcome,
} from "../../transport/index.js";
import { Answers } from "./answers.js";
import type { CheckedConfig } from "./checkConfig.js";
import { openClientPort } from "./clientPort.js";
import type { NodeReady } from "./config.js";
import { copyCounts, emptyCounters } from "./counters.js";
import { Links } from "./links.js";
import { openPeerPort } from "./peerPort.js";
import { Runtime } from "./runtime.js";
import { SnapshotSenders } from "./snapshots.js";
import { TraceFile } from "./traceFile.js";

/** Far above what the clients of one cluster need at a time. */
const SESSIONS_MAX = 100_000;
const BATCH_BYTES_MAX = 1 << 20;
/** What a node has in memory of the log, whatever a segment holds. */
const LOG_BYTES_MAX = 28 * 2 ** 20;
/**
 * Less than half of what a segment of the write-ahead log holds: an old one is then free before half of the next is used,
 * and is used again. Otherwise the log goes on filling new files with zeros, which costs more than all else a node does.
 */
const LOG_PART_OF_SEGMENT = 7 / 16;
/** Revisions that etcd's interface can look back. */
const HISTORY_MAX = 10_000;
const LEADER_LOOK_MS = 100;

export interface NodeOptions {
  readonly checked: CheckedConfig;
  readonly log: Log;
  /** In place of the system's: with faults. */
  readonly files?: Files;
  /** A bug. Called at most once; the node does nothing more. */
  readonly onFatal: (error: unknown) => void;
  /** The disk failed. Called at most once; the node does nothing more. */
  readonly onDiskFailure: (error: StorageError) => void;
}

export interface RunningNode {
  readonly service: NodeService;
  readonly ready: NodeReady;
  /** Makes everything durable, then lets go of files and addresses. */
  close(): Promise<void>;
}

/** The store is damaged: the node must not start from it. */
export class CorruptStore extends Error {
  override readonly name = "CorruptStore";
  readonly error: StorageError;
  constructor(error: StorageError) {
    super(error.message);
    this.error = error;
  }
}

/** Rejects with CorruptStore, with StorageError where the folder cannot be had, or with the system's error for an address. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { checked, log } = options;
  const { config, module, self, members } = checked;
  const counters = emptyCounters();
  const observers: NodeObserver[] = [];
  const box: { runtime: Runtime | null } = { runtime: null };
  const opened = await openStorage(options, observers, box);
  const { storage, incarnation } = opened;
  const answers = new Answers(counters, observers, (id) => members.find((one) => one.id === id)?.ordinal ?? 0);
  const host = await hostOf(checked, opened, (id) => (box.runtime as Runtime).image(id));
  const trace = traceOf(checked, opened);
  const runtime = new Runtime({ host, module, storage, answers, trace, onFatal: options.onFatal, counters });
  box.runtime = runtime;
  const links = connect(options, runtime, storage, incarnation, counters, observers);
  const look = (): void => {
    runtime.lookAtLeader();
    copyCounts(counters, storage.counts);
  };
  const looking = setInterval(look, LEADER_LOOK_MS);
  const status = (digest: boolean): NodeStatus => {
    look();
    return { ...statusOf(checked, host, incarnation, counters, digest), peers: links.peerCounters };
  };
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    clearInterval(looking);
    runtime.stop();
    links.close();
    runtime.senders?.close();
    for (const listener of listeners) await listener.close();
    await storage.close();
    trace?.close();
  };
  const { cluster } = config;
  const welcome: Welcome = { cluster, protocol: module.name, ordinal: self.ordinal, id: self.id, incarnation };
  try {
    const common = { self, welcome, log, counters, runtime };
    listeners.push(await openPeerPort({ ...common, module, members, storage, links }));
    listeners.push(await openClientPort({ ...common, answers, status }));
  } catch (error) {
    await close();
    throw error;
  }
  runtime.input({ type: "start" });
  const service: NodeService = {
    cluster,
    protocol: module.name,
    self,
    members,
    incarnation,
    counters,
    status: () => status(false),
    machineDigest: () => host.machineDigest(),
    observe: (observer) => void observers.push(observer),
    request: (request, answer) => {
      const { client, seq, operation } = request;
      const token = answers.expect(null, client, seq, isWrite(operation), performance.now(), answer);
      runtime.input({ type: "request", request: { ...request, token } });
    },
  };
  return { service, ready: readyLine(self), close };
}

type Usable = Exclude<Opened<object>, { readonly result: "corrupt" }>;

async function openStorage(
  { checked, log, files, onDiskFailure }: NodeOptions,
  observers: readonly NodeObserver[],
  box: { readonly runtime: Runtime | null },
): Promise<Usable> {
  const { config, module } = checked;
  const opened = await storageDriver(checked, files).open<object>(config.dir, {
    hardCodec: module.hardCodec,
    onDurable: (upTo) => box.runtime?.onDurable(upTo),
    onSynced: (seconds) => {
      for (const observer of observers) observer.sync?.(seconds);
    },
    onFailure: (error) => {
      box.runtime?.stop();
      onDiskFailure(error);
    },
    sync: syncPolicy(checked),
    unsafeNoSync: config.storage?.unsafeNoSync ?? false,
  });
  if (opened.result === "corrupt") throw new CorruptStore(opened.error);
  if (opened.result === "valid" && opened.cut !== null)
    log.warn({ ...opened.cut }, "a batch that a crash had torn was cut off");
  return opened;
}

/** @param received the image of a snapshot that came while the node runs */
async function hostOf(
  { id, bootstrap, options, config, module, members }: CheckedConfig,
  { storage, incarnation, ...opened }: Usable,
  received: (id: string) => Uint8Array,
): Promise<Host<AnyProtocol>> {
  const recovered = "recovered" in opened ? opened.recovered : { hard: null, snapshot: null, entries: [] };
  const { snapshot } = recovered;
  const stored = snapshot === null ? null : await storage.readImage(snapshot.id);
  let booted = false;
  const host = createHost<AnyProtocol>({
    module,
    replica: { id, incarnation, bootstrap, options, tracing: config.trace !== undefined },
    recovered,
    loadSnapshot: (name) => (booted ? received(name) : (stored as Uint8Array)),
    sessionsMax: SESSIONS_MAX,
    batchBytesMax: BATCH_BYTES_MAX,
    logBytesMax: logBytesMax(config.storage?.segmentBytes),
    defersApply: true,
    // The same for each node, since the list of members is: what a transaction reads is replicated.
    historyMax: members.some(({ etcd }) => etcd !== null) ? HISTORY_MAX : 0,
  });
  booted = true;
  return host;
}

function connect(
  { checked, log }: NodeOptions,
  runtime: Runtime,
  storage: Storage<object>,
  incarnation: number,
  counters: NodeCounters,
  observers: readonly NodeObserver[],
): Links {
  const { config, module, self, members } = checked;
  const links = new Links({
    module,
    cluster: config.cluster,
    self,
    members,
    dial: config.dial ?? {},
    incarnation,
    log,
    counters,
    observers,
    onDirty: (connection) => runtime.onDirtyPeer(connection),
    onSnapshotAck: (from, body) => runtime.senders?.onAck(from, body),
    onDown: (to) => runtime.senders?.onDown(to),
  });
  runtime.links = links;
  runtime.senders = new SnapshotSenders({
    module,
    storage,
    links,
    log,
    onSent: (to, id, ok) => {
      if (ok) counters.snapshotsSent += 1;
      runtime.input({ type: "snapshotSent", to, id, ok });
    },
  });
  return links;
}

function statusOf(
  { config, module, self }: CheckedConfig,
  host: Host<AnyProtocol>,
  incarnation: number,
  counters: NodeCounters,
  digest: boolean,
): Omit<NodeStatus, "peers"> {
  const { user, system } = process.cpuUsage();
  return {
    ...host.status(),
    id: self.id,
    ordinal: self.ordinal,
    cluster: config.cluster,
    protocol: module.name,
    incarnation,
    pid: process.pid,
    appliedIndex: host.appliedIndex,
    store: host.figures(),
    ...(digest ? { digest: host.machineDigest() } : {}),
    counters,
    cpuMicros: user + system,
    rssBytes: process.memoryUsage.rss(),
  };
}

function logBytesMax(segmentBytes = Number.POSITIVE_INFINITY): number {
  return Math.min(LOG_BYTES_MAX, Math.floor(segmentBytes * LOG_PART_OF_SEGMENT));
}

function isWrite({ f }: Operation): boolean {
  return f !== "get" && f !== "range" && f !== "query";
}

function storageDriver({ config }: CheckedConfig, files: Files | undefined): StorageDriver {
  switch (config.storage?.driver ?? "wal") {
    case "wal": {
      const segmentBytes = config.storage?.segmentBytes;
      return walDriver({
        ...(files === undefined ? {} : { files }),
        ...(segmentBytes === undefined ? {} : { segmentBytes }),
      });
    }
    case "level":
      return levelDriver();
    case "memory":
      return memoryDriver(new Map());
  }
}

function syncPolicy({ config }: CheckedConfig): SyncPolicy {
  return { mode: config.storage?.sync ?? "adaptive" };
}

function traceOf(
  { config, module, bootstrap, options, self }: CheckedConfig,
  opened: Opened<object>,
): TraceFile | null {
  if (config.trace === undefined || opened.result === "corrupt") return null;
  return new TraceFile({
    file: config.trace.file,
    eventsMax: config.trace.eventsMax,
    node: self.id,
    header: { protocol: module.name, cluster: bootstrap, options },
    incarnation: opened.incarnation,
    writesKept: opened.result === "valid" ? opened.writesKept : 0,
  });
}

function readyLine({ id, peer, client, etcd, metrics }: ServedMember): NodeReady {
  return {
    ready: true,
    id,
    pid: process.pid,
    peer,
    client,
    ...(etcd === null ? {} : { etcd }),
    ...(metrics === null ? {} : { metrics }),
  };
}
