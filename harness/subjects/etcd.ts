/** etcd with its defaults: only addresses, quota and log level are set. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Processes } from "./bench/processes.js";
import { MissingPeer, type RunningSubject, type SubjectSpec } from "./bench/subject.js";
import { etcdSyncs } from "./bench/syncs.js";
import { freePorts, returnPorts } from "./cluster/ports.js";

const HOST = "127.0.0.1";
const READY_MS = 30_000;
const QUOTA_BYTES = 8 * 2 ** 30;
const INSTALL = "sudo apt-get install etcd-server";

/** First line of `etcd --version`, or null. */
export function etcdVersion(): string | null {
  try {
    const said = execFileSync("etcd", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return /^etcd Version: (\S+)/m.exec(said)?.[1] ?? said.trim().split("\n")[0] ?? null;
  } catch {
    return null;
  }
}

export async function startEtcd(spec: SubjectSpec, dir: string): Promise<RunningSubject> {
  const version = etcdVersion();
  if (version === null) throw new MissingPeer("etcd", "there is no program etcd", INSTALL);
  const ports = await freePorts(spec.voters * 2, HOST);
  const addresses = ports.map((port) => `${HOST}:${port}`);
  const peers = addresses.slice(0, spec.voters);
  const clients = addresses.slice(spec.voters);
  const initial = peers.map((peer, i) => `n${i + 1}=http://${peer}`).join(",");
  const processes = new Processes();
  const stop = async (): Promise<void> => {
    await processes.stop();
    returnPorts(ports);
  };
  try {
    const pids = peers.map((peer, i) => {
      const folder = join(dir, `n${i + 1}`);
      mkdirSync(folder, { recursive: true });
      const client = `http://${clients[i] as string}`;
      const args = [
        "--name",
        `n${i + 1}`,
        "--data-dir",
        join(folder, "data"),
        "--listen-peer-urls",
        `http://${peer}`,
        "--initial-advertise-peer-urls",
        `http://${peer}`,
        "--listen-client-urls",
        client,
        "--advertise-client-urls",
        client,
        "--initial-cluster",
        initial,
        "--initial-cluster-state",
        "new",
        "--initial-cluster-token",
        "synod-bench",
        "--quota-backend-bytes",
        String(QUOTA_BYTES),
        "--logger",
        "zap",
        "--log-level",
        "error",
      ];
      return processes.start({ program: "etcd", args, logFile: join(folder, "node.log") });
    });
    await processes.until(async () => {
      const answers = await Promise.all(
        clients.map((address) => fetch(`http://${address}/health`, { signal: AbortSignal.timeout(2_000) })),
      );
      return answers.every(({ ok }) => ok);
    }, READY_MS);
    return {
      target: "etcd",
      cluster: "",
      endpoints: clients,
      pids,
      version: `etcd ${version}`,
      settings: `defaults; quota ${QUOTA_BYTES / 2 ** 30} GiB, log level error`,
      syncs: etcdSyncs(clients),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
