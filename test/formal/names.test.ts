/**
 * One name for one thing: action in the paper, in TLA+, in the core's union, in traces, and line in a golden. Traces and
 * goldens must show names at all, or their comparison would hold for nothing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { TraceEvent } from "../../harness/conform/protocol.js";
import { anyModule } from "../../protocols/core/index.js";
import { multipaxos } from "../../protocols/multipaxos/index.js";
import { raft } from "../../protocols/raft/index.js";
import { zab } from "../../protocols/zab/index.js";
import { cutRun, tracedRun as multipaxosRun } from "./multipaxosRuns.js";
import { tracedRun as raftRun, VARIANTS } from "./raftRuns.js";
import { roughTrace } from "./zabRuns.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = (path: string): string => readFileSync(join(root, path), "utf8");

interface Subject {
  readonly protocol: "raft" | "multipaxos" | "zab";
  /** The names of the core's union of actions. */
  readonly union: () => Iterable<string>;
  /** What the specification says: actions of its own, or names that a step notes. */
  readonly spec: () => Iterable<string>;
  /** Cases of the trace specification. */
  readonly followed: () => Iterable<string>;
  /** The choices that the bounded models have. */
  readonly models: () => Iterable<string>;
  /** Traced runs, until every name has been seen. */
  readonly runs: () => Iterable<readonly TraceEvent[]>;
}

/** What is no step of a replica. */
const ENVIRONMENT = ["Config", "Crash", "Drop", "Duplicate", "Restart", "Sync"];
/** Actions of the models alone: two of the environment's in one, or time that the code counts in milliseconds. */
const MODELS_ALONE = ["SyncPersist", "LeaseEnds", "Refuse", "Elect", "Persist", "Take", "LoseAll"];

function captured(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name as string);
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
}

function unionOf(file: string, type: string): string[] {
  const text = source(file);
  return captured(new RegExp(`type ${type} =([^;]*);`).exec(text)?.[1] ?? "", /"(\w+)"/g);
}

function tla(protocol: string, files: RegExp): string {
  const folder = `spec/${protocol}`;
  const names = readdirSync(join(root, folder)).filter((name) => files.test(name));
  return names.map((name) => source(join(folder, name))).join("\n");
}

const ZAB_TYPES = ["DIFF", "TRUNC", "SNAP", "ACK", "PONG"];

const subjects: readonly Subject[] = [
  {
    protocol: "raft",
    union: () => unionOf("protocols/raft/messages.ts", "RaftAction"),
    spec: () => captured(tla("raft", /^Raft\.tla$/), /^(\w+)\([\w, ]+\) ==/gm),
    followed: () => captured(tla("raft", /^TraceRaft\.tla$/), /e\.action = "(\w+)"/g),
    models: () => captured(tla("raft", /^MCRaft(Reads)?\.tla$/), /\bA\("(\w+)"/g),
    *runs() {
      for (let seed = 1; seed <= 12; seed += 1)
        for (const variant of VARIANTS.slice(0, 2)) yield raftRun(anyModule(raft), seed, 900, variant).events;
    },
  },
  {
    protocol: "multipaxos",
    union: () => {
      const types = captured(source("protocols/multipaxos/messages.ts"), /readonly type: "(\w+)"/g);
      const named = unionOf("protocols/multipaxos/messages.ts", "MultiPaxosAction").filter((name) => name !== "type");
      return [...named, ...types.map((type) => `Handle${type}`)];
    },
    spec: () => captured(tla("multipaxos", /^MultiPaxos\.tla$/), /^(\w+)\([^)]*\) ==$/gm),
    followed: () => captured(tla("multipaxos", /^TraceMultiPaxos\.tla$/), /e\.action = "(\w+)"/g),
    models: () => captured(tla("multipaxos", /^MCMultiPaxos\.tla$/), /\b[AN]\("(\w+)"/g),
    *runs() {
      for (let seed = 1; seed <= 40; seed += 1) {
        yield cutRun(anyModule(multipaxos), seed).events;
        yield multipaxosRun(anyModule(multipaxos), seed, null).events;
      }
    },
  },
  {
    protocol: "zab",
    union: () => unionOf("protocols/zab/trace.ts", "ZabAction"),
    // Did(step, "Name"); the handlers of five types of messages build their names from the type.
    spec: () => [
      ...captured(tla("zab", /^Zab.*\.tla$/), /"(\w+)"\)/g),
      ...ZAB_TYPES.map((type) => `Handle${type}`),
      "Discard",
    ],
    // Handlers are chosen by the type of the message, which the specification does itself.
    followed: () => captured(tla("zab", /^TraceZab\.tla$/), /e\.action = "(\w+)"/g),
    models: () => captured(tla("zab", /^MCZab\.tla$/), /p\.name = "(\w+)"/g),
    *runs() {
      for (let seed = 1; seed <= 40; seed += 1) yield roughTrace(anyModule(zab), seed, 1500);
    },
  },
];

/** A ZAB event is an input, with the names of all that it led to. */
function namesOf(event: TraceEvent): readonly string[] {
  const { names = [] } = event as { readonly names?: readonly string[] };
  return names.length > 0 ? names : [event.action];
}

/** Names in the traces of these runs; no more runs are made than are needed to see all that are wanted. */
function traced({ runs }: Subject, wanted: readonly string[]): Set<string> {
  const seen = new Set<string>();
  for (const run of runs()) {
    for (const event of run) for (const name of namesOf(event)) seen.add(name);
    if (wanted.every((name) => seen.has(name))) break;
  }
  return seen;
}

describe.each(subjects)("names of $protocol", (subject) => {
  const union = sorted(subject.union());
  const unknown = (names: Iterable<string>, more: readonly string[]): string[] =>
    sorted(names).filter((name) => !union.includes(name) && !more.includes(name));

  test("every action of the core is one of the specification", () => {
    expect(union.length).toBeGreaterThan(20);
    const spec = new Set(subject.spec());
    expect(union.filter((name) => !spec.has(name))).toEqual([]);
  });

  test("what the trace specification follows, and what models choose, are actions of the core", () => {
    const followed = sorted(subject.followed());
    expect(followed.length).toBeGreaterThan(12);
    expect(unknown(followed, ENVIRONMENT)).toEqual([]);
    if (subject.protocol !== "zab") expect(union.filter((name) => !followed.includes(name))).toEqual([]);
    expect(sorted(subject.models()).length).toBeGreaterThan(5);
    expect(unknown(subject.models(), [...ENVIRONMENT, ...MODELS_ALONE, "GiveUp", "Receive"])).toEqual([]);
  });

  test("traces show every one of them, and nothing else", { timeout: 60_000 }, () => {
    const seen = traced(subject, union);
    expect(union.filter((name) => !seen.has(name))).toEqual([]);
    expect(unknown(seen, ENVIRONMENT)).toEqual([]);
  });

  test("goldens name nothing else", () => {
    const folder = join(root, "test/scripts", subject.protocol);
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const named = texts.flatMap((text) => captured(text, /^ *\* (\w+)\(/gm));
    expect(sorted(named).length).toBeGreaterThanOrEqual(4);
    expect(unknown(named, [])).toEqual([]);
  });
});
