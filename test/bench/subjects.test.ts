import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { goProgram, MissingPeer, parseSubject, subjectOf } from "../../harness/subjects/bench/index.js";
import { isLed } from "../../harness/subjects/hraft.js";

describe("a subject as one word", () => {
  test("has defaults", () => {
    expect(parseSubject("zab")).toEqual({
      name: "zab",
      kind: "zab",
      voters: 3,
      learners: 0,
      store: "wal",
      sync: "adaptive",
      noSync: false,
      grpc: false,
      lease: false,
      machine: false,
    });
  });

  test("takes its settings in any order", () => {
    expect(parseSubject("raft/grpc/5voters/1learner/level/async/nosync/lease")).toMatchObject({
      voters: 5,
      learners: 1,
      store: "level",
      sync: "async",
      noSync: true,
      grpc: true,
      lease: true,
    });
  });

  test.each([
    ["paxos", /"paxos" is no subject: expected one of raft, multipaxos, zab/],
    ["raft/fast", /"raft\/fast": no setting "fast"/],
    ["etcd/nosync", /nosync can be said of raft, multipaxos, zab, plainLoop only/],
    ["raft/9learners", /at most 9 voters and 4 learners/],
    ["zab/lease", /lease can be said of raft, multipaxos only/],
  ])("%s is refused", (text, words) => {
    expect(() => parseSubject(text)).toThrow(words);
  });
});

describe("on a machine that has nothing", () => {
  const kept = { ...process.env };
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "synod-bare-"));
    process.env["PATH"] = folder;
    process.env["XDG_CACHE_HOME"] = folder;
  });

  afterEach(() => {
    process.env["PATH"] = kept["PATH"];
    if (kept["XDG_CACHE_HOME"] === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = kept["XDG_CACHE_HOME"];
    rmSync(folder, { recursive: true });
  });

  test("etcd is named as missing, with the line that installs it", async () => {
    const start = subjectOf(parseSubject("etcd")).start(folder);
    await expect(start).rejects.toThrow(MissingPeer);
    await expect(start).rejects.toThrow(
      "etcd is left out: there is no program etcd. To install it: sudo apt-get install",
    );
  });

  test("the Go programs are named as missing, with the line that installs Go", async () => {
    await expect(goProgram("load")).rejects.toThrow(
      "the load generator is left out: there is no Go to build it. To install it: sudo apt-get install golang-go",
    );
    await expect(subjectOf(parseSubject("hraft")).start(folder)).rejects.toMatchObject({ peer: "hraft" });
  });
});

test("hashicorp/raft is led once all name one leader, and that one says so", () => {
  const of = (...pairs: readonly (readonly [number, string])[]) => pairs.map(([leader, role]) => ({ leader, role }));
  expect(isLed(of([2, "Follower"], [2, "Leader"], [2, "Follower"]))).toBe(true);
  // Elected in different terms, or one that has lost its place and knows it.
  expect(isLed(of([1, "Leader"], [2, "Leader"], [2, "Follower"]))).toBe(false);
  expect(isLed(of([2, "Follower"], [2, "Candidate"], [2, "Follower"]))).toBe(false);
  expect(isLed(of([0, "Candidate"], [0, "Candidate"], [0, "Follower"]))).toBe(false);
  expect(isLed([{}])).toBe(false);
});
