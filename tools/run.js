// The one door to every script: sets up what is missing, then runs. A second run finds everything in place and pays
// only for a hash of two files and an empty compiler run. Plain JavaScript without dependencies, because it runs first.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [command = "start", ...args] = process.argv.slice(2);

/** Runs a program in the project's root with its output shown; ends this process with its code if it fails. */
function run(program, programArgs, env = {}) {
  // npm is a .cmd file on Windows, which only a shell can start. No argument of this script's callers reaches npm.
  const shell = process.platform === "win32" && program === "npm";
  const result = spawnSync(program, programArgs, {
    cwd: root,
    stdio: "inherit",
    shell,
    env: { ...process.env, ...env },
  });
  if (result.error !== undefined) fail(`${program} could not be started: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function fail(line) {
  process.stderr.write(`synod: ${line}\n`);
  process.exit(1);
}

function bin(name) {
  return join(root, "node_modules", name);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node 20.19 or later is needed, this is ${process.versions.node}.`);
}

/** Installs once per state of package.json and package-lock.json. */
function install() {
  const stampFile = join(root, "node_modules", ".synod-installed");
  const hash = createHash("sha256");
  for (const name of ["package.json", "package-lock.json"]) {
    const file = join(root, name);
    if (existsSync(file)) hash.update(readFileSync(file));
  }
  const stamp = hash.digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  process.stderr.write("synod: installing packages (once)\n");
  // Not `npm ci`: it fails where optional packages of other platforms are missing from the lock. See ADR 2.
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stampFile, stamp);
}

function build() {
  run(process.execPath, [bin("typescript/bin/tsc"), "-b"]);
}

function lint() {
  run(process.execPath, [bin("oxlint/bin/oxlint"), "--type-aware", "--deny-warnings"]);
  run(process.execPath, [bin("@biomejs/biome/bin/biome"), "format", "."]);
  run(process.execPath, [bin("knip/bin/knip.js")]);
}

/** Vitest checks no types, so the compiler has always run before. */
function vitest(env = {}, more = []) {
  const rewrite = args.includes("--rewrite") ? { SYNOD_REWRITE: "1" } : {};
  const rest = args.filter((arg) => arg !== "--rewrite");
  const reporters = ["--reporter=default", "--reporter=./tools/closingLine.js"];
  run(process.execPath, [bin("vitest/vitest.mjs"), "run", ...reporters, ...more, ...rest], { ...env, ...rewrite });
}

function synod(...synodArgs) {
  run(process.execPath, [join(root, "dist/harness/cli/main.js"), ...synodArgs]);
}

const commands = {
  build: () => {},
  start: () => synod("start", ...args),
  test: () => vitest(),
  "test:long": () => vitest({ SYNOD_LONG: "1" }),
  lint: () => lint(),
  format: () => run(process.execPath, [bin("@biomejs/biome/bin/biome"), "format", "--write", "."]),
  verify: () => {
    lint();
    vitest();
  },
  // The table of planted bugs: spec/results/mutants and spec/mutants.md.
  mutants: () => {
    const all = { SYNOD_REWRITE: "1" };
    const tests = (...files) =>
      run(
        process.execPath,
        [bin("vitest/vitest.mjs"), "run", ...files.map((name) => `test/formal/${name}.test.ts`)],
        all,
      );
    tests("raftMutants", "multipaxosMutants", "zabMutants");
    tests("mutantTable");
  },
  schema: () => run(process.execPath, [join(root, "tools/schema.js")]),
  bench: () => run(process.execPath, [join(root, "dist/bench/main.js"), ...args]),
  soak: () => synod("soak", ...args),
  // Runs the scenario of the arguments again at every change; `npm run dev -- --scenario leader-crash --protocol zab`.
  dev: () =>
    run(process.execPath, [
      bin("nodemon/bin/nodemon.js"),
      "--watch",
      "protocols",
      "--watch",
      "harness",
      "--ext",
      "ts,tsx,json",
      "--exec",
      `"${process.execPath}" tools/run.js sim`,
      "--",
      ...(args.length > 0 ? args : ["--scenario", "leader-crash", "--protocol", "raft"]),
    ]),
  sim: () => synod("sim", ...args),
};

const chosen = commands[command];
if (chosen === undefined) fail(`no script "${command}"; there are ${Object.keys(commands).join(", ")}.`);
checkNode();
install();
build();
chosen();
