/** HTTP beside a node: /metrics for Prometheus and /health as etcd has it. */
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { encodeRequest } from "../host/index.js";
import type { Backend } from "./backend.js";
import type { NodeMetrics } from "./metrics.js";

/** A healthy member answers within this. Milliseconds. */
const HEALTH_MS = 1000;
/** Reads nothing: it only shows that a linearizable read goes through. */
const PROBE = encodeRequest({ type: "txn", compares: [], success: [], failure: [] });

export interface MetricsServer {
  /** host:port that it listens on. */
  readonly address: string;
  close(): Promise<void>;
}

/** Rejects if the address cannot be had. */
export async function serveMetrics(metrics: NodeMetrics, backend: Backend, address: string): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") answer(response, 405, "text/plain", "GET expected\n");
    else if (path === "/metrics") void tellMetrics(metrics, response);
    else if (path === "/health") void tellHealth(backend, response);
    else answer(response, 404, "text/plain", "there are /metrics and /health\n");
  });
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(address.slice(at + 1)), host.replace(/^\[(.*)\]$/u, "$1"), resolve);
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    address: `${host}:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function tellMetrics(metrics: NodeMetrics, response: ServerResponse): Promise<void> {
  answer(response, 200, metrics.contentType, await metrics.text());
}

async function tellHealth(backend: Backend, response: ServerResponse): Promise<void> {
  const reason = await sickness(backend);
  const body = reason === null ? { health: "true" } : { health: "false", reason };
  answer(response, reason === null ? 200 : 503, "application/json", JSON.stringify(body));
}

async function sickness(backend: Backend): Promise<string | null> {
  if (backend.status().leader === 0) return "no leader is known here";
  const read = backend.read(PROBE, "linearizable").then(
    () => null,
    (error: unknown) => `a read failed: ${String(error)}`,
  );
  return Promise.race([read, pause(HEALTH_MS, "a read takes too long", { ref: false })]);
}

function answer(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
