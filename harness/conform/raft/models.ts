/** The bounded models of Raft: bounds are read from the .cfg files that give them to TLC, prefixes are here. */
import { assert, type Configuration, nodeId } from "../../../protocols/core/index.js";
import { type Raft, raft, type RaftOptions } from "../../../protocols/raft/index.js";
import type { Model, ModelledProtocol, SpecModel, Step } from "../checked.js";
import { constantsOf } from "../constants.js";
import { type Bounds, type RaftDisk, raftAdapter, type RaftModule } from "./adapter.js";

const from = (node: string): string => `"from":"${node}"`;
const to = (node: string): string => `"to":"${node}"`;

/** `candidate` wins a term with the vote of `voter`; `other` hears nothing of it. The no-op is on the leader's way to both. */
function elect(candidate: string, voter: string, other: string): Step[] {
  return [
    ["Timeout", candidate],
    ["SyncPersist", candidate, "1"],
    ["Drop", '"RequestVote"', from(candidate), to(other)],
    ["HandleRequestVoteRequest", from(candidate), to(voter)],
    ["SyncPersist", voter, "1"],
    ["HandleRequestVoteResponse", from(voter), to(candidate)],
  ];
}

/** A term that nobody votes in. */
function campaignInVain(candidate: string, ...others: readonly string[]): Step[] {
  return [
    ["Timeout", candidate],
    ["SyncPersist", candidate, "1"],
    ...others.map((other): Step => ["Drop", '"RequestVote"', from(candidate), to(other)]),
  ];
}

/** The leader's AppendEntries to these are lost. */
function lose(leader: string, ...servers: readonly string[]): Step[] {
  return servers.map((server) => ["Drop", '"AppendEntries"', from(leader), to(server)]);
}

const TRUNCATE: readonly Step[] = [
  // n2 leads term 1; its no-op is on its own disk alone.
  ...elect("n2", "n3", "n1"),
  ["SyncPersist", "n2", "1"],
  ...lose("n2", "n1", "n3"),
  // n1 leads term 2 by the vote of n3; n2 does not know.
  ["Timeout", "n1"],
  ["SyncPersist", "n1", "1"],
  ["Drop", '"RequestVote"', from("n1"), to("n2")],
  ["HandleRequestVoteRequest", from("n1"), to("n3")],
];

/** n1 leads by the vote of n2, its no-op is committed, n3 has it, too; n2 has acknowledged a round, on which a lease rests. */
const LEASE: readonly Step[] = [
  ...elect("n1", "n2", "n3"),
  ["SyncPersist", "n1", "1"],
  ["HandleAppendEntriesRequest", to("n3")],
  ["SyncPersist", "n3", "1"],
  ["Drop", '"AppendEntriesResponse"', from("n3")],
  ["HandleAppendEntriesRequest", to("n2")],
  ["SyncPersist", "n2", "1"],
  ["HandleAppendEntriesResponse", from("n2")],
  ["Drop", '"Heartbeat"', to("n2")],
  ["Heartbeat", "n1"],
  ["Drop", '"Heartbeat"', to("n3")],
  ["HandleHeartbeatRequest", to("n2")],
  ["HandleHeartbeatResponse", from("n2")],
];

