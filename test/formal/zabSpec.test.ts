/** TLC on the spec of ZAB alone: the recorded results, the properties that can fail, the names. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { specFolder } from "../../harness/conform/index.js";
import { check, type CheckResult } from "../../spec/tla2tools-runner/dist/index.js";

const FOLDER = join(specFolder(), "zab");
const RESULTS = join(specFolder(), "results", "zab.json");
const LONG = process.env["SYNOD_LONG"] !== undefined;
const REWRITE = process.env["SYNOD_REWRITE"] !== undefined;

interface Recorded {
  readonly distinctStates: number;
  readonly generatedStates: number;
  readonly depth: number;
  readonly wallMs: number;
  readonly jarSha256: string;
}

function run(module: string, config: string): Promise<CheckResult> {
  return check({
    spec: join(FOLDER, `${module}.tla`),
    config: join(FOLDER, `${config}.cfg`),
    library: [join(specFolder(), "common")],
    quickStart: true,
    timeoutMs: LONG ? 1_800_000 : 60_000,
  });
}

/** Two at a time: the machines that run this have two cores. */
async function inPairs<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 2) results.push(...(await Promise.all(items.slice(at, at + 2).map(act))));
  return results;
}

function configs(prefix: string): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.startsWith(prefix) && file.endsWith(".cfg"))
    .map((file) => file.slice(prefix.length, -".cfg".length))
    .sort();
}

const TIMEOUT = { timeout: LONG ? 3_600_000 : 180_000 };

describe("the spec of ZAB", () => {
  test("models that are checked give the recorded results", TIMEOUT, async () => {
    const recorded = JSON.parse(readFileSync(RESULTS, "utf8")) as { [model: string]: Recorded };
    const models = ["Small", "Live", "TruncSafety", "AheadSafety", "AgainSafety"];
    const all = LONG || REWRITE ? models : models.slice(0, 2);
    const found = await inPairs(all, (model) => run("MCZab", `MCZab${model}`));
    for (const [k, model] of all.entries()) {
      const { verdict, distinctStates, generatedStates, depth, wallMs, jarSha256 } = found[k] as CheckResult;
      expect(verdict, model).toBe("ok");
      if (REWRITE) recorded[model] = { distinctStates, generatedStates, depth, wallMs: Math.round(wallMs), jarSha256 };
      expect({ distinctStates, generatedStates, depth, jarSha256 }).toEqual({
        distinctStates: recorded[model]?.distinctStates,
        generatedStates: recorded[model]?.generatedStates,
        depth: recorded[model]?.depth,
        jarSha256: recorded[model]?.jarSha256,
      });
    }
    if (REWRITE) writeFileSync(RESULTS, `${JSON.stringify(recorded, null, 2)}\n`);
  });

  test("each property can fail: a mistake in the spec breaks it", TIMEOUT, async () => {
    const properties = configs("MutantZab");
    const text =
      readFileSync(join(FOLDER, "MCZabSmall.cfg"), "utf8") + readFileSync(join(FOLDER, "MCZabLive.cfg"), "utf8");
    const claimed = [...text.matchAll(/^(?:INVARIANTS|PROPERTIES) (.*)$/gm)].flatMap((line) =>
      (line[1] ?? "").trim().split(" "),
    );
    expect(properties).toEqual([...claimed].sort());
    const tried = LONG ? properties : ["Agreement", "CommittedOnQuorum", "PrimaryIntegrity", "Progress"];
    const found = await inPairs(tried, (property) => run("MutantZab", `MutantZab${property}`));
    for (const [k, property] of tried.entries()) {
      const { verdict, violation } = found[k] as CheckResult;
      expect(verdict, property).toBe("violated");
      // TLC names a broken refinement by its place, and a temporal property not at all.
      if (violation?.kind === "invariant") expect(violation.property).toBe(property);
      else expect(violation?.kind).toMatch(/property$/);
    }
  });

  test("names: every action of the code is an action or a follow-up of the spec, and the other way round", () => {
    const tla = readdirSync(FOLDER)
      .filter((file) => /^Zab.*\.tla$/.test(file))
      .map((file) => readFileSync(join(FOLDER, file), "utf8"))
      .join("\n");
    const code = readFileSync(new URL("../../protocols/zab/trace.ts", import.meta.url), "utf8");
    const union = /export type ZabAction =([^;]*);/.exec(code)?.[1] ?? "";
    const actions = new Set([...union.matchAll(/"(\w+)"/g)].map((found) => found[1] as string));
    // Did(step, "Name") in the spec; the handlers of these build their names from the message's type.
    const told = [...tla.matchAll(/"(\w+)"\)/g)].map((found) => found[1] as string);
    const types = ["DIFF", "TRUNC", "SNAP", "ACK", "PONG"].map((type) => `Handle${type}`);
    const spec = new Set([...told, ...types, "Discard"]);
    const missing = [...actions].filter((name) => !spec.has(name));
    expect(missing).toEqual([]);
    const unknown = [...tla.matchAll(/Did\([^\n]*"([A-Z]\w+)"\)/g)]
      .map((found) => found[1] as string)
      .filter((name) => !actions.has(name) && name !== "Handle");
    expect(unknown).toEqual([]);
  });
});
