/**
 * Plays every golden: `common/*.txt` against each protocol, `<protocol>/*.txt` against its own. With SYNOD_REWRITE set
 * (`npm test -- --rewrite`) the actual output replaces the expected one in the file; a common script is rewritten by the
 * first protocol, and the others must then agree with it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runScript } from "../../harness/drivers/script/index.js";
import type { AnyModule } from "../../protocols/core/index.js";
import { PROTOCOLS } from "../suites/protocols.js";

const FOLDER = new URL(".", import.meta.url);
const rewriting = process.env["SYNOD_REWRITE"] !== undefined;

function scriptsIn(folder: string): readonly string[] {
  const url = new URL(`${folder}/`, FOLDER);
  if (!existsSync(url)) return [];
  return readdirSync(url)
    .filter((name) => name.endsWith(".txt"))
    .sort((a, b) => (a < b ? -1 : 1));
}

function playFile(name: string, module: AnyModule, rewrite: boolean): void {
  const url = new URL(name, FOLDER);
  const text = readFileSync(url, "utf8");
  const { output, mismatches, cases } = runScript(text, { module, file: `test/scripts/${name}` });
  expect(cases, "cases in the file").toBeGreaterThan(0);
  if (rewrite) {
    if (output !== text) writeFileSync(url, output);
    return;
  }
  const [first] = mismatches;
  if (first === undefined) return;
  const place = `test/scripts/${name}:${first.line} (${mismatches.length} case(s) differ)\n${first.command}`;
  expect(`${place}\n----\n${first.actual}`).toBe(`${place}\n----\n${first.expected}`);
}

for (const [at, module] of PROTOCOLS.entries()) {
  describe(module.name, () => {
    const own = scriptsIn(module.name).map((name) => `${module.name}/${name}`);
    for (const name of own) test(name, () => playFile(name, module, rewriting));
    for (const name of scriptsIn("common"))
      test(`common/${name}`, () => playFile(`common/${name}`, module, rewriting && at === 0));
  });
}

test("there are common scripts", () => {
  expect(scriptsIn("common").length).toBeGreaterThanOrEqual(4);
});

test("every folder of scripts is played", () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const known = ["common", ...PROTOCOLS.map((module) => module.name)];
  expect(folders.filter((folder) => !known.includes(folder))).toEqual([]);
});