const models: readonly Model[] = [
  { name: "Small", about: "three servers, one term, messages late and lost", size: "small", prefix: [] },
  { name: "Disk", about: "two servers, two terms, a crash between memory and disk", size: "medium", prefix: [] },
  { name: "Three", about: "three servers, two that start elections, a crash", size: "medium", prefix: [] },
  {
    name: "PreVote",
    about: "a leader elected by pre-votes, asked for pre-votes, heard and not heard; CheckQuorum",
    size: "small",
    prefix: [
      ["TimeoutPreVote", "n1"],
      ["HandleRequestPreVoteRequest", to("n2")],
      ["HandleRequestPreVoteResponse", to("n1")],
      ["SyncPersist", "n1", "1"],
      ["HandleRequestVoteRequest", to("n2")],
      ["SyncPersist", "n2", "1"],
      ["HandleRequestVoteResponse", to("n1")],
    ],
  },
  {
    name: "LateVote",
    about: "a vote of an earlier term that comes late",
    size: "small",
    prefix: [...elect("n1", "n2", "n3").slice(0, -1), ["Timeout", "n1"], ["SyncPersist", "n1", "1"]],
  },
  {
    name: "Figure8",
    about: "Raft Figure 8: a leader with an entry of an earlier term on a majority",
    size: "small",
    prefix: [
      // (a) n1 leads term 1; its entry is on its own disk alone.
      ...elect("n1", "n2", "n3"),
      ["SyncPersist", "n1", "1"],
      ...lose("n1", "n2", "n3"),
      // (b) n3 leads term 2 by the vote of n2; its entry at the same index is on its own disk alone.
      ...campaignInVain("n3", "n1", "n2"),
      ...elect("n3", "n2", "n1"),
      ["SyncPersist", "n3", "1"],
      ...lose("n3", "n1", "n2"),
      // (c) n1 boots and leads term 3 by the vote of n2, and is about to replicate its entry of term 1.
      ["Restart", "n1", "0"],
      ...campaignInVain("n1", "n2", "n3"),
      ...elect("n1", "n2", "n3"),
      // n3 hears of it and refuses: it may start an election at any time.
      ["HandleAppendEntriesRequest", from("n1"), to("n3")],
      ["SyncPersist", "n3", "1"],
      ["Drop", '"AppendEntriesResponse"', from("n3")],
      ["LeaderSilent", "n3"],
    ],
  },
  {
    name: "Truncate",
    about: "a server with a durable entry that a new leader's log replaces",
    size: "small",
    prefix: TRUNCATE,
  },
  { name: "Learner", about: "two voters and a learner, messages late and lost", size: "small", prefix: [] },
  { name: "Twice", about: "the same, where any message may come twice", size: "medium", prefix: TRUNCATE },
  {
    name: "ReadIndex",
    about: "a read asked anywhere, by a round or by a lease about to end, and a rival",
    size: "small",
    prefix: LEASE,
  },
  {
    name: "Snapshot",
    about: "a follower with entries of its own that needs the leader's snapshot",
    size: "small",
    prefix: [
      // n3 leads term 1; its two entries are on its own disk alone.
      ...elect("n3", "n2", "n1"),
      ["SyncPersist", "n3", "1"],
      ...lose("n3", "n1", "n2"),
      ["ClientRequest", "n3"],
      ["SyncPersist", "n3", "1"],
      // n1 leads term 2, commits its first entry by the vote of n2, and compacts it away.
      ...campaignInVain("n1", "n2", "n3"),
      ...elect("n1", "n2", "n3"),
      ["SyncPersist", "n1", "1"],
      ...lose("n1", "n3"),
      ["HandleAppendEntriesRequest", to("n2")],
      ["SyncPersist", "n2", "1"],
      ["HandleAppendEntriesResponse", from("n2")],
      ["Drop", '"Heartbeat"', to("n2")],
      ["CompactLog", "n1", "1"],
      ["SyncPersist", "n1", "1"],
      // n3 answers a heartbeat: it is there, and what it needs is not.
      ["Heartbeat", "n1"],
      ["Drop", '"Heartbeat"', to("n2")],
      ["HandleHeartbeatRequest", to("n3")],
      ["SyncPersist", "n3", "1"],
    ],
  },
];

/** Models of the spec alone. */
const specModels: readonly SpecModel[] = [
  {
    name: "Live",
    about: "with fair timers and links somebody leads, and what is taken is committed everywhere",
    size: "small",
    prefix: [],
    deadlock: true,
  },
  {
    name: "Reads",
    about: "reads by rounds and by a lease that is about to end, and a rival",
    size: "medium",
    prefix: [],
    spec: "raft/MCRaftReads.tla",
  },
];

function configFile({ name }: Pick<Model, "name">): string {
  return `raft/MCRaft${name}.cfg`;
}

const SETS: Readonly<Record<string, readonly string[]>> = {
  One: ["n1"],
  Two: ["n1", "n2"],
  Three: ["n1", "n2", "n3"],
  Third: ["n3"],
};

/** The model's bounds for the code. */
function boundsOf(model: Model, module: RaftModule): Bounds {
  const text = constantsOf(configFile(model));
  const number = (name: string): number => Number(text(name));
  const names = (name: string): readonly string[] => {
    const found = SETS[text(name)];
    assert(found !== undefined, `no set ${text(name)}`);
    return found;
  };
  const voters = new Set(names("Voter"));
  const cluster: Configuration = {
    members: names("Server").map((id, at) => ({
      id: nodeId(id),
      ordinal: at + 1,
      role: voters.has(id) ? "voter" : "learner",
    })),
    quorums: { election: number("ElectionQuorum"), replication: number("ReplicationQuorum") },
  };
  assert(text("EntriesMax") === "1", "the code's models have one entry a message");
  const options: RaftOptions = {
    ...module.defaultOptions("matched"),
    preVote: text("PreVote") === "TRUE",
    readMechanism: text("Leases") === "TRUE" ? "lease" : "readIndex",
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
    readsMax: text("ReadsMax", "") === "OneRead" ? 1 : 0,
    messagesMax: number("MessagesMax"),
    starters: new Set(names("Starters")),
  };
}

export const raftModels: ModelledProtocol<Raft, RaftDisk> = {
  name: "raft",
  title: "Raft",
  models,
  specModels,
  module: raft,
  spec: "raft/MCRaft.tla",
  config: configFile,
  adapter: (module, model, tracing) => raftAdapter(module, boundsOf(model, module), tracing),
};
