/** Reads the `cluster` line: protocol, voters, learners, quorums and options. */
import {
  type AnyModule,
  type Configuration,
  configurationProblems,
  type Member,
  nodeId,
  type TimingProfile,
} from "../../../protocols/core/index.js";
import { ScriptError } from "./scriptError.js";
import { type Line, numberSetting } from "./words.js";

export interface ClusterOptions {
  readonly module: AnyModule;
  readonly bootstrap: Configuration;
  readonly options: object;
  readonly sessionsMax: number;
  readonly batchBytesMax: number;
}

/** Settings that belong to the cluster and not to the protocol. */
const OWN_SETTINGS = ["timing", "electionQuorum", "replicationQuorum", "sessionsMax", "batchBytesMax"];

/** @param modules The protocols that may be named; the name may be left out where there is one. */
export function readClusterOptions(line: Line, modules: readonly AnyModule[]): ClusterOptions {
  const named = modules.find((module) => module.name === line.words[0]);
  const module = named ?? (modules.length === 1 ? modules[0] : undefined);
  if (module === undefined) {
    const names = modules.map((candidate) => candidate.name).join(", ");
    throw new ScriptError(`cluster needs a protocol first (${names}), found "${line.words[0] ?? ""}"`);
  }
  const members = readMembers(named === undefined ? line.words : line.words.slice(1));
  const bootstrap: Configuration = { members, quorums: readQuorums(line, members) };
  const problem = configurationProblems(bootstrap, module.electionQuorumsIntersect)[0];
  if (problem !== undefined) throw new ScriptError(problem);
  return {
    module,
    bootstrap,
    options: readOptions(line, module),
    sessionsMax: numberSetting(line, "sessionsMax", 1000, 1),
    batchBytesMax: numberSetting(line, "batchBytesMax", 65_536, 1),
  };
}

function readMembers(words: readonly string[]): readonly Member[] {
  const members: Member[] = [];
  let role: Member["role"] = "voter";
  for (const word of words) {
    if (word === "learner" || word === "voter") {
      role = word;
      continue;
    }
    if (!/^n[1-9][0-9]{0,3}$/.test(word)) throw new ScriptError(`a node such as n1 expected, found "${word}"`);
    members.push({ id: nodeId(word), ordinal: Number(word.slice(1)), role });
  }
  return members.sort((a, b) => a.ordinal - b.ordinal);
}

function readQuorums(line: Line, members: readonly Member[]): Configuration["quorums"] {
  if (!line.settings.has("electionQuorum") && !line.settings.has("replicationQuorum")) return null;
  const voters = members.filter((member) => member.role === "voter").length;
  const majority = Math.floor(voters / 2) + 1;
  return {
    election: numberSetting(line, "electionQuorum", majority, 1),
    replication: numberSetting(line, "replicationQuorum", majority, 1),
  };
}

function readOptions(line: Line, module: AnyModule): object {
  const timing = line.settings.get("timing") ?? "matched";
  if (timing !== "matched" && timing !== "native") {
    throw new ScriptError(`timing is matched or native, found "${timing}"`);
  }
  const defaults = module.defaultOptions(timing satisfies TimingProfile) as Readonly<Record<string, unknown>>;
  const options: Record<string, unknown> = { ...defaults };
  for (const [name, text] of line.settings) {
    if (OWN_SETTINGS.includes(name)) continue;
    if (!Object.hasOwn(defaults, name)) {
      const known = [...Object.keys(defaults), ...OWN_SETTINGS].join(", ");
      throw new ScriptError(`${module.name} has no option "${name}" (it has: ${known})`);
    }
    options[name] = readValue(name, text, defaults[name]);
  }
  const problem = module.optionsProblem(options);
  if (problem !== null) throw new ScriptError(problem);
  return options;
}

/** Of the same type as the option's default. */
function readValue(name: string, text: string, like: unknown): unknown {
  if (typeof like === "boolean") {
    if (text !== "true" && text !== "false") throw new ScriptError(`${name} is true or false, found "${text}"`);
    return text === "true";
  }
  if (typeof like === "number") {
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) throw new ScriptError(`${name} is a number, found "${text}"`);
    return value;
  }
  return text === "null" ? null : text;
}
