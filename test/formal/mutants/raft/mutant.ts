/** Planted bugs: the module of Raft with one of its steps changed. */
import type { Effect, Input } from "../../../../protocols/core/index.js";
import { type Raft, type RaftMessage, type RaftState, raft } from "../../../../protocols/raft/index.js";
import type { RaftModule } from "../../../../harness/conform/raft/adapter.js";
import type { Mutant } from "../suite.js";

export type Effects = readonly Effect<Raft>[];
type Step = (state: RaftState, input: Input<Raft>, next: (input: Input<Raft>) => Effects) => Effects;

export function mutant(id: string, what: string, step: Step): Mutant<Raft> {
  const module: RaftModule = {
    ...raft,
    step: (state, input, nowMs) => step(state, input, (given) => raft.step(state, given, nowMs)),
  };
  return { id, what, module };
}

/** Changes what a step does after the fact: its effects, and with them the state that an action tells. */
export function afterwards(
  state: RaftState,
  effects: Effects,
  change: (effect: Effect<Raft>) => Effect<Raft>,
): Effects {
  let last = -1;
  for (const [at, effect] of effects.entries()) if (effect.type === "action") last = at;
  return effects.map((effect, at) => {
    const changed = change(effect);
    return at === last && changed.type === "action" ? { ...changed, specState: raft.specState(state) } : changed;
  });
}

export function messageOf<T extends RaftMessage["type"]>(
  input: Input<Raft>,
  type: T,
): Extract<RaftMessage, { readonly type: T }> | null {
  if (input.type !== "message" && input.type !== "snapshotReceived") return null;
  return input.message.type === type ? (input.message as Extract<RaftMessage, { readonly type: T }>) : null;
}

/** A message that leaves without waiting for any write. */
export function atOnce(type: RaftMessage["type"]): (effect: Effect<Raft>) => Effect<Raft> {
  return (effect) => (effect.type === "send" && effect.message.type === type ? { ...effect, after: 0 } : effect);
}
