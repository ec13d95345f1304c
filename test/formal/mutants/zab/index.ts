/** ZAB with bugs planted from outside: inputs, effects or states rewritten around the core's step. */
import { type Effect, type Input, type Recovered, lastIndex } from "../../../../protocols/core/index.js";
import { type Zab, type ZabMessage, type ZabState, zab } from "../../../../protocols/zab/index.js";
import type { ZabModule } from "../../../../harness/conform/zab/adapter.js";
import type { Mutant } from "../suite.js";

type Effects = readonly Effect<Zab>[];

interface Rewrites {
  readonly input?: (input: Input<Zab>, state: ZabState) => Input<Zab>;
  readonly effects?: (effects: Effects, state: ZabState) => Effects;
  readonly after?: (state: ZabState) => void;
  readonly recovered?: (recovered: Recovered<Zab>) => Recovered<Zab>;
}

function mutant(id: string, what: string, rewrites: Rewrites): Mutant<Zab> {
  const { input, effects, after, recovered } = rewrites;
  const module: ZabModule = {
    ...zab,
    create: (config, found) => zab.create(config, recovered === undefined ? found : recovered(found)),
    step(state, given, nowMs) {
      const done = zab.step(state, input === undefined ? given : input(given, state), nowMs);
      const told = effects === undefined ? done : effects(done, state);
      after?.(state);
      return told;
    },
  };
  return { id, what, module };
}

/** The message leaves without waiting for the disk. */
function early(type: ZabMessage["type"]): Rewrites {
  return {
    effects: (effects) =>
      effects.map((effect) =>
        effect.type === "send" && effect.message.type === type ? { ...effect, after: 0 } : effect,
      ),
  };
}

function messages(rewrite: (message: ZabMessage, state: ZabState, from: string) => ZabMessage): Rewrites {
  return {
    input(input, state) {
      if (input.type !== "message" && input.type !== "snapshotReceived") return input;
      return { ...input, message: rewrite(input.message, state, input.from) };
    },
  };
}

function sends(rewrite: (message: ZabMessage, state: ZabState, to: string) => ZabMessage): Rewrites {
  return {
    effects: (effects, state) =>
      effects.map((effect) =>
        effect.type === "send" ? { ...effect, message: rewrite(effect.message, state, effect.to) } : effect,
      ),
  };
}

type Persist = Extract<Effect<Zab>, { type: "persist" }>;
function writes(rewrite: (write: Persist, state: ZabState) => Persist): Rewrites {
  return {
    effects: (effects, state) => effects.map((effect) => (effect.type === "persist" ? rewrite(effect, state) : effect)),
  };
}

function handlerOf(state: ZabState, id: string): ReturnType<ZabState["handlers"]["get"]> {
  return [...state.handlers.values()].find((handler) => handler.id === id);
}

/** The session that the receiver believes in. */
function sessionFor<M extends ZabMessage>(message: M, state: ZabState, from: string): M {
  if (!("session" in message) || message.type === "FOLLOWERINFO") return message;
  const session = state.serverState === "LEADING" ? handlerOf(state, from)?.session : state.session;
  return { ...message, session: session ?? message.session };
}

export const ZAB_MUTANTS: readonly Mutant<Zab>[] = [
  mutant("leaderinfo-early", "LEADERINFO does not wait for the leader's own acceptedEpoch", early("LEADERINFO")),
  mutant("ackepoch-early", "ACKEPOCH does not wait for the promise", early("ACKEPOCH")),
  mutant("ackld-early", "NEWLEADER is acknowledged before history and epoch are on disk", early("ACKLD")),
  mutant("ack-early", "a proposal is acknowledged before it is on disk", early("ACK")),
  mutant(
    "double-promise",
    "an epoch that was promised to somebody else is promised again",
    sends((message) => (message.type === "ACKEPOCH" ? { ...message, promised: true } : message)),
  ),
  mutant("session-ignored", "a message of an old session is taken for one of the present", messages(sessionFor)),
  mutant(
    "epoch-ignored",
    "a message of another epoch of the same session is taken",
    messages((message, state) =>
      "epoch" in message && message.type !== "LEADERINFO" ? { ...message, epoch: state.epoch } : message,
    ),
  ),
  mutant(
    "plan-ignored",
    "the body of an earlier plan is taken for one of the present",
    messages((message, state) =>
      (message.type === "BODY" || message.type === "NEWLEADER") && state.plan !== null
        ? { ...message, plan: state.plan.generation }
        : message,
    ),
  ),
  mutant(
    "delayed-trunc",
    "a TRUNC of an earlier session is acted on",
    messages((message, state, from) =>
      message.type === "TRUNC" ? { ...sessionFor(message, state, from), epoch: state.epoch } : message,
    ),
  ),
  mutant(
    "trunc-off-by-one",
    "TRUNC keeps one transaction too many",
    sends((message) => (message.type === "TRUNC" ? { ...message, from: message.from + 1 } : message)),
  ),
  mutant(
    "trunc-in-memory",
    "TRUNC cuts in memory and not on disk",
    writes((write) => ({ ...write, truncateFrom: null })),
  ),
  mutant(
    "epoch-without-history",
    "NEWLEADER writes currentEpoch and not the history that belongs to it",
    writes((write) => (write.hard === null ? write : { ...write, entries: [], truncateFrom: null })),
  ),
  mutant(
    "current-epoch-not-raised",
    "currentEpoch is raised in memory and not on disk",
    writes((write, state) =>
      write.hard === null || state.serverState === "LEADING"
        ? write
        : { ...write, hard: { ...write.hard, currentEpoch: 0 } },
    ),
  ),
  mutant("promise-forgotten", "a restart forgets acceptedEpoch", {
    recovered: (found) =>
      found.hard === null ? found : { ...found, hard: { ...found.hard, acceptedEpoch: found.hard.currentEpoch } },
  }),
  mutant("own-copy-early", "the leader counts its own copy before it is on disk", {
    after(state) {
      if (state.serverState === "LEADING") state.durableIndex = lastIndex(state.log);
    },
  }),
  mutant(
    "ahead-ignored",
    "a follower's later history does not make the leader give up",
    messages((message, state) =>
      message.type === "ACKEPOCH"
        ? { ...message, currentEpoch: Math.min(message.currentEpoch, state.currentEpoch - 1) }
        : message,
    ),
  ),
  mutant(
    "uptodate-acked",
    "UPTODATE carries what the learner acknowledged instead of what is committed",
    sends((message, state, to) =>
      message.type === "UPTODATE" ? { ...message, committed: handlerOf(state, to)?.matchIndex ?? 0 } : message,
    ),
  ),
  mutant("established-alone", "the leader is established by its own NEWLEADER acknowledgement", {
    after(state) {
      if (state.serverState === "LEADING" && state.phase === "synchronization" && state.newLeaderAcks.has(state.id))
        for (const handler of state.handlers.values()) state.newLeaderAcks.add(handler.id);
    },
  }),
  mutant(
    "uncommitted-delivered",
    "a follower delivers a proposal when it comes",
    messages((message) =>
      message.type === "PING" || message.type === "COMMIT"
        ? { ...message, [message.type === "PING" ? "committed" : "index"]: 9 }
        : message,
    ),
  ),
];
