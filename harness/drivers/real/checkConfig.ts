/** A node's configuration, checked before anything is done with it. */
import {
  type AnyModule,
  type Configuration,
  configurationProblems,
  type Member,
  type NodeId,
  nodeId,
} from "../../../protocols/core/index.js";
// Not the whole of the scenarios: a node starts often, and the rest takes long to load.
import { InputError, shown } from "../../scenarios/inputError.js";
import { parseJson, readText, validate } from "../../scenarios/validate.js";
import type { ServedMember } from "../../transport/index.js";
import type { NodeConfig, NodeMember } from "./config.js";
import { moduleByName, moduleNames } from "./protocols.js";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface CheckedConfig {
  readonly config: NodeConfig;
  readonly module: AnyModule;
  /** Complete. */
  readonly options: object;
  readonly bootstrap: Configuration;
  readonly id: NodeId;
  readonly self: ServedMember;
  readonly members: readonly ServedMember[];
}

/** @throws InputError */
export function readNodeConfig(file: string): CheckedConfig {
  return checkNodeConfig(parseJson(readText(file), file), file);
}

/**
 * @param file for messages only
 * @throws InputError for the first thing that is wrong
 */
export function checkNodeConfig(value: unknown, file: string): CheckedConfig {
  validate("node", value, file);
  const config = value as NodeConfig;
  const bad = (path: string, expected: string, found: string): InputError =>
    new InputError({ file, path, expected, found });
  const module = moduleByName(config.protocol);
  if (module === undefined) throw bad("/protocol", `one of ${moduleNames().join(", ")}`, shown(config.protocol));
  if (config.cluster.length === 0 || Buffer.byteLength(config.cluster) > 64)
    throw bad("/cluster", "a name of 1 to 64 bytes", shown(config.cluster));
  const members = config.members.map(servedMember);
  for (const [at, member] of config.members.entries()) checkMember(member, `/members/${at}`, file);
  checkAddresses(config, file);
  const { driver = "wal", segmentBytes } = config.storage ?? {};
  if (segmentBytes !== undefined && driver !== "wal")
    throw bad("/storage/segmentBytes", `nothing: the driver ${driver} has no segments`, shown(segmentBytes));
  const self = members.find(({ id }) => id === config.id);
  if (self === undefined) throw bad("/id", `one of ${members.map(({ id }) => id).join(", ")}`, shown(config.id));
  const bootstrap: Configuration = { members: members.map(memberOf), quorums: config.quorums ?? null };
  const problem = configurationProblems(bootstrap, module.electionQuorumsIntersect)[0];
  if (problem !== undefined) throw bad("/members", "a cluster that can decide", problem);
  return { config, module, options: optionsOf(config, module, file), bootstrap, id: nodeId(config.id), self, members };
}

/** @throws InputError */
function optionsOf(config: NodeConfig, module: AnyModule, file: string): object {
  const options = { ...module.defaultOptions(config.timing ?? "matched"), ...config.options };
  validate(`${module.name}-options`, options, file, "/options");
  const problem = module.optionsProblem(options);
  if (problem === null) return options;
  throw new InputError({ file, path: "/options", expected: "settings that fit together", found: problem });
}

function servedMember(member: NodeMember, at: number): ServedMember {
  const { id, role = "voter", peer, client, etcd = null, metrics = null } = member;
  return { id, ordinal: at + 1, role, peer, client, etcd, metrics };
}

function memberOf({ id, ordinal, role }: ServedMember): Member {
  return { id: nodeId(id), ordinal, role };
}

function checkMember(member: NodeMember, path: string, file: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(member.id)) {
    const expected = "1 to 32 letters, digits, - and _";
    throw new InputError({ file, path: `${path}/id`, expected, found: shown(member.id) });
  }
  for (const name of ["peer", "client", "etcd", "metrics"] as const) {
    const address = member[name];
    if (address !== undefined) checkAddress(address, `${path}/${name}`, file);
  }
}

/** Two listeners at one address would be found out only when the second starts. */
function checkAddresses(config: NodeConfig, file: string): void {
  const seen = new Map<string, string>();
  for (const [at, member] of config.members.entries()) {
    for (const name of ["peer", "client", "etcd", "metrics"] as const) {
      const address = member[name];
      if (address === undefined) continue;
      const path = `/members/${at}/${name}`;
      const before = seen.get(address);
      if (before !== undefined)
        throw new InputError({ file, path, expected: `another address than ${before} has`, found: shown(address) });
      seen.set(address, path);
    }
  }
  for (const [id, address] of Object.entries(config.dial ?? {})) {
    const path = `/dial/${id}`;
    if (!config.members.some((member) => member.id === id))
      throw new InputError({ file, path, expected: "the id of a member", found: shown(id) });
    checkAddress(address, path, file);
  }
}

function checkAddress(address: string, path: string, file: string): void {
  try {
    parseAddress(address);
  } catch {
    throw new InputError({ file, path, expected: "an address host:port, port 1 to 65535", found: shown(address) });
  }
}

/** "127.0.0.1:4001", "[::1]:4001", "name:4001". Throws RangeError. */
export function parseAddress(address: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65535)) throw new RangeError(`no address: ${address}`);
  return { host, port };
}
