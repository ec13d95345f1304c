/** Nodes of ours and the plain loop: the same configuration, started the same way. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeConfig, NodeMember } from "../drivers/real/index.js";
import { packageFolder } from "./bench/goTools.js";
import { Processes } from "./bench/processes.js";
import { leanStatus, leanSyncs } from "./bench/syncs.js";
import type { RunningSubject, SubjectSpec } from "./bench/subject.js";
import { freePorts, returnPorts } from "./cluster/ports.js";

const HOST = "127.0.0.1";
const READY_MS = 20_000;

export interface LeanProgram {
  /** Compiled entry, within the package. */
  readonly entry: string;
  readonly protocol: string;
  readonly version: string;
  readonly options: { readonly [setting: string]: unknown };
}

/** Starts every node in a folder of its own below `dir` and waits until all listen. */
export async function startLean(spec: SubjectSpec, dir: string, program: LeanProgram): Promise<RunningSubject> {
  const count = spec.voters + spec.learners;
  const each = spec.grpc ? 3 : 2;
  const ports = await freePorts(count * each, HOST);
  const members = Array.from({ length: count }, (_, i): NodeMember => {
    const [peer, client, etcd] = ports.slice(i * each, (i + 1) * each).map((port) => `${HOST}:${port}`);
    return {
      id: `n${i + 1}`,
      role: i < spec.voters ? "voter" : "learner",
      peer: peer as string,
      client: client as string,
      ...(etcd === undefined ? {} : { etcd }),
    };
  });
  const cluster = `bench-${spec.kind}`;
  const processes = new Processes();
  try {
    const pids = members.map((member) => {
      const folder = join(dir, member.id);
      mkdirSync(folder, { recursive: true });
      const config: NodeConfig = {
        cluster,
        protocol: program.protocol,
        id: member.id,
        members,
        dir: join(folder, "data"),
        options: program.options,
        storage: { driver: spec.store, sync: spec.sync, unsafeNoSync: spec.noSync },
      };
      const file = join(folder, "config.json");
      writeFileSync(file, `${JSON.stringify(config)}\n`);
      const args = [join(packageFolder(), program.entry), file];
      return processes.start({ program: process.execPath, args, logFile: join(folder, "node.log") });
    });
    const clients = members.map(({ client }) => client);
    await processes.until(async () => {
      await Promise.all(clients.map((address) => leanStatus(cluster, address)));
      return true;
    }, READY_MS);
    return {
      target: spec.grpc ? "etcd" : "lean",
      cluster,
      endpoints: spec.grpc ? members.map(({ etcd }) => etcd as string) : clients,
      pids,
      version: program.version,
      settings: settingsOf(spec, program),
      syncs: leanSyncs(cluster, clients),
      stop: async () => {
        await processes.stop();
        returnPorts(ports);
      },
    };
  } catch (error) {
    await processes.stop();
    returnPorts(ports);
    throw error;
  }
}

function settingsOf(spec: SubjectSpec, program: LeanProgram): string {
  const words = [`store ${spec.store}`, spec.noSync ? "no sync" : `sync ${spec.sync}`];
  const options = Object.entries(program.options).map(([name, value]) => `${name} ${String(value)}`);
  return [...words, ...options].join(", ");
}
