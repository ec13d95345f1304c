/** hashicorp/raft with raft-wal and a state machine that does nothing; its program is in bench/peers. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { goProgram, packageFolder } from "./bench/goTools.js";
import { Processes } from "./bench/processes.js";
import type { RunningSubject, SubjectSpec } from "./bench/subject.js";
import { leanStatus, leanSyncs } from "./bench/syncs.js";
import { freePorts, returnPorts } from "./cluster/ports.js";

const HOST = "127.0.0.1";
const READY_MS = 20_000;

export async function startHraft(spec: SubjectSpec, dir: string): Promise<RunningSubject> {
  const program = await goProgram("hraft");
  const ports = await freePorts(spec.voters * 2, HOST);
  const addresses = ports.map((port) => `${HOST}:${port}`);
  const peers = addresses.slice(0, spec.voters);
  const clients = addresses.slice(spec.voters);
  const cluster = "bench-hraft";
  const processes = new Processes();
  const stop = async (): Promise<void> => {
    await processes.stop();
    returnPorts(ports);
  };
  try {
    const pids = clients.map((_, i) => {
      const folder = join(dir, `n${i + 1}`);
      mkdirSync(folder, { recursive: true });
      const place = ["-cluster", cluster, "-dir", folder, "-ordinal", String(i + 1)];
      const args = [...place, "-peers", peers.join(","), "-clients", clients.join(",")];
      return processes.start({ program, args, logFile: join(folder, "node.log") });
    });
    await processes.until(async () => {
      const statuses = await Promise.all(clients.map((address) => leanStatus(cluster, address)));
      return isLed(statuses);
    }, READY_MS);
    return {
      target: "lean",
      cluster,
      endpoints: clients,
      pids,
      version: versionOf(),
      settings: "MaxAppendEntries 512, BatchApplyCh, LogCache 512, no snapshots; its state machine does nothing",
      syncs: leanSyncs(cluster, clients),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Whether all name one leader and that one says so too. All three stand for election when they start: where each names
 * somebody, one of them may still be about to take another's place, and what is measured then is refused requests.
 *
 * @param statuses by ordinal, from 1
 */
export function isLed(statuses: readonly Record<string, unknown>[]): boolean {
  const leader = statuses[0]?.["leader"];
  if (typeof leader !== "number" || statuses[leader - 1]?.["role"] !== "Leader") return false;
  return statuses.every((status) => status["leader"] === leader);
}

/** What go.mod pins. */
function versionOf(): string {
  const text = readFileSync(join(packageFolder(), "bench/peers/go.mod"), "utf8");
  const of = (module: string): string => new RegExp(`${module} v(\\S+)`).exec(text)?.[1] ?? "unknown";
  return `hashicorp/raft ${of("hashicorp/raft")}, raft-wal ${of("hashicorp/raft-wal")}`;
}
