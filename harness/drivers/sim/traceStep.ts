/** What a simulated node contributes to the trace of a run. Nothing here changes the run. */
import { traceStep } from "../../record/index.js";
import { traceNetwork } from "./network.js";
import { NO_STEP } from "./trace.js";
import type { Packet, PendingWrite, SimEffect, SimInput, SimNode, World } from "./world.js";

/** Writes of the replica among these; images are no writes of the spec, and a register has no spec. */
export function persists(writes: readonly PendingWrite[]): number {
  return writes.filter((pending) => pending.type === "persist").length;
}

/** What had arrived and was not handled when the process died: for the spec it is lost in the network. */
export function dropReceived(world: World, node: SimNode, inFlight: readonly PendingWrite[]): void {
  const images = inFlight.flatMap((write) => (write.type !== "image" || write.transfer === null ? [] : [write.input]));
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

/** The lines of a step. */
export function traceActions(
  world: World,
  node: SimNode,
  input: SimInput,
  effects: readonly SimEffect[],
  at: number,
): void {
  if (world.trace === null) return;
  const isMessage = input.type === "message" || input.type === "snapshotReceived";
  const received = isMessage ? ([input.from, input.message] as const) : null;
  const nextSeq = (): number => {
    world.traceSeq += 1;
    return world.traceSeq;
  };
  traceStep({ node: node.id, received, time: at, lamport: node.lamport }, effects, nextSeq, world.trace);
}
