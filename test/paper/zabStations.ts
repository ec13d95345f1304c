/** The stations of a ZAB ensemble that the paper tests begin from. */
import type { Effect } from "../../protocols/core/index.js";
import type { Zab } from "../../protocols/zab/index.js";
import { type Sent, ZabLab } from "./zabLab.js";

export function ofType<T extends Effect<Zab>["type"]>(effects: readonly Effect<Zab>[], type: T) {
  return effects.filter((effect): effect is Extract<Effect<Zab>, { type: T }> => effect.type === type);
}

/** n1 follows n2, which leads and has heard nobody yet. */
export function led(): ZabLab {
  const lab = new ZabLab(3);
  lab.start("n1", "n2");
  lab.settle(["n3"]);
  lab.timeout("n2", "finalize");
  lab.timeout("n1", "finalize");
  return lab;
}

/** n2's LEADERINFO is on its way to n1. */
export function connected(): ZabLab {
  const lab = led();
  lab.deliver("n1", "n2", "FOLLOWERINFO");
  lab.sync("n2");
  return lab;
}

/** Lets n1 and n2 run Discovery and returns the header of n2's plan for n1; body and NEWLEADER are on the wire. */
export function planFor(lab: ZabLab): Sent {
  lab.start("n1", "n2");
  lab.settle(["n3"]);
  lab.timeout("n2", "finalize");
  lab.timeout("n1", "finalize");
  lab.deliver("n1", "n2", "FOLLOWERINFO");
  lab.sync("n2");
  lab.deliver("n2", "n1", "LEADERINFO");
  lab.sync("n1");
  lab.deliver("n1", "n2", "ACKEPOCH");
  const headers = ["DIFF", "TRUNC", "SNAP"];
  const [plan] = lab.remove(({ message }) => headers.includes(message.type));
  if (plan === undefined) throw new Error(`no plan; there are: ${lab.wireText()}`);
  return plan;
}

/** n2 leads epoch 1 with n1; n3 is away. */
export function established(options: Parameters<typeof optioned>[0] = {}): ZabLab {
  const lab = optioned(options);
  lab.elect("n1", "n2");
  return lab;
}

function optioned(options: ConstructorParameters<typeof ZabLab>[2]): ZabLab {
  return new ZabLab(3, [], options);
}
