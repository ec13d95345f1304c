/** The bounded models of Multi-Paxos: their bounds are read from the .cfg files, their prefixes are here. */
import { type MultiPaxos, type MultiPaxosOptions, multipaxos, valueText } from "../../../protocols/multipaxos/index.js";
import type { Model, ModelledProtocol, SpecModel, Step } from "../checked.js";
import { constantsOf } from "../constants.js";
import { type Bounds, type MultiPaxosDisk, type MultiPaxosModule, multipaxosAdapter } from "./adapter.js";

/** Commands a, b and c: their values in the spec are what the core calls them. */
const COMMANDS: ReadonlyMap<string, Uint8Array> = new Map(
  [97, 98, 99].map((letter) => [valueText(Uint8Array.of(letter)), Uint8Array.of(letter)]),
);

const A = valueText(Uint8Array.of(97));
const B = valueText(Uint8Array.of(98));

/**
 * One forced action at a replica, or about a message to it. `which` tells it from others of that name: sender and type of
 * the message, perhaps with a part of its text; the value asked for; how many writes, one unless it says otherwise.
 */
function step(action: string, node: string, which?: string | number): Step {
  if (action.startsWith("Handle") || action === "Drop") {
    const [from = "", type = "", ...text] = String(which).split(" ");
    return [action, `"from":"${from}"`, `"to":"${node}"`, `"type":"${type}"`, ...text];
  }
  if (action === "SyncPersist") return [action, `["${node}",${which ?? 1}]`];
  return [action, which === undefined ? `["${node}"` : `["${node}",${JSON.stringify(which)}]`];
}

/** The candidate leads with the promise of one other; the third hears nothing of it. */
function lead(candidate: string, other: string, third: string): Step[] {
  return [
    step("Prepare", candidate),
    step("SyncPersist", candidate),
    step("Drop", third, `${candidate} Prepare`),
    step("HandlePrepare", other, `${candidate} Prepare`),
    step("SyncPersist", other),
    step("HandlePromise", candidate, `${other} Promise`),
  ];
}

const BEHIND: readonly Step[] = [
  ...lead("n1", "n2", "n3"),
  step("ClientRequest", "n1", A),
  step("SyncPersist", "n1"),
  step("Drop", "n3", "n1 Accept"),
  step("HandleAccept", "n2", "n1 Accept"),
  step("SyncPersist", "n2"),
  step("HandleAccepted", "n1", "n2 Accepted"),
  step("HandleDecided", "n2", "n1 Decided"),
  step("Drop", "n3", "n1 Decided"),
  step("Prepare", "n3"),
  step("SyncPersist", "n3"),
  step("Drop", "n1", "n3 Prepare"),
];

const LEASE: readonly Step[] = [
  step("Probe", "n1"),
  step("HandleProbe", "n2", "n1 Probe"),
  step("Drop", "n3", "n1 Probe"),
  step("HandleProbeReply", "n1", "n2 ProbeReply"),
  ...lead("n1", "n2", "n3").slice(1),
  step("HandleHeartbeat", "n2", "n1 Heartbeat"),
  step("Drop", "n3", "n1 Heartbeat"),
  step("HandleHeartbeatAck", "n1", "n2 HeartbeatAck"),
];

