/** A host that may apply what others proposed when its driver is idle. */
import { expect, test } from "vitest";
import type { Snapshot } from "../../protocols/core/index.js";
import { commandEntry, HostLab, noop, replies } from "./puppet.js";

const PUT = { f: "put", key: "a", value: "1" } as const;
const GET = { f: "get", key: "a" } as const;
const NEED_IDLE = { type: "needIdle" } as const;

/** What another node proposed. */
function foreign(client: number, operation: Parameters<HostLab["request"]>[2] = PUT): Uint8Array {
  const lab = new HostLab();
  lab.request(client, 1, operation);
  return lab.propose().command;
}

test("an entry that another proposed waits until the driver is idle; what came with it does not", () => {
  const lab = new HostLab({ defersApply: true });
  const persist = { type: "persist", seq: 1, hard: null, truncateFrom: null, snapshot: null, entries: [] } as const;
  const entry = commandEntry(1, foreign(7));
  expect(lab.effects({ type: "apply", entry }, persist)).toEqual([NEED_IDLE, persist]);
  expect(lab.host.appliedIndex).toBe(0);
  // It was asked for.
  expect(lab.apply(noop(2))).toEqual([]);
  expect(lab.idle()).toEqual([
    { type: "apply", entry },
    { type: "apply", entry: noop(2) },
  ]);
  expect([lab.host.appliedIndex, lab.host.pairs()]).toEqual([2, [["a", "1"]]]);
  expect(lab.idle()).toEqual([]);
  expect(lab.apply(noop(3))).toEqual([NEED_IDLE]);
});

test("an own entry is applied at once, after those that wait", () => {
  const lab = new HostLab({ defersApply: true });
  const { token } = lab.request(1, 1, { f: "append", key: "a", value: "2" });
  const { request, command } = lab.propose();
  lab.effects({ type: "accepted", request, index: 2 });
  lab.apply(commandEntry(1, foreign(7)));
  expect(replies(lab.apply(commandEntry(2, command)))).toMatchObject([[token, { status: "ok", index: 2 }]]);
  expect(lab.host.pairs()).toEqual([["a", "12"]]);
  expect(lab.idle()).toEqual([]);
});

test("a write that is applied from elsewhere is answered when it is applied", () => {
  const lab = new HostLab({ defersApply: true });
  const { token } = lab.request(1, 1, PUT);
  lab.turnEnd();
  expect(replies(lab.apply(commandEntry(1, foreign(1))))).toEqual([]);
  expect(replies(lab.idle())).toMatchObject([[token, { status: "ok", index: 1 }]]);
});

test("a read waits for the entries before it", () => {
  const lab = new HostLab({
    defersApply: true,
    answer: (input) => (input.type === "read" ? [{ type: "serve", request: input.request, atIndex: 1 }] : []),
  });
  lab.apply(commandEntry(1, foreign(7)));
  const { token, effects } = lab.request(1, 1, GET);
  expect(replies(effects)).toEqual([]);
  expect(replies(lab.idle())).toMatchObject([[token, { status: "ok", result: { value: "1" }, index: 1 }]]);
});

test("a snapshot holds what was put off", () => {
  const [deferring, plain] = [new HostLab({ defersApply: true }), new HostLab()];
  for (const lab of [deferring, plain]) lab.apply(commandEntry(1, foreign(7)));
  const [applied, saved] = deferring.effects({ type: "takeSnapshot", index: 1 });
  expect(applied?.type).toBe("apply");
  const [expected] = plain.effects({ type: "takeSnapshot", index: 1 });
  expect(saved).toMatchObject(expected?.type === "saveSnapshot" ? { bytes: expected.bytes } : {});
});

test("a snapshot that falls due among what was put off is of the entry that made it due", () => {
  const lab = new HostLab({ defersApply: true, logBytesMax: 1 });
  for (const index of [1, 2, 3]) lab.apply(commandEntry(index, foreign(6 + index)));
  const effects = lab.idle();
  expect(effects.map(({ type }) => type)).toEqual(["apply", "saveSnapshot", "apply", "apply"]);
  expect(effects[1]).toMatchObject({ index: 1 });
  expect(lab.host.appliedIndex).toBe(3);
});

test("an installed snapshot takes the place of what was put off", () => {
  const source = new HostLab();
  source.apply(commandEntry(1, foreign(7)));
  source.apply(commandEntry(2, foreign(8, { f: "append", key: "a", value: "2" })));
  const [saved] = source.effects({ type: "takeSnapshot", index: 2 });
  if (saved?.type !== "saveSnapshot") throw new Error("no snapshot was taken");
  const snapshot: Snapshot = { id: saved.id, index: 2, round: 1, bytes: saved.bytes.length };
  const lab = new HostLab({ defersApply: true, snapshots: new Map([[saved.id, saved.bytes]]) });
  lab.apply(commandEntry(1, foreign(7)));
  lab.effects({ type: "installSnapshot", snapshot });
  expect(lab.idle()).toEqual([]);
  lab.apply(noop(3));
  lab.idle();
  expect([lab.host.appliedIndex, lab.host.pairs()]).toEqual([3, [["a", "12"]]]);
});
