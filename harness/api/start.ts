/** Puts etcd's interface and the metrics beside a running node. */
import type { Log, NodeService } from "../transport/index.js";
import { Links } from "./links.js";
import { NodeMetrics } from "./metrics.js";
import { type MetricsServer, serveMetrics } from "./metricsServer.js";
import { NodeBackend } from "./nodeBackend.js";
import { type EtcdServer, serveEtcd } from "./server.js";
import { EtcdService } from "./service.js";

export interface ApiOptions {
  readonly log: Log;
  /** When a call is given up. Milliseconds. @default 7000 */
  readonly requestTimeoutMs?: number;
}

export interface Api {
  /** host:port; null: not served. */
  readonly etcd: string | null;
  readonly metrics: string | null;
  /** Calls under way end as broken. */
  close(): Promise<void>;
}

/** Listens where the member's configuration says, nowhere if it says nothing. Rejects if an address cannot be had. */
export async function startApi(service: NodeService, { log, requestTimeoutMs }: ApiOptions): Promise<Api> {
  const { self, cluster } = service;
  if (self.etcd === null && self.metrics === null) return { etcd: null, metrics: null, close: async () => undefined };
  const links = new Links(cluster, log);
  const backend = new NodeBackend({ service, links, ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }) });
  const metrics = new NodeMetrics(service);
  let etcd: EtcdServer | null = null;
  let http: MetricsServer | null = null;
  const close = async (): Promise<void> => {
    await etcd?.close();
    await http?.close();
    links.close();
  };
  try {
    if (self.etcd !== null)
      etcd = await serveEtcd(new EtcdService(backend), self.etcd, log, metrics.onCall.bind(metrics));
    if (self.metrics !== null) http = await serveMetrics(metrics, backend, self.metrics);
  } catch (error) {
    await close();
    throw error;
  }
  return { etcd: etcd?.address ?? null, metrics: http?.address ?? null, close };
}
