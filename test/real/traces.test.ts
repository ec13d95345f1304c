/** What only live nodes do to a trace: they can die while they boot, before they have written a line. */
import { expect, test } from "vitest";
import { tracedProtocol } from "../../harness/conform/index.js";
import { NO_STEP, type TraceLine } from "../../harness/record/index.js";

function line(seq: number, action: string, args: readonly unknown[], state: unknown = null): TraceLine {
  return { ...NO_STEP, seq, node: "n1", action, args, state, time: seq, lamport: seq };
}

test("Multi-Paxos: a boot that left no line is a Restart of its own, with the writes that its crash kept", () => {
  const collector = tracedProtocol("multipaxos")?.collector();
  const state = { incarnation: 4, log: ["whatever"] };
  for (const one of [
    line(1, "Crash", ["n1", 2, 1]),
    line(2, "Crash", ["n1", 0, 0]),
    line(3, "Crash", ["n1", 0, 0]),
    line(4, "Restart", ["n1"], state),
    line(5, "Crash", ["n1", 1, 0]),
    line(6, "Restart", ["n1"], { ...state, incarnation: 5 }),
  ])
    collector?.line(one);
  const events = (collector?.events() ?? []) as unknown as readonly {
    readonly args: unknown;
    readonly state: unknown;
  }[];
  expect(events.map(({ args }) => args)).toEqual([
    ["n1", 2],
    ["n1", 0],
    ["n1", 0],
    ["n1", 1],
  ]);
  expect(events.map((event) => (event.state as { readonly incarnation: number }).incarnation)).toEqual([2, 3, 4, 5]);
});
