/** Puts one node together: from a checked configuration to something that serves. */
import { type AnyProtocol, assert, type ReplicaConfig } from "../../../protocols/core/index.js";
import { createHost, type Reply } from "../../host/index.js";
import {
  type Files,
  levelDriver,
  memoryDriver,
  type Opened,
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
  const { checked, log, onFatal, onDiskFailure } = options;
  const { config, module, self, members } = checked;
  const counters = emptyCounters();
  const observers: NodeObserver[] = [];
  let runtime: Runtime | null = null;
  const driver = storageDriver(checked, options.files);
  const opened: Opened<object> = await driver.open<object>(config.dir, {
    hardCodec: module.hardCodec,
    onDurable: (upTo) => runtime?.onDurable(upTo),
    onSynced: (seconds) => {
      for (const observer of observers) observer.sync?.(seconds);
    },
    onFailure: (error) => {
      runtime?.stop();
      onDiskFailure(error);
    },
    sync: syncPolicy(checked, counters),
    unsafeNoSync: config.storage?.unsafeNoSync ?? false,
  });
  if (opened.result === "corrupt") throw new CorruptStore(opened.error);
  const { storage, incarnation } = opened;
  if (opened.result === "valid" && opened.cut !== null)
    log.warn({ ...opened.cut }, "a batch that a crash had torn was cut off");
  const trace = traceOf(checked, opened);
  const recovered = opened.result === "valid" ? opened.recovered : { hard: null, snapshot: null, entries: [] };
  const { snapshot } = recovered;
  const image = snapshot === null ? null : await storage.readImage(snapshot.id);
  const answers = new Answers(counters, observers, (id) => members.find((one) => one.id === id)?.ordinal ?? 0);
  const host = createHost<AnyProtocol>({
    module,
    replica: replicaConfig(checked, incarnation),
    recovered,
    loadSnapshot: (id) => {
      if (runtime !== null) return runtime.image(id);
      assert(id === snapshot?.id && image !== null, `snapshot ${id} is not the stored one`);
      return image;
    },
    sessionsMax: SESSIONS_MAX,
    batchBytesMax: BATCH_BYTES_MAX,
    // The same for each node, since the list of members is: what a transaction reads is replicated.
    historyMax: members.some(({ etcd }) => etcd !== null) ? HISTORY_MAX : 0,
  });
  const running = new Runtime({ host, module, storage, answers, trace, onFatal, counters });
  runtime = running;
  const onDirty = running.onDirty.bind(running);
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
    onDirty,
    onSnapshotAck: (from, body) => running.senders?.onAck(from, body),
    onDown: (to) => running.senders?.onDown(to),
  });
  const senders = new SnapshotSenders({
    module,
    storage,
    links,
    log,
    onSent: (to, id, ok) => {
      if (ok) counters.snapshotsSent += 1;
      running.input({ type: "snapshotSent", to, id, ok });
    },
  });
  running.links = links;
  running.senders = senders;
  const welcome: Welcome = {
    cluster: config.cluster,
    protocol: module.name,
    ordinal: self.ordinal,
    id: self.id,
    incarnation,
  };
  const status = (digest: boolean): NodeStatus => {
    running.lookAtLeader();
    copyCounts(counters, storage.counts);
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
  };
  const listeners: Listener[] = [];
  const looking = setInterval(() => {
    running.lookAtLeader();
    copyCounts(counters, storage.counts);
  }, LEADER_LOOK_MS);
  const close = async (): Promise<void> => {
    clearInterval(looking);
    running.stop();
    links.close();
    senders.close();
    for (const listener of listeners) await listener.close();
    await storage.close();
    trace?.close();
  };
  try {
    listeners.push(
      await openPeerPort({ module, self, members, welcome, log, counters, storage, runtime: running, links }),
    );
    listeners.push(await openClientPort({ self, welcome, log, counters, runtime: running, answers, status }));
  } catch (error) {
    await close();
    throw error;
  }
  running.input({ type: "start" });
  const service: NodeService = {
    cluster: config.cluster,
    protocol: module.name,
    self,
    members,
    incarnation,
    counters,
    status: () => status(false),
    machineDigest: () => host.machineDigest(),
    observe: (observer) => void observers.push(observer),
    request: (request, answer) => {
      const isWrite =
        request.operation.f !== "get" && request.operation.f !== "range" && request.operation.f !== "query";
      const { client, seq } = request;
      const token = answers.expect(null, client, seq, isWrite, performance.now(), answer as (reply: Reply) => void);
      running.input({ type: "request", request: { ...request, token } });
    },
  };
  return { service, ready: readyLine(self), close };
}

function storageDriver({ config }: CheckedConfig, files: Files | undefined): StorageDriver {
  switch (config.storage?.driver ?? "wal") {
    case "wal":
      return walDriver(files === undefined ? {} : { files });
    case "level":
      return levelDriver();
    case "memory":
      return memoryDriver(new Map());
  }
}

function syncPolicy({ config }: CheckedConfig, counters: NodeCounters): SyncPolicy {
  const mode = config.storage?.sync ?? "adaptive";
  return mode === "adaptive" ? { mode, waiting: () => counters.writesPending } : { mode };
}

function replicaConfig(
  { id, bootstrap, options, config }: CheckedConfig,
  incarnation: number,
): ReplicaConfig<AnyProtocol> {
  return { id, incarnation, bootstrap, options, tracing: config.trace !== undefined };
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
