/** The bounded models of Raft: bounds are read from the .cfg files that give them to TLC, prefixes are here. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, type Configuration, nodeId } from "../../../protocols/core/index.js";
import { specFolder } from "../protocol.js";
import type { Bounds } from "./explore.js";
import type { RaftModule } from "./replica.js";

/** One forced action: its name and the texts that its arguments must contain. */
export type Step = readonly [action: string, ...parts: readonly string[]];

export interface Model {
  readonly name: string;
  /** What it is for. */
  readonly about: string;
  /** small: seconds, part of every test run. */
  readonly size: "small" | "medium";
  readonly prefix: readonly Step[];
}

const from = (node: string): string => `"from":"${node}"`;
const to = (node: string): string => `"to":"${node}"`;

/** `candidate` wins a term with the vote of `voter`; `other` hears nothing of it, nor of the no-op that follows. */
function elect(candidate: string, voter: string, other: string): Step[] {
  return [
    ["Timeout", candidate],
    ["SyncPersist", candidate, "1"],
    ["Drop", "RequestVote", to(other)],
    ["HandleRequestVoteRequest", from(candidate), to(voter)],
    ["SyncPersist", voter, "1"],
    ["HandleRequestVoteResponse", from(voter)],
  ];
}

export const models: readonly Model[] = [
  { name: "Small", about: "three servers, one term, messages late and lost", size: "small", prefix: [] },
  { name: "Disk", about: "two servers, two terms, a crash between memory and disk", size: "medium", prefix: [] },
];

export function configFile({ name }: Pick<Model, "name">): string {
  return join(specFolder(), "raft", `MCRaft${name}.cfg`);
}

export { elect, from, to };

const SETS: Readonly<Record<string, readonly string[]>> = { One: ["n1"], Two: ["n1", "n2"], Three: ["n1", "n2", "n3"] };

/** The model's bounds for the code. */
export async function boundsOf(model: Model, module: RaftModule): Promise<Bounds> {
  const constants = new Map<string, string>();
  for (const [, name, value] of (await readFile(configFile(model), "utf8")).matchAll(/^ {2}(\w+) (?:=|<-) (.+)$/gm))
    constants.set(name as string, value as string);
  const text = (name: string): string => {
    const value = constants.get(name);
    assert(value !== undefined, `MCRaft${model.name}.cfg gives no ${name}`);
    return value;
  };
  const number = (name: string): number => Number(text(name));
  const names = (name: string): readonly string[] => SETS[text(name)] ?? [];
  const voters = new Set(names("Voter"));
  const cluster: Configuration = {
    members: names("Server").map((id, at) => ({
      id: nodeId(id),
      ordinal: at + 1,
      role: voters.has(id) ? "voter" : "learner",
    })),
    quorums: { election: number("ElectionQuorum"), replication: number("ReplicationQuorum") },
  };
  assert(
    text("EntriesMax") === "1" && text("Leases") === "FALSE",
    "the code's models have one entry a message, no leases",
  );
  const options = {
    ...module.defaultOptions("matched"),
    preVote: text("PreVote") === "TRUE",
    checkQuorum: text("CheckQuorums") === "TRUE",
    inflightMessagesMax: number("InflightMax"),
    readRoundsMax: number("ReadRoundsMax"),
    snapshotKeepEntries: number("KeepEntries"),
    snapshotEveryEntries: 0,
    // One byte: one entry a message.
    appendEntriesBytesMax: 1,
  };
  return {
    cluster,
    options,
    leftOut: new Set([...text("LeftOut").matchAll(/"(\w+)"/g)].map(([, name]) => name as string)),
    termMax: number("TermMax"),
    logMax: number("LogMax"),
    roundsMax: number("RoundsMax"),
    restartsMax: number("RestartsMax"),
    messagesMax: number("MessagesMax"),
    starters: new Set(names("Starters")),
  };
}
