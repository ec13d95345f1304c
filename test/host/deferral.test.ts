/** A host that may apply what others proposed when its driver is idle. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
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

describe("own writes", () => {
  test("whose answer is certain are answered before they are applied, once", () => {
    const lab = new HostLab({ defersApply: true });
    const { token } = lab.request(1, 1, PUT);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    const entry = commandEntry(1, command);
    expect(lab.apply(entry)).toEqual([
      { type: "reply", token, reply: { status: "ok", result: { type: "done" }, index: 1 } },
      NEED_IDLE,
    ]);
    expect([lab.host.appliedIndex, lab.host.proposals]).toEqual([0, 0]);
    expect(lab.idle()).toEqual([{ type: "apply", entry }]);
    expect(lab.host.pairs()).toEqual([["a", "1"]]);
  });

  test("whose answer depends on the machine are applied first, all of their entry", () => {
    const lab = new HostLab({ defersApply: true });
    lab.request(1, 1, PUT);
    lab.request(2, 1, { f: "cas", key: "a", expected: "1", value: "2" });
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    expect(lab.apply(commandEntry(1, command)).map(({ type }) => type)).toEqual(["apply", "reply", "reply"]);
    expect(lab.host.pairs()).toEqual([["a", "2"]]);
  });

  test("are applied first where an entry of others came between, which may hold the same write", () => {
    const lab = new HostLab({ defersApply: true });
    const { token } = lab.request(1, 1, PUT);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 2 });
    lab.apply(commandEntry(1, foreign(1)));
    expect(replies(lab.apply(commandEntry(2, command)))).toMatchObject([[token, { status: "ok", index: 1 }]]);
  });

  test("are applied first where one of them could drop another's session", () => {
    const lab = new HostLab({ defersApply: true, sessionsMax: 2 });
    for (const client of [1, 2, 3]) lab.request(client, 1, PUT);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    expect(lab.apply(commandEntry(1, command)).filter(({ type }) => type === "apply")).toHaveLength(1);
  });

  test("another's entry at their index is not theirs", () => {
    const lab = new HostLab({ defersApply: true });
    const { token } = lab.request(1, 1, PUT);
    const { request } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    expect(replies(lab.apply(commandEntry(1, foreign(7))))).toMatchObject([[token, { status: "failed" }]]);
  });

  test("a retry that comes after the answer and before the apply is answered with the apply", () => {
    const lab = new HostLab({ defersApply: true });
    lab.request(1, 1, PUT);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    lab.apply(commandEntry(1, command));
    const retry = lab.request(1, 1, PUT);
    expect(retry.effects).toEqual([]);
    // The client goes on: nobody is told that the first write is unknown.
    expect(replies(lab.idle())).toMatchObject([[retry.token, { status: "ok", index: 1 }]]);
    expect(lab.request(1, 2, PUT).effects).toEqual([{ type: "needTurnEnd" }]);
  });

  test("a client's next write, come before the apply, changes nothing about the first", () => {
    const lab = new HostLab({ defersApply: true });
    lab.request(1, 1, PUT);
    const first = lab.propose();
    lab.effects({ type: "accepted", request: first.request, index: 1 });
    lab.apply(commandEntry(1, first.command));
    const { token, effects } = lab.request(1, 2, { f: "append", key: "a", value: "2" });
    expect(replies(effects)).toEqual([]);
    const second = lab.propose();
    lab.effects({ type: "accepted", request: second.request, index: 2 });
    expect(replies(lab.apply(commandEntry(2, second.command)))).toMatchObject([[token, { status: "ok", index: 2 }]]);
    expect(replies(lab.idle())).toEqual([]);
    expect(lab.host.pairs()).toEqual([["a", "12"]]);
  });

  test("an installed snapshot that holds them leaves nothing behind", () => {
    const source = new HostLab();
    source.apply(commandEntry(1, foreign(1)));
    const [saved] = source.effects({ type: "takeSnapshot", index: 1 });
    if (saved?.type !== "saveSnapshot") throw new Error("no snapshot was taken");
    const snapshot: Snapshot = { id: saved.id, index: 1, round: 1, bytes: saved.bytes.length };
    const lab = new HostLab({ defersApply: true, snapshots: new Map([[saved.id, saved.bytes]]) });
    lab.request(1, 1, PUT);
    const { request, command } = lab.propose();
    lab.effects({ type: "accepted", request, index: 1 });
    lab.apply(commandEntry(1, command));
    expect(replies(lab.effects({ type: "installSnapshot", snapshot }))).toEqual([]);
    expect([lab.idle(), lab.host.proposals, lab.host.appliedIndex]).toEqual([[], 0, 1]);
  });
});

/** A step of a life: who writes what, and what becomes of it. */
const STEP = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), client: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("retry" as const), client: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("commit" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("foreign" as const), client: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("idle" as const) }) },
);

const named = (client: number, seq: number) => ({ f: "append", key: "a", value: `${client}.${seq} ` }) as const;

test("whatever comes between, an answer is what a host says that applies at once", () => {
  let checked = 0;
  fc.assert(
    fc.property(
      fc.array(STEP, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 2, max: 5 }),
      (steps, sessionsMax) => {
        const lab = new HostLab({ defersApply: true, sessionsMax });
        const reference = new HostLab({ sessionsMax });
        const seqs = new Map<number, number>();
        const asked = new Map<number, readonly [number, number]>();
        let index = 0;
        const look = (effects: ReturnType<HostLab["idle"]>): void => {
          for (const [token, reply] of replies(effects)) {
            const [client, seq] = asked.get(token) ?? [0, 0];
            asked.delete(token);
            if (reply.status !== "ok") continue;
            // The reference has applied all that this one knows to be committed.
            const executed = (reference.host.pairs()[0]?.[1] ?? "").split(" ");
            expect(executed.filter((name) => name === `${client}.${seq}`)).toHaveLength(1);
            const [[, said] = []] = replies(reference.request(client, seq, PUT).effects);
            // Otherwise its client has gone on, or its session was dropped since.
            if (said?.status === "ok") expect(reply).toEqual(said);
            checked += 1;
          }
        };
        const ask = (client: number, seq: number): void => {
          const { token, effects } = lab.request(client, seq, named(client, seq));
          asked.set(token, [client, seq]);
          look(effects);
        };
        const commit = (command: Uint8Array): void => {
          index += 1;
          reference.apply(commandEntry(index, command));
          look(lab.apply(commandEntry(index, command)));
        };
        for (const step of steps) {
          if (step.do === "write") {
            seqs.set(step.client, (seqs.get(step.client) ?? 0) + 1);
            ask(step.client, seqs.get(step.client) as number);
          } else if (step.do === "retry") {
            if (seqs.has(step.client)) ask(step.client, seqs.get(step.client) as number);
          } else if (step.do === "foreign") {
            // Another node proposed what this client asked there as well.
            const other = new HostLab();
            const seq = seqs.get(step.client) ?? 1;
            other.request(step.client, seq, named(step.client, seq));
            commit(other.propose().command);
          } else if (step.do === "idle") look(lab.idle());
          else {
            const before = lab.proposals().length;
            lab.turnEnd();
            const proposal = lab.proposals()[before];
            if (proposal === undefined) continue;
            lab.effects({ type: "accepted", request: proposal.request, index: index + 1 });
            if (step.do === "commit") commit(proposal.command);
            else commit(foreign(9, named(9, 1)));
          }
        }
        look(lab.idle());
        expect(lab.host.machineDigest()).toBe(reference.host.machineDigest());
      },
    ),
    { numRuns: 300 },
  );
  expect(checked).toBeGreaterThan(500);
});
