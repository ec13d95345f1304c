/** How often a subject's nodes synced, by what each system tells about itself. */
import { connect } from "node:net";
import { FrameReader, FrameWriter } from "../../transport/frames.js";
import { writeHello } from "../../transport/handshake.js";
import { PEER_FRAME_BYTES_MAX, STATUS_REPLY, WELCOME } from "../../transport/index.js";
import { writeStatus } from "../../transport/clientProtocol.js";
import { patience } from "./patience.js";
import { exchange } from "./processes.js";

/** Syncs of all nodes since their start; null where a node does not tell. */
export type SyncCounter = () => Promise<number | null>;

const WITHIN_MS = 2_000;

async function sumOf(addresses: readonly string[], ask: (address: string) => Promise<number | null>) {
  const counts = await Promise.all(addresses.map((address) => ask(address).catch(() => null)));
  return counts.includes(null) ? null : counts.reduce<number>((sum, count) => sum + (count as number), 0);
}

/** Nodes that speak the lean protocol: ours, the plain loop, and the hashicorp/raft node. */
export function leanSyncs(cluster: string, addresses: readonly string[]): SyncCounter {
  return () => sumOf(addresses, async (address) => syncsOf(await leanStatus(cluster, address)));
}

/** hashicorp/raft: one for each append to raft-wal, which syncs once for each. Ours: those that writes waited for. */
function syncsOf(status: Record<string, unknown>): number | null {
  const { syncs, counters } = status;
  if (typeof syncs === "number") return syncs;
  if (typeof counters !== "object" || counters === null) return null;
  const { syncsOnLoop, syncsBeside } = counters as Record<string, unknown>;
  return typeof syncsOnLoop === "number" && typeof syncsBeside === "number" ? syncsOnLoop + syncsBeside : null;
}

/** etcd: its log's, and the commits of its store. */
export function etcdSyncs(addresses: readonly string[]): SyncCounter {
  return () =>
    sumOf(addresses, async (address) => {
      const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(WITHIN_MS) });
      const text = await response.text();
      const wal = metric(text, "etcd_disk_wal_fsync_duration_seconds_count");
      const store = metric(text, "etcd_disk_backend_commit_duration_seconds_count");
      return wal === null || store === null ? null : wal + store;
    });
}

/** The value of a metric without labels in Prometheus' text form; null if it is not there. */
export function metric(text: string, name: string): number | null {
  const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
  return found === undefined || Number.isNaN(Number(found)) ? null : Number(found);
}

/** ZooKeeper counts the syncs of its log if `mntr` may be asked. */
export function zooKeeperSyncs(addresses: readonly string[]): SyncCounter {
  return () =>
    sumOf(addresses, async (address) => {
      const found = /^zk_cnt_fsynctime\t(\d+)$/m.exec(await exchange(address, "mntr"))?.[1];
      return found === undefined ? null : Number(found);
    });
}

/** What a node answers to STATUS. Rejects where there is no answer. */
export function leanStatus(cluster: string, address: string): Promise<Record<string, unknown>> {
  const at = address.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
    const writer = new FrameWriter();
    const send = (): void => {
      socket.write(Buffer.concat(writer.take()));
      writer.release();
    };
    const reader = new FrameReader(PEER_FRAME_BYTES_MAX, (kind, bytes, from, to) => {
      if (kind === WELCOME) {
        writeStatus(writer, 0x80000001, 1, false);
        send();
        return true;
      }
      if (kind === STATUS_REPLY) resolve(JSON.parse(bytes.toString("utf8", from + 12, to)) as Record<string, unknown>);
      else reject(new Error(`${address} answered with a frame of kind ${kind}`));
      socket.destroy();
      return false;
    });
    const answered = patience(WITHIN_MS, () => socket.destroy(new Error(`no answer from ${address}`)));
    socket.once("error", reject);
    socket.once("close", answered);
    socket.once("close", () => reject(new Error(`${address} closed the connection`)));
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
    socket.once("connect", () => {
      writeHello(writer, { caller: "client", cluster });
      send();
    });
  });
}
