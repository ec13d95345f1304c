/** ZAB for exploration: its choices, its disk, and both in the words of MCZab.tla. An oracle elects. */
import { type Input, nodeId, type ProtocolModule } from "../../../protocols/core/index.js";
import type { Zab, ZabMessage, ZabOptions, ZabState } from "../../../protocols/zab/index.js";
import type { Adapter, Choice, Effects, SpecShape } from "../adapter.js";
import type { Bounds } from "./models.js";
import { DiskImage, messageView } from "./view.js";

export type ZabModule = ProtocolModule<Zab>;
type Step = (input: Input<Zab>) => Effects<Zab>;

const NO_VOTE = { leader: 0, peerEpoch: 0, zxidEpoch: 0, zxidIndex: 0 };
const TICKS_MAX = 20;

/**
 * A state as models with an oracle have it: what belongs to the election alone is left out. Two states that differ only
 * there, in timers or in counts of ticks, are taken for one.
 */
function withoutElection(view: unknown): unknown {
  const none = {
    logicalClock: 0,
    vote: NO_VOTE,
    recvVotes: {},
    outOfElection: {},
    shunned: [],
    relays: false,
    finalizing: false,
  };
  const { leader } = view as { readonly leader: string | null };
  // TraceIO reads null as "null".
  return { ...(view as object), ...none, leader: leader ?? "null" };
}

export function zabAdapter(module: ZabModule, bounds: Bounds, tracing: boolean): Adapter<Zab, DiskImage> {
  const ids = ["n1", "n2", "n3"].slice(0, bounds.servers).map(nodeId);
  const members = ids.map((id, at) => ({ id, ordinal: at + 1, role: "voter" as const }));
  const bootstrap = { members, quorums: null };
  const options: ZabOptions = {
    ...module.defaultOptions("matched"),
    windowEntries: bounds.window,
    trailingEntries: bounds.trailing,
    snapshotEveryEntries: 0,
    initLimit: 1,
    syncLimit: 1,
  };
  const lost = new Set(["Notification", ...bounds.lost]);
  return {
    module,
    nodes: ids,
    network: "set",
    messagesMax: bounds.messagesMax,
    counters: COUNTED.map((name) => ({ name, max: bounds[name] })),
    prefixCounts: false,
    persistName: "Persist",
    allows: () => true,
    emptyDisk: () => new DiskImage(),
    boot: (id, { hard, log, snapshot }, before) => {
      const entries = log.slots.filter((entry) => entry !== undefined);
      const config = { id, incarnation: (before?.incarnation ?? 0) + 1, bootstrap, options, tracing };
      return module.create(config, { hard, snapshot, entries });
    },
    written: (disk, persist) => {
      const image = disk.clone();
      image.write(persist);
      return image;
    },
    loses: ({ type }) => lost.has(type),
    packetView: (from, to, message) => ({ from, to, message: messageView(message) }),
    handler: ({ type }) => `Handle${type}`,
    packetArgs: (_action, { from, to, text }) => {
      const message = text.slice(text.indexOf('"message":') + '"message":'.length, text.lastIndexOf(',"to":'));
      return `["${to}","${from}",${message}]`;
    },
    deliver: ({ from, message }) => {
      if (message.type !== "SNAP") return { type: "message", from, message };
      const snapshot = { id: `s${message.from}`, index: message.from, round: message.fromEpoch, bytes: 1 };
      return { type: "snapshotReceived", from, message, snapshot };
    },
    choices: (state, bounded) => choicesOf(state, bounded ? bounds.candidates : ids, ids),
    nodeView: (state) => withoutElection(module.specState(state)),
    durableView: (disk) => disk.view(),
    writeView: ({ image }) => ({ image: image.view() }),
    hidden: () => "",
    shapeOf: (state) => shapeOf(state as ZabShape, bounds, ids),
    edgeOf: (name, args) =>
      name === "LeaveEpoch" || name === "LeaderTick" ? { name: "GiveUp", args: args.slice(0, 1) } : { name, args },
    // What follows by itself is part of the step in the spec, too, and no edge of its own.
    actionNames: () => null,
  };
}

const COUNTED = ["elections", "giveUps", "restarts", "requests", "snapshots", "reads"] as const;

