/** House rules that no compiler and no linter checks: each reads the sources as text. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { SYNOD_VERSION } from "../harness/record/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => ending.test(name) && !name.includes("node_modules") && !name.includes("dist/"))
    .sort((a, b) => a.localeCompare(b));
}

/** Comments may say what code may not. Strings stay: a banned name inside one is rare enough to be renamed. */
function code(file: string): string {
  return readFileSync(join(root, file), "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|[^:])\/\/.*$/gm, "$1");
}

const sources = ["protocols", "harness", "bench", "test"].flatMap((folder) => filesBelow(folder, /\.tsx?$/));
const cores = filesBelow("protocols", /\.ts$/);
const BANNED_IN_CORES: readonly (readonly [string, RegExp])[] = [
  ["Date", /\bDate\b/],
  ["Math.random", /Math\.random/],
  ["Math.log, exp or pow: engine-dependent", /Math\.(log|exp|pow|sin|cos)/],
  ["performance", /\bperformance\b/],
  ["async or await", /\b(async|await)\b/],
  ["console", /\bconsole\b/],
  ["for…in", /for\s*\(\s*(const|let|var)\s+\w+\s+in\b/],
  [".sort() without a comparator", /\.sort\(\s*\)/],
  ["spread of replica state", /\{\s*\.\.\.(state|s|r|z|p)\s*[,}]/],
];

describe("cores are pure functions of their inputs", () => {
  test("there are cores to look at", () => expect(cores.length).toBeGreaterThan(20));

  test.each(cores)("%s", (file) => {
    const text = code(file);
    for (const [what, pattern] of BANNED_IN_CORES) expect(pattern.test(text), `${file} uses ${what}`).toBe(false);
  });
});

test("a source file has at most 400 lines", () => {
  const long = sources.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 401);
  expect(long).toEqual([]);
});

test("what a folder exports says what it is", () => {
  const folders = ["protocols", "harness/scenarios", "harness/record", "harness/report", "harness/cli"];
  const bare = folders.flatMap((folder) =>
    filesBelow(folder, /\.tsx?$/).flatMap((file) => {
      const lines = readFileSync(join(root, file), "utf8").split("\n");
      const exported = /^export (?:async )?(?:function\*?|class|interface|type|const) (\w+)/;
      return lines.flatMap((line, i) => {
        const name = exported.exec(line)?.[1];
        return name === undefined || lines[i - 1]?.endsWith("*/") === true ? [] : [`${file}: ${name}`];
      });
    }),
  );
  expect(bare).toEqual([]);
});

test("no test is skipped or narrowed", () => {
  const pattern = new RegExp(String.raw`\.(only|todo|skip)\(`);
  expect(sources.filter((file) => file.startsWith("test") && pattern.test(code(file)))).toEqual([]);
});

test("nothing that is committed names a folder of one machine or a package registry", () => {
  const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
  const text = tracked.filter((name) => /\.(ts|tsx|js|json|md|yml|cff)$/.test(name) && existsSync(join(root, name)));
  expect(text.length).toBeGreaterThan(50);
  // In pieces, so that this file does not find itself.
  const names = [
    ["/wo", "rk/"],
    ["/ro", "ot/"],
    ["registry", String.raw`\.npmjs`],
    ["repo1", String.raw`\.maven`],
  ];
  const machine = new RegExp(names.map((pieces) => pieces.join("")).join("|"));
  expect(text.filter((name) => machine.test(readFileSync(join(root, name), "utf8")))).toEqual([]);
});

test("a link in the documentation leads to a file", () => {
  const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const broken: string[] = [];
  for (const page of pages.filter((name) => existsSync(join(root, name))))
    for (const [, target = ""] of readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)\s#]+)[^)]*\)/g))
      if (!target.includes(":") && !existsSync(join(root, page, "..", target))) broken.push(`${page}: ${target}`);
  expect(pages.length).toBeGreaterThan(10);
  expect(broken).toEqual([]);
});

test("what the compiler wrote is not committed beside its source", () => {
  const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
  const sources = new Set(tracked.filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts")));
  const written = /^(.*)\.(d\.ts|js|js\.map)$/;
  const twins = tracked.filter((name) => {
    const stem = written.exec(name)?.[1];
    return stem !== undefined && (sources.has(`${stem}.ts`) || sources.has(`${stem}.tsx`));
  });
  expect(twins).toEqual([]);
});

test("every protocol has the same grid of files, or says why not", () => {
  const grid = [
    "messages",
    "state",
    "replica",
    "election",
    "replication",
    "commit",
    "reads",
    "snapshot",
    "describe",
    "codec",
    "invariants",
    "options",
    "index",
  ];
  for (const protocol of ["raft", "multipaxos", "zab"]) {
    const readme = readFileSync(join(root, "protocols", protocol, "README.md"), "utf8");
    for (const name of grid) {
      const there = existsSync(join(root, "protocols", protocol, `${name}.ts`));
      expect(
        there || readme.includes(name),
        `protocols/${protocol}/${name}.ts is absent and its README does not say why`,
      ).toBe(true);
    }
  }
});

test("the README's test command is what continuous integration calls", () => {
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain("npm test");
  expect(readFileSync(join(root, ".ci/run"), "utf8")).toContain("npm test");
});

test("records name the version of the package", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(SYNOD_VERSION).toBe(version);
});
