/** ZooKeeper with the defaults of its sample configuration. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exchange, Processes } from "./bench/processes.js";
import { MissingPeer, type RunningSubject, type SubjectSpec } from "./bench/subject.js";
import { zooKeeperSyncs } from "./bench/syncs.js";
import { freePorts, returnPorts } from "./cluster/ports.js";

const HOST = "127.0.0.1";
const READY_MS = 60_000;
const INSTALL = "sudo apt-get install zookeeper";
/** What zkServer.sh gives the server. */
const HEAP = "-Xmx1000m";

/** Debian's jar, which names the others it needs; or every jar of an unpacked release. */
export function zooKeeperClassPath(): string | null {
  const debian = "/usr/share/java/zookeeper.jar";
  if (existsSync(debian)) return debian;
  const home = process.env["ZOOKEEPER_HOME"];
  return home !== undefined && existsSync(join(home, "lib")) ? join(home, "lib", "*") : null;
}

function versionOf(classPath: string): string {
  const folder = dirname(classPath);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.map((name) => /^zookeeper-(\d+\.\d+\.\d+)\.jar$/.exec(name)?.[1]).find((v) => v !== undefined);
  return `ZooKeeper ${found ?? "of unknown version"}`;
}

function hasJava(): boolean {
  try {
    execFileSync("java", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export async function startZooKeeper(spec: SubjectSpec, dir: string): Promise<RunningSubject> {
  const classPath = zooKeeperClassPath();
  if (classPath === null) throw new MissingPeer("zookeeper", "its jars are not there", INSTALL);
  if (!hasJava()) throw new MissingPeer("zookeeper", "there is no java", "sudo apt-get install default-jre-headless");
  const ports = await freePorts(spec.voters * 3, HOST);
  const of = (kind: number, i: number): number => ports[i * 3 + kind] as number;
  const places = Array.from({ length: spec.voters }, (_, i) => i);
  const clients = places.map((i) => `${HOST}:${of(2, i)}`);
  const processes = new Processes();
  const stop = async (): Promise<void> => {
    await processes.stop();
    returnPorts(ports);
  };
  const servers = places.map((i) => `server.${i + 1}=${HOST}:${of(0, i)}:${of(1, i)}`);
  try {
    const pids = places.map((i) => {
      const folder = join(dir, `n${i + 1}`);
      mkdirSync(join(folder, "data"), { recursive: true });
      writeFileSync(join(folder, "data", "myid"), `${i + 1}\n`);
      const lines = [
        "tickTime=2000",
        "initLimit=10",
        "syncLimit=5",
        `dataDir=${join(folder, "data")}`,
        `clientPort=${of(2, i)}`,
        `clientPortAddress=${HOST}`,
        "admin.enableServer=false",
        "4lw.commands.whitelist=srvr,mntr",
        ...servers,
      ];
      const config = join(folder, "zoo.cfg");
      writeFileSync(config, `${lines.join("\n")}\n`);
      const main = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
      const args = [HEAP, "-cp", `${folder}:${classPath}`, main, config];
      return processes.start({ program: "java", args, logFile: join(folder, "node.log") });
    });
    await processes.until(async () => {
      const answers = await Promise.all(clients.map((address) => exchange(address, "srvr")));
      return answers.every((said) => /^Mode: (leader|follower|standalone)$/m.test(said));
    }, READY_MS);
    return {
      target: "zookeeper",
      cluster: "",
      endpoints: clients,
      pids,
      version: versionOf(classPath),
      settings: `sample configuration (tickTime 2000, initLimit 10, syncLimit 5), ${HEAP}, no admin server`,
      syncs: zooKeeperSyncs(clients),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