/** What the spec permits; the bounds are counters and who may be elected: after a prefix the candidates, in one anybody. */
function choicesOf(state: ZabState, candidates: readonly string[], ids: readonly string[]): readonly Choice<Zab>[] {
  const found: Choice<Zab>[] = [];
  const add = (
    action: string,
    args: readonly unknown[],
    spends: (typeof COUNTED)[number] | null,
    act: Choice<Zab>["act"],
  ): void => void found.push({ action, args, spends, act });
  if (state.serverState === "LOOKING") {
    for (const leader of candidates) add("Elect", [leader], "elections", (s, step) => elect(s, leader, ids, step));
  } else add("GiveUp", [], "giveUps", giveUp);
  if (state.serverState === "LEADING" && state.phase === "broadcast")
    add("ClientRequest", [], "requests", (_s, step) =>
      step({ type: "propose", request: 1, command: new Uint8Array(1) }),
    );
  // Every reader asks for itself, so one number of a request serves all.
  const read = (level: "sync" | "linearizable"): Input<Zab> => ({ type: "read", request: 1, level });
  if (state.phase === "broadcast" && state.leader !== null) {
    add("SyncRead", [], "reads", (_s, step) => step(read("sync")));
    if (state.serverState === "LEADING") add("LinearizableRead", [], "reads", (_s, step) => step(read("linearizable")));
  }
  const { committed: index } = state;
  if (index > (state.snapshot?.index ?? 0))
    add("TakeSnapshot", [index], "snapshots", (_s, step) =>
      step({ type: "snapshotTaken", index, id: `s${index}`, bytes: 1 }),
    );
  for (const [j, { sendingSnapshot }] of state.handlers)
    if (sendingSnapshot !== null)
      add("SnapshotSent", [j, true], null, (_s, step) =>
        step({ type: "snapshotSent", to: j, id: sendingSnapshot.id, ok: true }),
      );
  return found;
}

/** Spec: Elect(i, leader). Votes that no other server cast make the election end as the oracle wants. */
function elect(state: ZabState, leader: string, ids: readonly string[], step: Step): Effects<Zab> {
  const others = ids.filter((id) => id !== state.id);
  const round = state.logicalClock + 1;
  const own = { ...state.vote, leader: ids.indexOf(leader) + 1, peerEpoch: state.currentEpoch };
  const tell = (from: string, message: ZabMessage): Effects<Zab> =>
    step({ type: "message", from: nodeId(from), message });
  if (leader === state.id) {
    tell(others[0] as string, { type: "Notification", state: "LOOKING", round, vote: own });
    return step({ type: "timeout", timer: "finalize" });
  }
  // With two servers the own vote must be among those that name the leader.
  const vote = { ...own, peerEpoch: 9999 };
  tell(leader, { type: "Notification", state: "LOOKING", round, vote });
  const follower = others.find((id) => id !== leader);
  if (follower !== undefined) tell(follower, { type: "Notification", state: "FOLLOWING", round, vote });
  return tell(leader, { type: "Notification", state: "LEADING", round, vote });
}

/** Spec: GiveUp(i), LeaderTick(i, everybody, ...). Ticks until it looks for a leader; what earlier ticks send is lost. */
function giveUp(state: ZabState, step: Step): Effects<Zab> {
  let effects: Effects<Zab> = [];
  for (let ticks = 0; state.serverState !== "LOOKING"; ticks += 1) {
    if (ticks === TICKS_MAX) throw new Error(`${state.id} does not give up`);
    effects = step({ type: "timeout", timer: "tick" });
  }
  return effects;
}

interface ZabShape {
  readonly node: Readonly<Record<string, unknown>>;
  readonly disk: Readonly<Record<string, Pick<SpecShape["replicas"][number], "durable" | "pending">>>;
  readonly messages: unknown;
  readonly left: Readonly<Record<(typeof COUNTED)[number] | "prefix", number>>;
}

/** What a server does by itself is part of the step that caused it, so every state is at rest. */
function shapeOf({ node, disk, messages, left }: ZabShape, bounds: Bounds, ids: readonly string[]): SpecShape {
  const replicas = ids.map((id) => ({ node: node[id], ...(disk[id] as ZabShape["disk"][string]) }));
  const spent = COUNTED.map((name) => bounds[name] - left[name]);
  return { replicas, messages, spent, quiet: true, forced: left.prefix };
}
