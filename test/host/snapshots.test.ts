/** The host's part in snapshots: taking, saving, booting from and installing one. */
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../protocols/core/index.js";
import { commandEntry, HostLab, noop, replies } from "./puppet.js";

const APPEND = { f: "append", key: "x", value: "a" } as const;

/** A host that has applied one append of client 7 at index 1, and no-ops up to `index`, and its snapshot there. */
function snapshotAt(index: number, sessionsMax = 100) {
  const lab = new HostLab({ sessionsMax });
  lab.request(7, 1, APPEND);
  lab.apply(commandEntry(1, lab.propose().command));
  for (let at = 2; at <= index; at += 1) lab.apply(noop(at));
  const [saved] = lab.effects({ type: "takeSnapshot", index });
  if (saved?.type !== "saveSnapshot") throw new Error("no snapshot was taken");
  const snapshot: Snapshot = { id: saved.id, index, round: 1, bytes: saved.bytes.length };
  return { lab, saved, snapshot, snapshots: new Map([[saved.id, saved.bytes]]) };
}

test("a snapshot is saved before the core hears of it", () => {
  const { lab, saved } = snapshotAt(2);
  expect(lab.host.state.inputs.some((input) => input.type === "snapshotTaken")).toBe(false);
  lab.host.step({ type: "snapshotSaved", id: saved.id }, 0);
  expect(lab.host.state.inputs.at(-1)).toEqual({
    type: "snapshotTaken",
    index: 2,
    id: saved.id,
    bytes: saved.bytes.length,
  });
});

test("two snapshots of one incarnation have different names", () => {
  const { lab, saved } = snapshotAt(1);
  const [again] = lab.effects({ type: "takeSnapshot", index: 1 });
  expect(again).toMatchObject({ type: "saveSnapshot", bytes: saved.bytes });
  expect(again?.type === "saveSnapshot" && again.id).not.toBe(saved.id);
});

test("a snapshot of another index than the last applied one is a bug", () => {
  const { lab } = snapshotAt(2);
  expect(() => lab.effects({ type: "takeSnapshot", index: 1 })).toThrow("the machine is at 2");
});

test("a host boots from a snapshot and answers a retry from the sessions in it", () => {
  const { lab, snapshot, snapshots } = snapshotAt(3);
  const booted = new HostLab({ recovered: { hard: null, snapshot, entries: [] }, snapshots });
  expect(booted.host.appliedIndex).toBe(3);
  expect(booted.host.machineDigest()).toBe(lab.host.machineDigest());
  const retry = booted.request(7, 1, APPEND);
  expect(replies(retry.effects)).toEqual([[retry.token, { status: "ok", result: { type: "done" }, index: 1 }]]);
});

describe("an installed snapshot", () => {
  test("replaces the state, and the digest with it", () => {
    const { lab, snapshot, snapshots } = snapshotAt(3);
    const behind = new HostLab({ snapshots });
    behind.request(1, 1, { f: "put", key: "old", value: "1" });
    behind.apply(commandEntry(1, behind.propose().command));
    expect(behind.effects({ type: "installSnapshot", snapshot })).toEqual([{ type: "installSnapshot", snapshot }]);
    expect(behind.host.pairs()).toEqual([["x", "a"]]);
    expect(behind.host.machineDigest()).toBe(lab.host.machineDigest());
    behind.apply(noop(4));
    expect(behind.host.machineDigest()).not.toBe(lab.host.machineDigest());
  });

  test("settles the writes it jumped over: done, lost, or still on their way", () => {
    const { snapshot, snapshots } = snapshotAt(3);
    const behind = new HostLab({ snapshots });
    const inside = behind.request(7, 1, APPEND);
    behind.effects({ type: "accepted", request: behind.propose().request, index: 2 });
    const lost = behind.request(8, 1, APPEND);
    behind.effects({ type: "accepted", request: behind.propose().request, index: 3 });
    behind.request(9, 1, APPEND);
    behind.effects({ type: "accepted", request: behind.propose().request, index: 4 });
    const answers = new Map(replies(behind.effects({ type: "installSnapshot", snapshot })));
    expect(answers.size).toBe(2);
    expect(answers.get(inside.token)).toEqual({ status: "ok", result: { type: "done" }, index: 1 });
    expect(answers.get(lost.token)).toMatchObject({ status: "failed", reason: "notLeader" });
  });

  test("says `unknown` of a write whose session is expired in it: it may have been executed before", () => {
    const source = new HostLab({ sessionsMax: 1 });
    for (const client of [7, 8]) {
      source.request(client, 1, APPEND);
      source.apply(commandEntry(client - 6, source.propose().command));
    }
    const [saved] = source.effects({ type: "takeSnapshot", index: 2 });
    if (saved?.type !== "saveSnapshot") throw new Error("no snapshot was taken");
    const behind = new HostLab({ sessionsMax: 1, snapshots: new Map([[saved.id, saved.bytes]]) });
    const { token } = behind.request(7, 1, APPEND);
    behind.effects({ type: "accepted", request: behind.propose().request, index: 1 });
    const snapshot = { id: saved.id, index: 2, round: 1, bytes: saved.bytes.length };
    expect(replies(behind.effects({ type: "installSnapshot", snapshot }))).toMatchObject([
      [token, { status: "unknown" }],
    ]);
  });

  test("serves the reads that waited for an index within it", () => {
    const { snapshot, snapshots } = snapshotAt(3);
    const behind = new HostLab({ snapshots });
    const { token } = behind.request(1, 1, { f: "get", key: "x" });
    const read = behind.host.state.inputs.find((input) => input.type === "read");
    behind.effects({ type: "serve", request: read?.request ?? 0, atIndex: 2 });
    expect(replies(behind.effects({ type: "installSnapshot", snapshot }))).toEqual([
      [token, { status: "ok", result: { type: "value", value: "a" }, index: 3 }],
    ]);
  });

  test("of another index than it claims is a bug", () => {
    const { snapshot, snapshots } = snapshotAt(3);
    const behind = new HostLab({ snapshots });
    expect(() => behind.effects({ type: "installSnapshot", snapshot: { ...snapshot, index: 5 } })).toThrow("not of 5");
  });
});
