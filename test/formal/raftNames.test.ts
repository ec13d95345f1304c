/** One name for one thing: in the spec, in the core's union of actions, in traces and in goldens. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { anyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { tracedRun, VARIANTS } from "./raftRuns.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const spec = readFileSync(join(root, "spec/raft/Raft.tla"), "utf8");
const traceSpec = readFileSync(join(root, "spec/raft/TraceRaft.tla"), "utf8");
const ENVIRONMENT = ["Crash", "Drop", "Duplicate", "Sync"];

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort((a, b) => a.localeCompare(b));
}

/** The names of the union RaftAction. */
const union = sorted(
  [
    ...(
      /type RaftAction =([^;]*);/.exec(readFileSync(join(root, "protocols/raft/messages.ts"), "utf8"))?.[1] ?? ""
    ).matchAll(/"(\w+)"/g),
  ].map(([, name]) => name as string),
);

test("every action of the core is an action of the spec", () => {
  expect(union.length).toBeGreaterThan(20);
  const defined = new Set([...spec.matchAll(/^(\w+)\([\w, ]+\) ==/gm)].map(([, name]) => name as string));
  expect(union.filter((name) => !defined.has(name))).toEqual([]);
});

test("the trace spec follows exactly these, and the environment", () => {
  const named = [...traceSpec.matchAll(/e\.action = "(\w+)"/g)].map(([, name]) => name as string);
  expect(sorted(named)).toEqual(sorted([...union, ...ENVIRONMENT]));
});

test("traces have every one of them", () => {
  const seen = new Set<string>();
  for (const [variant, seeds] of [
    [0, 6],
    [1, 3],
  ] as const)
    for (let seed = 1; seed <= seeds; seed += 1)
      for (const { action } of tracedRun(anyModule(raft), seed, 900, VARIANTS[variant]).events) seen.add(action);
  expect(sorted(seen)).toEqual(sorted([...union, ...ENVIRONMENT, "Config"]));
});

test("goldens name nothing else", () => {
  const folder = join(root, "test/scripts/raft");
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const named = texts.flatMap((text) => [...text.matchAll(/^ *\* (\w+)\(/gm)].map(([, name]) => name as string));
  expect(named.length).toBeGreaterThan(5);
  expect(sorted(named).filter((name) => !union.includes(name))).toEqual([]);
});