const models: readonly Model[] = [
  { name: "Small", about: "from the first ballot to a decision, messages late and twice", size: "small", prefix: [] },
  { name: "Two", about: "two replicas with disk, crashes, loss and duplicates", size: "medium", prefix: [] },
  {
    name: "HalfAccepted",
    about: "a slot accepted behind a hole, and a new leader",
    size: "small",
    prefix: [
      ...lead("n1", "n2", "n3"),
      step("ClientRequest", "n1", A),
      step("ClientRequest", "n1", B),
      step("Drop", "n2", 'n1 Accept "slot":1'),
      step("Drop", "n3", 'n1 Accept "slot":2'),
      step("HandleAccept", "n2", 'n1 Accept "slot":2'),
      step("SyncPersist", "n2"),
    ],
  },
  { name: "Behind", about: "a leader that lacks what is decided", size: "small", prefix: BEHIND },
  { name: "Snapshot", about: "the same, where a snapshot may stand for what it lacks", size: "small", prefix: BEHIND },
  {
    name: "Watermark",
    about: "a value of a lower ballot under a watermark of a higher one",
    size: "small",
    prefix: [
      ...lead("n1", "n2", "n3"),
      step("ClientRequest", "n1", A),
      step("SyncPersist", "n1"),
      step("Drop", "n2", "n1 Accept"),
      step("Drop", "n3", "n1 Accept"),
      ...lead("n2", "n3", "n1"),
      step("ClientRequest", "n2", B),
      step("SyncPersist", "n2"),
      step("Drop", "n1", "n2 Accept"),
      step("HandleAccept", "n3", "n2 Accept"),
      step("SyncPersist", "n3"),
    ],
  },
  {
    name: "TwoBallots",
    about: "two values of one slot, and promises of an earlier campaign",
    size: "small",
    prefix: [
      ...lead("n1", "n2", "n3"),
      step("ClientRequest", "n1", A),
      step("SyncPersist", "n1"),
      step("Drop", "n2", "n1 Accept"),
      step("Drop", "n3", "n1 Accept"),
      ...lead("n2", "n3", "n1"),
      step("ClientRequest", "n2", B),
      step("SyncPersist", "n2"),
      step("Drop", "n1", "n2 Accept"),
      step("Drop", "n3", "n2 Accept"),
      step("Restart", "n2", 0),
    ],
  },
  {
    name: "Holes",
    about: "a value above the leader's log, heartbeats, filling, quorum reads",
    size: "medium",
    prefix: [
      ...lead("n1", "n2", "n3").slice(0, -1),
      step("HandlePromise", "n1", "n2 Promise"),
      step("Drop", "n2", "n1 Heartbeat"),
      step("Drop", "n3", "n1 Heartbeat"),
      step("ClientRequest", "n1", A),
      step("Drop", "n3", "n1 Accept"),
      step("HandleAccept", "n2", "n1 Accept"),
      step("SyncPersist", "n2"),
      step("Drop", "n1", "n2 Accepted"),
      step("Restart", "n1", 0),
      ...lead("n3", "n1", "n2"),
      step("Drop", "n1", "n3 Heartbeat"),
    ],
  },
  { name: "Probe", about: "probes before elections", size: "small", prefix: [] },
  {
    name: "LeaseRead",
    about: "reads by a lease about to end or to be renewed, beside a request",
    size: "small",
    prefix: LEASE,
  },
  {
    name: "Learner",
    about: "two voters and a learner that asks for what it lacks",
    size: "small",
    prefix: [],
  },
];

/** Models of the spec alone. */
const specModels: readonly SpecModel[] = [
  { name: "Live", about: "progress where nothing is lost", size: "small", prefix: [] },
  { name: "Lease", about: "a lease, a restarted acceptor and a rival", size: "medium", prefix: LEASE },
  { name: "Renewal", about: "a lease about to end or to be renewed, and a rival", size: "medium", prefix: LEASE },
];

function configFile({ name }: Pick<Model, "name">): string {
  return `multipaxos/MCMultiPaxos${name}.cfg`;
}

/** The model's bounds for the code, from the file that gives them to TLC. */
function boundsOf(model: Model, module: MultiPaxosModule): Bounds {
  const text = constantsOf(configFile(model));
  const number = (name: string) => Number(text(name));
  const strings = (name: string) => [...text(name).matchAll(/"([^"]*)"/g)].map(([, value]) => value as string);
  const ids = { Two: ["n1", "n2"], Three: ["n1", "n2", "n3"] }[text("Order")] ?? [];
  const options: MultiPaxosOptions = {
    ...module.defaultOptions("matched"),
    stickiness: text("Stickiness") === "TRUE",
    readMechanism: strings("ReadMechanism")[0] === "lease" ? "lease" : "quorumRead",
    windowSlots: number("Window"),
    decideNotice: text("DecideNotice") === "TRUE",
    snapshotTrailingEntries: 0,
  };
  return {
    ids,
    learners: ids.filter((id) => !strings("VoterSet").includes(id)),
    options,
    lost: strings("Lost"),
    keeps: text("Keeps") === "TRUE",
    commands: COMMANDS,
    candidates: strings("Candidates"),
    counterMax: number("CounterMax"),
    restartsMax: number("RestartsMax"),
    messagesMax: number("MessagesMax"),
    heartbeatsMax: number("HeartbeatsMax"),
    learnAttemptsMax: number("LearnAttemptsMax"),
    readsMax: number("ReadsMax"),
    values: strings("Values"),
    leftOut: strings("LeftOut"),
  };
}

export const multipaxosModels: ModelledProtocol<MultiPaxos, MultiPaxosDisk> = {
  name: "multipaxos",
  title: "Multi-Paxos",
  models,
  specModels,
  module: multipaxos,
  spec: "multipaxos/MCMultiPaxos.tla",
  config: configFile,
  adapter: (module, model, tracing) => multipaxosAdapter(module, boundsOf(model, module), tracing),
};
