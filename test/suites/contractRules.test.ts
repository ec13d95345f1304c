/** Each rule of the contract suite has a planted bug that it must catch, and the sound protocol beside it passes. */
import { describe, expect, test } from "vitest";
import { type AnyModule, anyModule, AssertionError, nodeId } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { ContractRules } from "./contractRules.js";
import { deepFreeze, difference } from "./plainData.js";
import { type AnyEffect, RandomRun } from "./randomRun.js";

const sound = anyModule(raft);
const options = { ...raft.defaultOptions("matched"), snapshotEveryEntries: 5, snapshotKeepEntries: 1 };

function findings(module: AnyModule): readonly string[] {
  const observer = new ContractRules(module);
  const run = new RandomRun({ module, options, seed: 3, tracing: false, voters: 3, learners: 1, observer });
  try {
    run.run(1500);
  } catch (error) {
    // A planted bug may come back to Raft as nonsense and stop it. The rule must have seen it by then.
    if (!(error instanceof AssertionError)) throw error;
  }
  return observer.findings;
}

/** Raft with something done to each effect that it hands out. */
function spoiled(change: (effect: AnyEffect, own: string) => readonly AnyEffect[]): AnyModule {
  const own = new WeakMap<object, string>();
  return {
    ...sound,
    create: (config, recovered) => {
      const state = sound.create(config, recovered);
      own.set(state, config.id);
      return state;
    },
    step: (state, input, nowMs) =>
      sound.step(state, input, nowMs).flatMap((effect) => change(effect, own.get(state) ?? "")),
  };
}

test("Raft itself breaks no rule", () => expect(findings(sound)).toEqual([]));

describe("a planted bug is found:", () => {
  test.each<readonly [string, RegExp, AnyModule]>([
    [
      "a skipped write number",
      /write #\d+ after #\d+/,
      spoiled((e) => [e.type === "persist" ? { ...e, seq: e.seq + 1 } : e]),
    ],
    [
      "two writes in a step",
      /more than one write/,
      spoiled((e) => (e.type === "persist" ? [e, { ...e, seq: e.seq + 1 }] : [e])),
    ],
    ["a message to oneself", /to oneself/, spoiled((e, own) => [e.type === "send" ? { ...e, to: nodeId(own) } : e])],
    [
      "a message behind a write that is not asked for",
      /waits for write/,
      spoiled((e) => [e.type === "send" ? { ...e, after: 1e6 } : e]),
    ],
    [
      "a timer that ends before it begins",
      /timer \d+\.\.1 ms/,
      spoiled((e) => [e.type === "setTimer" ? { ...e, maxMs: 1 } : e]),
    ],
    [
      "an answer to nobody",
      /not open/,
      spoiled((e) => [e.type === "reject" ? { ...e, request: e.request + 1000 } : e]),
    ],
    ["an entry applied twice", /applied after/, spoiled((e) => (e.type === "apply" ? [e, e] : [e]))],
    [
      "replicas that disagree",
      /another value/,
      spoiled((e, own) => [
        e.type === "apply" && own === "n2"
          ? { type: "apply", entry: { kind: "command", index: e.entry.index, round: 1, command: Uint8Array.of(2) } }
          : e,
      ]),
    ],
    [
      "a snapshot of the wrong index",
      /snapshot at \d+ asked for/,
      spoiled((e) => [e.type === "takeSnapshot" ? { ...e, index: e.index + 1 } : e]),
    ],
    [
      "a commit index that goes back",
      /commit went from/,
      { ...sound, status: (state) => ({ ...sound.status(state), commitIndex: -sound.status(state).commitIndex }) },
    ],
    [
      "a leader that names another",
      /role leader, leader/,
      { ...sound, status: (state) => ({ ...sound.status(state), leader: null }) },
    ],
    [
      "a learner that says it follows",
      /a learner is a follower/,
      {
        ...sound,
        status: (s) => ({
          ...sound.status(s),
          role: sound.status(s).role === "learner" ? "follower" : sound.status(s).role,
        }),
      },
    ],
    ["a broken invariant", /planted: found/, { ...sound, invariants: [{ name: "planted", check: () => "found" }] }],
  ])("%s", (_what, expected, module) => {
    expect(findings(module).some((line) => expected.test(line))).toBe(true);
  });
});

describe("difference", () => {
  const data = () => ({ a: [1, { b: new Map([["k", new Set([1])]]) }], bytes: Uint8Array.of(1, 2), none: undefined });

  test("finds nothing between equal data, whatever the order of fields", () => {
    expect(difference(data(), structuredClone(data()))).toBeNull();
    expect(difference({ a: 1, b: 2 }, { b: 2, a: 1 })).toBeNull();
  });

  test.each<readonly [string, unknown, unknown]>([
    ["a value", { a: [1, 2] }, { a: [1, 3] }],
    ["a length", [1], [1, undefined]],
    ["a field", { a: undefined }, { b: undefined }],
    ["a byte", Uint8Array.of(1), Uint8Array.of(2)],
    ["a kind", [], {}],
    ["null and an object", null, {}],
    ["minus zero", 0, -0],
    [
      "the order of a map",
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
    ],
    ["a member of a set", new Set([1]), new Set([2])],
  ])("finds %s", (_what, a, b) => expect(difference(a, b)).toEqual(expect.any(String)));

  test("refuses what is not plain data", () => {
    expect(() => difference(new RangeError("a"), new RangeError("b"))).toThrow("class instance");
    const f = () => 1;
    expect(() => difference({ f }, { f })).toThrow("not plain data");
  });
});

test("deepFreeze reaches through maps and arrays, and leaves bytes alone", () => {
  const inner = { n: 1 };
  const bytes = Uint8Array.of(1);
  deepFreeze({ list: [new Map([["k", inner]])], bytes });
  expect(() => {
    inner.n = 2;
  }).toThrow(TypeError);
  bytes[0] = 2;
  expect(bytes[0]).toBe(2);
});
