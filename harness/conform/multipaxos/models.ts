/** The bounded models of Multi-Paxos: their bounds are read from the .cfg files, their prefixes are here. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "../../../protocols/core/index.js";
import { type MultiPaxosOptions, valueText } from "../../../protocols/multipaxos/index.js";
import { check, type CheckResult, type TlcOptions } from "tla2tools-runner";
import type { BoundedModel } from "../checked.js";
import { specFolder } from "../protocol.js";
import { type Bounds, type Cluster, Explorer } from "./explore.js";
import { type Conformance, compare, forced, type LoadedGraph, loadGraph, type Step } from "./replay.js";
import type { MultiPaxosModule } from "./replicas.js";

export interface Model extends BoundedModel {
  readonly prefix: readonly Step[];
}

/** Commands a, b and c: their values in the spec are what the core calls them. */
const COMMANDS: ReadonlyMap<string, Uint8Array> = new Map(
  [97, 98, 99].map((letter) => [valueText(Uint8Array.of(letter)), Uint8Array.of(letter)]),
);

const A = valueText(Uint8Array.of(97));
const B = valueText(Uint8Array.of(98));

function step(action: string, node: string, which?: string | number): Step {
  return which === undefined ? { action, node } : { action, node, with: which };
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

export const models: readonly Model[] = [
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
];

/** Models of the spec alone: the code has no counterpart to abstract time. */
export const specModels: readonly Model[] = [
  { name: "Live", about: "progress where nothing is lost", size: "small", prefix: [] },
  {
    name: "Lease",
    about: "a lease, a restarted acceptor and a rival",
    size: "medium",
    prefix: [
      step("Probe", "n1"),
      step("HandleProbe", "n2", "n1 Probe"),
      step("Drop", "n3", "n1 Probe"),
      step("HandleProbeReply", "n1", "n2 ProbeReply"),
      ...lead("n1", "n2", "n3").slice(1),
      step("HandleHeartbeat", "n2", "n1 Heartbeat"),
      step("Drop", "n3", "n1 Heartbeat"),
      step("HandleHeartbeatAck", "n1", "n2 HeartbeatAck"),
    ],
  },
];

/** Constants of a .cfg file, as text. */
function constantsOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^ {2}(\w+) (?:=|<-) (.+)$/gm))
    found.set(name as string, value as string);
  return found;
}

/** The model's bounds for the code, from the file that gives them to TLC. */
export async function boundsOf(model: Model, module: MultiPaxosModule): Promise<Bounds> {
  const constants = constantsOf(await readFile(configOf(model), "utf8"));
  const text = (name: string): string => {
    const value = constants.get(name);
    assert(value !== undefined, `${model.name} gives no ${name}`);
    return value;
  };
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
    module,
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

export function specPath(file: string): string {
  return join(specFolder(), "multipaxos", file);
}

function configOf({ name }: Model): string {
  return specPath(`MCMultiPaxos${name}.cfg`);
}

/** Gives the run of TLC its folder, with the model's prefix as the spec reads it. */
async function withPrefix<T>(
  model: Model,
  module: MultiPaxosModule,
  settings: Partial<TlcOptions>,
  run: (options: TlcOptions, folder: string) => Promise<T>,
): Promise<T> {
  const { lines } = forced(new Explorer(await boundsOf(model, module)), model.prefix);
  const folder = await mkdtemp(join(tmpdir(), "synod-model-"));
  try {
    const prefix = join(folder, "prefix.ndjson");
    await writeFile(prefix, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const options: TlcOptions = {
      spec: specPath("MCMultiPaxos.tla"),
      config: configOf(model),
      library: [join(specFolder(), "common")],
      environment: lines.length === 0 ? {} : { PREFIX: prefix },
      ...settings,
    };
    return await run(options, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * What TLC makes of a model: its graph, with the prefix as the code's arguments.
 * @throws ToolError where Java, the jar or the specification is missing; Error where TLC did not finish.
 */
export async function graphOf(
  model: Model,
  module: MultiPaxosModule,
  settings: Partial<TlcOptions> = {},
): Promise<LoadedGraph> {
  return withPrefix(model, module, settings, async (options, folder) => {
    const cfg = (await readFile(configOf(model), "utf8")).replace(/^(INVARIANTS|PROPERTY|PROPERTIES) .*$/gm, "");
    const config = join(folder, "graph.cfg");
    await writeFile(config, `${cfg}\nACTION_CONSTRAINT Emit\n`);
    return loadGraph(model.name, { ...options, config });
  });
}

/** TLC alone: the model's invariants and properties. */
export async function checkModel(
  model: Model,
  module: MultiPaxosModule,
  settings: Partial<TlcOptions> = {},
): Promise<CheckResult> {
  return withPrefix(model, module, settings, (options) => check(options));
}

/** Spec against code under the bounds of one model: every edge replayed, and the sets of stable states compared. */
export async function compareModel(
  graph: LoadedGraph,
  model: Model,
  module: MultiPaxosModule,
  untilParted = false,
): Promise<Conformance> {
  const bounds = await boundsOf(model, module);
  let start: Cluster | null = null;
  try {
    start = forced(new Explorer(bounds), model.prefix).start;
  } catch {
    // A mutant may not get through the prefix; then it reaches nothing.
  }
  const explorer = new Explorer(bounds);
  return compare(graph, explorer, start === null ? null : forced(explorer, model.prefix).start, untilParted);
}

export async function conformModel(
  model: Model,
  module: MultiPaxosModule,
  settings: Partial<TlcOptions> = {},
): Promise<Conformance> {
  return compareModel(await graphOf(model, module, settings), model, module);
}
