/** What a simulated node contributes to the trace of a run. Nothing here changes the run. */
import { traceNetwork } from "./network.js";
import { NO_STEP, type TraceLine } from "./trace.js";
import type { Packet, PendingWrite, SimEffect, SimInput, SimNode, World } from "./world.js";

/** Writes of the replica among these; images are no writes of the spec, and a register has no spec. */
export function persists(writes: readonly PendingWrite[]): number {
  return writes.filter((pending) => pending.type === "persist").length;
}

/** What had arrived and was not handled when the process died: for the spec it is lost in the network. */
export function dropReceived(world: World, node: SimNode, inFlight: readonly PendingWrite[]): void {
  const images = inFlight.flatMap((write) => (write.type !== "image" || write.sender < 0 ? [] : [write.input]));
  for (const input of [...node.inbox.slice(0, node.inbox.length), ...images]) {
    if (input.type === "message" || input.type === "snapshotReceived")
      traceNetwork(world, "Drop", input.from, node.id, input.message, node.lamport);
  }
}

/** A packet came to a node that does not run. */
export function traceRefused(world: World, node: SimNode, { link, body }: Packet): void {
  const sender = world.nodes[link.from];
  if (world.trace === null || sender === undefined) return;
  if (body.type === "message" || body.type === "snapshot")
    traceNetwork(world, "Drop", sender.id, node.id, body.message, node.lamport);
}

export function environment(world: World, node: SimNode, action: string, args: readonly unknown[]): void {
  if (world.trace === null) return;
  world.traceSeq += 1;
  const { traceSeq: seq, now: time } = world;
  world.trace.line({ seq, node: node.id, action, args, ...NO_STEP, time, lamport: node.lamport });
}

/**
 * A line per action. A message and a write belong to the action that follows them in the step, or to the last one. The
 * lines come before what the network does with the messages.
 */
export function traceActions(
  world: World,
  node: SimNode,
  input: SimInput,
  effects: readonly SimEffect[],
  at: number,
): void {
  let last = -1;
  for (let i = 0; i < effects.length; i += 1) if ((effects[i] as SimEffect).type === "action") last = i;
  let received: TraceLine["received"] = null;
  if (input.type === "message" || input.type === "snapshotReceived") received = [input.from, input.message];
  let from = 0;
  for (let i = 0; i <= last; i += 1) {
    const effect = effects[i] as SimEffect;
    if (effect.type !== "action") continue;
    const { sent, wrote } = outgoing(effects.slice(from, i === last ? effects.length : i));
    world.traceSeq += 1;
    world.trace?.line({
      seq: world.traceSeq,
      node: node.id,
      action: effect.name,
      args: effect.args,
      sent,
      received,
      wrote,
      state: effect.specState,
      time: at,
      lamport: node.lamport,
    });
    received = null;
    from = i + 1;
  }
}

function outgoing(effects: readonly SimEffect[]): Pick<TraceLine, "sent" | "wrote"> {
  const sent: (readonly [string, unknown])[] = [];
  let wrote: TraceLine["wrote"] = null;
  for (const effect of effects) {
    if (effect.type === "send" || effect.type === "sendSnapshot") sent.push([effect.to, effect.message]);
    if (effect.type !== "persist") continue;
    const { hard, truncateFrom, snapshot, entries } = effect;
    wrote = { hard, truncateFrom, snapshot, entries };
  }
  return { sent, wrote };
}
