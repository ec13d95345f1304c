/** Where the nodes of a cluster lie: folders, addresses and the configuration of each. */
import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { platform } from "node:os";
import { join, resolve } from "node:path";
import type { Configuration, TimingProfile } from "../../../protocols/core/index.js";
import type { NodeConfig, NodeMember, NodeStorage } from "../../drivers/real/index.js";
import type { Scenario } from "../../scenarios/index.js";
import { freePorts, returnPorts } from "./ports.js";

export interface LayoutSpec {
  readonly cluster: string;
  readonly protocol: string;
  readonly scenario: Scenario;
  readonly configuration: Configuration;
  readonly timing: TimingProfile;
  /** Holds a folder for each node, with its configuration, log, data and trace. */
  readonly dir: string;
  /** Where nodes listen. @default "127.0.0.1" */
  readonly host?: string;
  readonly storage?: NodeStorage;
  /** Storage settings of single nodes, by id, over `storage`. */
  readonly storageOf?: { readonly [id: string]: NodeStorage };
  /** Whether each node listens for etcd's clients and for Prometheus. */
  readonly services: boolean;
  /** Steps of each node that its trace holds; 0: no trace. */
  readonly tracedMax: number;
}

export interface NodePlace {
  readonly id: string;
  readonly dir: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly traceFile: string;
  readonly member: NodeMember;
}

export interface Layout {
  readonly spec: LayoutSpec;
  /** In the scenario's order. */
  readonly places: readonly NodePlace[];
  readonly ports: readonly number[];
}

const LOOPBACK = "127.0.0.1";

/**
 * An address of this machine's loopback that no other cluster has: the ports of a node that is down must not be taken
 * before it comes back. Where there is only one such address, it is that.
 */
export function ownLoopback(): string {
  if (platform() !== "linux") return LOOPBACK;
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
}

/** Finds addresses; nothing is written yet. */
export async function planLayout(spec: LayoutSpec): Promise<Layout> {
  const { nodes } = spec.scenario.cluster;
  const each = spec.services ? 4 : 2;
  const host = spec.host ?? LOOPBACK;
  const ports = await freePorts(nodes.length * each, host);
  const places = spec.configuration.members.map(({ id, role }, i): NodePlace => {
    const [peer, client, etcd, metrics] = ports.slice(i * each, (i + 1) * each).map((port) => `${host}:${port}`);
    const services = etcd === undefined || metrics === undefined ? {} : { etcd, metrics };
    const dir = resolve(spec.dir, id);
    return {
      id,
      dir,
      configFile: join(dir, "config.json"),
      logFile: join(dir, "node.log"),
      traceFile: join(dir, "trace.ndjson"),
      member: { id, role, peer: peer as string, client: client as string, ...services },
    };
  });
  return { spec, places, ports };
}

/** @param dial addresses to dial in place of a member's own, by the dialler's id and the member's */
export function writeConfigs(layout: Layout, dial: (from: string, to: string) => string | null): void {
  const { spec, places } = layout;
  // A member's place in the list is its ordinal.
  const ordinals = new Map(spec.configuration.members.map(({ id, ordinal }) => [id as string, ordinal]));
  const inOrder = [...places].sort((a, b) => (ordinals.get(a.id) ?? 0) - (ordinals.get(b.id) ?? 0));
  const { quorums } = spec.configuration;
  for (const place of places) {
    const dials = places.flatMap(({ id }) => {
      const address = id === place.id ? null : dial(place.id, id);
      return address === null ? [] : [[id, address] as const];
    });
    const config: NodeConfig = {
      cluster: spec.cluster,
      protocol: spec.protocol,
      id: place.id,
      members: inOrder.map(({ member }) => member),
      dir: join(place.dir, "data"),
      timing: spec.timing,
      options: spec.scenario.options?.[spec.protocol] ?? {},
      ...(quorums === null ? {} : { quorums }),
      storage: { ...spec.storage, ...spec.storageOf?.[place.id] },
      dial: Object.fromEntries(dials),
      ...(spec.tracedMax === 0 ? {} : { trace: { file: place.traceFile, eventsMax: spec.tracedMax } }),
      faults: true,
    };
    mkdirSync(place.dir, { recursive: true });
    writeFileSync(place.configFile, `${JSON.stringify(config, null, 2)}\n`);
  }
}

export function leaveLayout(layout: Layout): void {
  returnPorts(layout.ports);
}
